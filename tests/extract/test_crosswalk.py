"""Crosswalks: files of two columns that say which identifiers mean one child, home or worker."""

from __future__ import annotations

import pandas as pd
import pytest
from returns903 import read, write_return

from missingmodels.errors import ImportFault
from missingmodels.extract.crosswalk import read_crosswalk
from missingmodels.extract.ofsted.registration import typed
from missingmodels.extract.returns.ssda903 import Identities


def crosswalk(folder, *lines, **more):
    (folder / "ids.csv").write_text("\n".join(["old,new", *lines]) + "\n")
    return read_crosswalk(folder / "ids.csv", **more)


def test_chains_are_followed_and_blank_says_alone(tmp_path):
    found = crosswalk(tmp_path, "A,B", "B,C", "D,", "E,E")
    assert dict(found.known_by) == {"A": "C", "B": "C"}
    assert found.alone == {"D", "E"}
    assert found.apply(pd.Series(["A", "B", "C", "D"])).tolist() == ["C", "C", "C", "D"]


@pytest.mark.parametrize("lines", [("A,B", "B,A"), ("A,B", "B,C", "C,A"), ("A,B", "A,C"), (",B",)])
def test_what_says_two_things_is_refused(tmp_path, lines):
    with pytest.raises(ImportFault, match=r"circle|known by two"):
        crosswalk(tmp_path, *lines)


def test_between_two_systems_an_id_of_both_is_two_children(tmp_path):
    # 7 of the police is our 9, and our 7 is the police's 3: no chain, no circle
    found = crosswalk(tmp_path, "7,9", "3,7", "5,", two_systems=True)
    assert found.apply(pd.Series(["7", "3", "5"])).tolist() == ["9", "7", "5"]
    assert not found.alone
    swapped = crosswalk(tmp_path, "7,9", "9,7", two_systems=True)
    assert swapped.apply(pd.Series(["7", "9"])).tolist() == ["9", "7"]


def test_ids_are_spelt_as_those_they_are_held_against(tmp_path):
    found = crosswalk(tmp_path, "sc 000001,SC000002", "sc 000003,").spelt(typed)
    assert dict(found.known_by) == {"SC000001": "SC000002"}
    assert found.alone == {"SC000003"}


def test_a_home_that_changed_its_number_is_one_however_it_is_typed(tmp_path):
    rows = [{"DEC": "01/07/2022", "REC": "X1"}, {"CHILD": "c2", "URN": "SC000002"}]
    folder = write_return(tmp_path, header=[{}, {"CHILD": "c2"}], episodes=rows)
    said = Identities(same_home=crosswalk(tmp_path, "sc-000001,SC 000002"))
    found = read(folder, said=said)
    homes = found.tables["placements"].query("placement_type == 'K2'")["home_id"]
    assert homes.tolist() == ["SC000002", "SC000002"]
    assert "crosswalk: 1 of its 1 ids of homes stand in the files, and were replaced" in found.ledger.notes


def test_a_new_number_at_an_address_that_another_left_is_told(tmp_path):
    rows = [{"DEC": "01/07/2022", "REC": "E4A"}, {"CHILD": "c2", "URN": "SC000002", "DECOM": "02/07/2022"}]
    folder = write_return(tmp_path, header=[{}, {"CHILD": "c2"}], episodes=rows)
    told = "1 URNs begin at an address where another URN's stays had ended"
    found = read(folder)
    assert any(told in note for note in found.ledger.notes)
    assert found.tables["homes"]["home_id"].tolist() == ["SC000001", "SC000002"]
    found = read(folder, said=Identities(same_home=crosswalk(tmp_path, "SC000001,SC000002")))
    assert not any(told in note for note in found.ledger.notes)
    assert found.tables["homes"]["home_id"].tolist() == ["SC000002"]
    # two that stand beside each other are no successors
    rows[1]["DECOM"] = "01/06/2022"
    found = read(write_return(tmp_path / "beside", header=[{}, {"CHILD": "c2"}], episodes=rows))
    assert not any(told in note for note in found.ledger.notes)

"""Episodes to placements: one small return for each rule."""

from __future__ import annotations

import pandas as pd
import pytest
from returns903 import fates, read, stays, write_return


def test_legal_status_episodes_merge(tmp_path):
    rows = [
        {"DEC": "01/07/2022", "REC": "X1"},
        {"DECOM": "01/07/2022", "RNE": "L", "LS": "E1", "DEC": "01/08/2022", "REC": "X1"},
        {"DECOM": "01/08/2022", "RNE": "L", "LS": "C1", "DEC": "01/10/2022", "REC": "E4A"},
    ]
    imported = read(write_return(tmp_path, episodes=rows))
    assert stays(imported) == [("2022-05-01", "2022-10-01", "K2")]
    assert imported.tables["placements"].query("child_id == 'c1'").iloc[0]["end_reason"] == "E4A"
    assert fates(imported, "episodes", 3) == [("used", ""), *[("merged", "same_placement")] * 2]
    details = imported.ledger.frame.query("reason == 'same_placement'")["detail"]
    assert details.tolist() == ["into row 2"] * 2


@pytest.mark.parametrize(("rne", "truncated"), [("L", True), ("P", False), ("S", False)])
def test_a_first_episode_with_a_new_legal_status_only_began_earlier(tmp_path, rne, truncated):
    """The years before hold the episodes that the placement began with; another reason is a true start."""
    imported = read(write_return(tmp_path, episodes=[{"DECOM": "01/02/2022", "RNE": rne}]))
    held = imported.tables["placements"].query("child_id == 'c1'")
    assert held["start_is_truncated"].tolist() == [truncated]


@pytest.mark.parametrize("changed", [{"URN": "SC000002"}, {"PL_POST": "ZZ9 9ZZ"}, {"PLACE_PROVIDER": "PR1"}])
def test_another_setting_is_another_placement(tmp_path, changed):
    rows = [{"DEC": "01/07/2022", "REC": "X1", "REASON_PLACE_CHANGE": "CARPL"}, {"DECOM": "01/07/2022", **changed}]
    imported = read(write_return(tmp_path, episodes=rows))
    assert stays(imported) == [("2022-05-01", "2022-07-01", "K2"), ("2022-07-01", None, "K2")]
    assert imported.tables["placements"]["end_reason"].tolist()[0] == "CARPL"


def test_equal_settings_that_do_not_touch_stay_apart(tmp_path):
    rows = [{"DEC": "01/07/2022", "REC": "E4A"}, {"DECOM": "01/09/2022", "RNE": "S"}]
    imported = read(write_return(tmp_path, episodes=rows))
    assert len(stays(imported)) == 2
    assert fates(imported, "episodes", 2) == [("used", "")] * 2


def test_temporary_absence_is_a_placement_without_home(tmp_path):
    rows = [
        {"DEC": "01/07/2022", "REC": "X1"},
        {"DECOM": "01/07/2022", "RNE": "P", "PLACE": "T1", "URN": "", "DEC": "08/07/2022", "REC": "X1"},
        {"DECOM": "08/07/2022", "RNE": "P"},
    ]
    imported = read(write_return(tmp_path, episodes=rows))
    assert [kind for _, _, kind in stays(imported)] == ["K2", "T1", "K2"]
    homes = imported.tables["placements"].query("child_id == 'c1'")["home_id"]
    assert homes.isna().tolist() == [False, True, False]


def test_short_breaks_are_set_aside_but_end_the_episode_before(tmp_path):
    rows = [{}, {"DECOM": "01/07/2022", "LS": "V4", "DEC": "08/07/2022"}, {"DECOM": "08/07/2022"}]
    imported = read(write_return(tmp_path, episodes=rows))
    assert stays(imported) == [("2022-05-01", "2022-07-01", "K2"), ("2022-07-08", None, "K2")]
    assert fates(imported, "episodes", 3) == [
        *(("repaired", "epi_open_not_last"), ("set_aside", "short_break")),
        ("used", ""),
    ]


def test_empty_and_negative_spans(tmp_path):
    rows = [{}, {"DECOM": "01/04/2022", "DEC": "01/04/2022"}, {"DECOM": "20/04/2022", "DEC": "02/04/2022"}]
    imported = read(write_return(tmp_path, episodes=rows))
    assert stays(imported) == [("2022-05-01", None, "K2")]
    assert fates(imported, "episodes", 3)[1:] == [("set_aside", "epi_zero_length"), ("set_aside", "epi_nonpositive")]


@pytest.mark.parametrize(
    ("first", "second", "end", "rule", "before"),
    [
        ({}, {}, "2022-07-01", "epi_open_not_last", "DEC blank"),
        ({"DEC": "05/09/2022", "REC": "X1"}, {}, "2022-07-01", "epi_overlap", "DEC 05/09/2022"),
        ({"DEC": "05/06/2022", "REC": "X1"}, {"RNE": "P"}, "2022-07-01", "epi_gap", "DEC 05/06/2022"),
    ],
)
def test_repairs(tmp_path, first, second, end, rule, before):
    rows = [first, {"DECOM": "01/07/2022", "PLACE": "U4", **second}]
    imported = read(write_return(tmp_path, episodes=rows))
    assert stays(imported) == [("2022-05-01", end, "K2"), ("2022-07-01", None, "U4")]
    line = imported.ledger.repairs.iloc[0]
    assert (len(imported.ledger.repairs), line["outcome"], line["row"]) == (1, "repaired", 2)
    assert (line["repair"], line["before"], line["after"]) == (rule, before, "DEC 01/07/2022")


def test_reason_of_an_end_that_was_repaired_is_that_of_the_move(tmp_path):
    left = {"DEC": "05/09/2022", "REC": "E4A", "REASON_PLACE_CHANGE": "CREQB"}
    imported = read(write_return(tmp_path, episodes=[left, {"DECOM": "01/07/2022", "PLACE": "U4"}]))
    assert imported.tables["placements"].query("child_id == 'c1'")["end_reason"].tolist()[0] == "CREQB"


def test_a_real_gap_is_left_alone(tmp_path):
    left = [{"DEC": "05/06/2022", "REC": "E4A"}, {"DECOM": "01/07/2022", "RNE": "P"}]
    returned = [{"DEC": "05/06/2022", "REC": "X1"}, {"DECOM": "01/07/2022", "RNE": "S"}]
    for rows in (left, returned):
        imported = read(write_return(tmp_path, episodes=rows))
        assert stays(imported)[0] == ("2022-05-01", "2022-06-05", "K2")
        assert imported.ledger.repairs.empty


@pytest.mark.parametrize(("ends", "closed"), [("31/05/2022", True), ("30/05/2022", False)])
def test_only_a_short_gap_is_closed(tmp_path, ends, closed):
    """31 and 32 days before 1 July: nobody knows where a child lived through a longer one."""
    rows = [{"DEC": ends, "REC": "X1"}, {"DECOM": "01/07/2022", "RNE": "P"}]
    imported = read(write_return(tmp_path, episodes=rows))
    held = [("2022-05-01", None, "K2")] if closed else [("2022-05-01", "2022-05-30", "K2"), ("2022-07-01", None, "K2")]
    assert stays(imported) == held
    detail = imported.ledger.frame.query("table == 'episodes'").iloc[0]["detail"]
    assert detail == f"REC X1, gap of {'31 days closed' if closed else '32 days left open: too long for a late entry'}"


def test_overlap_that_leaves_nothing(tmp_path):
    rows = [{"DEC": "01/06/2022"}, {"PLACE": "U4", "DEC": "01/08/2022", "REC": "E4A"}]
    imported = read(write_return(tmp_path, episodes=rows))
    assert stays(imported) == [("2022-05-01", "2022-08-01", "U4")]
    assert fates(imported, "episodes", 2) == [("set_aside", "epi_overlap"), ("used", "")]


def test_repaired_row_that_merges_keeps_its_repair(tmp_path):
    rows = [{"DEC": "01/06/2022"}, {"DECOM": "01/06/2022", "RNE": "L"}, {"DECOM": "01/07/2022", "RNE": "L"}]
    imported = read(write_return(tmp_path, episodes=rows))
    assert stays(imported) == [("2022-05-01", None, "K2")]
    line = imported.ledger.frame.query("table == 'episodes' and row == 3").iloc[0]
    assert (line["outcome"], line["reason"], line["repair"]) == ("merged", "same_placement", "epi_open_not_last")


def test_exact_duplicate_episode_merges(tmp_path):
    imported = read(write_return(tmp_path, episodes=[{}, {}]))
    assert fates(imported, "episodes", 2) == [("used", ""), ("merged", "exact_duplicate")]
    assert len(stays(imported)) == 1


def test_a_recorded_reason_without_an_end_is_open_and_noted(tmp_path):
    imported = read(write_return(tmp_path, episodes=[{"REC": "E4A"}]))
    assert stays(imported) == [("2022-05-01", None, "K2")]
    assert imported.tables["placements"].query("child_id == 'c1'")["end_reason"].isna().all()
    assert any("1 episodes have a REC but no DEC" in note for note in imported.ledger.notes)
    assert "taken as open" in imported.ledger.frame.query("table == 'episodes'").iloc[0]["detail"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"CHILD": "nobody"}, "epi_orphan"),
        ({"CHILD": ""}, "child_blank"),
        ({"PLACE": " - "}, "epi_no_place"),
        ({"DECOM": "01/05/2006", "DEC": "01/05/2022"}, "epi_before_birth"),
        ({"DECOM": "01/04/2023"}, "epi_outside_return"),
        ({"DECOM": "01/05/2020", "DEC": "31/03/2022"}, "epi_outside_return"),
    ],
)
def test_unusable_episodes_are_set_aside(tmp_path, row, reason):
    imported = read(write_return(tmp_path, episodes=[row, {}]))
    assert fates(imported, "episodes", 2) == [("set_aside", reason), ("used", "")]


@pytest.mark.parametrize(
    ("row", "home", "weak"),
    [
        ({"PLACE": "K1", "URN": " sc 000009 "}, "SC000009", False),
        ({"PLACE": "K2", "URN": "1234567.0"}, "1234567", False),
        ({"PLACE": "R3"}, "SC000001", False),
        ({"PLACE": "S1"}, "SC000001", False),
        ({"PLACE": "k3"}, "SC000001@AB22BB", True),
        ({"PLACE": "R1", "URN": ""}, "@AB22BB", True),
        ({"PLACE": "K2", "URN": "XXXXXXX"}, "@AB22BB", True),
        ({"PLACE": "K2", "URN": "", "PL_POST": ""}, None, None),
        # a sector holds many homes: it names none alone, and one beside its provider's URN
        ({"PLACE": "K2", "URN": "", "PL_POST": "C25 1"}, None, None),
        ({"PLACE": "K2", "URN": "XXXXXXX", "PL_POST": "C25 1"}, None, None),
        ({"PLACE": "K2", "URN": "9999999", "PL_POST": "C25 1"}, None, None),
        ({"PLACE": "R1", "URN": "", "PL_POST": "C25 1"}, None, None),
        ({"PLACE": "K2", "URN": "", "PL_POST": "ZZ99 3WZ"}, None, None),
        ({"PLACE": "K3", "URN": "2600001", "PL_POST": "C25 1"}, "2600001@C251", True),
        # and a provider without an address may have homes all over the country
        ({"PLACE": "K3", "URN": "2600001", "PL_POST": ""}, None, None),
        ({"PLACE": "K2", "PL_POST": "C25 1"}, "SC000001", False),
        ({"PLACE": "H5"}, None, None),
        ({"PLACE": "U4"}, None, None),
        ({"PLACE": "Z1"}, None, None),
    ],
)
def test_home_keys(tmp_path, row, home, weak):
    tables = read(write_return(tmp_path, episodes=[row])).tables
    found = tables["placements"].query("child_id == 'c1'").iloc[0]["home_id"]
    assert (None if pd.isna(found) else found) == home
    assert tables["homes"]["weak_key"].tolist() == ([] if home is None else [weak])


def test_a_home_that_cannot_be_told_is_said_in_the_ledger(tmp_path):
    for by in ("urn", "urn_and_postcode", "postcode"):
        rows = [{"URN": "", "PL_POST": "C25 1"}, {"CHILD": "c2", "URN": "", "PL_POST": "C25 1"}]
        found = read(write_return(tmp_path, header=[{}, {"CHILD": "c2"}], episodes=rows), home_by=by)
        assert found.tables["homes"].empty
        assert found.tables["placements"].query("child_id != 'mark'")["placement_type"].tolist() == ["K2", "K2"]
        detail = found.ledger.frame.query("table == 'episodes'").sort_values("row")["detail"].tolist()[:2]
        assert detail == ["home unknown: neither its URN nor a whole postcode"] * 2
        assert any(note.startswith("2 episodes in a home have neither its URN nor") for note in found.ledger.notes)
        rows = [{"PLACE": "K3", "URN": "2600001", "PL_POST": "C25 1"}]
        homes = read(write_return(tmp_path, episodes=rows), home_by=by).tables["homes"]
        assert homes["home_id"].tolist() == ["2600001@C251"]


def test_out_of_area_only_where_the_return_says_so(tmp_path):
    rows = [{"PL_LOCATION": "OUT"}, {"CHILD": "c2", "PL_LOCATION": "IN"}, {"CHILD": "c3", "PL_LOCATION": ""}]
    header = [{}, {"CHILD": "c2"}, {"CHILD": "c3"}]
    folder = write_return(tmp_path, header=header, episodes=rows, mark=False)
    out = read(folder, year=2023).tables["placements"].set_index("child_id")["out_of_area"]
    assert [out["c1"], out["c2"], pd.isna(out["c3"])] == [True, False, True]


def test_what_an_episode_has_beyond_a_later_one_that_cuts_it_is_left_out_and_told(tmp_path):
    """Rule 4 of the regional tool, and rule 501 of the return: DEC becomes the next DECOM, whatever came after."""
    long = {"DEC": "01/12/2022", "REC": "E4A"}
    within = {"DECOM": "01/08/2022", "DEC": "10/10/2022", "REC": "X1", "RNE": "P", "URN": "SC000002"}
    found = read(write_return(tmp_path, episodes=[long, within]))
    assert [stay[:2] for stay in stays(found)] == [("2022-05-01", "2022-08-01"), ("2022-08-01", "2022-10-10")]
    line = found.ledger.frame.query("table == 'episodes' and row == 2").iloc[0]
    assert line["detail"] == "it lasted beyond 10/10/2022, when the later one ends: that is left out"
    assert "1 episodes lasted beyond a later one that cuts them, and what followed it is left out" in found.ledger.notes

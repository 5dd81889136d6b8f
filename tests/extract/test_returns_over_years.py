"""Returns of several years and authorities made one: each rule worked by hand in two or three rows."""

from __future__ import annotations

import pandas as pd
import pytest
from returns903 import absences, fates, iso, read, stays, write_year

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.returns.ssda903 import combine_returns, read_return, read_ssda903
from missingmodels.tables import check_tables

OPEN = {"DECOM": "01/05/2022"}


def two(tmp_path, old, new, **more):
    """Returns of 2022/23 and 2023/24, read together; ``old`` and ``new`` are rows by table."""
    paths = [write_year(tmp_path, 2023, **old), write_year(tmp_path, 2024, **new)]
    return read_ssda903(paths, authority="301", **more)


def line(imported, table, year, nth=0):
    frame = imported.ledger.frame.query("table == @table and year == @year").sort_values("row")
    return frame.iloc[nth]


def test_an_open_episode_comes_back_and_is_one_stay(tmp_path):
    closed = OPEN | {"DEC": "01/08/2023", "REC": "E4A"}
    imported = two(tmp_path, {"episodes": [OPEN]}, {"episodes": [closed]})
    assert stays(imported) == [("2022-05-01", "2023-08-01", "K2")]
    assert fates(imported, "episodes", 1, 2023) == [("merged", "resubmitted")]
    assert fates(imported, "episodes", 1, 2024) == [("used", "")]
    assert line(imported, "episodes", 2023)["detail"] == "into 903_2024/episodes.csv row 2"
    tables = imported.tables
    assert (iso(tables.observed_from), iso(tables.observed_to)) == ("2022-04-01", "2024-04-01")
    assert tables.origin["year"] == [2023, 2024]
    assert len(tables.origin["files"]) == 6
    assert tables["children"].set_index("child_id").loc["c1", "recorded_from"] == pd.Timestamp("2022-05-01")
    assert "returns of 2022/23 to 2023/24" in imported.ledger.notes
    assert not [f for f in check_tables(tables) if f.severity == "error"]


def test_a_folder_of_years_is_the_returns_in_it(tmp_path):
    folder = tmp_path / "all"
    folder.mkdir()
    write_year(tmp_path, 2023).rename(folder / "903_2023")
    write_year(tmp_path, 2024).rename(folder / "903_2024")
    assert read(folder).tables.origin["year"] == [2023, 2024]
    with pytest.raises(InputError, match="year 2024 was given with 2 returns"):
        read(folder, year=2024)


def test_order_of_the_returns_does_not_matter(tmp_path):
    paths = [
        write_year(tmp_path, 2023, episodes=[OPEN], missing=[{"MIS_START": "10/03/2023", "MIS_END": ""}]),
        write_year(
            tmp_path,
            2024,
            episodes=[OPEN | {"PLACE": "K1"}],
            missing=[{"MIS_START": "10/03/2023", "MIS_END": "02/04/2023"}],
        ),
    ]
    one, other = read_ssda903(paths, authority="301"), read_ssda903(paths[::-1], authority="301")
    for name, frame in one.tables.frames.items():
        key = list(frame.columns[:2])
        pd.testing.assert_frame_equal(
            other.tables[name].sort_values(key, ignore_index=True), frame.sort_values(key, ignore_index=True)
        )


def test_newest_codes_win_and_the_change_is_told(tmp_path):
    new = OPEN | {"PLACE": "K1", "LS": "E1"}
    imported = two(tmp_path, {"episodes": [OPEN]}, {"episodes": [new]})
    assert stays(imported) == [("2022-05-01", None, "K1")]
    told = line(imported, "episodes", 2023)
    assert (told["outcome"], told["reason"]) == ("merged", "resubmitted_changed")
    assert "PLACE K2 → K1, LS C2 → E1" in told["detail"]


def test_a_filled_end_is_no_change_of_code_but_a_moved_one_is(tmp_path):
    first = OPEN | {"DEC": "10/02/2023", "REC": "X1"}
    second = OPEN | {"DEC": "20/02/2023", "REC": "X1"}
    imported = two(tmp_path, {"episodes": [first]}, {"episodes": [second, {"DECOM": "20/02/2023", "PLACE": "U4"}]})
    assert stays(imported)[0] == ("2022-05-01", "2023-02-20", "K2")
    assert "DEC 10/02/2023 → 20/02/2023" in line(imported, "episodes", 2023)["detail"]


@pytest.mark.parametrize(
    ("after", "end", "rule"),
    [
        # rule 1: a later episode of a newer return, same period of care
        ({"DECOM": "15/05/2023", "RNE": "P", "PLACE": "U4"}, "2023-05-15", "epi_open_not_last"),
        # rule 1A: the newer return begins a new period of care; the stay is known to 31 March only
        ({"DECOM": "15/05/2023", "RNE": "S", "PLACE": "U4"}, "2023-03-31", "epi_open_new_period"),
        # rule 1A where the new period began within the old year: the day before
        ({"DECOM": "15/02/2023", "RNE": "S", "PLACE": "U4"}, "2023-02-14", "epi_open_new_period"),
        # rule 2: never told again
        ({"CHILD": "other", "DECOM": "15/05/2023"}, "2023-03-31", "epi_lost_open"),
    ],
)
def test_open_in_an_old_return(tmp_path, after, end, rule):
    header = [{}, {"CHILD": "other"}]
    imported = two(tmp_path, {"episodes": [OPEN]}, {"episodes": [after], "header": header})
    assert stays(imported)[0] == ("2022-05-01", end, "K2")
    told = line(imported, "episodes", 2023)
    day, month, year = end[8:], end[5:7], end[:4]
    assert (told["outcome"], told["repair"]) == ("repaired", rule)
    assert (told["before"], told["after"]) == ("DEC blank", f"DEC {day}/{month}/{year}")


def test_open_on_the_last_day_keeps_one_night(tmp_path):
    imported = two(tmp_path, {"episodes": [{"DECOM": "31/03/2023"}]}, {"header": [{}], "episodes": []})
    assert stays(imported) == [("2023-03-31", "2023-04-01", "K2")]


def test_rule_3_an_amended_start_is_the_same_episode(tmp_path):
    amended = {"DECOM": "04/05/2022", "DEC": "01/06/2023", "REC": "E4A"}
    imported = two(tmp_path, {"episodes": [OPEN]}, {"episodes": [amended]})
    assert stays(imported) == [("2022-05-04", "2023-06-01", "K2")]
    assert fates(imported, "episodes", 1, 2023) == [("merged", "epi_amended_start")]
    # Back in the same home in the new year is no amendment: the old return saw the child there on 31 March.
    again = {"DECOM": "04/05/2023", "RNE": "S"}
    imported = two(tmp_path / "x", {"episodes": [OPEN]}, {"episodes": [again]})
    assert len(stays(imported)) == 2


def test_rule_3a_what_a_newer_return_covers_is_superseded(tmp_path):
    old = [OPEN | {"DEC": "01/12/2022", "REC": "X1"}, {"DECOM": "01/12/2022", "PLACE": "U4", "RNE": "P"}]
    new = [OPEN | {"DEC": "01/05/2023", "REC": "X1"}, {"DECOM": "01/05/2023", "PLACE": "U1", "RNE": "P"}]
    imported = two(tmp_path, {"episodes": old}, {"episodes": new})
    assert stays(imported) == [("2022-05-01", "2023-05-01", "K2"), ("2023-05-01", None, "U1")]
    assert fates(imported, "episodes", 2, 2023) == [("merged", "resubmitted_changed"), ("set_aside", "epi_superseded")]


def test_blank_mis_end_in_an_old_return_and_an_end_in_a_later_one_is_one_spell(tmp_path):
    spell = {"MIS_START": "28/03/2023", "MIS_END": ""}
    imported = two(
        tmp_path,
        {"episodes": [OPEN], "missing": [spell]},
        {"episodes": [OPEN], "missing": [spell | {"MIS_END": "03/04/2023"}]},
    )
    assert absences(imported) == [("2023-03-28", "2023-04-03", 0, "M", False)]
    assert fates(imported, "missing", 1, 2023) == [("merged", "resubmitted")]
    assert fates(imported, "missing", 1, 2024) == [("used", "")]


def test_an_end_that_only_the_old_return_has_is_kept(tmp_path):
    spell = {"MIS_START": "28/03/2023", "MIS_END": "30/03/2023"}
    imported = two(
        tmp_path,
        {"episodes": [OPEN], "missing": [spell]},
        {"episodes": [OPEN], "missing": [spell | {"MIS_END": ""}]},
    )
    assert absences(imported) == [("2023-03-28", "2023-03-30", 0, "M", False)]
    told = line(imported, "missing", 2024)
    assert (told["repair"], told["before"], told["after"]) == ("mis_end_kept", "MIS_END blank", "MIS_END 30/03/2023")


def test_an_open_spell_never_told_again_lasts_to_31_march(tmp_path):
    spell = {"MIS_START": "28/02/2023", "MIS_END": ""}
    later = {"MIS_START": "28/06/2023", "MIS_END": "30/06/2023"}
    imported = two(tmp_path, {"episodes": [OPEN], "missing": [spell]}, {"episodes": [OPEN], "missing": [later]})
    assert absences(imported) == [
        ("2023-02-28", "2023-03-31", 0, "M", True),
        ("2023-06-28", "2023-06-30", 0, "M", False),
    ]
    assert fates(imported, "missing", 1, 2023) == [("repaired", "mis_lost_open")]


@pytest.mark.parametrize(("end", "censored"), [("02/04/2023", False), ("30/03/2023", True)])
def test_a_lost_spell_that_another_carries_on_ends_as_that_one_says(tmp_path, end, censored):
    spell = {"MIS_START": "28/03/2023", "MIS_END": ""}
    later = {"MIS_START": "29/03/2023", "MIS_END": end}
    old, new = ([later], []) if censored else ([], [later])
    imported = two(tmp_path, {"episodes": [OPEN], "missing": [spell, *old]}, {"episodes": [OPEN], "missing": new})
    # the first is cut on 31 March; only where the other ends before that is the end the cut's
    assert absences(imported) == [("2023-03-28", "2023-03-31" if censored else "2023-04-02", 0, "M", censored)]


def test_an_open_spell_of_a_child_who_left_in_the_old_year_ends_with_care(tmp_path):
    left = OPEN | {"DEC": "10/03/2023", "REC": "E8"}
    spell = {"MIS_START": "28/02/2023", "MIS_END": ""}
    imported = two(tmp_path, {"episodes": [left], "missing": [spell]}, {"header": [], "episodes": []})
    assert absences(imported) == [("2023-02-28", "2023-03-10", 0, "M", True)]


def test_same_day_repeats_are_matched_one_to_one(tmp_path):
    day = {"MIS_START": "31/03/2023"}
    old = [day | {"MIS_END": "31/03/2023"}, day | {"MIS_END": ""}]
    imported = two(
        tmp_path,
        {"episodes": [OPEN], "missing": old},
        {"episodes": [OPEN], "missing": [day | {"MIS_END": "05/04/2023"}]},
    )
    # The one that stayed open is the one that came back; the same-day return is another.
    assert absences(imported) == [
        ("2023-03-31", "2023-03-31", 0, "M", False),
        ("2023-03-31", "2023-04-05", 1, "M", False),
    ]


def test_header_of_the_latest_year_stands_and_recoded_sex_is_no_change(tmp_path):
    imported = two(
        tmp_path,
        {"header": [{"SEX": "2"}], "episodes": [OPEN]},
        {"header": [{"SEX": "F"}], "episodes": [OPEN]},
    )
    assert fates(imported, "header", 1, 2023) == [("merged", "resubmitted")]
    imported = two(
        tmp_path / "x",
        {"header": [{"DOB": "15/06/2006"}], "episodes": [OPEN]},
        {"header": [{"DOB": "16/06/2006"}], "episodes": [OPEN]},
    )
    assert iso(imported.tables["children"].set_index("child_id").loc["c1", "birth_date"]) == "2006-06-16"
    assert "DOB 15/06/2006 → 16/06/2006" in line(imported, "header", 2023)["detail"]


def test_uasc_of_two_years(tmp_path):
    imported = two(
        tmp_path,
        {"episodes": [OPEN], "uasc": [{"DUC": ""}]},
        {"episodes": [OPEN], "uasc": [{"DUC": "15/06/2024"}]},
    )
    child = imported.tables["children"].set_index("child_id").loc["c1"]
    assert (iso(child["uasc_from"]), iso(child["uasc_to"])) == ("2022-05-01", "2024-06-15")


def test_codes_and_urns_that_were_replaced_are_no_move(tmp_path):
    h5 = {"PLACE": "H5", "URN": "", "DECOM": "01/05/2022", "DEC": "28/10/2022", "REC": "X1"}
    k3 = {"PLACE": "K3", "URN": "2600001", "DECOM": "28/10/2022", "RNE": "T"}
    z1 = {"CHILD": "z", "PLACE": "Z1", "URN": "", "PLACE_PROVIDER": "", "DEC": "01/06/2022", "REC": "X1"}
    z2 = {**z1, "PLACE": "Z12", "DECOM": "01/06/2022", "DEC": "", "REC": "", "RNE": "P"}
    k2 = {"CHILD": "k", "DEC": "01/09/2022", "REC": "X1", "REASON_PLACE_CHANGE": "PLACE"}
    new = {"CHILD": "k", "DECOM": "01/09/2022", "RNE": "T", "URN": "2700001"}
    peer = {"CHILD": "p", "DECOM": "02/05/2022", "DEC": "01/08/2022", "REC": "E4A"}
    header = [{}, {"CHILD": "z"}, {"CHILD": "k"}, {"CHILD": "p"}]
    path = write_year(tmp_path, 2023, header=header, episodes=[h5, k3, z1, z2, k2, new, peer])
    imported = read(path)
    assert stays(imported) == [("2022-05-01", None, "K3")]
    assert stays(imported, "z") == [("2022-05-01", None, "Z12")]
    assert stays(imported, "k") == [("2022-05-01", None, "K2")]
    placements = imported.tables["placements"].set_index("child_id")
    assert placements.loc["c1", "home_id"] == "2600001@AB22BB"
    # The peer left before the new registration, and yet lived with the child.
    assert placements.loc[["k", "p"], "home_id"].tolist() == ["2700001", "2700001"]
    assert "URN SC000001 became 2700001 at one address: one home, known by the later URN" in imported.ledger.notes
    told = imported.ledger.frame.query("reason == 'same_placement_renamed'")["detail"].tolist()
    assert "into row 6; was K2 SC000001, now K2 2700001" in told


@pytest.mark.parametrize(
    "changed",
    [
        {"RNE": "P"},  # the return says that the carer changed too
        {"PL_POST": "AB2 2BC"},  # another address
        {"PL_POST": "AB2 2"},  # a sector holds many homes
        {"PLACE": "K1"},
    ],
)
def test_a_new_urn_that_is_a_move(tmp_path, changed):
    old = {"DEC": "01/09/2022", "REC": "X1"} | ({"PL_POST": "AB2 2"} if changed == {"PL_POST": "AB2 2"} else {})
    rows = [old, {"DECOM": "01/09/2022", "RNE": "T", "URN": "2700001"} | changed]
    assert len(stays(read(write_year(tmp_path, 2023, episodes=rows)))) == 2


def test_two_urns_in_use_at_once_stay_two_homes(tmp_path):
    rows = [
        {"DEC": "01/09/2022", "REC": "X1"},
        {"DECOM": "01/09/2022", "RNE": "T", "URN": "2700001"},
        {"CHILD": "p", "DECOM": "02/10/2022"},
    ]
    imported = read(write_year(tmp_path, 2023, header=[{}, {"CHILD": "p"}], episodes=rows))
    assert sorted(imported.tables["homes"]["home_id"]) == ["2700001", "SC000001"]


def test_years_that_cannot_be_combined(tmp_path):
    paths = {year: write_year(tmp_path, year, episodes=[]) for year in (2021, 2023, 2024)}
    with pytest.raises(ImportFault, match=r"301: the return of 2022 is left out between others"):
        read_ssda903([paths[2021], paths[2023]], authority="301")
    with pytest.raises(ImportFault, match="are both returns of 301 for 2023"):
        read_ssda903([paths[2023], paths[2023]], authority="301")
    with pytest.raises(ImportFault, match="no return was given"):
        combine_returns([])
    with pytest.raises(ImportFault, match="do not say their authority"):
        read_ssda903(paths[2023])


def test_two_authorities_are_kept_apart(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = read_return(write_year(tmp_path / "a", 2023, episodes=[OPEN], missing=[{}]), authority="301")
    old = read_return(write_year(tmp_path / "b", 2022, episodes=[{"DECOM": "01/05/2021"}]), authority="302")
    imported = combine_returns([one, old])
    children = imported.tables["children"].set_index("child_id")
    assert children["authority"].to_dict() == {
        "c1_301": "301", "mark2023_301": "301", "c1_302": "302", "mark2022_302": "302",
    }  # fmt: skip
    # 302 has no return of 2022/23, so its child is followed to the end of 2021/22 only, and 301's from its own year.
    assert stays(imported, "c1_302") == [("2021-05-01", "2022-04-01", "K2")]
    assert stays(imported, "c1_301") == [("2022-05-01", None, "K2")]
    assert fates(imported, "episodes", 1, 2022) == [("repaired", "epi_authority_ends")]
    assert iso(imported.tables.observed_from) == "2021-04-01"


def test_a_third_return_of_one_episode(tmp_path):
    rows = [OPEN, OPEN, OPEN | {"DEC": "01/06/2024", "REC": "E4A"}]
    paths = [write_year(tmp_path, year, episodes=[row]) for year, row in zip((2023, 2024, 2025), rows, strict=True)]
    imported = read_ssda903(paths, authority="301")
    assert stays(imported) == [("2022-05-01", "2024-06-01", "K2")]
    assert [fates(imported, "episodes", 1, year)[0][1] for year in (2023, 2024, 2025)] == [*["resubmitted"] * 2, ""]

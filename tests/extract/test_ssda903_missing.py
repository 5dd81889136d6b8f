"""Missing rows to missing episodes: one small return for each rule."""

from __future__ import annotations

import pytest
from returns903 import absences, fates, read, write_return


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"MIS_START": "", "MISSING": "", "MIS_END": ""}, "mis_incomplete"),
        ({"MISSING": "#N/A"}, "mis_incomplete"),
        ({"MISSING": "X"}, "mis_bad_type"),
        ({"MIS_END": "09/06/2022"}, "mis_end_before_start"),
        ({"MIS_START": "15/06/2006"}, "mis_before_birth"),
        ({"MIS_START": "01/04/2023", "MIS_END": ""}, "mis_outside_return"),
        ({"MIS_START": "10/03/2022", "MIS_END": "31/03/2022"}, "mis_outside_return"),
        ({"MIS_START": "30/04/2022"}, "mis_outside_care"),
        ({"MIS_START": "02/10/2022", "MIS_END": ""}, "mis_outside_care"),
        ({"CHILD": ""}, "child_blank"),
    ],
)
def test_unusable_missing_rows_are_set_aside(tmp_path, row, reason):
    folder = write_return(tmp_path, episodes=[{"DEC": "01/10/2022", "REC": "E4A"}], missing=[row])
    imported = read(folder)
    assert fates(imported, "missing", 1) == [("set_aside", reason)]
    assert imported.tables["missing_episodes"].empty


def test_closed_matching_counts_both_ends(tmp_path):
    rows = [{"MIS_START": "01/05/2022", "MIS_END": "02/05/2022"}, {"MIS_START": "01/10/2022", "MIS_END": "03/10/2022"}]
    imported = read(write_return(tmp_path, episodes=[{"DEC": "01/10/2022", "REC": "E4A"}], missing=rows))
    assert fates(imported, "missing", 2) == [("used", "")] * 2


@pytest.mark.parametrize("day", ["01", "02"])
def test_spell_that_reaches_into_the_year_is_kept(tmp_path, day):
    """Also one that ends on its first day: the return before it left that spell open."""
    rows = [{"MIS_START": "28/03/2022", "MIS_END": f"{day}/04/2022"}]
    imported = read(write_return(tmp_path, episodes=[{"DECOM": "01/02/2022"}], missing=rows))
    assert absences(imported) == [("2022-03-28", f"2022-04-{day}", 0, "M", False)]


def test_overlaps_merge_and_m_wins(tmp_path):
    rows = [
        {"MISSING": "absent", "MIS_START": "10/06/2022", "MIS_END": "20/06/2022"},
        {"MISSING": "m", "MIS_START": "12/06/2022", "MIS_END": "25/06/2022"},
        {"MISSING": "A", "MIS_START": "25/06/2022", "MIS_END": "26/06/2022"},
    ]
    imported = read(write_return(tmp_path, missing=rows))
    assert absences(imported) == [
        ("2022-06-10", "2022-06-25", 0, "M", False),
        ("2022-06-25", "2022-06-26", 0, "A", False),
    ]
    assert fates(imported, "missing", 3) == [("repaired", "mis_overlap"), ("merged", "mis_overlap"), ("used", "")]
    line = imported.ledger.repairs.iloc[0]
    assert (line["before"], line["after"]) == ("A, MIS_END 20/06/2022", "M, MIS_END 25/06/2022")


def test_open_spell_swallows_later_ones(tmp_path):
    rows = [{"MIS_END": ""}, {"MIS_START": "01/07/2022", "MIS_END": "02/07/2022"}]
    imported = read(write_return(tmp_path, missing=rows))
    assert absences(imported) == [("2022-06-10", None, 0, "M", False)]
    assert fates(imported, "missing", 2) == [("used", ""), ("merged", "mis_overlap")]


def test_same_day_repeats_are_kept_with_a_sequence(tmp_path):
    day = {"MIS_START": "10/06/2022"}
    rows = [{**day, "MIS_END": "12/06/2022"}, {**day, "MIS_END": "10/06/2022"}, {**day, "MIS_END": "10/06/2022"}]
    imported = read(write_return(tmp_path, missing=rows))
    assert [(end, sequence) for _, end, sequence, _, _ in absences(imported)] == [
        ("2022-06-10", 0),
        ("2022-06-10", 1),
        ("2022-06-12", 2),
    ]


def test_end_on_the_day_the_bed_closes_is_censored(tmp_path):
    moves = [{"DEC": "12/06/2022", "REC": "X1"}, {"DECOM": "12/06/2022", "PLACE": "U4", "DEC": "01/10/2022"}]
    rows = [
        {},
        {"MIS_START": "20/06/2022", "MIS_END": "25/06/2022"},
        {"MIS_START": "28/09/2022", "MIS_END": "01/10/2022"},
    ]
    imported = read(write_return(tmp_path, episodes=moves, missing=rows))
    assert [censored for *_, censored in absences(imported)] == [True, False, True]


def test_end_on_a_change_of_legal_status_is_a_return(tmp_path):
    episodes = [{"DEC": "12/06/2022", "REC": "X1"}, {"DECOM": "12/06/2022", "RNE": "L", "LS": "E1"}]
    imported = read(write_return(tmp_path, episodes=episodes, missing=[{}]))
    assert absences(imported) == [("2022-06-10", "2022-06-12", 0, "M", False)]


def test_open_spell_of_a_child_who_left_care_ends_with_it(tmp_path):
    episodes = [{"DEC": "01/10/2022", "REC": "E8"}]
    imported = read(write_return(tmp_path, episodes=episodes, missing=[{"MIS_END": ""}]))
    assert absences(imported) == [("2022-06-10", "2022-10-01", 0, "M", True)]
    assert fates(imported, "missing", 1) == [("repaired", "mis_open_after_care")]


def test_open_spell_of_a_child_still_in_care_stays_open(tmp_path):
    episodes = [{"DEC": "01/10/2022", "REC": "X1"}, {"DECOM": "01/10/2022", "PLACE": "U4"}]
    imported = read(write_return(tmp_path, episodes=episodes, missing=[{"MIS_END": ""}]))
    assert absences(imported) == [("2022-06-10", None, 0, "M", False)]

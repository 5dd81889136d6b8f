"""read_ssda903 on small returns made by hand, one for each rule, and on a public made-up return."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.ledger import Ledger, follow, ledger_of
from missingmodels.extract.ssda903 import Imported, read_ssda903
from missingmodels.tables import check_tables

HEADER = {"CHILD": "c1", "SEX": "2", "DOB": "15/06/2006", "ETHNIC": "WBRI", "UPN": "UN1", "MOTHER": "", "MC_DOB": ""}
EPISODE = {
    **{"CHILD": "c1", "DECOM": "01/05/2022", "RNE": "S", "LS": "C2", "CIN": "N1", "PLACE": "K2", "DEC": "", "REC": ""},
    **{"PLACE_PROVIDER": "PR4", "REASON_PLACE_CHANGE": "", "HOME_POST": "AB1 1AA", "PL_POST": "AB2 2BB"},
    "URN": "SC000001",
}
MISSING = {"CHILD": "c1", "DOB": "15/06/2006", "MISSING": "M", "MIS_START": "10/06/2022", "MIS_END": "12/06/2022"}
UASC = {"CHILD": "c1", "SEX": "2", "DOB": "15/06/2006", "DUC": "15/06/2024"}
# A second child whose dates fix the year, so that each test may leave the first child's open.
YEAR_MARK = [
    EPISODE | {"CHILD": "mark", "DECOM": "01/04/2022", "PLACE": "U4", "DEC": "01/09/2022", "REC": "X1"},
    EPISODE | {"CHILD": "mark", "DECOM": "01/09/2022", "PLACE": "U5", "DEC": "01/12/2022", "REC": "E4A", "RNE": "P"},
]


def to_csv(rows: list[dict[str, str]], columns: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0] if rows else columns))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_return(folder: Path, *, header=({},), episodes=({},), missing=(), uasc=None, mark=True) -> Path:
    """A return whose rows are the defaults above with the given changes; c1 and the marking child by default."""
    folder = folder / "return"
    folder.mkdir(exist_ok=True)
    children = [HEADER | row for row in header] + ([HEADER | {"CHILD": "mark", "SEX": "1"}] if mark else [])
    stays = [EPISODE | row for row in episodes] + (YEAR_MARK if mark else [])
    (folder / "header.csv").write_text(to_csv(children, HEADER))
    (folder / "episodes.csv").write_text(to_csv(stays, EPISODE))
    (folder / "missing.csv").write_text(to_csv([MISSING | row for row in missing], MISSING))
    if uasc is not None:
        (folder / "uasc.csv").write_text(to_csv([UASC | row for row in uasc], UASC))
    return folder


def read(folder: Path, **more) -> Imported:
    imported = read_ssda903(folder, authority="301", **more)
    assert not [f for f in check_tables(imported.tables) if f.severity == "error"]
    return imported


def fates(imported: Imported, table: str, count: int) -> list[tuple[str, str]]:
    """(outcome, reason) of the first rows of a table, in file order."""
    frame = imported.ledger.frame
    frame = frame[frame["table"] == table].sort_values("row").head(count)
    return list(zip(frame["outcome"], frame["reason"], strict=True))


def stays(imported: Imported, child: str = "c1") -> list[tuple[str, str | None, str]]:
    """(start, end, type) of a child's placements."""
    frame = imported.tables["placements"]
    frame = frame[frame["child_id"] == child].sort_values("start_date")
    return [(iso(a), iso(b), t) for a, b, t in frame[["start_date", "end_date", "placement_type"]].itertuples(index=False)]


def absences(imported: Imported) -> list[tuple[str, str | None, int, str, bool]]:
    frame = imported.tables["missing_episodes"]
    columns = ["start_date", "end_date", "sequence", "category", "end_is_censored"]
    return [(iso(a), iso(b), int(s), c, bool(x)) for a, b, s, c, x in frame[columns].itertuples(index=False)]


def iso(day: pd.Timestamp) -> str | None:
    return None if pd.isna(day) else day.date().isoformat()


# --- what a plain return becomes -------------------------------------------------------------------------------


def test_plain_return(tmp_path):
    imported = read(write_return(tmp_path, missing=[{}], uasc=[{}]))
    tables = imported.tables
    assert (iso(tables.observed_from), iso(tables.observed_to)) == ("2022-04-01", "2023-04-01")
    child = tables["children"].set_index("child_id").loc["c1"]
    assert (child["authority"], child["sex"], child["ethnicity"], child["birth_date_precision"]) == (
        *("301", "F", "WBRI"),
        "day",
    )
    assert iso(child["birth_date"]) == "2006-06-15"
    assert iso(child["recorded_from"]) == iso(child["uasc_from"]) == "2022-05-01"
    assert iso(child["uasc_to"]) == "2024-06-15"
    assert stays(imported) == [("2022-05-01", None, "K2")]
    assert absences(imported) == [("2022-06-10", "2022-06-12", 0, "M", False)]
    home = tables["homes"].iloc[0]
    assert (len(tables["homes"]), home["home_id"], bool(home["weak_key"])) == (1, "SC000001", False)
    assert iso(home["valid_from"]) == "2022-04-01"
    assert pd.isna(home["places"])
    assert tables.origin["kind"] == "ssda903"
    assert set(tables.origin["files"]) == {"header.csv", "episodes.csv", "missing.csv", "uasc.csv"}


def test_start_before_the_year_keeps_its_true_date(tmp_path):
    imported = read(write_return(tmp_path, episodes=[{"DECOM": "01/02/2020"}]))
    assert stays(imported) == [("2020-02-01", None, "K2")]
    placement = imported.tables["placements"].query("child_id == 'c1'").iloc[0]
    assert not placement["start_is_truncated"]
    assert iso(imported.tables["children"].set_index("child_id").loc["c1", "recorded_from"]) == "2022-04-01"
    assert iso(imported.tables["homes"].iloc[0]["valid_from"]) == "2020-02-01"


def test_nothing_is_written_and_the_ledger_writes_one_file(tmp_path):
    folder = write_return(tmp_path)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    imported = read(folder)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    path = imported.ledger.write(tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["ledger.csv"]
    again = pd.read_csv(path, keep_default_na=False)
    assert again.columns.tolist() == imported.ledger.frame.columns.tolist()
    assert len(again) == len(imported.ledger.frame)


# --- episodes ----------------------------------------------------------------------------------------------------


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


def test_a_real_gap_is_left_alone(tmp_path):
    left = [{"DEC": "05/06/2022", "REC": "E4A"}, {"DECOM": "01/07/2022", "RNE": "P"}]
    returned = [{"DEC": "05/06/2022", "REC": "X1"}, {"DECOM": "01/07/2022", "RNE": "S"}]
    for rows in (left, returned):
        imported = read(write_return(tmp_path, episodes=rows))
        assert stays(imported)[0] == ("2022-05-01", "2022-06-05", "K2")
        assert imported.ledger.repairs.empty


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


def test_out_of_area_only_where_the_return_says_so(tmp_path):
    rows = [{"PL_LOCATION": "OUT"}, {"CHILD": "c2", "PL_LOCATION": "IN"}, {"CHILD": "c3", "PL_LOCATION": ""}]
    header = [{}, {"CHILD": "c2"}, {"CHILD": "c3"}]
    folder = write_return(tmp_path, header=header, episodes=rows, mark=False)
    out = read(folder, year=2023).tables["placements"].set_index("child_id")["out_of_area"]
    assert [out["c1"], out["c2"], pd.isna(out["c3"])] == [True, False, True]


# --- children ----------------------------------------------------------------------------------------------------


def test_children_who_cannot_be_at_risk_are_set_aside(tmp_path):
    header = [{}, {"CHILD": "none"}, {"CHILD": "breaks"}, {}]
    episodes = [{}, {"CHILD": "breaks", "LS": "V3"}]
    missing = [{"CHILD": "breaks"}, {"CHILD": "none"}, {"CHILD": "nobody"}]
    uasc = [{}, {}, {"CHILD": "none"}]
    imported = read(write_return(tmp_path, header=header, episodes=episodes, missing=missing, uasc=uasc))
    assert sorted(imported.tables["children"]["child_id"]) == ["c1", "mark"]
    assert fates(imported, "header", 4) == [
        ("used", ""),
        ("set_aside", "no_episodes"),
        ("set_aside", "no_placement_left"),
        ("merged", "same_child"),
    ]
    assert fates(imported, "missing", 3) == [
        ("set_aside", "mis_placement_set_aside"),
        *[("set_aside", "mis_orphan")] * 2,
    ]
    assert fates(imported, "uasc", 3) == [("used", ""), ("merged", "same_child"), ("set_aside", "uasc_orphan")]


def test_contradicting_header_rows_are_an_error_naming_both(tmp_path):
    folder = write_return(tmp_path, header=[{}, {"DOB": "16/06/2006"}])
    with pytest.raises(ImportFault, match=r"header\.csv.*rows 2, 3"):
        read(folder)


def test_sex_codes_and_month_of_birth(tmp_path):
    codes = {"a": "1", "b": "2.0", "c": "m", "d": "F", "e": "U", "f": "9"}
    header = [{"CHILD": child, "SEX": code, "DOB": "01/06/2006"} for child, code in codes.items()]
    folder = write_return(tmp_path, header=header, episodes=[{"CHILD": child} for child in codes], mark=False)
    imported = read(folder, year=2023)
    children = imported.tables["children"].set_index("child_id")
    assert children["sex"].tolist()[:5] == ["M", "F", "M", "F", "U"]
    assert pd.isna(children.loc["f", "sex"])
    assert any(note.startswith("1 children have a SEX") for note in imported.ledger.notes)
    assert set(children["birth_date_precision"]) == {"month"}


def test_child_stays_text(tmp_path):
    ids = ["00123", "123.0", "123_301"]
    header, episodes = [{"CHILD": i} for i in ids], [{"CHILD": i} for i in ids]
    tables = read(write_return(tmp_path, header=header, episodes=episodes)).tables
    assert set(tables["children"]["child_id"]) == {"00123", "123", "123_301", "mark"}


def test_uasc_that_ended_before_the_year(tmp_path):
    imported = read(write_return(tmp_path, uasc=[{"DUC": "01/05/2022"}]))
    assert fates(imported, "uasc", 1) == [("set_aside", "uasc_ended_before")]
    assert imported.tables["children"]["uasc_from"].isna().all()


# --- missing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"MIS_START": "", "MISSING": "", "MIS_END": ""}, "mis_incomplete"),
        ({"MISSING": "#N/A"}, "mis_incomplete"),
        ({"MISSING": "X"}, "mis_bad_type"),
        ({"MIS_END": "09/06/2022"}, "mis_end_before_start"),
        ({"MIS_START": "15/06/2006"}, "mis_before_birth"),
        ({"MIS_START": "01/04/2023", "MIS_END": ""}, "mis_outside_return"),
        ({"MIS_START": "10/03/2022", "MIS_END": "01/04/2022"}, "mis_outside_return"),
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


def test_spell_that_reaches_into_the_year_is_kept(tmp_path):
    rows = [{"MIS_START": "28/03/2022", "MIS_END": "02/04/2022"}]
    imported = read(write_return(tmp_path, episodes=[{"DECOM": "01/02/2022"}], missing=rows))
    assert absences(imported) == [("2022-03-28", "2022-04-02", 0, "M", False)]


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
    rows = [{}, {"MIS_START": "20/06/2022", "MIS_END": "25/06/2022"}, {"MIS_START": "28/09/2022", "MIS_END": "01/10/2022"}]
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


# --- files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_and_line_ends(tmp_path, encoding):
    plain = read(write_return(tmp_path, missing=[{}]))
    folder = write_return(tmp_path, missing=[{}])
    for path in folder.iterdir():
        text = path.read_text().replace("AB1 1AA", "Hôtel" if encoding == "cp1252" else "AB1 1AA")
        path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    imported = read(folder)
    for name, frame in plain.tables.frames.items():
        pd.testing.assert_frame_equal(imported.tables[name], frame)
    # Windows-1252 and UTF-8 are told apart only where a character differs.
    marks = {"utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be", "utf-16": "utf-16", "utf-8-sig": "utf-8-sig"}
    expected = marks.get(encoding, "cp1252")
    assert any(note.endswith(expected) and "episodes.csv" in note for note in imported.ledger.notes)


def test_column_names_order_and_extras(tmp_path):
    folder = write_return(tmp_path, missing=[{}])
    plain = read(folder)
    for path in list(folder.iterdir()):
        rows = list(csv.reader(io.StringIO(path.read_text())))
        mixed = [[*reversed(row), "x", ""] for row in rows]
        mixed[0] = [f" {name.title()} " for name in reversed(rows[0])] + ["LOCAL_TEAM", ""]
        path.with_name(path.stem[:1] + "1.csv").write_text("".join(",".join(row) + "\n" for row in mixed))
        path.unlink()
    imported = read(folder)
    for name, frame in plain.tables.frames.items():
        pd.testing.assert_frame_equal(imported.tables[name], frame)
    assert sum("extra columns ignored: LOCAL_TEAM" in note for note in imported.ledger.notes) == 3


def test_blank_lines_are_no_records_but_count_as_rows(tmp_path):
    folder = write_return(tmp_path, missing=[{}, {"MISSING": "X"}])
    path = folder / "missing.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "", lines[1], ",,,,", lines[2]]))
    frame = read(folder).ledger.frame.query("table == 'missing'")
    assert frame["row"].tolist() == [3, 5]


@pytest.mark.parametrize(
    ("table", "row", "message"),
    [
        ("episodes", {"DECOM": "31/02/2023"}, r"episodes\.csv row 2, DECOM: '31/02/2023'"),
        ("episodes", {"DECOM": ""}, r"episodes\.csv row 2, DECOM: is blank"),
        ("episodes", {"DEC": "2022-06-01"}, r"episodes\.csv row 2, DEC: '2022-06-01'"),
        ("episodes", {"DEC": "06/13/2022"}, r"episodes\.csv row 2, DEC: '06/13/2022'"),
        ("episodes", {"DEC": "01/06/0222"}, r"episodes\.csv row 2, DEC: '01/06/0222'"),
        ("header", {"DOB": "1/6/2006"}, r"header\.csv row 2, DOB: '1/6/2006'"),
        ("missing", {"MIS_END": "soon"}, r"missing\.csv row 2, MIS_END: 'soon'"),
        ("uasc", {"DUC": "ZZ/05/2022"}, r"uasc\.csv row 2, DUC: 'ZZ/05/2022'"),
    ],
)
def test_unreadable_dates_are_refused_or_set_aside(tmp_path, table, row, message):
    good = {"header": {"CHILD": "c2"}, "episodes": {"CHILD": "c2"}}
    rows = {"header": [{}, {"CHILD": "c2"}], "episodes": [{}, {"CHILD": "c2"}], "missing": [{}], "uasc": [{}]}
    rows[table] = [row, good[table]] if table in good else [row]
    folder = write_return(tmp_path, **rows)
    with pytest.raises(ImportFault, match=message) as caught:
        read(folder)
    assert caught.value.remedy
    imported = read(folder, set_aside_bad_dates=True)
    prefix = {"episodes": "epi", "missing": "mis"}.get(table, table)
    assert fates(imported, table, 1) == [("set_aside", f"{prefix}_bad_date")]


def test_all_unreadable_dates_in_one_error(tmp_path):
    rows = [{"DECOM": "31/02/2023"} for _ in range(12)]
    folder = write_return(tmp_path, episodes=rows, missing=[{"MIS_START": "x"}])
    with pytest.raises(ImportFault, match="13 dates cannot be read") as caught:
        read(folder)
    assert str(caught.value).count("row ") == 10


def test_column_lacking_is_named_with_its_file(tmp_path):
    folder = write_return(tmp_path)
    rows = [{k: v for k, v in EPISODE.items() if k not in ("DECOM", "URN")}]
    (folder / "episodes.csv").write_text(to_csv(rows, {}))
    (folder / "missing.csv").rename(folder / "absent.csv")
    (folder / "absent.csv").write_text("CHILD,MISSING,MIS_START\n")
    with pytest.raises(ImportFault) as caught:
        read(folder)
    assert "episodes.csv should be the episodes table but lacks the columns DECOM, URN" in str(caught.value)
    assert "no file holds the missing table (absent.csv comes nearest but lacks the column MIS_END)" in str(caught.value)


def test_table_twice_and_column_twice(tmp_path):
    folder = write_return(tmp_path)
    (folder / "header_old.csv").write_text((folder / "header.csv").read_text())
    (folder / "missing.csv").write_text("CHILD,MISSING,MIS_START,MIS_END,MIS_END\n")
    with pytest.raises(ImportFault) as caught:
        read(folder)
    assert "header.csv and header_old.csv both hold the header table" in str(caught.value)
    assert "missing.csv has column MIS_END twice" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'CHILD,MISSING,MIS_START,MIS_END\nc1,"M,01/06/2022,\n', "not CSV"),
        (b"CHILD,MISSING,MIS_START,MIS_END\nc1,M,01/06/2022,02/06/2022,extra\n", "more values than .*first rows: 2"),
        (b"\xff\xfeC\x00H\x00I", "not text in utf-16"),
        (b"caf\x81\xe9", "not text in utf-8 or cp1252"),
        (b"", "lacks the columns CHILD, MISSING, MIS_START, MIS_END"),
    ],
)
def test_damaged_files(tmp_path, content, message):
    folder = write_return(tmp_path)
    (folder / "missing.csv").write_bytes(content)
    with pytest.raises(ImportFault, match=message) as caught:
        read(folder)
    assert "missing.csv" in str(caught.value)
    assert caught.value.remedy


def test_paths_that_hold_no_return(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("hello")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "rota.csv").write_text("NAME,SHIFT\nx,y\n")
    cases = {
        "absent": (InputError, "there is no such folder"),
        "empty": (InputError, "holds no files"),
        "other": (InputError, "no CSV file, only notes.txt"),
        "other/notes.txt": (InputError, "this is a file"),
        "foreign": (ImportFault, "no file holds the header table; .*episodes table; .*missing table"),
    }
    for name, (kind, message) in cases.items():
        with pytest.raises(kind, match=message) as caught:
            read(tmp_path / name)
        assert caught.value.remedy
    with pytest.raises(ImportFault, match="the authority is blank"):
        read_ssda903(write_return(tmp_path), authority=" ")


def test_a_return_without_any_placement(tmp_path):
    folder = write_return(tmp_path, episodes=[{"CHILD": "nobody", "DEC": "01/06/2022"}], mark=False)
    with pytest.raises(ImportFault, match=r"no placement is left of 1 episode rows; .*'epi_orphan': 1"):
        read(folder)
    folder = write_return(tmp_path, header=[], episodes=[], mark=False)
    with pytest.raises(ImportFault, match="no placement is left of 0 episode rows"):
        read(folder, year=2023)


# --- the year ----------------------------------------------------------------------------------------------------


def test_year_given_must_fit_the_dates(tmp_path):
    folder = write_return(tmp_path)
    assert read(folder, year=2023).tables.origin["year"] == 2023
    with pytest.raises(ImportFault, match="year 2022 was given, but most dates fall in 1 April 2022 to 31 March 2023"):
        read(folder, year=2022)
    with pytest.raises(ImportFault, match="year 23 is not between"):
        read(folder, year=23)


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        *(("903_2022", True), ("903_2023", True), ("903_2024", False), ("2022-23", True), ("2023-24", False)),
        *(("2021_2022", False), ("202223", True), ("saved 2025-06-30", True), ("20250630", True)),
    ],
)
def test_year_in_the_folder_name(tmp_path, name, fits):
    folder = write_return(tmp_path).rename(tmp_path / name)
    if fits:
        assert read(folder).tables.origin["year"] == 2023
        return
    with pytest.raises(ImportFault, match=f"the name '{name}' says"):
        read(folder)
    assert read(folder, year=2023).tables.origin["year"] == 2023


def test_year_that_cannot_be_inferred(tmp_path):
    folder = write_return(tmp_path, mark=False)
    with pytest.raises(ImportFault, match="there is no DEC or MIS date"):
        read(folder)
    folder = write_return(tmp_path, mark=False, missing=[{"MIS_START": "30/03/2022", "MIS_END": "02/04/2022"}])
    with pytest.raises(ImportFault, match="as many dates fall in"):
        read(folder)


# --- the ledger --------------------------------------------------------------------------------------------------


def ledger(rows: list[int], **changes: object) -> Ledger:
    frame = follow(pd.DataFrame({"row": rows}), file="a.csv", table="header")
    return ledger_of([frame.assign(**changes)])


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (ledger([2]), "1 rows have no fate: 3"),
        (ledger([2, 3, 3]), "1 rows have two fates: 3"),
        (ledger([2, 3, 4]), "1 rows were never read: 4"),
        (ledger([2, 3], outcome="lost"), "2 rows have an unknown outcome: 2, 3"),
        (ledger([2, 3], outcome="set_aside"), "2 rows have no reason: 2, 3"),
        (ledger([2, 3], file="b.csv"), "b.csv: not among the files read"),
    ],
)
def test_ledger_that_does_not_add_up(kept, message):
    ledger([2, 3]).reconcile({"a.csv": [2, 3]})
    with pytest.raises(ImportFault, match=message):
        kept.reconcile({"a.csv": [2, 3]})


# --- public made-up returns ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def set_a(shared: Path) -> Imported:
    return read(shared / "data" / "sample903" / "set_a_single_return_csv")


def total(imported: Imported, **wanted: str) -> int:
    frame = imported.ledger.frame
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return len(frame)


def test_set_a_rows_and_children(set_a):
    assert set_a.ledger.frame.groupby("table").size().to_dict() == {
        **{"episodes": 5050, "header": 2675, "missing": 43},
        "uasc": 132,
    }
    assert set_a.tables.origin["year"] == 2018
    # 2,675 children, 552 of them without episodes; of the 2,123 others, 227 have short breaks only.
    assert total(set_a, table="header", reason="no_episodes") == 552
    assert total(set_a, table="header", outcome="used") + total(set_a, reason="no_placement_left") == 2123
    assert len(set_a.tables["children"]) == 1896
    assert set(set_a.tables["children"]["birth_date_precision"]) == {"day"}


def test_set_a_episodes(set_a):
    assert total(set_a, reason="short_break") == 396 + 407
    assert total(set_a, repair="epi_overlap") == 62
    assert total(set_a, repair="epi_open_not_last") == 10
    # Of the 53 gaps none is closed: the child left care, or came back with a new period of care.
    assert total(set_a, repair="epi_gap") == 0
    assert any(note.startswith("1413 episodes have a REC but no DEC") for note in set_a.ledger.notes)
    live = 5050 - 803 - total(set_a, reason="same_placement")
    assert len(set_a.tables["placements"]) == live == 3701
    homes = set_a.tables["homes"]
    assert len(homes) == 665
    assert homes["places"].isna().all()
    shared_homes = set_a.tables["placements"].groupby("home_id")["child_id"].nunique()
    assert (shared_homes == 1).all(), "this sample is known to hold no shared home"


def test_set_a_missing(set_a):
    frame = set_a.ledger.frame.query("table == 'missing'")
    assert frame.groupby(["outcome", "reason"]).size().to_dict() == {
        ("set_aside", "mis_orphan"): 7,
        ("set_aside", "mis_outside_care"): 4,
        ("set_aside", "mis_placement_set_aside"): 4,
        ("used", ""): 28,
    }
    # 32 lie inside an episode by closed matching, 4 of them in short breaks only.
    by_row = frame.set_index("row")["reason"]
    # The one overlap (child 366621, rows 36 and 37) and two of three spells begun before 1 April belong to orphans.
    assert by_row[[36, 37, 20, 38]].tolist() == ["mis_orphan"] * 4
    kept = set_a.tables["missing_episodes"]
    early = kept[kept["start_date"] < set_a.tables.observed_from]
    assert early["child_id"].tolist() == ["123379"]
    assert kept["category"].value_counts().to_dict() == {"A": 15, "M": 13}
    assert not kept["end_date"].isna().any()


def test_set_a_adds_up(set_a, shared):
    folder = shared / "data" / "sample903" / "set_a_single_return_csv"
    names = ("header.csv", "episodes.csv", "missing.csv", "uasc.csv")
    lines = {name: len((folder / name).read_text().splitlines()) for name in names}
    set_a.ledger.reconcile({name: range(2, count + 1) for name, count in lines.items()})
    assert int(set_a.ledger.totals()["rows"].sum()) == 5050 + 2675 + 43 + 132


@pytest.fixture
def set_d(shared: Path, tmp_path: Path) -> Path:
    """A dirty return, with a missing table that the sample lacks."""
    folder = tmp_path / "dirty"
    folder.mkdir()
    for path in (shared / "data" / "sample903" / "set_d_dirty_csv").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "SSDA903_2020_missing.csv").write_text(to_csv([], MISSING))
    return folder


def test_set_d_contradicting_children_are_named(set_d, shared):
    with pytest.raises(ImportFault, match=r"_header\.csv: rows of one child .*: rows 2, 3, 4; rows 5, 6"):
        read(set_d)
    with pytest.raises(ImportFault, match="no file holds the missing table"):
        read(shared / "data" / "sample903" / "set_d_dirty_csv")


def test_set_d_with_one_row_a_child(set_d):
    header = set_d / "SSDA903_2020_header.csv"
    lines = header.read_text().splitlines()
    header.write_text("\n".join([lines[0], lines[1], lines[4]]))
    imported = read(set_d)
    assert imported.tables.origin["year"] == 2020
    assert fates(imported, "episodes", 5) == [
        ("set_aside", "short_break"),  # V4
        ("used", ""),  # cut at the next DECOM, see below
        ("used", ""),
        ("used", ""),
        ("set_aside", "short_break"),  # V3
    ]
    assert any("extra columns ignored: TEST_COLUMN" in note for note in imported.ledger.notes)

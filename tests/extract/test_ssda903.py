"""read_ssda903: a plain return, children, the ledger, and public made-up returns."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from returns903 import MISSING, absences, fates, iso, read, stays, to_csv, write_return

from missingmodels.errors import ImportFault
from missingmodels.extract.ledger import Ledger, follow, ledger_of
from missingmodels.extract.returns.ssda903 import Imported
from missingmodels.tables import check_tables


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


def test_of_contradicting_header_rows_the_last_stands_and_is_flagged(tmp_path):
    header = [{}, {"DOB": "16/06/2006", "SEX": "1"}, {"DOB": "16/06/2006", "SEX": "M"}]
    uasc = [{}, {"DUC": "15/07/2024"}]
    imported = read(write_return(tmp_path, header=header, uasc=uasc))
    assert fates(imported, "header", 3) == [("merged", "header_dup"), ("merged", "same_child"), ("used", "")]
    assert fates(imported, "uasc", 2) == [("merged", "uasc_dup"), ("used", "")]
    child = imported.tables["children"].set_index("child_id").loc["c1"]
    assert (iso(child["birth_date"]), child["sex"], iso(child["uasc_to"])) == ("2006-06-16", "M", "2024-07-15")
    told = imported.ledger.frame.query("reason == 'header_dup'")["detail"].item()
    assert told == "into row 4; SEX F → M, DOB 15/06/2006 → 16/06/2006"
    assert imported.ledger.frame.query("reason == 'uasc_dup'")["detail"].item().endswith("DUC 15/06/2024 → 15/07/2024")


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
    ids = ["00123", "456.0", "123_301"]
    header, episodes = [{"CHILD": i} for i in ids], [{"CHILD": i} for i in ids]
    tables = read(write_return(tmp_path, header=header, episodes=episodes)).tables
    assert set(tables["children"]["child_id"]) == {"00123", "456", "123_301", "mark"}


def test_uasc_that_ended_before_the_year(tmp_path):
    imported = read(write_return(tmp_path, uasc=[{"DUC": "01/05/2022"}]))
    assert fates(imported, "uasc", 1) == [("set_aside", "uasc_ended_before")]
    assert imported.tables["children"]["uasc_from"].isna().all()


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
    assert kept["category"].value_counts().to_dict() == {"A": 16, "M": 12}
    assert not kept["end_date"].isna().any()


def test_set_a_adds_up(set_a, shared):
    assert {f.rule for f in check_tables(set_a.tables)} == {"episode_outside_observation", "missing_join"}
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


def test_set_d_as_it_is_held(set_d, shared):
    """Every row of the sample; only the missing table that it lacks is added, for absent is not the same as empty."""
    imported = read(set_d)
    # the last header row of each child stands: 689661 F 16/08/2017, 249901 M 15/12/2015
    assert fates(imported, "header", 5) == [*[("merged", "header_dup")] * 2, ("used", ""), ("merged", "header_dup"),
                                            ("used", "")]  # fmt: skip
    children = imported.tables["children"].set_index("child_id")[["sex", "birth_date"]]
    assert {c: (sex, iso(born)) for c, sex, born in children.itertuples()} == {
        "689661": ("F", "2017-08-16"), "249901": ("M", "2015-12-15"),
    }  # fmt: skip
    assert stays(imported, "689661") == [("2018-12-02", "2018-12-11", "U5"), ("2019-05-16", "2019-09-26", "U5")]
    assert stays(imported, "249901") == [("2019-03-30", "2019-04-10", "U4")]
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
        ("repaired", "epi_overlap"),  # cut where the V4 row begins
        ("used", ""),
        ("used", ""),
        ("set_aside", "short_break"),  # V3
    ]
    assert any("extra columns ignored: TEST_COLUMN" in note for note in imported.ledger.notes)

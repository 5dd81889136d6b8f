"""Files, encodings, dates and the year: what is accepted and what is refused."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from returns903 import EPISODE, fates, read, to_csv, write_return

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.returns.ssda903 import read_ssda903


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
    assert "no file holds the missing table (absent.csv comes nearest but lacks the column MIS_END)" in str(
        caught.value
    )


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
    with pytest.raises(ImportFault, match=r"no placement is left of 1 episode rows \(epi_orphan 1\)"):
        read(folder)
    folder = write_return(tmp_path, header=[], episodes=[], mark=False)
    with pytest.raises(ImportFault, match="no placement is left of 0 episode rows"):
        read(folder, year=2023)


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

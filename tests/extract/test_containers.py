"""The same return as a folder, zip, workbook and XML; and what is refused, with the place named."""

from __future__ import annotations

import stat
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest
from containers903 import to_workbook, to_xml, to_zip
from returns903 import MISSING, read, to_csv, write_return

from missingmodels.errors import ImportFault, InputError, MissingModelsError
from missingmodels.extract.readers import sheet_layout, source_table, zip_files
from missingmodels.extract.readers.containers import read_container
from missingmodels.extract.returns.ssda903 import read_ssda903

RETURN = {
    "header": [{}, {"CHILD": "007"}, {"CHILD": "2043", "SEX": "1"}],
    "episodes": [{}, {"CHILD": "007", "DEC": "04/11/2022", "REC": "E4A"}, {"CHILD": "2043", "URN": "2500001"}],
    "missing": [{}, {"CHILD": "2043", "MISSING": "A", "MIS_START": "05/07/2022", "MIS_END": ""}],
    "uasc": [{"CHILD": "2043"}],
}


def same_tables(one, other) -> None:
    for name, frame in one.tables.frames.items():
        pd.testing.assert_frame_equal(other.tables[name], frame)


@pytest.mark.parametrize("make", [to_zip, to_workbook, to_xml])
def test_every_container_gives_the_same_tables(tmp_path, make):
    folder = write_return(tmp_path, **RETURN)
    plain, other = read(folder), read(make(folder))
    same_tables(plain, other)
    counts = ["outcome", "reason"]
    table = plain.ledger.frame.groupby(["table", *counts]).size()
    pd.testing.assert_series_equal(other.ledger.frame.groupby(["table", *counts]).size(), table)
    assert other.tables.origin["kind"] == "ssda903"
    assert set(other.tables.origin["files"]) == set(other.ledger.frame["file"])


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (to_zip, r"return\.zip/missing\.csv row 3, MIS_START: '31/02/2022'"),
        (to_workbook, r"return\.xlsx, sheet missing row 3, MIS_START: '31/02/2022'"),
        (to_xml, r"return\.xml, AMISSING element 2, MIS_START: '31/02/2022'"),
    ],
)
def test_a_fault_is_named_where_the_user_finds_it(tmp_path, make, place):
    folder = write_return(tmp_path, missing=[{}, {"MIS_START": "31/02/2022", "MIS_END": ""}])
    path = make(folder)
    with pytest.raises(ImportFault, match=place):
        read(path)
    imported = read(path, set_aside_bad_dates=True)
    frame = imported.ledger.frame.query("reason == 'mis_bad_date'")
    assert frame["row"].tolist() == [2 if make is to_xml else 3]
    assert place.startswith(frame["file"].iloc[0].replace(".", r"\.").replace(", AMISSING", ", AMISSING"))


def test_what_is_no_container(tmp_path):
    for name in ("return.csv", "return.xls", "notes.txt"):
        (tmp_path / name).write_text("x")
    cases = {
        "return.csv": "name the folder that holds this file",
        "return.xls": "save it as .xlsx first",
        "notes.txt": "name a folder of CSV files, a .zip of them",
    }
    for name, remedy in cases.items():
        with pytest.raises(InputError, match="this is a file, but neither a") as caught:
            read(tmp_path / name)
        assert remedy in caught.value.remedy
    with pytest.raises(InputError, match="there is no such folder or file"):
        read(tmp_path / "absent.zip")


@pytest.mark.parametrize("make", [to_zip, to_workbook, to_xml])
def test_the_size_is_limited_before_anything_is_unpacked(tmp_path, make, monkeypatch):
    path = make(write_return(tmp_path, **RETURN))
    monkeypatch.setattr(source_table, "MAX_BYTES", 500)
    with pytest.raises(ImportFault, match=r"bytes, more than the 500 allowed") as caught:
        read(path)
    assert path.name in str(caught.value)


@pytest.mark.parametrize("make", [to_zip, to_workbook])
def test_a_small_file_that_unpacks_to_much_is_refused(tmp_path, make, monkeypatch):
    path = make(write_return(tmp_path, **RETURN))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/bomb.csv", b"0" * 10**6)
    monkeypatch.setattr(source_table, "MAX_BYTES", 10**6)
    assert path.stat().st_size < 10**5
    with pytest.raises(ImportFault, match=r"it unpacks to 1,0\d\d,\d\d\d bytes, more than the 1,000,000 allowed"):
        read(path)


# Zip


def test_zip_in_folders_beside_what_is_no_table(tmp_path):
    folder = write_return(tmp_path, **RETURN)
    path = to_zip(folder, "From the LA/2022-23/")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/2022-23/._header.csv", b"\0\5\x16\7")
        archive.writestr("2022-23/.hidden.csv", "x")
        archive.writestr("2022-23/read me.txt", "x")
    other = read(path)
    same_tables(read(folder), other)
    assert "return.zip/From the LA/2022-23/uasc.csv" in set(other.ledger.frame["file"])
    wrong = to_zip(folder, "2019-20/")
    with pytest.raises(ImportFault, match="says 2019-20, but most dates fall in 1 April 2022"):
        read(wrong)


@pytest.mark.parametrize(
    "name", ["../header.csv", "a/../../header.csv", "/etc/header.csv", "..\\header.csv", "C:\\header.csv"]
)
def test_zip_with_a_path_that_leads_out(tmp_path, name):
    path = to_zip(write_return(tmp_path, **RETURN))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "CHILD\n")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ImportFault, match="paths that lead out of the archive") as caught:
        read(path)
    assert "do not use this archive" in caught.value.remedy
    assert sorted(tmp_path.rglob("*")) == before


def test_zip_that_unpacks_to_more_than_it_declares(tmp_path):
    path = to_zip(write_return(tmp_path, **RETURN))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", "0" * 10**6)
    content = path.read_bytes()
    path.write_bytes(content.replace((10**6).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(ImportFault, match=r"return\.zip/bomb\.csv: the file is damaged"):
        read(path)


def test_zip_refused_with_its_reason(tmp_path):
    folder = write_return(tmp_path, **RETURN)
    path = to_zip(folder)
    content = path.read_bytes()
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("header.csv", "CHILD\n")
    with pytest.raises(ImportFault, match=r"files that occur twice: header\.csv"):
        read(path)
    # The lowest bit of a member's flags says that it is encrypted.
    at = content.rindex(b"PK\1\2") + 8
    path.write_bytes(content[:at] + b"\1" + content[at + 1 :])
    with pytest.raises(ImportFault, match=r"locked with a password: uasc\.csv"):
        read(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("header.csv", "CHILD\n")
    with pytest.raises(ImportFault, match="packed by a method that is not read"):
        read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("return.xlsx", "x")
    with pytest.raises(InputError, match=r"holds no CSV file, only return\.xlsx"):
        read(path)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ImportFault, match=r"return\.zip: the file is damaged"):
        read(path)


def test_zip_members_are_judged_as_csv(tmp_path):
    folder = write_return(tmp_path, **RETURN)
    (folder / "missing.csv").write_text(to_csv([MISSING], {}) + "c1,x,M,01/06/2022,02/06/2022,extra\n")
    with pytest.raises(ImportFault, match=r"return\.zip/missing\.csv: 1 rows have more values.*first rows: 3"):
        read(to_zip(folder))


# Damage of every kind


@pytest.mark.parametrize("make", [to_zip, to_workbook, to_xml])
def test_damaged_bytes_give_tables_or_a_clear_error(tmp_path, make):
    path = make(write_return(tmp_path, **RETURN))
    content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    random = np.random.default_rng(7)
    remedies = []
    for _ in range(120):
        bad = content.copy()
        hit = random.integers(len(bad), size=random.integers(1, 20))
        bad[hit] = random.integers(256, size=len(hit))
        path.write_bytes(bad[: random.integers(len(bad)) if random.random() < 0.2 else len(bad)].tobytes())
        try:
            imported = read(path)
        except MissingModelsError as error:
            remedies.append(error.remedy)
        else:
            assert len(imported.ledger.frame)
    assert len(remedies) > 60
    assert all(remedies)


# Shared samples


def test_the_sample_xml_gives_its_expected_figures(shared):
    imported = read_ssda903(shared / "data/sample903/set_a_single_return_xml/fake_903.xml", authority="301")
    frame = imported.ledger.frame
    assert frame.groupby("file").size().to_dict() == {
        "fake_903.xml, HEADER": 253,
        "fake_903.xml, EPISODE": 459,
        "fake_903.xml, AMISSING": 6,
        "fake_903.xml, HEADER (uasc)": 12,
    }
    fates = frame.groupby(["table", "outcome", "reason"]).size()
    assert fates["episodes"].to_dict() == {
        ("merged", "same_placement"): 49,
        ("repaired", "epi_overlap"): 5,
        ("set_aside", "short_break"): 76,
        ("used", ""): 329,
    }
    assert fates["header"].to_dict() == {
        ("set_aside", "no_episodes"): 55,
        ("set_aside", "no_placement_left"): 24,
        ("used", ""): 174,
    }
    assert fates["missing"].to_dict() == {
        ("set_aside", "mis_orphan"): 1,
        ("set_aside", "mis_outside_care"): 3,
        ("used", ""): 2,
    }
    assert fates["uasc"].to_dict() == {("set_aside", "uasc_orphan"): 3, ("used", ""): 9}
    assert imported.tables.origin["year"] == 2018


def test_the_sample_folder_as_a_zip(shared, tmp_path):
    folder = shared / "data/sample903/set_a_single_return_csv"
    path = tmp_path / "set_a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, f"set_a/{file.name}")
    plain, other = read_ssda903(folder, authority="301"), read_ssda903(path, authority="301")
    same_tables(plain, other)
    fate = ["table", "row", "outcome", "reason", "repair", "before", "after", "detail"]
    pd.testing.assert_frame_equal(other.ledger.frame[fate], plain.ledger.frame[fate])


def packed(tmp_path, members):
    """A zip of members: name (or its record) and content."""
    path = tmp_path / "r.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # of names that occur twice
        for name, content in members:
            archive.writestr(name, content)
    return path


def link(name):
    made = zipfile.ZipInfo(name)
    made.external_attr = (stat.S_IFLNK | 0o777) << 16
    return made


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("header.csv", b"CHILD,SEX\n" + b"1,1\n" * 1_000_000)], "unpacks to 4,000,010 bytes"),
        # each below the size from which a member's own ratio counts
        ([(f"{n}.csv", b"CHILD,SEX\n" + b"1,1\n" * 260_000) for n in range(4)], "it unpacks to 4,160,040 bytes"),
        ([(link("header.csv"), b"/etc/passwd")], "links instead of files"),
        ([("Header.csv", b"a"), ("header.CSV", b"b")], "occur twice"),
        ([("he\u0301.csv", b"a"), ("h\u00e9.csv", b"b")], "occur twice"),
        ([("../header.csv", b"a")], "lead out"),
        ([("..\\header.csv", b"a")], "lead out"),
        ([("inner.zip", b"PK\x05\x06" + bytes(18))], "holds no CSV file, only inner.zip"),
        ([(f"{n}.csv", b"") for n in range(zip_files.MAX_MEMBERS + 1)], "holds 10,001 files"),
    ],
)
def test_archives_that_no_return_is_packed_in(tmp_path, members, message):
    with pytest.raises((ImportFault, InputError), match=message):
        read_container(packed(tmp_path, members))


def test_a_table_has_no_more_columns_than_any_list(tmp_path):
    """Time grows with their square: 150,000 took minutes, in a megabyte."""
    for name, width in (("header.csv", source_table.MAX_COLUMNS), ("small.csv", 3)):
        line = b",".join(b"C%d" % at for at in range(width))
        assert len(read_container(packed(tmp_path, [(name, line + b"\n" + b"1," * (width - 1) + b"1\n")]))) == 1
    for quoted in (b"", b'"x"'):  # by the fast reader and by the careful one
        line = b",".join(b"C%d" % at for at in range(source_table.MAX_COLUMNS)) + b",Z\n"
        with pytest.raises(ImportFault, match="it has 5,001 columns"):
            read_container(packed(tmp_path, [("header.csv", line + quoted + b"," * source_table.MAX_COLUMNS + b"\n")]))


def test_an_archive_has_no_more_rows_than_a_nation(tmp_path, monkeypatch):
    path = packed(tmp_path, [("header.csv", b"A,B\n" + b"1,2\n" * 6), ("x.csv", b"A\r1\r1\r")])
    assert len(read_container(path)) == 2
    monkeypatch.setattr(zip_files, "MAX_ROWS", 9)
    with pytest.raises(ImportFault, match="more than 9 rows"):
        read_container(path)


def test_a_workbook_is_a_zip_and_has_its_limits(tmp_path, monkeypatch):
    path = packed(tmp_path, [("xl/worksheets/sheet1.xml", b"<c r='A1'/>" * 400_000)]).rename(tmp_path / "w.xlsx")
    with pytest.raises(ImportFault, match="one thing repeated"):
        read_container(path)
    monkeypatch.setattr(zip_files, "MAX_RATIO", 10_000)
    monkeypatch.setattr(sheet_layout, "MAX_CELLS", 100)
    with pytest.raises(ImportFault, match="more than 100 cells"):
        read_container(path)

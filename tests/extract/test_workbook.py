"""A return as an Excel workbook: ids, dates, formulas, sheets."""

from __future__ import annotations

import datetime as dt
import re
import zipfile

import openpyxl
import pandas as pd
import pytest
from containers903 import as_cells, edit_sheet, to_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900
from returns903 import absences, fates, read, write_return

from missingmodels.errors import ImportFault
from missingmodels.extract.mapped.mapping import read_mapping
from missingmodels.extract.mapped.to_table import read_mapped
from missingmodels.extract.ofsted.lists import read_ofsted_list
from missingmodels.extract.readers import workbook
from missingmodels.extract.readers.workbook import read_workbook
from missingmodels.extract.staff.staffing import read_staffing


def with_cells(path, sheet, cells):
    """The workbook with some cells changed."""
    book = openpyxl.load_workbook(path)
    for place, value in cells.items():
        book[sheet][place] = value
    book.save(path)
    return path


def test_numbers_and_true_dates_are_text_as_the_return_has_it(tmp_path):
    children = [{"CHILD": "1043"}, {"CHILD": "2043"}, {"CHILD": "007"}]
    folder = write_return(
        tmp_path,
        header=children,
        episodes=[child | {"URN": "2500001"} for child in children],
        missing=[children[0], children[1] | {"MIS_END": ""}],
        uasc=[children[2]],
    )
    plain, other = read(folder), read(to_workbook(folder, as_cells))
    for name, frame in plain.tables.frames.items():
        pd.testing.assert_frame_equal(other.tables[name], frame)
    assert set(other.tables["children"]["child_id"]) == {"1043", "2043", "007", "mark"}
    assert "return.xlsx, sheet header: column C mixes 2 date cells and 2 dates as text" in other.ledger.notes


def test_a_date_with_a_time_is_refused_not_cut(tmp_path):
    path = to_workbook(write_return(tmp_path, missing=[{}]))
    with_cells(path, "missing", {"D2": dt.datetime(2022, 6, 10, 23, 30)})
    with pytest.raises(ImportFault, match=r"sheet missing row 2, MIS_START: '10/06/2022 23:30:00' is not a date"):
        read(path)
    # One serial number beside dates shows that something went wrong; a whole column of them is a form of its own.
    beside = write_return(tmp_path, missing=[{}, {"MIS_START": "20/06/2022", "MIS_END": "21/06/2022"}])
    path = with_cells(to_workbook(beside), "missing", {"D2": 44722})
    with pytest.raises(ImportFault, match=r"sheet missing row 2, MIS_START: '44722' is not a date"):
        read(path)
    path = with_cells(to_workbook(write_return(tmp_path, missing=[{}])), "missing", {"D2": 44722})
    imported = read(path)
    assert absences(imported) == [("2022-06-10", "2022-06-12", 0, "M", False)]
    assert any("MIS_START read as a spreadsheet's serial number" in note for note in imported.ledger.notes)


def test_days_and_months_that_a_spreadsheet_has_swapped_are_refused(tmp_path):
    rows = [{"MIS_START": "25/06/2022", "MIS_END": "26/06/2022"}, {"MIS_START": "03/04/2022", "MIS_END": "03/04/2022"}]
    path = to_workbook(write_return(tmp_path, missing=rows))
    # a column that is not read may be as it likes
    with_cells(path, "missing", {"B3": dt.datetime(2022, 3, 4), "B2": "25/06/2022"})
    assert len(read(path).tables["missing_episodes"]) == 1
    with_cells(path, "missing", {"D3": dt.datetime(2022, 3, 4)})
    for aside in (False, True):
        with pytest.raises(ImportFault, match=r"sheet missing: in MIS_START the date cells all lie before the 13th"):
            read(path, set_aside_bad_dates=aside)
    notes = read(path, set_aside_bad_dates=True, dates_checked=True).ledger.notes
    assert any("sheet missing: column D mixes 1 date cells and 1 dates" in note and "swapped" in note for note in notes)
    # nothing shows a swap where a date cell has a day after the 12th
    with_cells(path, "missing", {"D3": dt.datetime(2022, 3, 14)})
    assert read(path, set_aside_bad_dates=True).ledger.notes


def test_swapped_days_of_lists_staff_and_mapped_files_are_refused_too(tmp_path):
    def book(name, lines):
        made = openpyxl.Workbook()
        for line in lines:
            made.active.append(line)
        made.save(tmp_path / name)
        return tmp_path / name

    day = dt.datetime(2022, 3, 4)
    columns = ["URN", "Provision type", "Registration date"]
    listed = book("list.xlsx", [columns, ["SC1", "Children's Home", day], ["SC2", "Children's Home", "25/06/2022"]])
    with pytest.raises(ImportFault, match="in REGISTRATION DATE the date cells"):
        read_ofsted_list(listed, list_date="2024-03-31")
    assert len(read_ofsted_list(listed, list_date="2024-03-31", dates_checked=True).frame) == 2
    columns = ["URN", "Staff ID", "Start date", "End date", "Employment"]
    rows = [["SC1", "s1", day, "", "Permanent"], ["SC1", "s2", "25/06/2022", "", "Permanent"]]
    staff = book("staff.xlsx", [columns, *rows])
    with pytest.raises(ImportFault, match="in START DATE the date cells"):
        read_staffing(staff)
    assert len(read_staffing(staff, dates_checked=True)[0].frame) == 2
    mapping = tmp_path / "m.toml"
    text = '[[tables]]\ntable = "interviews"\nfile = "staff.xlsx"\nCHECKED\n[tables.columns.sequence]\ncount = true\n'
    text += '[tables.columns.child_id]\nfrom = "Staff ID"\n[tables.columns.episode_start_date]\nfrom = "Start date"\n'
    mapping.write_text(text.replace("CHECKED", ""))
    with pytest.raises(ImportFault, match="in START DATE the date cells"):
        read_mapped(read_mapping(mapping))
    mapping.write_text(text.replace("CHECKED", "dates_checked = true"))
    assert len(read_mapped(read_mapping(mapping))[0].frame) == 2


def test_formulas_give_the_value_that_was_saved(tmp_path):
    path = to_workbook(write_return(tmp_path, missing=[{"MISSING": "A"}, {"MIS_START": "20/06/2022", "MIS_END": ""}]))
    with_cells(path, "missing", {"C2": '=UPPER("m")', "E3": '=IF(D3="","x","")'})
    with pytest.raises(
        ImportFault, match=r"formulas were saved without their values: missing!C2, missing!E3"
    ) as caught:
        read(path)
    assert "save it" in caught.value.remedy

    def calculated(xml):
        # Excel marks text results, blank ones too, with t="str".
        # an empty value is written in one tag or in two, as the writer has lxml or not
        xml = xml.replace("<v></v>", "<v />").replace("<v/>", "<v />")
        xml = xml.replace('<c r="C2"><f>UPPER("m")</f><v />', '<c r="C2" t="str"><f>UPPER("m")</f><v>M</v>')
        return xml.replace('<c r="E3"><f>', '<c r="E3" t="str"><f>')

    edit_sheet(path, "sheet3", calculated)
    imported = read(path)
    assert absences(imported) == [
        ("2022-06-10", "2022-06-12", 0, "M", False),
        ("2022-06-20", None, 0, "M", False),
    ]


def test_a_failed_formula_is_no_child(tmp_path):
    path = to_workbook(write_return(tmp_path, missing=[{}, {}]))
    with_cells(path, "missing", {"A3": "#REF!"})
    with pytest.raises(ImportFault, match=r"sheet missing: CHILD holds #REF!, a failed formula, in 1 rows; first: 3"):
        read(path)
    with_cells(path, "missing", {"A3": "c1", "E3": "#N/A", "B3": "#REF!"})
    assert absences(read(path))[0][1] is None  # #N/A is a blank; DOB is not read from this table


def test_sheets_blank_rows_titles_and_margins(tmp_path):
    path = to_workbook(write_return(tmp_path, missing=[{"MISSING": "X"}]))
    book = openpyxl.load_workbook(path)
    book["missing"].insert_rows(1, 2)
    book["missing"].insert_rows(4)
    book["missing"]["H5"] = "checked by hand"
    book["missing"].sheet_state = "hidden"
    book.create_sheet("Reviews").append(["CHILD", "DOB", "REVIEW"])
    book.create_sheet("Empty")
    book.save(path)
    imported = read(path)
    frame = imported.ledger.frame.query("table == 'missing'")
    assert frame[["file", "row"]].to_numpy().tolist() == [["return.xlsx, sheet missing", 5]]
    assert fates(imported, "missing", 1) == [("set_aside", "mis_bad_type")]
    assert (
        "return.xlsx, sheet missing: cells right of the last column name left unread, in rows 5"
        in imported.ledger.notes
    )
    assert "files left unread: return.xlsx, sheet Reviews, return.xlsx, sheet Empty" in imported.ledger.notes


def test_the_workbooks_name_claims_no_table(tmp_path):
    folder = write_return(tmp_path).rename(tmp_path / "missing and episodes 2022-23")
    path = to_workbook(folder)
    book = openpyxl.load_workbook(path)
    book.create_sheet("Reviews").append(["CHILD", "DOB", "REVIEW"])
    book.save(path)
    assert len(read(path).tables["children"]) == 2
    with_cells(path, "episodes", {"B1": "START"})
    with pytest.raises(ImportFault, match=r"sheet episodes should be the episodes table but lacks the column DECOM"):
        read(path)


def test_a_wrong_size_in_the_file_cuts_nothing_off(tmp_path):
    path = to_workbook(write_return(tmp_path, missing=[{}, {"MIS_START": "20/06/2022", "MIS_END": "20/06/2022"}]))
    edit_sheet(path, "sheet3", lambda xml: xml.replace('<dimension ref="A1:E3"', '<dimension ref="A1:B2"'))
    assert len(absences(read(path))) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<row r="3"', '<row r="99999999999"'),
        ("</sheetData>", ""),
        ("<worksheet", '<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet'),
        ('<row r="3"', '<row r="2"'),
    ],
)
def test_damaged_sheets(tmp_path, old, new):
    path = to_workbook(write_return(tmp_path, missing=[{}, {}]))
    edit_sheet(path, "sheet3", lambda xml: xml.replace(old, new))
    with pytest.raises(ImportFault, match=r"return\.xlsx: the workbook cannot be read") as caught:
        read(path)
    assert caught.value.remedy == "open it in Excel and save it again"


def test_workbooks_without_a_sheet_or_behind_a_password(tmp_path):
    path = to_workbook(write_return(tmp_path))
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    parts["xl/workbook.xml"] = re.sub(rb"<sheet .*?/>", b"", parts["xl/workbook.xml"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(ImportFault, match=r"return\.xlsx: the workbook cannot be read"):
        read(path)
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600)
    with pytest.raises(ImportFault, match="locked with a password"):
        read(path)


def filled(grid):
    """Cells that hold something, by place, and what is told."""
    cells = [(row, at, cell) for row, line in enumerate(grid.lines) for at, cell in enumerate(line) if cell]
    return cells, grid.name, grid.digest, grid.notes, grid.swapped


def test_what_calamine_reads_is_what_openpyxl_reads(tmp_path, monkeypatch):
    """Text and number ids, leading zeros, booleans, days of both systems, times, merged and hidden cells."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "number", "day", "flag", "time", "moment"])
    sheet.append(["00123", 123456789012345, dt.datetime(2023, 4, 1), True, dt.time(8, 30), dt.datetime(2023, 4, 1, 8)])
    sheet.append([" 007 ", 12.5, dt.date(9999, 12, 31), False, None, "01/04/2023"])
    sheet["A6"], sheet["D9"] = "merged", "far"
    sheet.merge_cells("A6:B7")
    hidden = book.create_sheet("hidden")
    hidden.sheet_state, hidden["B3"] = "hidden", "here"
    for name, epoch in (("a", CALENDAR_WINDOWS_1900), ("b", CALENDAR_MAC_1904)):
        book.epoch = epoch
        book.save(tmp_path / f"{name}.xlsx")
        fast = read_workbook(tmp_path / f"{name}.xlsx")
        with monkeypatch.context() as patch:
            patch.setattr(workbook, "_fast_cells", lambda content: None)
            slow = read_workbook(tmp_path / f"{name}.xlsx")
        assert [filled(grid) for grid in fast] == [filled(grid) for grid in slow]
        assert fast[0].lines[1] == ["00123", "123456789012345", "01/04/2023", "True", "08:30:00", "01/04/2023 08:00:00"]


@pytest.mark.parametrize("cell", [1234567890123456, "#REF!"])
def test_what_calamine_would_lose_goes_to_openpyxl(tmp_path, cell):
    book = openpyxl.Workbook()
    book.active.append(["CHILD"])
    book.active.append([cell])
    book.save(tmp_path / "a.xlsx")
    (grid,) = read_workbook(tmp_path / "a.xlsx")
    assert grid.lines[1] == [str(cell)]


ROW_1 = '<row r="1"><c r="A1" t="inlineStr"><is><t>CHILD</t></is></c></row>'
ERROR = "<row r='2'><c r = 'A2' t = 'e'><v>#N/A</v></c></row>"
FORMULA = '<row r="2"><c r="A2"><f>1+1</f></c></row>'


def with_sheet(tmp_path, rows, *, part="xl/worksheets/sheet1.xml", encoding="utf-8"):
    """A workbook whose one sheet has this XML, in the part and encoding that are named."""
    openpyxl.Workbook().save(tmp_path / "plain.xlsx")
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<?xml version="1.0" encoding="{encoding}"?><worksheet xmlns="{space}"><sheetData>{rows}</sheetData>'
    sheet += "</worksheet>"
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as held, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name in held.namelist():
            content = held.read(name).replace(b"xl/worksheets/sheet1.xml", part.encode())
            here = name == "xl/worksheets/sheet1.xml"
            made.writestr(part if here else name, sheet.encode(encoding) if here else content)
    return path


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sheets/other.xml", "xl/Worksheets/one"])
def test_what_a_sheet_hides_is_found_wherever_it_stands(tmp_path, part):
    (grid,) = read_workbook(with_sheet(tmp_path, ROW_1 + ERROR, part=part))
    assert grid.lines == [["CHILD"], ["#N/A"]]
    with pytest.raises(ImportFault, match="saved without their values: Sheet!A2"):
        read_workbook(with_sheet(tmp_path, ROW_1 + FORMULA, part=part))


@pytest.mark.parametrize(
    ("rows", "encoding", "said"),
    [
        (ROW_1 + FORMULA, "utf-16", "a sheet is not in UTF-8"),
        (ROW_1 + "<row r='3'><c r='A3'><v>3</v></c></row><row r='2'><c r='A2'><v>2</v></c></row>", "utf-8", "rows out"),
        (ROW_1 + '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>', "utf-8", "cells out of order"),
        (ROW_1 + "<row/>" * 9 + '<row r="2"><c r="A2"><v>1</v></c></row>', "utf-8", "rows out of order"),
        (ROW_1 + '<row r="2"><c r="B2"><v>1</v></c><c><v>2</v></c></row>', "utf-8", "name no place"),
        (
            ROW_1 + '<row r = "2"><c r = "A2"><v>1</v></c><c r\n=\t"A2"><v>2</v></c></row>',
            "utf-8",
            "cells out of order",
        ),
        (ROW_1 + '<row r="2"><c r="ZZZ2"><v>1</v></c></row>', "utf-8", "beyond a sheet's last row or column"),
        (ROW_1 + '<row r="2"><c r="A9999999"><v>1</v></c></row>', "utf-8", "beyond a sheet's last row or column"),
        (ROW_1 + '<row r="2"><c r="ZZZZZ2"><v>1</v></c></row>', "utf-8", "name no place"),
        (
            ROW_1 + "".join(f'<row r="{n}"><c r="XFD{n}"><v>{n * n}</v></c></row>' for n in range(2, 400)),
            "utf-8",
            "stand right of 6,5",
        ),
    ],
)
def test_sheets_of_which_a_reader_would_keep_only_some(tmp_path, capfd, rows, encoding, said):
    with pytest.raises(ImportFault, match=said):
        read_workbook(with_sheet(tmp_path, rows, encoding=encoding))
    assert capfd.readouterr().err == ""  # no backtrace of a library in another language


def test_of_two_sheets_of_one_name_none_is_lost_in_silence(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "header"
    book.active["A1"], book.create_sheet("other")["A1"] = "first", "second"
    book.save(tmp_path / "plain.xlsx")
    for careful in (False, True):
        with (
            zipfile.ZipFile(tmp_path / "plain.xlsx") as held,
            zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as made,
        ):
            for name in held.namelist():
                part = held.read(name).replace(b'name="other"', b'name="header"')
                made.writestr(name, part.replace(b"<sheetData>", b"<!-- careful --><sheetData>") if careful else part)
        with pytest.raises(ImportFault, match="two sheets are called header"):
            read_workbook(tmp_path / "a.xlsx")


@pytest.mark.parametrize("row", ["<row r='1048576'>", '<row r="1048576">', "<row>"])
def test_a_cell_far_out_costs_no_more_than_itself(tmp_path, row):
    number = "2" if row == "<row>" else "1048576"  # where no number is told, rows follow each other
    (grid,) = read_workbook(with_sheet(tmp_path, f"{ROW_1}{row}<c r='XFD{number}'><v>7</v></c></row>"))
    assert grid.lines[0] == ["CHILD"]
    assert grid.lines[int(number) - 1][-1] == "7"


def test_the_careful_reader_takes_what_names_no_place_or_another_encoding(tmp_path):
    (grid,) = read_workbook(with_sheet(tmp_path, "<row><c><v>1</v></c><c><v>2</v></c></row>"))
    assert grid.lines == [["1", "2"]]
    named = ROW_1.replace("CHILD", "caf\u00e9")
    (grid,) = read_workbook(with_sheet(tmp_path, named, encoding="iso-8859-1"))
    assert grid.lines == [["caf\u00e9"]]


def test_a_sparse_sheet_is_not_filled(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1000000"] = "a", "b"
    book.save(tmp_path / "a.xlsx")
    assert workbook._needs_care(tmp_path / "a.xlsx", (tmp_path / "a.xlsx").read_bytes())

"""The sheets of an Excel workbook as text cells: cached values of formulas, true dates as DD/MM/YYYY.

Calamine reads fast, and knows neither formulas nor errors (both are blank there) nor whole numbers above fifteen digits
(all its numbers are floats), and fills the empty area of a sparse sheet. Workbooks with any of these go to openpyxl,
and so does what ``sheet_layout`` cannot see through.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import io
import os
import re
import sys
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import python_calamine
from openpyxl.utils import get_column_letter

from missingmodels.errors import ImportFault, MissingModelsError
from missingmodels.extract.ledger import FAULTS_SHOWN
from missingmodels.extract.readers.dates import DATE_PATTERN
from missingmodels.extract.readers.sheet_layout import MAX_ROWS, is_sheet, layout_of
from missingmodels.extract.readers.source_table import Grid
from missingmodels.extract.readers.zip_files import open_archive
from missingmodels.provenance import digest_bytes

WORKBOOKS = (".xlsx", ".xlsm")
OLD_FORMAT = bytes.fromhex("d0cf11e0a1b11ae1")
SINCE_1904 = rb"<(?:[\w.-]+:)?workbookPr\b[^>]*?\sdate1904\s*=\s*['\"](?:1|true)['\"]"
EXACT = 1e15  # whole numbers below it are the same as floats, and as Excel keeps them


def read_workbook(path: Path) -> list[Grid]:
    """All worksheets, hidden ones too, in their order; named ``workbook.xlsx, sheet title``.

    Raises ImportFault if the workbook is damaged or too large, or if a formula was saved without its value:
    what it shows in Excel would silently become a blank.
    """
    content = path.read_bytes()
    if content.startswith(OLD_FORMAT):
        raise ImportFault(
            "the workbook is locked with a password, or is an .xls under another name",
            where=path.name,
            remedy="save it from Excel as .xlsx without a password",
        )
    careful = _needs_care(path, content)
    try:
        # Its warnings are about styles and drop-down lists; cells are judged here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sheets = None if careful else _fast_cells(content)
            if sheets is None:
                typed = _cells(content, values=True)
                _require_values(typed, _cells(content, values=False), where=path.name)
                sheets = {title: [[value for value, _ in line] for line in lines] for title, lines in typed.items()}
            if not sheets:
                raise ValueError("it has no worksheet")
            since_1904 = _since_1904(content, where=path.name)
            return [
                dataclasses.replace(_grid(path, content, title, lines), since_1904=since_1904)
                for title, lines in sheets.items()
            ]
    except MissingModelsError:
        raise
    except Exception as error:
        # openpyxl lets every kind of exception out of a damaged file; all of them mean the same here.
        raise _damaged(path, error) from error


def _needs_care(path: Path, content: bytes) -> bool:
    """Whether calamine would lose anything of a sheet, wherever in the archive it stands, or fill too much of it."""
    careful, cells = False, 0
    with open_archive(content, where=path.name) as archive:
        for info in archive.infolist():
            try:
                part = archive.read(info)
                layout = layout_of(part, name=info.filename, already=cells) if is_sheet(part, info.filename) else None
            except Exception as error:
                raise _damaged(path, error) from error
            if layout is not None:
                cells += layout.cells
                careful |= layout.careful
    return careful


def _since_1904(content: bytes, *, where: str) -> bool:
    """Whether the workbook's numbers count days from 1904, as those of old Macs do."""
    with open_archive(content, where=where) as archive:
        names = [info for info in archive.infolist() if info.filename == "xl/workbook.xml"]
        return any(re.search(SINCE_1904, archive.read(info)) for info in names)


def _fast_cells(content: bytes) -> dict[str, list[list[Any]]] | None:
    """Values of every cell, by sheet title and line; None where a number is too long for a float, or it cannot be read.

    What calamine cannot read openpyxl may, and if not its error is the one told.
    """
    try:
        with _silent(), python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            sheets = _by_title(
                (each.name, book.get_sheet_by_name(each.name).to_python(skip_empty_area=False))
                for each in book.sheets_metadata
                if each.typ == python_calamine.SheetTypeEnum.WorkSheet
            )
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:  # a panic in its Rust code is no Exception
        return None
    every = (value for lines in sheets.values() for line in lines for value in line)
    long = any(isinstance(value, float) and abs(value) >= EXACT for value in every)
    return None if long else {title: [[*line] for line in lines] for title, lines in sheets.items()}


def _by_title[Lines](sheets: Iterable[tuple[str, Lines]]) -> dict[str, Lines]:
    """Sheets by title. Raises ValueError where two have the same, as no program that writes workbooks allows."""
    held: dict[str, Lines] = {}
    for title, lines in sheets:
        if title in held:
            raise ValueError(f"two sheets are called {title}")
        held[title] = lines
    return held


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without what a panic in Rust code writes to the process's standard error, which no Python code sees."""
    sys.stderr.flush()
    held = os.dup(2)
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(held, 2)
        os.close(held)


def _damaged(path: Path, error: Exception) -> ImportFault:
    what = "" if isinstance(error, zipfile.BadZipFile) else f"{type(error).__name__}: "
    return ImportFault(
        f"the workbook cannot be read ({what}{error})", where=path.name, remedy="open it in Excel and save it again"
    )


def _cells(content: bytes, *, values: bool) -> dict[str, list[list[tuple[Any, str]]]]:
    """Value and type of every cell, by sheet title and line. ``values`` takes a formula's cached value."""
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=values, keep_links=False)
    try:
        return _by_title((sheet.title, list(_lines(sheet))) for sheet in book.worksheets)
    finally:
        book.close()


def _lines(sheet: Any) -> Iterator[list[tuple[Any, str]]]:
    # Programs that write workbooks often leave a wrong size in them, which would cut the sheet off.
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number > MAX_ROWS:
            raise ValueError(f"sheet {sheet.title} has a row beyond {MAX_ROWS:,}")
        yield [(cell.value, cell.data_type) for cell in row]


def _require_values(sheets: dict[str, list[Any]], formulas: dict[str, list[Any]], *, where: str) -> None:
    """A formula whose result is blank text is saved as text; one never calculated has no value and no type."""
    lacking = [
        f"{title}!{get_column_letter(column)}{row}"
        for title, lines in formulas.items()
        for row, line in enumerate(lines, start=1)
        for column, (_, kind) in enumerate(line, start=1)
        if kind == "f"
        and sheets[title][row - 1][column - 1][0] is None
        and sheets[title][row - 1][column - 1][1] == "n"
    ]
    if lacking:
        more = f", … (first {FAULTS_SHOWN} of {len(lacking)})" if len(lacking) > FAULTS_SHOWN else ""
        raise ImportFault(
            f"formulas were saved without their values: {', '.join(lacking[:FAULTS_SHOWN])}{more}",
            where=where,
            remedy="open the workbook in Excel or LibreOffice and save it, or replace the formulas by values",
        )


def _grid(path: Path, content: bytes, title: str, lines: list[list[Any]]) -> Grid:
    name = f"{path.name}, sheet {title}"
    text = [[_text(value) for value in line] for line in lines]
    mixed = list(_mixed_dates(lines, text))
    return Grid(
        name=name,
        label=title,
        encoding="workbook",
        digest=digest_bytes(content),
        lines=text,
        notes=tuple(f"{name}: {note}" for _, note, _ in mixed),
        swapped=tuple(column for column, _, swapped in mixed if swapped),
    )


def _text(value: Any) -> str:
    """Whole numbers without ``.0``; dates as the return writes them, with the time if there is one.

    A date with a time is left for the reader of the column to refuse: cutting it would change the data.
    """
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        clock = "" if value.time() == dt.time() else f" {value:%H:%M:%S}"
        return f"{value.day:02d}/{value.month:02d}/{value.year:04d}{clock}"
    if isinstance(value, dt.date):
        return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()


def _mixed_dates(lines: list[list[Any]], text: list[list[str]]) -> Iterator[tuple[int, str, bool]]:
    """Columns that hold both true dates and dates as text: place, a note, and whether day and month may be swapped.

    An American Excel turns 03/04/2022 into the 4th of March and leaves 25/04/2022 as text: then no true date
    has a day after the 12th and every text date has.
    """
    true: dict[int, list[int]] = {}
    written: dict[int, list[int]] = {}
    for line, words in zip(lines, text, strict=True):
        for column, (value, word) in enumerate(zip(line, words, strict=True)):
            if isinstance(value, dt.date):
                true.setdefault(column, []).append(value.day)
            elif isinstance(value, str) and re.match(DATE_PATTERN, word):
                written.setdefault(column, []).append(int(word[:2]))
    for column in sorted(true.keys() & written.keys()):
        days, texts = true[column], written[column]
        note = f"column {get_column_letter(column + 1)} mixes {len(days)} date cells and {len(texts)} dates as text"
        swapped = max(days) <= 12 < min(texts)
        if swapped:
            note += ", parted at the 12th of the month: day and month may have been swapped, check them"
        yield column, note, swapped

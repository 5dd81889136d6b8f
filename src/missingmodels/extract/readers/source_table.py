"""What every kind of container is read into: lines of text cells, and tables with named columns.

Knows no column's meaning. A *grid* is a CSV file or a sheet as it stands; a *source table* is one of which a line
names the columns: the first that holds most of the names its reader knows, else the first that is not blank.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.readers.cells import visible_text
from missingmodels.extract.readers.dates import SERIAL_1904, Form

HEADER_WITHIN = 20  # lines in which the column names must stand; published lists have three of title
# Uncompressed bytes of one container. A national pool of five years stays well below; a decompression bomb does not.
MAX_BYTES = 512 * 2**20
# Named columns of one table. The widest published list has some sixty; time grows with the square of their number.
MAX_COLUMNS = 5_000


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Lines of cells as text, all of them, blank ones too, so that a line's place is its row in a spreadsheet.

    Attributes
    ----------
    name : what the user finds it by, with its container: ``return.xlsx, sheet episodes``
    label : its own name without the container, by which it may claim to be a table
    digest : of the bytes that hold it
    notes : what a reader should know of it as a whole
    swapped : places of columns in which a spreadsheet seems to have swapped day and month
    since_1904 : whether its workbook says that serial numbers count days from 1904
    """

    name: str
    label: str
    encoding: str
    digest: str
    lines: list[list[str]]
    notes: tuple[str, ...] = ()
    swapped: tuple[int, ...] = ()
    since_1904: bool = False


@dataclass(frozen=True, kw_only=True)
class SourceTable:
    """A grid with named columns; name, label, digest, notes and ``since_1904`` are the grid's.

    Attributes
    ----------
    frame : text columns named in capitals, cells without outer space, and ``row``, as a spreadsheet counts
    repeated : column names that occur more than once; only the first of each is in ``frame``
    unit : what ``row`` counts: a spreadsheet's rows, or the elements of one name in an XML file
    swapped : columns in which a spreadsheet seems to have swapped day and month
    """

    name: str
    label: str
    encoding: str
    digest: str
    frame: pd.DataFrame
    repeated: tuple[str, ...] = ()
    unit: str = "row"
    notes: tuple[str, ...] = ()
    swapped: tuple[str, ...] = ()
    since_1904: bool = False

    @property
    def serial(self) -> Form | None:
        """The form of its serial numbers where the file itself says it."""
        return SERIAL_1904 if self.since_1904 else None

    @property
    def columns(self) -> list[str]:
        """Names of the columns, the row's number not among them."""
        return [name for name in self.frame.columns if name != "row"]


def header_at(lines: Sequence[Sequence[str]], names: Collection[str] = ()) -> int:
    """Place of the line that names the columns.

    Of the first lines the one with the most of ``names`` (in capitals), if one has two or more; else the first that is
    not blank. Titles above the names are common in what people export.
    """
    known = frozenset(names)
    held = [len({column_name(cell, known) for cell in line} & known) for line in lines[:HEADER_WITHIN]]
    if held and max(held) >= 2:
        return held.index(max(held))
    return next((at for at, line in enumerate(lines) if any(line)), 0)


def column_name(cell: str, names: Collection[str] = ()) -> str:
    """A column's name as tables have it: in capitals, with single spaces, without what cannot be seen.

    One of the known ``names`` that is written with spaces or hyphens for underlines is that name.
    """
    plain = " ".join(visible_text(cell).split()).upper()
    joined = re.sub(r"[\s_-]+", "_", plain)
    return joined if plain not in names and joined in names else plain


def title_notes(name: str, lines: Sequence[Sequence[str]], at: int) -> list[str]:
    """A note on lines above the column names that hold something; what they hold may name a child."""
    above = [row for row, line in enumerate(lines[:at], start=1) if any(line)]
    return [f"{name}: lines above the column names left unread: rows {_listing(above)}"] if above else []


def table_of(grid: Grid, *, comma_separated: bool, names: Collection[str] = ()) -> SourceTable:
    """The grid as a table; ``names`` are the column names that its reader knows, in capitals.

    Where commas separate, values beyond the last column name mean that one has shifted the row: ImportFault.
    In a sheet they are notes in the margin; the table's notes say that they were left.
    """
    at = header_at(grid.lines, names)
    titles = title_notes(grid.name, grid.lines, at)
    names = [column_name(cell, names) for cell in (grid.lines[at] if grid.lines else [])]
    while names and not names[-1] and not comma_separated:
        names.pop()  # a sheet's lines are as wide as its widest
    require_few(names, where=grid.name)
    # Blank lines are no records, but they count in a spreadsheet's row numbers.
    records = [(row, values) for row, values in enumerate(grid.lines[at + 1 :], start=at + 2) if any(values)]
    beyond = [row for row, values in records if any(values[len(names) :])]
    if beyond and comma_separated:
        raise ImportFault(
            f"{len(beyond)} rows have more values than the header has names; first rows: {_listing(beyond)}",
            where=grid.name,
            remedy="put values that hold the separator into quotation marks and export again; if the names of the "
            "columns are not in the first line, delete what stands above them",
        )
    margin = [f"{grid.name}: cells right of the last column name left unread, in rows {_listing(beyond)}"]
    place = {name: at for at, name in reversed(list(enumerate(names))) if name}
    columns = {
        name: [_at(values, at) for _, values in records] for name, at in sorted(place.items(), key=lambda p: p[1])
    }
    return SourceTable(
        name=grid.name,
        label=grid.label,
        encoding=grid.encoding,
        digest=grid.digest,
        frame=frame_of(columns, [row for row, _ in records]),
        repeated=tuple(name for name in place if names.count(name) > 1),
        notes=(*grid.notes, *titles, *(margin if beyond else [])),
        swapped=tuple(name for name, position in place.items() if position in grid.swapped),
        since_1904=grid.since_1904,
    )


def require_few(names: Sequence[str], *, where: str) -> None:
    """Raise ImportFault for more columns than any table has."""
    if len(names) > MAX_COLUMNS:
        raise ImportFault(
            f"it has {len(names):,} columns, more than the {MAX_COLUMNS:,} allowed",
            where=where,
            remedy="leave those out that no table needs; rows and columns may have been exchanged",
        )


def require_unswapped(table: SourceTable, columns: Iterable[str], *, checked: bool) -> None:
    """Raise ImportFault if a spreadsheet seems to have swapped day and month in columns of dates.

    An American Excel that opens 03/04/2022 takes it for the 4th of March and leaves 25/04/2022 as text. No single cell
    shows it, so a column that is parted in this way is refused unless somebody has ``checked`` it.
    """
    bad = [name for name in table.swapped if name in set(columns)]
    if bad and not checked:
        raise ImportFault(
            f"in {', '.join(bad)} the date cells all lie before the 13th of a month and the dates written as text all "
            "after the 12th: a spreadsheet has probably swapped day and month in the former",
            where=table.name,
            remedy="export the dates again as text, DD/MM/YYYY; if they are right as they stand, say so with "
            "--dates-checked (in a mapping: dates_checked = true)",
        )


def frame_of(columns: dict[str, list[str]], rows: list[int]) -> pd.DataFrame:
    """The frame of a source table: text columns of equal length and ``row``."""
    frame = pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in columns.items()})
    frame["row"] = pd.Series(rows, dtype="int64")
    return frame


def _at(values: list[str], position: int) -> str:
    return values[position] if position < len(values) else ""


def _listing(rows: list[int]) -> str:
    return ", ".join(map(str, rows[:10]))

"""What every kind of container is read into: lines of text cells, and tables with named columns.

Knows no column's meaning. A *grid* is a CSV file or a sheet as it stands; a *source table* is one whose first
line that is not blank names its columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from missingmodels.errors import ImportFault

BLANKS = ("", "-", "#N/A")
# Uncompressed bytes of one container. A national pool of five years stays well below; a decompression bomb does not.
MAX_BYTES = 512 * 2**20


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
    """

    name: str
    label: str
    encoding: str
    digest: str
    lines: list[list[str]]
    notes: tuple[str, ...] = ()
    swapped: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceTable:
    """A grid with named columns; name, label, digest and notes are the grid's.

    Attributes
    ----------
    frame : text columns named in capitals, blanks as "", and ``row``, as a spreadsheet counts (header 1)
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

    @property
    def columns(self) -> list[str]:
        return [name for name in self.frame.columns if name != "row"]


def table_of(grid: Grid, *, comma_separated: bool) -> SourceTable:
    """The grid as a table.

    Where commas separate, values beyond the last column name mean that one has shifted the row: ImportFault.
    In a sheet they are notes in the margin; the table's notes say that they were left.
    """
    at, line = next(((n, line) for n, line in enumerate(grid.lines) if any(line)), (0, []))
    names = [name.upper() for name in line]
    # Blank lines are no records, but they count in a spreadsheet's row numbers.
    records = [(row, clean(line)) for row, line in enumerate(grid.lines[at + 1 :], start=at + 2)]
    records = [(row, values) for row, values in records if any(values)]
    beyond = [row for row, values in records if any(values[len(names) :])]
    if beyond and comma_separated:
        raise ImportFault(
            f"{len(beyond)} rows have more values than the header has names; first rows: {_listing(beyond)}",
            where=grid.name,
            remedy="put values that hold a comma into quotation marks and export again",
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
        notes=(*grid.notes, *(margin if beyond else [])),
        swapped=tuple(name for name, position in place.items() if position in grid.swapped),
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


def clean(values: list[str]) -> list[str]:
    """Cells without space around them, and what stands for a blank as one."""
    stripped = [value.strip() for value in values]
    return ["" if value.upper() in BLANKS else value for value in stripped]


def _at(values: list[str], position: int) -> str:
    return values[position] if position < len(values) else ""


def _listing(rows: list[int]) -> str:
    return ", ".join(map(str, rows[:10]))

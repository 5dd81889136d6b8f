"""How the XML of a worksheet is laid out, judged before a library reads it: what that would lose, skip or fill.

What is told by patterns here is exact for what spreadsheets write. What is written otherwise (no places, other
encodings, a document type) is left to the careful reader or refused, never taken for empty.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

SHEET = rb"<(?:[\w.-]+:)?worksheet[\s>/]"
ROW = rb"<(?:[\w.-]+:)?row(?=[\s>/])[^>]*"
ROW_NUMBER = rb"\sr\s*=\s*[\"'](\d{1,18})[\"']"
CELL = rb"<(?:[\w.-]+:)?c[\s>/]"
CELL_PLACE = rb"<(?:[\w.-]+:)?c\b[^>]*?\sr\s*=\s*[\"']([A-Z]{1,3})([1-9]\d{0,6})[\"']"
FORMULA = rb"<(?:[\w.-]+:)?f[\s>/]"
ERROR = rb"<(?:[\w.-]+:)?c\b[^>]*?\st\s*=\s*[\"']e[\"']"
TWO_BYTES = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")  # how XML in UTF-16 begins
OTHER_ENCODING = rb"\s*<\?xml[^>]*?\sencoding=[\"'](?!utf-8[\"'])"
MAX_ROWS, MAX_WIDTH = 2**20, 2**14  # a sheet's last row and column in Excel; a damaged place could claim any
MAX_CELLS = 20_000_000
FEW_CELLS, SPARSE = 1_000_000, 40
MAX_FILLED = 5_000_000  # empty cells before others in their rows, which the careful reader makes one by one


@dataclass(frozen=True)
class Layout:
    """Number of cells, and whether they need the careful reader."""

    cells: int
    careful: bool


def is_sheet(part: bytes, name: str) -> bool:
    """Whether a part of a workbook is a sheet, wherever it stands. Raises ValueError for one of two bytes a sign."""
    if part.startswith(TWO_BYTES) and re.search(SHEET, part.replace(b"\0", b"")):
        raise ValueError("a sheet is not in UTF-8")
    return name.startswith("xl/worksheets/") or re.search(SHEET, part) is not None


def layout_of(part: bytes, *, name: str, already: int) -> Layout:
    """The layout of a sheet's XML, of a workbook with ``already`` so many cells before it.

    Raises ValueError for too many cells, and for rows and cells out of order, of which a reader keeps only some.
    """
    cells = sum(1 for _ in re.finditer(CELL, part))
    if already + cells > MAX_CELLS:
        raise ValueError(f"more than {MAX_CELLS:,} cells")
    rows, numbered = _rows(part)
    if any(later <= earlier for earlier, later in itertools.pairwise(rows)):
        raise ValueError(f"rows out of order in {name}")
    placed, last, width, filled = 0, (0, 0), 0, 0
    for found in re.finditer(CELL_PLACE, part):
        place = (int(found[2]), _column(found[1]))
        if place <= last:
            raise ValueError(f"cells out of order in {name}: {found[1].decode()}{place[0]}")
        if place[0] != last[0]:
            filled += last[1]
        placed, last, width = placed + 1, place, max(width, place[1])
    if max([last[0], *rows[-1:]]) > MAX_ROWS or width > MAX_WIDTH:
        raise ValueError(f"a place beyond a sheet's last row or column in {name}")
    if filled + last[1] - placed > MAX_FILLED:
        raise ValueError(f"cells of {name} stand right of {filled + last[1] - placed:,} empty ones")
    if 0 < placed < cells:
        raise ValueError(f"some cells of {name} name no place that a sheet has, and others do")
    area = last[0] * width
    marks = any(re.search(pattern, part) for pattern in (FORMULA, ERROR, b"<!"))
    unplaced = placed < cells or not numbered
    sparse = area > FEW_CELLS and placed * SPARSE < area
    return Layout(
        cells, careful=marks or unplaced or sparse or re.match(OTHER_ENCODING, part, re.IGNORECASE) is not None
    )


def _rows(part: bytes) -> tuple[list[int], bool]:
    """The number of every row, that after the one before it where it tells none, and whether all tell theirs."""
    rows: list[int] = []
    numbered = True
    for found in re.finditer(ROW, part):
        own = re.search(ROW_NUMBER, found[0])
        numbered &= own is not None
        rows.append(int(own[1]) if own else (rows[-1] if rows else 0) + 1)
    return rows, numbered


def _column(letters: bytes) -> int:
    """A column's number, from 1."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number

"""A plain CSV file to a source table by whole columns; what is not plain is left to the reader that goes cell by cell.

Plain means: no quotation mark, no lone carriage return, no control characters. Then a separator always separates and
a line is always a record, and both ways give the same table, which a test checks.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from missingmodels.errors import InputError
from missingmodels.extract.readers.csv_files import DECLARED, csv_grid, decode, separator_notes, separator_of
from missingmodels.extract.readers.source_table import (
    HEADER_WITHIN,
    SourceTable,
    column_name,
    header_at,
    require_few,
    table_of,
    title_notes,
)
from missingmodels.provenance import digest_bytes

SMALL = 20_000  # bytes: below it nothing is won
# A quotation mark, a lone carriage return, and what Python takes for space at a cell's end but Arrow may not.
UNPLAIN = ('"', "\r", "\0", *map(chr, (*range(0x0B, 0x0D), *range(0x1C, 0x20), 0x85)))
BEGINNING = 65_536  # bytes that hold the column names


def read_csv_folder(folder: Path, names: Collection[str] = ()) -> list[SourceTable]:
    """All CSV files directly in a folder, in order of name; ``names`` as in ``table_of``.

    Raises InputError if it holds no CSV file, ImportFault if a file cannot be read as CSV.
    """
    remedy = "name the folder that holds the return's CSV files, or the .zip, .xlsx or .xml file itself"
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith((".", "~$")))
    if not paths:
        raise InputError("the folder holds no files", where=str(folder), remedy=remedy)
    chosen = [path for path in paths if path.suffix.lower() == ".csv"]
    if not chosen:
        held = ", ".join(path.name for path in paths[:5]) + (", …" if len(paths) > 5 else "")
        raise InputError(f"the folder holds no CSV file, only {held}", where=str(folder), remedy=remedy)
    return [csv_table(path.read_bytes(), name=path.name, label=path.name, names=names) for path in chosen]


def csv_columns(path: Path, names: Collection[str] = ()) -> list[str]:
    """The column names of a CSV file, from its beginning alone. Raises ImportFault as ``csv_grid``."""
    with path.open("rb") as stream:
        head = stream.read(BEGINNING)
    if len(head) == BEGINNING:
        head = head[: head.rfind(b"\n") + 1] or head
    text, _ = decode(head, where=path.name)
    lines = [[cell.strip(' "') for cell in line.split(separator_of(text))] for line in _first_lines(text)]
    return [column_name(cell, names) for cell in lines[header_at(lines, names)]]


def csv_table(content: bytes, *, name: str, label: str, names: Collection[str] = (), small: int = SMALL) -> SourceTable:
    """The table in a CSV file. Raises ImportFault as ``csv_grid`` and ``table_of``."""
    if len(content) >= small:
        text, encoding = decode(content, where=name)
        text = text.replace("\r\n", "\n")
        if text and not any(mark in text for mark in UNPLAIN) and not DECLARED.match(text):
            made = _by_columns(text, names, separator_of(text), name=name)
            if made is not None:
                frame, repeated, notes = made
                return SourceTable(
                    name=name,
                    label=label,
                    encoding=encoding,
                    digest=digest_bytes(content),
                    frame=frame,
                    repeated=repeated,
                    notes=notes,
                )
    return table_of(csv_grid(content, name=name, label=label), comma_separated=True, names=names)


def _by_columns(
    text: str, names: Collection[str], separator: str, *, name: str
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]] | None:
    """Frame, repeated names and notes, or None where something calls for the careful reader: ragged rows."""
    head = [[cell.strip() for cell in line.split(separator)] for line in _first_lines(text)]
    at = header_at(head, names)
    require_few(head[at], where=name)
    fields = [column_name(cell, names) for cell in head[at]]
    parts = text.split("\n", at + 1)
    body = parts.pop()
    if len(parts) <= at or not any(fields) or not body:
        return None
    if not body.endswith("\n"):
        body += "\n"
    if _most(separator, body) >= len(fields):
        return None
    cells = pd.read_csv(
        io.StringIO(body), header=None, names=list(range(len(fields))), dtype="str", na_filter=False, sep=separator,
        skip_blank_lines=False, quoting=3, engine="c", index_col=False,
    )  # fmt: skip
    if len(cells) != body.count("\n"):
        return None
    columns: dict[str, pd.Series] = {}
    filled = np.zeros(len(cells), dtype=bool)
    for place, field in enumerate(fields):
        column = cells[place].str.strip()
        filled |= (column != "").to_numpy(dtype=bool)
        if field:
            columns.setdefault(field, column)
    frame = pd.DataFrame(columns)[filled].reset_index(drop=True)
    frame["row"] = (np.flatnonzero(filled) + at + 2).astype("int64")
    repeated = tuple(field for field in columns if fields.count(field) > 1)
    return frame, repeated, (*separator_notes(name, separator), *title_notes(name, head, at))


def _first_lines(text: str) -> list[str]:
    """The lines in which the column names may stand."""
    return text.split("\n", HEADER_WITHIN)[:HEADER_WITHIN]


def _most(separator: str, body: str) -> int:
    """The greatest number of separators in a line."""
    data = np.frombuffer(body.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    ends, signs = np.flatnonzero(data == ord("\n")), np.flatnonzero(data == ord(separator))
    return int(np.diff(np.searchsorted(signs, ends), prepend=0).max(initial=0))

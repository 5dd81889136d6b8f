"""A plain CSV file to a source table by whole columns; what is not plain is left to the reader that goes cell by cell.

Plain means: no quotation mark, no lone carriage return, no NUL. Then a comma always separates and a line is always a
record, and both ways give the same table, which a test checks.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd

from missingmodels.errors import InputError
from missingmodels.extract.csv_files import csv_grid, decode
from missingmodels.extract.source_table import BLANKS, SourceTable, table_of
from missingmodels.provenance import digest_bytes

SMALL = 1_000_000  # characters: below it nothing is won


def read_csv_folder(folder: Path) -> list[SourceTable]:
    """All CSV files directly in a folder, in order of name.

    Raises InputError if it holds no CSV file, ImportFault if a file cannot be read as CSV.
    """
    remedy = "name the folder that holds the return's CSV files, or the .zip, .xlsx or .xml file itself"
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise InputError("the folder holds no files", where=str(folder), remedy=remedy)
    chosen = [path for path in paths if path.suffix.lower() == ".csv"]
    if not chosen:
        held = ", ".join(path.name for path in paths[:5]) + (", …" if len(paths) > 5 else "")
        raise InputError(f"the folder holds no CSV file, only {held}", where=str(folder), remedy=remedy)
    return [csv_table(path.read_bytes(), name=path.name, label=path.name) for path in chosen]


def csv_table(content: bytes, *, name: str, label: str, small: int = SMALL) -> SourceTable:
    """The table in a CSV file. Raises ImportFault as ``csv_grid`` and ``table_of``."""
    if len(content) >= small:
        text, encoding = decode(content, where=name)
        text = text.replace("\r\n", "\n")
        if text and not any(mark in text for mark in ('"', "\r", "\0")):
            table = _by_columns(text, name=name, label=label, encoding=encoding, digest=digest_bytes(content))
            if table is not None:
                return table
    return table_of(csv_grid(content, name=name, label=label), comma_separated=True)


def _by_columns(text: str, *, name: str, label: str, encoding: str, digest: str) -> SourceTable | None:
    """The table, or None where something calls for the careful reader: blank lines above the names, ragged rows."""
    head, _, body = text.partition("\n")
    fields = [field.strip() for field in head.split(",")]
    if not any(fields) or not body:
        return None
    if not body.endswith("\n"):
        body += "\n"
    if _most_commas(body) >= len(fields):
        return None
    cells = pd.read_csv(
        io.StringIO(body), header=None, names=list(range(len(fields))), dtype="str", na_filter=False,
        skip_blank_lines=False, quoting=3, engine="c", index_col=False,
    )  # fmt: skip
    if len(cells) != body.count("\n"):
        return None
    columns: dict[str, pd.Series] = {}
    filled = np.zeros(len(cells), dtype=bool)
    for at, field in enumerate(fields):
        column = _clean(cells[at])
        filled |= (column != "").to_numpy(dtype=bool)
        if field:
            columns.setdefault(field.upper(), column)
    frame = pd.DataFrame(columns)[filled].reset_index(drop=True)
    frame["row"] = (np.flatnonzero(filled) + 2).astype("int64")
    names = [field.upper() for field in fields]
    return SourceTable(
        name=name,
        label=label,
        encoding=encoding,
        digest=digest,
        frame=frame,
        repeated=tuple(upper for upper in columns if names.count(upper) > 1),
    )


def _most_commas(body: str) -> int:
    """The greatest number of commas in a line."""
    data = np.frombuffer(body.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    ends, commas = np.flatnonzero(data == ord("\n")), np.flatnonzero(data == ord(","))
    return int(np.diff(np.searchsorted(commas, ends), prepend=0).max(initial=0))


def _clean(values: pd.Series) -> pd.Series:
    """Cells without space around them, and what stands for a blank as one; each different cell is cleaned once."""
    codes, kinds = pd.factorize(values)
    words = pd.Series(kinds, dtype=object).map(lambda cell: cell.strip())
    words = words.map(lambda cell: "" if cell.upper() in BLANKS else cell)
    return pd.Series(np.append(words.to_numpy(dtype=object), "")[codes], index=values.index, dtype="str")

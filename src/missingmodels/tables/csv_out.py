"""Every CSV that the package writes: whole cells, and none that a spreadsheet would execute.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or the end of a line for a formula, also
in a file that it only opens to show. Such a text is written with an apostrophe before it, and so is one that begins
with apostrophes before such a sign, so that ``unguarded`` takes exactly one apostrophe away and different texts stay
different. Numbers are numbers, negative ones too, and stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

ROWS_AT_ONCE = 200_000
# full-width forms are taken for the plain ones by some spreadsheets, and spaces before them are passed over
_DANGER = "^'*[ \u00a0]*[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]"
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\z"
GUARD = "'"


def guarded(text: str) -> str:
    """The text as it may stand in a CSV file. ``unguarded`` is the way back."""
    return GUARD + text if re.match(_DANGER, text) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER.removesuffix(r"\z"), text) is not None  # Arrow's engine has no other end of a text


def unguarded(text: str) -> str:
    """The text that ``guarded`` was given."""
    return text[1:] if text.startswith(GUARD) and re.match(_DANGER, text) else text


def write_csv(frame: pd.DataFrame, path: Path) -> Path:
    """Write a large frame of text and whole numbers, its index left out, a piece at a time and in little memory.

    Text is quoted, empty text as ``""``.
    """
    kinds = {name: pa.int64() if pd.api.types.is_integer_dtype(frame[name]) else pa.string() for name in frame.columns}
    schema = pa.schema(list(kinds.items()))
    mixed = [name for name, kind in kinds.items() if kind == pa.string() and frame[name].dtype != "str"]
    with arrow_csv.CSVWriter(str(path), pa.schema([f.with_name(guarded(f.name)) for f in schema])) as out:
        for first in range(0, len(frame), ROWS_AT_ONCE):
            piece = frame.iloc[first : first + ROWS_AT_ONCE].astype(dict.fromkeys(mixed, "string"))
            held = pa.Table.from_pandas(piece, schema=schema, preserve_index=False)
            out.write_table(pa.table([_guarded_column(c) for c in held.columns], names=[*map(guarded, schema.names)]))
    return path


def csv_text(names: Sequence[str], rows: Iterable[Iterable[Any]], *, line: str = "\n") -> str:
    """Rows under a line of names; what is unrecorded is blank. ``line`` ends each."""
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator=line)
    writer.writerow([guarded(str(name)) for name in names])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return held.getvalue()


def records_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line a record; the columns are all keys, in the order in which they come."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return csv_text(names, ([row.get(name) for name in names] for row in rows))


def frame_csv(frame: pd.DataFrame, *, index: bool = False, line: str = "\n") -> str:
    """A small frame; ``index`` puts its index before the columns."""
    whole = frame.reset_index(names=frame.index.name or "") if index else frame
    return csv_text([*whole.columns], zip(*(whole[name].tolist() for name in whole), strict=True), line=line)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return guarded(value)
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    return value if isinstance(value, bool | int | float) else guarded(str(value))


def _guarded_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        return column
    danger = pc.match_substring_regex(column, _DANGER)
    hit = pc.and_(danger, pc.invert(pc.match_substring_regex(column, _NUMBER)))
    if not pc.any(hit).as_py():
        return column
    return pc.if_else(hit, pc.binary_join_element_wise(GUARD, column, ""), column)

"""Large frames as CSV, a piece at a time, several times faster than pandas and in little memory."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv

ROWS_AT_ONCE = 200_000


def write_csv(frame: pd.DataFrame, path: Path) -> Path:
    """Write a frame of text and whole numbers, its index left out. Text is quoted, empty text as ``""``."""
    kinds = {name: pa.int64() if pd.api.types.is_integer_dtype(frame[name]) else pa.string() for name in frame.columns}
    schema = pa.schema(list(kinds.items()))
    mixed = [name for name, kind in kinds.items() if kind == pa.string() and frame[name].dtype != "str"]
    with csv.CSVWriter(str(path), schema) as out:
        for first in range(0, len(frame), ROWS_AT_ONCE):
            piece = frame.iloc[first : first + ROWS_AT_ONCE].astype(dict.fromkeys(mixed, "string"))
            out.write_table(pa.Table.from_pandas(piece, schema=schema, preserve_index=False))
    return path

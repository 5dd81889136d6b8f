"""Parquet files judged before they are believed: shape, types and text, whatever wrote or damaged them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from missingmodels.errors import InputError
from missingmodels.tables.columns import Kind, Table

MARK = b"PAR1"
TRUNCATED = "it begins as Parquet but is truncated or damaged"
LONGEST_REASON = 200  # characters of what the library says
MAX_ROWS = 10**9
# Rows of people and days differ from one another: a million of them take more than a byte each.
MANY_ROWS, ROWS_A_BYTE = 1_000_000, 4
MAX_BYTES = 64 * 2**30  # unpacked, by the file's own account
# What a nullable column becomes; without them a whole number beside an unrecorded one would become a float.
PANDAS = {
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(),
    pa.large_string(): pd.StringDtype(),
}


def read_parquet(path: Path, *, remedy: str, table: Table | None = None, rows: int | None = None) -> pd.DataFrame:
    """The frame in a Parquet file. Raises InputError that names the file and what is wrong in it.

    ``table`` gives the columns that it may have and their types, ``rows`` how many rows there must be. What a file says
    of pandas types is not believed.
    """
    try:
        # It lets exceptions of every kind out of a damaged file; all of them mean the same here.
        with pq.ParquetFile(path, memory_map=False) as file:
            what = _misfit(file, rows, path.stat().st_size) or (
                "" if table is None else _other_columns(file.schema_arrow, table)
            )
            if not what:
                held = file.read()
                held.validate(full=True)
                return _frame(held)
    except Exception as error:
        said = str(error).splitlines() or [type(error).__name__]
        what = f"{not_whole(path) or TRUNCATED} ({said[0][:LONGEST_REASON]})"
    raise InputError(what, where=str(path), remedy=remedy)


def not_whole(path: Path) -> str:
    """What the marks at a file's ends say against its being whole Parquet; empty if nothing."""
    content = path.read_bytes()
    if not content.startswith(MARK):
        return "it is not a Parquet file"
    return "" if content.endswith(MARK) and len(content) > len(MARK) else TRUNCATED


def _misfit(file: pq.ParquetFile, rows: int | None, packed: int) -> str:
    """Why the shape that a file of ``packed`` bytes claims is not believed; empty if it is."""
    held = file.metadata
    size = sum(held.row_group(n).total_byte_size for n in range(held.num_row_groups))
    if rows is not None and held.num_rows != rows:
        return f"it holds {held.num_rows:,} rows, the manifest says {rows:,}"
    if not 0 <= held.num_rows <= MAX_ROWS or not 0 <= size <= MAX_BYTES:
        return f"it claims {held.num_rows:,} rows and {size:,} bytes, which no table here has"
    if held.num_rows > max(MANY_ROWS, ROWS_A_BYTE * packed):
        return f"it claims {held.num_rows:,} rows in {packed:,} bytes, as no table does that is not one row repeated"
    return ""


def _other_columns(schema: pa.Schema, table: Table) -> str:
    """Which columns are not those of the contract, or not of their type."""
    if len(set(schema.names)) < len(schema.names):
        return "it has two columns of one name"
    kinds = {column.name: column.kind for column in table.columns}
    unknown = [name for name in schema.names if name not in kinds]
    wrong = [f"{f.name} is {f.type}" for f in schema if f.name in kinds and not _fits(f.type, kinds[f.name])]
    absent = [c.name for c in table.columns if c.required and c.name not in schema.names]
    faults = [
        *(f"column {name[:60]!r} is not known" for name in unknown),
        *(f"column {name!r} is absent" for name in absent),
        *(f"column {text}" for text in wrong),
    ]
    return f"it is no table of {table.name}: " + "; ".join(faults[:5]) if faults else ""


def _fits(held: pa.DataType, kind: Kind) -> bool:
    types = pa.types
    fits: Mapping[Kind, bool] = {
        "text": types.is_string(held) or types.is_large_string(held),
        "date": (types.is_timestamp(held) and held.tz is None) or types.is_date(held),
        "time": types.is_timestamp(held) and held.tz is None,
        "whole": types.is_int64(held),
        "real": types.is_float64(held),
        "flag": types.is_boolean(held),
    }
    return fits[kind]


def _frame(held: pa.Table) -> pd.DataFrame:
    return held.to_pandas(ignore_metadata=True, types_mapper=PANDAS.get, date_as_object=False)

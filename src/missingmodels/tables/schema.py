"""pandas types and pandera schemas made from the contract, and the conversion of loose frames to them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pandera.pandas as pa

from missingmodels.errors import InputError
from missingmodels.tables.columns import Column, Table

PANDAS_TYPES = {
    "text": "string",
    "date": "datetime64[s]",
    "time": "datetime64[s]",
    "whole": "Int64",
    "real": "float64",
    "flag": "boolean",
}
FIRST_YEAR, END_YEAR = 1800, 2300
FLAGS = {**dict.fromkeys(("y", "yes", "true", "1", "t"), True), **dict.fromkeys(("n", "no", "false", "0", "f"), False)}
_WANTED = {
    "text": "text",
    "date": "days, as 2024-03-31 or as pandas dates",
    "time": "moments, as 2024-03-31 14:30 or as pandas dates",
    "whole": "whole numbers",
    "real": "numbers",
    "flag": "yes or no, or as true and false",
}
_ROWS_SHOWN = 5
OWN_REMEDY = (
    "; a column of your own is declared: tables.with_columns(…), or declare in a mapping (docs/own_variables.md)"
)


def empty(table: Table) -> pd.DataFrame:
    """A frame of the table's columns and types with no rows."""
    return pd.DataFrame({c.name: pd.Series(dtype=PANDAS_TYPES[c.kind]) for c in table.columns})


def conform(frame: pd.DataFrame, table: Table, *, where: str = "") -> pd.DataFrame:
    """The frame with exactly the table's columns, in order and of its types.

    Optional columns that are absent become unrecorded. Raises InputError naming every required column that is
    absent, every column that is not known and every column whose values do not convert.
    """
    known = set(table.column_names)
    absent = [c.name for c in table.columns if c.required and c.name not in frame.columns]
    unknown = [str(name) for name in frame.columns if name not in known]
    faults = [f"column {name!r} is absent" for name in absent] + [f"column {name!r} is not known" for name in unknown]
    out: dict[str, pd.Series] = {}
    for column in table.columns:
        if column.name not in frame.columns:
            out[column.name] = pd.Series(index=frame.index, dtype=PANDAS_TYPES[column.kind])
            continue
        out[column.name] = converted(frame[column.name], column, faults)
    if faults:
        raise InputError(
            f"table {table.name!r} does not fit the contract: " + "; ".join(faults),
            where=where,
            remedy=f"the columns are: {', '.join(table.column_names)}" + (OWN_REMEDY if unknown else ""),
        )
    return pd.DataFrame(out).reset_index(drop=True)


def converted(values: pd.Series, column: Column, faults: list[str]) -> pd.Series:
    """The values in the column's type; of values that do not read, unrecorded ones and a line in ``faults``."""
    try:
        found = _convert(values, column)
    except (ValueError, TypeError, OverflowError):
        rows = np.flatnonzero((values.notna() & ~_readable(values, column)).to_numpy(dtype=bool))
        faults.append(f"column {column.name!r} does not read as {_WANTED[column.kind]}: rows {rows_told(rows)}")
        return pd.Series(index=values.index, dtype=PANDAS_TYPES[column.kind])
    if column.kind in ("date", "time"):
        far = np.flatnonzero(
            ((found.dt.year < FIRST_YEAR) | (found.dt.year >= END_YEAR)).to_numpy(bool, na_value=False)
        )
        if far.size:
            # no record here can hold them, and a grid of days would have no room
            span = f"the years {FIRST_YEAR} to {END_YEAR - 1}"
            faults.append(f"column {column.name!r} lies outside {span}: rows {rows_told(far)}")
    return found


def rows_told(rows: np.ndarray) -> str:
    """The first few of some rows, by number and not by value, which may be a child's."""
    more = f" (first {_ROWS_SHOWN} of {len(rows)})" if len(rows) > _ROWS_SHOWN else ""
    return f"{', '.join(map(str, rows[:_ROWS_SHOWN]))}{more}; the first row is 0"


def _readable(values: pd.Series, column: Column) -> pd.Series:
    """Which values alone would convert."""
    if column.kind in ("date", "time"):
        return pd.to_datetime(values, format="ISO8601", errors="coerce").notna()
    if column.kind in ("whole", "real"):
        numbers = pd.to_numeric(values, errors="coerce")
        return numbers.notna() & ((numbers == numbers.round()) | (column.kind == "real"))
    if column.kind == "flag":
        return _as_flags(values).isin([True, False])
    return pd.Series(True, index=values.index)


def _as_flags(values: pd.Series) -> pd.Series:
    """Words that say yes or no as True and False; whatever else as it stands."""
    return values.map(lambda one: FLAGS.get(one.strip().casefold(), one) if isinstance(one, str) else one)


def _convert(values: pd.Series, column: Column) -> pd.Series:
    if _is_as_wanted(values, column):
        return values
    if column.kind == "flag":
        return _as_flags(values).astype(PANDAS_TYPES[column.kind])
    if column.kind in ("date", "time"):
        # ISO only: 03/04/2023 would be taken for 4 March without a word.
        times = pd.to_datetime(values, format="ISO8601")
        return (times.dt.normalize() if column.kind == "date" else times).astype(PANDAS_TYPES[column.kind])
    if column.kind == "whole":
        return pd.to_numeric(values).astype(PANDAS_TYPES[column.kind])
    return values.astype(PANDAS_TYPES[column.kind])


def _is_as_wanted(values: pd.Series, column: Column) -> bool:
    """Whether a column has its type already. Text is of two kinds in pandas, and only one says NA for unrecorded."""
    if column.kind == "text":
        return isinstance(values.dtype, pd.StringDtype) and values.dtype.na_value is pd.NA
    return bool(values.dtype == PANDAS_TYPES[column.kind]) and (column.kind != "date" or _at_midnight(values))


def _at_midnight(values: pd.Series) -> bool:
    times = values.to_numpy()
    whole = times.astype("datetime64[D]").astype(times.dtype)
    return bool(((times == whole) | np.isnat(times)).all())


@cache
def pandera_schema(table: Table) -> pa.DataFrameSchema:
    """The pandera schema of one table: types, nullability, code sets, bounds and the key's uniqueness."""
    return pa.DataFrameSchema(
        {column.name: _pandera_column(column) for column in table.columns},
        unique=list(table.key),
        strict=True,
        ordered=False,
        name=table.name,
    )


def _pandera_column(column: Column) -> pa.Column:
    checks = []
    if column.allowed:
        checks.append(pa.Check.isin(column.allowed))
    if column.low is not None:
        checks.append(pa.Check.ge(column.low))
    if column.high is not None:
        checks.append(pa.Check.le(column.high))
    return pa.Column(PANDAS_TYPES[column.kind], checks, nullable=not column.required)

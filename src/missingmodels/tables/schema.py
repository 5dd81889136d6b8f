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
        bad = [at for at, value in enumerate(values) if not pd.isna(value) and not _reads(value, column)]
        faults.append(f"column {column.name!r} does not read as {_WANTED[column.kind]}{_rows(bad)}")
        return pd.Series(index=values.index, dtype=PANDAS_TYPES[column.kind])
    if column.kind in ("date", "time") and (far := _implausible(found)):
        faults.append(f"column {column.name!r} lies outside the years {FIRST_YEAR} to {END_YEAR - 1}{_rows(far)}")
    return found


def _rows(bad: list[int]) -> str:
    """The first rows that will not do, by number: a value may be a child's."""
    if not bad:
        return ""
    more = f" (first {_ROWS_SHOWN} of {len(bad)})" if len(bad) > _ROWS_SHOWN else ""
    return f": rows {', '.join(map(str, bad[:_ROWS_SHOWN]))}{more}; the first row is 0"


def _implausible(days: pd.Series) -> list[int]:
    """Rows with days that no record here can hold, and that a grid of days would have no room for."""
    years = days.dt.year
    return [
        int(at) for at in np.flatnonzero(((years < FIRST_YEAR) | (years >= END_YEAR)).to_numpy(bool, na_value=False))
    ]


def _reads(value: object, column: Column) -> bool:
    try:
        _convert(pd.Series([value]), column)
    except (ValueError, TypeError, OverflowError):
        return False
    return True


def _convert(values: pd.Series, column: Column) -> pd.Series:
    if _is_as_wanted(values, column):
        return values
    if column.kind == "flag" and (isinstance(values.dtype, pd.StringDtype) or values.dtype == object):
        words = values.map(lambda one: FLAGS.get(one.strip().casefold(), one) if isinstance(one, str) else one)
        return words.astype("boolean")
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

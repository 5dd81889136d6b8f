"""Columns of a table as plain arrays: pandas takes milliseconds where a power study has thousands of small tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd


def texts(column: pd.Series) -> list[str | None]:
    """The texts of a column; None where one is unrecorded."""
    return [None if text is pd.NA else text for text in column.to_numpy(dtype=object)]


def places(ids: Sequence[str] | np.ndarray, column: pd.Series) -> np.ndarray:
    """(N,) position of each text of a column in ``ids``, -1 for one that is not there."""
    at = {str(name): i for i, name in enumerate(ids)}
    return np.array([at.get(text, -1) for text in column.to_numpy(dtype=object)], dtype=np.int64)


def rows_of(column: pd.Series, ids: Sequence[str | None] | np.ndarray) -> np.ndarray:
    """(N,) row that holds each of ``ids``. Raises KeyError for one that no row holds."""
    at = {text: i for i, text in enumerate(column.to_numpy(dtype=object))}
    return np.array([at[str(name)] for name in ids], dtype=np.int64)


def numbers(column: pd.Series) -> np.ndarray:
    """(N,) numbers, or 1 and 0 for flags, NaN where unrecorded."""
    return np.asarray(column.to_numpy(dtype=float, na_value=np.nan))


def scores(column: pd.Series, values: Mapping[str, float]) -> np.ndarray:
    """(N,) the number that stands for each text, NaN where none does."""
    return np.array([values.get(text, np.nan) for text in column.to_numpy(dtype=object)], dtype=float)

"""Curves in a formula: ``bs(age_years, df=4)`` as a cubic B-spline whose knots depend on days, not on rows.

formulae puts knots at quantiles of the rows, and a row split in two would move them. Here they are quantiles of the
days at risk, so that splitting a row changes nothing. The first basis function is left out beside the intercept.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.interpolate import BSpline

from missingmodels.errors import ConfigInvalid
from missingmodels.formula import Call, Term
from missingmodels.plan import CURVE_DEGREE as DEGREE


def is_curve(term: Term) -> bool:
    """Whether a term of a plan's formula is a curve."""
    return any(isinstance(factor, Call) and factor.function == "bs" for factor in term.factors)


def curve_columns(term: Term, frame: pd.DataFrame, weight: np.ndarray) -> pd.DataFrame:
    """(R, df) columns of a curve, named ``term[0]`` and on. Raises ConfigInvalid for too few different values."""
    (call,) = term.factors
    assert isinstance(call, Call), term.text
    (name,), columns = term.columns, int(dict(call.options)["df"])
    values = frame[name].to_numpy(dtype=float)
    knots = _knots(values[weight > 0], weight[weight > 0], columns, term.text)
    # rows without weight move no knot, so they may lie beyond the last one
    basis = BSpline.design_matrix(np.clip(values, knots[0], knots[-1]), knots, DEGREE).toarray()[:, 1:]
    return pd.DataFrame(basis, columns=[f"{term.text}[{i}]" for i in range(columns)], index=frame.index)


def _knots(values: np.ndarray, weight: np.ndarray, columns: int, term: str) -> np.ndarray:
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    asked = np.linspace(0, 1, columns - DEGREE + 2)[1:-1]
    # a hair below the quantile, so that sums in another order land on the same value
    inner = values[order][np.searchsorted(share, asked - 1e-9)]
    low, high = values.min(), values.max()
    if np.unique([low, *inner, high]).size < inner.size + 2:
        raise ConfigInvalid(
            f"{term}: too few different values for so many columns", remedy="ask for fewer, or for none"
        )
    return np.concatenate([[low] * (DEGREE + 1), inner, [high] * (DEGREE + 1)])

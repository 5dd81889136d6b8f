"""Symbols and rounding in official statistics as intervals.

DfE and Ofsted tables use c (suppressed to protect confidentiality), k or low (rounds to 0, but is not 0), z (not
applicable) and x, u, ~, .. (not available, unreliable). Which figures are suppressed is not only those of 1 to 5: what
could be worked out from the others is, too. So a suppressed count is at least 1, and what its region leaves for it at
most.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.errors import ImportFault

SUPPRESSED = ("c",)
NEAR_ZERO = ("k", "low")
UNKNOWN = ("z", "x", "u", "~", "..", ".", ":", "")
FEWEST = 20  # figures that must agree before they are taken as rounded


def to_intervals(text: pd.Series, *, unit: int, where: str) -> tuple[np.ndarray, np.ndarray]:
    """(N,) lowest and (N,) highest value of each figure; ``unit`` is 1 for counts as they are, 0 for rates.

    Raises ImportFault with the row (the series' index) of a figure that is neither a number nor a known symbol.
    """
    plain = text.str.strip().str.casefold()
    value = pd.to_numeric(plain.str.replace(",", "", regex=False), errors="coerce").to_numpy(dtype=float).copy()
    value[~np.isfinite(value)] = np.nan
    known = plain.isin([*SUPPRESSED, *NEAR_ZERO, *UNKNOWN]).to_numpy()
    wrong = np.isnan(value) & ~known
    wrong |= value < 0
    if wrong.any():
        at = int(wrong.argmax())
        raise ImportFault(
            f"row {text.index[at]}: {text.iloc[at]!r} is neither a figure nor one of the symbols "
            f"{', '.join(s for s in (*SUPPRESSED, *NEAR_ZERO, *UNKNOWN) if s)}",
            where=where,
            remedy="correct the cell, or leave it empty where nothing is known",
        )
    half = unit // 2
    low = np.where(np.isnan(value), 0.0, np.maximum(value - half, 0.0))
    high = np.where(np.isnan(value), np.inf, value + half)
    low[plain.isin(SUPPRESSED).to_numpy()] = 1.0 if unit else 0.0
    near = plain.isin(NEAR_ZERO).to_numpy()
    low[near], high[near] = (1.0 if unit > 1 else 0.0), float(max(half, 0))
    return low, np.maximum(high, low)


def rounding_unit(text: pd.Series) -> int:
    """10 or 5 if every published figure is a multiple of it, else 1; too few figures say nothing, and count as 1."""
    value = pd.to_numeric(text, errors="coerce").dropna()
    value = value[value > 0]
    if len(value) >= FEWEST:
        for unit in (10, 5):
            if (value % unit == 0).all():
                return unit
    return 1


def bounded_by_totals(rows: pd.DataFrame, totals: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(N,) lowest and highest ends of the intervals of ``rows`` (``low``, ``high``, ``number``, ``region_code``,
    ``year``), cut by their regions' totals.

    A suppressed figure is at most the total less the least of the others, and at least the total less their most.
    """
    low, high = rows["low"].to_numpy(dtype=float).copy(), rows["high"].to_numpy(dtype=float).copy()
    suppressed = rows["number"].str.strip().str.casefold().isin(SUPPRESSED).to_numpy()
    absent = (rows["number"].str.strip().str.casefold().isin(UNKNOWN)).to_numpy()
    total = totals.drop_duplicates(["region_code", "year"]).set_index(["region_code", "year"])[["low", "high"]]
    groups = rows.groupby(["region_code", "year"]).indices
    for key, at in groups.items():
        hidden = at[suppressed[at]]
        if key not in total.index or not hidden.size:
            continue
        bottom, top = total.loc[key, ["low", "high"]]
        present = at[~absent[at]]
        for one in hidden:
            others = present[present != one]
            most = top - low[others].sum()
            least = bottom - high[others].sum()
            if most >= low[one]:
                high[one] = min(high[one], most)
                low[one] = max(low[one], least)
    return low, np.maximum(high, low)

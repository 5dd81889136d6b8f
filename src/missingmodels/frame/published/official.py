"""Authority-years as a design: counts as intervals, the workforce of the year before, the homes that stand there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer
from missingmodels.frame.design_matrix import EventRows, Group, standardisation

LAGGED = ("turnover", "agency", "caseload")  # on 30 September of the year before, so inside the year of the incidents
CONCURRENT = ("moves",)
PLACES = ("mean_places", "private_share")
FEWEST_AUTHORITIES = 20


def build_official(panel: pd.DataFrame) -> EventRows:
    """The design of a panel of authority-years (columns as ``extract.official`` makes them).

    ``y`` and ``further["high"]`` (R,) are the least and the greatest number of incidents, infinite where nothing bounds
    it; ``size`` (R,) children looked after during the year; units ``authority``, ``region`` and ``year``.

    Time-varying predictors enter as an authority's mean and each year's deviation from it; unrecorded values stand at
    the mean beside an indicator. Raises CannotAnswer where fewer than 20 authorities hold a count.
    """
    notes: list[str] = []
    lagged = panel[["authority", "year", *LAGGED]].assign(year=panel["year"] + 1)
    joined = panel.drop(columns=list(LAGGED)).merge(lagged, on=["authority", "year"], how="left")
    counted = joined[joined["incidents"].notna()].copy()
    counted["exposure"] = _children(counted, notes)
    used = counted[counted["exposure"] > 0].sort_values(["authority", "year"], ignore_index=True)
    lost = len(counted) - len(used)
    if lost:
        notes.append(f"{lost} authority-years without a looked-after child, or before or after the authority existed")
    open_ended = int((~np.isfinite(used["incidents_high"]) & (used["incidents_low"] <= 0)).sum())
    if open_ended:
        notes.append(f"{open_ended} authority-years whose count is not known at all inform nothing but are kept")
    if used["authority"].nunique() < FEWEST_AUTHORITIES:
        raise CannotAnswer(
            f"only {used['authority'].nunique()} authorities hold a count, too few for a multilevel model",
            remedy="give the underlying data of all authorities",
        )
    columns = _columns(used, notes)
    names = tuple(columns)
    matrix = np.column_stack(list(columns.values())) if names else np.zeros((len(used), 0))
    centre, scale = standardisation(matrix, np.array([name.endswith("_unrecorded") for name in names], dtype=bool))
    return EventRows(
        outcome="incidents",
        names=names,
        matrix=matrix,
        centre=centre,
        scale=scale,
        y=used["incidents_low"].to_numpy(float),
        size=used["exposure"].to_numpy(float),
        units={
            "authority": _units(used["authority"]),
            "region": _units(used["region"].fillna("").replace("", "unknown")),
            "year": _units(used["year"]),
        },
        further={"high": used["incidents_high"].to_numpy(float)},
        notes=tuple(notes),
    )


def _units(labels: pd.Series) -> Group:
    index, ids = pd.factorize(labels, sort=True)
    return Group(index=index, ids=tuple(str(one) for one in ids))


def _children(counted: pd.DataFrame, notes: list[str]) -> np.ndarray:
    """Children looked after; a suppressed number is that of the authority's nearest year, cut to its interval."""
    low, high = counted["children_low"].to_numpy(float), counted["children_high"].to_numpy(float)
    exact = counted[low == high].assign(value=low[low == high])
    value = np.where(low == high, low, np.nan)
    hidden = np.flatnonzero((low != high) & np.isfinite(high))
    for at in hidden:
        row = counted.iloc[at]
        own = exact[(exact["authority"] == row["authority"]) & (exact["value"] > 0)]
        near = own.iloc[(own["year"] - row["year"]).abs().argmin()]["value"] if len(own) else low[at]
        value[at] = min(max(near, low[at]), high[at])
    if hidden.size:
        notes.append(f"{hidden.size} suppressed or rounded numbers of children are those of the nearest year known")
    return np.nan_to_num(value, nan=0.0)


def _columns(used: pd.DataFrame, notes: list[str]) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    for name in (*LAGGED, *CONCURRENT, *PLACES):
        values = used[name].to_numpy(float)
        if np.isnan(values).all() or np.nanstd(values) == 0:
            notes.append(f"{name} is unrecorded throughout or never varies, and is left out")
            continue
        mean = used.assign(value=values).groupby("authority")["value"].transform("mean").to_numpy(float)
        lost = np.isnan(mean)
        columns[f"{name}_between"] = np.where(lost, np.nanmean(mean), mean)
        if name not in PLACES:
            columns[f"{name}_within"] = np.where(np.isnan(values), 0.0, values - mean)
        if lost.any():
            notes.append(f"{name} is unrecorded for {used['authority'][lost].nunique()} authorities, with an indicator")
            columns[f"{name}_unrecorded"] = lost.astype(float)
        filled = int((np.isnan(values) & ~lost).sum())
        if filled:
            notes.append(f"{name} is unrecorded in {filled} authority-years, which stand at the authority's mean")
    return _distinct(columns)


def _distinct(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Without columns that never vary or repeat another (an authority without homes lacks their size and sector)."""
    kept: dict[str, np.ndarray] = {}
    for name, values in columns.items():
        if values.std() > 0 and not any(np.array_equal(values, other) for other in kept.values()):
            kept[name] = values
    return kept

"""What is told of an outcome's posterior: ratios with intervals, and plain sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from missingmodels.fitting.intervals import bounds, percent
from missingmodels.plan import Decision
from missingmodels.vocabulary import column_label

DEFAULT = Decision()
# What exp of a coefficient is, and of what.
RATIOS = {
    "counts": ("rate ratio", "episodes per resident-day"),
    "return": ("hazard ratio", "return on a day, given not back before"),
    "serious": ("odds ratio", "an episode being serious"),
    "joint": ("odds ratio", "leaving on a day"),
    "interview": ("rate ratio", "onset on a day at risk"),
    "recording": ("rate ratio", "episodes per resident-day"),
}
# Scalars that are told, what they are measured as, and whether their exp is.
TOLD = {
    "log_joint": ("odds ratio", True),
    "pair_ratio": ("over pairs expected of independent residents", False),
    "leaves_along": ("share", False),
    "share_a": ("share", False),
    "share_b": ("share", False),
    "unseen": ("episodes", False),
    "rate_per_resident_year": ("per resident-year", False),
    "dispersion_shape": ("shape", False),
    "frailty_shape": ("shape", False),
    "sigma_home": ("sd", False),
    "sigma_child": ("sd", False),
    "sigma_period": ("sd", False),
}
NULL = {"pair_ratio": 1.0}


def outcome_table(outcome: str, draws: xr.Dataset, rule: Decision = DEFAULT) -> pd.DataFrame:
    """One line a term: ``measure``, ``median``, ``low``, ``high`` and ``direction``, the posterior mass above no effect
    (NaN where there is no such value).
    """
    lines = []
    if "coefficients" in draws:
        values = draws["coefficients"].transpose("chain", "draw", "column").to_numpy()
        for i, name in enumerate(draws["column"].to_numpy()):
            lines.append(_line(str(name), RATIOS[outcome][0], np.exp(values[..., i]), 1.0, rule))
    for name, (measure, ratio) in TOLD.items():
        if name in draws:
            values = draws[name].to_numpy()
            null = 1.0 if ratio else NULL.get(name, np.nan)
            lines.append(_line(name, measure, np.exp(values) if ratio else values, null, rule))
    return pd.DataFrame(lines).set_index("term")


def _line(term: str, measure: str, values: np.ndarray, null: float, rule: Decision) -> dict[str, Any]:
    mass = float("nan") if np.isnan(null) else float((values > null).mean())
    return {"term": term, "measure": measure} | bounds(values, rule.interval_mass) | {"direction": mass}


def outcome_sentences(
    outcome: str, said: Mapping[str, Any], table: pd.DataFrame, rule: Decision = DEFAULT
) -> list[str]:
    """What went in, a sentence a term with a direction, and what was left out; ``said`` holds ``facts``, ``notes``."""
    facts = ", ".join(f"{value:,} {name}" for name, value in said["facts"].items())
    sentences, sure = [f"{outcome}: {facts}."], rule.supported_probability
    for term, line in table.iterrows():
        span = f"{percent(rule.interval_mass)} interval {line['low']:.2f} to {line['high']:.2f}"
        text = f"{line['median']:.2f} ({span})"
        if np.isnan(line["direction"]):
            if str(term) in ("leaves_along", "share_a", "share_b", "unseen", "rate_per_resident_year"):
                sentences.append(f"{column_label(str(term))}: {text} {line['measure']}.")
            continue
        mass = line["direction"]
        side = "higher" if mass >= sure else "lower" if mass <= 1 - sure else "the data cannot say which way"
        what = column_label(str(term)) + ("" if term in TOLD else f", of {RATIOS[outcome][1]}")
        sentences.append(f"{what}: {line['measure']} {text}; {side} (probability above 1: {mass:.3f}).")
    return [*sentences, *(f"Note: {note}." for note in said["notes"])]

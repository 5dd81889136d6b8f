"""What is told of an outcome's posterior: ratios with intervals, and plain sentences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from missingmodels.vocabulary import column_label

INTERVAL = (0.05, 0.95)
SURE = 0.975
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


def outcome_table(outcome: str, draws: xr.Dataset) -> pd.DataFrame:
    """One line a term: ``measure``, ``median``, ``low``, ``high`` and ``direction``, the posterior mass above no effect
    (NaN where there is no such value)."""
    lines = []
    if "coefficients" in draws:
        values = draws["coefficients"].transpose("chain", "draw", "column").to_numpy()
        for i, name in enumerate(draws["column"].to_numpy()):
            lines.append(_line(str(name), RATIOS[outcome][0], np.exp(values[..., i]), 1.0))
    for name, (measure, ratio) in TOLD.items():
        if name in draws:
            values = draws[name].to_numpy()
            null = 1.0 if ratio else NULL.get(name, np.nan)
            lines.append(_line(name, measure, np.exp(values) if ratio else values, null))
    return pd.DataFrame(lines).set_index("term")


def _line(term: str, measure: str, values: np.ndarray, null: float) -> dict[str, Any]:
    low, median, high = np.quantile(values, [INTERVAL[0], 0.5, INTERVAL[1]])
    mass = float("nan") if np.isnan(null) else float((values > null).mean())
    return {"term": term, "measure": measure, "median": median, "low": low, "high": high, "direction": mass}


def outcome_sentences(outcome: str, design: Any, table: pd.DataFrame) -> list[str]:
    """What went in, a sentence a term with a direction, and what was left out."""
    facts = ", ".join(f"{value:,} {name}" for name, value in design.facts.items())
    sentences = [f"{outcome}: {facts}."]
    for term, line in table.iterrows():
        text = f"{line['median']:.2f} (90 % interval {line['low']:.2f} to {line['high']:.2f})"
        if np.isnan(line["direction"]):
            if str(term) in ("leaves_along", "share_a", "share_b", "unseen", "rate_per_resident_year"):
                sentences.append(f"{column_label(str(term))}: {text} {line['measure']}.")
            continue
        mass = line["direction"]
        side = "higher" if mass >= SURE else "lower" if mass <= 1 - SURE else "the data cannot say which way"
        what = column_label(str(term)) + ("" if term in TOLD else f", of {RATIOS[outcome][1]}")
        sentences.append(f"{what}: {line['measure']} {text}; {side} (probability above 1: {mass:.3f}).")
    return [*sentences, *(f"Note: {note}." for note in design.notes)]

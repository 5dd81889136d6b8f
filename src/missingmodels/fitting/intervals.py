"""Equal-tailed intervals of draws, by the mass that the plan states."""

from __future__ import annotations

import numpy as np


def bounds(values: np.ndarray, mass: float) -> dict[str, float]:
    """``median``, ``low`` and ``high`` of draws: so much of the posterior lies between the last two, half of the rest
    on either side.
    """
    low, median, high = np.quantile(values, [(1 - mass) / 2, 0.5, (1 + mass) / 2])
    return {"median": float(median), "low": float(low), "high": float(high)}


def percent(mass: float) -> str:
    """A mass as it stands before an interval: “90 %”."""
    return f"{100 * mass:g} %"

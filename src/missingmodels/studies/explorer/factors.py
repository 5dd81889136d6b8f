"""The seven factors of the explorer's grid: their fields of a scenario, their ranges and how they are scaled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Factor:
    """A factor: the scenario's ``field`` from ``low`` to ``high``, spread evenly on its ``scale``."""

    name: str
    field: str
    label: str
    low: float
    high: float
    scale: Literal["log", "even"] = "even"
    whole: bool = False


FACTORS = (
    Factor(name="homes", field="homes.count", label="homes", low=20, high=320, scale="log", whole=True),
    Factor(name="days", field="days", label="days of data, 28 of burn-in", low=182, high=730, scale="log", whole=True),
    Factor(name="effect", field="contagion.log_rate_ratio", label="peer effect, log rate ratio", low=0.0, high=0.7),
    Factor(
        name="rate",
        field="onset.rate_per_year",
        label="episodes a year of an ordinary child",
        low=1.0,
        high=6.0,
        scale="log",
    ),
    Factor(
        name="frailty",
        field="onset.frailty_shape",
        label="shape of the children's frailty (small: few go often)",
        low=0.3,
        high=2.0,
        scale="log",
    ),
    Factor(
        name="unseen",
        field="recording.unseen_children_share",
        label="share of children not in the record",
        low=0.0,
        high=0.5,
    ),
    Factor(name="shock", field="dials.shock_sd", label="shocks that a home shares, sd of log rate", low=0.0, high=0.6),
)


def scenario_value(factor: Factor, unit: float) -> float | int:
    """The value of a scenario's field at a place from 0 to 1 of its range."""
    if factor.scale == "log":
        value = factor.low * math.exp(unit * math.log(factor.high / factor.low))
    else:
        value = factor.low + unit * (factor.high - factor.low)
    return round(value) if factor.whole else round(value, 4)

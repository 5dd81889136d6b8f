"""Estimands that a study measures by name: truth and draws go through the same functions, on the same design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from missingmodels.evidence.effects.estimands import attributable_fraction, expected_rate, median_rate_ratio
from missingmodels.fitting.fit import Fit
from missingmodels.frame.design import Design
from missingmodels.frame.riskset import RiskSet
from missingmodels.parameters import Array, Parameters
from missingmodels.plan import Decision

LABELS: Mapping[str, str] = {
    "attributable_fraction": "share of episodes that recent peers bring about, one step",
    "expected_rate": "episodes a resident-year at risk",
    "median_rate_ratio": "median rate ratio of two homes",
}
DRAWS = 500  # of the posterior, evenly thinned: an estimand over all days is dear


def draws_of(name: str, parameters: Parameters, design: Design, exposure: str) -> Array:
    """(S,) an estimand."""
    if name == "attributable_fraction":
        return attributable_fraction(parameters, design, exposure)
    return expected_rate(parameters, design) if name == "expected_rate" else median_rate_ratio(parameters)


def estimand_row(
    name: str, found: Fit, rule: Decision, truth: Parameters, risk: RiskSet, *, why: str
) -> dict[str, Any]:
    """Estimate, interval and truth of an estimand; the truth is NaN where ``why`` says that there is none.

    A design without a column that acts in the world has no true rate of its own either.
    """
    tail = (1 - rule.interval_mass) / 2
    draws = draws_of(name, found.parameters.thinned(DRAWS), found.design, found.exposure)
    low, median, high = np.quantile(draws, [tail, 0.5, 1 - tail])
    held = np.nan
    lacking = [n for n, v in truth.coefficients.items() if v.any() and n not in found.design.names]
    if not why and (not lacking or name == "median_rate_ratio"):
        lived = truth.on_cells(risk.period_of_cells)
        held = float(draws_of(name, lived, found.design, found.exposure)[0])
    return {"truth": held, "estimate": float(median), "low": float(low), "high": float(high)}

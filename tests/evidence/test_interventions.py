"""Expected rates under stated interventions, by hand on the two children of ``test_estimands``."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from tests.evidence.test_estimands import parameters, small_design

from missingmodels.evidence.effects.interventions import intervention_rows
from missingmodels.plan import Plan

YEARS = 170 / 365.25  # at risk in the window


def fit_of(**changes):
    return SimpleNamespace(
        design=small_design(**changes), parameters=parameters()[:1], model="M3", exposure="peer_presence"
    )


def test_nobodys_peers_missing_by_hand() -> None:
    # first draw: 100 days of a at 0.01, 50 at 0.02; b's home and frailty make 3 * 0.5, 20 days at 0.03; else 0.015
    observed = 100 * -np.expm1(-0.01) + 50 * -np.expm1(-0.02) + 20 * -np.expm1(-0.03)
    without = 150 * -np.expm1(-0.01) + 20 * -np.expm1(-0.015)
    rate, change = intervention_rows(fit_of(), "H1", Plan())
    assert (rate.estimand, change.estimand) == ("expected_rate", "rate_difference")
    assert (rate.name, rate.label) == ("peer_presence", "no recently missing peers")
    assert rate.median == pytest.approx(without / YEARS)
    assert change.median == pytest.approx((without - observed) / YEARS)
    assert change.probability_above_null == 0.0


def test_every_home_at_its_better_quartile_by_hand() -> None:
    """Second draw: a resident more is 0.1 on the log rate; 88 % of days are at 2 residents, so both quartiles are 2."""
    both = fit_of()
    both.parameters = parameters()[1:]
    assert intervention_rows(both, "H2", Plan()) == []
    even = {"days_at_risk": np.array([50.0, 20.0, 70.0, 10.0])}
    both.design = small_design(**even)
    rate, change = intervention_rows(both, "H2", Plan())
    assert rate.label == "number of residents, between homes, at the lower quartile (2.00)"
    at_two, at_five = (-np.expm1(-0.02 * np.exp(0.1 * size)) for size in (2, 5))
    years = 140 / 365.25
    assert rate.median == pytest.approx(140 * at_two / years)
    assert change.median == pytest.approx(70 * (at_two - at_five) / years)


def test_what_helps_is_held_at_the_upper_quartile() -> None:
    staffed = fit_of(names=("peer_presence", "staff_ratio_between"), days_at_risk=np.array([50.0, 20.0, 70.0, 10.0]))
    staffed.parameters = parameters(coefficients={"peer_presence": np.zeros(2), "staff_ratio_between": np.zeros(2)})
    rate, _ = intervention_rows(staffed, "H2", Plan())
    assert rate.label.endswith("at the upper quartile (148.41)")

"""Scores of the last days given those before: by hand, and against fits with and without those days."""

from __future__ import annotations

import dataclasses
from math import log

import numpy as np
import pytest
from tests.made_onsets import empty_design, truth_of, with_onsets

from missingmodels.evidence.scores.future import (
    Future,
    first_cell,
    forecasts,
    future_difference,
    future_scores,
    given_before,
    predictive,
)
from missingmodels.evidence.scores.held_out import Refits, some_rows
from missingmodels.fitting.fit import Fit, fit
from missingmodels.frame.design import Design
from worlds import plan_of

PERIODS, LAST = 4, 28
PLAN = plan_of(sampling={"method": "laplace", "draws": 500}, scores={"last_days": LAST})


def made() -> Design:
    rng = np.random.default_rng(8)
    design = dataclasses.replace(empty_design(rng, homes=12, per_home=4, periods=PERIODS), groups={}, slope_of="")
    return with_onsets(design, truth_of(design, rng, rate=12.0), rng)


@pytest.fixture(scope="module")
def whole() -> Fit:
    return fit(made(), PLAN, model="M1", exposure="peer_presence", seed=3)


def test_the_mean_over_draws_by_hand() -> None:
    """Two draws, two children: densities 0.1 and 0.3, and 0.5 twice."""
    elpd, error = predictive(np.log([[0.1, 0.5], [0.3, 0.5]]), 1.0)
    np.testing.assert_allclose(elpd, [log(0.2), log(0.5)])
    # the sum's relative error: of 0.5 + 1 and 1.5 + 1 about their mean
    assert error == pytest.approx(np.std([1.5, 2.5], ddof=1) / np.sqrt(2))
    assert predictive(np.log([[0.1, 0.5], [0.3, 0.5]]), 0.25)[1] == pytest.approx(2 * error)


def test_a_child_is_scored_given_its_own_past_by_hand(whole: Fit) -> None:
    """One child, k = 2: one onset where 1.5 were expected, then two where 0.5 were: a negative binomial."""
    design, k = made(), 2.0
    two = some_rows(design, np.isin(np.arange(design.onsets.size), np.flatnonzero(design.child == 0)[:2]))
    two = dataclasses.replace(
        two, onsets=np.array([1, 2]), days=np.array([1.5, 0.5]), days_at_risk=np.array([2.0, 1.5])
    )
    p = whole.parameters[:1]
    plain = dataclasses.replace(
        p,
        intercept=np.zeros(1),
        coefficients={name: np.zeros(1) for name in p.coefficients},
        home=np.zeros_like(p.home),
        home_period=np.zeros_like(p.home_period),
        frailty_shape=np.array([k]),
    )
    found = given_before(two, np.array([True, False]), plain, 1)[0, 0]
    # Gamma(2 + 1, 2 + 1.5) before; the density of two onsets at 0.5 expected, without 0.5² / 2!, which no law has
    expected = log(3 * 4) + 3 * log(3.5) - 5 * log(4.0)
    assert found == pytest.approx(expected, rel=1e-12)


def test_effects_of_later_cells_come_by_their_law(whole: Fit) -> None:
    """Nothing is seen of the last period, so a fit to the days before holds draws of its law there."""
    design = whole.design
    before = Refits(PLAN, most=0).rule(whole).fit(design.period < PERIODS - 1, "before")
    assert before is not None
    p = before.parameters
    standard = p.home_period[:, :, -1] / p.sigma_period[:, None]
    assert standard.mean() == pytest.approx(0.0, abs=0.1)
    assert standard.std() == pytest.approx(1.0, abs=0.05)
    assert abs(np.corrcoef(p.home_period[:, :, -1].ravel(), p.home_period[:, :, -2].ravel())[0, 1]) < 0.05


def test_where_one_child_is_left_it_is_the_ratio_of_marginal_likelihoods(whole: Fit) -> None:
    """The joint density of all that comes later is then that child's."""
    design = whole.design
    child = int(np.argmax(np.bincount(design.child, design.onsets * (design.period == PERIODS - 1))))
    alone = some_rows(design, (design.period < PERIODS - 1) | (design.child == child))
    plan = PLAN.changed({"sampling.draws": 2000})
    found = [
        fit(rows, plan, model="M1", exposure="peer_presence", seed=seed, with_children=False)
        for seed, rows in ((10, alone), (11, some_rows(alone, alone.period < PERIODS - 1)))
    ]
    whole_, past = (one.certificate["log_marginal_likelihood"] for one in found)
    score = future_scores(dataclasses.replace(whole, design=alone), plan, Refits(plan, most=0))
    assert score is not None
    assert score.elpd.shape == (1,)
    assert score.elpd[0] == pytest.approx(whole_ - past, abs=4 * score.error + 0.15)


def test_nothing_is_predicted_from_less_than_half_of_a_record_or_where_it_is_not_asked(whole: Fit) -> None:
    design = whole.design
    assert [first_cell(design, PLAN.changed({"scores.last_days": n})) for n in (0, 1, 28, 29, 56, 57)] == [
        None, 3, 3, 2, 2, None,
    ]  # fmt: skip
    silent = dataclasses.replace(design, onsets=design.onsets * (design.period == PERIODS - 1))
    assert first_cell(silent, PLAN) is None
    assert future_scores(whole, PLAN.changed({"scores.last_days": 0}), Refits(PLAN, most=1)) is None
    refits = Refits(PLAN.changed({"gate.k_hat_max": 0.01}), most=1)
    assert future_scores(whole, PLAN, refits) is None, "a fit to the days before that fails the gate scores nothing"


def test_a_difference_is_over_the_same_children(whole: Fit) -> None:
    one = Future(fit=whole, days=28, elpd=np.array([-1.0, -3.0]), error=0.3, k_hat=0.2)
    other = Future(fit=whole, days=28, elpd=np.array([-2.0, -1.0]), error=0.4, k_hat=float("nan"))
    told = future_difference(one, other, hypothesis="H1")
    assert (told.unit, told.last_days, told.units, told.difference) == ("future", 28, 2, -1.0)
    assert (told.refit_error, told.k_hat_max) == (pytest.approx(0.5), 0.2)
    assert told.standard_error == pytest.approx(np.sqrt(2 * np.var([1.0, -2.0], ddof=1)))


def test_both_models_are_scored_by_fits_to_the_days_before(whole: Fit) -> None:
    """M1 against M0, both with the primary exposure or none; another exposure is not compared."""
    null = fit(made(), PLAN, model="M0", seed=3)
    other = dataclasses.replace(whole, exposure="peer_density")
    (told,) = forecasts([null, other, whole], PLAN, Refits(PLAN, most=0))
    assert (told.model, told.against, told.hypothesis) == ("M1 (peer_presence)", "M0", "H1")
    assert told.difference == pytest.approx(0.0, abs=1.0), "the same columns, other draws"
    assert told.units == np.unique(whole.design.child[whole.design.period == PERIODS - 1]).size
    assert forecasts([null, other], PLAN, Refits(PLAN, most=0)) == []

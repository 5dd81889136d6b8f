"""Savage-Dickey factors where the marginal likelihood is known: conjugate, by quadrature, and by the fast engine."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from tests.made_onsets import EXPOSURE, empty_design, truth_of, with_onsets

from missingmodels.config import from_mapping
from missingmodels.evidence.scores.bayes_factor import (
    WIDTHS,
    bayes_factors,
    log_density_at,
    prior_change,
    savage_dickey,
    side_change,
)
from missingmodels.fitting.fit import Fit, fit
from missingmodels.plan import Plan


def conjugate(y: float, spread: float, prior_mean: float, prior_sd: float) -> tuple[float, float, float]:
    """log BF₁₀, posterior mean and sd of theta ~ N(prior_mean, prior_sd²), y ~ N(theta, spread²)."""
    factor = norm.logpdf(y, prior_mean, np.hypot(prior_sd, spread)) - norm.logpdf(y, 0, spread)
    kept = spread**2 / (spread**2 + prior_sd**2)
    return float(factor), kept * prior_mean + (1 - kept) * y, float(prior_sd * np.sqrt(kept))


@pytest.mark.parametrize("y", [0.0, 0.15, 0.35, 0.6])  # 0 lies up to six posterior sds away
@pytest.mark.parametrize("prior_mean", [0.0, 0.3])
def test_a_conjugate_factor_and_its_sweep(y: float, prior_mean: float) -> None:
    rng = np.random.default_rng(2)
    truth, mean, sd = conjugate(y, 0.1, prior_mean, 0.5)
    draws = mean + sd * rng.standard_normal(4000)
    found, error = savage_dickey(draws, prior_mean, 0.5)
    assert found == pytest.approx(truth, abs=4 * error + 0.02)
    assert error < 0.1 * (1 + (mean / sd) ** 2 / 4)
    for times in WIDTHS:
        other, _, _ = conjugate(y, 0.1, prior_mean, 0.5 * times)
        change, k = prior_change(draws, prior_mean, 0.5, 0.5 * times)
        if k < 0.7:
            assert found + change == pytest.approx(other, abs=4 * error + 0.05)


def test_the_stated_error_is_that_of_repetition() -> None:
    rng = np.random.default_rng(3)
    found = np.array([savage_dickey(0.3 + 0.15 * rng.standard_normal(2000), 0.0, 1.0) for _ in range(40)])
    assert found[:, 0].std() == pytest.approx(found[:, 1].mean(), rel=0.4)


def test_a_skewed_law_is_met_where_there_are_draws() -> None:
    rng = np.random.default_rng(4)
    draws = np.log(rng.gamma(20.0, size=20_000) / 20.0)  # skewness about -0.23
    for x in (-0.5, -0.3, 0.0, 0.25):
        truth = 20 * np.log(20.0) + 20 * x - 20 * np.exp(x) - 39.339884187199495  # log gamma(20)
        assert log_density_at(draws, x) == pytest.approx(truth, abs=0.08)


PLAN = from_mapping(
    {
        "sampling": {"method": "laplace", "draws": 1000},
        "priors": {
            "replace": {
                "sigma_home": {"fixed": 0.0},
                "sigma_period": {"fixed": 0.0},
                "frailty_shape": {"fixed": 0.7},
                "intercept": {"fixed": float(np.log(12 / 365.25))},
                "need_score": {"fixed": 0.3},
            }
        },
    },
    Plan,
)


def with_exposure_prior(plan: Plan, **change: float) -> Plan:
    values = plan.model_dump(mode="json")
    values["priors"]["replace"][EXPOSURE] = change
    return from_mapping(values, Plan)


@pytest.fixture(scope="module")
def tiny() -> Fit:
    """One free coefficient: everything else is fixed, so its marginal likelihood is an integral over a line."""
    rng = np.random.default_rng(6)
    design = dataclasses.replace(empty_design(rng, homes=6, per_home=5, periods=3), groups={}, slope_of="")
    design = with_onsets(design, truth_of(design, rng, rate=12.0, peer=0.5, sigma_home=0.0, sigma_period=0.0), rng)
    return fit(design, PLAN, model="M1", exposure=EXPOSURE, seed=2)


def by_quadrature(whole: Fit, sd: float) -> float:
    """log BF₁₀ of the one coefficient, its density written out here."""
    design, x = whole.design, np.linspace(-4, 4, 4001)
    column, need = design.standardised.T
    linear = np.log(12 / 365.25) + 0.3 * design.scale[1] * need
    children = len(design.child_ids)
    y = np.bincount(design.child, design.onsets, children)
    total = np.zeros(x.size)
    for i, slope in enumerate(x):
        eta = linear + slope * column
        expected = np.bincount(design.child, design.days * np.exp(eta), children)
        total[i] = design.onsets @ eta - ((0.7 + y) * np.log(0.7 + expected)).sum()
    marginal = logsumexp(total + norm.logpdf(x, 0, sd)) + np.log(x[1] - x[0])
    return float(marginal - np.interp(0.0, x, total))


def test_one_coefficient_of_the_onset_model_by_quadrature(tiny: Fit) -> None:
    (found,) = bayes_factors(tiny, PLAN, [("H1", EXPOSURE, "peers", "above")])
    assert found.prior_sd == 1.0
    assert found.null_distance > 1
    for width, value, k in zip(found.widths, found.log_bf10_by_width, found.k_hat_by_width, strict=True):
        if k < 0.7:
            assert value == pytest.approx(by_quadrature(tiny, width), abs=4 * found.mc_error + 0.05)
    assert sum(k < 0.7 for k in found.k_hat_by_width) >= 4


def test_the_fast_engines_marginal_likelihoods_say_the_same() -> None:
    """With every scale and effect free: the model and the one with the coefficient at 0, fitted each."""
    rng = np.random.default_rng(6)
    design = dataclasses.replace(empty_design(rng, homes=20, per_home=4, periods=3), groups={}, slope_of="")
    design = with_onsets(design, truth_of(design, rng, rate=12.0, peer=0.45), rng)
    plan = from_mapping({"sampling": {"method": "laplace", "draws": 1000}}, Plan)
    whole = fit(design, plan, model="M1", exposure=EXPOSURE, seed=1)
    none = fit(design, with_exposure_prior(plan, fixed=0.0), model="M1", exposure=EXPOSURE, seed=2)
    found, need = bayes_factors(whole, plan, [("H1", EXPOSURE, "peers", "above"), ("", "need_score", "need", "")])
    assert need.prior_sd == pytest.approx(1 / design.scale[1]), "an sd of the sampler's column, told per raw unit"
    truth = whole.certificate["log_marginal_likelihood"] - none.certificate["log_marginal_likelihood"]
    assert found.log_bf10 == pytest.approx(truth, abs=4 * found.mc_error + 0.15)
    assert bayes_factors(none, with_exposure_prior(plan, fixed=0.0), [("H1", EXPOSURE, "peers", "above")]) == []


def test_the_factor_of_the_stated_side_by_hand():
    """Of a prior of mean 0 half lies on either side, so 90 of 100 draws there multiply by 0.9 / 0.5."""
    draws = np.concatenate([np.linspace(0.1, 1, 90), np.linspace(-1, -0.1, 10)])
    assert side_change(draws, 0.0, 1.0, "above") == pytest.approx(np.log(90.5 / 101 / 0.5))
    assert side_change(draws, 0.0, 1.0, "below") == pytest.approx(np.log(10.5 / 101 / 0.5))
    # a prior that lies one sd above 0 has 0.841 of its mass there
    assert side_change(draws, 1.0, 1.0, "above") == pytest.approx(np.log(90.5 / 101 / 0.841345), abs=1e-5)

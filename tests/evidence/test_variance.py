"""Shares of variance: by hand, against known priors and likelihoods, and what a row says of its priors."""

from __future__ import annotations

import dataclasses
import re
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import arcsine, beta

from missingmodels.evidence.effects import variance
from missingmodels.evidence.effects.estimands import period_variance_explained, variance_drop, variance_explained
from missingmodels.evidence.effects.variance import as_if_flat, drop_rows, log_density, prior_share, share_row
from missingmodels.frame.design import Design
from missingmodels.parameters import Parameters
from missingmodels.plan import Plan


def design_of(values: np.ndarray, *, homes: np.ndarray, periods: np.ndarray) -> Design:
    """One column over one child a home, ten days a row."""
    rows = len(values)
    return Design(
        formula="x", names=("x",), matrix=values[:, None].astype(float), centre=np.zeros(1),
        scale=np.array([values.std()]), child=homes, home=homes, period=periods, onsets=np.zeros(rows, int),
        days=np.full(rows, 10.0), days_at_risk=np.full(rows, 10.0), burn_in=np.zeros(rows, bool),
        before_window=np.zeros(rows, bool), child_ids=tuple("abcd"[: homes.max() + 1]),
        home_ids=tuple("ghij"[: homes.max() + 1]), periods=int(periods.max()) + 1, notes=(),
    )  # fmt: skip


def parameters(effect: np.ndarray, sigma_home: np.ndarray, sigma_period: np.ndarray) -> Parameters:
    draws = len(effect)
    return Parameters(
        intercept=np.zeros(draws), coefficients={"x": effect}, home_ids=(), home=np.zeros((draws, 0)),
        home_period=np.zeros((draws, 0, 1)), child_ids=(), frailty=np.ones((draws, 0)), sigma_home=sigma_home,
        sigma_period=sigma_period, frailty_shape=np.ones(draws),
    )  # fmt: skip


HOMES, PERIODS = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])


def fit_of(design: Design, draws: Parameters) -> SimpleNamespace:
    return SimpleNamespace(design=design, parameters=draws, model="M2", exposure="", certificate={"seed": 3})


def test_share_between_periods_by_hand() -> None:
    # deviations of ∓1 in one home and ∓3 in the other: variance over home-periods 5, effect 0.2: 0.2
    design = design_of(np.array([-1.0, 1.0, -3.0, 3.0]), homes=HOMES, periods=PERIODS)
    held = parameters(np.array([0.2, 0.2, 0.0]), np.ones(3), np.array([0.0, np.sqrt(0.6), 0.0]))
    assert period_variance_explained(held, design, ("x",)) == pytest.approx([1.0, 0.25, 0.0])
    assert variance_explained(held, design, ("x",)) == pytest.approx([0.0, 0.0, 0.0]), "no home differs in its mean"


def test_a_home_counts_once_however_long_it_was_seen() -> None:
    design = design_of(np.array([1.0, 1.0, 3.0, 3.0]), homes=HOMES, periods=PERIODS)
    longer = dataclasses.replace(design, days_at_risk=np.array([10.0, 10.0, 300.0, 0.0]))
    held = parameters(np.array([0.5]), np.array([0.5]), np.zeros(1))
    assert variance_explained(held, design, ("x",)) == pytest.approx(0.5)
    assert variance_explained(held, longer, ("x",)) == pytest.approx(0.5)


def test_the_drop_of_variance_may_be_negative() -> None:
    without = parameters(np.zeros(2), np.array([0.5, 0.1]), np.zeros(2))
    whole = parameters(np.zeros(4), np.array([0.3, 9.0, 9.0, 0.2]), np.zeros(4))  # thinned to the first and the last
    assert variance_drop(without, whole) == pytest.approx([0.16, -0.03])
    design = design_of(np.array([1.0, 1.0, 3.0, 3.0]), homes=HOMES, periods=PERIODS)
    fits = [fit_of(design, without), fit_of(design, whole)]
    fits[0].model = "M0"
    (row,) = drop_rows(fits, Plan().decision)
    assert (row.model, row.median, row.null) == ("M2", pytest.approx(0.065), 0.0)
    assert drop_rows(fits[1:], Plan().decision) == []


def test_density_of_shares_is_that_of_a_beta() -> None:
    law, at = beta(2.5, 1.2), np.array([0.02, 0.1, 0.3, 0.6, 0.9, 0.99])
    draws = law.rvs(100_000, random_state=np.random.default_rng(1))
    assert log_density(draws, at) == pytest.approx(law.logpdf(at), abs=0.15)
    assert np.isfinite(log_density(draws, np.array([0.0, 1.0]))).all()


def test_draws_under_a_flat_prior_are_those_of_its_own_posterior() -> None:
    """Of 12 tries 3 succeed: under beta(5, 2) the posterior is beta(8, 11), under a flat prior beta(4, 10)."""
    rng = np.random.default_rng(2)
    prior, posterior = rng.beta(5, 2, 100_000), rng.beta(8, 11, 20_000)
    flat, k_hat = as_if_flat(posterior, prior, rng)
    assert k_hat < 0.7
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    assert np.quantile(flat, levels) == pytest.approx(beta(4, 10).ppf(levels), abs=0.015)
    assert np.abs(np.quantile(posterior, levels) - beta(4, 10).ppf(levels)).min() > 0.03, "the prior did matter"


def test_share_under_the_priors_alone_is_an_arcsine_law() -> None:
    """One column, an sd of it N(0, 1), beside |N(0, 1)| of homes: the share is that of a squared Cauchy."""
    design = design_of(np.array([1.0, 1.0, 6.0, 6.0]), homes=HOMES, periods=PERIODS)
    fit = fit_of(design, parameters(np.zeros(1), np.ones(1), np.zeros(1)))
    plan = Plan(priors={"use": "weak"})
    found = prior_share(variance_explained, ("x",), fit, plan)
    levels = [0.1, 0.25, 0.5, 0.75, 0.9]
    assert np.quantile(found, levels) == pytest.approx(arcsine.ppf(levels), abs=0.01)


def test_a_row_says_what_the_priors_make_of_it(monkeypatch) -> None:
    design = design_of(np.array([1.0, 1.0, 3.0, 3.0]), homes=HOMES, periods=PERIODS)
    rng = np.random.default_rng(4)
    fit = fit_of(design, parameters(rng.normal(0, 1, 4000), np.abs(rng.normal(0, 1, 4000)), np.zeros(4000)))

    def row():
        return share_row(variance_explained, ("x",), fit, Plan(), name="s", label="share", hypothesis="H2")

    told = row()  # the data said nothing, so each share is as likely as any
    assert told.median == pytest.approx(0.5, abs=0.04)
    assert (told.interval_low, told.interval_high) == pytest.approx((0.025, 0.975), abs=0.03)
    assert re.fullmatch(r"(49|50|51)% under the plan's priors, 50% by them alone", told.remark)
    monkeypatch.setattr(variance, "GOOD_K", -2.0)
    assert row().remark.startswith(told.remark + "; weighed roughly, Pareto k ")
    monkeypatch.setattr(variance, "LAST_K", -2.0)
    assert row().remark == "ruled by the plan's priors, 50% by them alone"
    assert (row().interval_low, row().interval_high) == pytest.approx((0.0015, 0.9985), abs=0.001), "left as it was"


def test_a_share_that_the_plan_fixes_is_told_as_it_is() -> None:
    design = design_of(np.array([1.0, 1.0, 3.0, 3.0]), homes=HOMES, periods=PERIODS)
    fit = fit_of(design, parameters(np.full(50, 0.3), np.zeros(50), np.zeros(50)))
    for plan, share in (
        (Plan(priors={"replace": {"sigma_home": {"fixed": 0.0}}}), 1.0),
        (Plan(priors={"replace": {"x": {"fixed": 0.0}}}), 1.0),
    ):
        row = share_row(variance_explained, ("x",), fit, plan, name="s", label="share", hypothesis="H2")
        assert (row.median, row.remark) == (share, "fixed by the plan's priors")

"""The fast engine under every law of frailty: derivatives, and a posterior that quadrature can check."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from test_laplace import at_random, joined, made_design, priors_with

from missingmodels.fitting.laplace.approximation import laplace
from missingmodels.fitting.laplace.child import ChildLaw
from missingmodels.fitting.laplace.data import laplace_data
from missingmodels.fitting.laplace.gaussian import factorise
from missingmodels.fitting.laplace.point import Scales, at_point
from missingmodels.fitting.laplace.weights import log_joint, mean_gradient
from missingmodels.models.priors.law import Prior

LAWS = {
    "log_normal": Scales(sigma_home=0.5, sigma_period=0.3, law="log_normal", further={"frailty_sd_log": 1.1}),
    "low_risk": Scales(
        sigma_home=0.5,
        sigma_period=0.3,
        frailty_shape=0.9,
        law="low_risk",
        further={"low_risk_share": 0.4, "low_risk_ratio": 0.3},
    ),
}


def priors_of(shape=5.0, **further):
    """The weak priors with those of a law beside them, home and period effects off."""
    base = priors_with(sigma_home=0.0, sigma_period=0.0, frailty_shape=shape)
    held = {name.name: getattr(base, name.name) for name in dataclasses.fields(base)}
    return SimpleNamespace(**held | further, of_columns=base.of_columns)


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("law", list(LAWS))
def test_gradient_and_hessian_against_finite_differences(law, before):
    scales, data = LAWS[law], laplace_data(made_design(before=before, movers=0 if before else 4), priors_with())
    b, z = at_random(data, scales)
    x0 = joined(b, z)

    def point(x):
        return at_point(data, scales, x[: b.size], x[b.size :].reshape(z.shape))

    def gradient(x):
        found = point(x)
        return joined(found.gradient_b, found.gradient_z)

    steps = 1e-4 * np.eye(x0.size)
    numeric = np.array([(point(x0 + e).value - point(x0 - e).value) / 2e-4 for e in steps])
    np.testing.assert_allclose(gradient(x0), numeric, rtol=1e-5, atol=1e-5)
    hessian = -np.array([(gradient(x0 + e) - gradient(x0 - e)) / 2e-4 for e in steps])
    factor = factorise(data, scales, point(x0))
    assert factor.log_determinant == pytest.approx(np.linalg.slogdet(hessian)[1], abs=1e-4)
    right = np.random.default_rng(2).normal(size=x0.size)
    solved = joined(*factor.solve(right[: b.size], right[b.size :].reshape(z.shape)))
    np.testing.assert_allclose(solved, np.linalg.solve(hessian, right), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("law", list(LAWS))
def test_many_points_at_once_are_each(law, before):
    scales, data = LAWS[law], laplace_data(made_design(before=before), priors_with())
    rng = np.random.default_rng(7)
    b, z = rng.normal(0, 0.3, (data.prior_sd.size, 5)), rng.normal(0, 0.7, (data.homes, data.periods + 1, 5))
    b[0] -= 3
    points = [at_point(data, scales, b[:, i], z[..., i]) for i in range(5)]
    found = log_joint(data, b, scales.effects(z, data.periods), z, scales.child)
    np.testing.assert_allclose(found, [p.value for p in points], rtol=1e-9)
    of_b, of_z = mean_gradient(data, scales, b, z)
    np.testing.assert_allclose(of_b, np.mean([p.gradient_b for p in points], axis=0), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(of_z, np.mean([p.gradient_z for p in points], axis=0), rtol=1e-8, atol=1e-8)


def on_a_grid(design, law_of, log_prior, intercepts, values):
    """Posterior weights over intercepts and one value of the law, nothing else being open."""
    out = np.empty((intercepts.size, values.size))
    children = len(design.child_ids)
    onsets, days = (np.bincount(design.child, part, children) for part in (design.onsets, design.days))
    for j, value in enumerate(values):
        inside = law_of(value).log_density(onsets[:, None], days[:, None] * np.exp(intercepts)).sum(axis=0)
        out[:, j] = inside + onsets.sum() * intercepts + log_prior(value)
    return out


CASES = {
    "log_normal": (
        {"frailty_sd_log": Prior(law="log_normal", mean=0.05, sd=0.5)},
        lambda v: ChildLaw("log_normal", {"frailty_sd_log": v}),
        lambda v: -0.5 * ((np.log(v) - 0.05) / 0.5) ** 2 - np.log(v),
        np.linspace(0.05, 6.0, 240),
        "frailty_sd_log",
    ),
    "low_risk": (
        {
            "low_risk_share": Prior(law="beta", mean=0.5, sd=0.5 / np.sqrt(5)),
            "low_risk_ratio": Prior(law="fixed", mean=0.05),
        },
        lambda v: ChildLaw("low_risk", {"frailty_shape": 5.0, "low_risk_share": v, "low_risk_ratio": 0.05}),
        lambda v: np.log(v * (1 - v)),
        np.linspace(0.0025, 0.9975, 200),
        "low_risk_share",
    ),
}


@pytest.mark.parametrize("law", list(CASES))
def test_posterior_of_the_law_against_quadrature(law):
    further, law_of, log_prior, values, name = CASES[law]
    design, priors = made_design(5, columns=0, homes=2, children=120, movers=0), priors_of(**further)
    found = laplace(design, priors, draws=20_000, rng=np.random.default_rng(1), law=law)
    assert found.k_hat < 0.7
    intercepts = np.linspace(-6.5, 1.5, 321)
    log_density = on_a_grid(design, law_of, log_prior, intercepts, values)
    log_density -= 0.5 * ((intercepts[:, None] - priors.intercept.mean) / priors.intercept.sd) ** 2
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    for draws, at, mass in (
        (found.intercept, intercepts, weight.sum(axis=1)),
        (found.further[name], values, weight.sum(axis=0)),
    ):
        mean = mass @ at
        sd = np.sqrt(mass @ (at - mean) ** 2)
        assert draws.mean() == pytest.approx(mean, abs=5 * sd / np.sqrt(found.ess))
        assert draws.std() == pytest.approx(sd, rel=6 / np.sqrt(found.ess))


def test_two_modes_of_the_share_are_refused():
    """Where one gamma tells all, nobody and everybody in the class are as likely, and neither mode is the posterior."""
    priors = priors_of(shape=0.8, **CASES["low_risk"][0])
    design = made_design(5, columns=0, homes=2, children=40, movers=0)
    with pytest.raises(FloatingPointError, match="two modes in low_risk_share"):
        laplace(design, priors, draws=500, rng=np.random.default_rng(1), law="low_risk")

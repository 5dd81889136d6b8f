"""Laws of a child's frailty: against quadrature, and their derivatives against differences."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln

from missingmodels.fitting.laplace.child import LAWS, ChildLaw, log_normal_mode

POINTS = list(itertools.product((0, 1, 4, 60), (1e-4, 0.3, 5.0, 200.0)))
CASES = [
    ("gamma", {"frailty_shape": 0.3}),
    ("gamma", {"frailty_shape": 4.0}),
    ("log_normal", {"frailty_sd_log": 0.1}),
    ("log_normal", {"frailty_sd_log": 1.05}),
    ("log_normal", {"frailty_sd_log": 2.5}),
    ("low_risk", {"frailty_shape": 0.6, "low_risk_share": 0.5, "low_risk_ratio": 0.05}),
    ("low_risk", {"frailty_shape": 2.0, "low_risk_share": 0.1, "low_risk_ratio": 0.6}),
]


def log_integral(log_integrand, low, high):
    """Log of the integral of exp of a function of x, cut where it lies: around its top."""
    grid = np.linspace(low, high, 20_001)
    values = np.array([log_integrand(x) for x in grid])
    top = int(values.argmax())
    inside = grid[values > values[top] - 50]
    edges = np.concatenate([np.linspace(inside[0], grid[top], 9), np.linspace(grid[top], inside[-1], 9)[1:]])
    parts = [
        quad(lambda x: math.exp(log_integrand(x) - values[top]), a, b, epsabs=0, epsrel=1e-12, limit=200)[0]
        for a, b in itertools.pairwise(edges)
        if b > a
    ]
    return values[top] + math.log(sum(parts))


def by_quadrature(name, values, onsets, expected):
    """log E[u^Y exp(-u Λ)] over log u, or its normal score."""
    if name == "log_normal":
        s = values["frailty_sd_log"]

        def normal(z):
            log_u = s * z - s**2 / 2
            return onsets * log_u - expected * math.exp(log_u) - z**2 / 2 - math.log(2 * math.pi) / 2

        return log_integral(normal, -16, 16)
    k = values["frailty_shape"]

    def gamma(part):
        def density(x):
            u = math.exp(x) * part
            return onsets * math.log(u) - expected * u + k * x - k * math.exp(x) + k * math.log(k) - gammaln(k)

        return log_integral(density, -90, 6)

    if name == "gamma":
        return gamma(1.0)
    share, ratio = values["low_risk_share"], values["low_risk_ratio"]
    mean = share * ratio + 1 - share
    return np.logaddexp(math.log(share) + gamma(ratio / mean), math.log(1 - share) + gamma(1 / mean))


@pytest.mark.parametrize(("name", "values"), CASES)
def test_log_density_against_quadrature(name, values):
    law = ChildLaw(name, values)
    for onsets, expected in POINTS:
        found = float(law.log_density(np.array(onsets), np.array(expected)))
        assert found == pytest.approx(by_quadrature(name, values, onsets, expected), abs=2e-8), (onsets, expected)


@pytest.mark.parametrize(("name", "values"), CASES)
def test_moments_are_the_derivatives_by_log_expectation(name, values):
    law = ChildLaw(name, values)
    onsets, expected = (np.array(part, dtype=float) for part in zip(*POINTS, strict=True))
    _, mean, spread = law.moments(onsets, expected)
    h = 1e-2

    def at(step):
        return law.log_density(onsets, expected * np.exp(step))

    slope = (at(-2 * h) - 8 * at(-h) + 8 * at(h) - at(2 * h)) / (12 * h)
    np.testing.assert_allclose(-mean * expected, slope, rtol=1e-6, atol=1e-6)
    bend = (-at(-2 * h) + 16 * at(-h) - 30 * at(0.0) + 16 * at(h) - at(2 * h)) / (12 * h**2)
    whole = slope + spread * (mean * expected) ** 2
    if name == "low_risk":  # concave is what is wanted there, so a hollow is taken as flat
        assert np.all(whole <= 1e-7)
        np.testing.assert_allclose(whole, np.minimum(bend, 0), rtol=1e-3, atol=1e-6)
    else:
        np.testing.assert_allclose(whole, bend, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("name", "values"), CASES)
def test_every_law_has_mean_one(name, values):
    _, mean, _ = ChildLaw(name, values).moments(np.array(0.0), np.array(0.0 if name != "log_normal" else 1e-12))
    assert float(mean) == pytest.approx(1.0, abs=1e-8)


def test_values_may_differ_from_draw_to_draw():
    sd = np.array([0.2, 0.9, 2.0])
    together = ChildLaw("log_normal", {"frailty_sd_log": sd}).log_density(
        np.array([[0.0], [3.0]]), np.full((2, 3), 0.7)
    )
    for i, value in enumerate(sd):
        alone = ChildLaw("log_normal", {"frailty_sd_log": value}).log_density(np.array([0.0, 3.0]), np.full(2, 0.7))
        np.testing.assert_allclose(together[:, i], alone, rtol=1e-12)


def test_values_of_another_law_are_refused():
    with pytest.raises(ValueError, match="low_risk_ratio"):
        ChildLaw("low_risk", {"frailty_shape": 1.0})
    assert set(LAWS) == {"gamma", "log_normal", "low_risk"}


@pytest.mark.parametrize("sd", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("expected", [1e-12, 1.0, 1e8, 1e25, 1e60])
@pytest.mark.parametrize("onsets", [0.0, 2.0, 300.0])
def test_the_mode_is_found_however_much_is_expected(sd, expected, onsets):
    """A first look far from the posterior expects absurdly much; a density of +inf there would pass for a gain."""
    z = float(log_normal_mode(np.array(onsets), np.array(expected), np.array(sd)))
    assert sd * onsets - z == pytest.approx(sd * expected * np.exp(sd * z), rel=1e-6, abs=1e-9)
    assert np.isfinite(ChildLaw("log_normal", {"frailty_sd_log": sd}).log_density(onsets, expected))

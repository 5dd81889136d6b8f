"""The reference densities against quadrature, closed forms and arithmetic done by hand."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, logsumexp

from plain import reference

# The trapezium rule is accurate to rounding for a smooth integrand that vanishes at both ends; at the smallest
# frailty shape used below (0.4) the left end carries exp(-0.4 * 150), about 1e-26.
LOG_U = np.arange(-150.0, 12.0, 0.005)
LOG_STEP = np.log(0.005)


def log_integral_over_frailty(log_kernel, *, shape, power=0):
    """Return log of the integral of u^power exp(log_kernel(u)) over the Gamma(shape, rate shape) density of u."""
    u = np.exp(LOG_U)
    log_prior = stats.gamma.logpdf(u, shape, scale=1.0 / shape) + LOG_U  # du = u d(log u)
    return logsumexp(log_prior + log_kernel(u) + power * LOG_U) + LOG_STEP


def poisson_kernel(rows, *, chosen):
    """Return the function of u that is the log Poisson kernel, without y log n - log y!, of the chosen rows."""

    def log_kernel(u):
        total = np.zeros_like(u)
        for y, n, eta in zip(rows["onsets"][chosen], rows["days"][chosen], rows["eta"][chosen], strict=True):
            total += y * (eta + np.log(u)) - n * np.exp(eta) * u
        return total

    return log_kernel


def random_rows(rng, *, n_rows=24, n_children=5):
    """Return row arguments in which the last child has no row in the window and the one before it none before."""
    child = np.concatenate([np.arange(n_children), rng.integers(0, n_children, n_rows - n_children)])
    before_window = rng.random(n_rows) < 0.4
    before_window[child == n_children - 1] = True
    before_window[child == n_children - 2] = False
    return {
        "onsets": rng.poisson(1.3, n_rows),
        "days": rng.uniform(0.5, 28.0, n_rows),
        "eta": rng.normal(-2.0, 0.8, n_rows),
        "child": child,
        "n_children": n_children,
        "frailty_shape": float(rng.uniform(0.4, 3.0)),
        "before_window": before_window,
    }


@pytest.mark.parametrize("seed", range(8))
def test_onset_density_is_the_gamma_mixture_given_the_rows_before_the_window(seed):
    rows = random_rows(np.random.default_rng(seed))
    before, shape = rows["before_window"], rows["frailty_shape"]
    result = reference.onset_log_density_by_child(**rows)
    for i in range(rows["n_children"]):
        own = rows["child"] == i
        joint = log_integral_over_frailty(poisson_kernel(rows, chosen=own), shape=shape)
        known = log_integral_over_frailty(poisson_kernel(rows, chosen=own & before), shape=shape)
        assert result[i] == pytest.approx(joint - known, abs=1e-9)
    assert result[-1] == 0.0


@pytest.mark.parametrize("side", [True, False])
def test_merging_rows_with_the_same_eta_changes_nothing(side):
    rows = random_rows(np.random.default_rng(11))
    rows["before_window"][[0, 5]] = side
    rows["child"][5] = rows["child"][0]
    rows["eta"][5] = rows["eta"][0]
    merged = {name: np.delete(value, 5) if np.ndim(value) else value for name, value in rows.items()}
    merged["onsets"][0] += rows["onsets"][5]
    merged["days"][0] += rows["days"][5]
    for function in (reference.onset_log_density_by_child, reference.frailty_posterior):
        np.testing.assert_allclose(function(**merged), function(**rows), rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_frailty_posterior_has_the_moments_of_the_tilted_density(seed):
    rows = random_rows(np.random.default_rng(100 + seed))
    shapes, rates = reference.frailty_posterior(**rows)
    for i in range(rows["n_children"]):
        kernel = poisson_kernel(rows, chosen=rows["child"] == i)
        norm, first, second = (
            log_integral_over_frailty(kernel, shape=rows["frailty_shape"], power=power) for power in range(3)
        )
        mean = np.exp(first - norm)
        assert shapes[i] / rates[i] == pytest.approx(mean, rel=1e-9)
        assert shapes[i] / rates[i] ** 2 == pytest.approx(np.exp(second - norm) - mean**2, rel=1e-8)


def test_the_window_flag_moves_no_information_about_the_frailty():
    rows = random_rows(np.random.default_rng(12))
    flipped = rows | {"before_window": ~rows["before_window"]}
    np.testing.assert_allclose(reference.frailty_posterior(**flipped), reference.frailty_posterior(**rows), rtol=1e-12)


def daily_rows(rng, *, intensity, n_days=60, n_onsets=4):
    """Return one child's daily rows: the onset days lie anywhere and every sixth day is a return day, e = 1/2."""
    onset = np.zeros(n_days, dtype=int)
    onset[rng.choice(n_days, n_onsets, replace=False)] = 1
    days_at_risk = np.where(np.arange(n_days) % 6 == 0, 0.5, 1.0)
    eta = np.log(intensity) + rng.normal(0.0, 0.3, n_days)
    return onset, days_at_risk, eta


def both_densities(onset, days_at_risk, eta, *, shape):
    """Return the exact daily log density and the half-day one with its constant sum(y log e) put back."""
    child = np.zeros(len(eta), dtype=int)
    shared = {"eta": eta, "child": child, "n_children": 1, "frailty_shape": shape}
    exact = reference.daily_log_density_by_child(onset=onset, days_at_risk=days_at_risk, **shared)[0]
    half_day = reference.onset_log_density_by_child(
        onsets=onset, days=days_at_risk * (1 - onset / 2), before_window=np.zeros(len(eta), dtype=bool), **shared
    )[0]
    return exact, half_day + np.sum(onset * np.log(days_at_risk))


@pytest.mark.parametrize("shape", [0.4, 2.5])
@pytest.mark.parametrize("n_onsets", [0, 1, 5])
def test_daily_density_matches_its_expansion_into_gamma_transforms(shape, n_onsets):
    # prod(1 - exp(-a u)) = sum over subsets S of (-1)^|S| exp(-u sum_S a), and E exp(-u c) = (k / (k + c))^k.
    # The alternating sum cancels where hazards are small, hence hazards near 1.
    onset, days_at_risk, eta = daily_rows(np.random.default_rng(3), intensity=0.9, n_days=8, n_onsets=n_onsets)
    exact, _ = both_densities(onset, days_at_risk, eta, shape=shape)
    hazard = np.exp(eta) * days_at_risk
    quiet = np.sum(hazard[onset == 0])
    total = 0.0
    for size in range(n_onsets + 1):
        for subset in combinations(hazard[onset == 1], size):
            total += (-1) ** size * (shape / (shape + quiet + sum(subset))) ** shape
    assert exact == pytest.approx(np.log(total), abs=1e-9)


def test_daily_density_sums_to_one_over_all_outcomes():
    eta = np.log([0.3, 0.7, 0.2])
    total = 0.0
    for code in range(8):
        onset = np.array([code & 1, code >> 1 & 1, code >> 2 & 1])
        exact, _ = both_densities(onset, np.array([1.0, 0.5, 1.0]), eta, shape=0.7)
        total += np.exp(exact)
    assert total == pytest.approx(1.0, abs=1e-10)


def test_daily_density_at_the_edges_of_risk():
    result = reference.daily_log_density_by_child(
        onset=np.array([0, 1]),
        days_at_risk=np.array([0.0, 0.0]),
        eta=np.array([-1.0, -1.0]),
        child=np.array([0, 1]),
        n_children=3,
        frailty_shape=0.7,
    )
    assert result.tolist() == [0.0, -np.inf, 0.0]


@pytest.mark.parametrize("intensity", [0.01, 0.1])
@pytest.mark.parametrize("shape", [0.6, 4.0])
def test_half_day_rule_errs_by_a_twenty_fourth_of_the_squared_intensity(intensity, shape):
    # log(1 - exp(-x)) = log x - x/2 + x^2/24 - ..., so with x = e lambda u the leading error is the posterior mean
    # of sum_onsets (e lambda)^2 u^2 / 24, and u has the gamma posterior (a, b) with E u^2 = a (a + 1) / b^2.
    onset, days_at_risk, eta = daily_rows(np.random.default_rng(5), intensity=intensity)
    exact, half_day = both_densities(onset, days_at_risk, eta, shape=shape)
    hazard = np.exp(eta) * days_at_risk
    a, b = shape + onset.sum(), shape + np.sum(hazard * (1 - onset / 2))
    leading = np.sum(onset * hazard**2) / 24 * a * (a + 1) / b**2
    assert exact - half_day == pytest.approx(leading, rel=0.05)


@pytest.mark.parametrize("intensity", [0.01, 0.1, 0.3])
def test_half_day_rate_is_low_by_a_twelfth_of_the_squared_intensity(intensity):
    # With y = N (1 - exp(-lambda)) onsets in N days the exact daily likelihood peaks at lambda; the half-day one peaks
    # at y / (N - y/2) = 2 tanh(lambda / 2), whatever the frailty shape, since its score is zero where Lambda = Y.
    n_days = 1000.0
    onsets = n_days * -np.expm1(-intensity)

    def loss(eta):
        return -reference.onset_log_density_by_child(
            onsets=[onsets],
            days=[n_days - onsets / 2],
            eta=np.array([eta]),
            child=np.array([0]),
            n_children=1,
            frailty_shape=30.0,
            before_window=np.array([False]),
        )[0]

    bounds = (np.log(intensity) - 1, np.log(intensity) + 1)
    estimate = np.exp(minimize_scalar(loss, bounds=bounds, options={"xatol": 1e-10}).x)
    assert estimate == pytest.approx(2 * np.tanh(intensity / 2), rel=1e-6)
    assert estimate / intensity - 1 == pytest.approx(-(intensity**2) / 12, rel=0.02, abs=1e-6)


def test_three_children_by_hand():
    # k = 2.
    # Child 0, before: y = 1, n = 4, exp(eta) = 1/2, so Y0 = 1, Lambda0 = 2: shape 3, rate 4.
    #          within: one quiet day and one onset day, y = 1, n = 1.5, exp(eta) = 2, so Y = 1, Lambda = 3.
    #          L = 2 * Gamma(4)/Gamma(3) * 4^3 / 7^4 = 2 * 3 * 64 / 2401 = 384/2401; posterior Gamma(4, 7).
    # Child 1, before only: y = 2, n = 5, exp(eta) = 1, so log L = 0; posterior Gamma(2 + 2, 2 + 5).
    # Child 2, within only: y = 0, n = 2, exp(eta) = 1; L = 2^2 / 4^2 = 1/4; posterior Gamma(2, 4).
    rows = {
        "onsets": np.array([1, 1, 2, 0]),
        "days": np.array([4.0, 1.5, 5.0, 2.0]),
        "eta": np.log([0.5, 2.0, 1.0, 1.0]),
        "child": np.array([0, 0, 1, 2]),
        "n_children": 3,
        "frailty_shape": 2.0,
        "before_window": np.array([True, False, True, False]),
    }
    result = reference.onset_log_density_by_child(**rows)
    np.testing.assert_allclose(result, [np.log(384 / 2401), 0.0, np.log(1 / 4)], rtol=1e-12)
    shape, rate = reference.frailty_posterior(**rows)
    np.testing.assert_allclose(shape, [4.0, 4.0, 2.0])
    np.testing.assert_allclose(rate, [7.0, 7.0, 4.0])


def test_joint_density_adds_its_parts_by_hand():
    design_matrix = np.array([[2.0, 0.0], [0.0, -1.0]])
    effects = {
        "home": np.array([1, 0]),
        "home_effects": np.array([0.6, -0.4]),
        "home_period": np.array([0, 2]),
        "home_period_effects": np.array([0.2, 0.7, -0.1]),
    }
    predictor = {"design_matrix": design_matrix, "intercept": 0.5, "coefficients": np.array([0.1, -0.3]), **effects}
    # Row 0: 0.5 + 2 * 0.1 + v_1 + w_0 = 0.5 + 0.2 - 0.4 + 0.2 = 0.5.
    # Row 1: 0.5 - 1 * (-0.3) + v_0 + w_2 = 0.5 + 0.3 + 0.6 - 0.1 = 1.3.
    np.testing.assert_allclose(reference.linear_predictor(**predictor), [0.5, 1.3])
    priors = reference.ReferencePriors(
        intercept_mean=-4.0,
        intercept_sd=1.5,
        coefficients_mean=np.array([0.2, -0.1]),
        coefficients_sd=np.array([0.5, 0.9]),
        sigma_home_sd=0.8,
        sigma_period_sd=0.4,
        frailty_shape_mu=-0.7,
        frailty_shape_sigma=0.6,
    )
    rows = {
        "onsets": np.array([2, 3]),
        "days": np.array([1.5, 4.0]),
        "child": np.array([0, 0]),
        "n_children": 2,
        "before_window": np.array([True, False]),
    }
    scales = {"sigma_home": 0.7, "sigma_period": 0.3, "frailty_shape": 1.4}
    known_shape, known_rate = 1.4 + 2, 1.4 + 1.5 * np.exp(0.5)
    expected = (
        3 * 1.3
        + gammaln(known_shape + 3)
        - gammaln(known_shape)
        + known_shape * np.log(known_rate)
        - (known_shape + 3) * np.log(known_rate + 4.0 * np.exp(1.3))
        + stats.norm.logpdf([0.6, -0.4], scale=0.7).sum()
        + stats.norm.logpdf([0.2, 0.7, -0.1], scale=0.3).sum()
        + stats.norm.logpdf(0.5, -4.0, 1.5)
        + stats.norm.logpdf([0.1, -0.3], [0.2, -0.1], [0.5, 0.9]).sum()
        + stats.halfnorm.logpdf(0.7, scale=0.8)
        + stats.halfnorm.logpdf(0.3, scale=0.4)
        + stats.lognorm.logpdf(1.4, s=0.6, scale=np.exp(-0.7))
    )
    result = reference.joint_log_density(**rows, **predictor, **scales, priors=priors)
    assert result == pytest.approx(expected, rel=1e-12)
    for name in scales:
        outside = scales | {name: -0.1}
        assert reference.joint_log_density(**rows, **predictor, **outside, priors=priors) == -np.inf


def test_prior_densities_match_scipy_and_refuse_what_lies_outside():
    x = np.array([0.2, 1.7])
    assert reference.gamma_log_density(x, shape=0.6, rate=2.0) == pytest.approx(
        stats.gamma.logpdf(x, 0.6, scale=0.5).sum()
    )
    assert reference.half_normal_log_density(x, sd=0.9) == pytest.approx(stats.halfnorm.logpdf(x, scale=0.9).sum())
    assert reference.half_normal_log_density(-0.1, sd=0.9) == -np.inf
    assert reference.gamma_log_density(0.0, shape=0.6, rate=2.0) == -np.inf
    assert reference.lognormal_log_density(-1.0, mu=0.0, sigma=1.0) == -np.inf

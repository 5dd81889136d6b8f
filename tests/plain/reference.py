"""Reference densities for the onset model: the referee, never the engine.

Every formula follows sections 1 and 2 of the specification by explicit loops over children and rows. Intensities are
per child per day, exposures are in days, and every density is a natural logarithm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]
BoolArray = NDArray[np.bool_]

# Beyond this drop below the mode (in log density) the integrand is under 1e-19 of its peak.
_TAIL_DROP = 44.0


@dataclass(frozen=True, kw_only=True)
class ReferencePriors:
    """Prior settings on the natural scale: parameters of section 2.

    `coefficients_mean` and `coefficients_sd` have shape (coefficients,) or are scalars for all of them. The standard
    deviations of the home effects have half-normal priors; `frailty_shape` is lognormal, so `frailty_shape_mu` and
    `frailty_shape_sigma` are on the scale of log k.
    """

    intercept_mean: float
    intercept_sd: float
    coefficients_mean: FloatArray | float
    coefficients_sd: FloatArray | float
    sigma_home_sd: float
    sigma_period_sd: float
    frailty_shape_mu: float
    frailty_shape_sigma: float


def linear_predictor(
    *,
    design_matrix: FloatArray,
    intercept: float,
    coefficients: FloatArray,
    home: IntArray,
    home_effects: FloatArray,
    home_period: IntArray,
    home_period_effects: FloatArray,
) -> FloatArray:
    """Return eta, the log intensity per day without log u, shape (rows,): section 2.

    `design_matrix` is (rows, coefficients). `home` and `home_period` are (rows,) and hold positions in the effect
    vectors, (homes,) and (home periods,), which are the effects v and w themselves.
    """
    n_rows, n_coefficients = np.shape(design_matrix)
    eta = np.zeros(n_rows)
    for row in range(n_rows):
        eta[row] = intercept + home_effects[home[row]] + home_period_effects[home_period[row]]
        for column in range(n_coefficients):
            eta[row] += design_matrix[row, column] * coefficients[column]
    return eta


def onset_log_density_by_child(
    *,
    onsets: ArrayLike,
    days: ArrayLike,
    eta: FloatArray,
    child: IntArray,
    n_children: int,
    frailty_shape: float,
    before_window: BoolArray,
) -> FloatArray:
    """Return log L_i for each child, shape (n_children,): section 2, the gamma frailty integrated out.

    The row arguments have shape (rows,). `onsets` are counts, `days` the likelihood exposure in days with an onset day
    already halved (section 1), `eta` the log intensity per day, `child` a position below `n_children`. Rows with
    `before_window` enter only Y0 and Lambda0: the density is that of the rows in the window given those before it.
    The constant sum(y log n - log y!) is left out, so a row with onsets and no exposure is not refused here.
    """
    onsets, before_window = np.asarray(onsets, dtype=float), np.asarray(before_window, dtype=bool)
    known_onsets, known_exposure = _frailty_sums(onsets, days, eta, child, n_children, before_window)
    new_onsets, new_exposure = _frailty_sums(onsets, days, eta, child, n_children, ~before_window)
    log_density = np.zeros(n_children)
    for i in range(n_children):
        rows = [row for row in range(len(eta)) if child[row] == i and not before_window[row]]
        if not rows:
            continue  # exactly 0: evaluating the difference of equal terms might leave a rounding speck
        shape, rate = frailty_shape + known_onsets[i], frailty_shape + known_exposure[i]
        log_density[i] = (
            sum(onsets[row] * eta[row] for row in rows)
            + gammaln(shape + new_onsets[i])
            - gammaln(shape)
            + shape * np.log(rate)
            - (shape + new_onsets[i]) * np.log(rate + new_exposure[i])
        )
    return log_density


def frailty_posterior(
    *,
    onsets: ArrayLike,
    days: ArrayLike,
    eta: FloatArray,
    child: IntArray,
    n_children: int,
    frailty_shape: float,
    before_window: BoolArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the shape and rate, each (n_children,), of the gamma posterior of u_i given all else: section 2.

    The row arguments, of shape (rows,), are those of `onset_log_density_by_child`. Rows before the window and in it
    count alike: `before_window` only groups the sums. Without rows the posterior is the prior, Gamma(k, k).
    """
    before_window = np.asarray(before_window, dtype=bool)
    known_onsets, known_exposure = _frailty_sums(onsets, days, eta, child, n_children, before_window)
    new_onsets, new_exposure = _frailty_sums(onsets, days, eta, child, n_children, ~before_window)
    return frailty_shape + known_onsets + new_onsets, frailty_shape + known_exposure + new_exposure


def daily_log_density_by_child(
    *,
    onset: ArrayLike,
    days_at_risk: ArrayLike,
    eta: FloatArray,
    child: IntArray,
    n_children: int,
    frailty_shape: float,
) -> FloatArray:
    """Return the exact daily log density of each child, shape (n_children,): section 1 with the frailty of section 2.

    One row is one child on one day; the row arguments have shape (rows,). `onset` is 0 or 1, `days_at_risk` is e_id
    (0, 0.5 or 1 day, *not* halved for an onset), `eta` the log intensity per day. An onset has probability
    1 - exp(-exp(eta) e u), and u ~ Gamma(k, k) is integrated out by quadrature. It is a normalised probability:
    it exceeds the half-day form by about sum(y log e) and then by a term of order intensity squared.
    """
    onset, hazard = np.asarray(onset), np.exp(eta) * np.asarray(days_at_risk, dtype=float)
    log_density = np.zeros(n_children)
    for i in range(n_children):
        rows = [row for row in range(len(hazard)) if child[row] == i]
        onset_hazards = [float(hazard[row]) for row in rows if onset[row]]
        quiet_hazard = float(sum(hazard[row] for row in rows if not onset[row]))
        log_density[i] = _integrate_daily_over_frailty(onset_hazards, quiet_hazard, frailty_shape)
    return log_density


def _integrate_daily_over_frailty(onset_hazards: list[float], quiet_hazard: float, shape: float) -> float:
    """Return log E[exp(-b u) prod(1 - exp(-a u))] over u, for the `onset_hazards` a and the `quiet_hazard` b."""
    if any(hazard == 0.0 for hazard in onset_hazards):
        return -np.inf  # an onset on a day without risk is impossible
    if not onset_hazards and quiet_hazard == 0.0:
        return 0.0  # nothing observed: the prior integrates to 1

    # Integrating over t = log u removes the pole that the gamma density has at u = 0 when shape < 1.
    def log_integrand(t: float) -> float:
        u = np.exp(t)
        value = shape * np.log(shape) - gammaln(shape) + shape * t - (shape + quiet_hazard) * u
        for hazard in onset_hazards:
            # Far in the left tail 1 - exp(-x) is x itself, and log x is safe where x underflows.
            product = hazard * u
            value += np.log(hazard) + t if product < 1e-290 else np.log(-np.expm1(-product))
        return float(value)

    # Every term is concave in t, so there is one mode, and the integrand falls away on both sides of it.
    mode = float(minimize_scalar(lambda t: -log_integrand(t), bracket=(-1.0, 0.0)).x)
    peak = log_integrand(mode)
    total = 0.0
    for direction in (-1.0, 1.0):
        reach = 0.01
        while log_integrand(mode + direction * reach) > peak - _TAIL_DROP:
            reach *= 2.0
        half, _ = quad(
            lambda s, sign=direction: np.exp(log_integrand(mode + sign * s) - peak),
            0.0,
            reach,
            epsabs=0.0,
            epsrel=1e-11,
            limit=500,
        )
        total += half
    return float(peak + np.log(total))


def normal_log_density(x: ArrayLike, *, sd: ArrayLike, mean: ArrayLike = 0.0) -> float:
    """Return the summed Normal(`mean`, `sd` squared) log density; `mean` and `sd` broadcast to the shape of `x`."""
    x = np.atleast_1d(np.asarray(x, dtype=float))
    means, sds = np.broadcast_to(mean, x.shape), np.broadcast_to(sd, x.shape)
    total = 0.0
    for value, centre, scale in zip(x, means, sds, strict=True):
        total += -0.5 * np.log(2.0 * np.pi) - np.log(scale) - 0.5 * ((value - centre) / scale) ** 2
    return float(total)


def half_normal_log_density(x: ArrayLike, *, sd: float) -> float:
    """Return the summed log density of |Normal(0, `sd` squared)|, minus infinity where an `x` is negative."""
    x = np.atleast_1d(np.asarray(x, dtype=float))
    if np.any(x < 0.0):
        return -np.inf
    return normal_log_density(x, sd=sd) + len(x) * float(np.log(2.0))


def gamma_log_density(x: ArrayLike, *, shape: float, rate: float) -> float:
    """Return the summed Gamma(`shape`, `rate`) log density, mean shape / rate; minus infinity unless `x` > 0."""
    x = np.atleast_1d(np.asarray(x, dtype=float))
    if np.any(x <= 0.0):
        return -np.inf
    total = 0.0
    for value in x:
        total += shape * np.log(rate) - gammaln(shape) + (shape - 1.0) * np.log(value) - rate * value
    return float(total)


def lognormal_log_density(x: ArrayLike, *, mu: float, sigma: float) -> float:
    """Return the summed log density of exp(Normal(`mu`, `sigma` squared)) at `x` itself, Jacobian 1/x included."""
    x = np.atleast_1d(np.asarray(x, dtype=float))
    if np.any(x <= 0.0):
        return -np.inf
    return normal_log_density(np.log(x), mean=mu, sd=sigma) - float(np.sum(np.log(x)))


def joint_log_density(
    *,
    onsets: ArrayLike,
    days: ArrayLike,
    child: IntArray,
    n_children: int,
    before_window: BoolArray,
    design_matrix: FloatArray,
    intercept: float,
    coefficients: FloatArray,
    home: IntArray,
    home_effects: FloatArray,
    home_period: IntArray,
    home_period_effects: FloatArray,
    sigma_home: float,
    sigma_period: float,
    frailty_shape: float,
    priors: ReferencePriors,
) -> float:
    """Return the log joint density of onsets in the window, effects and parameters: section 2, centred form.

    Shapes and units are those of `linear_predictor` and `onset_log_density_by_child`; `sigma_home` and `sigma_period`
    are standard deviations on the scale of the log intensity. Priors are densities of the parameters themselves, so no
    Jacobian enters, and outside the support the result is minus infinity.
    """
    if sigma_home <= 0.0 or sigma_period <= 0.0 or frailty_shape <= 0.0:
        return -np.inf
    eta = linear_predictor(
        design_matrix=design_matrix,
        intercept=intercept,
        coefficients=coefficients,
        home=home,
        home_effects=home_effects,
        home_period=home_period,
        home_period_effects=home_period_effects,
    )
    by_child = onset_log_density_by_child(
        onsets=onsets,
        days=days,
        eta=eta,
        child=child,
        n_children=n_children,
        frailty_shape=frailty_shape,
        before_window=before_window,
    )
    return (
        float(sum(by_child))
        + normal_log_density(home_effects, sd=sigma_home)
        + normal_log_density(home_period_effects, sd=sigma_period)
        + normal_log_density(intercept, mean=priors.intercept_mean, sd=priors.intercept_sd)
        + normal_log_density(coefficients, mean=priors.coefficients_mean, sd=priors.coefficients_sd)
        + half_normal_log_density(sigma_home, sd=priors.sigma_home_sd)
        + half_normal_log_density(sigma_period, sd=priors.sigma_period_sd)
        + lognormal_log_density(frailty_shape, mu=priors.frailty_shape_mu, sigma=priors.frailty_shape_sigma)
    )


def _frailty_sums(
    onsets: ArrayLike, days: ArrayLike, eta: FloatArray, child: IntArray, n_children: int, chosen: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Return Y and Lambda, each (n_children,): onsets and cumulative intensity over each child's `chosen` rows."""
    onsets, days = np.asarray(onsets, dtype=float), np.asarray(days, dtype=float)
    total_onsets = np.zeros(n_children)
    total_exposure = np.zeros(n_children)
    for row in range(len(eta)):
        if chosen[row]:
            total_onsets[child[row]] += onsets[row]
            total_exposure[child[row]] += days[row] * np.exp(eta[row])
    return total_onsets, total_exposure

"""Estimands on outcomes: one function each of (parameter values, design). Truth and posterior draws take the same road.

Specification, section 6. S is the number of draws, 1 for a truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import ndtri

from missingmodels.fitting.exponential import exponential
from missingmodels.fitting.marginal import log_variance
from missingmodels.frame.design import Design
from missingmodels.parameters import Array, Parameters

DAYS_PER_YEAR = 365.25


def rate_ratio(parameters: Parameters, contrast: Mapping[str, float]) -> Array:
    """(S,) exp of the contrast: column name -> difference between the two exposures stated."""
    total = sum((parameters.coefficient(name) * step for name, step in contrast.items()), np.zeros(parameters.draws))
    return np.exp(total)


def expected_episodes(parameters: Parameters, design: Design, *, held: Mapping[str, float] | None = None) -> Array:
    """(S,) expected onsets over the window's days at risk, with the columns in ``held`` set to the values given."""
    return _expected(parameters, design, (held or {},))[0]


def _expected(parameters: Parameters, design: Design, interventions: Sequence[Mapping[str, float]]) -> Array:
    """(I, S) expected onsets under each of I interventions; the rates that they change are worked out once for all."""
    weight = design.window_days
    out = np.empty((len(interventions), parameters.draws))
    for part, block in parameters.blocks(weight.size):
        rate = exponential(design.log_rate(block)) * block.frailty_of(design.child_ids)[:, design.child]
        for at, held in enumerate(interventions):
            changed = rate * exponential(design.change(block, held)) if held else rate
            out[at, part] = (1 - exponential(-changed)) @ weight
    return out


def attributable_fraction(parameters: Parameters, design: Design, exposure: str) -> Array:
    """(S,) one-step: the share of expected episodes that would not start if nobody's peers had been missing lately.

    One step, because a prevented episode does not here prevent those that it would have caused.
    """
    none, observed = _expected(parameters, design, ({exposure: 0.0}, {}))
    return np.asarray(1 - none / observed)


def expected_rate(parameters: Parameters, design: Design, *, held: Mapping[str, float] | None = None) -> Array:
    """(S,) episodes per resident-year at risk under a stated intervention."""
    return expected_rates(parameters, design, (held or {},))[0]


def expected_rates(parameters: Parameters, design: Design, interventions: Sequence[Mapping[str, float]]) -> Array:
    """(I, S) episodes per resident-year at risk under each of I interventions, an empty one as observed."""
    return _expected(parameters, design, interventions) / (design.window_days.sum() / DAYS_PER_YEAR)


def variance_explained(parameters: Parameters, design: Design, names: tuple[str, ...]) -> Array:
    """(S,) share of the variance between homes that the columns ``names`` explain, within one fit.

    What authorities and owners differ by is a part of the variance between homes.
    """
    variance = _variance_of_means(parameters, design, names, design.home)
    total = variance + parameters.home_sd**2
    return np.divide(variance, total, out=np.zeros_like(total), where=total > 0)


def period_variance_explained(parameters: Parameters, design: Design, names: tuple[str, ...]) -> Array:
    """(S,) share of the variance between home-periods that the columns ``names`` explain, within one fit.

    Of columns that are deviations from a home's mean it is the variance between the periods of a home.
    """
    variance = _variance_of_means(parameters, design, names, design.home * design.periods + design.period)
    total = variance + parameters.sigma_period**2
    return np.divide(variance, total, out=np.zeros_like(total), where=total > 0)


def child_variance_explained(parameters: Parameters, design: Design, names: tuple[str, ...]) -> Array:
    """(S,) share of the variance of log rates between children that the columns ``names`` explain, within one fit.

    Var_i(x̄_i'β) over that and the variance of log u (``fitting.marginal.log_variance``). Logs of small frailties are
    far apart, so the share says little of rates as such.
    """
    variance = _variance_of_means(parameters, design, names, design.child)
    return np.asarray(variance / (variance + log_variance(parameters)))


def _variance_of_means(parameters: Parameters, design: Design, names: tuple[str, ...], unit: np.ndarray) -> Array:
    """(S,) Var(x̄_i'β) over units i seen in the window, each once, of the columns ``names``; ``unit`` (R,) from 0."""
    held = [name for name in names if name in design.names]
    if not held:
        return np.zeros(parameters.draws)
    days = design.window_days
    weight = np.bincount(unit, days)
    seen = weight > 0
    means = [np.bincount(unit, days * design.column(name))[seen] / weight[seen] for name in held]
    covariance = np.atleast_2d(np.cov(means, bias=True))
    beta = np.column_stack([parameters.coefficient(name) for name in held])
    return np.einsum("sp,pq,sq->s", beta, covariance, beta)


def variance_drop(without: Parameters, whole: Parameters) -> Array:
    """(S,) variance between homes in one fit less that in a fuller one, their draws independent; it may be negative."""
    draws = min(without.draws, whole.draws)
    first, second = (p.home_sd[np.linspace(0, p.draws - 1, draws).astype(int)] ** 2 for p in (without, whole))
    return np.asarray(first - second)


def median_rate_ratio(parameters: Parameters) -> Array:
    """(S,) median ratio of the rates of the same child in two homes drawn at random, the higher over the lower.

    Of homes of other authorities and owners, where a model has effects of those.
    """
    return np.exp(np.sqrt(2) * parameters.home_sd * ndtri(0.75))


def adult_rate_ratio(parameters: Parameters) -> Array:
    """(S,) median ratio of the rates of a child in the care of two adults drawn at random, each alone on shift."""
    return np.exp(np.sqrt(2) * parameters.scalar("sigma_adult") * ndtri(0.75))


def adult_share(parameters: Parameters) -> Array:
    """(S,) share of the variance that lasts, between adults and between homes, that lies between adults."""
    adults, homes = parameters.scalar("sigma_adult") ** 2, parameters.home_sd**2
    total = adults + homes
    return np.divide(adults, total, out=np.zeros_like(total), where=total > 0)


def slope_spread(parameters: Parameters) -> Array:
    """(S,) peer rate ratio that a tenth of homes lie above, over that of the middle home."""
    return np.exp(ndtri(0.9) * parameters.scalar("sigma_peer_slope"))

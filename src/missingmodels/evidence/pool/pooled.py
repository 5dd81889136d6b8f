"""Summaries of several authorities' likelihoods, pooled: one effect of peers, or effects that differ between them.

Scales are shared: their posterior is the plan's prior times the product of what each authority says of them, its
coefficients integrated out, over a grid finer than that of the files, between whose points what they say is smooth.
At a point each authority adds its likelihood of the coefficients, a normal; the prior enters once. Under the hierarchy
the peers' coefficient of authority k is β + δ_k, δ_k ~ Normal(0, τ²): with Λ and η the precision and information of k
and e its place of the exposure, integrating δ_k out leaves

    Λ' = Λ - τ² Λ e e' Λ / (1 + τ² e'Λe),   η' = η - τ² (e'η) Λe / (1 + τ² e'Λe),

and a factor exp(½ τ² (e'η)² / (1 + τ² e'Λe)) / √(1 + τ² e'Λe). τ has a half-normal prior and is summed over a grid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import RegularGridInterpolator
from scipy.special import logsumexp

from missingmodels.errors import CannotAnswer
from missingmodels.evidence.pool.likelihood import Likelihood, Natural, coordinate, scale_at
from missingmodels.fitting.laplace.scales import ScaleSpace
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.parameters import Array
from missingmodels.plan import kept_plan

POINTS, WIDTHS = 61, 4  # of the grid of τ, to so many of its prior's standard deviations
TOLD = 3  # differing keys that an error names
FINER = 4  # points of the sum over scales for one of the files' grid
NO_WEIGHT = 1e-4  # of the largest weight: points of the scales below it are left out
AT_END = 0.05  # largest weight of the last point of an axis that has no natural end there


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """The pooled posterior: of coefficients as one normal for each of M points of τ and the scales.

    Attributes
    ----------
    names : (P,) coefficients, per raw unit
    exposure : the one whose effect differs between authorities
    tau : (M,), not falling
    scales : name -> (M,) standard deviations of log rates, and the frailty's shape or sd
    weight : (M,) posterior probability
    mean : (M, P); covariance : (M, P, P)
    authorities : how many are pooled
    """

    names: tuple[str, ...]
    exposure: str
    tau: Array
    scales: Mapping[str, Array]
    weight: Array
    mean: Array
    covariance: Array
    authorities: int

    def draws(self, name: str, number: int, rng: np.random.Generator, *, of_new: bool = False) -> Array:
        """(number,) log rate ratios; ``of_new`` of an authority that is not among these."""
        at = self.names.index(name)
        which = rng.choice(self.tau.size, size=number, p=self.weight)
        spread = self.covariance[which, at, at] + (self.tau[which] ** 2 if of_new and name == self.exposure else 0.0)
        return np.asarray(self.mean[which, at] + np.sqrt(spread) * rng.standard_normal(number))

    def moments(self, name: str) -> tuple[float, float]:
        """Mean and sd of a log rate ratio."""
        at = self.names.index(name)
        mean = float(self.weight @ self.mean[:, at])
        second = float(self.weight @ (self.covariance[:, at, at] + self.mean[:, at] ** 2))
        return mean, float(np.sqrt(second - mean**2))

    def quantiles(self, values: Array) -> tuple[float, float, float]:
        """5 %, 50 % and 95 % of (M,) values: τ, or a scale."""
        order = np.argsort(values, kind="stable")
        at = np.searchsorted(np.cumsum(self.weight[order]), (0.05, 0.5, 0.95))
        low, middle, high = map(float, values[order[np.minimum(at, values.size - 1)]])
        return low, middle, high


def require_alike(held: Sequence[tuple[str, Likelihood]]) -> None:
    """Raise CannotAnswer, naming files and keys, unless all ask the same of different data."""
    first_name, first = held[0]
    for at, (name, one) in enumerate(held[1:], start=1):
        for other_name, other in held[:at]:
            if one == other:
                raise CannotAnswer(f"{name} is the same summary as {other_name}", remedy="name each authority once")
        mine, theirs = _flat(one.question), _flat(first.question)
        unlike = sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key))
        if unlike:
            raise CannotAnswer(
                f"{name} was asked another question than {first_name}: {', '.join(unlike[:TOLD])}",
                remedy="fit all of them under one plan",
            )


def _flat(values: object, before: str = "") -> dict[str, object]:
    if not isinstance(values, dict):
        return {before: values}
    return {k: v for name, held in values.items() for k, v in _flat(held, f"{before}.{name}".strip(".")).items()}


def pool(held: Sequence[Likelihood], *, tau_sd: float) -> Pooled:
    """The summaries pooled; with ``tau_sd = 0`` the effect is one for all.

    A coefficient that an authority lacks has no information from there. Its prior is the mean of those that hold it.
    A summary of format 1 says nothing of the scales. Raises CannotAnswer where grids differ, or end too early.
    """
    exposure = held[0].exposure
    names = tuple(dict.fromkeys(name for one in held for name in one.names))
    axes = _axes(held)
    parts = [_spread_out(one, names, axes) for one in held]
    prior_mean, prior_precision = _prior(held, names)
    log_prior, points = _log_prior(held[0], axes), np.zeros((1, 0))
    if axes:
        parts, log_prior, points = _finer(parts, log_prior, axes, (prior_mean, prior_precision))
    tau = np.linspace(0, WIDTHS * tau_sd, POINTS) if tau_sd else np.zeros(1)
    found = []
    for size in tau:
        shifted = [_differing(part, size, names.index(exposure)) for part in parts]
        log_weight, mean, covariance = _posterior(shifted, prior_mean, prior_precision)
        log_weight = log_weight + log_prior - (0.5 * (size / tau_sd) ** 2 if tau_sd else 0.0)
        found.append((log_weight, mean, covariance))
    log_weight, mean, covariance = (np.concatenate(part) for part in zip(*found, strict=True))
    weight = np.exp(log_weight - logsumexp(log_weight))
    return Pooled(
        names=names,
        exposure=exposure,
        tau=np.repeat(tau, len(points)),
        scales={name: np.tile(points[:, at], tau.size) for at, name in enumerate(axes)},
        weight=weight / weight.sum(),
        mean=mean,
        covariance=covariance,
        authorities=len(held),
    )


def _axes(held: Sequence[Likelihood]) -> dict[str, Array]:
    """The files' grid: one for all that have one."""
    of_all = [one.axes for one in held if one.axes]
    if any(one != of_all[0] for one in of_all):
        raise CannotAnswer(
            "the summaries have different grids of scales",
            remedy="make all with one version of the package and one plan",
        )
    return {name: np.array(values) for name, values in of_all[0].items()} if of_all else {}


def _spread_out(one: Likelihood, names: Sequence[str], axes: Mapping[str, Array]) -> Natural:
    """The likelihood over all names, at every point of the grid."""
    at, size = np.array([names.index(name) for name in one.names]), len(names)
    found = one.natural()
    points = len(found.constant)
    precision, information = np.zeros((points, size, size)), np.zeros((points, size))
    precision[:, at[:, None], at], information[:, at] = found.precision, found.information
    whole = max(int(np.prod([values.size for values in axes.values()])), 1)
    if points == whole:
        return Natural(found.constant, information, precision)
    return Natural(*(np.repeat(part, whole, axis=0) for part in (found.constant, information, precision)))


def _differing(part: Natural, tau: float, at: int) -> Natural:
    """The likelihood with an effect of the exposure of the authority's own integrated out."""
    column = part.precision[:, :, at]
    beside = 1 + tau**2 * column[:, at]
    own = part.information[:, at]
    return Natural(
        part.constant + 0.5 * tau**2 * own**2 / beside - 0.5 * np.log(beside),
        part.information - (tau**2 * own / beside)[:, None] * column,
        part.precision - (tau**2 / beside)[:, None, None] * column[:, :, None] * column[:, None, :],
    )


def _posterior(parts: Sequence[Natural], prior_mean: Array, prior_precision: Array) -> tuple[Array, Array, Array]:
    """(G,) log weight, (G, P) mean and (G, P, P) covariance of the coefficients at each point."""
    information = prior_precision * prior_mean + np.sum([part.information for part in parts], axis=0)
    precision = np.diag(prior_precision) + np.sum([part.precision for part in parts], axis=0)
    covariance = np.linalg.inv(precision)
    mean = np.einsum("gij,gj->gi", covariance, information)
    log_weight = np.sum([part.constant for part in parts], axis=0) + 0.5 * (information * mean).sum(axis=1)
    return log_weight - 0.5 * np.linalg.slogdet(precision)[1], mean, covariance


def _log_prior(one: Likelihood, axes: Mapping[str, Array]) -> Array:
    """(G,) of the scales in the coordinates of their grid."""
    if not axes:
        return np.zeros(1)
    plan = kept_plan(one.plan)
    space = ScaleSpace(plan_priors(plan), plan.effects.frailty)
    grid = np.meshgrid(*(coordinate(name, values) for name, values in axes.items()), indexing="ij")
    at = np.zeros((grid[0].size, len(space.free)))
    for name, values in zip(axes, grid, strict=True):
        at[:, space.free.index(name)] = values.ravel()
    return space.log_prior(at)


def _finer(
    parts: Sequence[Natural], log_prior: Array, axes: Mapping[str, Array], prior: tuple[Array, Array]
) -> tuple[list[Natural], Array, Array]:
    """Likelihoods, log prior and (N, F) scales at the points of a finer grid that have weight, the others left out."""
    old = [coordinate(name, values) for name, values in axes.items()]
    new = [np.linspace(each[0], each[-1], FINER * (each.size - 1) + 1) for each in old]
    at = np.stack([grid.ravel() for grid in np.meshgrid(*new, indexing="ij")], axis=1)
    known = _posterior(parts, *prior)[0] + log_prior
    guess = _between(old, known, at)
    _require_inside(np.exp(guess - logsumexp(guess)).reshape([each.size for each in new]), axes)
    kept = at[guess > guess.max() + np.log(NO_WEIGHT)]
    finer = [Natural(*(_between(old, value, kept) for value in part)) for part in parts]
    natural = [scale_at(name, at) for name, at in zip(axes, kept.T, strict=True)]
    return finer, _between(old, log_prior, kept), np.stack(natural, axis=1)


def _between(axes: Sequence[Array], values: Array, at: Array) -> Array:
    """Values (G, …) of a grid at other points (N, F), by cubic splines."""
    shaped = values.reshape(*(each.size for each in axes), *values.shape[1:])
    return np.asarray(RegularGridInterpolator(tuple(axes), shaped, method="cubic")(at))


def _require_inside(weight: Array, axes: Mapping[str, Array]) -> None:
    """Raise CannotAnswer where an axis ends while there is weight; at 0 a standard deviation has its natural end."""
    for axis, name in enumerate(axes):
        along = np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1).sum(axis=1)
        if along[-1] > AT_END or (along[0] > AT_END and not name.startswith("sigma")):
            raise CannotAnswer(
                f"what the authorities say together of {name} lies at the end of the files' grid",
                remedy="pool the data within one room: so much or so little spread is not foreseen",
            )


def _prior(held: Sequence[Likelihood], names: Sequence[str]) -> tuple[Array, Array]:
    """(P,) mean and precision: of raw units, of which a standard deviation differs between authorities."""
    means, precisions = [], []
    for name in names:
        stated = [(o.prior_mean[o.names.index(name)], o.prior_sd[o.names.index(name)]) for o in held if name in o.names]
        means.append(np.mean([mean for mean, _ in stated]))
        precisions.append(np.mean([sd**-2 for _, sd in stated]))
    return np.array(means), np.array(precisions)

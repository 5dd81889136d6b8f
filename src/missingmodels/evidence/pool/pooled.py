"""Summaries of several authorities' likelihoods, pooled: one effect of peers, or effects that differ between them.

Each authority adds its likelihood of the coefficients, a normal; the prior enters once. Under the hierarchy the peers'
coefficient of authority k is β + δ_k, δ_k ~ Normal(0, τ²): with Λ and η the precision and information of k and e its
place of the exposure, integrating δ_k out leaves

    Λ' = Λ - τ² Λ e e' Λ / (1 + τ² e'Λe),   η' = η - τ² (e'η) Λe / (1 + τ² e'Λe),

and a factor exp(½ τ² (e'η)² / (1 + τ² e'Λe)) / √(1 + τ² e'Λe). τ has a half-normal prior and is summed over a grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from missingmodels.errors import CannotAnswer
from missingmodels.evidence.pool.likelihood import Likelihood
from missingmodels.parameters import Array

POINTS, WIDTHS = 61, 4  # of the grid of τ, to so many of its prior's standard deviations
TOLD = 3  # differing keys that an error names


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """The pooled posterior: of coefficients as one normal for each point of the grid of τ.

    Attributes
    ----------
    names : (P,) coefficients, per raw unit
    exposure : the one whose effect differs between authorities
    tau, weight : (T,) the grid and its posterior probability
    mean : (T, P); covariance : (T, P, P)
    authorities : how many are pooled
    """

    names: tuple[str, ...]
    exposure: str
    tau: Array
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

    @property
    def tau_quantiles(self) -> tuple[float, float, float]:
        """5 %, 50 % and 95 % of τ."""
        total = np.cumsum(self.weight)
        low, middle, high = (float(self.tau[np.searchsorted(total, q)]) for q in (0.05, 0.5, 0.95))
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
    """
    exposure = held[0].exposure
    names = tuple(dict.fromkeys(name for one in held for name in one.names))
    parts = [_spread_out(one, names) for one in held]
    e = np.eye(len(names))[names.index(exposure)]
    prior_mean, prior_precision = _prior(held, names)
    tau = np.linspace(0, WIDTHS * tau_sd, POINTS) if tau_sd else np.zeros(1)
    log_weight, means, covariances = np.zeros(tau.size), [], []
    for t, size in enumerate(tau):
        precision, information, factor = np.diag(prior_precision), prior_precision * prior_mean, 0.0
        for one, known in parts:
            beside = 1 + size**2 * float(e @ one @ e)
            precision = precision + one - size**2 * np.outer(one @ e, one @ e) / beside
            information = information + known - size**2 * float(e @ known) * (one @ e) / beside
            factor += 0.5 * size**2 * float(e @ known) ** 2 / beside - 0.5 * np.log(beside)
        covariance = np.linalg.inv(precision)
        mean = covariance @ information
        log_weight[t] = factor + 0.5 * float(information @ mean) + 0.5 * np.linalg.slogdet(covariance)[1]
        log_weight[t] -= 0.5 * (size / tau_sd) ** 2 if tau_sd else 0.0
        means.append(mean)
        covariances.append(covariance)
    weight = np.exp(log_weight - logsumexp(log_weight))
    return Pooled(
        names=names,
        exposure=exposure,
        tau=tau,
        weight=weight / weight.sum(),
        mean=np.array(means),
        covariance=np.array(covariances),
        authorities=len(held),
    )


def _spread_out(one: Likelihood, names: Sequence[str]) -> tuple[Array, Array]:
    """Precision and information over all names."""
    at = np.array([names.index(name) for name in one.names])
    precision, information = np.zeros((len(names), len(names))), np.zeros(len(names))
    precision[np.ix_(at, at)], information[at] = one.natural()
    return precision, information


def _prior(held: Sequence[Likelihood], names: Sequence[str]) -> tuple[Array, Array]:
    """(P,) mean and precision: of raw units, of which a standard deviation differs between authorities."""
    means, precisions = [], []
    for name in names:
        stated = [(o.prior_mean[o.names.index(name)], o.prior_sd[o.names.index(name)]) for o in held if name in o.names]
        means.append(np.mean([mean for mean, _ in stated]))
        precisions.append(np.mean([sd**-2 for _, sd in stated]))
    return np.array(means), np.array(precisions)

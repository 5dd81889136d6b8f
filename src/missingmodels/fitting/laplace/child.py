"""Laws of a child's frailty u, as far as the fast engine needs them: one function of onsets Y and their expectation Λ.

A law gives log L(Y, Λ) = log E[u^Y exp(-u Λ)], which is all that the rows say of u. The rest follows: given the data,
E[u] = L(Y + 1, Λ) / L(Y, Λ) and E[u²] = L(Y + 2, Λ) / L(Y, Λ), and derivatives by log Λ are made of these two. What is
known before the window, (Y₀, Λ₀), leaves L(Y₀ + Y, Λ₀ + Λ) / L(Y₀, Λ₀), whatever the law.

* ``gamma``: u ~ Gamma(k, k).
* ``log_normal``: log u ~ Normal(-s²/2, s²), by the trapezoid rule from where each child's integrand has died away on
  one side of its mode to where it has on the other. With 48 nodes it errs by less than 1e-8 up to s = 2.5, where as
  many nodes of adaptive Gauss-Hermite quadrature (Liu and Pierce 1994, Biometrika 81) err by 4e-6: the integrand is
  far from normal there.
* ``low_risk``: u = g c / m, g ~ Gamma(k, k), c = ρ with probability π and else 1, m = π ρ + 1 - π.

All have mean 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import gammaln

from missingmodels.fitting.exponential import exponential
from missingmodels.parameters import Array
from missingmodels.vocabulary.frailty import FRAILTY

# Laws that the fast engine has: names of their values, which are names of priors too.
LAWS = {name: FRAILTY[name].scalars for name in ("gamma", "log_normal", "low_risk")}
CONCAVE = ("gamma", "log_normal")  # whose log L is concave in log Λ
NODES, DROP, HALVINGS = 48, 34.0, 7
STEPS = 40  # of Newton for a mode, at most; six are the rule


@dataclass(frozen=True)
class ChildLaw:
    """A law by its name, with a number or (S,) of each of its values."""

    name: str
    values: Mapping[str, float | Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if set(self.values) != set(LAWS[self.name]):
            raise ValueError(f"a {self.name} frailty has the values {', '.join(LAWS[self.name])}")

    def log_density(self, onsets: Array, expected: Array) -> Array:
        """(..., S) log L of Y and Λ of shapes that broadcast with the values."""
        if self.name == "log_normal":
            return _log_normal(onsets, expected, np.asarray(self.values["frailty_sd_log"]))
        k = np.asarray(self.values["frailty_shape"])
        if self.name == "gamma":
            return _gamma(onsets, expected, k)
        if self.name != "low_risk":
            raise ValueError(f"no density of a {self.name} frailty is written here")
        share, ratio = (np.asarray(self.values[name]) for name in ("low_risk_share", "low_risk_ratio"))
        middle = share * ratio + 1 - share
        classes = [
            np.log(weight) + onsets * np.log(part) + _gamma(onsets, part * expected, k)
            for weight, part in ((share, ratio / middle), (1 - share, 1 / middle))
        ]
        return np.asarray(np.logaddexp(*classes))

    def mean(self, onsets: Array, expected: Array) -> Array:
        """(..., S) E[u] given the data."""
        if self.name == "gamma":
            k = np.asarray(self.values["frailty_shape"])
            return np.asarray((k + onsets) / (k + expected))
        return np.exp(self.log_density(onsets + 1, expected) - self.log_density(onsets, expected))

    def moments(self, onsets: Array, expected: Array) -> tuple[Array, Array, Array]:
        """(..., S) each of log L, E[u] given the data, and the square of its coefficient of variation there.

        The last is kept so low that a child's log L is concave in log Λ, as some laws are anyway (``CONCAVE``): of two
        classes a child may sit between both.
        """
        if self.name == "gamma":
            k = np.asarray(self.values["frailty_shape"])
            return self.log_density(onsets, expected), self.mean(onsets, expected), 1 / (k + onsets)
        density, once, twice = (self.log_density(onsets + i, expected) for i in range(3))
        mean = np.exp(once - density)
        spread = np.maximum(np.expm1(twice - 2 * once + density), 1e-12)
        with np.errstate(divide="ignore"):
            most = np.where(mean * expected > 0, 1 / (mean * expected), np.inf)
        return density, mean, spread if self.name in CONCAVE else np.minimum(spread, most)


def _gamma(onsets: Array, expected: Array, k: Array) -> Array:
    return np.asarray(gammaln(k + onsets) - gammaln(k) + k * np.log(k) - (k + onsets) * np.log(k + expected))


def _log_normal(onsets: Array, expected: Array, sd: Array) -> Array:
    """log of the integral over z of exp(Y (s z - s²/2) - Λ exp(s z - s²/2) - z²/2) / sqrt(2π)."""
    onsets, expected, sd = np.broadcast_arrays(np.asarray(onsets, float), np.asarray(expected, float), sd)
    level = expected * np.exp(-0.5 * sd**2)
    z = log_normal_mode(onsets, level, sd)
    rate = level * exponential(sd * z)

    def fall(away: Array) -> Array:
        return np.asarray(rate * np.expm1(sd * away) + z * away + 0.5 * away**2 - onsets * sd * away)

    left, right = (_reach(fall, side, z.shape) for side in (-1.0, 1.0))
    width = (left + right) / (NODES - 1)
    total = np.zeros(z.shape)
    for node in range(NODES):
        total += exponential(-fall(node * width - left))
    peak = onsets * sd * z - rate - 0.5 * z**2
    return np.asarray(peak + np.log(total * width) - 0.5 * onsets * sd**2 - 0.5 * np.log(2 * np.pi))


def log_normal_mode(onsets: Array, level: Array, sd: Array) -> Array:
    """(..., S) where Y s z - level exp(s z) - z²/2 is highest, by Newton.

    Its slope falls and is concave, so the steps go straight to its root from the right of it. There the root cannot be
    below -m, m how far onsets alone would have it below 0, so level exp(s z) is at most Y + m / s.
    """
    with np.errstate(divide="ignore"):
        alone = np.log((onsets + 1e-3) / level) / sd
        z = np.minimum(sd * onsets, np.log((onsets + 1e-3 + np.maximum(-alone, 0.0) / sd) / level) / sd)
    for _ in range(STEPS):
        rate = level * exponential(sd * z)
        step = (sd * onsets - sd * rate - z) / (1 + sd**2 * rate)
        z = z + step
        if np.abs(step).max(initial=0.0) < 1e-9:
            break
    return np.asarray(z)


def _reach(fall: Callable[[Array], Array], side: float, shape: tuple[int, ...]) -> Array:
    """How far from the mode the log density has fallen by ``DROP``; the prior alone bounds it from above."""
    low, high = np.zeros(shape), np.full(shape, np.sqrt(2 * DROP))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        inside = fall(side * middle) < DROP
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return high

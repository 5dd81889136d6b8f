"""A child's log-normal frailty given the rest: its density integrated out, and exact draws. Plain arrays.

With u = exp(s z - s²/2) and z ~ Normal(0, 1), a child of Y onsets over an expectation E at u = 1 has

    f(z) = Y (s z - s²/2) - E exp(s z - s²/2) - z²/2 - log(2π)/2,

which is concave: -z²/2 plus a concave part. So it lies below f(ẑ) - (z - ẑ)²/2 about its mode ẑ, which bounds its
tails, and makes a Normal(ẑ, 1) an envelope that rejection sampling draws from exactly.
"""

from __future__ import annotations

import math

import numpy as np

from missingmodels.parameters import Array

NODES = 64
DROP = 36.0  # of log density from the mode to the ends of the integral: exp(-36) of the peak
STEPS = 60  # of Newton, at most; a dozen are the rule


def integrated(onsets: Array, expected: Array, sd: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """(C, S) log of the integral of exp f, a draw of u, and its mean, from (C, S) Y and E, and (S,) s."""
    sd = np.broadcast_to(sd, expected.shape)
    log_mean = -(sd**2) / 2
    of = (onsets, expected * np.exp(log_mean), sd)
    mode = _mode(*of)
    peak = _log_density(mode, *of)
    left, right = (_reach(mode, peak, side, of) for side in (-1.0, 1.0))
    # the trapezoid rule of a smooth density that has died away at both ends is as exact as the arithmetic
    width = (left + right) / (NODES - 1)
    total, mean = np.zeros_like(mode), np.zeros_like(mode)
    for node in range(NODES):
        z = mode - left + node * width
        weight = np.exp(_log_density(z, *of) - peak)
        total += weight
        mean += weight * np.exp(sd * (z - mode))
    density = peak + np.log(total * width) + onsets * log_mean - math.log(2 * math.pi) / 2
    drawn = _drawn(mode, peak, of, rng)
    return density, np.exp(sd * drawn + log_mean), mean / total * np.exp(sd * mode + log_mean)


def _log_density(z: Array, onsets: Array, level: Array, sd: Array) -> Array:
    """f without its constants -Y s²/2 and -log(2π)/2; ``level`` is E exp(-s²/2)."""
    return np.asarray(onsets * sd * z - level * np.exp(sd * z) - z**2 / 2)


def _mode(onsets: Array, level: Array, sd: Array) -> Array:
    """ẑ by Newton: the slope of f falls and is concave, so from the right of its root the steps go straight there."""
    with np.errstate(divide="ignore"):
        z = np.clip(np.log((onsets + 0.5) / level) / sd, -30, 30)
    for _ in range(STEPS):
        rate = level * np.exp(sd * z)
        step = (sd * onsets - sd * rate - z) / (1 + sd**2 * rate)
        z = z + step
        if np.abs(step).max(initial=0.0) < 1e-9:
            break
    return np.asarray(z)


def _reach(mode: Array, peak: Array, side: float, of: tuple[Array, Array, Array]) -> Array:
    """How far from the mode the density has dropped by ``DROP``, by halving; never further than the bound allows."""
    low, high = np.zeros_like(mode), np.full_like(mode, math.sqrt(2 * DROP))
    for _ in range(6):
        middle = (low + high) / 2
        inside = _log_density(mode + side * middle, *of) > peak - DROP
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return high


def _drawn(mode: Array, peak: Array, of: tuple[Array, Array, Array], rng: np.random.Generator) -> Array:
    """Draws of z by rejection from Normal(ẑ, 1), those refused drawn again."""
    out = np.empty(mode.size)
    held = [np.ravel(part) for part in (mode, peak, *of)]
    at = np.arange(mode.size)
    while at.size:
        middle, top, *rest = held
        step = rng.standard_normal(at.size)
        taken = np.log(rng.random(at.size)) < _log_density(middle + step, *rest) - top + step**2 / 2
        out[at[taken]] = (middle + step)[taken]
        at, held = at[~taken], [part[~taken] for part in held]
    return out.reshape(mode.shape)

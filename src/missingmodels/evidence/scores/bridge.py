"""Ratio of two normalising constants from draws of both posteriors."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from missingmodels.parameters import Array

STEPS, TOLERANCE = 500, 1e-9


def log_ratio(above: Array, below: Array) -> tuple[float, float]:
    """log of the ratio of two normalising constants, and its Monte Carlo standard error.

    With q₁ = q₀ L, ``above`` holds log L at draws of q₁ and ``below`` at draws of q₀; then the ratio is the mean of L
    under q₀. A plain mean over ``below`` rests on its few largest values, the harmonic one over ``above`` on its few
    smallest; this takes both, each where it is good (Meng and Wong 1996, Statistica Sinica 6, the optimal bridge; error
    of independent draws from section 3 there).
    """
    share = above.size / (above.size + below.size)
    found = 0.5 * float(np.median(above) + np.median(below))
    for _ in range(STEPS):
        middle_above, middle_below = (
            np.logaddexp(np.log(share) + values, np.log1p(-share) + found) for values in (above, below)
        )
        top, bottom = below - middle_below, -middle_above
        new = _log_mean(top) - _log_mean(bottom)
        if abs(new - found) < TOLERANCE:
            break
        found = new
    return new, float(np.sqrt(_relative_variance(top) + _relative_variance(bottom)))


def _log_mean(values: Array) -> float:
    return float(logsumexp(values) - np.log(values.size))


def _relative_variance(values: Array) -> float:
    """Of the mean of exp(values), over its square."""
    scaled = np.exp(values - values.max())
    return float(scaled.var() / scaled.mean() ** 2 / values.size)

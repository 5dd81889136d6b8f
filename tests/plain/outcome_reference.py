"""Reference densities of the other outcomes in plain NumPy, written from the equations of the notation page.

They take raw rows and effects by row, add terms in the plainest order and share nothing with the PyMC models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats
from scipy.special import expit, gammaln

Array = np.ndarray


def counts_log_density(y: Array, resident_days: Array, eta: Array, dispersion_shape: float) -> float:
    """y ~ NegativeBinomial(mean n exp(η), shape φ), all (R,)."""
    mean = resident_days * np.exp(eta)
    chance = dispersion_shape / (dispersion_shape + mean)
    return float(stats.nbinom.logpmf(y, dispersion_shape, chance).sum())


def return_log_density(known_days: Array, returned: Array, eta_of_day: Sequence[Array]) -> float:
    """Episodes (E,): ``eta_of_day[j]`` holds η of the days 0, 1, … of episode j, as far as it was seen."""
    total = 0.0
    for known, back, eta in zip(known_days, returned, eta_of_day, strict=True):
        for day in range(int(known)):
            total += -math.exp(eta[day])  # still away as the next day begins
        if back:
            total += math.log(1 - math.exp(-math.exp(eta[int(known)])))
    return total


def serious_log_density(serious: Array, eta: Array) -> float:
    """Episodes (E,), each serious or not."""
    chance = expit(eta)
    return float(np.log(np.where(serious, chance, 1 - chance)).sum())


def interview_log_density(onsets: Array, days: Array, eta: Array, child: Array, frailty_shape: float) -> float:
    """Rows of children whose gamma frailty is integrated out, constants included."""
    k, total = frailty_shape, 0.0
    expected = days * np.exp(eta)
    for one in np.unique(child):
        y, mu = onsets[child == one], expected[child == one]
        total += float((y * np.log(mu) - gammaln(y + 1)).sum())
        total += float(gammaln(k + y.sum()) - gammaln(k) + k * math.log(k) - (k + y.sum()) * math.log(k + mu.sum()))
    return total


def joint_log_density(home_days: Sequence[tuple[Array, Array]], log_joint: float) -> float:
    """Home-days, each with (n,) log odds of leaving alone (log e included) and (n,) who left.

    The normalising constant is summed over every set of residents that may leave.
    """
    total = 0.0
    for log_odds, left in home_days:
        weights = []
        for code in range(2 ** len(log_odds)):
            who = np.array([code >> i & 1 for i in range(len(log_odds))], dtype=bool)
            weights.append(log_odds[who].sum() + log_joint * max(int(who.sum()) - 1, 0))
        own = log_odds[left.astype(bool)].sum() + log_joint * max(int(left.sum()) - 1, 0)
        total += float(own - np.logaddexp.reduce(weights))
    return total


def recording_log_density(
    both: Array, only_a: Array, only_b: Array, resident_days: Array, eta: Array, logit_a: Array, logit_b: Array,
    dispersion_shape: float,
) -> float:  # fmt: skip
    """Cells (C,): the total seen is negative binomial, its split multinomial; constants included."""
    a, b = expit(logit_a), expit(logit_b)
    seen = both + only_a + only_b
    parts = np.stack([a * b, a * (1 - b), (1 - a) * b])
    mean = resident_days * np.exp(eta) * parts.sum(axis=0)
    phi = dispersion_shape
    total = float(stats.nbinom.logpmf(seen, phi, phi / (phi + mean)).sum())
    for cell in range(seen.size):
        split = [both[cell], only_a[cell], only_b[cell]]
        shares = parts[:, cell] / parts[:, cell].sum()
        total += float(stats.multinomial.logpmf(split, int(seen[cell]), shares))
    return total

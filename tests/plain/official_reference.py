"""The same density in plain NumPy, by differences of the cumulative distribution, for the tests to compare with."""

from __future__ import annotations

import numpy as np
from scipy.stats import nbinom


def official_log_density(*, mean: np.ndarray, size: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(N,) log P(low ≤ y ≤ high) of y ~ NB(mean, size), an infinite ``high`` included."""
    law = nbinom(size, size / (size + mean))
    upper = np.where(np.isfinite(high), law.cdf(np.where(np.isfinite(high), high, 0)), 1.0)
    exact = low == high
    interval = np.log(np.maximum(upper - law.cdf(low - 1), 1e-300))
    return np.where(exact, law.logpmf(np.where(exact, low, 0)), interval)

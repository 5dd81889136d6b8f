"""Reference densities of the daily models: the referee, never the engine.

Explicit loops over children, days and onsets, on days that are not added up. Prior densities and the integrated gamma
frailty are those of the onset model's referee. Intensities are per child per day, time scales in days.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plain.reference import normal_log_density

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]


def faded_onsets_of_others(
    *,
    residence: IntArray,
    onset: ArrayLike,
    child: int,
    day: int,
    fading: FloatArray,
    witnessed: bool,
    occupancy: FloatArray | None = None,
) -> float:
    """Return the sum of `fading[lag - 1]` over earlier onsets of others, each divided by the number of others there.

    Of those who lived with `child` on the day of the onset (`witnessed`), or who do on `day`, and `occupancy`, (homes,
    days), is that of that day; without it nothing is divided. `residence` and `onset` are (children, days), a home's
    position or -1, and 0 or 1. `fading` is (memory,), for onsets 1, 2, ... days back; older ones have left the sum.
    """
    onset, total = np.asarray(onset), 0.0
    for lag in range(1, min(day, len(fading)) + 1):
        on = day - lag if witnessed else day
        home = residence[child, on]
        for other in range(len(residence)):
            if home >= 0 and other != child and residence[other, on] == home and onset[other, day - lag]:
                total += fading[lag - 1] / (1.0 if occupancy is None else occupancy[home, on] - 1)
    return total


def faded_own_onsets(*, onset: ArrayLike, child: int, day: int, fading: FloatArray) -> float:
    """Return the sum of `fading[lag - 1]` over the earlier onsets of `child`."""
    onset, total = np.asarray(onset), 0.0
    for lag in range(1, min(day, len(fading)) + 1):
        if onset[child, day - lag]:
            total += fading[lag - 1]
    return total


def exponential_shares(*, time_scale: float, memory: int) -> FloatArray:
    """Return the shares, (memory,), of an onset's offspring that come 1, 2, ... days later: they sum to 1."""
    weights = np.array([np.exp(-lag / time_scale) for lag in range(1, memory + 1)])
    return np.asarray(weights / sum(weights))


def drift_log_density(values: FloatArray, *, sd: float, time_scale: float, step: float) -> float:
    """Return the log density of Ornstein-Uhlenbeck paths, (homes, steps), read every `step` days, from stationarity.

    By the covariance sd^2 exp(-|t - t'| / time_scale) itself, not by its transitions.
    """
    total = 0.0
    for path in np.asarray(values, dtype=float):
        covariance = np.empty((len(path), len(path)))
        for s in range(len(path)):
            for t in range(len(path)):
                covariance[s, t] = sd**2 * np.exp(-abs(s - t) * step / time_scale)
        _, log_determinant = np.linalg.slogdet(covariance)
        total += -0.5 * (len(path) * np.log(2.0 * np.pi) + log_determinant + path @ np.linalg.solve(covariance, path))
    return float(total)


def additive_log_density_by_child(
    *,
    onsets: ArrayLike,
    days: ArrayLike,
    baseline_eta: FloatArray,
    excitation: FloatArray,
    child: IntArray,
    frailty: FloatArray,
) -> FloatArray:
    """Return the log density of each child's rows given its frailty: intensity `frailty * exp(baseline) + excitation`.

    The row arguments have shape (rows,), `frailty` (children,). A row's contribution is y log(lambda) - n lambda.
    """
    onsets, days = np.asarray(onsets, dtype=float), np.asarray(days, dtype=float)
    log_density = np.zeros(len(frailty))
    for row in range(len(baseline_eta)):
        intensity = frailty[child[row]] * np.exp(baseline_eta[row]) + excitation[row]
        log_density[child[row]] += onsets[row] * np.log(intensity) - days[row] * intensity
    return log_density


def unit_lognormal_log_density(x: FloatArray, *, log_sd: float) -> float:
    """Return the summed log density of `x` where log x ~ Normal(-log_sd^2 / 2, log_sd^2), so that the mean is 1."""
    log_x = np.log(np.asarray(x, dtype=float))
    return normal_log_density(log_x, mean=-(log_sd**2) / 2.0, sd=log_sd) - float(np.sum(log_x))

"""The surrogate of the explorer: how wide intervals are and how often the rule says supported, over seven factors.

Two regressions, each with a prior that says what theory does. The log width of the interval is a line in the factors:
it falls with the square root of homes, days and episodes. The probit of power is a line in effect over width, which is
that of a z test (slope 3.92 and intercept -1.96 for a 95 % interval), moved by shocks and by unseen children. Both
are fitted to the cells of the grid, held-out cells say how well, and their joint draws carry what is not known.
Plain arrays; the page evaluates the same formulas.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import log_ndtr, ndtr
from scipy.stats import betabinom

from missingmodels.provenance import stream
from missingmodels.studies.explorer.factors import FACTORS

Array = np.ndarray
BURN_IN_DAYS = 28
DRAWS = 200  # of the coefficients, that the page carries
FOLDS = 5
MASS = 0.9  # of the intervals for a number of homes
NAMES = tuple(f.name for f in FACTORS)
# Terms of the log width: mean and sd of each coefficient's prior. A factor of 2 of a count narrows by the square root.
WIDTH_TERMS: Mapping[str, tuple[float, float]] = {
    "1": (math.log(3.92 * 0.2), 2.0),
    "log homes": (-0.5, 0.1),
    "log days": (-0.5, 0.2),
    "log rate": (-0.4, 0.25),
    "log frailty": (0.0, 0.3),
    "effect": (0.0, 0.3),
    "unseen": (0.5, 0.5),
    "shock squared": (0.0, 0.5),
}
POWER_TERMS: Mapping[str, tuple[float, float]] = {
    "1": (-1.96, 0.3),
    "effect over width": (3.92, 0.6),
    "unseen times effect over width": (0.0, 1.5),
    "shock squared": (0.0, 1.0),
}
CENTRE = {"homes": math.log(80), "days": math.log(365), "rate": math.log(2.4), "frailty": math.log(0.8)}


def width_terms(x: Mapping[str, Array]) -> Array:
    """(N, 8) terms of the log width at N points, factors by name."""
    ones = np.ones(np.shape(x["homes"]))
    return np.stack(
        [
            ones,
            np.log(x["homes"]) - CENTRE["homes"],
            np.log(np.asarray(x["days"], dtype=float) - BURN_IN_DAYS) - CENTRE["days"],
            np.log(x["rate"]) - CENTRE["rate"],
            np.log(x["frailty"]) - CENTRE["frailty"],
            ones * x["effect"],
            ones * x["unseen"],
            ones * np.square(x["shock"]),
        ],
        axis=-1,
    )


def power_terms(x: Mapping[str, Array], log_width: Array) -> Array:
    """(N, 4) terms of the probit of power, given the log width."""
    u = x["effect"] / np.exp(log_width)
    return np.stack([np.ones(np.shape(u)), u, x["unseen"] * u, np.ones(np.shape(u)) * np.square(x["shock"])], axis=-1)


@dataclass(frozen=True, kw_only=True)
class Surrogate:
    """Both regressions.

    Attributes
    ----------
    width, power : (8,) and (4,) coefficients
    width_draws, power_draws : (S, 8) and (S, 4) draws of them
    leverage : (8, 8) inverse of the cells' cross products of the factors on their scales, a constant before them
    furthest : largest leverage of a cell; a point beyond it lies outside of what was run
    low, high : least and largest value of each factor among the cells
    """

    width: Array
    power: Array
    width_draws: Array
    power_draws: Array
    leverage: Array
    furthest: float
    low: Array
    high: Array

    def supported(self, x: Mapping[str, Array]) -> Array:
        """(N,) share supported at N points."""
        log_width = width_terms(x) @ self.width
        return np.asarray(ndtr(power_terms(x, log_width) @ self.power))

    def drawn(self, x: Mapping[str, Array]) -> Array:
        """(S, N) draws of that share."""
        log_width = width_terms(x) @ self.width_draws.T
        terms = [power_terms(x, w) for w in log_width.T]
        return np.array([ndtr(t @ p) for t, p in zip(terms, self.power_draws, strict=True)])

    def inside(self, x: Mapping[str, Array]) -> Array:
        """(N,) whether points lie within what was run: between its ends, and no further out than the furthest cell."""
        raw = np.stack([np.asarray(x[name], dtype=float) for name in NAMES], axis=-1)
        between = ((raw >= self.low - 1e-9) & (raw <= self.high + 1e-9)).all(axis=-1)
        terms = scaled(x)
        far = np.einsum("...i,ij,...j->...", terms, self.leverage, terms)
        return np.asarray(between & (far <= self.furthest * (1 + 1e-9)))


def scaled(x: Mapping[str, Array]) -> Array:
    """(N, 8) a constant, and each factor from 0 to 1 of its planned range on its scale."""
    parts = [np.ones(np.shape(x["homes"]))]
    for f in FACTORS:
        value = np.asarray(x[f.name], dtype=float)
        if f.scale == "log":
            parts.append((np.log(value) - math.log(f.low)) / math.log(f.high / f.low))
        else:
            parts.append((value - f.low) / (f.high - f.low))
    return np.stack(parts, axis=-1)


def columns(cells: pd.DataFrame) -> dict[str, Array]:
    """(C,) of each factor of C cells, by its name."""
    return {name: cells[name].to_numpy(float) for name in NAMES}


def fit_surrogate(cells: pd.DataFrame, *, seed: int = 1) -> Surrogate:
    """Fit to the rows of the grid, one a cell. Raises ValueError for no more cells than factors and a constant.

    A cell's mean log width counts by its worlds; those of one cell share what the terms leave out, which is estimated.
    """
    if len(cells) <= len(FACTORS) + 1:
        raise ValueError(f"{len(cells)} cells are too few for {len(FACTORS)} factors")
    x = columns(cells)
    terms = width_terms(x)
    width, width_covariance = _line(terms, cells)
    power, power_covariance = _probit(power_terms(x, terms @ width), cells)
    rng = stream(seed, "explorer", "coefficients")
    leverage = np.linalg.pinv(scaled(x).T @ scaled(x))
    return Surrogate(
        width=width,
        power=power,
        width_draws=rng.multivariate_normal(width, width_covariance, size=DRAWS, method="eigh"),
        power_draws=rng.multivariate_normal(power, power_covariance, size=DRAWS, method="eigh"),
        leverage=leverage,
        furthest=float(np.einsum("ni,ij,nj->n", scaled(x), leverage, scaled(x)).max()),
        low=np.array([x[name].min() for name in NAMES]),
        high=np.array([x[name].max() for name in NAMES]),
    )


def _prior(terms: Mapping[str, tuple[float, float]]) -> tuple[Array, Array]:
    mean, sd = np.array([*terms.values()]).T
    return mean, np.diag(sd**-2.0)


def _line(terms: Array, cells: pd.DataFrame) -> tuple[Array, Array]:
    """Coefficients of the log width and their covariance; the spread of cells about the line is found by iteration."""
    mean, precision = _prior(WIDTH_TERMS)
    held = (cells["fitted"] > 1).to_numpy()
    y, terms = cells["log_width_mean"].to_numpy(float)[held], terms[held]
    within = (cells["log_width_sd"].to_numpy(float) ** 2 / cells["fitted"].to_numpy(float))[held]
    between = 0.05**2
    for _ in range(50):
        weight = 1 / (within + between)
        information = precision + terms.T @ (weight[:, None] * terms)
        beta = np.linalg.solve(information, precision @ mean + terms.T @ (weight * y))
        left = (y - terms @ beta) ** 2 - within
        between = max(float((weight**2 * left).sum() / (weight**2).sum()), 1e-4)
    return beta, np.linalg.inv(information)


def _probit(terms: Array, cells: pd.DataFrame) -> tuple[Array, Array]:
    """Coefficients of the probit of power with the greatest posterior density, and their covariance there."""
    mean, precision = _prior(POWER_TERMS)
    n, y = cells["worlds"].to_numpy(float), cells["supported"].to_numpy(float)
    beta = mean.copy()
    for _ in range(200):
        line = np.clip(terms @ beta, -8, 8)
        density = np.exp(-0.5 * line**2) / math.sqrt(2 * math.pi)
        p, q = np.exp(log_ndtr(line)), np.exp(log_ndtr(-line))
        information = precision + terms.T @ ((n * density**2 / (p * q))[:, None] * terms)
        step = np.linalg.solve(information, terms.T @ ((y - n * p) * density / (p * q)) - precision @ (beta - mean))
        beta = beta + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    return beta, np.linalg.inv(information)


def held_out(cells: pd.DataFrame, *, seed: int = 1) -> dict[str, Any]:
    """How far cells that were left out lie from what the others say of them, by leaving out each fifth of the cells.

    ``error`` is the root mean square of share observed less share foretold, ``by_chance`` what the number of worlds
    alone would make of it, ``beyond_chance`` what is left, and ``within`` the share of cells whose count lies in its
    90 % interval. ``width_factor`` is the factor by which a width is typically missed.
    """
    shown, p, draws, width = [], [], [], []
    for fold in range(FOLDS):
        out = cells[np.arange(len(cells)) % FOLDS == fold]
        rest = cells[np.arange(len(cells)) % FOLDS != fold]
        if out.empty:
            continue
        found = fit_surrogate(rest, seed=seed)
        shown.append(out)
        p.append(found.supported(columns(out)))
        draws.append(found.drawn(columns(out)))
        width.append(out["log_width_mean"].to_numpy(float) - width_terms(columns(out)) @ found.width)
    cells, p_all, drawn = pd.concat(shown), np.concatenate(p), np.concatenate(draws, axis=1)
    n, y = cells["worlds"].to_numpy(int), cells["supported"].to_numpy(int)
    square, chance = float(((y / n - p_all) ** 2).mean()), float((p_all * (1 - p_all) / n).mean())
    missed = np.concatenate(width)
    return {
        "cells": len(cells),
        "error": math.sqrt(square),
        "by_chance": math.sqrt(chance),
        "beyond_chance": math.sqrt(max(square - chance, 0.0)),
        "within": float(_within(y, n, drawn).mean()),
        "width_factor": float(np.exp(np.sqrt(np.nanmean(missed**2)))),
    }


def _within(y: Array, n: Array, drawn: Array) -> Array:
    """(N,) whether each count lies in the middle nine tenths of what its draws foretell (a beta-binomial of them)."""
    mean, variance = drawn.mean(axis=0), np.maximum(drawn.var(axis=0), 1e-9)
    size = np.maximum(mean * (1 - mean) / variance - 1, 1e-3)
    held = betabinom(n, np.maximum(mean * size, 1e-6), np.maximum((1 - mean) * size, 1e-6))
    return np.asarray((held.ppf((1 - MASS) / 2) <= y) & (y <= held.ppf((1 + MASS) / 2)))


def homes_needed(found: Surrogate, at: Mapping[str, float], target: float) -> tuple[float, float, float]:
    """Homes for a power, with the ends of the 90 % interval; infinite where the largest number run does not reach it.

    ``at`` has the other factors. Power rises with homes throughout, as the width's coefficient of homes is below 0.
    """
    homes = np.exp(np.linspace(math.log(found.low[0]), math.log(found.high[0]), 400))
    x = {**{name: np.full(homes.size, value) for name, value in at.items()}, "homes": homes}
    needed = [_first(homes, p >= target) for p in (found.supported(x), *found.drawn(x))]
    low, high = np.quantile(needed[1:], [(1 - MASS) / 2, (1 + MASS) / 2], method="higher")
    return needed[0], float(low), float(high)


def _first(homes: Array, reached: Array) -> float:
    return float(homes[int(reached.argmax())]) if reached.any() else math.inf

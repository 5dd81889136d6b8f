"""The log marginal likelihood of a model of rows by bridge sampling, every constant of likelihood and priors in it.

A normal child effect is integrated out on a grid first: in the full space of a hundred effects the bridge, whose normal
is fitted to few effective draws, was off by 1.1 on cgd, the same in every repetition.
"""

from __future__ import annotations

import numpy as np
from reference_maxima import LOG_WEIGHTS, NODES
from scipy import stats
from scipy.special import logsumexp

from missingmodels.fitting.families.rows_draws import log_densities
from missingmodels.fitting.fit import Fit
from missingmodels.models.priors.of_rows import home_columns

TURNS = 300
THIN = 2  # of the grid, which stays accurate to 1e-10


def log_marginal_likelihood(found: Fit, *, rng: np.random.Generator, draws: int = 2000) -> float:
    """Meng and Wong's bridge (1996) between the posterior and the normal with its moments.

    For a normal frailty, coefficients normal(0, 2.5), intercept normal(0, 5) and scales exponential(1): the priors of
    the Bayesian answers. Scales stand on the log scale.
    """
    points = _points(found)[rng.permutation(found.draws["intercept"].size)]
    fitted, kept = points[:-draws], points[-draws:]
    mean, factor = fitted.mean(axis=0), np.linalg.cholesky(np.cov(fitted.T))
    drawn = mean + rng.standard_normal(kept.shape) @ factor.T

    def ratio(rows: np.ndarray) -> np.ndarray:
        z = np.linalg.solve(factor, (rows - mean).T)
        proposal = stats.norm.logpdf(z).sum(axis=0) - np.log(np.diag(factor)).sum()
        return np.array([_log_density(found, row) for row in rows]) - proposal

    at_kept, at_drawn = ratio(kept), ratio(drawn)
    value = float(np.median(at_kept))
    for _ in range(TURNS):
        top = logsumexp(at_drawn - np.logaddexp(at_drawn, value))
        value = float(top - logsumexp(-np.logaddexp(at_kept, value)))
    return value


def _points(found: Fit) -> np.ndarray:
    """(S, D) intercept at the columns' means, coefficients, log sd of the child, then log sd and z of each home."""
    held, counts = found.draws.stack(sample=("chain", "draw")), found.design
    raw = held["coefficients"].transpose("sample", "column").to_numpy()
    sigma = held["sigma_child"].to_numpy()
    parts = [(held["intercept"].to_numpy() + raw @ counts.centre)[:, None], raw, np.log(sigma)[:, None]]
    start = 0
    for i, group in enumerate(home_columns(counts)):
        size, scale = len(group.ids), held["sigma_home"].transpose("sample", ...).to_numpy()[:, [i]]
        parts += [np.log(scale), held["home"].transpose("sample", ...).to_numpy()[:, start : start + size] / scale]
        start += size
    return np.concatenate(parts, axis=1)


def _log_density(found: Fit, point: np.ndarray) -> float:
    counts, columns = found.design, found.design.matrix.shape[1]
    intercept, raw, log_sigma = point[0], point[1 : 1 + columns], point[1 + columns]
    eta = intercept + (counts.matrix - counts.centre) @ raw + counts.log_size
    prior = stats.norm.logpdf(intercept, 0, 5) + stats.norm.logpdf(raw, 0, 2.5).sum() + log_sigma - np.exp(log_sigma)
    at = 2 + columns
    for group in home_columns(counts):
        scale, z = np.exp(point[at]), point[at + 1 : at + 1 + len(group.ids)]
        eta = eta + scale * z[group.index]
        prior += point[at] - scale + stats.norm.logpdf(z).sum()
        at += 1 + len(group.ids)
    grid = eta + np.exp(log_sigma) * NODES[::THIN, None]
    with np.errstate(over="ignore"):  # the far end of the grid has no weight
        by_row, _ = log_densities(counts, grid, None)
    child, children = counts.units["child"].index, len(counts.units["child"].ids)
    by_child = (
        np.stack([np.bincount(child, row, children) for row in by_row]) + LOG_WEIGHTS[::THIN, None] + np.log(THIN)
    )
    return float(logsumexp(by_child, axis=0).sum() + prior)

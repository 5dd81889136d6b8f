"""Exact log joint densities of many draws, and the mean of their gradients."""

from __future__ import annotations

import numpy as np

from missingmodels.fitting.exponential import exponential
from missingmodels.fitting.laplace.child import ChildLaw
from missingmodels.fitting.laplace.data import Array, LaplaceData
from missingmodels.fitting.laplace.point import Scales

BLOCK_CELLS = 250_000  # 1 or 2 MB: a block of rows times draws stays in a core's cache


def log_joint(data: LaplaceData, b: Array, effects: Array, z: Array, child: ChildLaw) -> Array:
    """(S,) log density of the data and unknowns: ``b`` (B + K, S), ``effects`` (H, N, S), ``z`` (H, D, S), a law.

    ``effects`` hold what all homes share.

    Normal constants of the unknowns are left out, as everywhere in the engine: they cancel against the Gaussian's.
    Rates are computed in the precision of ``b``: single is enough for weights, and twice as fast.
    """
    draws = b.shape[1]
    cells = effects.reshape(-1, draws)
    away = (b - data.prior_mean[:, None]) / data.prior_sd[:, None]
    flat = z.reshape(z.shape[0] * z.shape[1], draws)
    held = np.flatnonzero(data.cell_onsets)
    total = data.linear @ b[: data.linear.size] + data.cell_onsets.ravel()[held] @ cells[held] + data.offset_linear
    total -= 0.5 * (np.einsum("bs,bs->s", away, away) + np.einsum("is,is->s", flat, flat))
    with np.errstate(over="ignore", invalid="ignore"):
        total += _child_terms(data, b, cells, child)
    return np.where(np.isfinite(total), total, -np.inf)


def mean_gradient(data: LaplaceData, scales: Scales, b: Array, z: Array) -> tuple[Array, Array]:
    """(B + K,) and (H, D) gradient of the log joint density, averaged over points (…, S) of both at given scales."""
    points = b.shape[1]
    effects = scales.log_rates(b, z, data.periods)
    cells = effects.reshape(-1, points)
    m = np.empty(data.child.size)
    for children, rows in data.child_blocks(max(BLOCK_CELLS // points, 1)):
        rate = _rates(data, rows, b, cells)
        at = data.child_at[children]
        size = data.row_sizes[children]
        onsets = (data.onsets_before + data.onsets_now)[at, None]
        share = np.repeat(
            scales.child.mean(onsets, data.sums(children, rows, data.ones[rows], b.dtype) @ rate), size, 0
        )
        if data.conditional:
            known = data.sums(children, rows, data.before[rows], b.dtype) @ rate
            mean = np.repeat(scales.child.mean(data.onsets_before[at, None], known), size, axis=0)
            share -= np.where(data.before[rows, None], mean, 0.0)
        m[rows] = np.einsum("rs,rs->r", rate, share) / points
    left = data.cell_onsets - np.bincount(data.home_period, m, data.homes * data.cells).reshape(data.homes, -1)
    of_b = np.append(data.linear - m @ data.columns, scales.to_shared(scales.over_time(left).sum(axis=0)))
    of_b -= (b.mean(axis=1) - data.prior_mean) / data.prior_sd**2
    return of_b, scales.to_blocks(left) * scales.of_blocks(data.periods) - z.mean(axis=2)


def _rates(data: LaplaceData, rows: slice, b: Array, cells: Array) -> Array:
    """(R', S) expected onsets of a block of rows, in the precision of ``b``."""
    rate = data.columns[rows].astype(b.dtype, copy=False) @ b[: data.linear.size]
    rate += cells[data.home_period[rows]]
    rate += data.log_days[rows, None].astype(b.dtype)
    return exponential(rate)


def _child_terms(data: LaplaceData, b: Array, cells: Array, child: ChildLaw) -> Array:
    """(S,) what needs the rows; not finite where a rate overflows, which no posterior reaches."""
    total = np.zeros(b.shape[1])
    for children, rows in data.child_blocks(max(BLOCK_CELLS // max(total.size, 1), 1)):
        rate = _rates(data, rows, b, cells)
        at = data.child_at[children]
        before, after = data.onsets_before[at, None], (data.onsets_before + data.onsets_now)[at, None]
        expected = data.sums(children, rows, data.ones[rows], b.dtype) @ rate
        known = np.zeros(1)
        if data.conditional:
            known = data.sums(children, rows, data.before[rows], b.dtype) @ rate
        if child.name == "gamma":  # its lgammas depend on few counts, and are added once for all children
            k = np.asarray(child.values["frailty_shape"])
            total += ((k + before) * np.log(k + known) - (k + after) * np.log(k + expected)).sum(axis=0)
            continue
        total += child.log_density(after, expected).sum(axis=0)
        if data.conditional:
            total -= child.log_density(before, known).sum(axis=0)
    return total + (data.gamma_part(child.values["frailty_shape"]) if child.name == "gamma" else 0.0)

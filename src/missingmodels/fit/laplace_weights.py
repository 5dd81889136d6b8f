"""Exact log joint densities of many draws, and the mean of their gradients."""

from __future__ import annotations

import numpy as np

from missingmodels.fit.laplace_data import Array, LaplaceData
from missingmodels.fit.laplace_gaussian import Scales

BLOCK_CELLS = 250_000  # 1 or 2 MB: a block of rows times draws stays in a core's cache


def log_joint(data: LaplaceData, b: Array, effects: Array, z: Array, frailty_shape: Array) -> Array:
    """(S,) log density of the data and unknowns: ``b`` (B, S), ``effects`` (H, T, S), ``z`` (H, D, S), k (S,).

    Normal constants of the unknowns are left out, as everywhere in the engine: they cancel against the Gaussian's.
    Rates are computed in the precision of ``b``: single is enough for weights, and twice as fast.
    """
    draws = frailty_shape.size
    cells = effects.reshape(-1, draws)
    away = (b - data.prior_mean[:, None]) / data.prior_sd[:, None]
    flat = z.reshape(z.shape[0] * z.shape[1], draws)
    held = np.flatnonzero(data.cell_onsets)
    total = data.linear @ b + data.cell_onsets.ravel()[held] @ cells[held] + data.offset_linear
    total -= 0.5 * (np.einsum("bs,bs->s", away, away) + np.einsum("is,is->s", flat, flat))
    with np.errstate(over="ignore", invalid="ignore"):
        total += _child_terms(data, b, cells, frailty_shape)
    return np.where(np.isfinite(total), total, -np.inf) + data.gamma_part(frailty_shape)


def mean_gradient(data: LaplaceData, scales: Scales, b: Array, z: Array) -> tuple[Array, Array]:
    """(B,) and (H, D) gradient of the log joint density, averaged over points (B, S) and (H, D, S) at given scales."""
    points, k = b.shape[1], scales.frailty_shape
    cells = scales.effects(z, data.periods).reshape(-1, points)
    m = np.empty(data.child.size)
    for children, rows in data.child_blocks(max(BLOCK_CELLS // points, 1)):
        rate = _rates(data, rows, b, cells)
        at = data.child_at[children]
        size = data.row_sizes[children]
        shape = k + data.onsets_before[at]
        total = k + data.sums(children, rows, data.ones[rows], b.dtype) @ rate
        share = np.repeat((shape + data.onsets_now[at])[:, None] / total, size, axis=0)
        if data.conditional:
            known = k + data.sums(children, rows, data.before[rows], b.dtype) @ rate
            share -= np.where(data.before[rows, None], np.repeat(shape[:, None] / known, size, axis=0), 0.0)
        m[rows] = np.einsum("rs,rs->r", rate, share) / points
    left = data.cell_onsets - np.bincount(data.home_period, m, data.homes * data.periods).reshape(data.homes, -1)
    of_b = data.linear - m @ data.columns - (b.mean(axis=1) - data.prior_mean) / data.prior_sd**2
    return of_b, scales.to_blocks(left) * scales.of_blocks(data.periods) - z.mean(axis=2)


def _rates(data: LaplaceData, rows: slice, b: Array, cells: Array) -> Array:
    """(R', S) expected onsets of a block of rows, in the precision of ``b``."""
    rate = data.columns[rows].astype(b.dtype, copy=False) @ b
    rate += cells[data.home_period[rows]]
    rate += data.log_days[rows, None].astype(b.dtype)
    return np.exp(rate, out=rate)


def _child_terms(data: LaplaceData, b: Array, cells: Array, frailty_shape: Array) -> Array:
    """(S,) what needs the rows; not finite where a rate overflows, which no posterior reaches."""
    draws = frailty_shape.size
    total = np.zeros(draws)
    kind = b.dtype
    for children, rows in data.child_blocks(max(BLOCK_CELLS // max(draws, 1), 1)):
        rate = _rates(data, rows, b, cells)
        at = data.child_at[children]
        shape = frailty_shape + data.onsets_before[at, None]
        scale = np.broadcast_to(frailty_shape, shape.shape)
        if data.conditional:
            scale = scale + data.sums(children, rows, ~data.now[rows], kind) @ rate
        expected = frailty_shape + data.sums(children, rows, data.ones[rows], kind) @ rate
        after = shape + data.onsets_now[at, None]
        total += (shape * np.log(scale) - after * np.log(expected)).sum(axis=0)
    return total

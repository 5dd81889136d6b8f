"""Exact log joint densities of many draws."""

from __future__ import annotations

import numpy as np

from missingmodels.fit.laplace_data import Array, LaplaceData

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


def _child_terms(data: LaplaceData, b: Array, cells: Array, frailty_shape: Array) -> Array:
    """(S,) what needs the rows; not finite where a rate overflows, which no posterior reaches."""
    draws = frailty_shape.size
    total = np.zeros(draws)
    kind = b.dtype
    for children, rows in data.child_blocks(max(BLOCK_CELLS // max(draws, 1), 1)):
        rate = data.columns[rows].astype(kind, copy=False) @ b
        rate += cells[data.home_period[rows]]
        rate += data.log_days[rows, None].astype(kind)
        np.exp(rate, out=rate)
        at = data.child_at[children]
        shape = frailty_shape + data.onsets_before[at, None]
        scale = np.broadcast_to(frailty_shape, shape.shape)
        if data.conditional:
            scale = scale + data.sums(children, rows, ~data.now[rows], kind) @ rate
        expected = frailty_shape + data.sums(children, rows, data.ones[rows], kind) @ rate
        after = shape + data.onsets_now[at, None]
        total += (shape * np.log(scale) - after * np.log(expected)).sum(axis=0)
    return total

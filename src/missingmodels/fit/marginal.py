"""What follows from draws of the marginal model: each child's log density and frailty. Plain arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.special import gammaln

from missingmodels.parameters import Array, Parameters

if TYPE_CHECKING:
    from missingmodels.frame.design import Design


def child_sums(values: Array, child: np.ndarray, children: int) -> Array:
    """(S, C) sums of (S, R) values over each child's rows, which lie together; a child without rows has 0."""
    out = np.zeros((values.shape[0], children))
    if child.size:
        starts = np.flatnonzero(np.append(True, child[1:] != child[:-1]))
        out[:, child[starts]] = np.add.reduceat(values, starts, axis=1)
    return out


def integrated_frailty(shape: Array, rate: Array, onsets: Array, expected: Array) -> Array:
    """(S, C) log L_i of section 2 without Σ y η, for a child whose frailty is Gamma(shape, rate) before its rows."""
    return np.asarray(
        gammaln(shape + onsets) - gammaln(shape)
        + shape * np.log(rate) - (shape + onsets) * np.log(rate + expected)
    )  # fmt: skip


def log_density_and_frailty(
    design: Design, parameters: Parameters, rng: np.random.Generator | None = None
) -> tuple[Array, Array, Array]:
    """(S, C) log L_i of the specification's section 2, and shape and rate of each child's frailty given the rest.

    With ``rng`` the second and third items are instead the frailties drawn and their posterior means.
    """
    children = len(design.child_ids)
    now = ~design.before_window
    y_now = np.bincount(design.child, design.onsets * now, children)
    y_before = np.bincount(design.child, design.onsets * ~now, children)
    density = np.empty((parameters.draws, children))
    first, second = np.empty_like(density), np.empty_like(density)
    # sparse products sum several times faster than reduceat, and few rows hold an onset
    with_onset = np.flatnonzero(design.onsets * now)
    sum_now = _sums(design.child, np.where(now, design.days, 0.0), children)
    sum_before = _sums(design.child, np.where(now, 0.0, design.days), children) if design.before_window.any() else None
    sum_linear = _sums(design.child[with_onset], design.onsets[with_onset], children)
    for part, block in parameters.blocks(design.child.size):
        eta = design.log_rate(block).T
        linear = sum_linear @ eta[with_onset]
        rate = np.exp(eta, out=eta)
        k = block.frailty_shape
        shape, scale = k + y_before[:, None], np.broadcast_to(k, (children, k.size))
        if sum_before is not None:
            scale = scale + sum_before @ rate
        after, total = shape + y_now[:, None], scale + sum_now @ rate
        own = linear + _gamma_ratio(k, y_before, y_now) + shape * np.log(scale) - after * np.log(total)
        density[part] = own.T
        first[part] = rng.gamma(after.T) / total.T if rng is not None else after.T
        second[part] = (after / total).T if rng is not None else total.T
    return density, first, second


def _sums(child: np.ndarray, weight: Array, children: int) -> csr_array:
    """Sparse (C, R) that sums rows times their weight over each child's rows."""
    return csr_array((weight.astype(float), (child, np.arange(child.size))), shape=(children, child.size))


def _gamma_ratio(k: Array, before: Array, now: Array) -> Array:
    """(C, S) lgamma(k + Y₀ + Y) - lgamma(k + Y₀); few children differ in their counts, so each pair is taken once."""
    pairs, which = np.unique(np.column_stack([before, now]), axis=0, return_inverse=True)
    low = k + pairs[:, :1]
    return np.asarray((gammaln(low + pairs[:, 1:]) - gammaln(low))[which.ravel()])

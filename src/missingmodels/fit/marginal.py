"""What follows from draws of the marginal model: each child's log density and frailty. Plain arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
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
    for part, block in parameters.blocks(design.child.size):
        eta = design.log_rate(block)
        expected = np.exp(eta) * design.days
        total_now = child_sums(expected * now, design.child, children)
        total_before = child_sums(expected * ~now, design.child, children)
        linear = child_sums(eta * (design.onsets * now), design.child, children)
        k = block.frailty_shape[:, None]
        shape, rate = k + y_before, k + total_before
        density[part] = linear + integrated_frailty(shape, rate, y_now, total_now)
        shape, rate = shape + y_now, rate + total_now
        first[part] = rng.gamma(shape) / rate if rng is not None else shape
        second[part] = shape / rate if rng is not None else rate
    return density, first, second

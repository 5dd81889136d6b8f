"""What follows from draws of the marginal model: each child's log density and frailty. Plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.special import gammaln, polygamma

from missingmodels.fitting import log_normal
from missingmodels.fitting.exponential import exponential
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

    With ``rng`` the second and third items are instead the frailties drawn and their posterior means; only of a gamma
    are there shapes and rates to give without it. Every draw is exact, whatever the law.
    """
    law = parameters.frailty_law
    if rng is None and law != "gamma":
        raise ValueError(f"a {law} frailty is no gamma given the rest, so it is only drawn: hand over rng")
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
        rate = exponential(eta)
        seen = _Seen(
            onsets=y_now[:, None],
            onsets_before=y_before[:, None],
            expected=sum_now @ rate,
            expected_before=np.zeros(1) if sum_before is None else sum_before @ rate,
        )
        own, one, other = _LAWS[law].given(seen, block, rng)
        density[part], first[part], second[part] = (linear + own).T, one.T, other.T
    return density, first, second


def draw_frailty(parameters: Parameters, children: int, rng: np.random.Generator) -> Array:
    """(S, children) frailties of children of whom nothing is known, by the law of these parameters."""
    return _LAWS[parameters.frailty_law].alone(parameters, (parameters.draws, children), rng)


def log_variance(parameters: Parameters) -> Array:
    """(S,) variance of log u between children: how much they differ."""
    return _LAWS[parameters.frailty_law].log_variance(parameters)


def _class_parts(parameters: Parameters) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """(S,) chance and mean of u, in the low-risk class and in the other; the mean over both is 1."""
    share, ratio = parameters.further["low_risk_share"], parameters.further["low_risk_ratio"]
    middle = share * ratio + 1 - share
    return (share, ratio / middle), (1 - share, 1 / middle)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What is seen of each child: (C, 1) onsets and (C, S) expected ones at u = 1, in the window and before it."""

    onsets: Array
    onsets_before: Array
    expected: Array
    expected_before: Array


Found = tuple[Array, Array, Array]  # (C, S) log L_i less the terms in η; then what log_density_and_frailty gives


def _gamma(seen: _Seen, block: Parameters, rng: np.random.Generator | None) -> Found:
    k = block.frailty_shape
    shape, scale = k + seen.onsets_before, k + seen.expected_before
    after, total = shape + seen.onsets, scale + seen.expected
    ratio = _gamma_ratio(k, seen.onsets_before[:, 0], seen.onsets[:, 0])
    own = ratio + shape * np.log(scale) - after * np.log(total)
    return (own, after, total + 0 * after) if rng is None else (own, rng.gamma(after) / total, after / total)


def _low_risk(seen: _Seen, block: Parameters, rng: np.random.Generator | None) -> Found:
    k, nothing = block.frailty_shape, np.zeros_like(seen.onsets)
    onsets, expected = seen.onsets + seen.onsets_before, seen.expected + seen.expected_before
    whole: list[Array] = []
    known: list[Array] = []
    for share, part in _class_parts(block):
        for out, y, mean in ((whole, onsets, expected), (known, seen.onsets_before, seen.expected_before)):
            ratio = _gamma_ratio(k, nothing[:, 0], y[:, 0])
            out.append(np.log(share) + y * np.log(part) + ratio + k * np.log(k) - (k + y) * np.log(k + part * mean))
    total = np.logaddexp(*whole)
    low = np.exp(whole[0] - total)
    assert rng is not None
    in_class = np.where(rng.random(low.shape) < low, 0, 1)
    parts = np.stack([part for _, part in _class_parts(block)])
    part = np.take_along_axis(parts, in_class, axis=0)
    drawn = part * rng.gamma(k + onsets) / (k + part * expected)
    mean = sum(w * p * (k + onsets) / (k + p * expected) for w, p in zip((low, 1 - low), parts, strict=True))
    return total - np.logaddexp(*known), drawn, mean


def _log_normal(seen: _Seen, block: Parameters, rng: np.random.Generator | None) -> Found:
    assert rng is not None
    onsets, expected = np.broadcast_arrays(seen.onsets.astype(float), seen.expected)
    return log_normal.integrated(onsets, expected, block.further["frailty_sd_log"], rng)


def _gamma_alone(parameters: Parameters, sizes: tuple[int, int], rng: np.random.Generator) -> Array:
    k = parameters.frailty_shape[:, None]
    return np.asarray(rng.gamma(np.broadcast_to(k, sizes)) / k)


def _low_risk_alone(parameters: Parameters, sizes: tuple[int, int], rng: np.random.Generator) -> Array:
    u = _gamma_alone(parameters, sizes, rng)
    (share, low), (_, other) = _class_parts(parameters)
    return u * np.where(rng.random(sizes) < share[:, None], low[:, None], other[:, None])


def _log_normal_alone(parameters: Parameters, sizes: tuple[int, int], rng: np.random.Generator) -> Array:
    s = parameters.further["frailty_sd_log"][:, None]
    return np.asarray(np.exp(s * rng.standard_normal(sizes) - s**2 / 2))


def _gamma_variance(parameters: Parameters) -> Array:
    """ψ'(k)."""
    return np.asarray(polygamma(1, parameters.frailty_shape))


def _low_risk_variance(parameters: Parameters) -> Array:
    """ψ'(k) + π (1 − π) log² ρ."""
    share, ratio = parameters.further["low_risk_share"], parameters.further["low_risk_ratio"]
    return np.asarray(_gamma_variance(parameters) + share * (1 - share) * np.log(ratio) ** 2)


def _log_normal_variance(parameters: Parameters) -> Array:
    return np.asarray(parameters.further["frailty_sd_log"] ** 2)


@dataclass(frozen=True)
class _Law:
    """A law's density and draws given a child's rows, its draws without any, and the variance of log u."""

    given: Callable[[_Seen, Parameters, np.random.Generator | None], Found]
    alone: Callable[[Parameters, tuple[int, int], np.random.Generator], Array]
    log_variance: Callable[[Parameters], Array]


_LAWS: Mapping[str, _Law] = {
    "gamma": _Law(_gamma, _gamma_alone, _gamma_variance),
    "low_risk": _Law(_low_risk, _low_risk_alone, _low_risk_variance),
    "log_normal": _Law(_log_normal, _log_normal_alone, _log_normal_variance),
}


def _sums(child: np.ndarray, weight: Array, children: int) -> csr_array:
    """Sparse (C, R) that sums rows times their weight over each child's rows."""
    return csr_array((weight.astype(float), (child, np.arange(child.size))), shape=(children, child.size))


def _gamma_ratio(k: Array, before: Array, now: Array) -> Array:
    """(C, S) lgamma(k + Y₀ + Y) - lgamma(k + Y₀); few children differ in their counts, so each pair is taken once."""
    pairs, which = np.unique(np.column_stack([before, now]), axis=0, return_inverse=True)
    low = k + pairs[:, :1]
    return np.asarray((gammaln(low + pairs[:, 1:]) - gammaln(low))[which.ravel()])

"""What every count model of the package shares: the linear term by sums, the rows' rates and the integrated frailty.

The rows' sums are taken before the sampler sees them, so that one evaluation costs one pass over the rows: the term
``Σ y η`` is linear in the parameters, and only ``Σ n exp(η)`` needs the rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytensor.tensor as pt

Tensor = pt.TensorVariable
Data = Mapping[str, np.ndarray]
Tensors = Mapping[str, Tensor]


def _sums_of(
    y: np.ndarray, columns: np.ndarray, offset: np.ndarray, groups: Mapping[str, tuple[np.ndarray, int]]
) -> Data:
    """The sums that ``_linear_term`` reads, of (R,) events over (R, P) columns and groups (index, size)."""
    return {
        "column_onsets": y @ columns,
        "offset_onsets": np.array(y @ offset),
        **{f"{name}_onsets": np.bincount(index, y, size) for name, (index, size) in groups.items()},
    }


def _linear_term(data: Tensors, total: Tensor, intercept: Tensor, beta: Tensor, effects: Tensors) -> Tensor:
    """Σ y η of all rows; ``effects`` holds the effect vector of each group that the data have sums of."""
    value = intercept * total
    if "columns" in data:
        value = value + pt.dot(data["column_onsets"], beta)
    for name, effect in effects.items():
        value = value + pt.dot(data[f"{name}_onsets"], effect)
    return value + data["offset_onsets"]


def by_child(values: Tensor, data: Tensors) -> Tensor:
    """(C,) sums of (R,) values over each child's rows."""
    return pt.inc_subtensor(pt.zeros_like(data["child_onsets"])[data["child"]], values)


def integrated_frailty(shape: Tensor, rate: Tensor, onsets: Tensor, expected: Tensor) -> Tensor:
    """(C,) log L_i of section 2 without Σ y η, for a child whose frailty is Gamma(shape, rate) before its rows."""
    return (
        pt.gammaln(shape + onsets)
        - pt.gammaln(shape)
        + shape * pt.log(rate)
        - (shape + onsets) * pt.log(rate + expected)
    )


def low_risk_frailty(k: Tensor, share: Tensor, ratio: Tensor, onsets: Tensor, expected: Tensor) -> Tensor:
    """(C,) log Σ_class P(class) L_i without Σ y η: a gamma whose rate a low-risk class has a small part of.

    Both classes are scaled so that the mean of u over them is 1.
    """
    middle = share * ratio + 1 - share
    log_of = [(pt.log(share), ratio / middle), (pt.log1p(-share), 1 / middle)]
    classes = [
        log_share + onsets * pt.log(part) + integrated_frailty(k, k, onsets, part * expected)
        for log_share, part in log_of
    ]
    return pt.logaddexp(*classes)

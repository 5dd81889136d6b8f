"""The term of who is on shift: effects of adults, of whom a row has several, by their shares of the day's hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt

from missingmodels.frame.design import Design
from missingmodels.frame.design_matrix import Membership
from missingmodels.models.priors.law import ModelPriors
from missingmodels.models.term import Array, Data, Designed, Draws, GroupEffect, Tensor, Tensors


@dataclass(frozen=True, kw_only=True)
class _Members(GroupEffect):
    """Effects of units of which a row has several, by their weights: multiple membership."""

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        held = _membership(design, self.code)
        nobody = len(held.members)
        empty = np.full((1, held.members.shape[1]), len(held.ids))
        return {
            self.unit: np.where(held.index < 0, nobody, held.index),
            f"{self.unit}_members": np.concatenate([held.members, empty]),
            f"{self.unit}_weight": np.concatenate([held.weight, np.zeros(empty.shape)]),
        }

    def sums(self, design: Designed, arrays: Data) -> Data:
        held = _membership(design, self.code)
        onsets = np.bincount(arrays[self.unit], design.counted, len(arrays[f"{self.unit}_weight"]))
        return {f"{self.unit}_onsets": held.shares.T @ onsets}

    def eta(self, value: Tensor, data: Tensors) -> Tensor | None:
        spare = pt.concatenate([value, pt.zeros(1)])
        combined = (data[f"{self.unit}_weight"] * spare[data[f"{self.unit}_members"]]).sum(axis=1)
        return combined[data[self.unit]]

    def of_draws(self, values: Draws, design: Designed, part: slice) -> Array | None:
        return _membership(design, self.code).taken(values[self.code][part])


def _membership(design: Designed, name: str) -> Membership:
    assert isinstance(design, Design)
    held = design.groups[name]
    assert isinstance(held, Membership)
    return held


ADULTS = _Members(
    name="adults on shift",
    code="adult",
    unit="adult",
    equation="Σ_j m_dj g_j, g_j ~ Normal(0, σ_adult²), m_dj adult j's share of the hours of day d's shifts in the home",
    parameters=("sigma_adult",),
    chosen="effects.adults",
    meaning=(
        "does the adult make the difference? An adult counts in each home apart; the share of those on fewer than 10 "
        "days has no effect, and neither has a day without a rota"
    ),
)

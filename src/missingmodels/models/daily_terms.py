"""Terms that only the daily models have: a kernel of past onsets, a home process that drifts, and self-excitation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from missingmodels.frame.daily import DailyDesign, Lags
from missingmodels.models.model import RATE, Likelihood, Predicted
from missingmodels.models.priors.law import ModelPriors
from missingmodels.models.term import (
    Array,
    Built,
    Data,
    Designed,
    Draws,
    GroupEffect,
    LogEffect,
    Tensor,
    Tensors,
    Term,
)

SOURCES = ("own", "peer")


@dataclass(frozen=True, kw_only=True)
class Kernel(Term):
    """δ K(τ), K the sum over witnessed onsets up to L days back of exp(−lag / τ)."""

    late: ClassVar[bool] = True

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        lags = peers_of(design)
        return {"lag_row": lags.row, "lag": lags.lag - 1, "lag_weight": lags.weight}

    def sums(self, design: Designed, arrays: Data) -> Data:
        weight = arrays["lag_weight"] * design.counted[arrays["lag_row"]]
        return {"lag_onsets": np.bincount(arrays["lag"], weight, peers_of(design).memory)}

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        return (peers_of(design).memory,)

    def unknowns(self, built: Built) -> Any:
        memory = peers_of(built.design).memory
        fading = pt.exp(-np.arange(1.0, memory + 1) / built.scalars["kernel_days"])
        return built.scalars["peer_kernel"], fading

    def eta(self, value: Any, data: Tensors) -> Tensor | None:
        delta, fading = value
        nothing = pt.zeros_like(data["log_days"])[data["lag_row"]]
        return delta * pt.inc_subtensor(nothing, data["lag_weight"] * fading[data["lag"]])

    def linear(self, value: Any, data: Tensors) -> Tensor | None:
        delta, fading = value
        return delta * pt.dot(data["lag_onsets"], fading)

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        return {"half_life_days": np.log(2) * scalars["kernel_days"]}

    def of_draws(self, values: Draws, design: Designed, part: slice) -> Array | None:
        peers = peers_of(design)
        lags, rows = np.arange(1, peers.memory + 1), design.log_size.size
        exposure = [peers.exposure(np.exp(-lags / tau), rows) for tau in values["kernel_days"][part]]
        return np.asarray(values["peer_kernel"][part, None] * np.array(exposure))


@dataclass(frozen=True, kw_only=True)
class Drift(GroupEffect):
    """Ornstein-Uhlenbeck of each home at the cells of a grid, constant within one: σ² exp(−|t − t'| / ℓ), an AR(1)."""

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        daily = daily_of(design)
        return len(daily.home_ids), daily.steps, daily.grid_days

    def unknowns(self, built: Built) -> Any:
        daily = daily_of(built.design)
        shape = (len(daily.home_ids), daily.steps)
        z = pm.Normal(f"{self.code}_z", 0, 1, shape=shape[0] * shape[1])
        factor = _drift_factor(daily.steps, daily.grid_days, built.scalars["process_days"])
        return (built.scalars[self.scale] * (z.reshape(shape) @ factor.T)).ravel()

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        daily = daily_of(design)
        z = drawn[f"{self.code}_z"].reshape(-1, len(daily.home_ids), daily.steps)
        path = drifted(z, daily.grid_days / scalars["process_days"])
        return {self.code: scalars[self.scale][:, None] * path.reshape(len(path), -1)}


@dataclass(frozen=True, kw_only=True)
class ChildFrailty(LogEffect):
    """A child's log-normal frailty, reported as u itself."""

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        return {"frailty": np.exp(super().natural(drawn, scalars, design, priors)[self.code])}

    def of_draws(self, values: Draws, design: Designed, part: slice) -> Array | None:
        return super().of_draws({self.code: np.log(values["frailty"])}, design, part)


@dataclass(frozen=True, kw_only=True)
class Excitation(Likelihood):
    """``λ = u_i μ + α_own E_own(τ) + α_peer E_peer(τ)``.

    It is additive, so only days with an onset need both parts at once: all other days enter through ``Σ n λ``, whose
    excited part is a sum over lags that is taken before the sampler starts.
    """

    variable: str = "onset"
    by_sums: bool = False

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        """Arrays whose name begins with ``at_`` speak of the rows with an onset."""
        daily, at = daily_of(design), priors.columns
        columns, with_onset = daily.standardised, np.flatnonzero(daily.onsets)
        place = np.full(daily.onsets.size, -1)
        place[with_onset] = np.arange(with_onset.size)
        held = {f"at_{name}": daily.units[name].index[with_onset] for name in ("child", "home", "cell")}
        held |= {"at_onsets": daily.onsets[with_onset].astype(float)}
        held |= {"at_log_days": (columns[:, at.fixed] @ at.mean[at.fixed])[with_onset]}
        held |= {} if at.fixed.all() else {"at_columns": np.ascontiguousarray(columns[:, ~at.fixed])[with_onset]}
        for name, lags in zip(SOURCES, lags_of(daily), strict=True):
            row = place[lags.row]
            held[f"{name}_days"] = np.bincount(lags.lag - 1, lags.weight * daily.days[lags.row], lags.memory)
            held |= {f"{name}_row": row[row >= 0], f"{name}_lag": lags.lag[row >= 0] - 1}
            held |= {f"{name}_weight": lags.weight[row >= 0]}
        return held

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        return (peers_of(design).memory,)

    def density(self, at: Predicted) -> Tensor:
        data, free = at.built.data, at.built.scalars
        share = shares(free["kernel_days"], peers_of(at.built.design).memory)
        expected = pt.exp(at.eta[RATE]).sum()
        with_onset = {name.removeprefix("at_"): values for name, values in data.items() if name.startswith("at_")}
        rate = pt.exp(at.at(with_onset))
        for name in SOURCES:
            ratio = free[f"{name}_branching"]
            added = ratio * data[f"{name}_weight"] * share[data[f"{name}_lag"]]
            rate = pt.inc_subtensor(rate[data[f"{name}_row"]], added)
            expected = expected + ratio * pt.dot(data[f"{name}_days"], share)
        return pt.dot(with_onset["onsets"], pt.log(rate)) - expected

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        return {
            "total_branching": scalars["own_branching"] + scalars["peer_branching"],
            "half_life_days": np.log(2) * scalars["kernel_days"],
        }

    def excited(self, values: Draws, design: Designed, part: slice) -> Array:
        """(s, R) what onsets add to the rate."""
        daily, rows = daily_of(design), design.log_size.size
        lags = np.arange(1, peers_of(design).memory + 1)
        out = np.zeros((values["kernel_days"][part].size, rows))
        for i, tau in enumerate(values["kernel_days"][part]):
            share = np.exp(-lags / tau)
            share /= share.sum()
            for name, held in zip(SOURCES, lags_of(daily), strict=True):
                out[i] += values[f"{name}_branching"][part][i] * held.exposure(share, rows)
        return out


def _drift_factor(steps: int, grid_days: int, process_days: Tensor) -> Tensor:
    """(T, T) lower triangular factor of the correlation exp(-|t - t'| / ℓ) at steps of a grid: exact, for it is AR(1).

    Row t is the path φ^(t-s) of step s's innovation, of standard deviation √(1 - φ²), and of the stationary start.
    """
    apart = np.subtract.outer(np.arange(steps), np.arange(steps))
    path = pt.exp(-np.arange(steps) * grid_days / process_days)[np.maximum(apart, 0)]
    innovation = pt.sqrt(-pt.expm1(-2 * grid_days / process_days))
    start = np.arange(steps) == 0
    return path * np.tri(steps) * pt.switch(start, 1.0, innovation)


def drifted(z: Array, step: Array) -> Array:
    """(S, H, T) paths of unit variance from (S, H, T) innovations; ``step`` (S,) is Δ / ℓ. By its transitions."""
    out = z.copy()
    keep, fresh = np.exp(-step)[:, None], np.sqrt(-np.expm1(-2 * step))[:, None]
    for t in range(1, z.shape[2]):
        out[:, :, t] = keep * out[:, :, t - 1] + fresh * z[:, :, t]
    return out


def shares(kernel_days: Tensor, memory: int) -> Tensor:
    """(memory,) share of an onset's offspring that come 1, 2, … days later."""
    weight = pt.exp(-np.arange(memory) / kernel_days)
    return weight / weight.sum()


def daily_of(design: Designed) -> DailyDesign:
    """The design, which must be a daily one."""
    assert isinstance(design, DailyDesign)
    return design


def peers_of(design: Designed) -> Lags:
    """Onsets of peers by lag of a daily design. Raises ValueError where it holds none."""
    peers = daily_of(design).peers
    if peers is None:
        raise ValueError("a design without onsets of peers by lag")
    return peers


def lags_of(daily: DailyDesign) -> tuple[Lags, Lags]:
    """Onsets of the child and of peers by lag. Raises ValueError where one of the two is not held."""
    if daily.own is None or daily.peers is None:
        raise ValueError(f"a design of kind {daily.kind} holds no onsets by lag of both the child and peers")
    return daily.own, daily.peers

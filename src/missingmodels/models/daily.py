"""Models of child-days: a kernel whose time scale is estimated, a home process that drifts, and onsets that add onsets.

Equations: ``docs/notation.md``, daily models. Lags are counted once, so that a step of the sampler multiplies a sparse
(rows, lags) array by as many numbers as there are lags.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from missingmodels.frame.daily import DailyDesign, Lags
from missingmodels.models import frailty
from missingmodels.models.daily_priors import HAWKES, KERNEL, PROCESS, DailyPriors
from missingmodels.models.model import RATE, Likelihood, Model, Predicted
from missingmodels.models.priors import ModelPriors
from missingmodels.models.shared import BEFORE, CONSTANTS_OUT, HOMES, PERIODS
from missingmodels.models.term import (
    Array,
    Built,
    Columns,
    Data,
    Designed,
    Draws,
    GroupEffect,
    Level,
    LogEffect,
    Tensor,
    Tensors,
    Term,
)

HAWKES_SCALARS = ("intercept", "sigma_home", "sigma_period", *HAWKES)
SOURCES = ("own", "peer")


@dataclass(frozen=True, kw_only=True)
class _Kernel(Term):
    """δ K(τ), K the sum over witnessed onsets up to L days back of exp(−lag / τ)."""

    late: ClassVar[bool] = True

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        lags = _peers(design)
        return {"lag_row": lags.row, "lag": lags.lag - 1, "lag_weight": lags.weight}

    def sums(self, design: Designed, arrays: Data) -> Data:
        weight = arrays["lag_weight"] * design.counted[arrays["lag_row"]]
        return {"lag_onsets": np.bincount(arrays["lag"], weight, _peers(design).memory)}

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        return (_peers(design).memory,)

    def unknowns(self, built: Built) -> Any:
        memory = _peers(built.design).memory
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
        peers = _peers(design)
        lags, rows = np.arange(1, peers.memory + 1), design.log_size.size
        exposure = [peers.exposure(np.exp(-lags / tau), rows) for tau in values["kernel_days"][part]]
        return np.asarray(values["peer_kernel"][part, None] * np.array(exposure))


@dataclass(frozen=True, kw_only=True)
class _Drift(GroupEffect):
    """Ornstein-Uhlenbeck of each home at the cells of a grid, constant within one: σ² exp(−|t − t'| / ℓ), an AR(1)."""

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        daily = _daily(design)
        return len(daily.home_ids), daily.steps, daily.grid_days

    def unknowns(self, built: Built) -> Any:
        daily = _daily(built.design)
        shape = (len(daily.home_ids), daily.steps)
        z = pm.Normal(f"{self.code}_z", 0, 1, shape=shape[0] * shape[1])
        factor = _drift_factor(daily.steps, daily.grid_days, built.scalars["process_days"])
        return (built.scalars[self.scale] * (z.reshape(shape) @ factor.T)).ravel()

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        daily = _daily(design)
        z = drawn[f"{self.code}_z"].reshape(-1, len(daily.home_ids), daily.steps)
        path = drifted(z, daily.grid_days / scalars["process_days"])
        return {self.code: scalars[self.scale][:, None] * path.reshape(len(path), -1)}


@dataclass(frozen=True, kw_only=True)
class _Frailty(LogEffect):
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
        daily, at = _daily(design), priors.columns
        columns, with_onset = daily.standardised, np.flatnonzero(daily.onsets)
        place = np.full(daily.onsets.size, -1)
        place[with_onset] = np.arange(with_onset.size)
        held = {f"at_{name}": daily.units[name].index[with_onset] for name in ("child", "home", "cell")}
        held |= {"at_onsets": daily.onsets[with_onset].astype(float)}
        held |= {"at_log_days": (columns[:, at.fixed] @ at.mean[at.fixed])[with_onset]}
        held |= {} if at.fixed.all() else {"at_columns": np.ascontiguousarray(columns[:, ~at.fixed])[with_onset]}
        for name, lags in zip(SOURCES, _lags(daily), strict=True):
            row = place[lags.row]
            held[f"{name}_days"] = np.bincount(lags.lag - 1, lags.weight * daily.days[lags.row], lags.memory)
            held |= {f"{name}_row": row[row >= 0], f"{name}_lag": lags.lag[row >= 0] - 1}
            held |= {f"{name}_weight": lags.weight[row >= 0]}
        return held

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        return (_peers(design).memory,)

    def density(self, at: Predicted) -> Tensor:
        data, free = at.built.data, at.built.scalars
        share = shares(free["kernel_days"], _peers(at.built.design).memory)
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
        daily, rows = _daily(design), design.log_size.size
        lags = np.arange(1, _peers(design).memory + 1)
        out = np.zeros((values["kernel_days"][part].size, rows))
        for i, tau in enumerate(values["kernel_days"][part]):
            share = np.exp(-lags / tau)
            share /= share.sum()
            for name, held in zip(SOURCES, _lags(daily), strict=True):
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


def _daily(design: Designed) -> DailyDesign:
    assert isinstance(design, DailyDesign)
    return design


def _peers(design: Designed) -> Lags:
    peers = _daily(design).peers
    if peers is None:
        raise ValueError("a design without onsets of peers by lag")
    return peers


def _lags(daily: DailyDesign) -> tuple[Lags, Lags]:
    if daily.own is None or daily.peers is None:
        raise ValueError(f"a design of kind {daily.kind} holds no onsets by lag of both the child and peers")
    return daily.own, daily.peers


LEVEL = Level(
    name="onset model",
    code="intercept",
    equation="η = α + x'β + q'γ + p'δ + z'ζ + c'κ + v_h",
    parameters=("intercept",),
    meaning=(
        "what the onset model has beside the exposure and periods: vulnerability, history, the flags of p "
        f"(`no_peers`, `peers_unseen` or, with a kernel, `kernel_unseen`), structure, calendar, homes. {CONSTANTS_OUT}"
    ),
)
COLUMNS = Columns(name="columns", code="coefficients", equation="x'β + q'γ + p'δ + z'ζ + c'κ", meaning="see above")
KERNEL_TERM = _Kernel(
    name="kernel",
    code="peer_kernel",
    equation="δ K_i(d; τ), K = Σ_s exp(−(d − s)/τ) over onsets s of others that i witnessed, 1 ≤ d − s ≤ 60",
    parameters=("kernel_days",),
    meaning="each onset counts, most on the next day, wherever either child lives by then",
)
DRIFT = _Drift(
    name="home process",
    code="home_period",
    unit="cell",
    equation="+ ξ_h(⌊d/7⌋), Cov(ξ_h(a), ξ_h(b)) = σ² exp(−7 |a − b| / ℓ), exactly AR(1) and stationary",
    parameters=("sigma_process", "process_days"),
    meaning=(
        "a shock drifts whether or not anyone leaves; it stands beside v_h and in place of home × 28-day "
        "effects. Every home has a value in every cell from the first observed day, d = 0, on"
    ),
)
PEERS = Term(
    name="peers",
    code="exposure",
    equation="p'δ",
    chosen="exposure.primary, any but peer_kernel",
    meaning="influence jumps after an event, which is what tells it from a shock",
)
GAMMA = replace(frailty.GAMMA, chosen="")
KERNEL_TERMS = (LEVEL, COLUMNS, HOMES, PERIODS, KERNEL_TERM, GAMMA, BEFORE)
DRIFT_TERMS = (
    *(LEVEL, COLUMNS, HOMES, DRIFT, PEERS),
    replace(
        KERNEL_TERM,
        equation="δ K_i(d; τ)",
        chosen='exposure.primary = "peer_kernel"',
        meaning="as above, in place of a window",
    ),
    *(GAMMA, BEFORE),
)
EXCITATION = Excitation(
    name="intensity",
    code="rate",
    equation="λ_id = u_i exp(η + w_ht) + α_own E_own + α_peer E_peer",
    meaning="onsets add to the rate, equally many whoever has the onset: excitation is not multiplied by u_i",
)
BASELINE = replace(
    LEVEL,
    name="baseline",
    meaning=(
        "as in the onset model, but without onsets in windows: of q arrival bands and `history_unknown` "
        f"stay, of p `no_peers` and `kernel_unseen`. {CONSTANTS_OUT}"
    ),
)
CHILDREN = _Frailty(
    name="children, log-normal",
    code="child",
    unit="child",
    equation="log u_i = s z_i − s²/2, z_i ~ Normal(0, 1)",
    parameters=("frailty_sd_log",),
    meaning="mean 1, sampled: in an additive intensity no gamma integrates out",
)
# What the intensity holds beside its baseline, a line each.
OFFSPRING = (
    Term(
        name="offspring in time",
        code="shares",
        equation="g(m) = exp(−m/τ) / Σ_{m'=1..60} exp(−m'/τ)",
        parameters=("kernel_days",),
        meaning="sums to 1 over lags of 1 to 60 days, so that α counts onsets",
    ),
    Term(
        name="own onsets",
        code="own",
        equation="α_own E_own, E_own = Σ_s g(d − s) over the child's own onsets",
        parameters=("own_branching",),
        meaning="state dependence",
    ),
    Term(
        name="peers' onsets",
        code="peer",
        equation="α_peer E_peer, E_peer = Σ_s g(d − s) / (n − 1) over onsets of others that i witnessed",
        parameters=("peer_branching",),
        meaning=(
            "an onset is split over the others: α_peer is of all of them together, whatever the home's size n on "
            "its day"
        ),
    ),
)
HAWKES_TERMS = (EXCITATION, BASELINE, COLUMNS, HOMES, PERIODS, *OFFSPRING, CHILDREN)


def daily_model(daily: DailyDesign, priors: DailyPriors) -> Model:
    """The model of a design's kind.

    The sampler's unknowns: scalars, half-normal ones of effects with a sign, ``coefficients`` of the standardised
    columns, and standard normal ``home_z`` (H,), ``home_period_z`` (H * steps,) and, of hawkes, ``child_z`` (C,).
    """
    names = _scalar_names(daily)
    held = {name: priors[name] for name in names}
    likelihood: Likelihood = GAMMA
    if daily.kind == "hawkes":
        likelihood = EXCITATION
        terms: tuple[Term, ...] = (BASELINE, COLUMNS, HOMES, PERIODS, CHILDREN)
        # it adds to a rate and cannot change sign
        held |= {f"{name}_branching": priors[f"{name}_branching"].unsigned for name in SOURCES}
    else:
        kernel = (KERNEL_TERM,) if daily.peers is not None else ()
        terms = (LEVEL, COLUMNS, HOMES, PERIODS if daily.knot is None else DRIFT, *kernel)
    columns = priors.base.column_priors(daily.names, daily.scale)
    return Model(
        label=f"daily {daily.kind}",
        design=daily,
        predictors={RATE: terms},
        likelihood=likelihood,
        priors=ModelPriors(scalars=held, columns=columns),
    )


def _scalar_names(daily: DailyDesign) -> tuple[str, ...]:
    """Names of the scalar parameters, fixed ones included."""
    if daily.kind == "hawkes":
        return HAWKES_SCALARS
    kernel = KERNEL if daily.peers is not None else ()
    period = PROCESS if daily.knot is not None else ("sigma_period",)
    return ("intercept", "sigma_home", *period, "frailty_shape", *kernel)

"""Designs of models that need a row for each child-day: onsets behind a day by their lag, and a finer time grid.

Specification, section 1, end. Days behind which no onset lies, or that share a cell of the grid, still add up
losslessly, so a design has a row a day only where the model tells days apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Literal

import numpy as np

from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.frame.columns.of_peers.exposure import peer_exposures
from missingmodels.frame.columns.of_peers.peers import peer_grids
from missingmodels.frame.design import Design, build_design, require_contrast
from missingmodels.frame.design_matrix import Group
from missingmodels.frame.riskset import NO_HOME, RiskSet, build_risk_set
from missingmodels.frame.rows import Rows, build_rows, model_terms, moderation_column, top_level_terms
from missingmodels.intervals import expand
from missingmodels.plan import Effects, PeerExposure, Plan
from missingmodels.tables import Tables, require_valid

Kind = Literal["kernel", "ornstein_uhlenbeck", "hawkes"]
KINDS: tuple[Kind, ...] = ("kernel", "ornstein_uhlenbeck", "hawkes")
# At the 97.5 % point of the prior of τ (20 days) an onset has faded to 5 % after so many days.
MEMORY_DAYS = 60
GRID_DAYS = 7
OWN_WINDOWS = ("own_1_7", "own_8_28")  # what an intensity excited by own onsets holds already


@dataclass(frozen=True, kw_only=True)
class Lags:
    """Onsets behind rows, as a sparse (R, memory) array: (N,) ``row``, ``lag`` of 1 … ``memory`` days, and ``weight``.

    A weight is a number of onsets, of peers divided by the number of others over whom the model splits one.
    """

    row: np.ndarray
    lag: np.ndarray
    weight: np.ndarray
    memory: int

    def exposure(self, fading: np.ndarray, rows: int) -> np.ndarray:
        """(rows,) sum of weights times ``fading`` (memory,), the share that is left after 1, 2, … days."""
        return np.bincount(self.row, self.weight * fading[self.lag - 1], rows)


@dataclass(frozen=True, kw_only=True)
class DailyDesign(Design):
    """The data of one daily model: those of an onset model with a row a day where the model tells days apart.

    Attributes
    ----------
    exposure : the peer exposure whose effect is asked: a column of the design, or ``peer_kernel`` for the lags
    kernel_days : where the plan centres the time scale of a kernel, days
    peers : onsets of co-residents by lag; None where the exposure is a column
    own : the child's own onsets by lag; of a self-exciting intensity only
    knot : (R,) cell of the time grid; None unless the home process is continuous
    knots, grid_days : number of cells of the grid, and their length in days
    """

    kind: Kind
    model: str
    exposure: str
    kernel_days: float
    peers: Lags | None = None
    own: Lags | None = None
    knot: np.ndarray | None = None
    knots: int = 0
    grid_days: int = GRID_DAYS

    @property
    def steps(self) -> int:
        """Cells of one home in time: those of the grid, or periods."""
        return self.periods if self.knot is None else self.knots

    @cached_property
    def units(self) -> Mapping[str, Group]:
        """As of the onset model, but ``cell`` a home's cell of the grid where there is one."""
        if self.knot is None:
            return super().units
        ids = tuple(f"{home} {step}" for home in self.home_ids for step in range(self.knots))
        return {**super().units, "cell": Group(index=self.home * self.knots + self.knot, ids=ids)}


def daily_design(
    tables: Tables,
    plan: Plan,
    *,
    kind: Kind,
    model: str | None = None,
    memory_days: int = MEMORY_DAYS,
    grid_days: int = GRID_DAYS,
    checked: bool = False,
) -> DailyDesign:
    """The design of one daily model, of the plan's fullest model with peers unless ``model`` names one.

    The exposure of ``ornstein_uhlenbeck`` is the plan's primary one (``peer_kernel``: with τ estimated); the other two
    kinds have onsets by lag, at most ``memory_days`` behind. Raises ConfigInvalid for what the kinds do not hold,
    CannotAnswer where the data hold no contrast.
    """
    chosen = _model(plan, kind, model, memory_days, grid_days)
    if not checked:
        require_valid(tables)
    plan.require_missing("a daily model")
    risk = build_risk_set(tables, plan.frame)
    lagged = kind != "ornstein_uhlenbeck" or plan.exposure.primary == "peer_kernel"
    extra = {}
    if lagged:
        extra["kernel_unseen"] = _kernel_unseen(risk, plan)
        extra["split"] = _days_apart(risk, memory_days, own=kind == "hawkes", witnessed=plan.exposure.witnessed)
    if kind == "ornstein_uhlenbeck":
        extra["knot"] = np.broadcast_to(np.arange(risk.days) // grid_days, risk.residence.shape)
    shown: PeerExposure = "peer_presence" if lagged else plan.exposure.primary
    asked = plan.model_copy(
        update={"models": (chosen,), "exposure": plan.exposure.model_copy(update={"primary": shown, "beside": ()})}
    )
    rows = build_rows(tables, risk, asked, extra=extra)
    design = build_design(rows, _terms(asked, chosen, kind, lagged), conditional=plan.frame.initial == "conditional")
    out = DailyDesign(
        **{field.name: getattr(design, field.name) for field in fields(design)},
        kind=kind,
        model=chosen,
        exposure="peer_kernel" if lagged else shown,
        kernel_days=plan.exposure.kernel_days,
    )
    if lagged:
        out = _with_lags(out, rows, risk, memory_days, witnessed=plan.exposure.witnessed)
    else:
        require_contrast(design, shown)
    if kind == "ornstein_uhlenbeck":
        knot = rows.frame["knot"].to_numpy(dtype=np.int64)
        out = replace(out, knot=knot, knots=-(-risk.days // grid_days), grid_days=grid_days)
    return out


def _with_lags(daily: DailyDesign, rows: Rows, risk: RiskSet, memory: int, *, witnessed: bool) -> DailyDesign:
    """The design with onsets by lag. Raises CannotAnswer where no onset lies behind a day at risk in the window."""
    # children without a day at risk have left the rows
    child = np.searchsorted(risk.child_ids, rows.child_ids)[rows.frame["child"].to_numpy()]
    place = _places(child, rows.frame["split"].to_numpy(dtype=np.int64), risk)
    hawkes = daily.kind == "hawkes"
    peers = (_witnessed_lags if witnessed else _peer_lags)(risk, place, memory, shared=hawkes)
    if not (daily.window_days[peers.row] > 0).any():
        raise CannotAnswer(
            "these data cannot answer H1: no child is ever at risk beside a peer with an onset behind them",
            remedy="use data that hold all residents of the homes (pool the authorities, or ask the provider)",
        )
    return replace(daily, peers=peers, own=_own_lags(risk, place, memory) if hawkes else None)


def _model(plan: Plan, kind: str, model: str | None, memory_days: int, grid_days: int) -> str:
    """The model to fit; ConfigInvalid for a question that no daily model answers."""
    with_peers = [name for name in plan.models if name in ("M1", "M3")]
    faults = []
    if kind not in KINDS:
        faults.append(f"kind {kind!r} is not known; known: {', '.join(KINDS)}")
    if model is not None and model not in ("M1", "M3"):
        faults.append(f"model {model!r} has no peers; daily models are M1 or M3")
    if not with_peers and model is None:
        faults.append("the plan names no model with peers, 'M1' or 'M3'")
    for key in ("moderation", "modified_by"):
        if getattr(plan.exposure, key):
            faults.append(f"exposure.{key} is not held by daily models: leave it out")
    if kind == "hawkes" and plan.frame.initial == "conditional":
        faults.append("a hawkes intensity samples the frailties, so frame.initial must be 'joint'")
    # what all homes share has no term here
    if plan.effects.model_copy(update={"sector_process": "none"}) != Effects(sector_process="none"):
        faults.append("daily models hold no effects of their plan but homes' and their periods': leave [effects] out")
    if memory_days < 1 or grid_days < 1:
        faults.append("memory_days and grid_days must be at least 1")
    if faults:
        raise ConfigInvalid("; ".join(faults), remedy="see `missingmodels fit-daily --help`")
    return model or max(with_peers)


def _terms(plan: Plan, model: str, kind: str, lagged: bool) -> str:
    """The onset model's formula without what the kind holds by lags."""
    terms = top_level_terms(model_terms(plan, model, plan.exposure.primary))
    if lagged:
        left = {plan.exposure.primary, moderation_column(plan.exposure.primary)}
        left |= set(OWN_WINDOWS) if kind == "hawkes" else set()
        terms = ["kernel_unseen" if term == "peers_unseen" else term for term in terms if term not in left]
    return " + ".join(dict.fromkeys(terms))


def _kernel_unseen(risk: RiskSet, plan: Plan) -> np.ndarray:
    """(C, D) flag of a peer whose record is shorter than three times the time scale at the centre of its prior."""
    grids = peer_exposures(peer_grids(risk, plan.exposure, kernel=True), witnessed=plan.exposure.witnessed)
    return grids["kernel_unseen"]


def _onset_days(risk: RiskSet, memory: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Child, later day and lag of every pair of an onset and a day up to ``memory`` days after it."""
    child, start = np.nonzero(risk.onset_anywhere)
    onset, day = expand(start + 1, np.minimum(start + 1 + memory, risk.days))
    return child[onset], day, day - start[onset]


def _days_apart(risk: RiskSet, memory: int, *, own: bool, witnessed: bool) -> np.ndarray:
    """(C, D) 1 + day where an onset lies behind the day, else 0: what keeps such days rows of their own."""
    source, day, _ = _onset_days(risk, memory)
    home = risk.residence[source, day]
    lives = home != NO_HOME
    mine = np.zeros(risk.residence.shape, dtype=np.int64)
    np.add.at(mine, (source[lives], day[lives]), 1)
    column = np.arange(risk.days)[None, :]
    if witnessed:
        seen = risk.witnessed
        which, after = seen.days_after(memory, once=False)
        others = np.zeros(risk.residence.shape, dtype=bool)
        others[seen.child[which], after] = True
        others &= risk.residence != NO_HOME
    else:
        behind = np.zeros((len(risk.home_ids), risk.days), dtype=np.int64)
        np.add.at(behind, (home[lives], day[lives]), 1)
        others = np.where(risk.residence != NO_HOME, behind[risk.residence, column], 0) - mine
    return np.where((others > 0) | (own & (mine > 0)), 1 + column, 0)


def _places(child: np.ndarray, split: np.ndarray, risk: RiskSet) -> np.ndarray:
    """(C, D) row of each child-day that is a row of its own, else -1."""
    place = np.full(risk.residence.shape, -1)
    single = np.flatnonzero(split)
    place[child[single], split[single] - 1] = single
    return place


def _peer_lags(risk: RiskSet, place: np.ndarray, memory: int, *, shared: bool) -> Lags:
    """Onsets of co-residents behind each row; ``shared`` divides one by the number of others in the home that day."""
    source, day, lag = _onset_days(risk, memory)
    home = risk.residence[source, day].astype(np.int64)
    lives = home != NO_HOME
    source, day, lag, home = source[lives], day[lives], lag[lives], home[lives]
    child, column = np.nonzero(place >= 0)
    cell = risk.residence[child, column].astype(np.int64) * risk.days + column
    order = np.argsort(cell, kind="stable")
    wanted = home * risk.days + day
    low, high = (np.searchsorted(cell[order], wanted, side=side) for side in ("left", "right"))
    pair, position = expand(low, high)
    at = order[position]
    other = child[at] != source[pair]
    pair, at = pair[other], at[other]
    weight = np.ones(pair.size)
    if shared:
        weight /= np.maximum(risk.occupancy[home[pair], day[pair]] - 1, 1)
    return Lags(row=place[child[at], column[at]], lag=lag[pair], weight=weight, memory=memory)


def _witnessed_lags(risk: RiskSet, place: np.ndarray, memory: int, *, shared: bool) -> Lags:
    """Witnessed onsets behind each row; ``shared`` divides one by the number of others in its home on its day."""
    seen = risk.witnessed
    which, day = seen.days_after(memory, once=False)
    row = place[seen.child[which], day]
    which, day, row = which[row >= 0], day[row >= 0], row[row >= 0]
    weight = np.ones(which.size)
    if shared:
        weight /= np.maximum(risk.occupancy.ravel()[seen.cell[which]] - 1, 1)
    return Lags(row=row, lag=day - seen.day[which], weight=weight, memory=memory)


def _own_lags(risk: RiskSet, place: np.ndarray, memory: int) -> Lags:
    """A child's own onsets behind each row."""
    source, day, lag = _onset_days(risk, memory)
    row = place[source, day]
    held = row >= 0
    return Lags(row=row[held], lag=lag[held], weight=np.ones(int(held.sum())), memory=memory)

"""What is needed to live the observed days again under another rule: who lived where, and who may leave.

Residence, staffing and every column that episodes do not move stay as observed. Episodes that the model draws (onsets
of the window) are taken out; all others stay as facts: those before the window, those that began outside homes or on
days that a rule leaves out, and absences of a category that is not the outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer
from missingmodels.frame.columns.facts import fact_of
from missingmodels.frame.columns.library import COLUMNS
from missingmodels.frame.design import Design, build_design
from missingmodels.frame.riskset import NO_HOME, RiskSet, days_at_risk, episode_days, low_coverage
from missingmodels.frame.rows import build_rows, columns_behind, model_terms
from missingmodels.plan import COUNTED, EXPOSURES, MISSING, OUTSIDE, Plan
from missingmodels.tables import Tables
from missingmodels.vocabulary import QUANTITIES

OWN = ("own_1_7", "own_8_28")
# Columns that follow from episodes, as what they are read from says; those of own history are forwarded.
FOLLOWING = frozenset(
    name
    for name in COLUMNS
    if name not in OWN and any(f"{table}." in QUANTITIES[name].needs for table in ("missing_episodes", "interviews"))
)


@dataclass(frozen=True, kw_only=True)
class ForwardDays:
    """N days of children in homes, by day, home and child, and the F onsets that stay as they were, by day.

    Attributes
    ----------
    design : a row for each spell of a child over which no column changes but by episodes
    exposure, window_days, witnessed : the peer exposure that episodes move, how long one counts, and for whom
    children : C, the number of children that ``child`` and ``fixed_child`` count
    from_day : the first day lived again; ``count_from`` the first that is counted
    first : (D + 1,) where each day begins among the N
    child, home : (N,)
    spell : (N,) row of ``design``, -1 where nobody may leave
    risk : (N,) days at risk if none of the episodes taken out were under way
    others : (N,) other residents, at least 1; what density divides by
    days_away : (E,) days from each of the episodes taken out to its end, in order; the law of days away
    fixed_first : (D + 1,) where each day begins among the F; ``fixed_child`` (F,) whose they are, and ``fixed_place``
        (F,) which of the N is that child's day, -1 for one outside homes
    """

    design: Design
    exposure: str
    window_days: int
    witnessed: bool
    children: int
    from_day: int
    count_from: int
    first: np.ndarray
    child: np.ndarray
    home: np.ndarray
    spell: np.ndarray
    risk: np.ndarray
    others: np.ndarray
    days_away: np.ndarray
    fixed_first: np.ndarray
    fixed_child: np.ndarray
    fixed_place: np.ndarray


def forward_days(
    tables: Tables, risk: RiskSet, plan: Plan, *, model: str, exposure: str, from_day: int | None = None
) -> ForwardDays:
    """The days of one model of the plan from ``from_day`` on, the first of the window if it is left out.

    Onsets are counted inside the window whatever ``from_day`` is. Raises CannotAnswer where the model holds a column
    that episodes move and that cannot be forwarded.
    """
    if not plan.of_missing:
        raise CannotAnswer("only missing episodes are lived again, and the plan has another outcome or event of peers")
    count_from = int(risk.before_window.sum())
    start = count_from if from_day is None else from_day
    fixed, away, open_risk = _taken_out(tables, risk, plan, start)
    known = (risk.days_at_risk > 0).any(axis=1)
    may_leave = (open_risk > 0) & known[:, None] & (np.arange(risk.days) >= start)
    rows = build_rows(tables, risk, plan, by_day=True, also=may_leave)
    formula = model_terms(plan, model, exposure)
    slope_of = exposure if plan.effects.peer_slope_by_home else ""
    design = build_design(rows, formula, conditional=plan.frame.initial == "conditional", slope_of=slope_of)
    require_forward(design, exposure)
    spells, row_spell = _spells(design, exposure)
    spell_of = np.full(risk.residence.shape, -1, dtype=np.int64)
    child = np.searchsorted(risk.child_ids, np.array(rows.child_ids))[design.child]
    spell_of[child, rows.frame["day"].to_numpy()] = row_spell
    at_child, at_day = np.nonzero(risk.residence != NO_HOME)
    home = risk.residence[at_child, at_day]
    order = np.lexsort((at_child, home, at_day))
    at_child, at_day, home = at_child[order], at_day[order], home[order].astype(np.int64)
    days = np.arange(risk.days + 1)
    place = np.full(risk.residence.shape, -1, dtype=np.int64)
    place[at_child, at_day] = np.arange(at_child.size)
    fixed_child, fixed_day = fixed["child"].to_numpy(), fixed["start"].to_numpy()
    return ForwardDays(
        design=spells,
        exposure=exposure,
        window_days=plan.exposure.window_days,
        witnessed=plan.exposure.witnessed,
        children=len(risk.child_ids),
        from_day=start,
        count_from=count_from,
        first=np.searchsorted(at_day, days),
        child=at_child,
        home=home,
        spell=spell_of[at_child, at_day],
        risk=np.where(may_leave, open_risk, 0.0)[at_child, at_day],
        others=np.maximum(risk.occupancy[home, at_day] - 1.0, 1.0),
        days_away=away,
        fixed_first=np.searchsorted(fixed_day, days),
        fixed_child=fixed_child,
        fixed_place=place[fixed_child, fixed_day],
    )


def require_forward(design: Design, exposure: str) -> None:
    """Raise CannotAnswer, with the reason, for a model of which episodes move a column that cannot be forwarded."""
    if exposure not in COUNTED:
        raise CannotAnswer(f"{exposure} is not forwarded: only {', '.join(COUNTED)} follow from who was missing lately")
    names = (*design.names, *design.constants)
    moved = {*EXPOSURES, *OUTSIDE, *FOLLOWING} - {exposure}
    strange = sorted(
        n for n in design.names if moved & columns_behind(n) or any(map(_counts_missing, columns_behind(n)))
    )
    strange += sorted(name for name in design.names if _hides(name, (exposure, *OWN)))
    if strange:
        raise CannotAnswer(f"episodes move {', '.join(strange)}, which is not forwarded")
    if f"{exposure}_unrecorded" in names:
        raise CannotAnswer(f"{exposure} is unrecorded on some days, so it cannot be forwarded")


def _counts_missing(name: str) -> bool:
    call = fact_of(name)
    return call is not None and call.function != "measure" and call.argument.text == MISSING


def _hides(name: str, moved: Sequence[str]) -> bool:
    """Whether a column is made of a moved one in another way than by a product."""
    return any(part not in moved and set(moved) & columns_behind(part) for part in name.split(":"))


def _taken_out(tables: Tables, risk: RiskSet, plan: Plan, start: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The onsets that stay, by day; days away of those that do not; and (C, D) the risk that is left without them."""
    episodes, _ = episode_days(tables, plan.frame, np.array(risk.child_ids))
    began = np.maximum(episodes["start"].to_numpy(), 0)
    drawn = episodes["counts"].to_numpy() & (episodes["start"].to_numpy() >= start)
    drawn &= risk.onset[episodes["child"].to_numpy(), began]
    as_it_was = days_at_risk(risk.residence, episodes)
    open_risk = days_at_risk(risk.residence, episodes[~drawn])
    open_risk[(risk.days_at_risk == 0) & (as_it_was > 0)] = 0.0  # left out by a rule, or not recorded yet
    if plan.frame.coverage_rule == "drop":
        open_risk[low_coverage(risk.residence, risk.coverage, plan.frame)] = 0.0
    # a child who leaves again the same day is away until the last return
    last = episodes[drawn].groupby(["child", "start"])["end"].max().reset_index()
    away = np.sort((last["end"] - last["start"]).to_numpy(dtype=np.int64))
    seen = episodes[~drawn & episodes["counts"].to_numpy() & (episodes["start"].to_numpy() >= 0)]
    return seen.sort_values("start", kind="stable"), away, open_risk


def _spells(design: Design, exposure: str) -> tuple[Design, np.ndarray]:
    """The design with one row a run of rows that differ in nothing but what episodes move, and each row's run."""
    moved = {exposure, *OWN}
    still = [i for i, name in enumerate(design.names) if not moved & set(name.split(":"))]
    new = np.ones(design.child.size, dtype=bool)
    new[1:] = (np.diff(design.matrix[:, still], axis=0) != 0).any(axis=1)
    for key in (design.child, design.home, design.period):
        new[1:] |= np.diff(key) != 0
    at = np.flatnonzero(new)
    per_row = ("matrix", "child", "home", "period", "onsets", "days", "days_at_risk", "burn_in", "before_window")
    groups = {name: group.at(at) for name, group in design.groups.items()}
    return replace(design, groups=groups, **{name: getattr(design, name)[at] for name in per_row}), np.cumsum(new) - 1

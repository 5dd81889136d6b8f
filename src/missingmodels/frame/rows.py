"""Rows: days at risk added up losslessly to rows of constant covariates (specification, section 1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.formula import Formula, FormulaFault
from missingmodels.frame.columns.adults import adults_of
from missingmodels.frame.columns.days import Days
from missingmodels.frame.columns.facts import fact_columns
from missingmodels.frame.columns.groups import home_groups
from missingmodels.frame.columns.library import COLUMNS
from missingmodels.frame.columns.lives import Unseen
from missingmodels.frame.columns.of_peers.peers import peer_columns
from missingmodels.frame.columns.own import own_by_name, own_columns
from missingmodels.frame.columns.stays import weak_homes_note
from missingmodels.frame.columns.structure import (
    mix_measures,
    split_between_within,
    split_from_past,
    staff_measures,
)
from missingmodels.frame.columns.told import own_quantities
from missingmodels.frame.design_matrix import Group, Membership
from missingmodels.frame.riskset import RiskSet
from missingmodels.plan import EXPOSURES, OUTSIDE, STRUCTURE, Plan, terms_of
from missingmodels.tables import Tables
from missingmodels.vocabulary import Quantity

ROTA = "rota"  # the column of rows that says which of ``Rows.adults`` is on shift
TERMS_REMEDY = "docs/plans.md lists the operators and functions of a formula"
# Factors of an interaction that are a column times a number: how far the staff ratio lies below the home's mean.
FACTORS = {"short_staffing": ("staff_ratio_within", -1.0)}


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of constant child, home, period and covariates.

    Attributes
    ----------
    frame : one row each: ``child``, ``home`` (index), ``period``, ``before_window``, covariates, ``onsets``,
        ``days`` (exposure of the likelihood: an onset day counts half) and ``days_at_risk``
    child_ids, home_ids : labels of the indices
    periods : number of periods of the observed span
    notes : what was left out or filled in, in sentences
    told : what columns of one's own are, in the register's terms
    groups : (H, T) authority or owner of each home and period, where the plan gives them effects
    adults : who is on the day's shifts, for the ``rota`` of a row, where the plan gives adults effects
    """

    frame: pd.DataFrame
    child_ids: tuple[str, ...]
    home_ids: tuple[str, ...]
    periods: int
    notes: tuple[str, ...]
    told: Mapping[str, Quantity] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    adults: Membership | None = None


def model_terms(plan: Plan, model: str, exposure: str | None = None) -> str:
    """The formula of one model of the plan: history, then peers (M1, M3), structure (M2, M3), and how it moderates."""
    parts = [plan.terms.vulnerability, plan.terms.history, plan.terms.calendar]
    if model in ("M1", "M3"):
        peers = exposure or plan.exposure.primary
        # a kernel remembers for longer than the window
        parts.append(f"{peers} + no_peers + {'kernel_unseen' if peers == 'peer_kernel' else 'peers_unseen'}")
        if plan.exposure.modified_by:
            parts.append(f"{plan.exposure.modified_by} + {peers}:{plan.exposure.modified_by}")
        if plan.exposure.outside:
            parts.append(f"{plan.exposure.outside} + no_outside_ties + outside_unseen")
    if model in ("M2", "M3"):
        parts += [f"{name}_between + {name}_within" for name in plan.terms.structure]
        if any(name.startswith("mix") or name == "size" for name in plan.terms.structure):
            parts.append("no_peers + peers_unseen")
    if model == "M3" and plan.exposure.moderation:
        parts.append(moderation_column(exposure or plan.exposure.primary))
    return " + ".join(dict.fromkeys(term for part in parts for term in top_level_terms(part)))


def moderation_column(exposure: str) -> str:
    """Name of the column that lets short staffing steepen the effect of an exposure."""
    return f"{exposure}:short_staffing"


def read_terms(formula: str) -> Formula:
    """A plan's formula, read. Raises ConfigInvalid for one that does not read."""
    try:
        return terms_of(formula)
    except FormulaFault as error:
        raise ConfigInvalid(str(error), where="formula", remedy=TERMS_REMEDY) from error


def top_level_terms(formula: str) -> list[str]:
    """The terms of a formula, expanded: ``a * b`` is a, b and a:b."""
    return [term.text for term in read_terms(formula).terms]


def variables(formula: str) -> set[str]:
    """Columns that a formula names."""
    return set(read_terms(formula).columns)


def columns_behind(name: str) -> set[str]:
    """Columns that a column of a design was made of; of levels, and columns of a curve, the index is left out."""
    bare = re.sub(r"\[[^\]]*\]", "", name)
    # the indicator of an unrecorded fact is a name of its own, and no formula
    return {bare} if bare.endswith(")_unrecorded") else variables(bare)


def build_rows(
    tables: Tables,
    risk: RiskSet,
    plan: Plan,
    *,
    extra: Mapping[str, np.ndarray] | None = None,
    unseen: Unseen | None = None,
    by_day: bool = False,
    also: np.ndarray | None = None,
) -> Rows:
    """The rows that every model of the plan shares, so that their likelihoods compare.

    ``extra`` holds further columns as (C, D) grids, such as the exposures of ``frame.placebo``; days that differ in one
    stay rows of their own. ``unseen`` states residents who are not in the data, as peers. ``by_day`` keeps a row for
    every day at risk, child by child, with its ``day``. ``also`` (C, D) asks for rows of further days lived in homes,
    which have 0 days at risk and thus no weight anywhere. Raises ConfigInvalid for a formula variable that does not
    exist, CannotAnswer if there are no onsets.
    """
    extra = extra or {}
    exposures = (plan.exposure.primary, *plan.exposure.beside)
    formulas = [model_terms(plan, model, exposure) for model in plan.models for exposure in exposures]
    # these are always held: the dose figure needs them, and splitting a row loses nothing
    always = {"peer_count", "no_peers", "peers_unseen", *extra}
    needed = always.union(*(variables(formula) for formula in formulas))
    needed |= {column for factor, (column, _) in FACTORS.items() if factor in needed}
    held_days = risk.days_at_risk > 0 if also is None else (risk.days_at_risk > 0) | also
    child, day = np.nonzero(held_days)
    home = risk.residence[child, day]
    days = Days(tables=tables, risk=risk, settings=plan.frame, child=child, day=day)
    notes: list[str] = weak_homes_note(tables, risk.home_ids, home)
    columns: dict[str, Any] = {
        **{name: COLUMNS[name](days) for name in COLUMNS if name in needed},
        **own_columns(days, needed),
        **fact_columns(days, needed),
        **peer_columns(tables, risk, plan, child, day, needed, unseen),
        **_structure_columns(tables, risk, needed, notes, held_days, plan.terms.structure_means),
        **{name: np.asarray(grid[child, day], dtype=float) for name, grid in extra.items() if name in needed},
    }
    for factor, (column, sign) in FACTORS.items():
        if factor in needed:
            columns[factor] = sign * columns[column]
    unknown = sorted(needed - set(columns))
    if unknown:
        known = sorted({*columns, *COLUMNS, *own_by_name(tables)} | _all_structure_names())
        facts = _facts_by_name(tables)
        near = {name: get_close_matches(name, known, n=1) for name in unknown}
        meant = [one for name in unknown for one in ([facts[name]] if name in facts else near[name])]
        hint = f"; did you mean {', '.join(map(repr, meant))}?" if meant else ""
        raise ConfigInvalid(
            f"the formula names {', '.join(map(repr, unknown))}, which no column gives{hint}",
            where=f"plan {plan.name!r}",
            remedy=f"known columns: {', '.join(known)}",
        )
    key: dict[str, Any] = {
        "child": child,
        "home": home,
        "period": day // risk.cell_days,
        "before_window": risk.before_window[day],
    }
    key |= {"day": day} if by_day else {}
    adults = None
    if plan.effects.adults:
        key[ROTA], adults = adults_of(days, notes)
    key |= {name: values for name, values in columns.items() if name in needed}
    key |= {name: grid[child, day] for name, grid in extra.items() if name not in needed}
    place = child * risk.days + day
    collapsed = collapse(key, risk.onset.ravel()[place], risk.days_at_risk.ravel()[place])
    if not collapsed.loc[~collapsed["before_window"], "onsets"].sum():
        raise CannotAnswer(
            "no child goes missing from a home inside the window, so no rate can be estimated",
            remedy="check the missing_episodes table, the observed span and frame.categories",
        )
    held = np.unique(collapsed["child"].to_numpy())
    collapsed["child"] = np.searchsorted(held, collapsed["child"])
    return Rows(
        frame=collapsed,
        child_ids=tuple(risk.child_ids[i] for i in held),
        home_ids=risk.home_ids,
        periods=risk.cells,
        groups=home_groups(tables, risk, plan.effects, notes),
        adults=adults,
        notes=tuple(notes),
        told=own_quantities(tables, sorted(needed)),
    )


def collapse(key: Mapping[str, Any], onset: np.ndarray, days_at_risk: np.ndarray) -> pd.DataFrame:
    """Add up days of equal key, given by column. ``days`` counts half a day less for each onset in full exposure.

    The likelihood exposure of a day is e (1 - y/2), so a return day with an onset counts a quarter.
    """
    # neighbouring days are mostly alike, so runs of them come first: hashing then sees a fraction of the days
    starts = np.flatnonzero(_changes(key, onset.size))
    runs: dict[str, Any] = {name: _values(key[name])[starts] for name in key}
    code, span = np.zeros(starts.size, dtype=np.int64), 1
    for values in runs.values():
        levels, uniques = pd.factorize(values, use_na_sentinel=False)
        if span * len(uniques) > np.iinfo(np.int64).max:
            # codes are made dense before their product would overflow
            code, held = pd.factorize(code)
            span = len(held)
        code, span = code * len(uniques) + levels, span * len(uniques)
    code = pd.factorize(code)[0]
    first = np.flatnonzero(np.diff(np.maximum.accumulate(code), prepend=-1))
    order = np.lexsort([runs[name][first] for name in ("home", "period", "child")])
    days = np.repeat(code, np.diff(np.append(starts, onset.size)))
    sums = {"onsets": onset, "days": days_at_risk * (1 - onset / 2), "days_at_risk": days_at_risk}
    out: dict[str, Any] = {name: values[first[order]] for name, values in runs.items()}
    out |= {name: np.bincount(days, values, first.size)[order] for name, values in sums.items()}
    out["onsets"] = out["onsets"].astype(np.int64)
    return pd.DataFrame(out)


def _values(column: Any) -> Any:
    """A column as an array, or as it is if it is categorical."""
    values = column.array if isinstance(column, pd.Series) else column
    return values if isinstance(values, pd.Categorical) else np.asarray(values)


def _changes(key: Mapping[str, Any], size: int) -> np.ndarray:
    """(N,) True at each day that differs from the one before it, and at the first."""
    out = np.ones(size, dtype=bool)
    if size:
        out[1:] = False
    for name in key:
        values = _values(key[name])
        values = values.codes if isinstance(values, pd.Categorical) else values
        differs = values[1:] != values[:-1]
        if values.dtype.kind == "f":
            differs &= ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
        out[1:] |= differs
    return out


def _facts_by_name(tables: Tables) -> dict[str, str]:
    """How a formula reads each measure and event that the tables hold."""
    measures = {str(name): f"measure({name})" for name in tables["measures"]["name"].dropna().unique()}
    return measures | {str(kind): f"event({kind}, 1, 7)" for kind in tables["events"]["kind"].dropna().unique()}


def _all_structure_names() -> set[str]:
    return {f"{name}_{part}" for name in STRUCTURE for part in ("between", "within")} | {*EXPOSURES, *OUTSIDE}


def _structure_columns(
    tables: Tables, risk: RiskSet, needed: set[str], notes: list[str], held_days: np.ndarray, means: str
) -> Mapping[str, np.ndarray]:
    wanted = [name for name in STRUCTURE if {f"{name}_between", f"{name}_within"} & needed]
    if not wanted:
        return {}
    lives = risk.lives
    alone = (risk.occupancy.ravel()[lives.cell] == 1) & risk.occupancy_recorded.ravel()[lives.cell]
    staff, mix = staff_measures(tables, risk), mix_measures(tables, risk, wanted)
    period = lives.home * risk.periods + lives.place % risk.days // risk.period_days
    # the days held are some of the days lived in homes, which come in the same order
    held = np.flatnonzero(lives.taken(held_days))
    columns: dict[str, np.ndarray] = {}
    for name in wanted:
        is_mix = name in mix
        values = lives.taken(mix[name]) if is_mix else staff[name].ravel()[period]
        undefined = alone if is_mix else np.zeros(alone.size, dtype=bool)
        if means == "past":
            between, within = split_from_past(values, period, staff["turnover"].shape, undefined=undefined)
        else:
            between, within = split_between_within(values, lives.home, len(risk.home_ids), undefined=undefined)
        notes += _unrecorded_note(name, values, between, undefined)
        for part, flat in (("between", between), ("within", within)):
            columns[f"{name}_{part}"] = flat[held]
    recorded = ~np.isnan(staff["turnover"])
    if "turnover" in wanted and (staff["turnover_short"][recorded] > 0).any():
        share = float(staff["turnover_short"][recorded].mean())
        notes.append(f"turnover looks back less than 365 days, scaled to a year, in {share:.1%} of home-periods")
    if {"size", "staff_ratio"} & set(wanted) and (risk.coverage < 1).any():
        notes.append("size and staff_ratio count registered places where not all residents are seen")
    return columns


def _unrecorded_note(name: str, values: np.ndarray, between: np.ndarray, undefined: np.ndarray) -> list[str]:
    """What stands in for days without a value, where the home has values on other days."""
    filled = float((np.isnan(values) & ~undefined & ~np.isnan(between)).mean())
    return (
        [f"{name} is unrecorded on {filled:.1%} of resident-days, which stand at their home's mean"] if filled else []
    )

"""What a data set holds, in the terms of the specification."""

from __future__ import annotations

from typing import Any

import numpy as np

from missingmodels.frame.columns.lives import home_sums
from missingmodels.frame.columns.of_peers.exposure import peer_exposures
from missingmodels.frame.columns.of_peers.peers import peer_grids
from missingmodels.frame.riskset import NO_HOME, build_risk_set
from missingmodels.frame.unseen import coverage_bands
from missingmodels.intervals import to_day
from missingmodels.plan import Exposure, Frame
from missingmodels.tables import Tables, kind_of
from missingmodels.tables.own import NAMED, WITH_COLUMNS

DAYS_PER_YEAR = 365.25


def describe(tables: Tables, settings: Frame) -> dict[str, Any]:
    """Counts, rates and coverage of Tables. Rates are over resident-years of the observed span, burn-in included."""
    risk = build_risk_set(tables, settings)
    lives = risk.residence != NO_HOME
    resident_years = lives.sum() / DAYS_PER_YEAR
    onsets = risk.onset.sum(axis=1)
    visible = home_sums(risk.residence, lives, len(risk.home_ids))
    open_home = visible > 0
    shared = np.mean(visible[open_home] > 1)
    asked = Exposure()
    beside = peer_exposures(peer_grids(risk, asked), witnessed=asked.witnessed)["peer_presence"]
    at_risk = risk.days_at_risk > 0
    return {
        "observed_from": str(tables.observed_from.date()),
        "observed_to": str(tables.observed_to.date()),
        "origin": kind_of(tables.origin),
        "children": len(tables["children"]),
        "children_in_homes": len(risk.child_ids),
        "homes": len(risk.home_ids),
        "resident_years": round(float(resident_years), 2),
        "mean_residents_of_open_homes": round(float(visible[open_home].mean()), 2),
        "share_of_home_days_with_two_or_more": round(float(shared), 3),
        "missing_episodes": len(tables["missing_episodes"]),
        "onsets_in_homes": int(onsets.sum()),
        "onsets_per_resident_year": round(float(onsets.sum() / resident_years), 3),
        "share_of_children_with_an_onset": round(float((onsets > 0).mean()), 3),
        "onsets_per_missing_child": round(float(onsets[onsets > 0].mean()), 2) if onsets.any() else None,
        "share_of_onsets_same_day_return": _same_day(tables),
        "share_of_days_at_risk_beside_a_recent_peer": round(float(beside[at_risk].mean()), 3),
        "median_coverage": _median(risk.coverage),
        **{f"share_of_home_days_with_coverage_{band}": round(share, 3) for band, share in coverage_bands(risk).items()},
        "staffing": [name for name in ("staff_periods", "staff_spells", "staff_shifts") if len(tables[name])],
        "ties": len(tables["ties"]),
        "own": _own(tables),
        "episodes": dict(risk.notes),
    }


def largest_shares(tables: Tables, settings: Frame, *, most: int = 3) -> list[float]:
    """Shares of all onsets in homes that the children with most of them had, largest first; none where there are none.

    For who judges what a description tells, and no part of it.
    """
    onsets = np.sort(build_risk_set(tables, settings).onset.sum(axis=1))[::-1]
    return [float(n / onsets.sum()) for n in onsets[:most]] if onsets.any() else []


def _own(tables: Tables) -> dict[str, str]:
    """What is declared beside the contract, by name: how much of it there is, and what it means."""
    told = {}
    for table in WITH_COLUMNS:
        for one in tables.own.get(table, ()):
            recorded = tables[table][one.name].notna().mean()
            told[one.name] = f"{one.kind} of {table}, recorded for {recorded:.0%}: {one.meaning}"
    for table, named in NAMED.items():
        meant = {one.name: one.meaning for one in tables.own.get(table, ())}
        for name, rows in tables[table][named].value_counts().sort_index().items():
            told[str(name)] = f"{rows:,} {table}: {meant.get(str(name), 'not declared')}"
    return told


def _median(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return round(float(np.median(known)), 3) if known.size else None


def _same_day(tables: Tables) -> float | None:
    episodes = tables["missing_episodes"].dropna(subset=["end_date"])
    closed = episodes[~episodes["end_is_censored"]]
    if closed.empty:
        return None
    return round(float((to_day(closed["start_date"]) == to_day(closed["end_date"])).mean()), 3)

"""Counts: episodes of a home in a calendar month, with resident-days as exposure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from missingmodels.errors import CannotAnswer
from missingmodels.frame.design_matrix import EventRows
from missingmodels.frame.outcomes.design import choose_terms, group_of, outcome_rows
from missingmodels.frame.riskset import NO_HOME, RiskSet, build_risk_set
from missingmodels.intervals import to_day
from missingmodels.plan import Plan
from missingmodels.tables import Tables

DEFAULT_TERMS = ("private_sector", "places", "summer", "trend_years")
DAYS_PER_YEAR = 365.25
SUMMER = (5, 6, 7)  # June to August, January being 0


def counts_rows(tables: Tables, plan: Plan, terms: Sequence[str] | None = None) -> EventRows:
    """One row a home and calendar month with residents: episodes that start while at risk there, and resident-days.

    The plan's burn-in is left out. Raises CannotAnswer if nobody goes missing.
    """
    plan.require_missing("this outcome")
    risk = build_risk_set(tables, plan.frame)
    date = (np.arange(risk.days) + risk.first_day).astype("datetime64[D]")
    month = date.astype("datetime64[M]").astype(np.int64)
    first_month = int(month[0])
    lives = (risk.residence != NO_HOME) & recorded_days(tables, risk) & ~risk.before_window
    child, day = np.nonzero(lives)
    months = int(month[-1]) - first_month + 1
    cell = risk.residence[child, day] * months + month[day] - first_month
    size = np.bincount(cell, minlength=len(risk.home_ids) * months)
    events = (risk.onset + risk.same_day_repeats)[child, day]
    y = np.bincount(cell, events, len(risk.home_ids) * months).astype(np.int64)
    held = np.flatnonzero(size)
    if not y.sum():
        raise CannotAnswer(
            "no child goes missing from a home inside the window, so there is nothing to count",
            remedy="check the missing_episodes table, the observed span and frame.categories",
        )
    home, at = held // months, held % months
    private, places = _of_homes(tables, risk)
    available = {
        "private_sector": private[home],
        "places": places[home],
        "summer": np.isin((at + first_month) % 12, SUMMER).astype(float),
        "trend_years": at / 12,
    }
    found = choose_terms(available, terms, DEFAULT_TERMS, unit="home-months")
    keep = held[found.keep]
    return outcome_rows(
        "counts",
        found.names,
        found.matrix,
        y=y[keep],
        size=size[keep].astype(float),
        units={"home": group_of(home[found.keep], risk.home_ids)},
        facts={"home-months": keep.size, "episodes": int(y[keep].sum()), "resident-days": int(size[keep].sum())},
        notes=found.notes,
    )


def recorded_days(tables: Tables, risk: RiskSet) -> np.ndarray:
    """(C, D) whether a child's episodes were being recorded yet."""
    start = tables["children"].set_index("child_id")["recorded_from"].loc[list(risk.child_ids)]
    return np.arange(risk.days)[None, :] >= (to_day(start) - risk.first_day)[:, None]


def _of_homes(tables: Tables, risk: RiskSet) -> tuple[np.ndarray, np.ndarray]:
    """(H,) privately run, and registered places, by each home's latest row; NaN where unrecorded."""
    homes = tables["homes"].sort_values("valid_from").drop_duplicates("home_id", keep="last").set_index("home_id")
    held = homes.reindex(list(risk.home_ids))
    sector = held["sector"].to_numpy(dtype=object, na_value=None)
    private = np.array([np.nan if value is None else float(value == "private") for value in sector])
    return private, held["places"].to_numpy(dtype=float, na_value=np.nan)

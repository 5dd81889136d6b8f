"""What each declared choice changes: onsets and days at risk under M only or M or A, and under each boundary rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from missingmodels.errors import CannotAnswer
from missingmodels.frame.columns.stays import stays_in_homes
from missingmodels.frame.riskset import NO_HOME, build_risk_set
from missingmodels.plan import Frame
from missingmodels.tables import Tables

CATEGORIES: tuple[tuple[Literal["M", "A"], ...], ...] = (("M", "A"), ("M",))
BOUNDARIES: tuple[Literal["ending", "starting", "drop"], ...] = ("ending", "starting", "drop")
LARGEST = 60_000_000  # child-days of a risk set; above it the grids would not fit an ordinary machine


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """One pair of choices and what follows: onsets of the outcome, same-day repeats, days at risk, resident-days."""

    categories: tuple[str, ...]
    boundary: str
    onsets: int
    same_day_repeats: int
    on_moving_day: int
    days_at_risk: float
    resident_days: int


def compare_choices(tables: Tables) -> tuple[list[_Choice], str]:
    """Every pair of choices, and why there is none: nobody lives in a home, or the record is too large.

    Over the whole observed span, no burn-in left out.
    """
    try:
        children = stays_in_homes(tables)["child_id"].nunique()
    except CannotAnswer as error:
        return [], error.what
    size = children * (tables.end_day - tables.first_day)
    if size > LARGEST:
        return [], f"{size:,} child-days are too many to compare; import one authority or fewer years to see them"
    if not children:
        return [], "no child lives in a children's home in the observed span"
    return [_one(tables, kinds, rule) for kinds in CATEGORIES for rule in BOUNDARIES], ""


def _one(tables: Tables, kinds: tuple[Literal["M", "A"], ...], rule: Literal["ending", "starting", "drop"]) -> _Choice:
    risk = build_risk_set(tables, Frame(categories=kinds, boundary=rule, burn_in_days=0))
    return _Choice(
        categories=kinds,
        boundary=rule,
        onsets=int(risk.onset.sum()),
        same_day_repeats=int(risk.same_day_repeats.sum()),
        on_moving_day=int(risk.notes[f"episodes on a moving day (rule: {rule})"]),
        days_at_risk=float(risk.days_at_risk.sum()),
        resident_days=int(np.count_nonzero(risk.residence != NO_HOME)),
    )

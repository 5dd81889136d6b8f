"""Onsets of the others of late, parted by how alike the two are: what a home shares falls on both kinds alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from missingmodels.frame.columns.arrays import rows_of, texts
from missingmodels.frame.columns.lives import Grid, any_onset
from missingmodels.frame.riskset import RiskSet
from missingmodels.intervals import UNRECORDED_DAY, expand, to_day
from missingmodels.tables import Tables

NEAR_DAYS = 365  # between the births of two who are near in age

type Alike = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def same_sex(tables: Tables, risk: RiskSet) -> Alike:
    """Of pairs of children: (P,) whether of one sex, and whether that is recorded of both."""
    rows = rows_of(tables["children"]["child_id"], risk.child_ids)
    sex = np.array([text or "" for text in texts(tables["children"]["sex"])])[rows]
    return lambda a, b: (sex[a] == sex[b], (sex[a] != "") & (sex[b] != ""))


def near_in_age(tables: Tables, risk: RiskSet) -> Alike:
    """Of pairs of children: (P,) whether born within a year, and whether both births are recorded."""
    rows = rows_of(tables["children"]["child_id"], risk.child_ids)
    birth = to_day(tables["children"]["birth_date"])[rows]
    known = birth != UNRECORDED_DAY
    return lambda a, b: (np.abs(birth[a] - birth[b]) <= NEAR_DAYS, known[a] & known[b])


LIKENESS: Mapping[str, Callable[[Tables, RiskSet], Alike]] = {
    "of one's own sex": same_sex,
    "born within a year": near_in_age,
}


def by_likeness(risk: RiskSet, alike: Alike, *, first_lag: int, last_lag: int, witnessed: bool) -> tuple[Grid, Grid]:
    """(C, D) each: whether one who is alike, and whether one who is not, had an onset so many days ago.

    One of those who lived with the child on that day or, not ``witnessed``, who do so now. Pairs whose likeness is not
    recorded count in neither.
    """
    lives = risk.residence >= 0
    counted = risk.onset_anywhere & lives
    if not witnessed:
        counted = any_onset(risk.onset_anywhere, first_lag=first_lag, last_lag=last_lag) & lives
    child, other, day = _beside(risk, counted)
    like, known = alike(child, other)
    out = []
    for kind in (like & known, ~like & known):
        grid = np.zeros(risk.residence.shape, dtype=bool)
        grid[child[kind], day[kind]] = True
        held = any_onset(grid, first_lag=first_lag, last_lag=last_lag) if witnessed else grid
        out.append(np.asarray(held & lives, dtype=float))
    return out[0], out[1]


def _beside(risk: RiskSet, counted: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(P,) each: a child, another who lives in its home on the day and is ``counted`` (C, D), and that day."""
    lives, days = risk.lives, risk.days
    order = np.argsort(lives.cell, kind="stable")
    cell = lives.cell[order]
    source = np.flatnonzero(lives.taken(counted))
    first, last = (np.searchsorted(cell, lives.cell[source], side=side) for side in ("left", "right"))
    which, at = expand(first, last)
    child, other = lives.place[order][at] // days, lives.place[source][which] // days
    apart = child != other
    return child[apart], other[apart], (lives.place[source][which] % days)[apart]

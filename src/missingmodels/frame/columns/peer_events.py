"""What happened to the other residents of a home: any event of theirs, over any days, weighted as exposures are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer
from missingmodels.frame.columns.arrays import places
from missingmodels.frame.columns.days import Days
from missingmodels.frame.columns.exposure import peer_exposures
from missingmodels.frame.columns.peers import peer_grids, tie_spans
from missingmodels.intervals import to_day
from missingmodels.plan import Exposure
from missingmodels.tables import Tables

MISSING = "missing"  # the event that the missing episodes are


def peers_of_day(days: Days, kind: str, *, first: int, last: int, how: str, witnessed: bool = False) -> np.ndarray:
    """(N,) exposure to events of the others from ``first`` to ``last`` days ago, by ``how`` as exposures are.

    ``witnessed`` counts those alone that the child lived with on the day, which are told from the day before on; else
    those of whoever lives there now. Raises CannotAnswer where ``network`` is asked for without ties.
    """
    risk = days.risk
    happened = risk.onset_anywhere if kind == MISSING else _events(days, kind)
    # days nearer than the first are none: the window then begins on the day before
    moved = np.zeros_like(happened)
    moved[:, first - 1 :] = happened[:, : happened.shape[1] - first + 1]
    ties = tie_spans(days.tables, risk) if how == "network" else None
    if how == "network" and ties is None:
        raise CannotAnswer(
            f"peers({kind}, …, how='network') needs ties, and these tables hold none",
            remedy="weight them otherwise, or supply a ties table",
        )
    given = replace(peer_grids(risk, Exposure()), onset=moved, ties=ties, window_days=last - first + 1)
    return days.taken(peer_exposures(given, witnessed=witnessed)[f"peer_{how}"])


def _events(days: Days, kind: str) -> np.ndarray:
    """(C, D) whether an event of the kind happened to the child."""
    frame = of_children(days.tables, kind)
    child, day = places(days.risk.child_ids, frame["child_id"]), to_day(frame["day"]) - days.risk.first_day
    held = (child >= 0) & (day >= 0) & (day < days.risk.days)
    grid = np.zeros(days.risk.residence.shape, dtype=bool)
    grid[child[held], day[held]] = True
    return grid


def of_children(tables: Tables, kind: str) -> pd.DataFrame:
    """The events of a kind that name a child."""
    frame = tables["events"]
    return frame[(frame["kind"] == kind).fillna(False).to_numpy(dtype=bool) & frame["child_id"].notna().to_numpy()]

"""What happened to whom on which day: missing episodes, or a kind of events that name a child."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from missingmodels.errors import ConfigInvalid
from missingmodels.frame.columns.arrays import places
from missingmodels.intervals import to_day
from missingmodels.plan import MISSING
from missingmodels.tables import Tables

if TYPE_CHECKING:
    from missingmodels.frame.riskset import RiskSet

PLACE = "docs/own_variables.md"


def of_kind(tables: Tables, kind: str) -> pd.DataFrame:
    """The events of a kind. Raises ConfigInvalid where there is none."""
    frame = tables["events"]
    found = frame[(frame["kind"] == kind).fillna(False).to_numpy(dtype=bool)]
    if not len(found):
        known = ", ".join(sorted(frame["kind"].dropna().unique())) or "none"
        raise ConfigInvalid(
            f"the tables hold no {kind} among their events",
            where=f"event {kind}",
            remedy=f"events held: {known}; {PLACE} says how to add some",
        )
    return found


def of_children(tables: Tables, kind: str) -> pd.DataFrame:
    """The events of a kind that name a child. Raises ConfigInvalid where none does."""
    found = of_kind(tables, kind)
    named = found[found["child_id"].notna().to_numpy()]
    if not len(named):
        raise ConfigInvalid(
            f"the tables hold no {kind} of a child among their events: all are of homes alone",
            where=f"event {kind}",
            remedy="give the child_id of each, or name another event",
        )
    return named


def event_days(tables: Tables, kind: str, child_ids: np.ndarray) -> tuple[pd.DataFrame, dict[str, int]]:
    """Events of the children held, as ``riskset.episode_days`` has episodes: each begins and ends on its day."""
    frame = of_children(tables, kind)
    day = to_day(frame["day"]) - tables.first_day
    events = pd.DataFrame({"child": places(child_ids, frame["child_id"]), "start": day, "end": day, "counts": True})
    unplaced = events["child"] < 0
    outside = ~unplaced & (events["start"] >= tables.end_day - tables.first_day)
    notes = {
        "episodes in the tables": len(of_kind(tables, kind)),
        "episodes of a home alone, which name no child": len(of_kind(tables, kind)) - len(frame),
        "episodes of children who lived in no home": int(unplaced.sum()),
        "episodes that start after the observed span": int(outside.sum()),
    }
    return events[~unplaced & ~outside].reset_index(drop=True), notes


def happened(tables: Tables, risk: RiskSet, kind: str) -> np.ndarray:
    """(C, D) whether it happened to the child on the day, wherever the child lives."""
    if kind == risk.outcome:
        return risk.onset_anywhere
    if kind == MISSING:
        return risk.missing
    found, _ = event_days(tables, kind, np.array(risk.child_ids))
    grid = np.zeros(risk.residence.shape, dtype=bool)
    seen = found[found["start"] >= 0]
    grid[seen["child"], seen["start"]] = True
    return grid


def recorded_from(tables: Tables, table: str, name: str) -> int | None:
    """The day, from the first observed one on, from which a fact was written down; None where nothing is declared."""
    one = next((one for one in tables.own.get(table, ()) if one.name == name), None)
    if one is None or not one.recorded_from:
        return None
    return int(np.datetime64(one.recorded_from, "D").astype(np.int64)) - tables.first_day

"""Who lives with whom and who is tied to whom on one day, as plain lists. For simulated data only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.errors import InputError
from missingmodels.plan import Exposure
from missingmodels.tables import Tables

MOST_HOMES = 60  # more cannot be told apart in one picture


def network_day(
    tables: Tables, day: date, *, homes: Sequence[str] = (), window_days: int = Exposure().window_days
) -> dict[str, Any]:
    """Residents and ties of ``day``: of ``homes``, else of the first homes of the list in order.

    A resident carries ``home``, ``recent`` (an episode began in the ``window_days`` before) and ``away`` (missing as
    the day begins); a tie its kind and strength. Raises InputError for data that are not simulated (a picture of real
    children could tell who they are), a day outside the observed span, or an unknown home.
    """
    if not tables.simulated:
        raise InputError(
            "networks are drawn for simulated data only: a picture of real children could tell who they are",
            remedy="simulate a sector like yours with `missingmodels simulate` and draw that",
        )
    at = pd.Timestamp(day)
    if not tables.observed_from <= at < tables.observed_to:
        raise InputError(
            f"{day} is outside the observed span",
            remedy=f"choose a day from {tables.observed_from.date()} to before {tables.observed_to.date()}",
        )
    known = tables["homes"]["home_id"].unique()
    strange = sorted(set(homes) - set(known))
    if strange:
        raise InputError(f"no home {', '.join(strange)}", remedy=f"homes are named like {known[0]}")
    stays = tables["placements"]
    here = stays[(stays["start_date"] <= at) & ~(stays["end_date"] <= at) & stays["home_id"].notna()]
    shown = list(homes) or sorted(here["home_id"].unique())[:MOST_HOMES]
    here = here[here["home_id"].isin(shown)].sort_values(["home_id", "child_id"])
    ties = _ties(tables, at, here)
    episodes = tables["missing_episodes"]
    recent = episodes[(episodes["start_date"] >= at - pd.Timedelta(days=window_days)) & (episodes["start_date"] < at)]
    away = episodes[(episodes["start_date"] < at) & ~(episodes["end_date"] <= at)]
    return {
        "day": day.isoformat(),
        "window_days": window_days,
        "homes": shown,
        "homes_in_all": len(known),
        "children": [
            {"child": c, "home": h, "recent": c in recent_ids, "away": c in away_ids}
            for recent_ids, away_ids in [(set(recent["child_id"]), set(away["child_id"]))]
            for c, h in zip(here["child_id"], here["home_id"], strict=True)
        ],
        "ties": ties,
    }


def _ties(tables: Tables, at: pd.Timestamp, here: pd.DataFrame) -> list[dict[str, Any]]:
    """Ties in force between two of the children shown; those within a home only while both live there."""
    frame = tables["ties"]
    frame = frame[(frame["start_date"] <= at) & ~(frame["end_date"] <= at)]
    home = here.set_index("child_id")["home_id"]
    frame = frame[frame["child_a"].isin(home.index) & frame["child_b"].isin(home.index)]
    same = frame["child_a"].map(home).to_numpy() == frame["child_b"].map(home).to_numpy()
    frame = frame[np.where(frame["kind"] == "home", same, ~same)]
    return [
        {"a": a, "b": b, "strength": float(s), "kind": str(k)}
        for a, b, s, k in zip(frame["child_a"], frame["child_b"], frame["strength"], frame["kind"], strict=True)
    ]

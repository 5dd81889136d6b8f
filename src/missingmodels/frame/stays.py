"""Stays in homes as day offsets from the first observed day, with arrivals bridged over temporary absences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.intervals import UNRECORDED_DAY, to_day
from missingmodels.tables import Tables

ADULT_MONTHS = 18 * 12
SETTLED_DAYS = 90  # a stay whose true start is not known counts as settled, the last band of days since arrival


def stays_in_homes(tables: Tables) -> pd.DataFrame:
    """Stays in homes that touch the observed span, as day offsets, cut at the 18th birthday.

    ``run_start`` is the first day of the unbroken run in the home; ``arrival`` is the same, put a band earlier before
    a truncated start. ``row`` is the row of the placement.
    """
    frame = tables["placements"].sort_values(["child_id", "start_date"], kind="stable")
    span = tables.end_day - tables.first_day
    last = to_day(frame["end_date"])
    end = np.where(last == UNRECORDED_DAY, span + 1, last - tables.first_day)
    stays = pd.DataFrame(
        {
            "row": frame.index.to_numpy(),
            "child_id": frame["child_id"].to_numpy(dtype=object),
            "home_id": frame["home_id"].to_numpy(dtype=object, na_value=None),
            "start": to_day(frame["start_date"]) - tables.first_day,
            "end": np.minimum(end, _adult_day(tables, frame["child_id"])),
            "absence": frame["placement_type"].str.startswith("T").to_numpy(dtype=bool),
            "out_of_area": frame["out_of_area"].astype("Float64").to_numpy(dtype=float, na_value=np.nan),
        }
    )
    stays["run_start"] = _arrivals(stays)
    stays["arrival"] = stays["run_start"] - SETTLED_DAYS * frame["start_is_truncated"].to_numpy(dtype=bool)
    touches = (stays["end"] > 0) & (stays["start"] < span) & stays["home_id"].notna() & ~stays["absence"]
    return stays[touches].reset_index(drop=True)


def _adult_day(tables: Tables, child_id: pd.Series) -> np.ndarray:
    """Day offset of the 18th birthday, at its latest where only the month of birth is recorded."""
    children = tables["children"].set_index("child_id").loc[child_id]
    months = np.where(children["birth_date_precision"] == "month", ADULT_MONTHS + 1, ADULT_MONTHS)
    month = children["birth_date"].to_numpy(dtype="datetime64[M]")
    day_of_month = to_day(children["birth_date"]) - to_day(month)
    day_of_month = np.where(children["birth_date_precision"] == "month", 0, day_of_month)
    return to_day(month + months.astype("timedelta64[M]")) + day_of_month - tables.first_day


def _arrivals(stays: pd.DataFrame) -> np.ndarray:
    """First day of the unbroken run of stays in one home, temporary absences bridged."""
    arrival = stays["start"].to_numpy(copy=True)
    previous: dict[str, tuple[str | None, int, int]] = {}
    for row in stays.itertuples():
        home, end, since = previous.get(row.child_id, (None, 0, 0))
        touching = end == row.start
        if row.absence and touching:
            previous[row.child_id] = (home, row.end, since)
            continue
        if touching and row.home_id is not None and row.home_id == home:
            arrival[row.Index] = since
        previous[row.child_id] = (row.home_id, row.end, int(arrival[row.Index]))
    return arrival

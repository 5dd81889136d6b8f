"""Stays in homes as day offsets from the first observed day, with arrivals bridged over temporary absences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from missingmodels.frame.columns.arrays import numbers, rows_of, texts
from missingmodels.intervals import UNRECORDED_DAY, to_day
from missingmodels.tables import Tables

ADULT_MONTHS = 18 * 12
SETTLED_DAYS = 90  # a stay whose true start is not known counts as settled, the last band of days since arrival


def stays_in_homes(tables: Tables) -> pd.DataFrame:
    """Stays in homes that touch the observed span, as day offsets, cut at the 18th birthday.

    ``run_start`` is the first day of the unbroken run in the home; ``arrival`` is the same, put a band earlier before
    a truncated start. ``row`` is the row of the placement.
    """
    frame = tables["placements"]
    child_id, start = texts(frame["child_id"]), to_day(frame["start_date"]) - tables.first_day
    order = np.lexsort((start, np.unique(np.array(child_id, dtype=str), return_inverse=True)[1]))
    span = tables.end_day - tables.first_day
    last = to_day(frame["end_date"])
    end = np.where(last == UNRECORDED_DAY, span + 1, last - tables.first_day)
    end = np.minimum(end, _adult_day(tables, child_id))
    stays = {
        "row": frame.index.to_numpy(),
        "child_id": np.array(child_id, dtype=object),
        "home_id": np.array(texts(frame["home_id"]), dtype=object),
        "start": start,
        "end": end,
        "absence": np.array([(kind or "").startswith("T") for kind in texts(frame["placement_type"])], dtype=bool),
        "out_of_area": numbers(frame["out_of_area"]),
    }
    stays = {name: values[order] for name, values in stays.items()}
    stays["run_start"] = _arrivals(stays)
    truncated = frame["start_is_truncated"].to_numpy(dtype=bool)[order]
    stays["arrival"] = stays["run_start"] - SETTLED_DAYS * truncated
    in_home = np.array([home is not None for home in stays["home_id"]], dtype=bool)
    touches = (stays["end"] > 0) & (stays["start"] < span) & in_home & ~stays["absence"]
    return pd.DataFrame({name: values[touches] for name, values in stays.items()})


def _adult_day(tables: Tables, child_id: Sequence[str | None]) -> np.ndarray:
    """Day offset of the 18th birthday of each child, at its latest where only the month of birth is recorded."""
    children = tables["children"]
    by_month = np.array([precision == "month" for precision in texts(children["birth_date_precision"])], dtype=bool)
    month = children["birth_date"].to_numpy(dtype="datetime64[M]")
    day_of_month = np.where(by_month, 0, to_day(children["birth_date"]) - to_day(month))
    adult = to_day(month + np.where(by_month, ADULT_MONTHS + 1, ADULT_MONTHS).astype("timedelta64[M]"))
    return np.asarray((adult + day_of_month - tables.first_day)[rows_of(children["child_id"], child_id)])


def _arrivals(stays: Mapping[str, np.ndarray]) -> np.ndarray:
    """First day of the unbroken run of stays in one home, temporary absences bridged."""
    arrival = stays["start"].copy()
    previous: dict[str, tuple[str | None, int, int]] = {}
    columns = (stays[name].tolist() for name in ("child_id", "home_id", "start", "end", "absence"))
    for i, (child, own, start, end, absence) in enumerate(zip(*columns, strict=True)):
        home, until, since = previous.get(child, (None, 0, 0))
        touching = until == start
        if absence and touching:
            previous[child] = (home, end, since)
            continue
        if touching and own is not None and own == home:
            arrival[i] = since
        previous[child] = (own, end, int(arrival[i]))
    return np.asarray(arrival)


def in_short_break_homes(tables: Tables, stays: pd.DataFrame) -> np.ndarray:
    """(N,) True for a stay in a home that was registered for short breaks only on the stay's first day.

    Before a home's first row its first value stands; where it is unrecorded the home is one that children live in.
    """
    homes = tables["homes"]
    if not homes["short_break_only"].fillna(False).any():
        return np.zeros(len(stays), dtype=bool)
    held = homes.sort_values(["valid_from"], kind="stable")[["home_id", "valid_from", "short_break_only"]]
    days = pd.DataFrame({"home_id": held["home_id"].astype(str), "day": to_day(held["valid_from"]) - tables.first_day})
    days["brief"] = held["short_break_only"].fillna(False).to_numpy(dtype=bool)
    asked = pd.DataFrame({"home_id": stays["home_id"].astype(str), "day": stays["start"], "at": np.arange(len(stays))})
    asked = asked.sort_values("day", kind="stable")
    found = pd.merge_asof(asked, days.sort_values("day", kind="stable"), on="day", by="home_id")
    first = days.drop_duplicates("home_id").set_index("home_id")["brief"]
    brief = found["brief"].astype("boolean").fillna(found["home_id"].map(first).astype("boolean")).fillna(False)
    return np.asarray(brief.to_numpy(dtype=bool)[np.argsort(found["at"].to_numpy())])


def weak_homes(tables: Tables, home_ids: Sequence[str] | np.ndarray) -> np.ndarray:
    """(H,) True for a home that is known by its address only, where there may be others."""
    homes = tables["homes"]
    weak = set(homes.loc[homes["weak_key"].fillna(False).astype(bool), "home_id"])
    return np.array([name in weak for name in home_ids], dtype=bool)


def weak_homes_note(tables: Tables, home_ids: Sequence[str], home: np.ndarray) -> list[str]:
    """A sentence on the share of days at risk, each in a ``home``, in homes known by address only, if there are any."""
    weak = weak_homes(tables, home_ids)[home]
    said = "of days at risk are in homes known by their address only, where there may be several (frame.weak_homes)"
    return [f"{weak.mean():.1%} {said}"] if weak.any() else []

"""The last year of a data set as arrays: stays in homes, episodes begun in them, homes open. What measures count on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from missingmodels.frame.columns.stays import stays_in_homes
from missingmodels.intervals import UNRECORDED_DAY, clip, overlap, to_day
from missingmodels.tables import Tables

YEAR_DAYS = 365
DAYS_PER_YEAR = 365.25
FAR_DAY = 2**40  # stands for "open" where spans are compared


@dataclass(frozen=True, kw_only=True)
class ObservedYear:
    """The last 365 observed days (or all, if fewer), days as numbers since 1970-01-01.

    Attributes
    ----------
    stays : stays in homes that touch the year: ``child``, ``home`` (positions), ``start``, ``end`` (cut to the year),
        ``stay_start``, ``stay_end`` (not cut), ``seen`` (first day of the year from which episodes are in the source)
    episodes : absences begun in the year while living in a home: ``stay`` (position), ``child``, ``home``, ``start``,
        ``end``, ``missing`` (else away without authorisation), ``closed`` (came back on ``end``), ``row``
    homes : spans of registration that touch the year, homes for short breaks only left out: ``home`` (-1 if nobody
        lived there), ``start``, ``end``
    """

    tables: Tables
    first: int
    end: int
    n_children: int
    n_homes: int
    stays: pd.DataFrame
    episodes: pd.DataFrame
    homes: pd.DataFrame

    @property
    def last(self) -> int:
        """The day of the census: the last observed day."""
        return self.end - 1

    @property
    def days(self) -> int:
        """Days of the year that are observed."""
        return self.end - self.first

    @property
    def whole(self) -> bool:
        """A full year was observed."""
        return self.days == YEAR_DAYS

    @property
    def missing(self) -> pd.DataFrame:
        """Episodes of category M."""
        return self.episodes[self.episodes["missing"]]

    def residents(self) -> pd.DataFrame:
        """Stays on the last day, with the columns of their placements and children."""
        now = self.stays[(self.stays["stay_start"] <= self.last) & (self.stays["stay_end"] > self.last)]
        placements = self.tables["placements"].loc[now["row"]].reset_index(drop=True)
        children = self.tables["children"].set_index("child_id").loc[placements["child_id"]].reset_index(drop=True)
        return pd.concat(
            [now.reset_index(drop=True), placements.drop(columns=["start_date", "end_date"]), children], axis=1
        )

    def resident_years(self) -> float:
        """Years lived in homes from which episodes are in the source."""
        return float((self.stays["end"] - self.stays["seen"]).clip(lower=0).sum()) / DAYS_PER_YEAR

    def incidents_by_child(self) -> tuple[np.ndarray, np.ndarray]:
        """(n,) missing incidents and resident-years of every child seen in a home in the year."""
        years = np.zeros(self.n_children)
        seen = (self.stays["end"] - self.stays["seen"]).clip(lower=0).to_numpy()
        np.add.at(years, self.stays["child"].to_numpy(), seen / DAYS_PER_YEAR)
        counts = np.bincount(self.missing["child"].to_numpy(), minlength=self.n_children)
        here = years > 0
        return counts[here], years[here]

    def incident_counts(self) -> np.ndarray:
        """(n,) incidents of the children who were missing."""
        counts, _ = self.incidents_by_child()
        return counts[counts > 0]


def observed_year(tables: Tables) -> ObservedYear:
    """The last year of the observed span."""
    end = tables.end_day
    first = max(tables.first_day, end - YEAR_DAYS)
    stays = _stays(tables, first, end)
    children, child = np.unique(stays.pop("child_id").to_numpy(dtype=str), return_inverse=True)
    home_ids, home = np.unique(stays.pop("home_id").to_numpy(dtype=str), return_inverse=True)
    stays = stays.assign(child=child, home=home).sort_values(["child", "stay_start"], kind="stable", ignore_index=True)
    return ObservedYear(
        tables=tables,
        first=first,
        end=end,
        n_children=children.size,
        n_homes=home_ids.size,
        stays=stays,
        episodes=_episodes(tables, stays, children, first, end),
        homes=_homes(tables, home_ids, first, end),
    )


def _stays(tables: Tables, first: int, end: int) -> pd.DataFrame:
    stays = stays_in_homes(tables)
    start, stop = (stays[name].to_numpy() + tables.first_day for name in ("start", "end"))
    cut_start, cut_end = clip(start, stop, low=first, high=end)
    recorded = tables["children"].set_index("child_id")["recorded_from"].reindex(stays["child_id"])
    seen = np.maximum(cut_start, to_day(recorded))
    found = pd.DataFrame(
        {
            "row": stays["row"],
            "child_id": stays["child_id"],
            "home_id": stays["home_id"],
            "stay_start": start,
            "stay_end": stop,
            "start": cut_start,
            "end": cut_end,
            "seen": np.minimum(seen, cut_end),
            "run_start": stays["run_start"] + tables.first_day,
        }
    )
    # a stay that ended on the year's first day has no day in the year, but its placement ended before it, too
    return found[cut_end > cut_start].reset_index(drop=True)


def _episodes(tables: Tables, stays: pd.DataFrame, children: np.ndarray, first: int, end: int) -> pd.DataFrame:
    frame = tables["missing_episodes"]
    start, back = to_day(frame["start_date"]), to_day(frame["end_date"])
    at = (
        np.searchsorted(children, frame["child_id"].to_numpy(dtype=str)) if children.size else np.zeros(len(frame), int)
    )
    known = np.zeros(len(frame), dtype=bool)
    if children.size:
        known = children[np.minimum(at, children.size - 1)] == frame["child_id"].to_numpy(dtype=str)
    # the last stay of the child that began by then: stays are sorted by child and start
    width = end + YEAR_DAYS
    key = stays["child"].to_numpy() * width + np.clip(stays["start"].to_numpy(), 0, width - 1)
    stay = np.searchsorted(key, at * width + np.clip(start, 0, width - 1), side="right") - 1
    known &= (start >= first) & (start < end) & (stay >= 0)
    stay = np.maximum(stay, 0)
    if len(stays):
        known &= (stays["child"].to_numpy()[stay] == at) & (stays["end"].to_numpy()[stay] > start)
        known &= stays["seen"].to_numpy()[stay] <= start
    closed = (back != UNRECORDED_DAY) & ~frame["end_is_censored"].to_numpy(dtype=bool, na_value=False)
    found = pd.DataFrame(
        {
            "row": frame.index,
            "stay": stay,
            "child": at,
            "start": start,
            "end": back,
            "missing": (frame["category"] == "M").to_numpy(dtype=bool, na_value=False),
            "closed": closed,
        }
    )[known]
    found["home"] = stays["home"].to_numpy()[found["stay"]] if len(stays) else found["stay"]
    return found.sort_values(["child", "start", "row"], kind="stable", ignore_index=True)


def _homes(tables: Tables, home_ids: np.ndarray, first: int, end: int) -> pd.DataFrame:
    frame = tables["homes"]
    frame = frame[~frame["short_break_only"].fillna(False).astype(bool)]
    last = to_day(frame["valid_to"])
    start, stop = clip(
        to_day(frame["valid_from"]), np.where(last == UNRECORDED_DAY, FAR_DAY, last), low=first, high=end
    )
    position = {home: i for i, home in enumerate(home_ids.tolist())}
    found = pd.DataFrame(
        {
            "home_id": frame["home_id"].to_numpy(dtype=object),
            "home": [position.get(home, -1) for home in frame["home_id"]],
            "start": start,
            "end": stop,
            "places": frame["places"].to_numpy(dtype=float, na_value=np.nan),
            "sector": frame["sector"].to_numpy(dtype=object, na_value=None),
        }
    )
    return found[stop > start].reset_index(drop=True)


def days_shared(stays: pd.DataFrame, homes: pd.DataFrame) -> int:
    """Resident-days in the home spans given."""
    pairs = stays[["home", "start", "end"]].merge(homes[["home", "start", "end"]], on="home", suffixes=("", "_home"))
    parts = (pairs[name].to_numpy() for name in ("start", "end", "start_home", "end_home"))
    return int(overlap(*parts).sum())

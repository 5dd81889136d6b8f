"""Measures of homes, of who lives in them, and of their stays."""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.frame.published.measure import (
    Found,
    Unrecorded,
    measure,
    require_all_residents,
    require_some,
    require_year,
    share,
)
from missingmodels.frame.published.observed_year import ObservedYear, days_shared
from missingmodels.intervals import UNRECORDED_DAY, to_day

MONTH_DAYS = 30
FAR_MILES = 20
_OPEN = "homes open on the last day, those for short breaks only left out"


def _open_homes(year: ObservedYear) -> pd.DataFrame:
    return year.homes[(year.homes["start"] <= year.last) & (year.homes["end"] > year.last)]


def _places(year: ObservedYear) -> np.ndarray:
    places = _open_homes(year)["places"].dropna().to_numpy()
    if not places.size:
        raise Unrecorded("places are unrecorded for all homes")
    return places


@measure("home_places_mean", f"mean registered places of {_OPEN}")
def _home_places_mean(year: ObservedYear) -> Found:
    places = _places(year)
    return places.mean(), places.size, "homes"


@measure("home_places_le3_share", f"share with 3 places or fewer of {_OPEN}")
def _home_places_le3_share(year: ObservedYear) -> Found:
    return share(_places(year) <= 3, "homes", "places")


@measure("home_places_ge6_share", f"share with 6 places or more of {_OPEN}")
def _home_places_ge6_share(year: ObservedYear) -> Found:
    return share(_places(year) >= 6, "homes", "places")


def _sector(year: ObservedYear, sector: str) -> Found:
    return share(_open_homes(year)["sector"].dropna() == sector, "homes", "sector")


@measure("sector_private_share_homes", f"share of sector private of {_OPEN}")
def _sector_private_share_homes(year: ObservedYear) -> Found:
    return _sector(year, "private")


@measure("sector_la_share_homes", f"share of sector local_authority of {_OPEN}")
def _sector_la_share_homes(year: ObservedYear) -> Found:
    return _sector(year, "local_authority")


@measure("occupancy", "resident-days of the year over place-days of the same homes, where places are recorded")
def occupancy(year: ObservedYear) -> Found:
    require_all_residents(year)
    homes = year.homes.dropna(subset=["places"])
    if homes.empty:
        raise Unrecorded("places are unrecorded for all homes")
    place_days = ((homes["end"] - homes["start"]) * homes["places"]).sum()
    return days_shared(year.stays, homes) / place_days, round(place_days / year.days), "places"


@measure("residents_male_share", "share recorded M of residents on the last day recorded M or F")
def _residents_male_share(year: ObservedYear) -> Found:
    sex = year.residents()["sex"]
    return share(sex[sex.isin(["M", "F"])] == "M", "residents", "sex")


@measure(
    "residents_uasc_share", "share of residents on the last day whose span as an asylum-seeking child holds that day"
)
def _residents_uasc_share(year: ObservedYear) -> Found:
    residents = year.residents()
    require_some(residents, "residents on the last day")
    if year.tables["children"]["uasc_from"].isna().all():
        raise Unrecorded("uasc_from is unrecorded for all children")
    start, end = to_day(residents["uasc_from"]), to_day(residents["uasc_to"])
    holds = (start != UNRECORDED_DAY) & (start <= year.last) & ((end == UNRECORDED_DAY) | (end > year.last))
    return share(holds, "residents", "uasc_from")


@measure("residents_out_of_area_share", "share of residents on the last day whose placement is out of area")
def _residents_out_of_area_share(year: ObservedYear) -> Found:
    return share(year.residents()["out_of_area"], "residents", "out_of_area")


@measure("residents_over_20_miles_share", "share of residents on the last day placed more than 20 miles from home")
def _residents_over_20_miles_share(year: ObservedYear) -> Found:
    return share(year.residents()["distance_miles"].dropna() > FAR_MILES, "residents", "distance_miles")


@measure("well_matched_share", "share of residents on the last day judged well matched on arrival")
def _well_matched_share(year: ObservedYear) -> Found:
    return share(year.residents()["well_matched"], "residents", "well_matched")


def runs(year: ObservedYear) -> pd.DataFrame:
    """Placements in one home, stays joined over temporary absences: ``child``, ``start``, ``end``, ``truncated``."""
    stays, placements = year.stays, year.tables["placements"]
    joined = stays.groupby(["child", "home", "run_start"], as_index=False).agg(
        end=("stay_end", "max"), row=("row", "first")
    )
    cut = placements[placements["start_is_truncated"].fillna(False).astype(bool)]
    known = pd.MultiIndex.from_arrays([cut["child_id"].astype(str), to_day(cut["start_date"])])
    child = placements["child_id"].astype(str).loc[joined["row"]].to_numpy()
    joined["truncated"] = pd.MultiIndex.from_arrays([child, joined["run_start"]]).isin(known)
    return joined.rename(columns={"run_start": "start"})


def _ended_lengths(year: ObservedYear) -> np.ndarray:
    """(n,) days of the placements in homes that ended in the year, of those whose start is known."""
    found = runs(year)
    ended = found[(found["end"] <= year.end) & ~found["truncated"]]
    require_some(ended, "placements in homes that ended in the year with a known start")
    return (ended["end"] - ended["start"]).to_numpy()


_ENDED = (
    "placements in homes that ended in the year (at the 18th birthday at the latest), stays in one home joined over "
    "temporary absences, those with a truncated start left out"
)


@measure("placement_days_median", f"median days of {_ENDED}")
def _placement_days_median(year: ObservedYear) -> Found:
    days = _ended_lengths(year)
    return np.median(days), days.size, "ended placements"


@measure("placement_days_mean", f"mean days of {_ENDED}")
def _placement_days_mean(year: ObservedYear) -> Found:
    days = _ended_lengths(year)
    return days.mean(), days.size, "ended placements"


@measure("placement_under_1_month_share", f"share of {MONTH_DAYS} days or fewer of {_ENDED}")
def _placement_under_1_month_share(year: ObservedYear) -> Found:
    return share(_ended_lengths(year) <= MONTH_DAYS, "ended placements", "start_date")


@measure(
    "three_plus_placements_share",
    "of children living in a home on the first day of the year and placed anywhere on its last, the share with 3 or "
    "more placements in the year: runs in homes, and other placements that are not temporary absences",
)
def _three_plus_placements_share(year: ObservedYear) -> Found:
    require_year(year)
    in_homes = np.bincount(runs(year)["child"], minlength=year.n_children)
    others, placed_last = _placements_elsewhere(year)
    began = np.zeros(year.n_children, dtype=bool)
    began[year.stays.loc[year.stays["start"] == year.first, "child"]] = True
    placed_last[year.stays.loc[year.stays["end"] == year.end, "child"]] = True
    held = began & placed_last
    note = "no placement outside a home is held: moves to other settings are unseen" if not others.any() else ""
    require_some(np.flatnonzero(held), "children in a home on the first day and placed on the last")
    return float((in_homes + others)[held].__ge__(3).mean()), int(held.sum()), "residents in care 12 months", note


def _placements_elsewhere(year: ObservedYear) -> tuple[np.ndarray, np.ndarray]:
    """(n_children,) placements outside homes in the year, and whether any of them holds the last day."""
    frame = year.tables["placements"]
    elsewhere = frame[frame["home_id"].isna() & ~frame["placement_type"].str.startswith("T").astype(bool)]
    start, end = to_day(elsewhere["start_date"]), to_day(elsewhere["end_date"])
    end = np.where(end == UNRECORDED_DAY, year.end, end)
    ids = year.tables["placements"].loc[year.stays["row"], "child_id"].to_numpy(dtype=str)
    position = dict(zip(ids.tolist(), year.stays["child"].tolist(), strict=True))
    child = np.array([position.get(str(c), -1) for c in elsewhere["child_id"]], dtype=np.int64)
    here = (child >= 0) & (start < year.end) & (end > year.first)
    last = np.zeros(year.n_children, dtype=bool)
    last[child[here & (end >= year.end)]] = True
    return np.bincount(child[here], minlength=year.n_children), last

"""Measures of staff, return interviews and social workers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.frame.outcomes.interviews import with_interviews
from missingmodels.frame.published.measure import Found, Unrecorded, measure, require_some, require_year, share
from missingmodels.frame.published.observed_year import DAYS_PER_YEAR, FAR_DAY, ObservedYear
from missingmodels.intervals import UNRECORDED_DAY, overlap, to_day
from missingmodels.tables.contract import CARE_ROLES

WEEK_DAYS, WEEKS = 7, 4
INTERVIEW_DAYS = 3


def _spells(year: ObservedYear) -> pd.DataFrame:
    """Staff spells as days; an open end is far away."""
    frame = year.tables["staff_spells"]
    last = to_day(frame["end_date"])
    return frame.assign(start=to_day(frame["start_date"]), end=np.where(last == UNRECORDED_DAY, FAR_DAY, last))


@measure(
    "staff_turnover_annual",
    "permanent care staff who left in the year over their mean number in post: from spells, else from period totals",
)
def _staff_turnover_annual(year: ObservedYear) -> Found:
    spells = _spells(year)
    care = spells["role"].isna() | spells["role"].isin(CARE_ROLES)
    spells = spells[(spells["employment"] == "permanent") & care]
    if len(spells):
        days = overlap(spells["start"].to_numpy(), spells["end"].to_numpy(), year.first, year.end).sum()  # type: ignore[arg-type]
        left = ((spells["end"] > year.first) & (spells["end"] <= year.end)).sum()
        require_some(np.arange(days), "permanent staff in post in the year")
        return left / days * DAYS_PER_YEAR, round(days / year.days), "mean permanent staff", "from staff_spells"
    return _turnover_from_periods(year)


def _turnover_from_periods(year: ObservedYear) -> Found:
    frame = year.tables["staff_periods"].dropna(subset=["permanent_headcount", "permanent_leavers"])
    start, end = to_day(frame["start_date"]), to_day(frame["end_date"])
    inside = (start >= year.first) & (end <= year.end)
    if not inside.any():
        raise Unrecorded(
            "there are no permanent staff_spells, nor staff_periods with headcount and leavers in the year"
        )
    headcount = frame["permanent_headcount"].to_numpy(dtype=float)
    staff_days = (headcount * (end - start))[inside].sum()
    left = frame["permanent_leavers"].to_numpy(dtype=float)[inside].sum()
    if not staff_days:
        raise Unrecorded("staff_periods hold no permanent staff in the year")
    return (
        left / staff_days * DAYS_PER_YEAR,
        round(staff_days / year.days),
        "mean permanent staff",
        "from staff_periods",
    )


@measure(
    "homes_using_agency_weekly_share",
    "share of homes with an agency shift worked in each of the last four weeks, of homes with any shift worked in them",
)
def _homes_using_agency_weekly_share(year: ObservedYear) -> Found:
    shifts = year.tables["staff_shifts"]
    shifts = shifts[shifts["status"] == "worked"]
    ago = (year.last - to_day(shifts["start_time"])) // WEEK_DAYS
    recent = shifts.assign(ago=ago)[(ago >= 0) & (ago < WEEKS)]
    if recent.empty:
        raise Unrecorded("no staff_shifts are held for the last four weeks, and hours of a period do not tell the days")
    if recent["employment"].isna().all():
        raise Unrecorded("employment is unrecorded for all shifts")
    weeks = recent[recent["employment"] == "agency"].groupby("home_id")["ago"].nunique()
    homes = recent["home_id"].unique()
    return share(weeks.reindex(homes).fillna(0).to_numpy() == WEEKS, "homes", "employment")


@measure(
    "staff_per_home",
    "people with a contract (permanent, bank or agency) on the last day per home that holds staff spells; else mean "
    "permanent headcount of the last period",
)
def _staff_per_home(year: ObservedYear) -> Found:
    spells = _spells(year)
    if len(spells):
        homes = spells["home_id"].nunique()
        now = spells[(spells["start"] <= year.last) & (spells["end"] > year.last)]
        people = len(now[["home_id", "staff_id"]].drop_duplicates())
        kinds = ", ".join(sorted(now["employment"].dropna().unique()))
        return people / homes, homes, "homes", f"from staff_spells ({kinds})"
    frame = year.tables["staff_periods"].dropna(subset=["permanent_headcount"])
    if frame.empty:
        raise Unrecorded("there are no staff_spells, nor staff_periods with permanent_headcount")
    latest = frame.sort_values("start_date").drop_duplicates("home_id", keep="last")["permanent_headcount"]
    return float(latest.mean()), len(latest), "homes", "from staff_periods (permanent)"


def _interviews(year: ObservedYear) -> tuple[pd.DataFrame, np.ndarray]:
    """Incidents from homes that ended in a return, with their interview's columns; and whether one was completed."""
    if not len(year.tables["interviews"]):
        raise Unrecorded("there are no interviews")
    interviews = year.tables["interviews"]
    episodes = year.tables["missing_episodes"].loc[year.missing.loc[year.missing["closed"], "row"]]
    require_some(episodes, "incidents that ended in a return")
    # the stray ones are told by all episodes, whatever place they are from
    both = with_interviews(year.tables["missing_episodes"].reset_index(), interviews)
    both = both[both["index"].isin(episodes.index) & ~both["in_doubt"]].reset_index(drop=True)
    require_some(both, "incidents that ended in a return and are known with or without an interview")
    if interviews["interview_date"].notna().any():
        return both, both["interview_date"].notna().to_numpy()
    if interviews["accepted"].notna().any():
        return both, both["accepted"].fillna(False).to_numpy(dtype=bool)
    raise Unrecorded("interview_date and accepted are unrecorded for all interviews")


@measure(
    "rhi_completed_per_episode",
    "share with a completed interview (interview_date, or accepted where no date is held) of incidents from homes that "
    "ended in a return",
)
def _rhi_completed_per_episode(year: ObservedYear) -> Found:
    _, completed = _interviews(year)
    return share(completed, "incidents that ended", "interview_date")


@measure(
    "rhi_within_72h_share",
    f"share held within 72 hours of the return (within_72h, else {INTERVIEW_DAYS} days or fewer by date) of completed "
    "interviews",
)
def _rhi_within_72h_share(year: ObservedYear) -> Found:
    both, completed = _interviews(year)
    held = both[completed]
    by_date = (held["interview_date"] - held["end_date"]).dt.days.astype("Float64") <= INTERVIEW_DAYS
    return share(held["within_72h"].fillna(by_date), "completed interviews", "within_72h")


@measure(
    "social_worker_change_12m_share",
    "share of residents on the last day, with a social worker on record since the first day of the year, whose case "
    "passed to another one in the year",
)
def _social_worker_change_12m_share(year: ObservedYear) -> Found:
    require_year(year)
    spells = year.tables["social_worker_spells"]
    require_some(spells, "social_worker_spells")
    spells = spells.assign(start=to_day(spells["start_date"])).sort_values(["child_id", "start"], kind="stable")
    before = spells.groupby("child_id")["social_worker_id"].shift()
    changed = before.notna() & (before != spells["social_worker_id"]) & (spells["start"] > year.first)
    changed &= spells["start"] < year.end
    first = spells.groupby("child_id")["start"].min()
    changes = changed.groupby(spells["child_id"]).any()
    residents = year.residents().iloc[:, :0].assign(child_id=_resident_ids(year))
    known = residents[residents["child_id"].map(first).le(year.first)]
    require_some(known, "residents with a social worker on record since the first day of the year")
    return share(known["child_id"].map(changes).to_numpy(dtype=bool), "residents", "social_worker_id")


def _resident_ids(year: ObservedYear) -> np.ndarray:
    now = year.stays[(year.stays["stay_start"] <= year.last) & (year.stays["stay_end"] > year.last)]
    return year.tables["placements"]["child_id"].loc[now["row"]].to_numpy(dtype=object)

"""Measures of missing incidents: how many, of whom, how long and when."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln

from missingmodels.frame.published.measure import (
    Found,
    Unrecorded,
    measure,
    require_all_residents,
    require_some,
    require_year,
    share,
)
from missingmodels.frame.published.observed_year import DAYS_PER_YEAR, ObservedYear
from missingmodels.intervals import overlap, to_day

INCIDENTS = "incidents (category M) begun while living in a home"
REPEAT_DAYS = 28
LARGEST_K = 1e3
FEWEST_RESIDENTS = 10  # an authority with fewer in the year has no share worth comparing
_CLOSED = f"of {INCIDENTS} that ended in a return, by date (end_date − start_date); open and censored ones are left out"


@measure("missing_rate_per_resident_year", f"{INCIDENTS}, in the year, over resident-years (of 365.25 days) in homes")
def _missing_rate_per_resident_year(year: ObservedYear) -> Found:
    years = year.resident_years()
    if not years:
        raise Unrecorded("nobody lived in a home in the year")
    return len(year.missing) / years, round(years), "resident-years"


@measure(
    "missing_prevalence_year",
    "share of children who lived in a home at any time in the year with 1 or more incidents begun there",
)
def _missing_prevalence_year(year: ObservedYear) -> Found:
    require_year(year)
    counts, _ = year.incidents_by_child()
    return share(counts > 0, "residents of the year", "child_id")


def _counts(year: ObservedYear) -> np.ndarray:
    require_year(year)
    counts = year.incident_counts()
    require_some(counts, "missing residents in the year")
    return counts


@measure(
    "incidents_per_missing_resident",
    "incidents from homes in the year over children with 1 or more of them; the published 8 is a rate per "
    "resident-year over a share of all who pass through, and lies higher by the ratio of those to residents",
)
def _incidents_per_missing_resident(year: ObservedYear) -> Found:
    counts = _counts(year)
    return counts.mean(), counts.size, "missing residents"


@measure("missing_residents_repeat_share", "share with 2 or more incidents from homes in the year, of those with any")
def _missing_residents_repeat_share(year: ObservedYear) -> Found:
    return share(_counts(year) > 1, "missing residents", "start_date")


@measure("repeat_incident_share", "share of the year's incidents that are not their child's first of the year")
def _repeat_incident_share(year: ObservedYear) -> Found:
    counts = _counts(year)
    return 1 - counts.size / counts.sum(), int(counts.sum()), "incidents"


def negative_binomial_k(counts: np.ndarray, years: np.ndarray) -> float:
    """Maximum-likelihood k of a gamma-Poisson with mean rate × years and variance mean + mean²/k.

    (n,) counts and years of exposure. Counts that vary no more than Poisson ones give ``LARGEST_K``.
    """

    def loss(at: np.ndarray) -> float:
        k, mean = np.exp(at[1]), np.exp(at[0]) * years
        terms = gammaln(counts + k) - gammaln(k) - gammaln(counts + 1)
        return -float((terms + k * np.log(k / (k + mean)) + counts * np.log(mean / (k + mean))).sum())

    start = np.array([np.log(counts.sum() / years.sum()), np.log(0.3)])
    bounds = [(start[0] - 5, start[0] + 5), (np.log(1e-3), np.log(LARGEST_K))]
    return float(np.exp(minimize(loss, start, method="L-BFGS-B", bounds=bounds).x[1]))


@measure(
    "annual_count_dispersion_k",
    "maximum-likelihood k of negative binomial counts of the year with resident-years as exposure, over all children "
    "who lived in a home (the published fit is zero-truncated and without exposure)",
)
def _annual_count_dispersion_k(year: ObservedYear) -> Found:
    require_year(year)
    counts, years = year.incidents_by_child()
    require_some(counts[counts > 0], "missing residents in the year")
    k = negative_binomial_k(counts, years)
    if k > 0.99 * LARGEST_K:
        raise Unrecorded("counts vary no more than chance alone would let them, so k has no finite value")
    return k, counts.size, "residents of the year"


def top_share(counts: np.ndarray, top: float) -> float:
    """Share of all incidents made by the busiest ``top`` share of children; the child on the edge counts in part."""
    ordered = np.sort(counts)[::-1].astype(float)
    made = np.concatenate([[0.0], np.cumsum(ordered)])
    return float(np.interp(top * counts.size, np.arange(counts.size + 1), made) / made[-1])


_TOP = "share of the year's incidents made by the {} % of missing residents with most; the child on the edge in part"


@measure("top5pct_missing_children_incident_share", _TOP.format(5))
def _top5pct_missing_children_incident_share(year: ObservedYear) -> Found:
    counts = _counts(year)
    return top_share(counts, 0.05), counts.size, "missing residents"


@measure("top15pct_missing_children_incident_share", _TOP.format(15))
def _top15pct_missing_children_incident_share(year: ObservedYear) -> Found:
    counts = _counts(year)
    return top_share(counts, 0.15), counts.size, "missing residents"


@measure(
    "first_repeat_within_28d_share",
    f"of residents with 2 or more incidents in the year, the share whose second began {REPEAT_DAYS} days or fewer "
    "after the first began",
)
def _first_repeat_within_28d_share(year: ObservedYear) -> Found:
    require_year(year)
    start = year.missing.groupby("child")["start"]
    gap = start.nth(1).to_numpy() - start.nth(0)[start.transform("size") > 1].to_numpy()
    require_some(gap, "residents with two incidents in the year")
    return share(gap <= REPEAT_DAYS, "missing residents with a repeat", "start_date")


def _days_away(year: ObservedYear) -> np.ndarray:
    closed = year.missing[year.missing["closed"]]
    require_some(closed, "incidents that ended in a return")
    return (closed["end"] - closed["start"]).to_numpy()


@measure("duration_same_date_share", f"share with 0 days {_CLOSED}")
def _duration_same_date_share(year: ObservedYear) -> Found:
    return share(_days_away(year) == 0, "incidents that ended", "end_date")


@measure("duration_le_2_days_share", f"share with 2 days or fewer {_CLOSED}")
def _duration_le_2_days_share(year: ObservedYear) -> Found:
    return share(_days_away(year) <= 2, "incidents that ended", "end_date")


@measure("duration_gt_7_days_share", f"share with more than 7 days {_CLOSED}")
def _duration_gt_7_days_share(year: ObservedYear) -> Found:
    return share(_days_away(year) > 7, "incidents that ended", "end_date")


def _column(year: ObservedYear, name: str) -> pd.Series:
    """A column of missing_episodes for the year's incidents from homes, where recorded."""
    values = year.tables["missing_episodes"][name].loc[year.missing["row"]].dropna()
    if values.empty:
        raise Unrecorded(f"{name} is unrecorded for all incidents")
    return values


@measure("duration_median_hours", "median hours_away of incidents from homes, where recorded")
def _duration_median_hours(year: ObservedYear) -> Found:
    hours = _column(year, "hours_away")
    return hours.median(), len(hours), "incidents with hours"


@measure("duration_gt_48h_share", "share with hours_away above 48 of incidents from homes, where recorded")
def _duration_gt_48h_share(year: ObservedYear) -> Found:
    return share(_column(year, "hours_away") > 48, "incidents with hours", "hours_away")


@measure("onset_16_to_24h_share", "share with start_hour in [16, 24] of incidents from homes, where recorded")
def _onset_16_to_24h_share(year: ObservedYear) -> Found:
    return share(_column(year, "start_hour") >= 16, "incidents with an hour", "start_hour")


@measure(
    "in_to_out_area_prevalence_ratio",
    "children missing from an in-area stay per resident-year of such stays, over the same out of area; a child missing "
    "from both counts in both",
)
def _in_to_out_area_prevalence_ratio(year: ObservedYear) -> Found:
    require_year(year)
    out = year.tables["placements"]["out_of_area"].loc[year.stays["row"]].reset_index(drop=True)
    if out.isna().all():
        raise Unrecorded("out_of_area is unrecorded for all stays")
    days = (year.stays["end"] - year.stays["seen"]).clip(lower=0)
    ratios = {}
    for there in (False, True):
        here = (out == there).fillna(False).to_numpy(dtype=bool)
        children = year.missing.loc[here[year.missing["stay"]], "child"].nunique()
        ratios[there] = children, days[here].sum()
    (inside, in_days), (outside, out_days) = ratios[False], ratios[True]
    if not (in_days and outside):
        raise Unrecorded("there are no in-area stays, or nobody was missing from an out-of-area one")
    return inside / in_days / (outside / out_days), inside + outside, "missing residents"


def _birthday(year: ObservedYear, age: int) -> np.ndarray:
    """Day of a birthday of every child of ``stays``, one a stay; a birth date exact to the month counts as held."""
    ids = year.tables["placements"]["child_id"].loc[year.stays["row"]]
    birth = year.tables["children"].set_index("child_id")["birth_date"].loc[ids]
    month = birth.to_numpy(dtype="datetime64[M]")
    return to_day(month + np.timedelta64(12 * age, "M")) + (to_day(birth) - to_day(month))


@measure(
    "rate_ratio_16plus_vs_10to15",
    "incidents per resident-year in homes from the 16th birthday on, over that between the 10th and the 16th",
)
def _rate_ratio_16plus_vs_10to15(year: ObservedYear) -> Found:
    ten, sixteen = _birthday(year, 10), _birthday(year, 16)
    seen, end = year.stays["seen"].to_numpy(), year.stays["end"].to_numpy()
    young, old = overlap(seen, end, ten, sixteen).sum(), overlap(seen, end, sixteen, end).sum()
    start, stay = year.missing["start"].to_numpy(), year.missing["stay"].to_numpy()
    is_old, is_young = start >= sixteen[stay], (start >= ten[stay]) & (start < sixteen[stay])
    if not (old and is_young.sum()):
        raise Unrecorded("nobody lived in a home at 16 or over, or no incident was at 10 to 15")
    rates = is_old.sum() / old, is_young.sum() / young
    return rates[0] / rates[1], int(is_old.sum() + is_young.sum()), "incidents"


@measure("incidents_per_home_year", "incidents from homes over home-years of registration, short-break homes left out")
def _incidents_per_home_year(year: ObservedYear) -> Found:
    require_all_residents(year)
    spans = year.homes.sort_values("start").drop_duplicates(["home_id", "start"])
    years = float((spans["end"] - spans["start"]).sum()) / DAYS_PER_YEAR
    if not years:
        raise Unrecorded("no home is registered in the year")
    return len(year.missing) / years, round(years), "home-years"


@measure(
    "awol_share_of_recorded_absences",
    "share of category A (away without authorisation) of all absences begun in the year while living in a home",
)
def _awol_share_of_recorded_absences(year: ObservedYear) -> Found:
    require_some(year.episodes, "absences from homes in the year")
    return share(~year.episodes["missing"], "absences", "category")


@measure(
    "la_prevalence_sd",
    f"SD across authorities with {FEWEST_RESIDENTS} or more residents in the year of the share of residents with an "
    "incident; chance is not taken out",
)
def _la_prevalence_sd(year: ObservedYear) -> Found:
    require_year(year)
    row = year.stays.drop_duplicates("child")[["child", "row"]]
    ids = year.tables["placements"]["child_id"].loc[row["row"]]
    authority = year.tables["children"].set_index("child_id")["authority"].loc[ids].to_numpy(dtype=object)
    missing = np.isin(row["child"], year.missing["child"])
    by = (
        pd.DataFrame({"authority": authority, "missing": missing}).groupby("authority")["missing"].agg(["mean", "size"])
    )
    by = by[by["size"] >= FEWEST_RESIDENTS]
    if len(by) < 2:
        raise Unrecorded(f"fewer than two authorities have {FEWEST_RESIDENTS} residents in the year")
    return by["mean"].std(), len(by), "authorities"


@measure(
    "co_missing_share",
    "share of incidents that another resident of the same home joined or led: an incident of another child begun there "
    "on the same day",
)
def _co_missing_share(year: ObservedYear) -> Found:
    missing = year.missing
    require_some(missing, "incidents from homes")
    children = missing.groupby(["home", "start"])["child"].transform("nunique")
    return share(children > 1, "incidents", "start_date")

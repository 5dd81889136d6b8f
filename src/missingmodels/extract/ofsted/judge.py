"""Homes judged as a whole: more residents than any home can hold, than this one ever held, or than it has places."""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.tables import Tables
from missingmodels.tables.findings import Severity
from missingmodels.tables.judgement import Judgement

# Registered places of the largest children's home but for residential special schools, and of the largest of all:
# Ofsted, provider level lists at 31 March 2023 to 2025.
LARGEST_HOME, LARGEST_SETTING = 22, 68
LARGEST_SECURE = 38
# A home that has been seen for this many days is filled on one day beyond what it ever held.
SEEN_DAYS, ARRIVALS, GROWTH = 90, 4, 1.5
# Homes half as full again as they have places, by two residents or more: an error above this share of homes.
PLACES_SHARE, PLACES_LEAST = 0.1, 3


def judge_residents(tables: Tables) -> list[Judgement]:
    """Homes with more residents on a day than any home has places, or suddenly more than they ever had."""
    levels = _levels(tables)
    peak = levels.groupby("home_id")["residents"].max()
    largest = _largest(tables).reindex(peak.index).fillna(LARGEST_HOME)
    above, beyond = int((peak > largest).sum()), int((peak > LARGEST_SETTING).sum())
    found: list[tuple[Severity, int, str]] = []
    if above:
        what = f"{above} homes have more residents on one day than the largest home in England has places"
        what += f" (up to {int(peak.max())}; {LARGEST_HOME}, {LARGEST_SECURE} if secure, {LARGEST_SETTING} if a school)"
        found.append(("error" if beyond else "warn", above, what))
    sudden = _sudden(levels)
    if sudden:
        what = f"{sudden} homes take in {ARRIVALS} or more children on one day, and then hold more than ever before"
        found.append(("warn", sudden, what))
    remedy = "look for one URN of several homes, one child under two ids, or a day on which records were moved"
    return [Judgement(rule="residents", severity=s, count=n, what=what, remedy=remedy) for s, n, what in found]


def _levels(tables: Tables) -> pd.DataFrame:
    """Residents of each home from each day of change on, with the arrivals of that day."""
    stays = tables["placements"].dropna(subset=["home_id"])
    begin = pd.DataFrame({"home_id": stays["home_id"], "day": stays["start_date"], "change": 1, "arrivals": 1})
    end = pd.DataFrame({"home_id": stays["home_id"], "day": stays["end_date"], "change": -1, "arrivals": 0}).dropna()
    steps = pd.concat([begin, end]).groupby(["home_id", "day"], sort=True)[["change", "arrivals"]].sum().reset_index()
    return steps.assign(residents=steps.groupby("home_id")["change"].cumsum())


def _largest(tables: Tables) -> pd.Series:
    """The largest number of places that a home of its kind has, by home."""
    kind = tables["placements"].dropna(subset=["home_id"]).groupby("home_id")["placement_type"].first()
    limit = kind.map({"K1": LARGEST_SECURE, "S1": LARGEST_SETTING}).astype("float64")
    return limit


def _sudden(levels: pd.DataFrame) -> int:
    homes = levels.groupby("home_id")
    before = homes["residents"].cummax().groupby(levels["home_id"]).shift(1)
    seen = (levels["day"] - homes["day"].transform("first")).dt.days
    hit = (levels["arrivals"] >= ARRIVALS) & (seen >= SEEN_DAYS) & (levels["residents"] > GROWTH * before)
    return int(levels.loc[hit, "home_id"].nunique())


def judge_places(tables: Tables) -> list[Judgement]:
    """Homes fuller than the places that a list gives them; a bed more for some days is met in every extract."""
    placed = tables["homes"].dropna(subset=["places"])
    if placed.empty:
        return []
    levels = _levels(tables)
    levels = levels[levels["home_id"].isin(placed["home_id"])].sort_values("day")
    spans = placed[["home_id", "valid_from", "places"]].sort_values("valid_from")
    at = pd.merge_asof(levels, spans, left_on="day", right_on="valid_from", by="home_id")
    over = (at["residents"] - at["places"].astype("float64")).groupby(at["home_id"]).max().dropna()
    fuller, double = int((over > 0).sum()), int((over >= np.maximum(2, _half(placed, over))).sum())
    if not fuller:
        return []
    severity: Severity = "error" if double > PLACES_SHARE * len(over) and double >= PLACES_LEAST else "warn"
    return [
        Judgement(
            rule="places",
            severity=severity,
            count=fuller,
            what=f"{fuller} of {len(over)} homes hold more residents on some day than they have places, "
            f"{double} of them half as many again",
            remedy="look for one URN of several homes, one child under two ids, or a list of another date",
        )
    ]


def _half(placed: pd.DataFrame, over: pd.Series) -> pd.Series:
    return placed.groupby("home_id")["places"].max().astype("float64").reindex(over.index) / 2

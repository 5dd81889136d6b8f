"""Return and serious episodes: what becomes of an episode once it has begun."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer
from missingmodels.frame.design_matrix import EventRows
from missingmodels.frame.outcomes.design import added_up, band_label, choose_terms, group_of, outcome_rows
from missingmodels.frame.riskset import RiskSet, build_risk_set
from missingmodels.intervals import UNRECORDED_DAY, to_day
from missingmodels.plan import Plan
from missingmodels.tables import Tables

DAYS_PER_YEAR = 365.25
HELP_DAYS = 28  # an interview counts as help received for so long
DAY_BANDS = (0, 1, 2, 7, 28)  # the first is the reference
RETURN_TERMS = ("out_of_area", "age_years", "male", "category_away", "helped_before", "sanctioned_before")
SERIOUS_TERMS = ("out_of_area", "exploitation_risk", "age_years", "male")


def home_episodes(tables: Tables, plan: Plan) -> tuple[pd.DataFrame, RiskSet]:
    """Episodes that start in the window while the child is at risk in a home, one row each, with covariates.

    ``child`` and ``home`` index the risk set; ``day`` counts from its first; ``known_days`` whole days after the day
    of onset: those to the return where ``returned``, else those at whose start the child was still away.

    Raises CannotAnswer if there are none.
    """
    plan.require_missing("this outcome")
    risk = build_risk_set(tables, plan.frame)
    frame = tables["missing_episodes"].sort_values(["child_id", "start_date", "sequence"], kind="stable")
    child = pd.Index(risk.child_ids).get_indexer(frame["child_id"].to_numpy(dtype=str))
    day = to_day(frame["start_date"]) - risk.first_day
    inside = (child >= 0) & (day >= 0) & (day < risk.days) & frame["category"].isin(plan.frame.categories).to_numpy()
    inside[inside] = (risk.onset & ~risk.before_window)[child[inside], day[inside]]
    if not inside.any():
        raise CannotAnswer(
            "no child goes missing from a home inside the window",
            remedy="check the missing_episodes table, the observed span and frame.categories",
        )
    last = to_day(frame["end_date"])
    # what the record says of later days is not known of every child, so nothing counts from the window's end on
    end = np.where(last == UNRECORDED_DAY, tables.end_day, np.minimum(last, tables.end_day)) - risk.first_day
    seen = (last != UNRECORDED_DAY) & (last < tables.end_day) & ~frame["end_is_censored"].to_numpy(dtype=bool)
    found = pd.DataFrame(
        {
            "child": child,
            "day": day,
            "known_days": end - day,
            "returned": seen,
            "category_away": (frame["category"] == "A").to_numpy(dtype=float),
            "serious": _flag(frame["serious"]),
            "log_hours_away": _log_hours(frame),
            "sanctioned_before": _sanctioned_before(frame),
            "helped_before": _helped_before(tables, frame),
        }
    )[inside].reset_index(drop=True)
    at = found["child"].to_numpy(), found["day"].to_numpy()
    people = tables["children"].set_index("child_id").loc[list(risk.child_ids)]
    found["home"] = risk.residence[at]
    found["out_of_area"] = risk.out_of_area[at]
    period_start = at[1] // risk.period_days * risk.period_days  # slow covariates are steps, as in the onset model
    found["age_years"] = (period_start + risk.first_day - to_day(people["birth_date"])[at[0]]) / DAYS_PER_YEAR
    found["male"] = people["sex"].map({"M": 1.0, "F": 0.0}).to_numpy(dtype=float)[at[0]]
    found["exploitation_risk"] = _flag(people["exploitation_risk"])[at[0]]
    return found, risk


def return_rows(tables: Tables, plan: Plan, terms: Sequence[str] | None = None) -> EventRows:
    """Days away at whose start the child was not back yet (``size``), and returns on them, by band of days since onset.

    A day is counted at which the return could be known: an open or unrecorded end is right-censored at the window's
    end, one that a closed bed gave at that day. Raises CannotAnswer if there is no return.
    """
    episodes, risk = home_episodes(tables, plan)
    available = {name: episodes[name].to_numpy(dtype=float) for name in RETURN_TERMS}
    found = choose_terms(available, terms, RETURN_TERMS, unit="episodes")
    kept = episodes[found.keep]
    if not kept["returned"].any():
        raise CannotAnswer("no return is recorded, so none can be timed", remedy="check missing_episodes.end_date")
    known, returned = kept["known_days"].to_numpy(), kept["returned"].to_numpy()
    episode, band, y, days = _days_by_band(known, returned)
    names = tuple(f"days_away[{label}]" for label in _band_labels()[1:])
    matrix = np.column_stack([band[:, None] == np.arange(1, len(DAY_BANDS))[None, :], found.matrix[episode]])
    child, home = kept["child"].to_numpy()[episode], kept["home"].to_numpy()[episode]
    matrix, y, days, groups = added_up(matrix.astype(float), y, days, child=child, home=home)
    some = np.array([np.ptp(column) > 0 for column in matrix.T], dtype=bool)  # a band that no episode reaches
    return outcome_rows(
        "return",
        tuple(name for name, held in zip((*names, *found.names), some, strict=True) if held),
        matrix[:, some],
        y=y,
        size=days,
        trials=True,
        units={"child": group_of(groups["child"], risk.child_ids), "home": group_of(groups["home"], risk.home_ids)},
        facts={"episodes": len(kept), "returns": int(returned.sum()), "right-censored": int((~returned).sum())},
        notes=found.notes,
    )


def _days_by_band(known: np.ndarray, returned: np.ndarray) -> tuple[np.ndarray, ...]:
    """(N,) episode, band, returns and days of every band that an episode reaches.

    A return on day t was possible on days 0 … t; an episode censored at t was seen to last through days 0 … t - 1.
    """
    last = np.where(returned, known + 1, known)
    parts = []
    for band, low in enumerate(DAY_BANDS):
        high = DAY_BANDS[band + 1] if band + 1 < len(DAY_BANDS) else np.iinfo(np.int64).max
        days = np.clip(np.minimum(last, high) - low, 0, None)
        at = np.flatnonzero(days)
        y = returned & (known >= low) & (known < high)
        parts.append((at, np.full(at.size, band), y[at].astype(np.int64), days[at].astype(float)))
    episode, bands, y, days = (np.concatenate(part) for part in zip(*parts, strict=True))
    return episode, bands, y, days


def _band_labels() -> list[str]:
    """Labels of the bands of days since onset."""
    return [band_label(low, high) for low, high in zip(DAY_BANDS, (*DAY_BANDS[1:], None), strict=True)]


def serious_rows(tables: Tables, plan: Plan, terms: Sequence[str] | None = None) -> EventRows:
    """Episodes (``size``) and those in which the child came to serious harm. Episodes without the record are left out.

    Time away stands on the way from cause to harm, so ``log_hours_away`` is in only if asked for.
    Raises CannotAnswer where ``serious`` is unrecorded, or all episodes or none are serious.
    """
    episodes, risk = home_episodes(tables, plan)
    unrecorded = episodes["serious"].isna()
    episodes = episodes[~unrecorded].reset_index(drop=True)
    if episodes.empty:
        raise CannotAnswer(
            "missing_episodes.serious is unrecorded throughout",
            remedy="give the column; SSDA903 returns do not hold it",
        )
    available = {name: episodes[name].to_numpy(dtype=float) for name in (*SERIOUS_TERMS, "log_hours_away")}
    found = choose_terms(available, terms, SERIOUS_TERMS, unit="episodes")
    kept = episodes[found.keep]
    y = kept["serious"].to_numpy().astype(np.int64)
    if not 0 < y.sum() < y.size:
        raise CannotAnswer(
            f"{y.sum()} of {y.size} episodes are serious, so there is no contrast", remedy="observe more episodes"
        )
    child, home = kept["child"].to_numpy(), kept["home"].to_numpy()
    matrix, y, size, groups = added_up(found.matrix, y, np.ones(y.size), child=child, home=home)
    notes = found.notes
    if unrecorded.any():
        notes += (f"{int(unrecorded.sum())} episodes do not say whether they were serious and were left out",)
    return outcome_rows(
        "serious",
        found.names,
        matrix,
        y=y,
        size=size,
        trials=True,
        units={"child": group_of(groups["child"], risk.child_ids), "home": group_of(groups["home"], risk.home_ids)},
        facts={"episodes": len(kept), "serious": int(y.sum())},
        notes=notes,
    )


def _flag(column: pd.Series) -> np.ndarray:
    return column.astype("Float64").to_numpy(dtype=float, na_value=np.nan)


def _log_hours(frame: pd.DataFrame) -> np.ndarray:
    hours = frame["hours_away"].to_numpy(dtype=float, na_value=np.nan)
    return np.log(np.maximum(hours, 1 / 60))  # a minute at least, for a record of 0 hours


def _sanctioned_before(frame: pd.DataFrame) -> np.ndarray:
    """Whether the child's last episode met a sanction: 0 for the first, NaN where unrecorded. ``frame`` is sorted."""
    flag = pd.Series(_flag(frame["sanctioned"]), index=frame.index)
    before = flag.groupby(frame["child_id"]).shift().to_numpy()
    first = ~frame["child_id"].duplicated().to_numpy()
    return np.full(len(frame), np.nan) if flag.isna().all() else np.where(first, 0.0, before)


def _helped_before(tables: Tables, frame: pd.DataFrame) -> np.ndarray:
    """Whether a return interview was held in the 28 days before the day of onset; NaN without any record of them."""
    if "interviews" not in tables or tables["interviews"]["interview_date"].isna().all():
        return np.full(len(frame), np.nan)
    held = tables["interviews"].dropna(subset=["interview_date"])
    pairs = pd.DataFrame({"child_id": frame["child_id"].to_numpy(), "day": to_day(frame["start_date"])}).reset_index()
    pairs = pairs.merge(pd.DataFrame({"child_id": held["child_id"], "held": to_day(held["interview_date"])}))
    gap = pairs["day"] - pairs["held"]
    return np.isin(np.arange(len(frame)), pairs.loc[(gap > 0) & (gap <= HELP_DAYS), "index"]).astype(float)

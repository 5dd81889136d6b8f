"""Interview to next gap: days at risk since the last return, with the interview from the day after it was held.

The clock of the covariate is what keeps immortal time out: a child who is to be interviewed has to stay at risk until
then, so days before the interview count as days without one. Acceptance is no term: an interview overtaken by the next
onset is not held, so accepting is known only of those who stayed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer
from missingmodels.frame.design_matrix import EventRows
from missingmodels.frame.outcomes.design import added_up, bands, choose_terms, group_of, outcome_rows
from missingmodels.frame.outcomes.interviews import with_interviews
from missingmodels.frame.riskset import RiskSet, build_risk_set
from missingmodels.intervals import UNRECORDED_DAY, to_day
from missingmodels.plan import Plan
from missingmodels.tables import Tables

DEFAULT_TERMS = ("offered", "held")
SINCE_RETURN = (0, 8, 29, 90)  # bands of days since the last return; no return on record is the reference
NEVER = np.iinfo(np.int64).min // 4


def interview_rows(
    tables: Tables, plan: Plan, terms: Sequence[str] | None = None, *, effect_days: int = 28
) -> EventRows:
    """Days at risk and onsets of every child, by band of days since the last return and state of its interview.

    ``offered`` acts from the return on, the others from the day after the interview, all up to ``effect_days`` and no
    further than the next onset: ``held``; ``held_within_72h`` and ``held_quality`` (0 to 1) on top of it.

    Raises CannotAnswer without interviews held in the window.
    """
    if "interviews" not in tables or tables["interviews"]["interview_date"].isna().all():
        raise CannotAnswer(
            "no return home interview with its date is on record",
            remedy="give the interviews table with interview_date",
        )
    plan.require_missing("this outcome")
    risk = build_risk_set(tables, plan.frame)
    returns = _returns(tables, risk)
    child, day = np.nonzero((risk.days_at_risk > 0) & ~risk.before_window[None, :])
    last = _last_return(returns, risk.residence.shape)[child, day]
    since = np.where(last >= 0, day - np.append(returns["day"].to_numpy(), 0)[last], NEVER)
    always = bands(since, SINCE_RETURN, "since_return")
    state = _states(returns, last, since, day, effect_days)
    found = choose_terms(always | state, terms, DEFAULT_TERMS, always=tuple(always), unit="child-days")
    if not (state["held"] == 1).any():
        raise CannotAnswer("no day at risk follows an interview", remedy="observe for longer")
    child, day = child[found.keep], day[found.keep]
    onset, days = risk.onset[child, day], risk.days_at_risk[child, day]
    size = days * (1 - onset / 2)  # the half-day rule: specification, section 1
    home = risk.residence[child, day]
    matrix, y, size, groups = added_up(found.matrix, onset.astype(np.int64), size, child=child, home=home)
    return outcome_rows(
        "interview",
        found.names,
        matrix,
        y=y,
        size=size,
        units={"child": group_of(groups["child"], risk.child_ids), "home": group_of(groups["home"], risk.home_ids)},
        facts={"onsets": int(y.sum()), "days after an interview": int((state["held"] == 1).sum())},
        notes=found.notes,
    )


def _returns(tables: Tables, risk: RiskSet) -> pd.DataFrame:
    """Returns of the children held, by day: what was offered and held after each, NaN where unrecorded."""
    frame = with_interviews(tables["missing_episodes"], tables["interviews"])
    end = to_day(frame["end_date"])
    known = (end != UNRECORDED_DAY) & ~frame["end_is_censored"].to_numpy(dtype=bool)
    child = pd.Index(risk.child_ids).get_indexer(frame["child_id"].to_numpy(dtype=str))
    held = to_day(frame["interview_date"])
    returns = pd.DataFrame(
        {
            "child": child,
            "day": end - risk.first_day,
            # on the day of an onset nothing is known yet of a return that same day
            "known_from": np.maximum(end, to_day(frame["start_date"]) + 1) - risk.first_day,
            # an episode without a line in the table had no offer, as far as the table says; one in doubt is left out
            "offered": frame["offered"].astype("Float64").to_numpy(dtype=float, na_value=0.0),
            "held_on": np.where(held == UNRECORDED_DAY, -NEVER, held - risk.first_day),
            "within_72h": frame["within_72h"].astype("Float64").to_numpy(dtype=float, na_value=np.nan),
            "quality": frame["quality"].to_numpy(dtype=float, na_value=np.nan),
            "in_doubt": frame["in_doubt"].to_numpy(dtype=float),
        }
    )
    kept = returns[known & (child >= 0) & (returns["day"] < risk.days)]
    return kept.sort_values(["child", "day"], kind="stable", ignore_index=True)


def _last_return(returns: pd.DataFrame, shape: tuple[int, int]) -> np.ndarray:
    """(C, D) row of the last return up to each day, -1 for none."""
    last = np.full(shape, -1, dtype=np.int64)
    for row, (child, day) in enumerate(zip(returns["child"], returns["known_from"], strict=True)):
        last[child, max(day, 0) :] = row
    return last


def _states(
    returns: pd.DataFrame, last: np.ndarray, since: np.ndarray, day: np.ndarray, effect_days: int
) -> dict[str, np.ndarray]:
    """Covariates of days at risk (N,) whose last return is row ``last``."""

    def of(name: str, without: float) -> np.ndarray:
        return np.append(returns[name].to_numpy(dtype=float), without)[last]

    after = day - of("held_on", -float(NEVER))
    held = (after > 0) & (after <= effect_days)
    recent = (since >= 0) & (since <= effect_days)
    doubt = np.where((of("in_doubt", 0.0) > 0) & recent, np.nan, 0.0)
    return {
        "offered": of("offered", 0.0) * recent + doubt,
        "held": held.astype(float) + doubt,
        "held_within_72h": np.where(held, of("within_72h", 0.0), 0.0),
        "held_quality": np.where(held, of("quality", 0.0), 0.0),
    }

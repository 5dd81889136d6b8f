"""Two homes, four children and a hundred days with a column, measure and event of every kind, small enough by hand.

Day 0 is 1 January 2024. ann and ben live in A throughout, cat in A until day 50 and in B from then on, dan in B. Each
has two onsets or more inside the window, which begins on day 28.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.frame.columns.days import Days
from missingmodels.frame.riskset import build_risk_set
from missingmodels.plan import Frame
from missingmodels.tables import Tables, make_tables

DAYS = 100
CHILDREN = ("ann", "ben", "cat", "dan")
ONSETS = {"ann": (30, 41, 80), "ben": (33, 60), "cat": (20, 45, 70), "dan": (50, 90)}
DECLARED = {
    "adhd": {"kind": "yes/no", "meaning": "a diagnosis of ADHD", "direction": "above"},
    "reason": {"kind": "category", "meaning": "reason of the placement", "levels": ["planned", "crisis", "return"]},
    "staff_trained": {"kind": "number", "meaning": "share of staff trained", "unit": "share"},
}


def date(day: int) -> pd.Timestamp:
    return pd.Timestamp("2024-01-01") + pd.Timedelta(days=day)


def rows(columns: str, *values: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame([dict(zip(columns.split(), row, strict=True)) for row in values])


@cache
def base() -> Tables:
    """Without anything of one's own."""
    child = {"authority": "301", "birth_date": "2009-05-01", "birth_date_precision": "day", "sex": "F"}
    stay = {"placement_type": "K2", "start_is_truncated": False, "end_date": pd.NaT}
    frames = {
        "children": pd.DataFrame(
            child
            | {"child_id": name, "recorded_from": date(-10), "in_education": name != "ben", "ethnicity": code}
            | {"prior_missing": name in ("ann", "dan"), "need_score": need}
            for name, code, need in zip(CHILDREN, ("WBRI", "WBRI", "BCRB", None), (0.0, 1.0, -1.0, 0.5), strict=True)
        ),
        "placements": pd.DataFrame(
            [
                stay | {"child_id": "ann", "start_date": date(-40), "home_id": "A", "distance_miles": 3.0},
                stay | {"child_id": "ben", "start_date": date(-30), "home_id": "A", "well_matched": True},
                stay | {"child_id": "cat", "start_date": date(-60), "end_date": date(50), "home_id": "A"},
                stay | {"child_id": "cat", "start_date": date(50), "home_id": "B", "well_matched": False},
                stay | {"child_id": "dan", "start_date": date(-5), "home_id": "B", "distance_miles": 40.0},
            ]
        ),
        "missing_episodes": pd.DataFrame(
            {"child_id": name, "start_date": date(day), "end_date": date(day + 2), "sequence": 0, "category": "M"}
            for name, days in ONSETS.items()
            for day in days
        ).assign(end_is_censored=False, sanctioned=lambda frame: frame["child_id"] == "ben"),
        "interviews": rows(
            "child_id episode_start_date sequence interview_date quality",
            ("ann", date(30), 0, date(35), 0.5),
            ("ann", date(41), 0, date(46), 0.75),
        ),
        "homes": rows(
            "home_id valid_from valid_to places sector weak_key",
            ("A", date(-500), date(40), 4, "private", False),
            ("A", date(40), pd.NaT, 3, "private", False),
            ("B", date(-500), pd.NaT, 2, "local_authority", False),
        ),
        "staff_spells": rows(
            "home_id staff_id start_date end_date role employment",
            ("A", "s1", date(-400), pd.NaT, "care", "permanent"),
            ("A", "s2", date(20), pd.NaT, "care", "permanent"),
            ("B", "s3", date(-200), pd.NaT, "care", "permanent"),
            ("A", "m1", date(-200), date(40), "manager", "permanent"),
            ("A", "m2", date(50), pd.NaT, "manager", "permanent"),
        ),
        "staff_shifts": shifts(),
        "social_worker_spells": rows(
            "child_id start_date end_date social_worker_id",
            ("ann", date(-100), date(35), "w1"),
            ("ann", date(35), pd.NaT, "w2"),
            ("ben", date(-100), pd.NaT, "w1"),
        ),
        "ties": rows(
            "child_a child_b start_date end_date strength kind",
            ("ann", "ben", date(-30), pd.NaT, 1.0, "home"),
            ("ann", "cat", date(-40), pd.NaT, 0.5, "home"),
            ("ben", "dan", date(-5), pd.NaT, 0.5, "area"),
        ),
        "staff_periods": rows(
            "home_id start_date end_date worked_hours agency_hours permanent_headcount permanent_leavers",
            *(
                (home, date(at), date(at + 28), 900.0 + at, 500.0 + at, 6.0, 1.0)
                for home in "AB"
                for at in range(-392, 112, 28)
            ),
        ),
    }
    return make_tables(frames, observed_from=date(0), observed_to=date(DAYS), all_residents=True)


def shifts() -> pd.DataFrame:
    """Every day s1 and, on even days, s2 in A, on every third an agency worker; s3 in B. Day 101 is beyond the span."""
    found = []
    for day in range(DAYS + 1):
        people = [("A", "s1", "permanent"), ("B", "s3", "permanent")]
        people += [("A", "s2", "permanent")] if day % 2 == 0 and day >= 20 else []
        people += [("A", "x1", "agency")] if day % 3 == 0 else []
        found += [
            (home, who, date(day) + pd.Timedelta(hours=8), date(day) + pd.Timedelta(hours=20), "day", kind, "worked")
            for home, who, kind in people
        ]
    return rows("home_id staff_id start_time end_time shift_type employment status", *found)


@cache
def with_own() -> Tables:
    """With columns, measures and events of one's own."""
    tables = base().with_columns(
        children=pd.DataFrame({"child_id": CHILDREN, "adhd": [True, False, None, False]}),
        placements=rows(
            "child_id start_date reason",
            ("ann", date(-40), "planned"),
            ("ben", date(-30), "crisis"),
            ("cat", date(-60), "planned"),
            ("cat", date(50), "return"),
            ("dan", date(-5), "crisis"),
        ),
        homes=rows(
            "home_id valid_from staff_trained",
            ("A", date(-500), 0.2),
            ("A", date(40), 0.6),
            ("B", date(-500), 0.5),
        ),
        declare=DECLARED,
    )
    return tables.with_measures(measures(), declare=MEANT).with_events(events(), declare=HAPPENED)


MEANT = {
    "attendance": {"meaning": "share of sessions attended in school", "unit": "share", "direction": "below"},
    "climate": {"meaning": "how children rate the home, 1 to 10", "unit": "points"},
    "grade": {"meaning": "risk grade"},
    "belonging": {"meaning": "felt to belong in this home"},
    "trusts": {"kind": "yes/no", "meaning": "the child trusts the adult"},
    "engaged": {"kind": "yes/no", "meaning": "the adult is engaged"},
    "support": {"meaning": "community support of the area"},
}
HAPPENED = {
    "conflict": {"meaning": "a conflict in the home", "direction": "above"},
    "police": {"meaning": "contact with the police"},
}


def measures() -> pd.DataFrame:
    columns = "name child_id home_id staff_id authority start_date end_date known_date value"
    return rows(
        columns,
        ("attendance", "ann", None, None, None, date(0), date(28), date(29), 0.8),
        ("attendance", "ann", None, None, None, date(28), date(56), date(57), 0.4),
        ("attendance", "ben", None, None, None, date(0), date(28), date(29), 0.5),
        ("climate", None, "A", None, None, date(10), None, date(10), 6.0),
        ("climate", None, "A", None, None, date(60), None, date(62), 8.0),
        ("climate", None, "B", None, None, date(5), None, date(5), 3.0),
        ("grade", "cat", None, None, None, date(10), date(40), date(10), 3.0),
        ("grade", "dan", None, None, None, date(10), None, date(10), 1.0),
        ("belonging", "cat", "A", None, None, date(0), None, date(0), 2.0),
        ("belonging", "cat", "B", None, None, date(55), None, date(55), 5.0),
        ("trusts", "ann", None, "s1", None, date(0), None, date(0), 0.0),
        ("trusts", "ann", None, "s2", None, date(30), None, date(30), 1.0),
        ("engaged", None, None, "s1", None, date(-5), None, date(-5), 1.0),
        ("engaged", None, None, "s2", None, date(-5), None, date(-5), 0.0),
        ("support", None, None, None, "301", date(0), None, date(0), 2.0),
        ("support", None, None, None, "301", date(50), None, date(50), 4.0),
    )


def events() -> pd.DataFrame:
    return rows(
        "kind child_id home_id day",
        ("conflict", None, "A", date(31)),
        ("conflict", None, "A", date(32)),
        ("conflict", None, "B", date(55)),
        ("police", "ann", "A", date(-3)),
        ("police", "ann", "A", date(40)),
        ("police", "cat", None, date(49)),
        ("police", "cat", None, date(49)),
    )


def days_of(tables: Tables, *, frame: Frame | None = None) -> Days:
    """Every child-day lived in a home."""
    settings = frame or Frame()
    risk = build_risk_set(tables, settings)
    child, day = np.nonzero(risk.residence >= 0)
    return Days(tables=tables, risk=risk, settings=settings, child=child, day=day)


def by_day(days: Days, values: Any, child: str) -> dict[int, Any]:
    """A column of one child by day."""
    own = np.array(days.risk.child_ids)[days.child] == child
    return dict(zip(days.day[own].tolist(), np.asarray(values)[own].tolist(), strict=True))

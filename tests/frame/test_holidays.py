"""School holidays as a plan declares them, by the authority of the home."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from missingmodels.config import from_mapping
from missingmodels.errors import ConfigInvalid
from missingmodels.frame.columns.holidays import of_calendar, school_holiday
from missingmodels.frame.riskset import build_risk_set
from missingmodels.intervals import to_day
from missingmodels.plan import Frame, Plan, kept_plan
from own_cases import days_of
from worlds import day_rows, plan_of, remade, small_world

FIRST = 19_000  # days since 1970


def date(offset: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=FIRST + offset)


def test_a_calendar_by_hand():
    """Holidays on days 2 and 3, and on 7 alone: a term of three days between, so days 0 to 10 are known."""
    found = of_calendar([(date(7), date(7)), (date(2), date(3))], FIRST, 13)
    nan = np.nan
    np.testing.assert_array_equal(found, [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, nan, nan])


def test_a_homes_authority_has_its_own_calendar_or_that_of_all():
    tables = small_world(4, n_homes=6, days=120).tables
    homes = tables["homes"].copy()
    homes["authority"] = ["301", "302", None] * 2
    tables = remade(tables, {"homes": homes})
    start = tables.observed_from.date()
    day = [start + dt.timedelta(days=n) for n in range(120)]
    everywhere, own = ((day[10], day[19]), (day[60], day[69])), ((day[30], day[39]), (day[80], day[89]))
    for declared, third in (({"all": everywhere, "302": own}, everywhere), ({"302": own}, None)):
        settings = Frame(school_holidays=declared)
        days = days_of(tables, frame=settings)
        found = school_holiday(days)
        names = np.array(days.risk.home_ids)[days.home]
        at = dict(zip(homes["home_id"], homes["authority"], strict=True))
        for home in np.unique(names):
            held = own if at[home] == "302" else third
            mine = names == home
            expected = (
                np.full(mine.sum(), np.nan)
                if held is None
                else of_calendar(held, to_day(tables.observed_from), 120)[days.day[mine]]
            )
            np.testing.assert_array_equal(found[mine], expected)
            assert held is None or set(np.unique(found[mine])) >= {0.0, 1.0}


def test_it_is_a_column_of_a_formula_and_of_plans_on_file():
    tables = small_world(4, n_homes=6, days=120).tables
    start = tables.observed_from.date()
    text = [[str(start + dt.timedelta(days=n)) for n in pair] for pair in ((30, 39), (80, 89))]
    plan = plan_of(models=["M0", "M1"], terms={"calendar": "school_holiday"}, frame={"school_holidays": {"all": text}})
    frame = day_rows(tables, build_risk_set(tables, plan.frame), plan).frame
    inside = frame["day"].between(30, 39) | frame["day"].between(80, 89)
    np.testing.assert_array_equal(frame["school_holiday"], inside.astype(float))
    assert kept_plan(plan.model_dump(mode="json")) == plan
    none = plan.changed({"frame.school_holidays": {}})
    with pytest.raises(ConfigInvalid, match="declares no holidays"):
        day_rows(tables, build_risk_set(tables, none.frame), none)


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ([["2024-07-24", "2024-09-02"]], "'301' needs two holidays or more"),
        ([["2024-07-24", "2024-07-02"], ["2024-10-28", "2024-11-01"]], "ends on 2024-07-02, before it begins"),
        ([["2024-10-28", "2024-11-01"], ["2024-07-24", "2024-10-28"]], "overlap on 2024-10-28"),
        ([["2024-07-24", "summer"], ["2024-10-28", "2024-11-01"]], "school_holidays"),
    ],
)
def test_a_calendar_that_is_none_is_refused(spans, said):
    with pytest.raises(ConfigInvalid, match=said):
        from_mapping({"frame": {"school_holidays": {"301": spans}}}, Plan)

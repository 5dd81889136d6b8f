"""Staffing from a rota, worked by hand; with the nights on which the clocks change.

Home A, two children, periods of 28 days from Monday 28 February 2022. Each day: one day shift 08:00-20:00 by s1
(permanent), a waking night 20:00-08:00 by s2 (agency) and a sleep-in 22:00-07:00 by s3, which does not count.

Period 0, 28 February to 27 March, holds Sunday 27 March: the clocks went forward at 01:00, so it has 28*24 - 1 = 671
hours, and the night of 26 to 27 March has 11. Before 28 February there was no shift, so the first 8 hours of that day,
00:00 to 08:00, are unstaffed, and the night that begins on 27 March counts 4 hours here, 8 in period 1.
  day shifts 28 * 12 = 336; nights 26 * 12 + 11 + 4 = 327; on duty 663 / 671.
Period 1, 28 March to 24 April: day shifts 336, nights 8 + 27 * 12 + 4 = 336: 672 / 672 = 1 on duty, half of it agency.
Period 2, 25 April to 22 May: as period 1.
The rota ends there; a night that ends on 23 May touches period 3 for one day only.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from missingmodels.frame.columns.shifts import elapsed, hours_from_shifts
from missingmodels.frame.columns.structure import staff_measures
from missingmodels.frame.riskset import build_risk_set
from missingmodels.plan import Frame
from missingmodels.tables import Tables, make_tables

FIRST = pd.Timestamp("2022-02-28")


def rota(first: str = "2022-02-28", days: int = 84) -> pd.DataFrame:
    rows = []
    for day in pd.date_range(first, periods=days):
        for staff, begin, hours, kind, contract in (
            ("s1", 8, 12, "day", "permanent"),
            ("s2", 20, 12, "waking_night", "agency"),
            ("s3", 22, 9, "sleep_in", "permanent"),
        ):
            start = day + pd.Timedelta(hours=begin)
            rows.append(("A", staff, start, start + pd.Timedelta(hours=hours), kind, contract, "worked"))
    columns = ["home_id", "staff_id", "start_time", "end_time", "shift_type", "employment", "status"]
    return pd.DataFrame(rows, columns=columns)


def tables(shifts: pd.DataFrame, periods: pd.DataFrame | None = None) -> Tables:
    child = {"authority": "301", "birth_date": "2008-03-01", "birth_date_precision": "day", "recorded_from": FIRST}
    stay = {"start_date": FIRST, "end_date": None, "home_id": "A", "placement_type": "K2", "start_is_truncated": False}
    frames = {
        "children": pd.DataFrame([child | {"child_id": c} for c in ("c1", "c2")]),
        "placements": pd.DataFrame([stay | {"child_id": c} for c in ("c1", "c2")]),
        "missing_episodes": pd.DataFrame(
            {"child_id": [], "start_date": [], "end_date": [], "sequence": [], "category": [], "end_is_censored": []}
        ),
        "homes": pd.DataFrame([{"home_id": "A", "valid_from": FIRST, "weak_key": False}]),
        "staff_shifts": shifts,
    }
    if periods is not None:
        frames["staff_periods"] = periods
    return make_tables(frames, observed_from=FIRST, observed_to=FIRST + pd.Timedelta(days=112), all_residents=True)


def measures(data: Tables) -> dict[str, np.ndarray]:
    return staff_measures(data, build_risk_set(data, Frame(burn_in_days=0)))


def test_ratio_and_agency_share_over_a_change_of_clocks():
    found = measures(tables(rota()))
    # as known when periods 1, 2 and 3 begin; two residents
    expected = np.log([663 / 671 / 2, 1 / 2, 1 / 2])
    np.testing.assert_allclose(found["staff_ratio"], [[np.nan, *expected]], rtol=1e-12)
    np.testing.assert_allclose(found["agency_share"], [[np.nan, 327 / 663, 0.5, 0.5]], rtol=1e-12)


def test_the_autumn_night_has_an_hour_more():
    local = pd.Series(pd.to_datetime(["2022-10-29 22:00", "2022-10-30 07:30", "2022-03-26 22:00", "2022-03-27 07:30"]))
    seconds = elapsed(local)
    assert (seconds[1] - seconds[0]) / 3600 == 10.5
    assert (seconds[3] - seconds[2]) / 3600 == 8.5


def test_period_totals_come_first_where_they_are_given():
    periods = pd.DataFrame(
        {"home_id": ["A"], "start_date": ["2022-03-28"], "end_date": ["2022-04-25"], "worked_hours": [1344.0]}
    ).assign(agency_hours=134.4)
    found = measures(tables(rota(), periods))
    np.testing.assert_allclose(found["staff_ratio"][0, 1:], np.log([663 / 671 / 2, 2 / 2, 1 / 2]), rtol=1e-12)
    np.testing.assert_allclose(found["agency_share"][0, 1:], [327 / 663, 0.1, 0.5], rtol=1e-12)


def test_a_period_with_a_day_without_shifts_is_unrecorded():
    shifts = rota()
    gap = shifts["start_time"].dt.normalize().isin(pd.to_datetime(["2022-04-10", "2022-04-09"]))
    # the night of the 8th ends on the 9th at 08:00, so only the 10th is untouched
    found = measures(tables(shifts[~gap]))
    assert np.isnan(found["staff_ratio"][0]).tolist() == [True, False, True, False]


@pytest.mark.parametrize("changed", [{"status": "planned"}, {"shift_type": "on_call"}, {"shift_type": "training"}])
def test_what_is_not_on_duty(changed):
    data = tables(rota().assign(**changed))
    hours, _, _, _ = hours_from_shifts(data, build_risk_set(data, Frame(burn_in_days=0)))
    assert hours.sum() == 0


def test_an_unrecorded_contract_leaves_the_share_unrecorded_but_not_the_ratio():
    shifts = rota()
    day = (shifts["start_time"].dt.normalize() == pd.Timestamp("2022-04-05")) & (shifts["staff_id"] == "s1")
    shifts.loc[day, "employment"] = None
    found = measures(tables(shifts))
    # known when period 2 begins is what was worked in period 1
    assert np.isnan(found["agency_share"][0]).tolist() == [True, False, True, False]
    assert not np.isnan(found["staff_ratio"][0, 1:]).any()

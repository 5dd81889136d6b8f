"""Measures of staff, interviews and social workers, worked by hand; and what holds for all measures."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import pytest
from years import gone, measured, stay, value, why, year

from missingmodels.frame.published.calibration import compare, measure_targets
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.tables import check_tables, make_tables
from missingmodels.targets import targets

STAYS = [stay("a", "h1"), stay("b", "h1"), stay("c", "h2")]


def person(home: str, staff: str, start: str, end: str | None = None, kind: str = "permanent") -> dict[str, Any]:
    return {"home_id": home, "staff_id": staff, "start_date": start, "end_date": end, "employment": kind}


def test_turnover_from_spells() -> None:
    spells = [
        person("h1", "s1", "2022-01-01"),
        person("h1", "s2", "2022-01-01", "2023-07-02"),  # 182 days in the year, left
        person("h1", "s3", "2023-07-02"),  # 183 days
        person("h2", "s4", "2022-01-01", "2023-01-01"),  # left before the year
        person("h2", "s5", "2022-01-01", "2023-07-01", "agency"),  # not permanent
        person("h2", "s6", "2023-12-01", "2024-01-01") | {"role": "night_care"},  # 31 days, left with the year
        person("h2", "s7", "2022-01-01", "2023-07-01") | {"role": "manager"},  # no care staff
    ]
    found = measured(year(STAYS, staff_spells=spells), "staff_turnover_annual")
    assert found.value == pytest.approx(2 / ((365 + 182 + 183 + 31) / 365.25))
    assert found.note == "from staff_spells"


def test_turnover_and_staff_from_periods() -> None:
    half = {"home_id": "h1", "start_date": "2023-01-01", "end_date": "2023-07-01", "permanent_headcount": 8.0}
    other = {"home_id": "h1", "start_date": "2023-07-01", "end_date": "2024-01-01", "permanent_headcount": 7.0}
    early = {"home_id": "h1", "start_date": "2022-07-01", "end_date": "2023-01-01", "permanent_headcount": 9.0}
    periods = [
        half | {"permanent_leavers": 2.0},
        other | {"permanent_leavers": 1.0},
        early | {"permanent_leavers": 9.0},
    ]
    tables = year(STAYS, staff_periods=periods)
    assert value(tables, "staff_turnover_annual") == pytest.approx(3 / ((8 * 181 + 7 * 184) / 365.25))
    assert value(tables, "staff_per_home") == 7
    assert "headcount and leavers" in why(year(STAYS, staff_periods=[half]), "staff_turnover_annual")


def test_staff_per_home_counts_people_in_post_on_the_last_day() -> None:
    spells = [
        person("h1", "s1", "2022-01-01"),
        person("h1", "s2", "2022-01-01", kind="agency"),
        person("h1", "s2", "2023-06-01", kind="bank"),  # the same person
        person("h1", "s3", "2022-01-01", "2023-12-31"),
        person("h2", "s4", "2022-01-01", "2023-07-01"),  # a home with nobody left counts
    ]
    assert value(year(STAYS, staff_spells=spells), "staff_per_home") == 2 / 2


def test_agency_in_each_of_the_last_four_weeks() -> None:
    def shift(home: str, day: str, employment: str = "agency", status: str = "worked") -> dict[str, Any]:
        times = {"start_time": f"{day}T08:00", "end_time": f"{day}T16:00"}
        return {"home_id": home, "staff_id": "s1", "status": status, "employment": employment, **times}

    weekly = ["2023-12-04", "2023-12-11", "2023-12-18", "2023-12-25"]  # the weeks end on 31 December
    shifts = [shift("h1", day) for day in weekly]
    shifts += [shift(h, day) for h in ("h2", "h6") for day in weekly[1:]] + [shift("h2", weekly[0], status="planned")]
    shifts += [shift("h3", day, "bank") for day in weekly] + [shift("h4", "2023-11-01")]
    shifts += [shift("h5", day) for day in weekly[:2]]
    tables = year([stay(f"c{h}", h) for h in ("h1", "h2", "h3", "h4", "h5", "h6")], staff_shifts=shifts)
    found = measured(tables, "homes_using_agency_weekly_share")
    assert (found.value, found.count) == (1 / 5, 5)
    assert "staff_shifts" in why(year(STAYS), "homes_using_agency_weekly_share")


EPISODES = [
    gone("a", "2023-02-01", "2023-02-02"),
    gone("a", "2023-03-01"),
    gone("b", "2023-04-01"),
    gone("c", "2023-05-01", None),  # has not come back
    gone("c", "2023-06-01", category="A"),
]


def interview(child: str, start: str, **more: Any) -> dict[str, Any]:
    return {"child_id": child, "episode_start_date": start, "sequence": 0, "offered": True} | more


def test_interviews_per_incident_that_ended() -> None:
    held = [
        interview("a", "2023-02-01", interview_date="2023-02-05"),  # 3 days after the return
        interview("a", "2023-03-01", interview_date="2023-03-05"),  # 4 days
        interview("b", "2023-04-01", accepted=False),
        interview("c", "2023-06-01", interview_date="2023-06-02"),  # not of a missing incident
    ]
    tables = year(STAYS, EPISODES, interviews=held)
    assert value(tables, "rhi_completed_per_episode") == pytest.approx(2 / 3)
    assert value(tables, "rhi_within_72h_share") == 1 / 2
    held[1]["within_72h"] = True  # a flag goes before the dates
    assert value(year(STAYS, EPISODES, interviews=held), "rhi_within_72h_share") == 1


def test_interviews_without_dates() -> None:
    held = [interview("a", "2023-02-01", accepted=True, within_72h=False), interview("b", "2023-04-01", accepted=False)]
    tables = year(STAYS, EPISODES, interviews=held)
    assert value(tables, "rhi_completed_per_episode") == pytest.approx(1 / 3)
    assert value(tables, "rhi_within_72h_share") == 0
    bare = [interview("a", "2023-02-01")]
    assert "interview_date and accepted" in why(year(STAYS, EPISODES, interviews=bare), "rhi_completed_per_episode")
    assert "no interviews" in why(year(STAYS, EPISODES), "rhi_within_72h_share")


def test_changes_of_social_worker() -> None:
    def case(child: str, worker: str, start: str, end: str | None = None) -> dict[str, Any]:
        return {"child_id": child, "social_worker_id": worker, "start_date": start, "end_date": end}

    spells = [
        case("a", "w1", "2022-01-01", "2023-05-01"),
        case("a", "w2", "2023-05-01"),
        case("b", "w1", "2022-01-01", "2023-05-01"),  # the same worker again is no change
        case("b", "w1", "2023-05-01"),
        case("c", "w1", "2023-02-01", "2023-05-01"),  # no record of the start of the year
        case("c", "w2", "2023-05-01"),
        case("d", "w1", "2021-01-01", "2022-05-01"),  # changed before the year
        case("d", "w2", "2022-05-01"),
    ]
    tables = year([*STAYS, stay("d", "h2")], social_worker_spells=spells)
    found = measured(tables, "social_worker_change_12m_share")
    assert (found.value, found.count) == (pytest.approx(1 / 3), 3)
    assert "social_worker_spells" in why(year(STAYS), "social_worker_change_12m_share")


def test_every_measure_speaks_on_any_tables() -> None:
    """A value with the size of its denominator, or a reason: on simulated tables and on the smallest ones."""
    world = simulate_world(Scenario(homes={"count": 10}, days=400), seed=1)
    for tables in (world.tables, year([stay("a", "h1")]), year([stay("a", None)])):
        for name, found in measure_targets(tables).items():
            assert (found.value is None) == bool(found.why), name
            assert found.value is None or (found.count > 0 and found.of), name


def test_order_and_names_of_rows_do_not_matter() -> None:
    tables = simulate_world(Scenario(homes={"count": 10}, days=400), seed=2).tables
    frames = {name: frame.sample(frac=1, random_state=3) for name, frame in tables.frames.items()}
    for frame in frames.values():
        if "child_id" in frame:
            frame["child_id"] = frame["child_id"].str.replace("child00", "z").radd("q")
    frames.pop("ties")
    others = make_tables(frames, observed_from=tables.observed_from, observed_to=tables.observed_to, all_residents=True)
    assert not [f for f in check_tables(others) if f.severity == "error"]
    one, other = measure_targets(tables), measure_targets(others)
    for name in targets():
        assert one[name].value == (None if other[name].value is None else pytest.approx(other[name].value)), name
        assert one[name].count == other[name].count, name


def test_what_lies_before_the_year_does_not_matter() -> None:
    tables = simulate_world(Scenario(homes={"count": 10}, days=500), seed=2).tables
    later = make_tables(
        tables.frames,
        observed_from=tables.observed_to - pd.Timedelta(days=365),
        observed_to=tables.observed_to,
        all_residents=True,
    )
    assert measure_targets(tables) == measure_targets(later)


def test_comparison_keeps_the_order_of_the_list() -> None:
    found = compare([measure_targets(year([stay("a", "h1")]))])
    assert [c.target.name for c in found] == list(targets())
    assert found[0].definition


@pytest.mark.slow
def test_a_national_year_takes_seconds() -> None:
    tables = simulate_world(Scenario(homes={"count": 3500}), seed=1).tables
    began = time.perf_counter()
    measure_targets(tables)
    assert time.perf_counter() - began < 10

"""Measures of homes, residents and stays, each worked by hand on a few rows."""

from __future__ import annotations

import pytest
from years import home, measured, stay, value, why, year

HOMES = [
    home("h1", places=3, sector="private"),
    home("h2", places=6, sector="local_authority"),
    home("h3", places=2, sector="private"),
    home("h4", places=4),
    home("short", places=9, sector="voluntary", short_break_only=True),
    home("shut", places=9, sector="voluntary", valid_to="2023-12-31"),
]


def test_homes_of_the_last_day_without_short_breaks() -> None:
    tables = year([stay("a", "h1")], homes=HOMES)
    assert value(tables, "home_places_mean") == 15 / 4
    assert value(tables, "home_places_le3_share") == 2 / 4
    assert value(tables, "home_places_ge6_share") == 1 / 4
    assert value(tables, "sector_private_share_homes") == pytest.approx(2 / 3)  # one has no sector recorded
    assert value(tables, "sector_la_share_homes") == pytest.approx(1 / 3)
    assert measured(tables, "sector_private_share_homes").count == 3


def test_occupancy_is_resident_days_over_place_days() -> None:
    # h1: 3 places all year; a lives there all year, b for 73 of 365 days. h2 has no places recorded, so c is left out.
    stays = [stay("a", "h1"), stay("b", "h1", "2023-01-01", "2023-03-15"), stay("c", "h2")]
    tables = year(stays, homes=[home("h1", places=3), home("h2")])
    assert value(tables, "occupancy") == pytest.approx((365 + 73) / (3 * 365))


def test_occupancy_follows_registration() -> None:
    # 2 places for the first 181 days, 4 for the other 184
    homes = [home("h1", places=2, valid_to="2023-07-01"), home("h1", places=4, valid_from="2023-07-01")]
    tables = year([stay("a", "h1")], homes=homes)
    assert value(tables, "occupancy") == pytest.approx(365 / (2 * 181 + 4 * 184))


def test_occupancy_and_home_rates_need_all_residents() -> None:
    tables = year([stay("a", "h1")], homes=[home("h1", places=3)], all_residents=False)
    assert "one authority's children" in why(tables, "occupancy")
    assert "one authority's children" in why(tables, "incidents_per_home_year")


def test_residents_of_the_last_day() -> None:
    stays = [
        stay("a", "h1", out_of_area=True, distance_miles=21.0, well_matched=True),
        stay("b", "h1", out_of_area=True, distance_miles=20.0, well_matched=False),
        stay("c", "h1", out_of_area=False),
        stay("left", "h1", end="2023-12-31", out_of_area=False, distance_miles=50.0, well_matched=False),
    ]
    children = {
        "a": {"sex": "M", "uasc_from": "2023-01-01", "uasc_to": "2023-12-31"},
        "b": {"sex": "F", "uasc_from": "2023-06-01"},
        "c": {"sex": "U"},
        "left": {"sex": "M"},
    }
    tables = year(stays, children=children)
    assert value(tables, "residents_male_share") == 1 / 2
    assert value(tables, "residents_uasc_share") == pytest.approx(1 / 3)  # a's status ended the day before
    assert value(tables, "residents_out_of_area_share") == pytest.approx(2 / 3)
    assert value(tables, "residents_over_20_miles_share") == 1 / 2
    assert value(tables, "well_matched_share") == 1 / 2


def test_unrecorded_columns_say_so() -> None:
    tables = year([stay("a", "h1")])
    for name, column in {
        "home_places_mean": "places",
        "sector_private_share_homes": "sector",
        "residents_male_share": "sex",
        "residents_uasc_share": "uasc_from",
        "residents_out_of_area_share": "out_of_area",
        "residents_over_20_miles_share": "distance_miles",
        "well_matched_share": "well_matched",
    }.items():
        assert column in why(tables, name), name
        assert "unrecorded" in why(tables, name), name


def test_ended_placements() -> None:
    stays = [
        stay("a", "h1", "2022-12-22", "2023-01-11"),  # 20 days
        stay("a", "h2", "2023-01-11", "2023-02-10"),  # 30 days: a month or less
        stay("a", "h3", "2023-02-10"),  # goes on
        stay("b", "h1", "2023-03-01", "2023-03-11"),  # one placement of 100 days, a week in hospital bridged
        stay("b", None, "2023-03-11", "2023-03-18", placement_type="T1"),
        stay("b", "h1", "2023-03-18", "2023-06-09"),
        stay("c", "h2", "2023-01-01", "2023-02-01", start_is_truncated=True),  # true length unknown
        stay("d", "h2", "2022-06-01", "2023-01-01"),  # ended before the year
        stay("e", "h2", "2023-12-01", "2024-01-01"),  # 31 days, over with the year
    ]
    tables = year(stays)
    found = measured(tables, "placement_days_mean")
    assert found.count == 4
    assert found.value == (20 + 30 + 100 + 31) / 4
    assert value(tables, "placement_days_median") == 30.5
    assert value(tables, "placement_under_1_month_share") == 2 / 4


def test_a_truncated_start_marks_the_whole_run() -> None:
    stays = [
        stay("a", "h1", "2022-01-01", "2022-12-20", start_is_truncated=True),
        stay("a", "h1", "2022-12-20", "2023-02-01"),  # the same run: its start is unknown
        stay("b", "h1", "2023-01-01", "2023-01-11"),
    ]
    found = measured(year(stays), "placement_days_mean")
    assert (found.value, found.count) == (10, 1)


def test_a_placement_ends_at_eighteen() -> None:
    tables = year([stay("a", "h1", "2023-05-02")], children={"a": {"birth_date": "2005-06-01"}})
    assert value(tables, "placement_days_mean") == 30


def test_three_placements_in_the_year() -> None:
    stays = [
        stay("a", "h1", end="2023-04-01"),  # three homes
        stay("a", "h2", "2023-04-01", "2023-06-01"),
        stay("a", "h3", "2023-06-01"),
        stay("b", "h1", end="2023-04-01"),  # a home, foster care, foster care
        stay("b", None, "2023-04-01", "2023-06-01"),
        stay("b", None, "2023-06-01"),
        stay("c", "h1", end="2023-04-01"),  # a week in hospital is no placement
        stay("c", None, "2023-04-01", "2023-04-08", placement_type="T1"),
        stay("c", "h1", "2023-04-08", "2023-08-01"),
        stay("c", "h2", "2023-08-01"),
        stay("d", "h1", end="2023-08-01"),  # left care: not in care 12 months
        stay("e", "h1", "2023-01-02"),  # not in a home on the first day
    ]
    found = measured(year(stays), "three_plus_placements_share")
    assert (found.value, found.count, found.note) == (pytest.approx(2 / 3), 3, "")
    only_homes = measured(year([s for s in stays if s["placement_type"] != "U1"]), "three_plus_placements_share")
    assert only_homes.value == 1 / 2  # b is not placed on the last day, as far as these tables know
    assert "unseen" in only_homes.note


def test_the_year_is_the_last_365_days() -> None:
    stays = [stay("a", "h1", "2021-01-01"), stay("b", "h1", "2021-01-01", "2022-11-01")]
    tables = year(stays, homes=[home("h1", places=2)], observed_from="2022-01-01")
    assert value(tables, "occupancy") == 1 / 2
    assert "no placements in homes that ended" in why(tables, "placement_days_mean")

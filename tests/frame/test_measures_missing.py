"""Measures of missing incidents, each worked by hand on a few rows or against an outside answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom
from years import gone, home, measured, stay, value, why, year

from missingmodels.frame.published.calibration import measure_targets
from missingmodels.frame.published.missing import negative_binomial_k, top_share

STAYS = [stay("a", "h1"), stay("b", "h1"), stay("c", "h2", end="2023-03-15"), stay("d", "h2")]
EPISODES = [
    gone("a", "2023-02-01"),
    gone("a", "2023-03-01", "2023-03-02"),  # 28 days after the first
    gone("a", "2023-03-01", "2023-03-01", sequence=1, category="A"),
    gone("a", "2023-12-31", None),
    gone("b", "2023-02-01", "2023-02-11"),
    gone("b", "2023-03-02", "2023-03-03", end_is_censored=True),  # 29 days after the first
    gone("c", "2023-03-14", "2023-03-16"),
    gone("c", "2023-03-15"),  # has left the home
    gone("d", "2022-12-31"),  # before the year
]


def test_counts_of_the_year() -> None:
    tables = year(STAYS, EPISODES)
    resident_days = 3 * 365 + 73
    assert value(tables, "missing_rate_per_resident_year") == pytest.approx(6 / (resident_days / 365.25))
    assert value(tables, "missing_prevalence_year") == 3 / 4
    assert value(tables, "incidents_per_missing_resident") == 2
    assert value(tables, "missing_residents_repeat_share") == pytest.approx(2 / 3)
    assert value(tables, "repeat_incident_share") == 3 / 6
    assert value(tables, "first_repeat_within_28d_share") == 1 / 2
    assert value(tables, "awol_share_of_recorded_absences") == pytest.approx(1 / 7)
    assert value(tables, "incidents_per_home_year") == pytest.approx(6 / (2 * 365 / 365.25))


def test_durations_are_differences_of_dates_of_those_who_came_back() -> None:
    tables = year(STAYS, EPISODES)  # days away 0, 1, 10, 2; one open, one censored
    assert measured(tables, "duration_same_date_share").count == 4
    assert value(tables, "duration_same_date_share") == 1 / 4
    assert value(tables, "duration_le_2_days_share") == 3 / 4
    assert value(tables, "duration_gt_7_days_share") == 1 / 4


def test_duration_bands_are_cut_at_two_and_seven_days() -> None:
    episodes = [gone("a", f"2023-{m:02d}-01", f"2023-{m:02d}-{1 + n:02d}") for m, n in enumerate((0, 2, 3, 7, 8), 1)]
    tables = year(STAYS, episodes)
    assert value(tables, "duration_le_2_days_share") == 2 / 5
    assert value(tables, "duration_gt_7_days_share") == 1 / 5


def test_joint_incidents_begin_in_one_home_on_one_day() -> None:
    episodes = [
        gone("a", "2023-02-01"),
        gone("b", "2023-02-01"),  # with a
        gone("d", "2023-02-01"),  # the same day, another home
        gone("a", "2023-03-01"),
        gone("a", "2023-03-01", sequence=1),  # the same child twice
    ]
    assert value(year(STAYS, episodes), "co_missing_share") == 2 / 5


def test_hours_where_they_are_held() -> None:
    episodes = [
        gone("a", "2023-02-01", hours_away=2.0, start_hour=15.9),
        gone("a", "2023-03-01", hours_away=9.0, start_hour=16.0),
        gone("b", "2023-04-01", hours_away=49.0, start_hour=23.5),
        gone("b", "2023-05-01", start_hour=0.5),
        gone("d", "2023-06-01", category="A", hours_away=500.0, start_hour=18.0),
    ]
    tables = year(STAYS, episodes)
    assert value(tables, "duration_median_hours") == 9
    assert value(tables, "duration_gt_48h_share") == pytest.approx(1 / 3)
    assert value(tables, "onset_16_to_24h_share") == 2 / 4


def test_episodes_outside_homes_and_before_the_record_do_not_count() -> None:
    stays = [*STAYS, stay("e", None), stay("f", "h2", "2023-01-01", "2023-02-01"), stay("f", None, "2023-02-01")]
    episodes = [gone("e", "2023-02-01"), gone("f", "2023-02-01"), gone("b", "2023-03-01"), gone("a", "2023-03-01")]
    children = {"b": {"recorded_from": "2023-07-01"}}
    tables = year(stays, episodes, children=children)
    days = 365 + 184 + 73 + 365 + 31  # b's second half-year only
    assert value(tables, "missing_rate_per_resident_year") == pytest.approx(1 / (days / 365.25))


def test_in_area_over_out_of_area() -> None:
    # in area: a all year and missing, b all year and not; out: c and d, 365 and 73 days, both missing, c twice
    stays = [
        stay("a", "h1", out_of_area=False),
        stay("b", "h1", out_of_area=False),
        stay("c", "h2", out_of_area=True),
        stay("d", "h2", "2023-01-01", "2023-03-15", out_of_area=True),
    ]
    episodes = [gone("a", "2023-01-05"), gone("c", "2023-01-05"), gone("c", "2023-02-05"), gone("d", "2023-01-05")]
    expected = (1 / 730) / (2 / 438)
    assert value(year(stays, episodes), "in_to_out_area_prevalence_ratio") == pytest.approx(expected)
    assert "out_of_area is unrecorded" in why(year(STAYS, episodes), "in_to_out_area_prevalence_ratio")


def test_rates_by_age_split_at_the_birthday() -> None:
    # a turns 16 on 1 July: 181 days at 15, 184 at 16; one incident before, two from that day on. b turns 10 on 1 May.
    children = {"a": {"birth_date": "2007-07-01"}, "b": {"birth_date": "2013-05-01"}}
    episodes = [gone("a", d) for d in ("2023-06-30", "2023-07-01", "2023-12-01")] + [gone("b", "2023-04-30")]
    tables = year([stay("a", "h1"), stay("b", "h1")], episodes, children=children)
    expected = (2 / 184) / (1 / (181 + 245))
    assert value(tables, "rate_ratio_16plus_vs_10to15") == pytest.approx(expected)


def test_spread_between_authorities() -> None:
    stays = [stay(f"{a}{i}", "h1") for a in "xyz" for i in range(10 if a != "z" else 9)]
    children = {row["child_id"]: {"authority": row["child_id"][0]} for row in stays}
    episodes = [gone(c, "2023-02-01") for c in ("x0", "x1", "y0", "y1", "y2", "y3", "z0")]
    found = measured(year(stays, episodes, children=children), "la_prevalence_sd")
    assert found.count == 2  # z has too few residents
    assert found.value == pytest.approx(np.std([0.2, 0.4], ddof=1))


def test_less_than_a_year_has_a_rate_but_no_annual_counts() -> None:
    tables = year(STAYS, EPISODES, observed_from="2023-01-02")
    for name in ("missing_prevalence_year", "annual_count_dispersion_k", "repeat_incident_share", "la_prevalence_sd"):
        assert "364 days" in why(tables, name)
    assert value(tables, "missing_rate_per_resident_year") is not None


def test_nobody_missing_is_told_not_divided_by() -> None:
    tables = year(STAYS)
    assert value(tables, "missing_rate_per_resident_year") == 0
    assert value(tables, "missing_prevalence_year") == 0
    for name in ("incidents_per_missing_resident", "annual_count_dispersion_k", "duration_same_date_share"):
        assert "there are no" in why(tables, name)
    assert "there are no" in why(tables, "co_missing_share")


def test_nobody_in_a_home() -> None:
    tables = year([stay("a", None)], [gone("a", "2023-02-01")], homes=[home("h1", places=2)])
    found = measure_targets(tables)
    assert found["home_places_mean"].value == 2
    assert "nobody lived in a home" in found["missing_rate_per_resident_year"].why
    assert found["occupancy"].value == 0


def test_top_share_counts_the_child_on_the_edge_in_part() -> None:
    counts = np.array([10, 1, 1, 1, 1, 1, 1, 1, 1, 2])  # 20 incidents, ten children
    assert top_share(counts, 0.1) == 10 / 20
    assert top_share(counts, 0.05) == 5 / 20
    assert top_share(counts, 0.15) == pytest.approx((10 + 1) / 20)
    assert top_share(counts, 1.0) == 1


def test_k_maximises_the_likelihood_of_scipys_distribution() -> None:
    rng = np.random.default_rng(5)
    years = rng.uniform(0.1, 1, size=400)
    counts = rng.poisson(3.2 * years * rng.gamma(0.3, 1 / 0.3, size=400))
    k = negative_binomial_k(counts, years)

    def best(k: float) -> float:
        rates = counts.sum() / years.sum() * np.exp(np.linspace(-0.5, 0.5, 401))
        mean = rates[:, None] * years
        return float(nbinom.logpmf(counts, k, k / (k + mean)).sum(axis=1).max())

    assert best(k) > max(best(k * 1.02), best(k / 1.02))


def test_counts_that_do_not_vary_have_no_k() -> None:
    tables = year([stay("a", "h1"), stay("b", "h1")], [gone("a", "2023-02-01"), gone("b", "2023-02-01")])
    assert "no finite value" in why(tables, "annual_count_dispersion_k")


@pytest.mark.parametrize("k", [0.15, 1.0])
def test_k_is_recovered_whatever_the_exposure(k: float) -> None:
    rng = np.random.default_rng(6)
    years = rng.uniform(0.05, 1, size=40_000)
    counts = rng.poisson(3.2 * years * rng.gamma(k, 1 / k, size=40_000))
    assert negative_binomial_k(counts, years) == pytest.approx(k, rel=0.04)

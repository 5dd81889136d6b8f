"""The solver against curves that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from missingmodels.studies.answers.solver import cheapest, cost_of, fit_curve, solve

SIZES = np.array([20.0, 40.0, 80.0, 160.0])


@pytest.mark.parametrize(("scale", "change"), [("sqrt", np.sqrt), ("log", np.log)])
def test_a_known_curve_is_recovered(scale, change):
    a, b = -2.0, 0.9 if scale == "log" else 0.3
    truth = ndtr(a + b * change(SIZES))
    count = np.full(4, 10**7)
    found = solve(SIZES, truth * count, count, assurance=0.8, mass=0.9, scale=scale)
    t = (ndtri(0.8) - a) / b
    assert found.size == pytest.approx(t**2 if scale == "sqrt" else math.exp(t), rel=1e-3)
    assert found.low < found.size < found.high
    assert found.curve.misfit > 0.05


def test_the_interval_holds_the_answer_as_often_as_it_says():
    """400 studies of 4 cells by 100 worlds; 90 % stated, so 3 Monte Carlo errors are 4.5 points."""
    rng = np.random.default_rng(1)
    truth = ndtr(-1.4 + 0.25 * np.sqrt(SIZES))
    answer = ((ndtri(0.8) + 1.4) / 0.25) ** 2
    held = []
    for _ in range(400):
        s = solve(SIZES, rng.binomial(100, truth), np.full(4, 100), assurance=0.8, mass=0.9)
        held.append(s.low <= answer <= s.high)
    assert np.mean(held) == pytest.approx(0.9, abs=0.045)


def test_the_covariance_is_that_of_a_binomial_regression():
    """One size twice the other: with a saturated line, var(a + b t) at a cell is that of its own probit."""
    curve = fit_curve([np.array([25.0, 100.0])], np.array([29.5, 79.5]), np.array([99, 99]))
    p, n = 0.3, 100
    density = math.exp(-0.5 * ndtri(p) ** 2) / math.sqrt(2 * math.pi)
    x = np.array([1.0, 5.0])
    assert x @ curve.covariance @ x == pytest.approx(p * (1 - p) / n / density**2, rel=1e-6)
    assert math.isnan(curve.misfit)


def test_power_that_does_not_rise_has_no_answer_and_no_upper_end():
    flat = solve(SIZES, np.array([20, 18, 17, 15]), np.full(4, 100), assurance=0.8, mass=0.9)
    assert flat.size == math.inf
    assert flat.high == math.inf


@pytest.mark.parametrize("hits", [(100, 100, 100, 100), (97, 98, 98, 99), (99, 98, 98, 97)])
def test_where_the_smallest_run_suffices_it_is_the_answer_and_no_smaller_one_is_made_up(hits):
    found = solve(SIZES, np.array(hits), np.full(4, 100), assurance=0.8, mass=0.9)
    assert found.at_most
    assert (found.size, found.high) == pytest.approx((20, 20))
    assert not found.beyond


@pytest.mark.parametrize("hits", [(2, 2, 2, 2), (0, 0, 0, 0), (3, 2, 2, 3)])
@pytest.mark.parametrize("scale", ["sqrt", "log"])
def test_a_slope_that_cannot_be_told_from_none_gives_no_answer(hits, scale):
    found = solve(SIZES, np.array(hits), np.full(4, 100), assurance=0.8, mass=0.9, scale=scale)
    assert (found.size, found.high, found.at_most) == (math.inf, math.inf, False)
    assert found.low > 160


@pytest.mark.parametrize("scale", ["sqrt", "log"])
def test_the_ends_are_where_the_band_meets_the_assurance(scale):
    found = solve(SIZES, np.array([30, 45, 70, 92]), np.full(4, 100), assurance=0.8, mass=0.9, scale=scale)
    ends = found.curve.band(0.9, np.array([found.low, found.high]))
    assert [ends[1][0], ends[0][1]] == pytest.approx([0.8, 0.8])


def test_no_design_is_cheapest_where_nothing_was_shown():
    homes, days = (grid.ravel() for grid in np.meshgrid([20.0, 40, 80], [182.0, 364]))
    count, prices = np.full(homes.size, 100), {"fixed": 0.0, "per_home": 1.0, "per_home_month": 1.0}
    assert cheapest(homes, days, np.zeros(homes.size), count, assurance=0.8, prices=prices) is None
    rising = np.array([90, 97, 100, 92, 98, 100])
    assert cheapest(homes, days, rising, count, assurance=0.8, prices=prices)["homes"] == 20


def test_an_answer_outside_what_was_run_says_so():
    found = solve(SIZES[:2], np.array([20, 40]), np.full(2, 200), assurance=0.9, mass=0.9)
    assert found.size > 40
    assert found.beyond


def test_a_curve_that_does_not_fit_says_so():
    assert fit_curve([SIZES], np.array([10, 90, 10, 90]), np.full(4, 100)).misfit < 1e-6


def test_one_size_cannot_give_a_slope():
    with pytest.raises(ValueError, match="tell the slopes apart"):
        fit_curve([np.array([20.0, 20.0])], np.array([3, 4]), np.array([10, 10]))


def test_cost_worked_by_hand():
    # 10 homes for 73.05 days, 2.4 months: 100 + 10 * (50 + 20 * 2.4)
    assert cost_of(10, 73.05, fixed=100, per_home=50, per_home_month=20) == pytest.approx(1080)


def test_the_cheapest_design_is_the_cheapest_of_all_that_reach_the_assurance():
    homes, days = (grid.ravel() for grid in np.meshgrid([20.0, 40, 80, 160], [182.0, 364, 728]))
    a, b, c = -9.0, 1.0, 0.9
    count = np.full(homes.size, 10**7)
    hits = ndtr(a + b * np.log(homes) + c * np.log(days)) * count
    prices = {"fixed": 0.0, "per_home": 3000.0, "per_home_month": 100.0}
    best = cheapest(homes, days, hits, count, assurance=0.8, prices=prices)
    wanted = [
        (cost_of(h, d, **prices), h, d)
        for d in [*range(182, 728, 28), 728]
        for h in range(1, 2000)
        if ndtr(a + b * math.log(h) + c * math.log(d)) >= 0.8
    ]
    cost, h, d = min(wanted)
    assert (best["homes"], best["days"]) == (pytest.approx(h, abs=1), d)
    assert best["cost"] == pytest.approx(cost, rel=0.02)

"""Collapsed rows give the same log density as day rows, and collapsing keeps every sum."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missingmodels.frame.design import build_design
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows, collapse, model_terms
from worlds import EXPOSURES, Point, day_rows, log_density_by_child, plan_of, small_world

SUMS = ["onsets", "days", "days_at_risk"]


@pytest.fixture(scope="module", params=["joint", "conditional"])
def both(request):
    """The full model's design of one world, with days collapsed and with each day a row."""
    tables = small_world(4, n_homes=8, days=190, onset={"rate_per_year": 15.0}).tables
    plan = plan_of(
        exposure={"beside": list(EXPOSURES[1:])},
        terms={"calendar": "weekend + season + trend_years"},
        frame={"initial": request.param, "burn_in_days": 45},
    )
    risk = build_risk_set(tables, plan.frame)
    formula = " + ".join([model_terms(plan, "M3"), *EXPOSURES[1:]])
    conditional = request.param == "conditional"
    made = (build_rows(tables, risk, plan), day_rows(tables, risk, plan))
    designs = [build_design(rows, formula, conditional=conditional) for rows in made]
    assert designs[1].onsets.size == (risk.days_at_risk > 0).sum()
    assert designs[0].onsets.size < designs[1].onsets.size / 2
    assert designs[0].before_window.any() == conditional
    return designs


def test_the_sampler_sees_the_same_columns(both):
    collapsed, daily = both
    assert collapsed.names == daily.names
    np.testing.assert_allclose(collapsed.centre, daily.centre, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(collapsed.scale, daily.scale, rtol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_log_density_of_every_child(both, seed):
    collapsed, daily = both
    shape = (0.2, 0.9, 4.0)[seed]
    expected = log_density_by_child(daily, Point(seed), frailty_shape=shape)
    found = log_density_by_child(collapsed, Point(seed), frailty_shape=shape)
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-10)
    assert len(set(expected.values())) > 15


def test_a_day_with_an_onset_counts_half_and_a_return_day_with_one_a_quarter():
    key = pd.DataFrame({"child": [0] * 5, "home": 0, "period": 0, "x": 1.0})
    out = collapse(key, np.array([0, 1, 0, 1, 0], dtype=bool), np.array([1, 1, 0.5, 0.5, 1]))
    # 1 + 1/2 + 1/2 + 1/4 + 1
    assert out[SUMS].to_numpy().tolist() == [[2, 3.25, 4.0]]


DAY = st.tuples(
    st.integers(0, 3),  # child
    st.integers(0, 2),  # home
    st.integers(0, 2),  # period
    st.booleans(),  # before the window
    st.sampled_from([0.0, -0.0, 1.0, np.nan, np.nextafter(1.0, 2.0), 1e300]),
    st.sampled_from(["0-6", "90+", None]),
    st.booleans(),  # onset
    st.sampled_from([0.5, 1.0]),
)
NAMES = ["child", "home", "period", "before_window", "x", "band"]


def as_days(days):
    frame = pd.DataFrame(days, columns=[*NAMES, "onset", "e"])
    frame["band"] = pd.Categorical(frame["band"], categories=["90+", "0-6", "7-27"], ordered=True)
    return frame[NAMES], frame["onset"].to_numpy(bool), frame["e"].to_numpy(float)


def label(row):
    """A key as text: unrecorded values are equal to each other, and 0 is 0 under either sign."""
    return tuple("none" if pd.isna(value) else repr(value + 0 if isinstance(value, float) else value) for value in row)


@settings(deadline=None, max_examples=50)
@given(st.lists(DAY, max_size=60))
def test_collapse_keeps_sums_and_makes_keys_unique(days):
    key, onset, e = as_days(days)
    out = collapse(key, onset, e)
    expected: dict[tuple, np.ndarray] = {}
    for row, y, at_risk in zip(key.itertuples(index=False), onset, e, strict=True):
        part = np.array([y, at_risk / 2 if y else at_risk, at_risk])
        expected[label(row)] = expected.get(label(row), 0) + part
    found = {
        label(row): sums for row, sums in zip(out[NAMES].itertuples(index=False), out[SUMS].to_numpy(), strict=True)
    }
    assert len(found) == len(out) == len(expected)
    for name, sums in expected.items():
        np.testing.assert_allclose(found[name], sums, rtol=1e-12)
    assert out["child"].is_monotonic_increasing
    assert list(out) == [*NAMES, *SUMS]
    assert out["band"].dtype == key["band"].dtype


@settings(deadline=None, max_examples=50)
@given(st.lists(DAY, min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_days_does_not_matter(days, random):
    def canonical(table):
        rows = ((*label(row[:6]), *row[6:]) for row in table.itertuples(index=False))
        return sorted(rows)

    mixed = random.sample(days, len(days))
    assert canonical(collapse(*as_days(mixed))) == canonical(collapse(*as_days(days)))


def test_many_columns_of_many_levels_do_not_run_into_each_other():
    # 25 columns of 400 levels each: the product of their codes passes 64 bits many times over.
    rng = np.random.default_rng(3)
    key = pd.DataFrame(rng.integers(0, 400, (400, 25)), columns=[f"x{i}" for i in range(25)])
    key.insert(0, "child", 0)
    key.insert(1, "home", 0)
    key.insert(2, "period", 0)
    twice = pd.concat([key, key], ignore_index=True)
    out = collapse(twice, np.zeros(800, dtype=bool), np.ones(800))
    assert len(out) == 400
    assert (out["days"] == 2).all()

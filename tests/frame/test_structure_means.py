"""A home's mean of a structure variable over its past, which nothing that comes later moves."""

from __future__ import annotations

import numpy as np
import pytest

from missingmodels.frame.columns.structure import split_from_past
from missingmodels.frame.riskset import build_risk_set
from worlds import day_rows, plan_of, remade, small_world

STRUCTURE = ("staff_ratio", "agency_share", "turnover", "mix_need", "size")


def test_by_hand():
    """Home 0 has nothing in period 0, 1, 3 and an unrecorded day in period 1, 4, 6 and an unrecorded one in period 2,
    and 1 in period 3; home 1 is never recorded; in home 2 nobody lives with another before period 3. A day of home 0's
    first period with a value stands at its own, and never at what comes after it."""
    nan = np.nan
    values = np.array([nan, 1.0, 3.0, nan, 4.0, 6.0, nan, 1.0, nan, nan, nan, 9.0])
    home = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2])
    period = np.array([0, 1, 1, 1, 2, 2, 2, 3, 0, 3, 2, 3])
    between, within = split_from_past(values, home * 4 + period, (3, 4), undefined=(home == 2) & (period < 3))
    np.testing.assert_array_equal(between, [nan, 1, 3, 2, 2, 2, 2, 3.5, nan, nan, 4, 9])
    np.testing.assert_array_equal(within, [nan, 0, 0, 0, 2, 4, 0, -2.5, nan, nan, 0, 0])


@pytest.mark.parametrize("means", ["past", "window"])
def test_what_comes_later_moves_a_mean_over_the_window_alone(means):
    tables = small_world(4, n_homes=6, days=200).tables
    plan = plan_of(models=["M0", "M2"], terms={"structure": STRUCTURE, "structure_means": means})
    frames = {"staff_periods": tables["staff_periods"].copy()}
    late = frames["staff_periods"]["start_date"] >= tables.observed_from + np.timedelta64(112, "D")
    frames["staff_periods"].loc[late, "worked_hours"] *= 0.5
    rows = [day_rows(held, build_risk_set(held, plan.frame), plan) for held in (tables, remade(tables, frames))]
    before, after = (held.frame[held.frame["day"] < 140] for held in rows)
    columns = [f"{name}_{part}" for name in STRUCTURE for part in ("between", "within")]
    moved = [name for name in columns if not np.array_equal(before[name], after[name], equal_nan=True)]
    assert moved == ([] if means == "past" else ["staff_ratio_between", "staff_ratio_within", "agency_share_between",
                                                 "agency_share_within"])  # fmt: skip
    # where it is in a home's past, it moves both
    last = [held.frame[held.frame["day"] >= 168]["staff_ratio_between"].to_numpy() for held in rows]
    assert np.nanmean(last[0]) > np.nanmean(last[1])


def test_the_parts_add_up_to_the_value():
    tables = small_world(4, n_homes=6, days=200).tables
    held: dict[str, dict[str, np.ndarray]] = {}
    apart: dict[str, dict[str, np.ndarray]] = {}
    for means in ("past", "window"):
        plan = plan_of(models=["M0", "M2"], terms={"structure": STRUCTURE, "structure_means": means})
        frame = day_rows(tables, build_risk_set(tables, plan.frame), plan).frame
        held[means] = {name: (frame[f"{name}_between"] + frame[f"{name}_within"]).to_numpy() for name in STRUCTURE}
        apart[means] = {name: frame[f"{name}_within"].to_numpy() for name in STRUCTURE}
        deviates = (frame["day"] >= 56).to_numpy()
    for name in STRUCTURE:
        # a day without a value stands at its home's mean, whichever that is
        known = deviates & (np.abs(apart["past"][name]) > 1e-9) & (np.abs(apart["window"][name]) > 1e-9)
        np.testing.assert_allclose(held["past"][name][known], held["window"][name][known], rtol=1e-9, atol=1e-12)
        assert known.sum() > 500, name

"""What must not matter to a design of child-days: the labels of homes and children, and what an extra home adds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from missingmodels.frame.daily import KINDS, daily_design
from worlds import plan_of, remade, small_world

PLAN = plan_of(models=["M0", "M1"])


def exposed(tables, kind):
    """By child: what every part of a daily design adds up to, at some time scale."""
    daily = daily_design(tables, PLAN, kind=kind)
    design, fading = daily, np.exp(-np.arange(1, 61) / 5.0)
    held = {"onsets": design.onsets, "days": design.days, "at_risk": design.days_at_risk}
    for name in ("peers", "own"):
        lags = getattr(daily, name)
        if lags is not None:
            held[name] = lags.exposure(fading, design.onsets.size) * design.days
    if daily.knot is not None:
        held["knot"] = daily.knot * design.days
    table = pd.DataFrame(held).groupby(design.child).sum()
    return table.set_axis(pd.Index(design.child_ids), axis=0)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_and_the_order_of_rows_do_not_matter(kind):
    tables = small_world(4, n_homes=6, days=150).tables
    frames = {name: frame.copy() for name, frame in tables.frames.items()}
    rename = {home: f"x{i}" for i, home in enumerate(sorted(frames["homes"]["home_id"], reverse=True))}
    for name, frame in frames.items():
        if "home_id" in frame:
            frames[name] = frame.assign(home_id=frame["home_id"].map(rename).astype(frame["home_id"].dtype))
        frames[name] = frames[name].sample(frac=1.0, random_state=3).reset_index(drop=True)
    before, after = exposed(tables, kind), exposed(remade(tables, frames), kind)
    pd.testing.assert_frame_equal(before, after.loc[before.index], rtol=1e-10)


def test_cells_of_the_grid_lie_within_the_days_that_they_are_named_by():
    tables = small_world(4, n_homes=6, days=150).tables
    daily = daily_design(tables, PLAN, kind="ornstein_uhlenbeck", grid_days=7)
    assert daily.knots == -(-150 // 7)
    # a 28-day period holds exactly four cells of 7 days
    np.testing.assert_array_equal(daily.knot // 4, daily.period)
    assert daily.peers is None
    by_cell = pd.Series(daily.days_at_risk).groupby([daily.child, daily.knot]).sum()
    assert by_cell.max() == 7

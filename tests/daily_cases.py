"""What the tests of daily models share: a busy small world, and every child-day of it beside a design."""

from __future__ import annotations

from functools import cache

import numpy as np

from missingmodels.frame.design import build_design
from missingmodels.frame.riskset import build_risk_set
from worlds import day_rows, exposures_of, small_world


@cache
def tables_of(seed=5, *, n_homes=5, days=150):
    """Children stay briefly and move on within the sector, so that onsets travel with them."""
    return small_world(seed, n_homes=n_homes, days=days, children={"stay_scale": 0.3, "move_share": 0.7}).tables


def single_days(tables, plan, daily):
    """The design's columns on every child-day, the day of each, and the grids that they come from."""
    risk = build_risk_set(tables, plan.frame)
    asked = plan.model_copy(update={"exposure": plan.exposure.model_copy(update={"primary": "peer_presence"})})
    rows = day_rows(tables, risk, plan if daily.peers is None else asked)
    if daily.peers is not None:
        grids = exposures_of(risk, witnessed=plan.exposure.witnessed, kernel_days=4.0, kernel_known_days=12.0)
        frame = rows.frame
        of = np.searchsorted(risk.child_ids, rows.child_ids)[frame["child"]]
        frame["kernel_unseen"] = grids["kernel_unseen"][of, frame["day"]]
    design = build_design(rows, daily.formula, conditional=plan.frame.initial == "conditional")
    assert design.names == daily.names
    child = np.searchsorted(risk.child_ids, rows.child_ids)[design.child]
    return risk, design, child, rows.frame["day"].to_numpy()

"""Variables of a researcher's own in simulated worlds, and studies of their power."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from missingmodels.errors import ConfigInvalid
from missingmodels.frame.columns.told import tables_behind
from missingmodels.studies.computing.replicate import designed, run_replicate, simulated
from missingmodels.studies.questions.grid import make_grid
from missingmodels.tables import require_valid
from studies import TINY, grid_of
from worlds import small_world

DRAWN = {
    "adhd": {"share": 0.4, "log_rate_ratio": 0.0, "meaning": "a diagnosis of ADHD", "direction": "above"},
    "ethos": {"table": "homes", "kind": "number", "recorded_share": 0.5},
}


def world(**effects: float) -> Any:
    return small_world(
        5,
        n_homes=20,
        days=120,
        own={name: held | {"log_rate_ratio": effects.get(name, 0.0)} for name, held in DRAWN.items()},
    )


def first_day(made: Any) -> pd.DataFrame:
    """Rates of the first observed day, when the past is the same whatever acts."""
    log = made.exposure_log
    log = log[log["date"] == log["date"].min()].set_index("child_id")
    stays = made.tables["placements"].sort_values("start_date").groupby("child_id").first()
    return log.join(stays[["home_id"]])


def test_a_world_draws_them_and_acts_by_them() -> None:
    still, acts = world(), world(adhd=0.7, ethos=-0.3)
    children, homes = still.tables["children"].set_index("child_id"), still.tables["homes"].set_index("home_id")
    assert children["adhd"].mean() == pytest.approx(0.4, abs=0.1)
    pd.testing.assert_frame_equal(still.tables["children"], acts.tables["children"])
    assert 0.2 < homes["ethos"].isna().mean() < 0.8
    before, after = first_day(still), first_day(acts)
    change = after["log_rate"] - before["log_rate"]
    known = homes["ethos"].reindex(before["home_id"]).notna().to_numpy()
    expected = 0.7 * children["adhd"].reindex(before.index).astype(float) - 0.3 * homes["ethos"].reindex(
        before["home_id"]
    ).to_numpy(dtype=float, na_value=np.nan)
    assert known.sum() > 10
    np.testing.assert_allclose(change[known], expected[known])
    assert np.unique(np.round(change[~known].to_numpy(), 6)).size > 2  # what is not written down acts as well
    assert (acts.truth.coefficients["adhd"][0], acts.truth.coefficients["ethos"][0]) == (0.7, -0.3)
    assert [one.meaning for one in acts.tables.own["children"]] == ["a diagnosis of ADHD"]
    require_valid(acts.tables)


def test_a_name_that_is_nobodys_own_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="meaning of its own"):
        small_world(1, n_homes=2, days=60, own={"male": {}})


def study(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": "adhd", "method": "laplace", "seed": 1,
        "scenario": {"set": {"days": 200, "homes.count": 15, "onset.rate_per_year": 8.0, "own": DRAWN}},
        "plan": {"set": {"terms.vulnerability": "age_years + adhd + event(conflict, 1, 3)", "models": ["M0", "M1"]}},
        "axes": {"own.adhd.log_rate_ratio": [0.0, 0.8]},
        "ask": {"model": "M1", "quantities": ["adhd", "peer_presence"]},
        "replicates": {"batch": 1, "at_least": 1, "step": 1, "at_most": 2, "target_error": 0.3},
    }  # fmt: skip
    return values | changes


def test_a_study_varies_them_and_reads_every_table_that_its_formulas_need() -> None:
    grid = make_grid(study())
    assert [cell.scenario.own["adhd"].log_rate_ratio for cell in grid.cells] == [0.0, 0.8]
    assert grid.cells[1].scenario.own["ethos"].recorded_share == 0.5
    made = simulated(grid, grid.cells[0], grid.cells[0].scenario, 3)
    assert len(made.tables["events"])
    formula = 'measure(trained, who="on_shift") + peers(missing, 1, 7, how="network") + social_worker_change'
    assert tables_behind(formula) == {"measures", "staff_shifts", "ties", "social_worker_spells"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"axes": {"own.adhd.effect": [1]}}, "no field of that name"),
        ({"axes": {"own.adhd.share": [1.5]}}, "less than or equal to 1"),
        ({"prior": {"own.adhd.table": {"mean": 0, "sd": 1}}}, "takes none"),
        ({"ask": {"model": "M1", "quantities": ["ethos"]}}, "no side to be judged by"),
        ({"plan": {"set": {"models": ["M0", "M1"]}}}, "no formula of the plan names 'adhd'"),
    ],
)
def test_a_study_that_cannot_be_is_told_of(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        make_grid(study(**changes))


@pytest.mark.sampled
def test_a_replicate_judges_a_variable_of_ones_own() -> None:
    grid = make_grid(study())
    rows = {row["quantity"]: row for row in run_replicate(grid, grid.cells[1], 0)}
    adhd = rows["adhd"]
    assert adhd["truth"] == pytest.approx(0.8)
    assert (adhd["expected"], adhd["status"]) == ("above", "fitted")
    assert adhd["low"] < 0.8 < adhd["high"]
    assert adhd["verdict"]
    assert rows["peer_presence"]["status"] == "fitted"


def test_a_plan_that_asks_for_adults_has_their_shifts_drawn() -> None:
    plan = {"set": {**TINY["plan"]["set"], "effects.adults": True}}
    grid = grid_of(plan=plan, axes={"staff.adult_sd_log": [0.5]})
    world = simulated(grid, grid.cells[0], grid.cells[0].scenario, seed=1)
    assert "adult" in designed(grid, grid.cells[0], world).groups

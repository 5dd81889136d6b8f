"""What a study may ask beyond a verdict on the last day: looks, narrow intervals, estimands, points, prices."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from missingmodels.errors import ConfigInvalid
from missingmodels.studies.answers.lead import beside, lead
from missingmodels.studies.answers.measures import cell_measures
from missingmodels.studies.answers.solutions import solutions
from missingmodels.studies.answers.solver import cost_of
from missingmodels.studies.computing import replicate
from missingmodels.studies.computing.batch import replicate_rows
from missingmodels.studies.questions.misspecified import DIALS, WORLDS, beside_grid
from studies import grid_of

EASY = {"supported_probability": 0.501}  # a rule that a strong effect meets at once


def test_points_are_taken_together_and_crossed_with_the_axes() -> None:
    grid = grid_of(
        axes={"contagion.log_rate_ratio": [0.0, 0.3]}, points={"homes.count": [5, 7, 9], "days": [100, 90, 80]}
    )
    assert [(c.scenario.homes.count, c.scenario.days) for c in grid.cells] == [(5, 100), (7, 90), (9, 80)] * 2
    assert [c.scenario.contagion.log_rate_ratio for c in grid.cells] == [0.0] * 3 + [0.3] * 3
    for points, fault in (
        ({"homes.count": [5, 7], "days": [100]}, "as many values"),
        ({"contagion.log_rate_ratio": [0.1]}, "both an axis and among the points"),
        ({"homes.counts": [5]}, "points.homes.counts: no field"),
        ({"homes.count": [-5]}, "points.homes.count = -5"),
    ):
        with pytest.raises(ConfigInvalid, match=fault):
            grid_of(points=points, axes={"contagion.log_rate_ratio": [0.3]})


@pytest.fixture(scope="module")
def looked():
    grid = grid_of(
        axes={"homes.count": [7], "contagion.log_rate_ratio": [1.5]},
        rules={"easy": EASY},
        looks={"days": [70, 85], "rule": "easy"},
        ask={"model": "M3", "estimands": ["attributable_fraction", "median_rate_ratio"]},
    )
    return grid, replicate_rows(grid, 0, 1)


@pytest.mark.parametrize(
    ("claims", "stopped", "estimate"),
    [((False, True), 85, 0.85), ((True, False), 70, 0.7), ((False, False), 100, 1.0)],
)
def test_collection_ends_at_the_first_look_at_which_the_rule_is_met(looked, monkeypatch, claims, stopped, estimate):
    """Looks at days 70 and 85 of 100, each with an estimate of its own; nothing is looked at after the end."""
    grid, _ = looked
    seen = []

    def of_tables(grid, cell, scenario, world, tables, seed):
        seen.append(tables)
        claimed = dict(zip((70, 85), claims, strict=True)).get(tables, False)
        row = replicate.empty("peer_presence", "easy", "fitted", "")
        yield row | {"verdict": "supported" if claimed else "the data cannot say", "estimate": tables / 100}

    monkeypatch.setattr(replicate, "_of_tables", of_tables)
    monkeypatch.setattr(replicate, "recorded_until", lambda tables, day: day)
    world = SimpleNamespace(tables=100)
    _, last = replicate._judged(grid, grid.cells[0], grid.cells[0].scenario, world, 1)
    assert (last["rule"], last["stopped_day"], last["estimate"]) == ("at a look", stopped, estimate)
    assert seen == [100, 70, 85][: 2 if stopped == 70 else 3]


def test_estimands_have_truth_and_interval_and_no_verdict(looked) -> None:
    _, rows = looked
    held = {row["quantity"]: row for row in rows if row["quantity"] in ("attributable_fraction", "median_rate_ratio")}
    assert set(held) == {"attributable_fraction", "median_rate_ratio"}
    for row in held.values():
        assert row["verdict"] == ""
        assert np.isfinite([row["low"], row["estimate"], row["high"]]).all()
        assert row["low"] < row["estimate"] < row["high"]
    # its plan leaves out columns that act in the world, so a rate of that design has no truth
    assert np.isnan(held["attributable_fraction"]["truth"])
    # of the scenario's own spread between homes, exp(sqrt(2) sd 0.6745)
    sd = looked[0].cells[0].scenario.onset.home_sd
    assert held["median_rate_ratio"]["truth"] == pytest.approx(np.exp(np.sqrt(2) * sd * 0.67449), rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"looks": {"days": [100]}}, "100 is not before the last day"),
        ({"looks": {"days": [80, 60]}}, "rise from 29"),
        ({"looks": {"days": [60], "rule": "strict"}}, "is no rule"),
        ({"rules": {"at a look": EASY}}, "name is taken"),
        ({"ask": {"model": "M1", "estimands": ["expected_rate"]}}, "no truth of its own"),
        ({"ask": {"model": "M3", "estimands": ["os.system"]}}, "estimands"),
    ],
)
def test_what_cannot_be_asked_is_told(changes, fault) -> None:
    with pytest.raises(ConfigInvalid, match=fault):
        grid_of(**changes)


def world(**changes):
    held = {
        "fitted": np.array([True, True, True, False]),
        "supported": np.array([True, False, True, False]),
        "negligible": np.zeros(4, dtype=bool),
        "expected_above": True,
        "truth": np.array([0.2, 0.2, 0.2, np.nan]),
        "estimate": np.array([0.4, 0.1, -0.1, np.nan]),
        "low": np.array([0.0, -0.3, -0.2, np.nan]),
        "high": np.array([0.5, 0.5, 0.0, np.nan]),
        "probability_above": np.array([0.9, 0.6, 0.3, np.nan]),
        "sure": 0.975,
    }
    return cell_measures(**(held | changes))


def test_narrow_enough_is_a_share_of_all_worlds() -> None:
    """Widths 0.5, 0.8 and 0.2, and a failed fit: two of four are at most 0.5."""
    assert world(narrow=0.5)["precise"].value == 0.5
    assert "precise" not in world()


def test_a_rule_of_ones_own_is_confident_where_it_supports() -> None:
    """Worlds 1 and 3 are supported: one has the wrong sign; sizes 0.4 and 0.1 over 0.2 are 1.25."""
    found = world(sure=float("nan"))
    assert found["type_s"].value == 0.5
    assert found["type_m"].value == pytest.approx(1.25)
    assert np.isnan(found["wrong_way"].value)
    assert "one's own" in found["wrong_way"].why
    assert np.isnan(world()["type_s"].value)  # no posterior is as sure as 0.975


def test_children_have_a_price_of_their_own() -> None:
    assert cost_of(10, 365.25, fixed=5, per_home=1, per_home_month=2, per_child=3, children=40) == pytest.approx(375)


def _cells(shares, key="power", children=(40.0, 80.0, 160.0)):
    sizes = (20, 40, 80)
    made = []
    for index, (size, share, kids) in enumerate(zip(sizes, shares, children, strict=True)):
        m = {"quantity": "peer_presence", "rule": "plan", "power": {"value": 0.1, "error": 0.03, "count": 100}}
        m[key] = {"value": share, "error": 0.05, "count": 100}
        made.append({"index": index, "at": {"homes.count": size}, "measures": [m], "children": kids, "replicates": 100})
    return made


def test_precision_is_solved_for_by_its_own_shares_and_children_cost() -> None:
    """Shares 0.1, 0.5, 0.95 of narrow intervals at 20, 40, 80 homes: 0.8 lies between the last two."""
    changes = {
        "axes": {"homes.count": [20, 40, 80]},
        "solve": {"width": 0.4},
        "cost": {"per_child": 10.0},
    }
    (found,) = solutions(grid_of(**changes), _cells((0.1, 0.5, 0.95), key="precise"))
    assert 40 < found["answer"] < 80
    assert found["width"] == 0.4
    assert found["cost"] == pytest.approx(20 * np.ceil(found["answer"]))
    (power,) = solutions(grid_of(axes={"homes.count": [20, 40, 80]}, solve={}), _cells((0.1, 0.5, 0.95)))
    assert "width" not in power


def test_the_answer_comes_first_and_as_exactly_as_it_is_known() -> None:
    solution = {
        "quantity": "peer_presence",
        "others": {},
        "size": "homes.count",
        "assurance": 0.8,
        "answer": 188.3,
        "at_most": False,
        "low": 168.2,
        "high": 217.0,
        "beyond_what_was_run": False,
    }
    found = {
        "kind": "power",
        "assurance": False,
        "quantities": {"peer_presence": "a recent peer"},
        "solutions": [solution],
    }
    assert lead(found) == ["About 190 homes (170–215) for 80% power (a recent peer)."]
    found["solutions"] = [solution | {"high": None, "width": 0.4}]
    assert lead(found) == [
        "About 190 homes (170–no upper end) for an interval no wider than 0.4 in 80% of worlds (a recent peer)."
    ]
    found["solutions"] = [solution | {"answer": None, "size": "days"}]
    assert lead(found)[0].startswith("No size can be named")


def test_false_confidence_is_that_of_the_like_cell_without_an_effect() -> None:
    def cell(index, homes, effect, share):
        m = {"quantity": "peer_presence", "rule": "plan", "truth": effect}
        m |= {k: {"value": share, "error": 0.02, "count": 100} for k in ("power", "type_s", "type_m")}
        return {"index": index, "at": {"homes.count": homes, "contagion.log_rate_ratio": effect}, "measures": [m]}

    cells = [cell(0, 20, 0.0, 0.04), cell(1, 20, 0.3, 0.5), cell(2, 40, 0.3, 0.7)]
    found = {"assurance": False, "quantities": {"peer_presence": ""}, "cells": cells}
    first, second = beside(found)
    assert first["false_confidence"]["value"] == 0.04
    assert "--misspecified" in second["false_confidence"]["why"]
    assert "design prior" in first["assurance"]["why"]
    over = beside(found | {"assurance": True})[0]
    assert (over["assurance"]["value"], over["power"]["value"]) == (0.5, None)


def test_worlds_beside_a_study_turn_one_dial_each_with_the_effect_and_without() -> None:
    grid = beside_grid(grid_of(solve={}))
    assert {c.scenario.homes.count for c in grid.cells} == {7}  # its largest
    assert [c.scenario.contagion.log_rate_ratio for c in grid.cells] == [0.3, 0.0] * len(WORLDS)
    turned = [tuple(name for name in DIALS if c.at[name]) for c in grid.cells[::2]]
    assert turned == [tuple(dials) for dials in WORLDS.values()]
    assert beside_grid(grid_of(solve={})).digest == grid.digest
    with pytest.raises(ConfigInvalid, match=r"dials\.homophily"):
        beside_grid(grid_of(axes={"dials.homophily": [0.0, 0.5]}))
    with pytest.raises(ConfigInvalid, match="does not judge it"):
        beside_grid(grid_of(ask={"model": "M2", "quantities": ["turnover_between"]}))
    prior = grid_of(axes={"homes.count": [5]}, prior={"contagion.log_rate_ratio": {"mean": 0.2, "sd": 0.1}})
    assert {c.scenario.contagion.log_rate_ratio for c in beside_grid(prior).cells} == {0.2, 0.0}

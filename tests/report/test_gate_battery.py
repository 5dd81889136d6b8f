"""Robustness through the gate: a line with few behind it, or of nearly the same data as the plan's own, is blocked."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from missingmodels.disclosure.battery import gated_battery
from missingmodels.disclosure.policy import BY_POLICY, load_policy
from missingmodels.disclosure.record import Judged
from missingmodels.errors import CannotAnswer
from missingmodels.evidence.robustness.battery import Battery, together
from missingmodels.evidence.robustness.bench import Bench, Line, nothing, unlike
from missingmodels.evidence.robustness.curve import ADJUSTED, Specification
from missingmodels.evidence.robustness.variants import joint_departures, primary
from missingmodels.frame.placebo import without_joint_departures
from missingmodels.frame.riskset import build_risk_set
from missingmodels.plan import Frame
from worlds import plan_of, small_world

GENERIC = load_policy("generic")
SHARES = {"largest_children": [0.1, 0.1, 0.1], "largest_homes": [0.1, 0.1, 0.1]}
PLENTY: dict[str, Any] = {"children": 30, "homes": 12, **SHARES, "events": 80, "with_event": 30}
PLENTY["whole"] = {"children": 45, "homes": 13, **SHARES}


def _battery(behind: dict[str, Any] | None, *, of_primary: dict[str, Any] | None = None) -> Battery:
    line = Line(
        check="primary", line="as the plan asks", kind="influence", estimate=1.43210, low=1.1, high=1.8,
        probability=0.98765, says=True, verdict="supported", behind=of_primary or PLENTY,
    )  # fmt: skip
    lines = [line, dataclasses.replace(line, check="lags", line="8–14 days ago", kind="alarm", behind=behind)]
    curve = Specification(
        window_days=3, period_days=28, adjusted=ADJUSTED[1], frailty="gamma", chosen=False, estimate=1.5, low=1.0,
        high=2.0, says=False, behind=behind,
    )  # fmt: skip
    return Battery(
        lines=(*lines, together(lines)), curve=(curve,), model="M1", exposure="peer_presence", homes=13, children=45,
        resident_years=16.43, onsets=226,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({}, ""),
        ({"children": 9}, "minimum behind an estimate"),
        ({"homes": 9}, "minimum behind an estimate"),
        ({"largest_children": [0.8, 0.15, 0.01]}, "dominance"),
        ({"whole": PLENTY["whole"] | {"largest_homes": [0.95]}}, "dominance"),
        ({"events": 9}, "minimum count"),
        ({"with_event": 9}, "minimum count"),
        ({"unlike": 0}, ""),
        ({"unlike": 1}, "difference"),
        ({"unlike": 9}, "difference"),
        ({"unlike": 10}, ""),
    ],
)
def test_a_line_rests_on_enough_and_on_other_children_or_the_same(change: dict[str, Any], rule: str) -> None:
    judged = Judged(GENERIC)
    told = gated_battery(_battery({**PLENTY, **change}), judged)
    _, line, all_together = told.lines
    assert (line.estimate, line.remark) == ((None, BY_POLICY) if rule else (1.43, ""))
    assert len(told.curve) == (not rule)
    assert [one.rule for one in judged.blocked if one.output.startswith("lags")] == [rule] * bool(rule)
    # a line that is blocked has no voice in what all come to
    assert all_together.check == "together"
    assert ("could not be asked" in all_together.remark) == bool(rule)
    assert "behind" not in line.as_dict()
    assert not any("behind" in one for one in told.as_dict()["curve"])


def test_that_nobody_did_is_told_no_more_than_that_a_few_did() -> None:
    """No episode on the day of a move, or three, which are too few: the same line."""
    held = _battery(PLENTY)
    none = nothing("boundaries", "rule: drop", "influence", "no episode begins on the day of a move")
    some = dataclasses.replace(held.lines[1], check="boundaries", line="rule: drop", kind="influence",
                               behind=PLENTY | {"unlike": 3})  # fmt: skip
    told = []
    for one in (none, some):
        judged = Judged(GENERIC)
        shown = gated_battery(dataclasses.replace(held, lines=(held.lines[0], one, held.lines[2])), judged)
        told.append((shown.lines[1], judged.outputs))
    assert told[0] == told[1]
    assert told[0][0].estimate is None


def test_where_few_stand_behind_the_answer_nothing_is_questioned() -> None:
    with pytest.raises(CannotAnswer, match="blocks peer_presence: fewer than 10 children"):
        gated_battery(_battery(PLENTY, of_primary=PLENTY | {"children": 4}), Judged(GENERIC))
    assert gated_battery(_battery(None), Judged(load_policy("none"))).lines[1].estimate == 1.43210
    assert gated_battery(_battery(None), Judged(GENERIC)).lines[1].estimate is None, "it is not recorded"


@pytest.fixture(scope="module")
def bench() -> Bench:
    tables = small_world(3).tables
    return Bench(tables, plan_of(), model="M1", seed=1, permutations=39)


@pytest.mark.sampled
def test_lines_know_what_stands_behind_them(bench: Bench) -> None:
    (line,) = primary(bench)
    design = bench.main().design
    assert line.behind is not None
    assert line.behind["events"] == design.onsets[design.window_days > 0].sum()
    assert line.behind["whole"]["children"] == np.unique(design.child[design.window_days > 0]).size
    assert "unlike" not in line.behind
    (left,) = joint_departures(bench)
    assert left.behind is not None
    assert left.behind["unlike"] == unlike(bench.risk(), without_joint_departures(bench.risk())) > 0


def test_risk_sets_differ_by_the_children_of_whom_something_is_unlike() -> None:
    tables = small_world(3).tables
    risk = build_risk_set(tables, Frame(burn_in_days=28))
    assert unlike(risk, risk) == 0
    other = dataclasses.replace(risk, onset=risk.onset.copy())
    other.onset[[0, 4], -1] ^= True
    assert unlike(risk, other) == unlike(other, risk) == 2
    fewer = dataclasses.replace(
        risk, child_ids=risk.child_ids[1:], **{n: getattr(risk, n)[1:] for n in ("onset", "residence", "days_at_risk")}
    )
    assert unlike(risk, fewer) == unlike(fewer, risk) == 1

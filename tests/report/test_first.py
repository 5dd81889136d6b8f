"""The first screen: an answer is no wider than the effects that it rests on, and says what it leaves open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from missingmodels.evidence.decisions import CANNOT_SAY, NEGLIGIBLE, SUPPORTED, UNLESS
from missingmodels.evidence.parts import Withstood
from missingmodels.plan import kept_plan
from missingmodels.report.content import content
from missingmodels.report.first import flow, plain_answers
from missingmodels.report.lines import lines

STAFFING = {"staff_ratio_between": "between homes", "staff_ratio_within": "within a home"}


def told(make, verdicts, **changes):
    """Question and row of the first screen, where staffing alone was asked and came out so."""
    rows = make().rows
    one = next(row for row in rows if row.name == "staff_ratio_between")
    held = tuple(
        replace(one, name=name, label=f"staff on duty per resident, {where}", verdict=verdict, **changes)
        for (name, where), verdict in zip(STAFFING.items(), verdicts, strict=True)
    )
    evidence = make(rows=(*(row for row in rows if row.hypothesis == "H1"), *held))
    shown = plain_answers(lines(evidence), evidence)
    assert len(shown) == 2
    return shown[1]


def test_one_negligible_effect_does_not_make_a_part_negligible(make):
    shown = told(make, [CANNOT_SAY, NEGLIGIBLE])
    assert shown["kind"] == CANNOT_SAY
    assert "Staff on duty per resident, within a home: an effect, if there is one, is too" in shown["text"]
    assert " Unsettled: staff on duty per resident, between homes. " in shown["text"]
    assert told(make, [NEGLIGIBLE, NEGLIGIBLE])["kind"] == NEGLIGIBLE


def test_what_is_supported_in_part_says_what_became_of_the_rest(make):
    shown = told(make, [SUPPORTED, CANNOT_SAY])
    assert shown["kind"] == SUPPORTED
    assert shown["text"].endswith("Staff on duty per resident, within a home: the data cannot say.")


def test_a_supported_effect_among_many_says_how_often_chance_alone_gives_one(make):
    shown = told(make, [SUPPORTED, CANNOT_SAY], family_wise=0.097, family_size=10)
    assert "by chance alone, any of the 10 effects asked would lie so far out with probability 0.097" in shown["text"]


@pytest.mark.parametrize("asked", [0.05, 0.0])
def test_the_shocks_that_would_undo_the_answer_are_told_in_plain_words(make, asked):
    rows = tuple(
        replace(row, verdict=f"{UNLESS}0.25") if row.name == row.exposure == "peer_presence" else row
        for row in make().rows
    )
    tried = Withstood(
        model="M3", exposure="peer_presence", sd=(0.2, 0.3), days=(28.0, 28.0), probability=(0.99, 0.9),
        log_density=(0.0, -0.97), tipping_sd=0.25, tipping_days=28.0, tipping_log_density=-0.97,
    )  # fmt: skip
    plan = kept_plan(make().plan).changed({"decision.withstands.left_open": asked}).model_dump(mode="json")
    evidence = make(rows=rows, withstood=tried, plan=plan)
    text = plain_answers(lines(evidence), evidence)[0]["text"]
    assert "(unless homes share shocks of sd ≥ 0.25)" in text
    assert "1.28 times the usual" in text  # exp(0.25)
    # a plan that sets no shock aside by the data lets them say nothing of it
    assert ("These data do not rule such shocks out." in text) == (asked > 0)


@pytest.mark.parametrize("rule", ["ending", "entering", "drop"])
def test_the_flow_adds_up_where_episodes_start_on_a_moving_day(make, rule):
    # one rule leaves them out, but as days not at risk, so that counting them here would leave them out twice
    lost = {"episodes that start on a day not at risk": 3} if rule == "drop" else {}
    steps = {"episodes in the tables": 45, f"episodes on a moving day (rule: {rule})": 3, **lost, "onsets": 45}
    steps["onsets"] -= sum(lost.values())
    begun, *left, counted = [int(one["count"]) for one in flow(make().data | {"episodes": steps})[:-2]]
    assert begun - sum(left) == counted


def test_notes_hold_no_code_names(make):
    notes = (
        "staff_ratio_between is unrecorded on 7.2% of days at risk: they stand at its mean, with an indicator",
        "size and staff_ratio count registered places where not all residents are seen",
        "M3 (peer_presence): 16.0% of onsets, of 7 children, have an expected intensity above 0.3 a day",
    )
    first, second, third = content(make(notes=notes), {})["notes"]
    assert first.startswith("staff on duty per resident between homes is unrecorded")
    assert second.startswith("size and staff on duty per resident count")
    assert third.startswith("model M3 (a recently missing peer): 16.0%")

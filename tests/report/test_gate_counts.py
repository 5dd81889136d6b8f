"""Counts in another form: quotients, measures and what stands beside a count tell no more than the rounded counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from missingmodels.disclosure.counts import rounded, significant
from missingmodels.disclosure.described import described, gated_measures
from missingmodels.disclosure.policy import load_policy
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.values import gated_cells, gated_data
from missingmodels.frame.published.calibration import compare
from missingmodels.targets import Compared, Measured, targets

GENERIC = load_policy("generic")


def found_of(children: int = 31, onsets: int = 258, years: float = 19.6) -> dict[str, Any]:
    """What `describe` found of 45 children, with so many who had an onset."""
    return {
        "children": 45, "children_in_homes": 45, "homes": 13, "resident_years": years, "missing_episodes": 258,
        "onsets_in_homes": onsets, "onsets_per_resident_year": round(onsets / years, 3),
        "share_of_children_with_an_onset": round(children / 45, 3),
        "onsets_per_missing_child": round(onsets / children, 2), "share_of_onsets_same_day_return": 0.341,
        "episodes": {"episodes in the tables": 258, "of children who lived in no home": 0, "onsets": onsets},
    }  # fmt: skip


def measures(**held: tuple[float, int]) -> dict[str, Compared]:
    made = {name: Measured(name=name, value=None, why="unrecorded") for name in targets()}
    made |= {name: Measured(name=name, value=value, count=n, of="") for name, (value, n) in held.items()}
    return {one.target.name: one for one in gated_measures(compare([made]), Judged(GENERIC))}


def test_quotients_are_the_same_for_all_counts_that_are_rounded_alike() -> None:
    told = [described(found_of(children=n), Judged(GENERIC)) for n in (28, 29, 30, 31, 32)]
    assert [one["share_of_children_with_an_onset"] for one in told] == [0.67] * 5
    assert [one["onsets_per_missing_child"] for one in told] == [8.7] * 5
    rates = [described(found_of(onsets=n, years=9.9), Judged(GENERIC)) for n in (98, 100, 102)]
    assert {one["onsets_per_resident_year"] for one in rates} == {10.0}, "9.9 times 9.9 would be 98"
    data = [{"onsets": n, "onsets_per_year_at_risk": round(n / 9.9, 3), "resident_years": 9.9} for n in (98, 100, 102)]
    assert [gated_data(one, Judged(GENERIC)) for one in data] == [
        {"onsets": 100, "onsets_per_year_at_risk": 10.0, "resident_years": 9.9}
    ] * 3


def test_of_few_children_with_an_onset_no_quotient_is_told() -> None:
    told = described(found_of(children=3), Judged(GENERIC))
    assert told["share_of_children_with_an_onset"] is None
    assert told["onsets_per_missing_child"] is None, "260 onsets over 87 each are 3 children"


@pytest.mark.parametrize("left", [0, 1, 9])
def test_which_of_two_counts_is_told_does_not_say_whether_nobody_or_few_are_left(left: int) -> None:
    """One episode of a child in no home, or one child: the same lines are blocked as if there were none."""
    found = found_of() | {"children": 45 + left, "missing_episodes": 258 + left}
    told = described(found, Judged(GENERIC))
    assert {n for n, v in told.items() if v is None} == {"children", "missing_episodes"}
    cells = {"episodes in the tables": 258 + left, "of children who lived in no home": left, "onsets": 258}
    assert gated_cells("episodes", cells, Judged(GENERIC)) == {
        "episodes in the tables": None, "of children who lived in no home": None, "onsets": 260,
    }  # fmt: skip
    assert (told["children_in_homes"], told["onsets_in_homes"], told["episodes"]["onsets"]) == (45, 260, 260)


def test_numbers_of_episodes_that_a_few_children_make_up_are_gone() -> None:
    plenty = described(found_of(), Judged(GENERIC), largest=[0.3, 0.2, 0.1])
    assert plenty["onsets_in_homes"] == 260
    judged = Judged(GENERIC)
    told = described(found_of(), judged, largest=[0.8, 0.11, 0.01])
    assert told["onsets_in_homes"] is told["onsets_per_resident_year"] is told["missing_episodes"] is None
    assert set(told["episodes"].values()) == {None}
    assert told["children_in_homes"] == 45
    assert {one.rule for one in judged.blocked if one.output == "onsets_in_homes"} == {"dominance"}


def test_near_to_an_earlier_output_no_quotient_or_measure_is_told() -> None:
    told = described(found_of(), Judged(GENERIC, b"key"))
    assert told["share_of_children_with_an_onset"] is told["onsets_per_missing_child"] is None
    made = {name: Measured(name=name, value=0.4, count=40, of="") for name in targets()}
    near = gated_measures(compare([made]), Judged(GENERIC, b"key"))
    assert {held.value for one in near for held in one.measured} == {None}


def test_measures_give_no_count_back_and_rest_on_enough() -> None:
    held = {n: measures(residents_male_share=(n / 45, 45))["residents_male_share"].measured[0] for n in (28, 31, 32)}
    assert {one.value for one in held.values()} == {significant(rounded(30, GENERIC) / 45, 2)}
    top = "top15pct_missing_children_incident_share"
    assert measures(**{top: (0.6, 66)})[top].mean is None, "of ten children"
    assert measures(**{top: (0.6, 67)})[top].mean == 0.6
    sides = "rate_ratio_16plus_vs_10to15"
    assert measures(**{sides: (2.4, 258)})[sides].mean is None
    each = "incidents_per_missing_resident"
    assert {measures(**{each: (258 / n, n)})[each].mean for n in (29, 30, 31, 32)} == {8.7}
    unchanged = gated_measures([replace(one, measured=()) for one in measures().values()], Judged(load_policy("none")))
    assert len(unchanged) == len(targets())

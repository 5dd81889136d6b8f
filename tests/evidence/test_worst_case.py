"""What a report quotes of error rates: nothing for data unlike those measured, else the worst that applies."""

from __future__ import annotations

import pytest

from missingmodels.evidence.robustness.frontier import frontier
from missingmodels.evidence.robustness.operating import packaged, share_text
from missingmodels.evidence.worst_case import (
    REAL,
    applicable,
    false_confidence_words,
    unseen_words,
    worst_cell,
    worst_withstood,
)
from missingmodels.plan import Plan

ALIKE = {"homes": 40, "observed_days": 365, "median_coverage": 1.0}


def said(plan: Plan | None = None, **changes: object) -> str:
    return false_confidence_words(ALIKE | changes, plan or Plan(), "M3")


def test_the_worst_measured_shock_is_quoted_and_not_a_kinder_one():
    table = frontier()
    held = table[(table["line"] == "home × 28 days") & (table["homes"] == 40)]
    worst = held["said"].max()
    assert worst > 0.3  # else the table has changed so far that this says little
    assert f"{100 * worst:.1f}".removesuffix(".0") + "%" in said()
    cell, at_rest = worst_cell(40, Plan())
    assert cell["said"] == worst
    assert at_rest == held.loc[held["shock_sd"] == 0, "said"].max()


@pytest.mark.parametrize("homes", [90, 150, 200])
def test_between_and_beyond_the_sizes_measured_the_larger_size_speaks(homes):
    assert set(applicable(frontier(), homes)["homes"]) == ({40, 160} if homes < 160 else {160})
    assert worst_cell(homes, Plan())[0]["homes"] == 160


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"median_coverage": 0.4}, "40% of residents are seen"),
        ({"median_coverage": None}, "unrecorded"),
        ({"homes": 15}, "15 homes, measured 40 to 160"),
        ({"homes": 700}, "700 homes, measured 40 to 160"),
        ({"observed_days": 120}, "120 days observed"),
        ({"observed_days": 1461}, "1461 days observed"),
    ],
)
def test_nothing_is_quoted_for_data_unlike_those_measured(changes, why):
    text = said(**changes)
    assert text.startswith("No error rate is quoted")
    assert why in text
    assert text.count("%") == why.count("%")


@pytest.mark.parametrize(
    "changes", [{"exposure": {"primary": "peer_count"}}, {"decision": {"supported_probability": 0.9}}]
)
def test_nor_for_a_plan_that_asks_otherwise(changes):
    assert said(Plan(**changes)).startswith("No error rate is quoted")


def test_a_verdict_that_withstands_shocks_has_figures_of_its_own_and_the_worst_cell_speaks():
    table = packaged("shared_causes.csv")
    held = table[(table["homes"] == 40) & (table["cell"] != REAL)]
    false, true = worst_withstood(40)
    assert false["withstands"] == held["withstands"].max() < held["default_supported"].max()
    assert true["cell"] == REAL
    text = said()
    assert f"up to {share_text(false['withstands'])} of sectors of 40 homes without influence" in text
    assert str(false["cell"]) in text


@pytest.mark.parametrize(
    ("plan", "homes"), [({}, 81 * 2), ({"decision": {"withstands": {"sd": 0.4}}}, 40)], ids=["larger", "another size"]
)
def test_where_it_was_not_measured_it_is_not_quoted(plan, homes):
    if worst_withstood(homes) is not None and not plan:
        pytest.skip("measured by now")
    text = said(Plan(**plan), homes=homes)
    assert "was not measured for such data and such a plan" in text
    assert "One that withstands" not in text


def test_a_plan_that_asks_nothing_to_be_withstood_is_told_nothing_of_it():
    assert "withstand" not in said(Plan(decision={"withstands": {"sd": 0.0}}))


def test_what_is_unseen_is_told_by_a_share_at_or_beyond_the_data_s_own():
    assert unseen_words({"median_coverage": 1.0}) == ""
    assert unseen_words({"median_coverage": 0.9}).startswith("Where 20% of residents are unseen, a rate ratio of 1.5")
    assert unseen_words({"median_coverage": 0.6}).startswith("Where 50% of residents are unseen, a rate ratio")
    assert "the most that was measured" in unseen_words({"median_coverage": 0.4})

"""The three-way rule and the row that states it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from missingmodels.evidence.decisions import (
    CANNOT_SAY,
    NEGLIGIBLE,
    OTHER_WAY,
    SUPPORTED,
    rule_in_words,
    summarise,
    verdict,
)
from missingmodels.plan import Decision

RULE = Decision()
FIT: Any = SimpleNamespace(model="M3", exposure="peer_presence")


def draws(above: int, below: int, inside: int = 0) -> np.ndarray:
    """Rate ratios of 2, of 0.5 and (just above 1) inside the region of equivalence."""
    return np.concatenate([np.full(above, 2.0), np.full(below, 0.5), np.full(inside, 1.01)])


@pytest.mark.parametrize(
    ("ratio", "expected", "answer"),
    [
        (draws(975, 25), "above", SUPPORTED),
        (draws(974, 26), "above", CANNOT_SAY),
        (draws(25, 975), "below", SUPPORTED),
        (draws(50, 50, 900), "above", NEGLIGIBLE),
        (draws(51, 50, 899), "above", CANNOT_SAY),
        (draws(500, 500), "above", CANNOT_SAY),
    ],
)
def test_rule_at_its_limits(ratio: np.ndarray, expected: str, answer: str) -> None:
    assert verdict(ratio, expected, RULE)[0] == answer


def test_a_ratio_of_no_consequence_is_negligible_though_it_lies_on_one_side_of_1() -> None:
    """A posterior of N(log 1.04, 0.015): 0.996 of it is above 1, and all of it below 1.1."""
    ratio = np.exp(np.log(1.04) + 0.015 * np.random.default_rng(1).standard_normal(4000))
    assert (ratio > 1).mean() > 0.99
    assert verdict(ratio, "above", RULE)[0] == NEGLIGIBLE


def test_the_other_way_is_said() -> None:
    answer, remark = verdict(draws(10, 990), "above", RULE)
    assert answer == OTHER_WAY
    assert "0.990" in remark
    # at the rule's own limit, and short of it
    assert verdict(draws(25, 975), "above", RULE)[0] == OTHER_WAY
    assert verdict(draws(26, 974), "above", RULE)[0] == CANNOT_SAY


def test_a_plan_may_set_another_rule() -> None:
    strict = Decision(supported_probability=0.99)
    assert verdict(draws(980, 20), "above", strict)[0] == CANNOT_SAY
    assert "0.99" in rule_in_words(strict)


def test_row_states_its_interval_and_region() -> None:
    ratio = np.exp(np.random.default_rng(1).normal(0.3, 0.1, 4000))
    label = {"hypothesis": "H1", "estimand": "rate_ratio", "name": "p", "label": "p"}
    row = summarise(ratio, fit=FIT, rule=RULE, null=1.0, expected="above", **label)
    assert (row.interval_mass, row.interval_kind) == (0.95, "equal-tailed")
    assert row.interval_low == pytest.approx(np.quantile(ratio, 0.025))
    assert row.interval_high == pytest.approx(np.quantile(ratio, 0.975))
    assert row.probability_above_null == np.mean(ratio > 1)
    assert (row.rope_low, row.rope_high) == (1 / 1.1, 1.1)
    assert row.verdict == SUPPORTED


def test_quantities_without_a_direction_get_no_verdict() -> None:
    row = summarise(
        np.ones(10), hypothesis="", fit=FIT, estimand="sd_log", name="s", label="s", rule=RULE
    )  # fmt: skip
    assert (row.verdict, row.rope_probability, row.probability_above_null) == ("", None, None)

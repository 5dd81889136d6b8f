"""Numbers as printed: none says more than the draws do."""

from __future__ import annotations

import pytest

from missingmodels.report import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.998, ">0.99"),
        (1.0, ">0.99"),
        (0.0, "<0.01"),
        (0.002, "<0.01"),
        (0.9748, "0.974"),  # below the rule's 0.975, so it must not be printed as 0.975
        (0.975, "0.975"),
        (0.8999, "0.899"),
        (0.0251, "0.026"),
        (0.6549, "0.65"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_probability(value, text):
    assert words.probability(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.303, "1.30"), (0.0567, "0.057"), (0.0001, "<0.001"), (31.24, "31.2"), (1234.5, "1,234"), (float("nan"), "–")],
)
def test_ratio(value, text):
    assert words.ratio(value) == text


def test_probability_is_of_the_side_that_the_hypothesis_states(make_row):
    assert words.stated_probability(make_row(expected="above", probability_above_null=0.8)) == pytest.approx(0.8)
    assert words.stated_probability(make_row(expected="below", probability_above_null=0.8)) == pytest.approx(0.2)
    assert words.stated_side(make_row(expected="below")) == "<1"


def test_minus_signs():
    assert words.signed(-2.46, 1) == "−2.5"
    assert words.signed(-0.001, 1) == "0.0"
    assert words.typographic("within a home (-0.10 to 0.11), 0-6 days, home's") == (
        "within a home (−0.10 to 0.11), 0-6 days, home’s"
    )


def test_last_day_of_a_half_open_span():
    assert words.last_day("2025-04-01") == "31 March 2025"


def test_a_note_speaks_of_what_was_asked():
    text = "in M1 (peer_presence): too few"
    assert words.note(text) == "in M1 (a recently missing peer): too few"
    asked = {"outcome": "a restraint of the child", "peers": "a restraint of the child"}
    assert words.note(text, asked) == "in M1 (a peer with a restraint of the child): too few"

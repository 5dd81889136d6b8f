"""Every measure and its Monte Carlo error against a table worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from missingmodels.studies.answers.measures import cell_measures, mean, ratio_of_means, share, share_error

# Five worlds with a true log rate ratio of 0.2; the fifth fit failed.
TRUTH = np.array([0.2, 0.2, 0.2, 0.2, np.nan])
ESTIMATE = np.array([0.5, 0.1, -0.4, 0.3, np.nan])
LOW = np.array([0.1, -0.3, -0.7, 0.25, np.nan])
HIGH = np.array([0.9, 0.5, -0.1, 0.35, np.nan])
ABOVE = np.array([0.98, 0.60, 0.01, 0.99, np.nan])


def measured(**changes):
    given = {
        "fitted": np.array([True, True, True, True, False]),
        "supported": np.array([True, False, False, True, False]),
        "negligible": np.array([False, True, False, False, False]),
        "expected_above": True,
        "truth": TRUTH,
        "estimate": ESTIMATE,
        "low": LOW,
        "high": HIGH,
        "probability_above": ABOVE,
        "sure": 0.975,
    }
    return cell_measures(**(given | changes))


@pytest.mark.parametrize(
    ("name", "value", "error", "count"),
    [
        ("power", 2 / 5, math.sqrt((4 / 9) * (5 / 9) / 9), 5),  # the failed world counts, and supports nothing
        ("negligible", 1 / 5, math.sqrt((3 / 9) * (6 / 9) / 9), 5),
        ("wrong_way", 1 / 5, math.sqrt((3 / 9) * (6 / 9) / 9), 5),
        ("failed", 1 / 5, math.sqrt((3 / 9) * (6 / 9) / 9), 5),
        (
            "type_s",
            1 / 3,
            math.sqrt((3 / 7) * (4 / 7) / 7),
            3,
        ),  # worlds 1, 3 and 4 are sure; world 3 has the wrong sign
        # (0.5 + 0.4 + 0.3) / 3 over 0.2 is 2; |e| - 2 |t| is 0.1, 0, -0.1, of sd 0.1
        ("type_m", 2.0, 0.1 / math.sqrt(3) / 0.2, 3),
        # errors 0.3, -0.1, -0.6, 0.1: mean -0.075; squares about it sum to 0.4475
        ("bias", -0.075, math.sqrt(0.4475 / 3) / 2, 4),
        ("coverage", 2 / 4, math.sqrt(0.5 * 0.5 / 8), 4),  # worlds 1 and 2 hold 0.2
        # widths 0.8, 0.8, 0.6, 0.1: mean 0.575; squares about it sum to 0.3275
        ("width", 0.575, math.sqrt(0.3275 / 3) / 2, 4),
        # 0.98, 0.60, 0.01, 0.99: mean 0.645; squares about it sum to 0.6365
        ("expected_probability", 0.645, math.sqrt(0.6365 / 3) / 2, 4),
    ],
)
def test_a_measure_worked_by_hand(name, value, error, count):
    found = measured()[name]
    assert found.value == pytest.approx(value)
    assert found.error == pytest.approx(error)
    assert found.count == count


def test_a_hypothesis_that_states_a_fall_turns_the_directions_round():
    found = measured(expected_above=False)
    assert found["wrong_way"].value == pytest.approx(2 / 5)
    assert found["expected_probability"].value == pytest.approx(1 - 0.645)
    assert found["type_s"].value == measured()["type_s"].value  # the sign is that of the truth, whatever is stated


def test_without_a_true_effect_signs_and_exaggeration_have_no_meaning():
    found = measured(truth=np.array([0.0, 0.0, 0.0, 0.0, np.nan]))
    assert math.isnan(found["type_s"].value)
    assert math.isnan(found["type_m"].value)
    assert found["bias"].value == pytest.approx(0.125)


def test_a_truth_that_is_not_known_leaves_bias_and_coverage_out_and_power_in():
    found = measured(truth=np.full(5, np.nan))
    assert found["bias"].count == found["coverage"].count == 0
    assert found["power"].value == pytest.approx(2 / 5)
    held = found["bias"].as_dict()
    assert (held["value"], held["error"], held["count"]) == (None, None, 0)


def test_monte_carlo_errors_are_the_spread_of_the_measure_over_studies():
    """2000 studies of 60 worlds: the errors stated agree with the spread seen, within 4 of its own errors (8 %)."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(1.0, 0.5, (2, 2000, 60))
    y += 2
    for values, stated in (
        ([mean(row).value for row in x], [mean(row).error for row in x]),
        (
            [ratio_of_means(a, b).value for a, b in zip(x, y, strict=True)],
            [ratio_of_means(a, b).error for a, b in zip(x, y, strict=True)],
        ),
        ([share(row > 1.2).value for row in x], [share(row > 1.2).error for row in x]),
    ):
        assert np.mean(stated) == pytest.approx(np.std(values), rel=0.08)


def test_a_share_of_nobody_still_has_an_error():
    assert share_error(0, 96) == pytest.approx(math.sqrt(0.02 * 0.98 / 100))


@pytest.mark.parametrize(
    ("changes", "whys"),
    [
        ({}, {}),
        ({"truth": np.zeros(5)}, dict.fromkeys(("type_s", "type_m"), "the truth is 0, which has no sign")),
        (
            {"truth": np.full(5, np.nan), "no_truth": "there is none"},
            dict.fromkeys(("bias", "coverage", "type_s", "type_m"), "there is none"),
        ),
        (
            {"probability_above": np.full(5, 0.5)},
            dict.fromkeys(("type_s", "type_m"), "no world is that sure of a direction"),
        ),
        (
            {"fitted": np.zeros(5, dtype=bool)},
            dict.fromkeys(
                ("type_s", "type_m", "bias", "coverage", "width", "expected_probability"), "no world has a usable fit"
            ),
        ),
    ],
)
def test_a_measure_that_cannot_be_had_says_why(changes, whys):
    found = {name: one.as_dict() for name, one in measured(**changes).items()}
    assert {name: one["why"] for name, one in found.items() if one["value"] is None} == whys
    assert not any("why" in one for name, one in found.items() if name not in whys)

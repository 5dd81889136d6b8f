"""What choosing by the rule does to an answer, by hand and by simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from missingmodels.evidence.parts import Row
from missingmodels.evidence.selection import exaggeration, with_family

ROW = Row(
    hypothesis="H2", model="M3", exposure="", role="primary", estimand="rate_ratio", name="x", label="x", mean=1.0,
    median=1.0, sd=0.1, interval_low=0.9, interval_high=1.1, interval_mass=0.95, interval_kind="equal-tailed", null=1.0,
    probability_above_null=0.5, expected="above", rope_low=None, rope_high=None, rope_probability=None, verdict="",
    remark="",
)  # fmt: skip


def normal(mean, sd, size=4001):
    """Draws at the quantiles of a normal, so that nothing is left to chance."""
    return mean + sd * norm.ppf((np.arange(size) + 0.5) / size)


@pytest.mark.parametrize(("expected", "sign"), [("above", 1), ("below", -1)])
def test_what_is_supported_exceeds_a_truth_of_half_as_it_does_in_a_million_studies(expected, sign):
    log = normal(sign * 0.4, 0.19)
    found = exaggeration(np.exp(log), expected, 0.975)
    estimates = np.random.default_rng(1).normal(0.2, log.std(), 1_000_000)
    shown = estimates[estimates > 1.959964 * log.std()]
    assert found == pytest.approx(shown.mean() / 0.2, rel=0.005)
    assert found > 2  # what is just shown exaggerates at least twofold


def test_a_strong_answer_exaggerates_next_to_nothing_beyond_its_truth_of_half():
    assert exaggeration(np.exp(normal(2.0, 0.1)), "above", 0.975) == pytest.approx(1, abs=1e-6)
    assert exaggeration(np.exp(normal(-0.1, 0.1)), "above", 0.975) is None


def test_ten_independent_contrasts_are_as_far_out_as_sidak_says():
    rng = np.random.default_rng(2)
    logs = [mean + 0.1 * rng.standard_normal(200_000) for mean in (0.25, -0.3, *[0.0] * 8)]
    rows = [replace(ROW, expected="below" if i == 1 else "above") for i in range(10)]
    found = with_family(rows, [np.exp(log) for log in logs])
    for i, z in enumerate((2.5, 3.0, *[0.0] * 8)):
        assert found[i].family_wise == pytest.approx(1 - norm.cdf(z) ** 10, abs=0.004)
        assert found[i].family_size == 10


def test_contrasts_that_are_one_count_once_and_those_without_a_side_do_not():
    log = normal(0.2, 0.1)
    twin = with_family([ROW, ROW], [np.exp(log), np.exp(log)])
    assert twin[0].family_wise == pytest.approx(norm.sf(2), abs=1e-3)
    alone = [ROW, replace(ROW, expected="")]
    assert with_family(alone, [np.exp(log), np.exp(log)]) == alone

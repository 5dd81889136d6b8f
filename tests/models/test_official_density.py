"""Interval-censored negative binomial: the PyMC model against the reference density."""

from __future__ import annotations

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from missingmodels.models.official import interval_log_density
from plain.official_reference import official_log_density

LOW = np.array([7.0, 0.0, 115.0, 1.0, 4.0, 0.0, 12.0])
HIGH = np.array([7.0, 0.0, 125.0, 30.0, np.inf, np.inf, 12.0])
MEAN = np.array([5.0, 2.0, 130.0, 20.0, 3.5, 8.0, 400.0])


def log_density(mean, size, low, high):
    graph = interval_log_density(
        pt.as_tensor(np.log(mean)), pt.as_tensor(np.array(size)), np.array(low), np.array(high)
    )
    return pytensor.function([], graph)()


@pytest.mark.parametrize("size", [0.4, 3.0, 60.0])
def test_intervals_agree_with_differences_of_the_distribution_function(size):
    ours = log_density(MEAN, size, LOW, HIGH)
    theirs = official_log_density(mean=MEAN, size=size, low=LOW, high=HIGH)
    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)
    assert ours[5] == 0, "a count of which nothing is known informs nothing"


def test_parts_of_a_split_interval_add_up():
    def probability(low, high):
        return np.exp(log_density([9.0], 2.0, low, high))

    whole = probability([3.0], [12.0])
    parts = probability([3.0], [6.0]) + probability([7.0], [7.0]) + probability([8.0], [12.0])
    np.testing.assert_allclose(whole, parts)
    np.testing.assert_allclose(probability([0.0], [2.0]) + probability([3.0], [np.inf]), 1.0)

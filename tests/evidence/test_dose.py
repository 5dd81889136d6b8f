"""Bins of the dose figure: numbers of peers too rare to say anything share one."""

from __future__ import annotations

import numpy as np
import pytest

from missingmodels.evidence.figures.figure_data import ENOUGH, bins_with_enough


@pytest.mark.parametrize(
    ("expected", "first"),
    [
        ([300, 40, 12, 6], [0, 1, 2, 3]),
        ([300, 40, 12, 4.9], [0, 1, 2]),
        ([300, 40, 3, 1], [0, 1]),
        ([300, 40, 4, 1], [0, 1, 2]),  # two thin ones together are enough
        ([300, 1, 1, 1], [0]),
    ],
)
def test_thin_numbers_of_peers_join_from_the_top(expected, first):
    found = bins_with_enough(np.array(expected, dtype=float))
    assert found.tolist() == first
    sums = np.add.reduceat(np.array(expected, dtype=float), found)
    assert sums.sum() == pytest.approx(sum(expected))
    assert (sums[1:] >= ENOUGH).all()

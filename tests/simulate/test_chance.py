"""Keyed chance: uniform, without memory, and the same in loops, in arrays and without numba."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import kstest

from missingmodels.simulate.chance import draw, exponential, key_of, normal, uniform

KEY = key_of(3, "somebody", 7)


def test_one_key_always_meets_one_number():
    a, b = np.arange(50)[:, None], np.arange(-5, 60)
    grid = uniform(KEY, a, b)
    np.testing.assert_array_equal(grid[7:9, 3:5], uniform(KEY, a[7:9], b[3:5]))
    np.testing.assert_array_equal(grid, [[draw(KEY, i, j) for j in b] for i in a[:, 0]])
    assert not np.isin(uniform(key_of(3, "somebody", 8), a, b), grid).any()
    assert key_of(3, "a", "b") != key_of(3, "ab") != key_of(4, "ab")


@pytest.mark.parametrize("lag", [(0, 1), (1, 0), (1, 1), (4096, 0)], ids=str)
def test_numbers_are_uniform_and_neighbours_have_nothing_in_common(lag):
    a, b = np.arange(500)[:, None] * 37, np.arange(400)
    one, other = uniform(KEY, a, b).ravel(), uniform(KEY, a + lag[0], b + lag[1]).ravel()
    n = one.size
    assert 0 < one.min() < 20 / n
    assert 1 - 20 / n < one.max() < 1
    assert kstest(one, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(n)
    # the square catches dependence that correlation does not see
    assert abs(np.corrcoef((one - 0.5) ** 2, (other - 0.5) ** 2)[0, 1]) < 4 / np.sqrt(n)
    assert kstest(normal(KEY, a, b).ravel(), "norm").pvalue > 1e-3
    assert kstest(exponential(KEY, a, b).ravel(), "expon").pvalue > 1e-3


def test_the_loops_run_the_same_without_numba():
    """A bare room may lack numba: the loops are then plain Python, and the world is the same to the last digit."""
    script = """
import sys
if {block}:
    sys.modules["numba"] = None
import numpy as np
from missingmodels.scenario import Scenario
from missingmodels.simulate.run import run_sector
from missingmodels.simulate.days.intensity import LOGGED
s = Scenario(days=40, homes={{"count": 3, "school_tie_share": 0.5}}, contagion={{"exposure": "peer_network",
    "joint_share": 0.2, "outside_log_rate_ratio": 0.5}}, mechanisms={{"trusted_adult": -0.5}},
    onset={{"rate_per_year": 40.0}})
r = run_sector(s, 2, log=LOGGED)
print(len(r.episodes.day), repr(float(np.nansum(r.log.values))), r.episodes.hours_away.sum().hex())
print(r.stays.end.tolist())
"""
    found = [
        subprocess.run(
            [sys.executable, "-c", script.format(block=block)], capture_output=True, text=True, check=True
        ).stdout.split()
        for block in (False, True)
    ]
    assert int(found[0][0]) > 3
    assert found[0][0] == found[1][0]
    assert found[0][3:] == found[1][3:]
    # libm's exp and numba's may differ in the last bit
    assert float(found[0][1]) == pytest.approx(float(found[1][1]), rel=1e-12)
    assert float.fromhex(found[0][2]) == pytest.approx(float.fromhex(found[1][2]), rel=1e-12)

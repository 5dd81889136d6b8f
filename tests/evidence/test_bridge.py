"""The bridge where the ratio is known: a normal mean with and without one far observation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from missingmodels.evidence.scores.bridge import log_ratio


def two_sides(
    rng: np.random.Generator, y: float, *, above: int = 1000, below: int = 1000
) -> tuple[np.ndarray, np.ndarray, float]:
    """log N(y; theta, 0.5²) at draws of theta | y and of theta ~ N(0, 1), and the log of its mean under the latter."""
    spread = 0.5
    kept = spread**2 / (1 + spread**2)
    after = y * (1 - kept) + np.sqrt(kept) * rng.standard_normal(above)
    before = rng.standard_normal(below)
    return norm.logpdf(y, after, spread), norm.logpdf(y, before, spread), float(norm.logpdf(y, 0, np.sqrt(1.25)))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("above", "below"), [(1000, 1000), (60, 6000), (6000, 60)])
def test_the_ratio_and_its_error_are_right(above: int, below: int, turned: bool) -> None:
    """Whichever side its error comes from: turned about, 1 / L carries the draws of q₁ back to q₀."""
    rng = np.random.default_rng(3)
    z = []
    for _ in range(200):
        *sides, truth = two_sides(rng, 1.5, above=above, below=below)
        found, error = log_ratio(-sides[1], -sides[0]) if turned else log_ratio(*sides)
        z.append(((-found if turned else found) - truth) / error)
    assert abs(np.mean(z)) < 4 / np.sqrt(200) + 0.1  # few draws have a little bias
    assert np.std(z) == pytest.approx(1.0, abs=0.2)


def test_it_is_better_than_either_side_alone() -> None:
    rng = np.random.default_rng(4)
    off = np.zeros((60, 3))
    for i in range(60):
        above, below, truth = two_sides(rng, 3.5)
        plain = logsumexp(below) - np.log(below.size)
        harmonic = np.log(above.size) - logsumexp(-above)
        off[i] = np.array([log_ratio(above, below)[0], plain, harmonic]) - truth
    bridge, *others = np.sqrt((off**2).mean(axis=0))
    assert bridge < 0.75 * min(others)


def test_a_density_that_is_one_number_is_given_back() -> None:
    found, error = log_ratio(np.full(50, -700.0), np.full(80, -700.0))
    assert found == pytest.approx(-700.0)
    assert error == 0.0

"""How strong an unobserved cause must be: published figures, brute force, and inverses."""

from __future__ import annotations

import numpy as np
import pytest

from missingmodels.evidence.robustness import sensitivity


@pytest.mark.parametrize(("ratio", "published"), [(3.9, 7.26), (1.8, 3.0), (1.0, 1.0), (0.8, 1.0)])
def test_e_values(ratio: float, published: float) -> None:
    """VanderWeele and Ding 2017: 3.9 and the lower end 1.8 of its interval give 7.26 and 3.0."""
    assert sensitivity.e_value(ratio) == pytest.approx(published, abs=0.01)


def test_a_rare_exposure_makes_the_ratio_of_second_to_first_moments() -> None:
    """With few days exposed exposure is proportional to e^z, so the ratio is E[e^2z] / E[e^z]^2 = e^(sd^2)."""
    assert sensitivity.shock_ratio(0.5, 1e-5) == pytest.approx(np.exp(0.25), rel=1e-3)


@pytest.mark.parametrize(("sd", "share"), [(0.5, 0.1), (1.0, 0.3)])
def test_shocks_against_brute_force(sd: float, share: float) -> None:
    """Homes drawn with a shock each; exposure and onsets follow from the same rate, and nothing else."""
    rng = np.random.default_rng(1)
    factor = np.exp(sd * rng.standard_normal(400_000))
    low, high = 1e-4, 50.0
    for _ in range(60):  # the sources at which the share of days exposed is as asked
        middle = np.sqrt(low * high)
        low, high = (middle, high) if (1 - np.exp(-middle * factor)).mean() < share else (low, middle)
    exposed = 1 - np.exp(-low * factor)
    imitated = (factor * exposed).mean() / exposed.mean() / ((factor * (1 - exposed)).mean() / (1 - exposed).mean())
    assert sensitivity.shock_ratio(sd, share) == pytest.approx(imitated, rel=0.02)


def test_an_exposure_that_is_not_yes_or_no_is_taken_at_its_mean() -> None:
    """Days half exposed, a quarter of the weight: a rate ratio of 4 a unit is one of 2 on those days."""
    exposure, weight = np.array([0.0, 0.0, 0.5, np.nan]), np.array([2.0, 1.0, 1.0, 0.0])
    share, mean = sensitivity.exposed_days(exposure, weight)
    assert (share, mean) == (0.25, 0.5)
    assert sensitivity.exposed_days(exposure > 0, weight) == (0.25, 1.0)  # presence itself
    assert sensitivity.exposed_days(np.zeros(2), np.ones(2)) == (0.0, 1.0)


def test_a_state_by_hand() -> None:
    """Half the time rates are threefold; with few days exposed the ratio is mean of squares over square of mean."""
    assert sensitivity.state_ratio(3.0, 1e-5, share=0.5) == pytest.approx(((1 + 9) / 2) / 4, rel=1e-3)


@pytest.mark.parametrize("ratio", [1.05, 1.3, 1.7])
def test_what_is_needed_imitates_the_ratio(ratio: float) -> None:
    sd = sensitivity.shock_sd_needed(ratio, 0.1)
    assert sensitivity.shock_ratio(sd, 0.1) == pytest.approx(ratio, rel=1e-6)
    factor = sensitivity.state_ratio_needed(ratio, 0.1)
    assert sensitivity.state_ratio(factor, 0.1) == pytest.approx(ratio, rel=1e-6)


def test_nothing_to_explain_and_nothing_that_explains() -> None:
    assert sensitivity.shock_sd_needed(0.9, 0.1) == 0.0
    assert sensitivity.state_ratio_needed(1.0, 0.1) == 1.0
    assert sensitivity.state_ratio_needed(1e6, 0.1) == float("inf")

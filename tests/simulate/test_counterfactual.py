"""Interventions: the same children meet the same chance, and the contrast is the one worked out by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from missingmodels.scenario import Scenario
from missingmodels.simulate.days.intervene import do
from missingmodels.simulate.run import run_sector
from missingmodels.simulate.world import simulate_world
from worlds import scenario_of

STANDARD_ERRORS = 4


def test_without_contagion_is_the_world_whose_contagion_is_set_to_nothing():
    asked = {"exposure": "peer_density", "log_rate_ratio": 1.2, "outside_log_rate_ratio": 0.5, "joint_share": 0.1}
    parts = {
        "contagion": asked,
        "homes": {"school_tie_share": 0.3},
        "mechanisms": {"concurrent_missing": 1.5},
        "onset": {"rate_per_year": 20.0},
    }
    found = simulate_world(scenario_of(n_homes=20, **parts), seed=3, do=do(contagion=0))
    parts["contagion"] = {"exposure": "peer_density", "log_rate_ratio": 0.0}
    parts["mechanisms"] = {}
    plain = simulate_world(scenario_of(n_homes=20, **parts), seed=3)
    for name in ("missing_episodes", "placements", "interviews"):
        assert found.tables[name].equals(plain.tables[name]), name
    assert found.truth.coefficient("peer_density").tolist() == [0.0]


def two_children(effect: float, days: int = 29) -> Scenario:
    """Many homes of two places that two settled children share for the whole span; nothing acts but the peer."""
    nothing = dict.fromkeys(
        ("age_years", "male", "need_score", "exploitation_risk", "out_of_area", "own_1_7", "own_8_28", "arrival_0_6",
         "arrival_7_27", "arrival_28_89", "staff_ratio_between", "staff_ratio_within", "turnover_between",
         "turnover_within", "mix_need_between", "mix_need_within", "home_sd", "home_period_sd"), 0.0,
    )  # fmt: skip
    return Scenario(
        days=days,
        homes={"count": 1500, "place_shares": [0.0, 1.0], "sector_shares": [1, 0, 0, 0], "occupancy": 0.98},
        children={"stay_band_shares": [0, 0, 0, 0, 0, 0, 0, 1], "move_share": 0.0, "age_at_entry_mean_years": 7.0},
        onset={**nothing, "rate_per_year": 36.525, "frailty_shape": 1e9},
        contagion={"log_rate_ratio": effect, "window_days": 2},
        away={"median_hours": 0.001},  # back the same day, and at risk again the next morning
    )


def expected_onsets(effect: float, days: int, window: int = 2) -> float:
    """Mean number of onsets of two children by enumeration of what is recent: days since each child's last onset."""
    base = 36.525 / 365.25
    forget = window + 1
    states = {(forget, forget): 1.0}
    total = 0.0
    for _ in range(days):
        after: dict[tuple[int, int], float] = {}
        for (a, b), weight in states.items():
            rates = (base * np.exp(effect * (b <= window)), base * np.exp(effect * (a <= window)))
            # a return on the day of onset (within the same date) leaves the whole next day at risk
            chance = [-np.expm1(-rate) for rate in rates]
            for first, second in itertools.product((0, 1), repeat=2):
                p = (chance[0] if first else 1 - chance[0]) * (chance[1] if second else 1 - chance[1])
                total += weight * p * (first + second)
                state = (1 if first else min(a + 1, forget), 1 if second else min(b + 1, forget))
                after[state] = after.get(state, 0.0) + weight * p
        states = after
    return total


@pytest.mark.parametrize("effect", [1.0, -1.0])
def test_the_contrast_of_no_contagion_in_a_world_of_two_children(effect):
    """By hand: the expectation is enumerated over all histories; the simulator's contrast has the same mean."""
    scenario, days = two_children(effect), 29
    found, calm = run_sector(scenario, 1), run_sector(scenario, 1, do=do(contagion=0))
    stays = found.stays
    whole = (stays.start <= 0) & (stays.end >= days)
    kept = np.bincount(stays.home[whole], minlength=1500) == 2
    kept &= np.bincount(stays.home, minlength=1500) == 2
    assert kept.sum() > 1000
    factual, without = (np.bincount(r.episodes.home, minlength=1500)[kept] for r in (found, calm))
    difference = factual - without
    error = difference.std() / np.sqrt(kept.sum())
    expected = expected_onsets(effect, 29) - expected_onsets(0.0, 29)
    assert abs(difference.mean() - expected) < STANDARD_ERRORS * error
    assert abs(np.mean(without) - 2 * 29 * -np.expm1(-0.1)) < STANDARD_ERRORS * np.std(without) / np.sqrt(kept.sum())
    # shared chance: the contrast is known far better than from two separate worlds
    assert difference.std() < 0.8 * np.sqrt(np.var(factual) + np.var(without))


def test_more_staff_raises_the_ratio_of_every_home_and_moves_only_onsets():
    scenario = scenario_of(n_homes=25, onset={"staff_ratio_between": -1.0, "staff_ratio_within": -1.0})
    before, after = run_sector(scenario, 6), run_sector(scenario, 6, do=do(staff_ratio=1))
    known = ~np.isnan(before.structure.staff_ratio)
    np.testing.assert_allclose(
        np.exp(after.structure.staff_ratio[known]), np.exp(before.structure.staff_ratio[known]) + 1
    )
    np.testing.assert_array_equal(before.stays.start, after.stays.start)
    assert after.episodes.day.size < before.episodes.day.size
    # lower rates under the same chance: before the first difference every onset of the calmer world is in the other
    events = [set(zip(r.episodes.day.tolist(), r.episodes.child.tolist(), strict=True)) for r in (before, after)]
    day = min(events[0] ^ events[1])[0]
    assert {e for e in events[1] if e[0] <= day} <= {e for e in events[0] if e[0] <= day}


def test_turnover_is_set_for_every_home_and_period():
    scenario = scenario_of(n_homes=25, onset={"turnover_between": 2.0, "turnover_within": 2.0})
    found = run_sector(scenario, 6, do=do(turnover=0.1))
    assert (found.structure.turnover == 0.1).all()
    np.testing.assert_allclose(found.structure.turnover_mean, 0.1)
    np.testing.assert_allclose(found.structure.turnover_within, 0.0, atol=1e-12)


def test_an_intervention_cannot_be_negative():
    with pytest.raises(ValueError, match="negative"):
        do(contagion=-1)

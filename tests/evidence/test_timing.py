"""When onsets come, counted by hand, and as the window lived again draws them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evidence.test_dynamic import hand_made, replicated

from missingmodels.evidence.effects.dynamic import dynamic_attributable_fraction
from missingmodels.evidence.timing import PARTS, Places, timing

HOME = (0, 0, 1)  # of each child, on sixty days
DAYS, BURN_IN = 60, 28
# an onset of the burn-in is not counted, nor what follows it a gap
ONSETS = ((0, 27), (0, 30), (0, 32), (0, 45), (1, 30), (1, 40), (2, 31))
BY_HAND = {
    "gaps": [1, 0, 2, 0, 0],  # 2 and 13 days of the first child, 10 of the second
    "pairs": [1, 1, 1, 2, 1],  # 0; 2; 5; 8 and 10; 15 days apart in the first home
    "arrival": [0, 4, 2, 0],
    "tenths_of_columns": [0, 6, 0, 0, 0, 0, 0, 0, 0, 0],
    "dispersion": [4.25 / 1.5],  # 5, 0, 1 and 0 in two months of two homes
}


@pytest.fixture(scope="module")
def places() -> Places:
    child, day = (part.ravel() for part in np.meshgrid(np.arange(3), np.arange(DAYS), indexing="ij"))
    return Places(
        child=child, home=np.array(HOME)[child], day=day, counted=day >= BURN_IN,
        arrival=np.where(day < 40, 1, 2), tenth=np.ones(day.size, dtype=np.int64),
    )  # fmt: skip


def onsets() -> np.ndarray:
    made = np.zeros((3, DAYS), dtype=bool)
    made[tuple(np.array(ONSETS).T)] = True
    return made.ravel()


def test_counts_are_those_by_hand(places: Places) -> None:
    found, begin = places.statistics(onsets()), 0
    for name, bins in PARTS.items():
        np.testing.assert_allclose(found[begin : begin + len(bins)], BY_HAND[name], err_msg=name)
        begin += len(bins)
    assert begin == found.size


def test_the_order_of_the_days_and_the_names_of_children_do_not_matter(places: Places) -> None:
    order = np.random.default_rng(1).permutation(places.day.size)
    mixed = Places(
        **{name: getattr(places, name)[order] for name in ("home", "day", "counted", "arrival", "tenth")},
        child=np.array([7, 2, 5])[places.child[order]],
    )
    np.testing.assert_array_equal(mixed.statistics(onsets()[order]), places.statistics(onsets()))


def test_a_part_without_onsets_to_judge_is_left_out(places: Places) -> None:
    nothing = np.zeros(places.day.size, dtype=bool)
    made = np.array([places.statistics(onsets()), places.statistics(nothing)])
    shown = timing(places, onsets(), made, lambda values: {"median": values.mean(axis=0).tolist()})
    assert [part["name"] for part in shown] == [name for name in PARTS if name != "dispersion"]
    assert shown[1]["replicated"]["median"] == [0.5, 0.5, 0.5, 1.0, 0.5]


def test_the_onsets_shown_are_those_that_were_drawn() -> None:
    """As many on average as the chances that they were drawn by, and only where somebody may leave."""
    days, parameters = hand_made("peer_count")
    shown: list[np.ndarray] = []
    found = dynamic_attributable_fraction(
        replicated(parameters, 4000), days, seed=5, runs=2, watch=lambda made: shown.append(made.copy())
    )
    made = np.array(shown)
    assert made.shape == (4000, days.child.size)
    assert not made[:, (days.risk == 0) | (days.spell < 0)].any()
    each = made.sum(axis=1)
    assert each.mean() == pytest.approx(found.episodes.mean(), abs=4 * each.std() / np.sqrt(each.size))
    assert each.std() > 0

"""Membership attacks: the attacker sees what is there to see, and guesses where nothing is."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recipes import FOLDER, recipe


@pytest.fixture(scope="module")
def membership():
    return recipe("membership")


def test_the_attacker_ranks_what_differs_and_guesses_what_does_not(membership):
    rng = np.random.default_rng(1)
    one = rng.standard_normal((80, 6))
    assert membership.ranked(one, one + 3.0) > 0.99
    # of 9 rules the best is kept: by chance it lies up to some 0.1 above a guess (sd of one 0.046)
    assert membership.ranked(one, rng.standard_normal((80, 6))) < 0.65


def test_the_child_is_planted_with_its_episodes_and_nothing_else_changes(membership):
    made = membership.sectors(3)
    sizes = {
        kind: {n: len(one[n]) for n in ("children", "placements", "missing_episodes")} for kind, one in made.items()
    }
    more = {
        kind: [n - m for n, m in zip(one.values(), sizes["without"].values(), strict=True)]
        for kind, one in sizes.items()
    }
    assert more == {"without": [0, 0, 0], "with few": [1, 1, 3], "with many": [1, 1, 30]}


@pytest.mark.sampled
def test_what_is_told_is_rounded(membership):
    found = membership.told(membership.sectors(3)["with few"], 3)
    assert {found[name] % 5 for name in ("children", "onsets", "with onset")} == {0.0}
    assert found["male median"] == float(f"{found['male median']:.3g}")


def test_the_record_is_whole(membership):
    held = json.loads((FOLDER / "results" / "membership.json").read_text())
    assert held["worlds"] + held["left_out"] == int(held["recipe"].split("--worlds ")[1].split()[0])
    assert set(held["questions"]) == set(membership.QUESTIONS)

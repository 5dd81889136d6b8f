"""Who stands behind the cells of figures, counted by hand, and that the gate asks it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from tests.evidence.test_timing import onsets, places

from missingmodels.disclosure.figures import gated_figures
from missingmodels.disclosure.policy import load_policy
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.support import Behind
from missingmodels.evidence.cells import behind_cells, behind_timing
from missingmodels.evidence.timing import PARTS, Places
from missingmodels.runs.answer import answer
from worlds import plan_of, small_world

__all__ = ["places"]  # a fixture

GENERIC = load_policy("generic")


def test_who_had_the_onsets_of_a_bin() -> None:
    at, child, home = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 2]), np.array([0, 0, 0, 0, 1])
    one, other = behind_cells("dose", ["0", "1+"], at, child, home, np.array([2.0, 0.0, 3.0, 0.0, 1.0]))
    assert one == {"column": "dose 0", "children": 1, "homes": 1, "largest_children": [1.0], "largest_homes": [1.0]}
    assert (other["column"], other["children"], other["homes"]) == ("dose 1+", 2, 2)
    assert other["largest_children"][:2] == [0.75, 0.25]


def test_cells_of_timing_by_hand(places: Places) -> None:
    found = {one["column"]: one for one in behind_timing(places, onsets())}
    assert set(found) == {f"{part} {name}" for part, names in PARTS.items() if part != "dispersion" for name in names}
    held = {name: (one["children"], one["homes"]) for name, one in found.items() if one["children"]}
    assert held == {
        "gaps 1–2": (1, 1), "gaps 8–14": (2, 1),  # the first child; both of the first home
        **{f"pairs {name}": (2, 1) for name in PARTS["pairs"]},
        f"arrival {PARTS['arrival'][1]}": (3, 2), f"arrival {PARTS['arrival'][2]}": (2, 1),
        "tenths_of_columns 2": (3, 2),
    }  # fmt: skip
    assert found["pairs same day"]["largest_children"] == [0.5, 0.5]


@pytest.fixture
def dose() -> dict[str, object]:
    held = {part: [1.0, 1.1, 1.2, 1.3] for part in ("median", "low", "high")} | {"mass": 0.95}
    return {
        "bins": ["0", "1", "2", "3+"], "onsets": [120.0, 55.0, 52.0, 61.0], "days_at_risk": [4000.0] * 4, "ratio": held,
        "expected": [118.0, 54.0, 50.0, 60.0], "model": "M0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, ["0", "1", "2", "3+"]),
        ({"children": 3, "homes": 1}, ["0", "1"]),  # sixty-one episodes of three children; the next small cell goes too
        ({"largest_children": [0.92, 0.02]}, ["0", "1"]),
        (None, []),  # a run of an earlier version does not say
    ],
)
def test_a_bin_that_few_children_make_up_is_blocked(dose, change, kept) -> None:
    plenty = {"model": "M0", "exposure": "", "children": 20, "homes": 12, "largest_children": [0.1, 0.1],
              "largest_homes": [0.1, 0.1]}  # fmt: skip
    support = [plenty | {"column": "*"}]
    if change is not None:
        support += [plenty | {"column": f"dose {name}"} for name in dose["bins"][:3]]
        support += [plenty | {"column": "dose 3+"} | change]
    behind = Behind(SimpleNamespace(data={}, support=support), GENERIC)
    told = gated_figures({"dose": dose}, behind, Judged(GENERIC))
    assert told.get("dose", {}).get("bins", []) == kept


@pytest.mark.sampled
def test_evidence_knows_who_stands_behind_the_cells_of_its_figures() -> None:
    plan = plan_of(
        models=("M0", "M1"), exposure={"beside": ()}, sampling={"method": "laplace", "draws": 100, "chains": 2},
        gate={"ess_min": 20, "k_hat_max": 1.0},
    )  # fmt: skip
    found = answer(small_world(3).tables, plan, seed=1, allow_unconverged=True, progress=None).evidence
    cells = {(one["model"], one["column"]): one for one in found.support}
    for name, onset in zip(found.figures["dose"]["bins"], found.figures["dose"]["onsets"], strict=True):
        assert 0 < cells["M0", f"dose {name}"]["children"] <= onset
    for part in found.figures["timing"]["parts"]:
        for name, many in zip(part["bins"], part["observed"], strict=True):
            if part["name"] != "dispersion":
                assert (cells["M1", f"{part['name']} {name}"]["children"] > 0) == (many > 0)
    assert "behind" not in {*found.figures["dose"], *found.figures["timing"]}

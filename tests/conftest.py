"""What several test modules share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from missingmodels.runs.answer import Answer


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public sample files beside the repository; they are never copied into it."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"the public sample files are not beside the repository ({folder})")
    return folder


@pytest.fixture(scope="session")
def small_answer() -> Answer:
    """Fits of M0 and M3 and their evidence on one small simulated sector; sampled once a session."""
    from missingmodels.plan import Plan
    from missingmodels.runs.answer import answer
    from missingmodels.scenario import Scenario
    from missingmodels.simulate.world import simulate_world

    world = simulate_world(Scenario(homes={"count": 15}, days=240), seed=4)
    sampling = {"draws": 500, "tune": 500}
    plan = Plan(
        models=("M0", "M3"), exposure={"beside": ()}, sampling=sampling, gate={"ess_min": 200, "rhat_max": 1.02}
    )
    return answer(world.tables, plan, seed=4)

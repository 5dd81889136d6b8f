"""What the same seed gives on another processor: the same sector, and the same fast draws to the rounding of proposals.

Another processor is played by other kernels of BLAS, by numpy without its vector instructions, and by other numbers of
threads: each changes the order of sums, or the last digit of a function, and nothing else.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rounding import rounding
from test_laplace import made_design

from missingmodels.fitting.laplace.approximation import laplace
from missingmodels.fitting.laplace.data import laplace_data
from missingmodels.models.priors.of_plan import prior_set
from missingmodels.plan import Priors

HERE = Path(__file__).parent
DRAWS = 1000
UNKNOWNS = ("intercept", "coefficients", "home", "home_period")
PROGRAM = f"""
import hashlib, json, numpy as np
from test_laplace import laplace, made_design, prior_set, Priors
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
found = laplace(made_design(7), prior_set(Priors()), draws={DRAWS}, rng=np.random.default_rng(1))
tables = simulate_world(Scenario(homes={{"count": 4}}, days=90), seed=3).tables
sector = "".join(tables[name].to_csv() for name in ("children", "placements", "missing_episodes"))
out = {{name: np.reshape(getattr(found, name), ({DRAWS}, -1)).tolist() for name in {UNKNOWNS!r}}}
out |= {{"log_marginal": found.log_marginal, "sector": hashlib.sha256(sector.encode()).hexdigest()}}
print(json.dumps(out))
"""


def second_core() -> str:
    place = HERE.parents[1] / "scripts" / "second_core.py"
    spec = importlib.util.spec_from_file_location("second_core", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.second_core()


def dispatched() -> str:
    """What numpy found of vector instructions beyond those that it needs."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    return " ".join(name for name in __cpu_dispatch__ if __cpu_features__.get(name))


def under(**settings: str) -> dict:
    """The program's answer under settings of its environment."""
    environment = os.environ | settings | {"PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def here() -> dict:
    return under(OPENBLAS_NUM_THREADS="1")


@pytest.mark.parametrize("other", ["kernels", "vector instructions", "threads"])
def test_the_same_seed_on_another_processor(here, other):
    settings = {"OPENBLAS_NUM_THREADS": "1"}
    if other == "kernels":
        settings["OPENBLAS_CORETYPE"] = second_core()
    elif other == "vector instructions":
        settings["NPY_DISABLE_CPU_FEATURES"] = dispatched()
    else:
        settings["OPENBLAS_NUM_THREADS"] = "2"
    if not all(settings.values()):
        pytest.skip(f"this processor has no other {other} to play")
    there = under(**settings)
    if other == "threads":
        assert there == here, "the engine holds BLAS to one, whatever is set"
        return
    design, priors = made_design(7), prior_set(Priors())
    found = laplace(design, priors, draws=DRAWS, rng=np.random.default_rng(1))
    limits = rounding(laplace_data(design, priors), found, np.float32)
    assert there["sector"] == here["sector"]
    assert there["log_marginal"] == pytest.approx(here["log_marginal"], abs=limits.log_density)
    off = np.max([np.abs(np.array(there[name]) - here[name]).max(axis=1, initial=0.0) for name in UNKNOWNS], axis=0)
    # A draw is the proposal in whose step of the summed weights a rung of an even ladder lies: as many steps as rungs,
    # each end moved by the rounding of a mean of as many weights. Where it passes a rung, the next proposal is drawn.
    assert np.mean(off > limits.draw) <= 2 * DRAWS * limits.log_density / np.sqrt(DRAWS)
    assert np.median(off) <= limits.draw

"""What is left of the bias of peers and own history if children's and homes' effects are known, in `small` worlds.

The log rate ratios of the columns that episodes move are estimated by maximum likelihood with everything else, u, v and
w included, at its true value; and the onsets on days with the column above 0 are set beside those that the true rates
expect there, whose difference has mean 0 if world and model are the same. Once in the worlds of `estimand_recovery.py`
and once in others: what the former are off by beyond the latter is the luck of those worlds, and the rest of the bias
there is the price of not knowing the effects.

    python simulations/given_effects.py --worlds 200 --others 4000
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from appended import RESULTS
from estimand_recovery import EXPOSURE, FIRST_SEED, PLAN, scenario_of

from missingmodels.frame.design import Design
from missingmodels.parameters import Array, Parameters
from missingmodels.provenance import versions
from missingmodels.runs.answer import prepare
from missingmodels.simulate.world import simulate_world

COLUMNS = (EXPOSURE, "own_1_7", "own_8_28")
STEPS = 25
OTHER_SEED = 70_000


def estimated(design: Design, truth: Parameters) -> tuple[Array, Array, Array, Array]:
    """(3,) errors of the log rate ratios, their standard errors, and column sums over onsets and over expected ones.

    By Newton's method from the truth.
    """
    known = design.log_rate(truth, held=dict.fromkeys(COLUMNS, 0.0))[0]
    known = known + np.log(truth.frailty_of(design.child_ids)[0][design.child])
    matrix = np.column_stack([design.column(name) for name in COLUMNS])
    true = np.array([truth.coefficient(name)[0] for name in COLUMNS])
    found = true.copy()
    weight = matrix.T
    seen, expected = weight @ design.onsets, weight @ (design.days * np.exp(known + matrix @ true))
    for _ in range(STEPS):
        mean = design.days * np.exp(known + matrix @ found)
        information = (matrix * mean[:, None]).T @ matrix
        found = found + np.linalg.solve(information, matrix.T @ (design.onsets - mean))
    return found - true, np.sqrt(np.diag(np.linalg.inv(information))), seen, expected


def over_worlds(first_seed: int, worlds: int) -> pd.DataFrame:
    """A row a column: means over so many worlds, with their Monte Carlo errors."""
    found = []
    for seed in range(first_seed, first_seed + worlds):
        world = simulate_world(scenario_of("small"), seed=seed, log_exposures=False)
        key = ("M3", EXPOSURE)
        prepared = prepare(world.tables, PLAN, fits=[key], checked=True)
        found.append(estimated(prepared.designs[key], world.truth.on_cells(prepared.risk.period_of_cells)))
    error, spread, seen, expected = np.array(found).transpose(1, 0, 2)
    root, off = np.sqrt(worlds), (seen - expected) / expected.mean(axis=0)
    return pd.DataFrame(
        {
            "column": COLUMNS,
            "first_seed": first_seed,
            "worlds": worlds,
            "bias": error.mean(axis=0),
            "bias_error": error.std(axis=0, ddof=1) / root,
            "scatter": error.std(axis=0, ddof=1),
            "standard_error": spread.mean(axis=0),
            "onsets_expected": expected.mean(axis=0),
            "onsets_beyond_them": off.mean(axis=0),  # as a share
            "error_of_that": off.std(axis=0, ddof=1) / root,
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=200, help="of those of estimand_recovery.py")
    parser.add_argument("--others", type=int, default=4000, help="other worlds")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    table = pd.concat([over_worlds(FIRST_SEED, options.worlds), over_worlds(OTHER_SEED, options.others)])
    table.round(4).to_csv(options.output / "given_effects.csv", index=False)
    made = {"recipe": f"python simulations/given_effects.py --worlds {options.worlds} --others {options.others}"}
    made |= {"plan": PLAN.model_dump(mode="json"), "versions": versions()}
    (options.output / "given_effects.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What is left of the bias of peers and own history if children's and homes' effects are known, in `small` worlds.

The same worlds as `estimand_recovery.py`. The log rate ratios of the columns that episodes move are estimated by
maximum likelihood with everything else, u, v and w included, at its true value. What remains is the price of few onsets
and the luck of these worlds; the rest of the bias there is the price of not knowing the effects.

    python simulations/given_effects.py --worlds 50
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from estimand_recovery import EXPOSURE, FIRST_SEED, PLAN, scenario_of

from missingmodels.frame.design import Design
from missingmodels.parameters import Array, Parameters
from missingmodels.pipeline import prepare
from missingmodels.provenance import versions
from missingmodels.simulate.world import simulate_world

COLUMNS = (EXPOSURE, "own_1_7", "own_8_28")
STEPS = 25


def estimated(design: Design, truth: Parameters) -> tuple[Array, Array]:
    """(3,) errors of the log rate ratios, and their standard errors, by Newton's method from the truth."""
    known = design.log_rate(truth, held=dict.fromkeys(COLUMNS, 0.0))[0]
    known = known + np.log(truth.frailty_of(design.child_ids)[0][design.child])
    matrix = np.column_stack([design.column(name) for name in COLUMNS])
    true = np.array([truth.coefficient(name)[0] for name in COLUMNS])
    found = true.copy()
    for _ in range(STEPS):
        mean = design.days * np.exp(known + matrix @ found)
        information = (matrix * mean[:, None]).T @ matrix
        found = found + np.linalg.solve(information, matrix.T @ (design.onsets - mean))
    return found - true, np.sqrt(np.diag(np.linalg.inv(information)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=50)
    parser.add_argument("--output", type=Path, default=Path("simulations/results"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    errors, spreads, onsets = [], [], []
    for seed in range(FIRST_SEED, FIRST_SEED + options.worlds):
        world = simulate_world(scenario_of("small"), seed=seed, log_exposures=False)
        key = ("M3", EXPOSURE)
        design = prepare(world.tables, PLAN, fits=[key], checked=True).designs[key]
        error, spread = estimated(design, world.truth)
        errors.append(error)
        spreads.append(spread)
        onsets.append([float(design.onsets[design.column(name) > 0].sum()) for name in COLUMNS])
    held = np.array(errors)
    table = pd.DataFrame(
        {
            "column": COLUMNS,
            "worlds": len(held),
            "bias": held.mean(axis=0),
            "bias_error": held.std(axis=0, ddof=1) / np.sqrt(len(held)),
            "scatter": held.std(axis=0, ddof=1),
            "standard_error": np.mean(spreads, axis=0),
            "onsets_exposed": np.mean(onsets, axis=0),
        }
    )
    table.round(4).to_csv(options.output / "given_effects.csv", index=False)
    made = {"recipe": f"python simulations/given_effects.py --worlds {options.worlds}", "first_seed": FIRST_SEED}
    made |= {"plan": PLAN.model_dump(mode="json"), "versions": versions()}
    (options.output / "given_effects.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""The grid that the explorer of power stands on: worlds over a space-filling design of seven factors.

python simulations/explorer_grid.py [--work FOLDER] [--workers 1] [--seconds 3600] [--collect]

Plan: 512 cells (a scrambled Sobol sequence over homes, days, effect, rate, frailty, coverage and shocks) of 100 worlds,
each fitted and judged by the default plan and the fast engine: 51,200 worlds, about 35 core hours at 2.5 s a world. The
work may stop at any moment and go on: stage k of 20 has 32 (k + 1) cells of 5 (k + 1) worlds, as far as the plan goes,
and every prefix of a Sobol sequence fills the whole of it. ``--collect`` writes grid.csv, one row a
cell, and its record into the package, whose command `missingmodels explorer` reads them.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import qmc

from missingmodels.provenance import versions
from missingmodels.studies.computing.pool import Pool
from missingmodels.studies.computing.rows import FITTED
from missingmodels.studies.computing.store import Store, Task
from missingmodels.studies.explorer.factors import FACTORS, scenario_value
from missingmodels.studies.questions.grid import Grid, make_grid
from missingmodels.studies.run import run_study

SEED = 20250409
CELLS_BASE_2, WORLDS, BATCH, BLOCK = 9, 100, 5, 32
RESULTS = Path(__file__).resolve().parents[1] / "src/missingmodels/studies/explorer"


def points() -> dict[str, list[float]]:
    """Scenario field -> its value at each cell."""
    unit = qmc.Sobol(d=len(FACTORS), scramble=True, seed=SEED).random_base2(CELLS_BASE_2)
    return {f.field: [scenario_value(f, float(u)) for u in unit[:, k]] for k, f in enumerate(FACTORS)}


def grid() -> Grid:
    """The study of all cells."""
    return make_grid(
        {
            "name": "explorer_grid",
            "question": "How does the power to show peer influence depend on homes, days and the sector?",
            "seed": SEED,
            "scenario": {"use": "small"},
            "plan": {"use": "default", "set": {"exposure.beside": [], "sampling.draws": 500}},
            "points": points(),
            "replicates": {"batch": BATCH, "at_least": WORLDS, "step": WORLDS, "at_most": WORLDS},
        }
    )


def stage(task: Task) -> tuple[int, ...]:
    """Cells and worlds grow together."""
    cell, batch = task
    return max(cell // BLOCK, batch), batch, cell


class _OutOfTime(Exception):
    """The time given is over."""


def run(work: Path, workers: int, seconds: float) -> None:
    """Compute what is still to come, until the time is over."""
    study, end = grid(), time.monotonic() + seconds

    def report(done: int, *_: int) -> None:
        if time.monotonic() > end:
            raise _OutOfTime

    try:
        run_study(study, work, lambda: Pool(study.record(), workers), report=report, order=stage)
    except _OutOfTime:
        print("The time given is over; the same command goes on.", flush=True)


def collect(work: Path, output: Path) -> None:
    """One row a cell that has any world: factors, worlds, claims, widths and errors."""
    study = grid()
    store = Store(work, study)
    held = store.require_same()
    rows = store.rows(sorted(store.held()))
    made = []
    for cell, of_cell in rows.groupby("cell"):
        at = study.cells[int(cell)].at
        fitted = of_cell[of_cell["status"] == FITTED]
        width = np.log((fitted["high"] - fitted["low"]).to_numpy(float))
        made.append(
            {"cell": int(cell)}
            | {f.name: at[f.field] for f in FACTORS}
            | {
                "worlds": len(of_cell),
                "fitted": len(fitted),
                "supported": int((fitted["verdict"] == "supported").sum()),
                "log_width_mean": width.mean(),
                "log_width_sd": width.std(ddof=1),
                "estimate_mean": fitted["estimate"].mean(),
                "estimate_sd": fitted["estimate"].std(ddof=1),
                "covered": int(((fitted["low"] <= fitted["truth"]) & (fitted["truth"] <= fitted["high"])).sum()),
                "seconds_median": of_cell["seconds"].median(),
            }
        )
    output.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(made).to_csv(output / "grid.csv", index=False, float_format="%.6g", lineterminator="\n")
    record = {
        "recipe": "python simulations/explorer_grid.py, then --collect",
        "cells": len(made),
        "worlds": int(sum(row["worlds"] for row in made)),
        "planned": {"cells": 2**CELLS_BASE_2, "worlds_a_cell": WORLDS},
        "core_seconds": round(float(rows.drop_duplicates(["cell", "replicate"])["seconds"].sum())),
        "digest": study.digest,
        "code": held["certificate"],
        "versions": versions(),
    }
    (output / "grid.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("explorer_grid"))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--collect", action="store_true", help="compute nothing; write the tracked table")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    if given.collect:
        return collect(given.work, given.output)
    return run(given.work, given.workers, given.seconds)


if __name__ == "__main__":
    main()

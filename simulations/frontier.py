"""The frontier: for which shock length and size would a design call a shared shock influence?

Worlds of 40 or 160 homes and a year without influence, with shocks that a home's children share: five lengths, three
sizes, and beside them three degrees of homophily and none of all. In each, models with home effects only and with
home-period effects of 91, 28 and 14 days, and recency turned within home and period. Reported: the share of worlds in
which each says "supported" (false confidence), with the mean posterior sd, from which the share in other data follows,
and the mean false effect. Worlds of both sizes are appended to one file, `--work`, so the command can be stopped and
given again; `--summarise` writes the tables from what is there, in seconds.

    python simulations/frontier.py --worlds 200
    python simulations/frontier.py --homes 160 --worlds 60
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from appended import PACKAGED, arguments, share, ships, worlds_of

from missingmodels.config import from_mapping
from missingmodels.evidence.robustness.bench import Bench
from missingmodels.evidence.robustness.permutation import recency_in_period
from missingmodels.evidence.robustness.variants import periods
from missingmodels.plan import Plan
from missingmodels.provenance import seed_of, versions
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.studies.computing.replicate import READ

LENGTHS = (7, 14, 28, 91, 182)  # days
SIZES = (0.25, 0.5, 0.75)  # sd of log rate
HOMOPHILY = (0.0, 0.3, 0.6, 0.9)
PERIODS = (0, 91, 28, 14)
SEED = 7
PERMUTATIONS = 199
PLAN = Plan(name="frontier", sampling={"draws": 250}, gate={"ess_min": 200})
MODEL = "M1"
Cell = tuple[float, float, float]  # shock days, shock sd, homophily


def cells() -> list[Cell]:
    """Shocks without homophily, then homophily without shocks."""
    shocks: list[Cell] = [(float(length), size, 0.0) for size in SIZES for length in LENGTHS]
    return shocks + [(0.0, 0.0, level) for level in HOMOPHILY]


def scenario_of(cell: Cell, homes: int) -> Scenario:
    length, size, homophily = cell
    dials = {"shock_sd": size, "homophily": homophily} | ({"shock_days": length} if length else {})
    return from_mapping(
        {"name": "frontier", "contagion": {"log_rate_ratio": 0.0}, "homes": {"count": homes}, "dials": dials}, Scenario
    )


def one_world(cell: Cell, index: int, homes: int) -> dict[str, Any]:
    """What every model and check says of one world."""
    begin = time.process_time()
    seed = seed_of(SEED, "frontier", *map(str, cell), homes, index)
    world = simulate_world(scenario_of(cell, homes), seed=seed, log_exposures=False, only=READ)
    bench = Bench(world.tables, PLAN, model=MODEL, seed=seed, permutations=PERMUTATIONS)
    lines = []
    for line in (*periods(bench, PERIODS), *recency_in_period(bench)):
        held: dict[str, Any] = {"line": line.line, "says": line.says, "verdict": line.verdict}
        if line.estimate is not None and line.low is not None and line.high is not None:
            held["log_ratio"] = round(float(np.log(line.estimate)), 4)
            # of a normal with this interval of 90 %
            held["sd"] = round(float(np.log(line.high / line.low)) / (2 * 1.6449), 4)
        lines.append(held)
    spent = round(time.process_time() - begin, 2)
    return {"cell": cell, "index": index, "homes": homes, "seconds": spent, "lines": lines}


def summarise(worlds: list[dict[str, Any]]) -> pd.DataFrame:
    """One row a cell and line."""
    lines = pd.DataFrame(
        [line | {"cell": tuple(w["cell"]), "homes": w["homes"]} for w in worlds for line in w["lines"]]
    )
    asked = lines[lines["verdict"] != "nothing to compare"]
    rows = []
    order = {cell: at for at, cell in enumerate(cells())}
    for (homes, cell, line), part in asked.groupby(["homes", "cell", "line"], sort=False):
        said, error = share(part["says"].eq(True))
        ratio, sd = part["log_ratio"].dropna(), part["sd"].dropna()
        rows.append(
            {
                "homes": homes,
                "shock_days": int(cell[0]),
                "shock_sd": cell[1],
                "homophily": cell[2],
                "line": line,
                "worlds": len(part),
                "said": round(said, 4),
                "mc_error": round(error, 4),
                "failed": round(float(part["verdict"].eq("not converged").mean()), 4),
                "log_ratio": round(float(ratio.mean()), 4) if len(ratio) else None,
                "log_ratio_error": round(float(ratio.std(ddof=1) / np.sqrt(len(ratio))), 4) if len(ratio) > 1 else None,
                "posterior_sd": round(float(sd.mean()), 4) if len(sd) else None,
                "place": order[cell],
            }
        )
    table = pd.DataFrame(rows).sort_values(["homes", "place"], kind="stable", ignore_index=True)
    return table.drop(columns="place")


def write_summary(worlds: list[dict[str, Any]], output: Path) -> pd.DataFrame:
    """``frontier.csv`` and ``frontier.json``; of the tracked results the same table inside the package."""
    table = summarise(worlds)
    sizes = {
        str(homes): {
            "recipe": f"python simulations/frontier.py --homes {homes} --worlds {int(part['worlds'].max())}",
            "worlds": sum(w["homes"] == homes for w in worlds),
            "fewest_worlds_a_cell": int(part["worlds"].min()),
            "cpu_seconds_a_world": round(float(np.mean([w["seconds"] for w in worlds if w["homes"] == homes])), 2),
        }
        for homes, part in table.groupby("homes")
    }
    about = {
        "homes": sizes,
        "seed": SEED,
        "permutations": PERMUTATIONS,
        "plan": PLAN.model_dump(mode="json"),
        "versions": versions(),
    }
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "frontier.csv", index=False)
    (output / "frontier.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    if ships(output):
        under = {"model": MODEL, "headline": MODEL, "plan": about["plan"]}
        table.to_csv(PACKAGED / "frontier.csv", index=False)
        (PACKAGED / "frontier.json").write_text(json.dumps(under, indent=1) + "\n", encoding="utf-8")
    return table


def main() -> None:
    parser = arguments(__doc__, worlds=200, of="of each cell", work="frontier")
    parser.add_argument("--homes", type=int, default=40)
    options = parser.parse_args()
    # index by index, so that a stop leaves as many of each cell
    asked = ((cell, index, options.homes) for index in range(options.worlds) for cell in cells())
    worlds = worlds_of(
        options, asked, lambda w: (tuple(w["cell"]), w["index"], w["homes"]), lambda key: one_world(*key)
    )
    sys.stdout.write(write_summary(worlds, options.output).to_string(index=False) + "\n")


if __name__ == "__main__":
    main()

"""Time and memory of rows with thirty variables of one's own, by the number of homes; and that no day is lost.

Ten columns of children, five of placements, five of homes, five measures and five kinds of events, drawn at random over
a simulated year. Told are the CPU seconds and the peak memory of `build_rows` without and with them, and how many rows
there are; sums of days, onsets and of every column over days must agree with those of the days themselves.

    python simulations/bench_columns.py --homes 125,250,500,1000
"""

from __future__ import annotations

import argparse
import json
import os
import tracemalloc

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from appended import RESULTS

from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import Rows, build_rows
from missingmodels.plan import Plan
from missingmodels.provenance import stream, versions
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.tables import Tables

PARTS = {"children": 10, "placements": 5, "homes": 5}
FACTS = 5
MONTH = 28


def with_thirty(tables: Tables, seed: int) -> tuple[Tables, str]:
    """The tables with thirty variables of one's own, and the formula that names them all."""
    rng, names = stream(seed, "bench columns"), []
    for table, count in PARTS.items():
        key = {"children": ["child_id"], "placements": ["child_id", "start_date"], "homes": ["home_id", "valid_from"]}
        frame, declare = tables[table][key[table]].copy(), {}
        for at in range(count):
            name = f"{table}_{at}"
            kind = ("number", "yes/no")[at % 2]
            frame[name] = rng.normal(size=len(frame)) if kind == "number" else rng.random(len(frame)) < 0.3
            declare[name] = {"kind": kind, "meaning": name}
            names.append(name)
        tables = tables.with_columns(**{table: frame}, declare=declare)
    days = tables.end_day - tables.first_day
    children, homes = tables["children"]["child_id"].to_numpy(), tables["homes"]["home_id"].unique()
    months = tables.observed_from + pd.to_timedelta(np.arange(0, days, MONTH), unit="D")
    measured = pd.DataFrame(
        {
            "name": np.repeat([f"score_{i}" for i in range(FACTS)], len(children) * len(months)),
            "child_id": np.tile(np.repeat(children, len(months)), FACTS),
            "known_date": np.tile(months, FACTS * len(children)),
        }
    )
    measured["value"] = rng.integers(1, 6, len(measured)).astype(float)
    tables = tables.with_measures(measured, declare={f"score_{i}": {"meaning": "a score"} for i in range(FACTS)})
    size = 10 * len(homes)
    happened = pd.DataFrame(
        {
            "kind": np.repeat([f"kind_{i}" for i in range(FACTS)], size),
            "home_id": rng.choice(homes, FACTS * size),
            "day": tables.observed_from + pd.to_timedelta(rng.integers(0, days, FACTS * size), unit="D"),
        }
    )
    tables = tables.with_events(happened, declare={f"kind_{i}": {"meaning": "an event"} for i in range(FACTS)})
    names += [f"measure(score_{i})" for i in range(FACTS)] + [f"event(kind_{i}, 1, 3)" for i in range(FACTS)]
    return tables, " + ".join(names)


def measured(tables: Tables, plan: Plan) -> tuple[Rows, dict[str, float]]:
    """The rows, CPU seconds to make them, and the most memory that was held, in a second pass."""
    risk = build_risk_set(tables, plan.frame)
    start = time.process_time()
    rows = build_rows(tables, risk, plan)
    seconds = time.process_time() - start
    tracemalloc.start()
    build_rows(tables, risk, plan)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return rows, {"rows": len(rows.frame), "cpu_seconds": seconds, "peak_mib": peak / 2**20}


def require_lossless(tables: Tables, plan: Plan, rows: Rows) -> None:
    """Raise AssertionError unless sums over rows are those over days."""
    daily = build_rows(tables, build_risk_set(tables, plan.frame), plan, by_day=True).frame
    for name in ("onsets", "days", "days_at_risk"):
        np.testing.assert_allclose(rows.frame[name].sum(), daily[name].sum())
    for name in rows.told:
        for weight in ("onsets", "days"):
            sums = [(one[name].astype(float).fillna(0) * one[weight]).sum() for one in (rows.frame, daily)]
            np.testing.assert_allclose(*sums, rtol=1e-9, err_msg=name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", default="125,250,500,1000")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    found: list[dict[str, Any]] = []
    for homes in map(int, options.homes.split(",")):
        scenario = Scenario.model_validate({"days": 393, "homes": {"count": homes}})
        world = simulate_world(scenario, seed=1, log_exposures=False)
        bare = Plan(models=("M0", "M1"), exposure={"beside": ()})
        _, without = measured(world.tables, bare)
        tables, formula = with_thirty(world.tables, seed=1)
        plan = bare.changed({"terms.vulnerability": f"{bare.terms.vulnerability} + {formula}"})
        rows, held = measured(tables, plan)
        if homes <= 250:
            require_lossless(tables, plan, rows)
        found.append({"homes": homes, **held, **{f"{name}_without": value for name, value in without.items()}})
        print(found[-1], flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(found).round(2).to_csv(options.output / "bench_columns.csv", index=False)
    made = {"recipe": f"python simulations/bench_columns.py --homes {options.homes}", "versions": versions()}
    (options.output / "bench_columns.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

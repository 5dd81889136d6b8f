"""What is lost where one authority sees only its own children, and what each remedy gives back.

Worlds of known influence with a known share of children not in the data; each is answered as recorded (naive), on
days of high coverage (restricted), with all unseen peers never and always recent (bounds), by the model of the unseen,
and, for comparison, with every child seen. Rows are added as worlds finish; a world that is there is not run again.

    python simulations/unseen_peers.py --worlds 100
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd

from missingmodels.config import from_mapping
from missingmodels.errors import CannotAnswer, DiagnosticsFailed
from missingmodels.evidence import unseen
from missingmodels.evidence.estimands import rate_ratio
from missingmodels.fit.fit import fit
from missingmodels.pipeline import prepare
from missingmodels.plan import Plan
from missingmodels.provenance import versions
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.tables import Tables

HOMES, FIRST_SEED, MODEL, EXPOSURE = 80, 7000, "M1", "peer_presence"
SHARES, RATIOS = (0.2, 0.5), (1.0, 1.5)
PLAN = {
    "models": ["M0", MODEL],
    "exposure": {"beside": []},
    "sampling": {"method": "laplace", "draws": 250},
    "gate": {"ess_min": 200},
}
COLUMNS = ["share_unseen", "rate_ratio", "seed", "variant", "estimate", "sd", "low", "high", "seconds", "status"]
RESULTS = Path(__file__).parent / "results"


def plan_of(rule: str = "keep") -> Plan:
    return from_mapping({**PLAN, "frame": {"coverage_rule": rule}}, Plan)


def observed(tables: Tables, rule: str = "keep") -> tuple[Any, Any]:
    """Risk set and fit of the tables as they are."""
    prepared = prepare(tables, plan_of(rule), fits=[(MODEL, EXPOSURE)], checked=True)
    design = prepared.designs[MODEL, EXPOSURE]
    return prepared.risk, fit(design, plan_of(rule), model=MODEL, exposure=EXPOSURE, seed=1, allow_unconverged=True)


def answers(share: float, ratio: float, seed: int) -> Iterator[dict[str, Any]]:
    """One row a variant of one world."""
    values = {
        "homes": {"count": HOMES},
        "contagion": {"log_rate_ratio": math.log(ratio)},
        "recording": {"unseen_children_share": share},
    }
    world = simulate_world(from_mapping(values, Scenario), seed=seed, log_exposures=False)
    head = {"share_unseen": share, "rate_ratio": ratio, "seed": seed}
    risk, naive = observed(world.tables)
    setting = unseen.setting_of(world.tables, risk, plan_of(), model=MODEL, seed=seed)
    low, high = unseen.bounds(setting)
    ends = [_log(low), *([] if high is None else [_log(high)])]
    yield head | _row("all seen", lambda: _log(observed(world.happened)[1]))
    yield head | _row("naive", lambda: _log(naive))
    yield head | _row("restricted", lambda: _log(observed(world.tables, "drop")[1]))
    yield head | _row("never recent", lambda: ends[0])
    yield head | _row("always recent", lambda: ends[1])
    yield head | _row("model", lambda: np.log(unseen.mixed_ratio(unseen.modelled(setting, low), EXPOSURE)))


def _log(found: Any) -> np.ndarray:
    return np.log(rate_ratio(found.parameters, {EXPOSURE: 1.0}))


def _row(variant: str, draw: Any) -> dict[str, Any]:
    begin = time.process_time()
    try:
        draws = draw()
    except (CannotAnswer, DiagnosticsFailed, IndexError) as error:
        return {"variant": variant, "status": type(error).__name__}
    low, high = np.quantile(draws, [0.05, 0.95])
    row = {"estimate": draws.mean(), "sd": draws.std(ddof=1), "low": low, "high": high}
    row["seconds"] = time.process_time() - begin
    return {"variant": variant, "status": "fitted"} | {name: round(float(v), 4) for name, v in row.items()}


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Bias and coverage of every variant, each with its Monte Carlo error; the bounds also as one interval."""
    ends = rows[rows["variant"].isin(["never recent", "always recent"]) & (rows["status"] == "fitted")]
    keys = ["share_unseen", "rate_ratio", "seed"]
    whole = ends.groupby(keys).agg(low=("low", "min"), high=("high", "max"), n=("low", "size")).reset_index()
    whole = whole[whole["n"] == 2].assign(variant="bounds, as one interval", status="fitted").drop(columns="n")
    table = pd.concat([rows, whole], ignore_index=True)
    table["answered"] = table["status"] == "fitted"
    table["error"] = table["estimate"] - np.log(table["rate_ratio"])
    truth = np.log(table["rate_ratio"])
    table["covered"] = (table["low"] <= truth) & (truth <= table["high"])
    table["claims"] = table["low"] > 0
    table["width"] = table["high"] - table["low"]
    lines = []
    for (share, ratio, variant), group in table.groupby(["share_unseen", "rate_ratio", "variant"], sort=False):
        held = group[group["answered"]]
        n, rate = len(held), held["covered"].mean()
        line = {"share_unseen": share, "rate_ratio": ratio, "variant": variant, "worlds": len(group), "answered": n}
        line |= {"bias_log": held["error"].mean(), "bias_mc_error": held["error"].std(ddof=1) / np.sqrt(n)}
        line |= {"posterior_sd": held["sd"].mean(), "coverage_90": rate}
        line |= {"coverage_mc_error": np.sqrt(rate * (1 - rate) / n), "interval_width": held["width"].mean()}
        lines.append(line | {"interval_above_0": held["claims"].mean()})
    return pd.DataFrame(lines).sort_values(["share_unseen", "rate_ratio"], kind="stable").round(4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=100, help="worlds of each cell")
    parser.add_argument("--batch", type=int, default=0, help="stop after so many worlds; 0 = none")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    path = options.output / "unseen_peers_worlds.csv"
    done = set()
    if path.exists():
        held = pd.read_csv(path)
        done = set(zip(held["share_unseen"], held["rate_ratio"], held["seed"], strict=True))
    else:
        path.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    todo = [
        (share, ratio, seed)
        for seed in range(FIRST_SEED, FIRST_SEED + options.worlds)
        for share in SHARES
        for ratio in RATIOS
        if (share, ratio, seed) not in done
    ]
    for cell in todo[: options.batch or None]:
        rows = list(answers(*cell))
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, COLUMNS, lineterminator="\n").writerows(rows)
    summary(pd.read_csv(path)).to_csv(options.output / "unseen_peers.csv", index=False, lineterminator="\n")
    about = {"recipe": f"python simulations/unseen_peers.py --worlds {options.worlds}", "homes": HOMES, "plan": PLAN}
    about |= {"chains": unseen.CHAINS, "rounds": unseen.ROUNDS, "candidates": unseen.CANDIDATES}
    about["versions"] = versions()
    (options.output / "unseen_peers.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print(f"{len(todo) - len(todo[: options.batch or None])} worlds left")


if __name__ == "__main__":
    main()

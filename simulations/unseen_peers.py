"""What is lost where one authority sees only its own children, and what each remedy gives back.

Worlds of known influence with a known share of children not in the data; each is answered as recorded (naive), on
days of high coverage (restricted), with all unseen peers never and always recent (two extreme assumptions), by the
model of the unseen given the share of all places that are filled, as statistics publish it, and, for comparison, with
every child seen. Rows are added as worlds finish; a world that is there is not run again.

    python simulations/unseen_peers.py --worlds 100
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from appended import PACKAGED, RESULTS, ships

from missingmodels.config import from_mapping
from missingmodels.errors import CannotAnswer, DiagnosticsFailed
from missingmodels.evidence.unseen import assumptions as unseen
from missingmodels.fitting.fit import Fit, fit
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.unseen import visible_residents
from missingmodels.intervals import UNRECORDED_DAY, to_day
from missingmodels.plan import Plan
from missingmodels.provenance import versions
from missingmodels.runs.answer import prepare
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
COLUMNS = [
    "share_unseen",
    "rate_ratio",
    "seed",
    "variant",
    "estimate",
    "sd",
    "low",
    "high",
    "gate_failed",
    "seconds",
    "status",
]


def plan_of(rule: str = "keep", **frame: Any) -> Plan:
    return from_mapping({**PLAN, "frame": {"coverage_rule": rule, **frame}}, Plan)


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
    plan = plan_of("model", occupancy=published_occupancy(world.happened))
    setting = unseen.setting_of(world.tables, risk, plan, model=MODEL, seed=seed)
    yield head | _row("all seen", lambda: [observed(world.happened)[1]])
    yield head | _row("naive", lambda: [naive])
    yield head | _row("restricted", lambda: [unseen.restricted(setting)])
    yield head | _row("never recent", lambda: [unseen.never_recent(setting)])
    yield head | _row("always recent", lambda: [unseen.always_recent(setting)])
    yield head | _row("model", lambda: _ends(setting))


def _ends(setting: unseen.Setting) -> list[Fit]:
    return [chain[-1] for chain in unseen.modelled(setting, unseen.never_recent(setting))]


def published_occupancy(tables: Tables) -> float:
    """Residents over registered places of all homes listed: what statistics of a sector publish, nobody left out."""
    homes = tables["homes"]
    start = np.maximum(to_day(homes["valid_from"]), tables.first_day)
    last = to_day(homes["valid_to"])
    end = np.where(last == UNRECORDED_DAY, tables.end_day, np.minimum(last, tables.end_day))
    place_days = homes["places"].to_numpy(dtype=float) * np.maximum(end - start, 0)
    return float(visible_residents(build_risk_set(tables, plan_of().frame)).sum() / place_days.sum())


def _row(variant: str, make: Callable[[], list[Fit]]) -> dict[str, Any]:
    """The row of the fits of one variant, several mixed into one; fits that failed the gate are counted too."""
    begin = time.process_time()
    try:
        fits = make()
    except (CannotAnswer, DiagnosticsFailed) as error:
        return {"variant": variant, "status": type(error).__name__}
    draws = np.log(unseen.mixed_ratio(fits, EXPOSURE))
    low, high = np.quantile(draws, [0.05, 0.95])
    row = {"estimate": draws.mean(), "sd": draws.std(ddof=1), "low": low, "high": high}
    row |= {"gate_failed": sum(not f.diagnostics.passed for f in fits) / len(fits)}
    row["seconds"] = time.process_time() - begin
    return {"variant": variant, "status": "fitted"} | {name: round(float(v), 4) for name, v in row.items()}


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Bias and coverage of every variant, each with its Monte Carlo error; the two extremes also as one interval."""
    ends = rows[rows["variant"].isin(["never recent", "always recent"]) & (rows["status"] == "fitted")]
    keys = ["share_unseen", "rate_ratio", "seed"]
    whole = ends.groupby(keys).agg(low=("low", "min"), high=("high", "max"), n=("low", "size")).reset_index()
    whole = whole[whole["n"] == 2].assign(variant="both extremes, as one interval", status="fitted").drop(columns="n")
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
        line |= {"interval_above_0": held["claims"].mean(), "fits_that_failed_the_gate": held["gate_failed"].mean()}
        lines.append(line)
    return pd.DataFrame(lines).sort_values(["share_unseen", "rate_ratio"], kind="stable").round(4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=100, help="worlds of each cell")
    parser.add_argument("--batch", type=int, default=0, help="stop after so many worlds; 0 = none")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
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
    found = summary(pd.read_csv(path))
    found.to_csv(options.output / "unseen_peers.csv", index=False, lineterminator="\n")
    about = {"recipe": f"python simulations/unseen_peers.py --worlds {options.worlds}", "homes": HOMES, "plan": PLAN}
    about |= {"chains": unseen.CHAINS, "rounds": unseen.ROUNDS, "candidates": unseen.CANDIDATES}
    about["versions"] = versions()
    (options.output / "unseen_peers.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    if ships(options.output):
        for name in ("unseen_peers.csv", "unseen_peers.json"):
            (PACKAGED / name).write_bytes((options.output / name).read_bytes())
    print(f"{len(todo) - len(todo[: options.batch or None])} worlds left")


if __name__ == "__main__":
    main()

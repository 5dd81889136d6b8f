"""How often each line of the identification battery is wrong: worlds whose truth is set, each line's share of yes.

Four worlds of 40 homes and a year: `null` (no influence), `homophily_only`, `shocks_only` (shocks of a quarter) and
`small` (a peer rate ratio of 1.3). A line of kind `influence` is wrong where it says so without influence; a line of
kind `alarm` is wrong where it rings though there is nothing to warn of. Worlds are appended to `--work` one by one, so
the command can be stopped and given again; `--summarise` writes the tables from what is there, in seconds.

    python simulations/battery.py --worlds 200
    python simulations/battery.py --summarise
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from appended import PACKAGED, arguments, share, ships, worlds_of

from missingmodels.evidence.robustness.battery import CHECKS, run_battery, together
from missingmodels.evidence.robustness.bench import Bench, Line, judged
from missingmodels.evidence.robustness.operating import informative
from missingmodels.plan import Plan
from missingmodels.presets import load_scenario
from missingmodels.provenance import seed_of, versions
from missingmodels.simulate.world import simulate_world
from missingmodels.studies.computing.replicate import READ

WORLDS = ("null", "homophily_only", "shocks_only", "small")
SEED = 6
PERMUTATIONS = 199
# 1000 proposals, four times as many where the gate refuses those
PLAN = Plan(name="battery", sampling={"draws": 250}, gate={"ess_min": 200})
# In these worlds there is next to nothing to recount, and nobody is hidden.
LEFT_OUT = ("categories", "boundaries", "coverage")
FRAILTY_WORLDS = 60  # of each kind; the other laws of frailty cost as much as half of all the rest
KEPT = ("check", "line", "kind", "estimate", "low", "high", "probability", "p_value", "says", "verdict")
MODEL, HEADLINE = "M1", "M3"


def one_world(name: str, index: int) -> dict[str, Any]:
    """Every line of the battery on one world, and the headline: the default plan's fullest model."""
    begin = time.process_time()
    seed = seed_of(SEED, "battery", name, index)
    world = simulate_world(load_scenario(name), seed=seed, log_exposures=False, only=READ)
    bench = Bench(world.tables, PLAN, model=MODEL, seed=seed, permutations=PERMUTATIONS)
    left_out = {*LEFT_OUT, *(("frailty",) if index >= FRAILTY_WORLDS else ())}
    found = run_battery(bench, checks=[check for check in CHECKS if check.name not in left_out], curve=False)
    fullest = Bench(world.tables, PLAN, model=HEADLINE, seed=seed, permutations=0)
    lines = [
        judged(fullest.main(), fullest.exposure, fullest.rule, check="headline", line=f"model {HEADLINE}"),
        *found.lines,
    ]
    return {
        "world": name,
        "index": index,
        "homes": found.homes,
        "resident_years": found.resident_years,
        "onsets": found.onsets,
        "seconds": round(time.process_time() - begin, 2),
        "lines": [{k: _short(v) for k, v in line.as_dict().items() if k in KEPT} for line in lines],
    }


def _short(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def judged_together(lines: list[dict[str, Any]], dropped: Sequence[str]) -> dict[str, Any]:
    """The verdict of all together made anew, without the checks that told nothing."""
    rest = [Line(**line) for line in lines if line["check"] not in ("headline", "together")]
    return {k: v for k, v in together(rest, dropped=dropped).as_dict().items() if k in KEPT}


def summarise(worlds: list[dict[str, Any]]) -> pd.DataFrame:
    """One row a line and world: how often it said yes, among all worlds in which it could be asked.

    ``failed`` is the share of fits that the gate refused; they count as saying no. ``log_ratio`` is the mean estimate.
    All together is judged last, without the checks that the rest of the table shows to tell nothing.
    """
    table = _counted(worlds, [line | {"world": w["world"]} for w in worlds for line in w["lines"]])
    table = table[table["check"] != "together"]
    dropped = [check.name for check in CHECKS if not informative(check.name, table=table)]
    last = [judged_together(w["lines"], dropped) | {"world": w["world"]} for w in worlds]
    return pd.concat([table, _counted(worlds, last)], ignore_index=True)


def _counted(worlds: list[dict[str, Any]], held: list[dict[str, Any]]) -> pd.DataFrame:
    lines = pd.DataFrame(held)
    order = lines.drop_duplicates(["check", "line"])[["check", "line"]].apply(tuple, axis=1).tolist()
    rows = []
    for (check, line), name in ((key, name) for key in order for name in WORLDS):
        part = lines[(lines["check"] == check) & (lines["line"] == line) & (lines["world"] == name)]
        asked = part[part["verdict"] != "nothing to compare"]
        if asked.empty or asked["kind"].iloc[0] == "size":
            continue
        said, error = share(asked["says"].eq(True))
        log_ratio = np.log(asked["estimate"].dropna().astype(float))
        rows.append(
            {
                "check": check,
                "line": line,
                "kind": asked["kind"].iloc[0],
                "world": name,
                "homes": round(float(np.mean([w["homes"] for w in worlds if w["world"] == name]))),
                "worlds": len(asked),
                "said": round(said, 4),
                "mc_error": round(error, 4),
                "failed": round(float(asked["verdict"].eq("not converged").mean()), 4),
                "log_ratio": round(float(log_ratio.mean()), 4) if len(log_ratio) else None,
                "log_ratio_error": round(float(log_ratio.std(ddof=1) / np.sqrt(len(log_ratio))), 4)
                if len(log_ratio) > 1
                else None,
            }
        )
    return pd.DataFrame(rows)


def write_summary(worlds: list[dict[str, Any]], output: Path) -> pd.DataFrame:
    """``battery.csv`` and ``battery.json``; of the tracked results the same table inside the package."""
    table = summarise(worlds)
    counts = {name: sum(w["world"] == name for w in worlds) for name in WORLDS}
    about = {
        "recipe": f"python simulations/battery.py --worlds {max(counts.values())}",
        "worlds": counts,
        "seed": SEED,
        "permutations": PERMUTATIONS,
        "mean_onsets": {n: round(float(np.mean([w["onsets"] for w in worlds if w["world"] == n])), 1) for n in WORLDS},
        "cpu_seconds_a_world": round(float(np.mean([w["seconds"] for w in worlds])), 2),
        "plan": PLAN.model_dump(mode="json"),
        "versions": versions(),
    }
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "battery.csv", index=False)
    (output / "battery.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    if ships(output):
        under = {"model": MODEL, "headline": HEADLINE, "plan": about["plan"]}
        table.to_csv(PACKAGED / "operating.csv", index=False)
        (PACKAGED / "operating.json").write_text(json.dumps(under, indent=1) + "\n", encoding="utf-8")
    return table


def main() -> None:
    options = arguments(__doc__, worlds=200, of="of each kind", work="battery").parse_args()
    # index by index, so that a stop leaves as many of each kind
    asked = ((name, index) for index in range(options.worlds) for name in WORLDS)
    worlds = worlds_of(options, asked, lambda w: (w["world"], w["index"]), lambda key: one_world(*key))
    sys.stdout.write(write_summary(worlds, options.output).to_string(index=False) + "\n")


if __name__ == "__main__":
    main()

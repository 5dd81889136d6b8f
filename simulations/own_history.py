"""Own history against stable vulnerability: how often each verdict comes, in worlds whose truth is set.

Worlds of 20 and 80 homes for a year: `state` (a child's own recent episodes raise its rate, children hardly differ
otherwise), `frailty` (children differ, with a gamma shape of 0.5, and episodes change nothing) and `both`. The verdict
is that of `missingmodels fit` (`evidence/own_history.py`) for the model M1 by the fast engine. Also the shares in which
a rule on the coefficient alone says that own history matters (P(rate ratio of days 1 to 7 above 1) of at least 0.975),
among all children and among new arrivals. Worlds are appended to `--work` one by one.

    python simulations/own_history.py --worlds 100
    python simulations/own_history.py --summarise
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
from appended import arguments, share, worlds_of

from missingmodels.config import from_mapping
from missingmodels.evidence.own_history import (
    BOTH,
    CANNOT_TELL,
    ERRORS,
    HISTORY,
    NOT_COMPARED,
    VULNERABILITY,
    Asked,
    own_histories,
    verdict,
)
from missingmodels.fitting.fit import fit
from missingmodels.plan import Plan
from missingmodels.presets import load_scenario
from missingmodels.provenance import seed_of, versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.studies.computing.replicate import READ

SEED = 65
PLAN = Plan(
    name="own_history", models=("M0", "M1"), exposure={"beside": ()}, sampling={"method": "laplace", "draws": 500}
)
NO_HISTORY = {"own_1_7": 0.0, "own_8_28": 0.0}
# log rate ratios of own onsets where there are any: the preset's; a frailty of shape 20 has a sd of 0.22
KINDS: dict[str, dict[str, float]] = {
    "state": {"frailty_shape": 20.0},
    "frailty": {"frailty_shape": 0.5, **NO_HISTORY},
    "both": {"frailty_shape": 0.5},
}
HOMES = (20, 80)
SHORT = {BOTH: "both", HISTORY: "history", VULNERABILITY: "vulnerability", CANNOT_TELL: "cannot_tell",
         NOT_COMPARED: "not_compared"}  # fmt: skip


def one_world(kind: str, homes: int, index: int) -> dict[str, Any]:
    """What the report would say of one world."""
    begin = time.process_time()
    seed = seed_of(SEED, "own_history", kind, homes, index)
    values = load_scenario("small").model_dump(mode="json")
    values["homes"]["count"] = homes
    values["onset"] |= KINDS[kind]
    world = simulate_world(from_mapping(values, Scenario), seed=seed, log_exposures=False, only=READ)
    prepared = prepare(world.tables, PLAN, fits=[("M1", PLAN.exposure.primary)])
    design = prepared.designs["M1", PLAN.exposure.primary]
    whole = fit(design, PLAN, model="M1", exposure=PLAN.exposure.primary, seed=seed)
    found = own_histories(Asked.of(whole), whole.design, prepared.risk, PLAN, refits=0).alone(whole)
    assert found is not None
    return {
        "kind": kind,
        "homes": homes,
        "index": index,
        "onsets": int(design.onsets.sum()),
        "gain_of_history": found.without_history,
        "gain_of_frailty": found.without_frailty,
        "probability_history": round(found.probability, 4),
        "log_ratio": round(float(np.log(found.ratio)), 4),
        "new_probability_history": found.new_probability,
        "new_log_ratio": None if found.new_ratio is None else round(float(np.log(found.new_ratio)), 4),
        "correlation": round(found.correlation[0], 3),
        "shape": round(float(np.median(whole.parameters.frailty_shape)), 3),
        "seconds": round(time.process_time() - begin, 2),
    }


def summarise(worlds: list[dict[str, Any]]) -> pd.DataFrame:
    """One row a kind and size: shares of verdicts with Monte Carlo errors, and means."""
    frame, rows = pd.DataFrame(worlds), []
    frame["verdict"] = [SHORT[verdict(w["probability_history"], w["gain_of_frailty"], PLAN.decision)] for w in worlds]
    gains = [w["gain_of_history"] for w in worlds]
    frame["history_by_elpd"] = [np.nan if g is None else float(g[0] > ERRORS * g[1]) for g in gains]
    for kind, homes in ((k, h) for k in KINDS for h in HOMES):
        part = frame[(frame["kind"] == kind) & (frame["homes"] == homes)]
        if part.empty:
            continue
        row: dict[str, Any] = {
            "kind": kind,
            "homes": homes,
            "worlds": len(part),
            "onsets": round(part["onsets"].mean()),
        }
        for name in SHORT.values():
            row[name], row[f"{name}_error"] = (round(x, 3) for x in share(part["verdict"].eq(name)))
        row["history_by_elpd"] = round(float(part["history_by_elpd"].mean()), 3)
        truth = 0.0 if kind == "frailty" else load_scenario("small").onset.own_1_7
        for prefix in ("", "new_"):
            known = part.dropna(subset=[f"{prefix}probability_history"])
            said = share(known[f"{prefix}probability_history"].ge(PLAN.decision.supported_probability))
            row[f"{prefix}coefficient_says"], row[f"{prefix}coefficient_error"] = (round(x, 3) for x in said)
            row[f"{prefix}bias"] = round(float(known[f"{prefix}log_ratio"].mean() - truth), 3)
        rows.append(
            row | {"correlation": round(part["correlation"].mean(), 3), "shape": round(part["shape"].median(), 2)}
        )
    return pd.DataFrame(rows)


def write_summary(worlds: list[dict[str, Any]], output: Path) -> pd.DataFrame:
    """``own_history.csv``, ``own_history_worlds.csv`` and ``own_history.json``."""
    table = summarise(worlds)
    about = {
        "recipe": f"python simulations/own_history.py --worlds {max(w['index'] for w in worlds) + 1}",
        "seed": SEED,
        "kinds": KINDS,
        "cpu_seconds_a_world": round(float(np.mean([w["seconds"] for w in worlds])), 2),
        "plan": PLAN.model_dump(mode="json"),
        "versions": versions(),
    }
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "own_history.csv", index=False)
    pd.DataFrame(worlds).drop(columns="seconds").to_csv(output / "own_history_worlds.csv", index=False)
    (output / "own_history.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return table


def main() -> None:
    options = arguments(__doc__, worlds=100, of="of each kind and size", work="own_history").parse_args()
    asked = ((kind, homes, index) for index in range(options.worlds) for kind in KINDS for homes in HOMES)
    worlds = worlds_of(options, asked, lambda w: (w["kind"], w["homes"], w["index"]), lambda key: one_world(*key))
    sys.stdout.write(write_summary(worlds, options.output).to_string(index=False) + "\n")


if __name__ == "__main__":
    main()

"""What becomes of the peers' log rate ratio where homes move children after episodes, under both definitions of a peer.

In worlds in which a stay ends after an episode, with a chance of one half or not at all, and in which peers act, or do
not, on those who saw the episode or on whoever lives with the child now, the fast engine estimates the effect under
both definitions. *Controlled* is the estimate less the one by maximum likelihood that knows every other effect of the
world, under the definition by which the world acts: it strips a world's luck.

    python simulations/exits.py --worlds 100
"""

from __future__ import annotations

import json
import os
import sys
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import numpy as np
import pandas as pd
from appended import arguments, share, worlds_of

from missingmodels.evidence.decisions import SUPPORTED
from missingmodels.evidence.effects.hypotheses import peer_ratio
from missingmodels.fitting.fit import fit
from missingmodels.frame.design import Design
from missingmodels.parameters import Parameters
from missingmodels.plan import Plan
from missingmodels.provenance import versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world

EXPOSURE, MODEL, HOMES = "peer_presence", "M1", 40
EXITS, RATIOS = (0.0, 0.5), (1.0, 1.3)
FIRST_SEED = 310_000
TABLES = ("children", "placements", "missing_episodes", "homes")
STEPS = 25
Key = tuple[int, float, float, bool]


def plan_of(witnessed: bool) -> Plan:
    """One model by the fast engine; its homes have periods as the world has them, so that the truth is known."""
    return Plan(
        models=("M0", MODEL),
        exposure={"beside": (), "witnessed": witnessed},
        terms={"structure": ()},
        frame={"cell_days": None},
        effects={"sector_process": "none"},
        sampling={"method": "laplace", "draws": 1000},
    )


def known_effects(design: Design, truth: Parameters) -> float:
    """The log rate ratio by maximum likelihood with everything else, u, v and w included, at its true value."""
    known = design.log_rate(truth, held={EXPOSURE: 0.0})[0]
    known = known + np.log(truth.frailty_of(design.child_ids)[0][design.child])
    column, found = design.column(EXPOSURE), float(truth.coefficient(EXPOSURE)[0])
    for _ in range(STEPS):
        mean = design.days * np.exp(known + found * column)
        found += float(column @ (design.onsets - mean) / (column**2 @ mean))
    return found


def one_world(key: Key) -> dict[str, Any]:
    """Both estimates in one world, and the one that knows the other effects."""
    seed, exits, ratio, acts = key
    contagion = {"log_rate_ratio": float(np.log(ratio)), "witnessed": acts}
    # no effect of structure, which M1 does not hold
    none = dict.fromkeys(
        (f"{name}_{part}" for name in ("staff_ratio", "turnover", "mix_need") for part in ("between", "within")), 0.0
    )
    scenario = Scenario(homes={"count": HOMES}, onset=none, contagion=contagion, dials={"exit_per_episode": exits})
    world = simulate_world(scenario, seed=seed, log_exposures=False, only=TABLES)
    record: dict[str, Any] = {"seed": seed, "exits": exits, "ratio": ratio, "acts": acts}
    for witnessed in (True, False):
        plan = plan_of(witnessed)
        design = prepare(world.tables, plan, fits=[(MODEL, EXPOSURE)], checked=True).designs[MODEL, EXPOSURE]
        found = fit(design, plan, model=MODEL, exposure=EXPOSURE, seed=seed, allow_unconverged=True)
        draws = found.parameters.coefficient(EXPOSURE)
        low, high = np.quantile(draws, [0.05, 0.95])
        name = "witnessed" if witnessed else "who_lives_there"
        record[name] = {
            "mean": float(draws.mean()), "sd": float(draws.std(ddof=1)), "passed": bool(found.diagnostics.passed),
            "covers": bool(low <= np.log(ratio) <= high),
            "supported": peer_ratio(found, plan.decision).verdict == SUPPORTED,
        }  # fmt: skip
        if witnessed == acts:
            record["known"] = known_effects(design, world.truth)
    return record


def summary(worlds: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a kind of world and definition asked for, each figure beside its Monte Carlo error."""
    rows = []
    for exits, ratio, acts in product(EXITS, RATIOS, (True, False)):
        here = [w for w in worlds if (w["exits"], w["ratio"], w["acts"]) == (exits, ratio, acts)]
        if not here:
            continue
        for name in ("witnessed", "who_lives_there"):
            asked = [w[name] for w in here]
            mean = np.array([a["mean"] for a in asked])
            controlled = mean - np.array([w["known"] for w in here])
            error = mean - np.log(ratio)
            root = np.sqrt(len(here))
            cover, cover_error = share([a["covers"] for a in asked])
            says, says_error = share([a["supported"] for a in asked])
            rows.append(
                {
                    "exit_per_episode": exits,
                    "rate_ratio": ratio,
                    "acts_on": "witnesses" if acts else "who_lives_there",
                    "asked_of": "witnesses" if name == "witnessed" else name,
                    "worlds": len(here),
                    "bias_log": error.mean(),
                    "bias_log_error": error.std(ddof=1) / root,
                    "controlled_bias_log": controlled.mean(),
                    "controlled_bias_log_error": controlled.std(ddof=1) / root,
                    "posterior_sd": np.mean([a["sd"] for a in asked]),
                    "coverage_90": cover,
                    "coverage_90_error": cover_error,
                    "supported": says,
                    "supported_error": says_error,
                    "failed_gate": sum(not a["passed"] for a in asked),
                }
            )
    return pd.DataFrame(rows).round(4)


def main() -> None:
    options = arguments(__doc__, worlds=100, of="worlds of each kind", work="exits").parse_args()
    seeds = range(FIRST_SEED, FIRST_SEED + options.worlds)
    asked = [(seed, *kind) for seed in seeds for kind in product(EXITS, RATIOS, (True, False))]
    key_of = lambda w: (w["seed"], w["exits"], w["ratio"], w["acts"])  # noqa: E731
    worlds = worlds_of(options, asked, key_of, one_world)
    options.output.mkdir(parents=True, exist_ok=True)
    summary(worlds).to_csv(options.output / "exits.csv", index=False)
    about = {"recipe": f"python simulations/exits.py --worlds {options.worlds}", "homes": HOMES, "model": MODEL}
    about |= {"plan": plan_of(True).model_dump(mode="json"), "versions": versions()}
    text = json.dumps(about, indent=1) + "\n"
    (Path(options.output) / "exits.json").write_text(text, encoding="utf-8")
    sys.stderr.write(f"{len(worlds)} worlds\n")


if __name__ == "__main__":
    main()

"""What released numbers say of one child: is it in the data, and how often was it missing?

    python simulations/membership.py --worlds 100 --output simulations/results

Twins of simulated sectors: each without the child, with it and three episodes of its own, and with it and thirty, in
the forty days that it lives in one of the homes. M1 is fitted to each by the fast engine, and what leaves under the
default policy is all that an attacker has: estimates with their intervals to three digits, rounded counts and years.

Two attackers are tried. One knows sectors like these (every other one, with its answer) and this one's release:
it judges by a linear rule of the released numbers, each sector's pair left out in turn. What it is worth is the chance
that it ranks a release with the child above one without (0.5 is a guess). The other knows all of the data but this
child, and so both releases that there could be: it is right where they differ at all, and three digits do not prevent
that.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from attack_children import PLAN, with_episodes

from missingmodels.config import from_mapping
from missingmodels.disclosure.counts import rounded, significant
from missingmodels.disclosure.policy import load_policy
from missingmodels.disclosure.values import short
from missingmodels.errors import MissingModelsError
from missingmodels.fitting.fit import fit
from missingmodels.parameters import Array
from missingmodels.plan import Plan
from missingmodels.provenance import stream, versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.tables import Tables

ASKED = "M1", "peer_presence"
STAY_DAYS, FEW, MANY = 40, 3, 30
KINDS = ("without", "with few", "with many")
QUESTIONS = {"membership": ("without", "with few"), "membership of one with many": ("without", "with many"),
             "how many episodes": ("with few", "with many")}  # fmt: skip
PARTS, RIDGES = (3, 6, 12), (0.1, 1.0, 10.0)  # components and penalties that the attacker may choose from


def sectors(seed: int) -> dict[str, Tables]:
    """One sector, of a size and rate of its own, without the child and with it."""
    rng = stream(seed, "membership")
    scenario = {
        "days": 200,
        "homes": {"count": int(rng.integers(15, 25)), "occupancy": 0.85},
        "onset": {"rate_per_year": float(rng.uniform(3, 8)), "frailty_shape": float(rng.uniform(0.5, 1.5))},
    }
    held = simulate_world(from_mapping(scenario, Scenario), seed=seed, log_exposures=False).tables
    first = held.observed_from + pd.Timedelta(days=int(rng.integers(60, 120)))
    child = held["children"].iloc[:1].assign(child_id="planted")
    last = first + pd.Timedelta(days=STAY_DAYS)
    stay = held["placements"].dropna(subset=["home_id"]).iloc[:1]
    stay = stay.assign(child_id="planted", start_date=first, end_date=last)
    found = {"without": held}
    for name, number in (("with few", FEW), ("with many", MANY)):
        frames = {
            **held.frames,
            "children": pd.concat([held["children"], child], ignore_index=True),
            "placements": pd.concat([held["placements"], stay], ignore_index=True),
            "missing_episodes": with_episodes(held["missing_episodes"], "planted", first, rng, number),
        }
        found[name] = replace(held, frames=frames)
    return found


def told(tables: Tables, seed: int) -> dict[str, float]:
    """What of M1 leaves under the default policy."""
    plan, policy = from_mapping(PLAN, Plan), load_policy("generic")
    made = prepare(tables, plan, fits=[ASKED])
    design = made.designs[ASKED]
    draws = fit(design, plan, model=ASKED[0], exposure=ASKED[1], seed=seed, allow_unconverged=True).parameters
    values = {name: np.exp(draws.coefficient(name)) for name in ("male", "own_1_7", ASKED[1])}
    values |= {name: draws.scalar(name) for name in ("sigma_home", "sigma_period", "frailty_shape")}
    values["rate"] = np.exp(draws.intercept)
    found = {
        f"{name} {part}": short(float(value), policy)
        for name, drawn in values.items()
        for part, value in zip(
            ("mean", "sd", "low", "median", "high"),
            (drawn.mean(), drawn.std(), *np.quantile(drawn, (0.025, 0.5, 0.975))),
            strict=True,
        )
    }
    onset = made.risk.onset[:, ~made.risk.before_window]
    counts = {"children": onset.shape[0], "onsets": onset.sum(), "with onset": onset.any(axis=1).sum()}
    found |= {name: float(rounded(float(n), policy)) for name, n in counts.items()}
    return found | {"years": significant(made.risk.resident_days / 365.25, policy.exposure_digits)}


def ranked(one: Array, other: Array) -> float:
    """The chance that the attacker ranks a release of ``other`` (N, F) above one of ``one``, its pair left out."""
    values = np.vstack([one, other])
    spread = values.std(axis=0)
    values = (values - values.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    half, parts = len(one), np.linalg.svd(values, full_matrices=False)
    label = np.repeat([0.0, 1.0], half)
    best = 0.5
    for count in PARTS:
        x = np.column_stack([np.ones(2 * half), (parts[0] * parts[1])[:, :count]])
        for ridge in RIDGES:
            penalty = ridge * np.diag([0.0] + [1.0] * (x.shape[1] - 1))
            score = np.empty(2 * half)
            for i in range(half):
                rest = np.ones(2 * half, dtype=bool)
                rest[[i, i + half]] = False
                rule = np.linalg.solve(x[rest].T @ x[rest] + penalty, x[rest].T @ label[rest])
                score[~rest] = x[~rest] @ rule
            above = score[half:, None] - score[None, :half]
            best = max(best, float((above > 0).mean() + 0.5 * (above == 0).mean()))
    return best


def judged(releases: Sequence[dict[str, dict[str, float]]], rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """By question what the two attackers are worth, with the error of the first by resampling of sectors."""
    names = sorted(releases[0]["without"])
    tables = {kind: np.array([[one[kind][name] for name in names] for one in releases]) for kind in KINDS}
    found = {}
    for question, (one, other) in QUESTIONS.items():
        again = []
        for _ in range(20):
            at = rng.permutation(len(releases))[: len(releases) // 2]  # halves: a sector twice would answer for itself
            again.append(ranked(tables[one][at], tables[other][at]))
        changed = tables[one] != tables[other]
        found[question] = {
            "ranked_right": round(ranked(tables[one], tables[other]), 3),
            "error": round(float(np.std(again) / np.sqrt(2)), 3),
            "releases_that_differ": round(float(changed.any(axis=1).mean()), 3),
            "numbers_that_differ": round(float(changed.mean()), 3),
        }
    return found


def campaign(worlds: int, seed: int) -> list[dict[str, Any]]:
    """The releases of every sector whose three can be fitted."""
    found = []
    for at in range(worlds):
        try:
            found.append({kind: told(tables, seed + at) for kind, tables in sectors(seed + at).items()})
        except MissingModelsError as error:
            print(f"sector {seed + at} is left out: {error.what}")
    return found


def main() -> None:
    """Run the campaign."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--worlds", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--output", type=Path, help="folder for membership.json; nothing is written without")
    given = options.parse_args()
    if given.output is not None:
        given.output.mkdir(parents=True, exist_ok=True)
    releases = campaign(given.worlds, given.seed)
    summary = {
        "recipe": f"python simulations/membership.py --worlds {given.worlds} --seed {given.seed}",
        "seed": given.seed,
        "worlds": len(releases),
        "left_out": given.worlds - len(releases),
        "questions": judged(releases, stream(given.seed, "membership", "resampled")),
        "versions": versions(),
    }
    print(json.dumps(summary, indent=1))
    if given.output is not None:
        (given.output / "membership.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

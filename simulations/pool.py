"""Ten simulated authorities pooled by their summaries, beside one fit of all their data.

Each authority is a sector of its own, of one rate or, with ``--apart``, of its own; its fit of M1 gives the summary
that `missingmodels summarise` writes. Told is how far the pooled mean of the peers' log rate ratio lies from that of
all data, in standard deviations of the latter, the ratio of the two standard deviations, and how far both lie from the
planted value.

    python simulations/pool.py --worlds 5
"""

from __future__ import annotations

import json
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from appended import arguments, worlds_by_seed

from missingmodels.evidence.pool.likelihood import likelihood_file, likelihood_of, read_likelihood
from missingmodels.evidence.pool.pooled import pool
from missingmodels.fitting.fit import Fit, fit
from missingmodels.plan import Plan
from missingmodels.provenance import package_version, stream, versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.tables import Tables, make_tables

AUTHORITIES = 10
RATE = 3.5  # onsets a year of an ordinary child, in the middle authority
READ = ("children", "placements", "missing_episodes", "homes")
ASKED = ("M1", "peer_presence")
# without what all homes share: one authority's is its own, and in one fit of all it would be that of all
PLAN = Plan(
    models=("M0", "M1"),
    exposure={"beside": ()},
    effects={"sector_process": "none"},
    sampling={"method": "laplace"},
)
IDS = ("child_id", "home_id", "authority", "owner")


def authority(seed: int, at: int, homes: int, apart: float) -> Tables:
    """One authority's tables, with identifiers of its own."""
    rng = stream(seed, "pool", str(at))
    rate = RATE * (1 + apart * (2 * at / (AUTHORITIES - 1) - 1))
    values = {"days": 393, "homes": {"count": homes}, "onset": {"rate_per_year": rate}}
    tables = simulate_world(
        Scenario.model_validate(values), seed=int(rng.integers(2**62)), log_exposures=False, only=READ
    ).tables
    frames = {}
    for name in READ:
        frame = tables[name].copy()
        for column in {*IDS} & {*frame.columns}:
            frame[column] = f"{at}-" + frame[column].astype("string")
        frames[name] = frame
    return make_tables(
        frames,
        observed_from=tables.observed_from,
        observed_to=tables.observed_to,
        all_residents=True,
        origin=dict(tables.origin),
    )


def fitted(tables: Tables, seed: int) -> Fit:
    """M1 by the fast engine."""
    design = prepare(tables, PLAN, fits=[ASKED], checked=True).designs[ASKED]
    return fit(design, PLAN, model=ASKED[0], exposure=ASKED[1], seed=seed, allow_unconverged=True, with_children=False)


def one_world(seed: int, homes: int, apart: float) -> dict[str, Any]:
    """The pooled and the whole answer of ten authorities, less those whose fit does not pass and so sends nothing."""
    parts = [authority(seed, at, homes, apart) for at in range(AUTHORITIES)]
    fits = [fitted(part, seed) for part in parts]
    passed = [at for at, found in enumerate(fits) if found.diagnostics.passed]
    parts, fits, held = [parts[at] for at in passed], [fits[at] for at in passed], []
    with tempfile.TemporaryDirectory() as folder:
        for at, found in zip(passed, fits, strict=True):
            told: dict[str, Any] = {"simulated": True, "policy": "none", "package": package_version()}
            told["rng"] = stream(seed, "likelihood", str(at))
            path = Path(folder) / f"{at}.json"
            path.write_bytes(likelihood_file(likelihood_of(found, allowed=found.design.names, **told)))
            held.append(read_likelihood(path))
    frames = {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in READ}
    first = parts[0]
    together = make_tables(
        frames,
        observed_from=first.observed_from,
        observed_to=first.observed_to,
        all_residents=True,
        origin=dict(first.origin),
    )
    whole = fitted(together, seed)
    draws = whole.parameters.coefficient(ASKED[1])
    mean, sd = pool(held, tau_sd=0).moments(ASKED[1])
    further_mean, further_sd = pool(held, tau_sd=0.25).moments(ASKED[1])
    single = [float(found.parameters.coefficient(ASKED[1]).std()) for found in fits]
    return {
        "seed": seed,
        "homes": homes * len(parts),
        "pooled": len(held),
        "onsets": int(whole.design.onsets.sum()),
        "planted": float(Scenario().contagion.log_rate_ratio),
        "whole_passed": bool(whole.diagnostics.passed),
        "whole_mean": float(draws.mean()),
        "whole_sd": float(draws.std()),
        "pooled_mean": mean,
        "pooled_sd": sd,
        "hierarchy_mean": further_mean,
        "hierarchy_sd": further_sd,
        "one_authority_sd": float(np.mean(single)),
    }


def main() -> None:
    parser = arguments(__doc__, worlds=5, of="of ten authorities", work="pool")
    parser.add_argument("--homes", type=int, default=20, help="of each authority")
    parser.add_argument("--apart", type=float, default=0.0, help="of rates: 0.4 has them from 2.1 to 4.9 a year")
    options = parser.parse_args()
    worlds = worlds_by_seed(options, lambda seed: one_world(seed, options.homes, options.apart))
    frame = pd.DataFrame(worlds)
    frame["away_in_sd"] = (frame["pooled_mean"] - frame["whole_mean"]) / frame["whole_sd"]
    frame["sd_ratio"] = frame["pooled_sd"] / frame["whole_sd"]
    options.output.mkdir(parents=True, exist_ok=True)
    frame.round(4).to_csv(options.output / "pool.csv", index=False)
    made: dict[str, Any] = {
        "recipe": f"python simulations/pool.py --worlds {len(frame)} --homes {options.homes} --apart {options.apart:g}"
    }
    away = frame["away_in_sd"]
    made |= {
        "worlds": len(frame),
        "mean_away_in_sd": round(float(away.mean()), 3),
        "mean_away_error": round(float(away.std() / np.sqrt(len(away))), 3),
        "mean_absolute_away_in_sd": round(float(away.abs().mean()), 3),
        "sd_ratio": round(float(frame["sd_ratio"].mean()), 3),
        "whole_bias": round(float((frame["whole_mean"] - frame["planted"]).mean()), 4),
        "pooled_bias": round(float((frame["pooled_mean"] - frame["planted"]).mean()), 4),
        "versions": versions(),
    }
    (options.output / "pool.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(frame[["away_in_sd", "sd_ratio"]].describe())


if __name__ == "__main__":
    main()

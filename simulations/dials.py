"""Each of the causal dials of a world planted at two sizes: does the column that reads it find it again?

A dial's column, as `docs/associations.md` names it, stands in model M3 beside all others, and the fast engine fits it.
Told are the bias of the posterior mean of the log rate ratio with its Monte Carlo error, and how often the 90 %
interval covers what was planted. Worlds are appended to a file one by one, so that a stop loses none.

    python simulations/dials.py --worlds 200
    python simulations/dials.py --worlds 4 --only conflict_3d,prior_missing --minutes 10
"""

from __future__ import annotations

import json
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

from typing import Any

import numpy as np
import pandas as pd
from appended import arguments, share, worlds_of

from missingmodels.fitting.fit import fit
from missingmodels.plan import Plan
from missingmodels.provenance import versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.scenario.onset import Mechanisms
from missingmodels.simulate.associations import dials
from missingmodels.simulate.world import simulate_world

NOT_CAUSES = ("conflicts_per_year", "manager_absent_share")
CAUSES = tuple(name for name in Mechanisms.model_fields if name not in NOT_CAUSES)
SIZES = (0.25, 0.5)
# Settings without which a dial has nothing to act by.
BESIDE: dict[str, dict[str, Any]] = {
    "manager_absent": {"mechanisms": {"manager_absent_share": 0.25}},
    "sanction": {"aftermath": {"sanctioned_share": 0.4}},
    "trusted_adult": {"staff": {"trust_after_shifts": 12}},
    "unmet_need_pull": {"staff": {"trust_after_shifts": 12}},
}
ROTA = ("disengaged_on_shift", "inexperienced_on_shift", "untrained_on_shift")  # whose columns read every shift
# A share, a place and a year have other units than an indicator; the size is that of about one standard deviation.
UNIT = {
    "disengaged_on_shift": 3.0,
    "inexperienced_on_shift": 3.0,
    "untrained_on_shift": 3.0,
    "size_per_place": 0.5,
    "past_episodes": 0.5,
}
TWO = ("new_admission_7d",)  # a structure variable, planted in both of its parts


def scenario_of(dial: str, size: float, homes: int) -> Scenario:
    """A year of so many homes with one dial turned."""
    values: dict[str, Any] = {"days": 393, "homes": {"count": homes}, "onset": {"rate_per_year": 4.0}}
    beside = BESIDE.get(dial, {})
    values |= {name: held for name, held in beside.items() if name != "mechanisms"}
    values["mechanisms"] = {**beside.get("mechanisms", {}), dial: size * UNIT.get(dial, 1.0)}
    return Scenario.model_validate(values)


def plan_of(dial: str) -> tuple[Plan, str]:
    """The default plan with the dial's column, and the name that the design has for it."""
    column = dials()[f"mechanisms.{dial}"].column
    terms = Plan().terms
    if dial in TWO:
        changed = {"structure": [*terms.structure, dial]}
    else:
        extra = f" + {column}" if "exploitation_risk *" not in column else f" + measure(trusted_adult) + {column}"
        changed = {"vulnerability": terms.vulnerability + extra}
    values = {"terms": changed, "exposure": {"beside": ()}, "sampling": {"method": "laplace"}}
    return Plan.model_validate(values), column


def one_world(key: tuple[str, float, int], homes: int) -> dict[str, Any]:
    """What a fit of one world says of its dial."""
    dial, size, seed = key
    plan, column = plan_of(dial)
    world = simulate_world(scenario_of(dial, size, homes), seed=seed)
    tables = world.tables
    if dial in ROTA:
        tables = tables.changed({"staff_shifts": pd.concat([*world.shifts()], ignore_index=True)})
    asked = ("M3", plan.exposure.primary)
    design = prepare(tables, plan, fits=[asked], checked=True).designs[asked]
    found = fit(design, plan, model=asked[0], exposure=asked[1], seed=seed, allow_unconverged=True, with_children=False)
    draws = found.parameters.coefficient(column)
    low, high = np.quantile(draws, [0.05, 0.95])
    return {
        "dial": dial,
        "size": size,
        "seed": seed,
        "homes": homes,
        "planted": size * UNIT.get(dial, 1.0),
        "mean": float(draws.mean()),
        "sd": float(draws.std()),
        "low": float(low),
        "high": float(high),
        "passed": bool(found.diagnostics.passed),
    }


def summary(worlds: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a dial and size, of the fits that passed the gate."""
    rows = []
    for (dial, size), held in pd.DataFrame(worlds).groupby(["dial", "size"], sort=False):
        kept = held[held["passed"]]
        error = kept["mean"] - kept["planted"]
        covered, coverage_error = share((kept["low"] <= kept["planted"]) & (kept["planted"] <= kept["high"]))
        scatter = float(error.std(ddof=1)) if len(error) > 1 else float("nan")
        rows.append(
            {
                "dial": dial,
                "size": size,
                "worlds": len(kept),
                "not_passed": len(held) - len(kept),
                "planted": held["planted"].iloc[0],
                "bias": error.mean(),
                "bias_error": scatter / np.sqrt(max(len(error), 1)),
                "posterior_sd": kept["sd"].mean(),
                "coverage_90": covered,
                "coverage_error": coverage_error,
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    parser = arguments(__doc__, worlds=200, of="of each dial and size", work="dials")
    parser.add_argument("--only", default="", help="some dials, with commas between")
    parser.add_argument("--homes", type=int, default=120)
    options = parser.parse_args()
    chosen = [name for name in options.only.split(",") if name] or CAUSES
    asked = [(dial, size, seed) for seed in range(options.worlds) for dial in chosen for size in SIZES]
    worlds = worlds_of(
        options,
        asked,
        lambda world: (str(world["dial"]), float(world["size"]), int(world["seed"])),
        lambda key: one_world(key, options.homes),
    )
    options.output.mkdir(parents=True, exist_ok=True)
    summary(worlds).round(4).to_csv(options.output / "dials.csv", index=False)
    made = {"recipe": f"python simulations/dials.py --worlds {options.worlds} --homes {options.homes}"}
    made["versions"] = versions()
    (options.output / "dials.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

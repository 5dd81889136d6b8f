"""A third of a world's causal dials planted at once: does the column that reads each find it again beside the others?

In every world a third of the dials have one of two sizes and one of two signs, and the others do nothing, drawn so that
any twelve worlds in a row hold each dial's four settings once. (With all of them turned some children would go missing
nearly every day, where a day that holds one onset at most says nothing of a rate.) The columns that
`docs/associations.md` names for those that do something stand together in model M3, and the fast engine fits it; with
`--all` those of the others stand there too, more than the onsets of a hundred homes carry. Told are the bias of the
posterior mean of the log rate ratio, away from 0 counted as positive, with its Monte Carlo error; how far it lies above
what was planted, whichever the sign (`shift`), which the former hides; how often the 90 % interval covers what was
planted; and what share of the onsets that the rates make is lost as a day holds one at most. Worlds are appended to a
file one by one.

    python simulations/dials.py --worlds 1200 --homes 160
    python simulations/dials.py --worlds 12 --minutes 10
"""

from __future__ import annotations

import json
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in each other's way

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from appended import arguments, share, worlds_of

from missingmodels.fitting.fit import fit
from missingmodels.plan import Plan
from missingmodels.provenance import stream, versions
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.scenario.onset import Mechanisms
from missingmodels.simulate.associations import dials
from missingmodels.simulate.world import simulate_world

NOT_CAUSES = ("conflicts_per_year", "manager_absent_share")
CAUSES = tuple(name for name in Mechanisms.model_fields if name not in NOT_CAUSES)
SIZES = (0.25, 0.5)
SETTINGS = tuple((size, sign) for size in SIZES for sign in (1, -1))
# Settings without which a dial has nothing, or next to nothing, to act by.
BESIDE: dict[str, dict[str, Any]] = {
    "children": {"uasc_share": 0.2},
    "mechanisms": {"manager_absent_share": 0.25},
    "aftermath": {"sanctioned_share": 0.4},
    "staff": {"trust_after_shifts": 12},
}
# A share, a place and a year have other units than an indicator; the size is that of about one standard deviation.
UNIT = {
    "disengaged_on_shift": 3.0,
    "inexperienced_on_shift": 3.0,
    "untrained_on_shift": 3.0,
    "size_per_place": 0.5,
    "past_episodes": 0.5,
}
ALL = " --all"
THIRDS = 3
DRAWS = 500  # a chain: half of the default's, whose error is then still a thirtieth of the posterior's sd
# A year, of a middle child whom no dial moves: rates above one a day, which no model of days tells apart, are rare.
RATE = 1.5
TWO = ("new_admission_7d",)  # a structure variable, planted in both of its parts


def planted_of(seed: int) -> dict[str, float]:
    """The size of every dial in a world, with its sign."""
    every = THIRDS * len(SETTINGS)
    turns = stream(seed // every, "dials").permutation(len(CAUSES))
    found = {}
    for name, turn in zip(CAUSES, turns, strict=True):
        setting, third = divmod(int(turn + seed) % every, THIRDS)
        if third:
            found[name] = 0.0
            continue
        size, sign = SETTINGS[setting]
        found[name] = sign * size * UNIT.get(name, 1.0)
    return found


def scenario_of(seed: int, homes: int) -> Scenario:
    """A year of so many homes with every dial turned."""
    values: dict[str, Any] = {"days": 393, "homes": {"count": homes}, "onset": {"rate_per_year": RATE}, **BESIDE}
    return Scenario.model_validate(values | {"mechanisms": BESIDE["mechanisms"] | planted_of(seed)})


def columns() -> dict[str, str]:
    """The name that a design has for the column of each dial."""
    return {name: dials()[f"mechanisms.{name}"].column for name in CAUSES}


def plan_of(names: Collection[str]) -> Plan:
    """The default plan with the columns of these dials."""
    terms = Plan().terms
    extra = [column for name, column in columns().items() if name in names and name not in TWO]
    structure = [*terms.structure, *(name for name in TWO if name in names)]
    changed = {"vulnerability": " + ".join([terms.vulnerability, *extra]), "structure": structure}
    return Plan.model_validate(
        {"terms": changed, "exposure": {"beside": ()}, "sampling": {"method": "laplace", "draws": DRAWS}}
    )


def one_world(seed: int, homes: int, whole: bool = False) -> dict[str, Any]:
    """What a fit of one world says of its dials: of those that do something, or of all."""
    planted = planted_of(seed)
    plan = plan_of([name for name in CAUSES if planted[name] or whole])
    world = simulate_world(scenario_of(seed, homes), seed=seed)
    tables = world.tables.changed({"staff_shifts": pd.concat([*world.shifts()], ignore_index=True)})
    asked = ("M3", plan.exposure.primary)
    design = prepare(tables, plan, fits=[asked], checked=True).designs[asked]
    found = fit(design, plan, model=asked[0], exposure=asked[1], seed=seed, allow_unconverged=True, with_children=False)
    held = {}
    for name, column in columns().items():
        if column not in found.parameters.coefficients:
            continue  # the model holds no such column, or in this world it does not vary
        draws = found.parameters.coefficient(column)
        low, high = np.quantile(draws, [0.05, 0.95])
        said = {"mean": draws.mean(), "sd": draws.std(), "low": low, "high": high}
        held[name] = {"planted": planted[name], **{key: float(value) for key, value in said.items()}}
    return {
        "seed": seed,
        "homes": homes,
        "onsets": int(design.onsets.sum()),
        "lost": _lost(world.exposure_log["log_rate"].to_numpy()),
        "rows": int(design.onsets.size),
        "passed": bool(found.diagnostics.passed),
        "notes": [*design.notes],
        "dials": held,
    }


def _lost(log_rate: np.ndarray) -> float:
    """Share of the onsets that daily rates make which is lost as a day holds one at most."""
    rate = np.exp(log_rate[np.isfinite(log_rate)])
    return float(1 + np.expm1(-rate).sum() / rate.sum())


def summary(worlds: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a dial and size, of the fits that passed the gate."""
    said = [{"dial": name, **held} for world in worlds if world["passed"] for name, held in world["dials"].items()]
    frame = pd.DataFrame(said)
    frame["size"] = frame["planted"].abs()
    frame["above"] = frame["mean"] - frame["planted"]
    shift = frame.groupby("dial")["above"].agg(["mean", "sem"])
    rows = []
    for (dial, size), held in frame.groupby(["dial", "size"], sort=False):
        error = (held["mean"] - held["planted"]) * np.where(held["planted"] < 0, -1, 1)
        covered, coverage_error = share((held["low"] <= held["planted"]) & (held["planted"] <= held["high"]))
        rows.append(
            {
                "dial": dial,
                "planted": size,
                "worlds": len(held),
                "bias": error.mean(),
                "bias_error": error.std(ddof=1) / np.sqrt(len(error)),
                "shift": shift.loc[dial, "mean"],
                "shift_error": shift.loc[dial, "sem"],
                "posterior_sd": held["sd"].mean(),
                "coverage_90": covered,
                "coverage_error": coverage_error,
            }
        )
    order = {name: at for at, name in enumerate(CAUSES)}
    return pd.DataFrame(rows).sort_values(["dial", "planted"], key=lambda c: c.map(order) if c.name == "dial" else c)


def main() -> None:
    parser = arguments(__doc__, worlds=1200, of="in all; each size of a dial stands in a sixth", work="dials")
    parser.add_argument("--homes", type=int, default=40)
    parser.add_argument(
        "--all", action="store_true", help="the columns of dials that do nothing stand beside the others"
    )
    options = parser.parse_args()
    worlds = worlds_of(
        options,
        range(options.worlds),
        lambda world: int(world["seed"]),
        lambda seed: one_world(seed, options.homes, options.all),
    )
    options.output.mkdir(parents=True, exist_ok=True)
    summary(worlds).round(4).to_csv(options.output / "dials.csv", index=False)
    made = {
        "recipe": f"python simulations/dials.py --worlds {options.worlds} --homes {options.homes}{ALL * options.all}",
        "worlds": len(worlds),
        "lost": round(float(np.mean([world["lost"] for world in worlds])), 4),
        "not_passed": sum(not world["passed"] for world in worlds),
        "versions": versions(),
    }
    (options.output / "dials.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

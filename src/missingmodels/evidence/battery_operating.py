"""How often each line of the battery is wrong, and the frontier, as measured in worlds whose truth is set.

``operating.csv`` and ``frontier.csv`` are copies of tables in ``simulations/results``, whose recipes are there; the
JSON files beside them say under which plan they were measured. They hold for simulated sectors of the size named and
for that plan; a line that was not asked there, or is asked under a plan that differs in more than detail, has none.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from missingmodels.config import from_mapping
from missingmodels.evidence.battery_variants import effective_period
from missingmodels.plan import Decision, Plan

WORLDS: Mapping[str, str] = {
    "null": "no influence",
    "homophily_only": "like placed with like",
    "shocks_only": "shared shocks of a quarter",
    "small": "influence (rate ratio 1.3)",
}
# In these worlds there is next to nothing to recount, so the plan's own question stands for them.
AS_PRIMARY = ("categories", "boundaries")
PRIMARY, HEADLINE = ("primary", "as the plan asks"), ("headline", "model M3")
# What a check sets itself, so that its figures do not hang on what the plan has there.
SETS: Mapping[str, tuple[str, ...]] = {
    "periods": ("home-period effects",),
    "windows": ("window",),
    "lags": ("window",),
    "frailty": ("frailty",),
}
MONTH, QUARTER = 28, 91
FEWEST_WORLDS = 50  # with fewer, errors of 7 % are as large as what is told, so nothing is


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """How often a line said yes in each kind of simulated world, with Monte Carlo errors.

    ``stands_for`` names the line whose figures these are, where it is another one; ``detail`` in what small way the
    plan measured differs, ``unlike`` in what larger way: then these are the nearest figures, not its own.
    """

    homes: int
    worlds: int
    said: Mapping[str, float]
    error: Mapping[str, float]
    stands_for: str = ""
    detail: str = ""
    unlike: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def sentence(self, kind: str) -> str:
        """Yes-rates in words: what is wrong of them and what is right depends on the kind of line."""
        share = {name: f"{self.said[name]:.0%}" for name in self.said}
        parts = [f"{share[name]} with {WORLDS[name]}" for name in WORLDS if name in share]
        verb = "rings" if kind == "alarm" else "says influence"
        notes = [f"figures of {self.stands_for}" if self.stands_for else "", self.detail]
        note = "; ".join(text for text in notes if text)
        told = f"{verb} in {', '.join(parts)}; {self.homes} homes, {self.worlds} worlds each"
        told += f" ({note})" if note else ""
        return f"is not measured for such a plan ({self.unlike}); the nearest that was {told}" if self.unlike else told


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a packaged table was measured under: a plan, the model of its lines and that of the headline."""

    plan: Plan
    model: str
    headline: str

    def unlike(self, plan: Plan) -> dict[str, str]:
        """In what a plan differs so that figures do not carry over: by name, in words."""
        found = {}
        for name, (mine, theirs) in {
            "exposure": (plan.exposure.primary, self.plan.exposure.primary),
            "window": (f"{plan.exposure.window_days} days", f"{self.plan.exposure.window_days} days"),
            "home-period effects": (_period(plan), _period(self.plan)),
            "frailty": (plan.effects.frailty.replace("_", " "), self.plan.effects.frailty.replace("_", " ")),
            "beyond the home": (plan.exposure.outside or "nothing", self.plan.exposure.outside or "nothing"),
        }.items():
            if mine != theirs:
                found[name] = f"{name}: {mine}, measured {theirs}"
        return found

    def detail(self, plan: Plan, model: str) -> str:
        """In what small ways a plan and model differ, in words; empty if in none."""
        mine, theirs = plan.frame.model_dump(), self.plan.frame.model_dump()
        other = any(mine[name] != theirs[name] for name in mine if name not in ("period_days", "occupancy"))
        priors = plan.priors.model_copy(update={"replace": _but_period(plan)}) != self.plan.priors
        differs = {
            f"the model {self.model}": model != self.model,
            "the default decision rule": plan.decision != self.plan.decision,
            "other terms": plan.terms != self.plan.terms,
            "other priors": priors,
            "another frame": other,
        }
        found = [name for name, is_so in differs.items() if is_so]
        return f"measured with {_and(found, 'and')}" if found else ""


def _period(plan: Plan) -> str:
    days = effective_period(plan)
    return f"of {days} days" if days else "none"


def _but_period(plan: Plan) -> dict[str, Any]:
    """Replaced priors without the one that only says there are no home-period effects."""
    held = plan.priors.replace
    return {name: change for name, change in held.items() if name != "sigma_period" or change.fixed != 0}


@functools.cache
def measured(name: str = "operating") -> Measured:
    """What ``operating`` or ``frontier`` was measured under."""
    with resources.files("missingmodels.evidence").joinpath(f"{name}.json").open(encoding="utf-8") as file:
        held = json.load(file)
    return Measured(plan=from_mapping(held["plan"], Plan), model=held["model"], headline=held["headline"])


@functools.cache
def operating() -> pd.DataFrame:
    """The packaged table: check, line, kind, world, homes, worlds, said, mc_error, failed, log_ratio."""
    return _packaged("operating.csv")


@functools.cache
def frontier() -> pd.DataFrame:
    """The packaged table: homes, shock_days, shock_sd, homophily, line, worlds, said, mc_error, log_ratio, sd."""
    return _packaged("frontier.csv")


def _packaged(name: str) -> pd.DataFrame:
    with resources.files("missingmodels.evidence").joinpath(name).open(encoding="utf-8") as file:
        return pd.read_csv(file, keep_default_na=False, na_values=[""])  # a world is called "null"


def how_often_wrong(
    check: str,
    line: str,
    homes: int,
    *,
    plan: Plan,
    model: str,
    kind: str = "influence",
    table: pd.DataFrame | None = None,
    under: Measured | None = None,
) -> Wrong | None:
    """The figures of a line, from worlds of the size nearest to ``homes``; None where too few were measured.

    Under a plan that differs in more than detail from the one measured they say what they are: the nearest there are.
    """
    under = under or measured()
    unlike = {name: text for name, text in under.unlike(plan).items() if name not in SETS.get(check, ())}
    asked, stands_for = (check, line), ""
    if check in AS_PRIMARY:
        asked, stands_for = PRIMARY, "the plan's own question, as there was next to nothing to recount"
    if asked == PRIMARY and model == under.headline:
        asked, model = HEADLINE, under.model
    held = operating() if table is None else table
    found = held[(held["check"] == asked[0]) & (held["line"] == asked[1]) & (held["worlds"] >= FEWEST_WORLDS)]
    found = found[found["kind"] == kind]
    if found.empty:
        return None
    sizes = found["homes"].unique()
    nearest = sizes[np.abs(np.log(sizes / homes)).argmin()]
    found = found[found["homes"] == nearest].set_index("world")
    return Wrong(
        homes=int(nearest),
        worlds=int(found["worlds"].min()),
        said=found["said"].to_dict(),
        error=found["mc_error"].to_dict(),
        stands_for=stands_for,
        detail=under.detail(plan, model),
        unlike="; ".join(unlike.values()),
    )


def frontier_is_whole(table: pd.DataFrame) -> bool:
    """Whether every cell of the frontier rests on enough worlds to be shown."""
    return not table.empty and bool(table["worlds"].min() >= FEWEST_WORLDS)


def informative(check: str, *, table: pd.DataFrame | None = None) -> bool:
    """Whether any line of a check told the worlds apart by more than two Monte Carlo errors.

    A line of influence must say so more often with influence than in any world without; an alarm must ring more often
    in a world with something to warn of than where there is nothing. What was not measured, or in too few worlds,
    counts as informative.
    """
    held = operating() if table is None else table
    found = held[(held["check"] == check) & (held["worlds"] >= FEWEST_WORLDS)]
    return found.empty or any(_tells(part) for _, part in found.groupby("line"))


def _tells(line: pd.DataFrame) -> bool:
    said, error = (line.set_index("world")[name] for name in ("said", "mc_error"))
    wanted = ("homophily_only", "shocks_only") if line["kind"].iloc[0] == "alarm" else ("small",)
    hits = [world for world in wanted if world in said.index]
    rest = [world for world in said.index if world not in wanted]
    return any(all(said[hit] - said[other] > 2 * np.hypot(error[hit], error[other]) for other in rest) for hit in hits)


def expected_false_confidence(false_effect: float, sd: float, rule: Decision) -> float:
    """The chance that an estimate with this mean and sd, both of the log rate ratio, is called supported."""
    return float(norm.cdf(false_effect / sd - norm.ppf(rule.supported_probability)))


def frontier_for(low: float, high: float, plan: Plan) -> pd.DataFrame:
    """Each shock of the frontier with the chance that data as precise as these call it influence (``expected``).

    ``low`` and ``high`` are the ends of the peers' rate ratio's interval. Of the models there, the one whose
    home-period effects last nearest to the plan's. What a shock imitates was measured (``log_ratio``); how often
    that is called influence follows from the sd of this estimate by a normal approximation.
    """
    rule = plan.decision
    sd = float(np.log(high / low) / (2 * norm.ppf((1 + rule.interval_mass) / 2)))
    table = frontier()
    shocks = table[(table["line"] == nearest_model(effective_period(plan))) & (table["shock_sd"] > 0)]
    expected = [expected_false_confidence(effect, sd, rule) for effect in shocks["log_ratio"]]
    return shocks.assign(expected=expected, sd=sd)


def nearest_model(period_days: int) -> str:
    """The line of the frontier whose home-period effects last nearest to a number of days; 0 for none."""
    if not period_days:
        return "home effects only"
    lengths = {f"home × {days} days": days for days in (14, MONTH, QUARTER)}
    held = set(frontier()["line"])
    return min((name for name in lengths if name in held), key=lambda name: abs(np.log(lengths[name] / period_days)))


def frontier_sentence(
    low: float | None, high: float | None, plan: Plan, model: str, *, limit: float = 0.1, under: Measured | None = None
) -> str:
    """For which shocks a design like this would call a shock influence more often than ``limit``."""
    if low is None or high is None:
        return "There is no estimate to judge the frontier by."
    under = under or measured("frontier")
    unlike = [text for name, text in under.unlike(plan).items() if name != "home-period effects"]
    if unlike:
        return f"The map was not measured for such a plan ({'; '.join(unlike)}), so nothing is said of these data."
    found = frontier_for(low, high, plan)
    line, beyond = found["line"].iloc[0], found[found["expected"] > limit]
    with_m1 = "" if model == under.model else f" (the map was measured with the model {under.model})"
    lead = f"With home effects as in “{line}”{with_m1} and data as precise as these (sd {found['sd'].iloc[0]:.2f}), "
    if beyond.empty:
        return lead + f"no shock of the map would be called influence in more than {limit:.0%} of studies."
    worst = [
        f"{days:.0f} days (from sd {part['shock_sd'].min():g}: up to {part['expected'].max():.0%})"
        for days, part in beyond.groupby("shock_days")
    ]
    share = f"in more than {limit:.0%} of studies"
    return f"{lead}shared shocks would be called influence {share} if they last {_and(worst)}."


def _and(parts: list[str], word: str = "or") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"

"""How often each line of the battery is wrong, as measured in worlds whose truth is set.

``operating.csv`` is a copy of a table in ``simulations/results``, whose recipe is there; the JSON file beside it says
under which plan it was measured. It holds for simulated sectors of the size named and for that plan; a line that was
not asked there, or is asked under a plan that differs in more than detail, has none.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.evidence.robustness.variants import effective_period
from missingmodels.plan import Decision, Plan, Terms, kept_plan

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
FAR = 2  # times as many homes, from where figures of the other size are said to err
FEWEST_WORLDS = 50  # with fewer, errors of 7 % are as large as what is told, so nothing is


def share_text(share: float) -> str:
    """A small share in per cent, with one decimal where it has one: a half per cent is not none."""
    return f"{100 * share:.1f}".removesuffix(".0") + "%"


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """How often a line said yes in each kind of simulated world, with Monte Carlo errors.

    ``homes`` were measured where ``asked`` are in the data. ``stands_for`` names the line whose figures these are, if
    it is another one; ``detail`` in what small way the plan measured differs, ``unlike`` in what larger way: then these
    are the nearest figures, not its own.
    """

    homes: int
    asked: int
    worlds: int
    said: Mapping[str, float]
    error: Mapping[str, float]
    stands_for: str = ""
    detail: str = ""
    unlike: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)

    @property
    def size_note(self) -> str:
        """Which way the figures err for data of another size; empty where it is much the same."""
        if self.asked >= FAR * self.homes:
            return f"{self.asked} homes find more, and call more shared shocks influence"
        return f"{self.asked} homes find less" if self.asked * FAR <= self.homes else ""

    def sentence(self, kind: str) -> str:
        """Yes-rates in words: what is wrong of them and what is right depends on the kind of line."""
        share = {name: share_text(self.said[name]) for name in self.said}
        parts = [f"{share[name]} with {WORLDS[name]}" for name in WORLDS if name in share]
        verb = "rings" if kind == "alarm" else "says influence"
        notes = [f"figures of {self.stands_for}" if self.stands_for else "", self.detail, self.size_note]
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
            "outcome": (plan.frame.outcome, self.plan.frame.outcome),
            "event of peers": (plan.peer_event, self.plan.peer_event),
            "first day": (f"{plan.exposure.first_day}", f"{self.plan.exposure.first_day}"),
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
        other = any(
            mine[name] != theirs[name] for name in mine if name not in ("period_days", "cell_days", "occupancy")
        )
        priors = plan.priors.model_copy(update={"replace": _but_period(plan)}) != self.plan.priors
        differs = {
            f"the model {self.model}": model != self.model,
            "the default decision rule": _verdicts(plan) != _verdicts(self.plan),
            "other terms": _but_means(plan) != _but_means(self.plan),
            "other priors": priors,
            "another frame": other,
            "the exposure to those who live there now": plan.exposure.witnessed != self.plan.exposure.witnessed,
        }
        found = [name for name, is_so in differs.items() if is_so]
        found += self.since(plan)
        return f"measured with {listed(found)}" if found else ""

    def since(self, plan: Plan) -> list[str]:
        """What came into plans after the measurement and stands in this one, in words."""
        held = {
            "no process that all homes share": (plan.effects.sector_process, self.plan.effects.sector_process, "none"),
            "homes' means over all days": (plan.terms.structure_means, self.plan.terms.structure_means, "window"),
        }
        return [words for words, (mine, theirs, before) in held.items() if mine != theirs == before]


def _verdicts(plan: Plan) -> Decision:
    """The rule without the shocks that an answer must withstand, which turn no answer into a supported one, and without
    the mass of the intervals, which is no part of it.
    """
    usual = Decision()
    return plan.decision.model_copy(update={"withstands": usual.withstands, "interval_mass": usual.interval_mass})


def _but_means(plan: Plan) -> Terms:
    return plan.terms.model_copy(update={"structure_means": Terms().structure_means})


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
    return Measured(plan=kept_plan(held["plan"]), model=held["model"], headline=held["headline"])


@functools.cache
def operating() -> pd.DataFrame:
    """The packaged table: check, line, kind, world, homes, worlds, said, mc_error, failed, log_ratio."""
    return packaged("operating.csv")


def packaged(name: str) -> pd.DataFrame:
    """A table that ships with the package, by its name."""
    with resources.files("missingmodels.evidence").joinpath(name).open(encoding="utf-8") as file:
        return pd.read_csv(file, keep_default_na=False, na_values=[""])  # a world is called "null"


def of_size(table: pd.DataFrame, homes: int) -> pd.DataFrame:
    """The part of a table that was measured in the number of homes nearest to this one."""
    sizes = table["homes"].unique()
    return table[table["homes"] == sizes[np.abs(np.log(sizes / max(homes, 1))).argmin()]]


def how_often_wrong(  # noqa: PLR0913
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
    found = of_size(found, homes).set_index("world")
    return Wrong(
        homes=int(found["homes"].iloc[0]),
        asked=homes,
        worlds=int(found["worlds"].min()),
        said=found["said"].to_dict(),
        error=found["mc_error"].to_dict(),
        stands_for=stands_for,
        detail=under.detail(plan, model),
        unlike="; ".join(unlike.values()),
    )


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


def listed(parts: Sequence[str], word: str = "and") -> str:
    """Parts as a list in a sentence: “a, b and c”."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"

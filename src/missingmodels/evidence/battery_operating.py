"""How often each line of the battery is wrong, and the frontier, as measured in worlds whose truth is set.

``operating.csv`` and ``frontier.csv`` are copies of tables in ``simulations/results``, whose recipes are there. They
hold for simulated sectors of the size named; a line that was not asked there has no figures.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from missingmodels.plan import Decision

WORLDS: Mapping[str, str] = {
    "null": "no influence",
    "homophily_only": "like placed with like",
    "shocks_only": "shared shocks of a quarter",
    "small": "influence (rate ratio 1.3)",
}
# In these worlds there is next to nothing to recount, so the plan's own question stands for them.
AS_PRIMARY = ("categories", "boundaries", "coverage")
MONTH, QUARTER = 28, 91
FEWEST_WORLDS = 50  # with fewer, errors of 7 % are as large as what is told, so nothing is


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """How often a line said yes in each kind of simulated world, with Monte Carlo errors.

    ``stands_for`` names the line whose figures these are, where it is another one.
    """

    homes: int
    worlds: int
    said: Mapping[str, float]
    error: Mapping[str, float]
    stands_for: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def sentence(self, kind: str) -> str:
        """Yes-rates in words: what is wrong of them and what is right depends on the kind of line."""
        share = {name: f"{self.said[name]:.0%}" for name in self.said}
        parts = [f"{share[name]} with {WORLDS[name]}" for name in WORLDS if name in share]
        verb = "rings" if kind == "alarm" else "says influence"
        stand = f" (figures of {self.stands_for})" if self.stands_for else ""
        return f"{verb} in {', '.join(parts)}; {self.homes} homes, {self.worlds} worlds each{stand}"


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


def how_often_wrong(check: str, line: str, homes: int, *, table: pd.DataFrame | None = None) -> Wrong | None:
    """The figures of a line, from worlds of the size nearest to ``homes``; None where too few were measured."""
    held = operating() if table is None else table
    stands_for = ""
    if check in AS_PRIMARY:
        check, line, stands_for = "primary", "as the plan asks", "the plan's own question"
    found = held[(held["check"] == check) & (held["line"] == line) & (held["worlds"] >= FEWEST_WORLDS)]
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
    )


def frontier_is_whole(table: pd.DataFrame) -> bool:
    """Whether every cell of the frontier rests on enough worlds to be shown."""
    return not table.empty and bool(table["worlds"].min() >= FEWEST_WORLDS)


def informative(check: str, *, table: pd.DataFrame | None = None) -> bool:
    """Whether any line of a check told the worlds apart by more than two Monte Carlo errors.

    A line of influence must say so more often with influence than in any world without; an alarm must ring more often
    in a world with something to warn of than where there is nothing. What was not measured counts as informative.
    """
    held = operating() if table is None else table
    found = held[held["check"] == check]
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


def frontier_for(low: float, high: float, period_days: int, rule: Decision) -> pd.DataFrame:
    """Each shock of the frontier with the chance that data as precise as these call it influence (``expected``).

    ``low`` and ``high`` are the ends of the peers' rate ratio's interval. Of the models there, the one whose
    home-period effects last nearest to ``period_days``. What a shock imitates was measured (``log_ratio``); how often
    that is called influence follows from the sd of this estimate by a normal approximation.
    """
    sd = float(np.log(high / low) / (2 * norm.ppf((1 + rule.interval_mass) / 2)))
    table = frontier()
    shocks = table[(table["line"] == nearest_model(period_days)) & (table["shock_sd"] > 0)]
    expected = [expected_false_confidence(effect, sd, rule) for effect in shocks["log_ratio"]]
    return shocks.assign(expected=expected, sd=sd)


def nearest_model(period_days: int) -> str:
    """The line of the frontier whose home-period effects last nearest to a number of days."""
    lengths = {f"home × {days} days": days for days in (14, MONTH, QUARTER)}
    held = set(frontier()["line"])
    return min((name for name in lengths if name in held), key=lambda name: abs(np.log(lengths[name] / period_days)))


def frontier_sentence(
    low: float | None, high: float | None, period_days: int, rule: Decision, *, limit: float = 0.1
) -> str:
    """For which shocks a design like this would call a shock influence more often than ``limit``."""
    if low is None or high is None:
        return "There is no estimate to judge the frontier by."
    found = frontier_for(low, high, period_days, rule)
    model, beyond = found["line"].iloc[0], found[found["expected"] > limit]
    lead = f"With home-period effects as in “{model}” and data as precise as these (sd {found['sd'].iloc[0]:.2f}), "
    if beyond.empty:
        return lead + f"no shock of the map would be called influence in more than {limit:.0%} of studies."
    worst = [
        f"{days:.0f} days (from sd {part['shock_sd'].min():g}: up to {part['expected'].max():.0%})"
        for days, part in beyond.groupby("shock_days")
    ]
    share = f"in more than {limit:.0%} of studies"
    return f"{lead}shared shocks would be called influence {share} if they last {_and(worst)}."


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"

"""The frontier: which shared shocks are called influence, measured in worlds without any.

``frontier.csv`` is a copy of a table in ``simulations/results``; ``frontier.json`` has the plan it was measured under.
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
from scipy.stats import norm

from missingmodels.evidence.robustness.operating import FEWEST_WORLDS, Measured, listed, measured, packaged
from missingmodels.evidence.robustness.variants import effective_period
from missingmodels.plan import Decision, Plan

MONTH, QUARTER = 28, 91


@functools.cache
def frontier() -> pd.DataFrame:
    """The packaged table: homes, shock_days, shock_sd, homophily, line, worlds, said, mc_error, posterior_sd."""
    return packaged("frontier.csv")


def frontier_is_whole(table: pd.DataFrame) -> bool:
    """Whether every cell of the frontier rests on enough worlds to be shown."""
    return not table.empty and bool(table["worlds"].min() >= FEWEST_WORLDS)


def expected_false_confidence(false_effect: float, sd: float, rule: Decision) -> float:
    """The chance that an estimate with this mean and sd, both of the log rate ratio, is called supported."""
    return float(norm.cdf(false_effect / sd - norm.ppf(rule.supported_probability)))


def _false_effects(cell: pd.DataFrame, sd: float, rule: Decision) -> float:
    """The log rate ratio that a shock imitates in data as precise as ``sd``: what the share that was measured implies.

    Of each size in ``cell`` the effect at which a normal estimate with the posterior sd there would be called supported
    as often as it was; between two sizes in proportion, beyond them that of the nearest. The mean of the estimates
    would say too little: they scatter by more than their posterior sd, as shocks differ from sector to sector.
    """
    cell = cell.sort_values("posterior_sd")
    share = (cell["said"] * cell["worlds"] + 1) / (cell["worlds"] + 2)
    implied = cell["posterior_sd"] * (norm.ppf(rule.supported_probability) + norm.ppf(share))
    return float(np.interp(sd, cell["posterior_sd"].to_numpy(dtype=float), implied.to_numpy(dtype=float)))


def frontier_for(low: float, high: float, plan: Plan, *, under: Measured | None = None) -> pd.DataFrame:
    """Each shock of the frontier with the chance that data as precise as these call it influence (``expected``).

    ``low`` and ``high`` are the ends of the peers' rate ratio's interval. Of the models there, the one whose
    home-period effects last nearest to the plan's.
    """
    rule, table = plan.decision, frontier()
    measured_rule = (under or measured("frontier")).plan.decision
    sd = float(np.log(high / low) / (2 * norm.ppf((1 + rule.interval_mass) / 2)))
    line = nearest_model(effective_period(plan))
    shocks = table[(table["line"] == line) & (table["shock_sd"] > 0)]
    rows = []
    for (days, size), cell in shocks.groupby(["shock_days", "shock_sd"], sort=False):
        expected = expected_false_confidence(_false_effects(cell, sd, measured_rule), sd, rule)
        rows.append({"line": line, "shock_days": days, "shock_sd": size, "expected": expected, "sd": sd})
    return pd.DataFrame(rows)


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
    found = frontier_for(low, high, plan, under=under)
    line, beyond = found["line"].iloc[0], found[found["expected"] > limit]
    with_m1 = "" if model == under.model else f" (the map was measured with the model {under.model})"
    precise = f"data as precise as these (sd {found['sd'].iloc[0]:.2f}, to which the map’s cells are carried over)"
    lead = f"With home effects as in “{line}”{with_m1} and {precise}, "
    if beyond.empty:
        return lead + f"no shock of the map would be called influence in more than {limit:.0%} of studies."
    worst = [
        f"{days:.0f} days (from sd {part['shock_sd'].min():g}: up to {part['expected'].max():.0%})"
        for days, part in beyond.groupby("shock_days")
    ]
    share = f"in more than {limit:.0%} of studies"
    return f"{lead}shared shocks would be called influence {share} if they last {listed(worst, 'or')}."

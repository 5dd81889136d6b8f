"""How often an answer on H1 is wrong, quoted only for data like those measured, and then the worst that applies.

What a sector shares cannot be known from its data, so of the shocks that were measured the one counts that is called
influence most often. More homes call the same shock influence more often: of the sizes measured, both neighbours of the
data's own count.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.evidence.robustness.frontier import frontier, nearest_model
from missingmodels.evidence.robustness.operating import (
    FAR,
    FEWEST_WORLDS,
    HEADLINE,
    Measured,
    listed,
    measured,
    operating,
    packaged,
    share_text,
)
from missingmodels.evidence.robustness.variants import effective_period
from missingmodels.plan import Plan

SEEN = 0.95  # the sectors measured are seen whole; from here on data count as seen like them
DAYS = 365  # and they were watched for a year
REAL = "influence 1.3"  # the cell of ``shared_causes`` in which peers do act


def false_confidence_words(data: Mapping[str, Any], plan: Plan, model: str) -> str:
    """The worst measured share of false “supported” that applies to data like these, or why none is quoted.

    ``data`` are the counts that the evidence holds: ``homes``, ``observed_days``, ``median_coverage``.
    """
    unlike = _unlike(data, plan)
    if unlike:
        return f"No error rate is quoted, as none was measured for data like these: {unlike}."
    return _quoted(int(data["homes"]), plan, model)


def _unlike(data: Mapping[str, Any], plan: Plan) -> str:
    """In what these data or this plan differ from all that was measured; empty if in nothing that moves the figures."""
    if data["homes"] is None:  # a policy of disclosure blocks small counts
        return "how many homes they are of is not told"
    homes, days, coverage = int(data["homes"]), data.get("observed_days"), data.get("median_coverage")
    sizes = sorted(frontier()["homes"].unique())
    found = []
    if coverage is None:
        found.append("how much of each home is seen is unrecorded, and the sectors measured are seen whole")
    elif coverage < SEEN:
        found.append(
            f"{coverage:.0%} of residents are seen in the middle home, and the sectors measured are seen whole"
        )
    if not sizes[0] <= homes * FAR or not homes <= FAR * sizes[-1]:
        found.append(f"{homes} homes, measured {sizes[0]} to {sizes[-1]}")
    if days is not None and not DAYS <= days * FAR <= FAR * FAR * DAYS:
        found.append(f"{days} days observed, measured {DAYS}")
    under = measured("frontier")
    if plan.decision.supported_probability != under.plan.decision.supported_probability:
        found.append("another rule for “supported”")
    other = under.unlike(plan)
    return "; ".join([*found, *(text for name, text in other.items() if name != "home-period effects")])


def applicable(table: pd.DataFrame, homes: int) -> pd.DataFrame:
    """The part measured at the sizes on both sides of ``homes``; beyond the ends, at the nearest."""
    sizes = np.sort(table["homes"].unique())
    below, above = sizes[sizes <= homes], sizes[sizes >= homes]
    return table[table["homes"].isin([*below[-1:], *above[:1]])]


def worst_cell(homes: int, plan: Plan) -> tuple[pd.Series, float]:
    """The shock most often called influence under effects like the plan's, and the share where homes share nothing."""
    table = frontier()
    held = table[(table["line"] == nearest_model(effective_period(plan))) & (table["worlds"] >= FEWEST_WORLDS)]
    held = applicable(held, homes)
    return held.loc[held["said"].idxmax()], float(held.loc[held["shock_sd"] == 0, "said"].max())


def _quoted(homes: int, plan: Plan, model: str) -> str:
    cell, at_rest = worst_cell(homes, plan)
    under = measured("frontier")
    parts = [
        f"in simulated sectors without influence, seen whole for a year, “supported” came out in up to "
        f"{share_text(cell['said'])} ({cell['homes']} homes that share shocks of sd {cell['shock_sd']:g} on the log "
        f"rate over {cell['shock_days']:.0f} days, {math.exp(cell['shock_sd']):.1f} times the usual at +1 sd: the "
        f"worst measured, as nobody knows what these homes share), and in {share_text(at_rest)} where they share "
        "nothing"
    ]
    found = _power(homes, measured())
    parts += [f"where the rate ratio was 1.3 it came out in {found}"] if found else []
    with_model = (
        "" if model == under.model else f" The shocks were measured with {under.model}, which {model} contains."
    )
    told = f"How often such an answer is wrong: {'; '.join(parts)}.{with_model}"
    return told + _since(plan, under) + _withstands(homes, plan)


def worst_withstood(homes: int) -> tuple[pd.Series, pd.Series] | None:
    """The cell without influence in which *supported, and withstands …* came out most often, and that with influence.

    Of the sizes on both sides of ``homes``; None where none that was measured in enough worlds is near.
    """
    table = packaged("shared_causes.csv")
    near = table["homes"].between(homes / FAR, homes * FAR) & (table["worlds"] >= FEWEST_WORLDS)
    held = applicable(table[near], homes) if near.any() else table[near]
    real = held["cell"] == REAL
    if not real.any() or real.all():
        return None
    false, true = held[~real], held[real]
    return false.loc[false["withstands"].idxmax()], true.loc[true["withstands"].idxmin()]


def _withstands(homes: int, plan: Plan) -> str:
    """How often the verdict that withstands shocks is wrong, where the plan asks for it."""
    asked = plan.decision.withstands
    if not asked.sd:
        return ""
    every = " These count every answer that is supported, whatever shared shocks it withstands."
    found = worst_withstood(homes) if asked == measured("shared_causes").plan.decision.withstands else None
    if found is None:
        return f"{every} How often one that withstands them is wrong was not measured for such data and such a plan."
    false, true = found
    return (
        f"{every} One that withstands shocks of sd {asked.sd:g}, or all that the data leave open, came out in up to "
        f"{share_text(false['withstands'])} of sectors of {false['homes']} homes without influence (worst of the "
        f"shared causes measured: {false['cell']}), and in {share_text(true['withstands'])} where the rate ratio was "
        f"1.3 (M1, {true['homes']} homes)."
    )


def _since(plan: Plan, under: Measured) -> str:
    """What the figures do not hold yet, where the plan does."""
    found = under.since(plan)
    if plan.exposure.witnessed != under.plan.exposure.witnessed:
        found.append("the exposure to those who live there now")
    said = f" They were measured with {listed(found)}." if found else ""
    return said


def _power(homes: int, under: Measured) -> str:
    """How often influence is found at the sizes measured that apply, in words; empty where it was not measured."""
    table = operating()
    check, line = HEADLINE
    held = table[(table["check"] == check) & (table["line"] == line) & (table["world"] == "small")]
    held = held[held["worlds"] >= FEWEST_WORLDS]
    near = held[held["homes"].between(homes / FAR, homes * FAR)]
    if near.empty:
        return ""
    row = near.iloc[np.abs(np.log(near["homes"] / homes)).argmin()]
    return f"{share_text(row['said'])} ({row['homes']} homes, {under.headline})"


def _homes() -> int:
    """The homes of each sector in which unseen peers were measured."""
    text = resources.files("missingmodels.evidence").joinpath("unseen_peers.json").read_text(encoding="utf-8")
    return int(json.loads(text)["homes"])


def unseen_words(data: Mapping[str, Any]) -> str:
    """What was measured where as much of each home is unseen as here; empty where nearly all is seen."""
    coverage = data.get("median_coverage")
    if coverage is None or coverage >= SEEN:
        return ""
    table = packaged("unseen_peers.csv")
    set_ratio = float(table["rate_ratio"].max())
    table = table[table["rate_ratio"] == set_ratio]
    shares = np.sort(table["share_unseen"].unique())
    # the share at or beyond the data's own, so that what is said is never too friendly
    beyond = shares[shares >= 1 - coverage - 1e-9]
    share = float(beyond[0] if beyond.size else shares[-1])
    held = table[table["share_unseen"] == share].set_index("variant")
    as_recorded, modelled = held.loc["naive"], held.loc["model"]
    most = "" if beyond.size else ", the most that was measured: with less seen it is worse"
    came_out = {name: set_ratio * np.exp(row["bias_log"]) for name, row in (("as", as_recorded), ("by", modelled))}
    return (
        f"Where {share:.0%} of residents are unseen{most}, a rate ratio of {set_ratio:g} came out at "
        f"{came_out['as']:.2f} as recorded, and at {came_out['by']:.2f} with the unseen drawn from the model "
        f"(frame.coverage_rule = 'model'); {as_recorded['worlds']:.0f} simulated sectors of {_homes()} homes, "
        f"standard error {as_recorded['bias_mc_error']:.2f} on the log."
    )

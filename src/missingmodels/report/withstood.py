"""What the answer to H1 withstands, as the page says it."""

from __future__ import annotations

import math
from typing import Any

from missingmodels.config import from_mapping
from missingmodels.evidence.decisions import SUPPORTED, UNLESS
from missingmodels.evidence.effects.withstood import SIZES, holds_where_open
from missingmodels.evidence.parts import Withstood
from missingmodels.evidence.record import Evidence
from missingmodels.plan import Decision
from missingmodels.report import words


def shocks_tried(evidence: Evidence) -> dict[str, Any] | None:
    """A sentence, and the table of sizes by lengths; None where nothing was tried."""
    found = evidence.withstood
    if found is None:
        return None
    rule = from_mapping(dict(evidence.plan["decision"]), Decision)
    # those between them narrow a tipping size down
    asked = sorted({*SIZES, rule.withstands.sd} & set(found.sd))
    rows = [
        {"days": f"{days:g}", "cells": [_cell(found, size, days, rule) for size in asked]}
        for days in sorted(set(found.days))
    ]
    return {"text": withstood_words(found, rule), "sizes": [f"{size:g}" for size in asked], "rows": rows}


def withstood_words(found: Withstood, rule: Decision) -> str:
    """Down to which shock the rule holds, and what the data say of such a shock."""
    asked = rule.withstands
    lengths = ", ".join(f"{days:g}" for days in asked.days)
    plan = f"The plan asks that it withstand a standard deviation of {asked.sd:g}, over {lengths} days."
    if found.tipping_sd is None:
        return (
            f"The rule holds under every shock that was tried, up to a standard deviation of {max(found.sd):g}. {plan}"
        )
    likely = math.exp(found.tipping_log_density or 0.0)
    excluded = holds_where_open(found, rule)
    missed = "" if excluded or found.tipping_sd > asked.sd else " It does not."
    against = (
        "the data speak against every shock under which the rule fails"
        if excluded
        else "so the data leave such a shock open"
        if likely >= asked.left_open > 0
        else "but they leave others open under which the rule fails"
    )
    return (
        f"The rule holds until the children of each home share shocks with a standard deviation of "
        f"{found.tipping_sd:.2f} of the log rate that last about {found.tipping_days:g} days: the tipping shock. The "
        f"data are {likely:.2g} times as likely under that shock as under the likeliest that was tried: {against}. "
        f"{plan}{missed}"
    )


def undone(answer: str, evidence: Evidence) -> str:
    """What the shocks are that would undo an answer to H1, and whether these data rule them out; else nothing."""
    found = evidence.withstood
    if UNLESS.removeprefix(f"{SUPPORTED} ") not in answer or found is None or found.tipping_sd is None:
        return ""
    said = (
        " A shock is whatever moves all children of a home at once, for days or weeks; one of that size makes "
        f"their rate {words.ratio(math.exp(found.tipping_sd))} times the usual."
    )
    rule = from_mapping(dict(evidence.plan["decision"]), Decision)
    open_still = rule.withstands.left_open > 0 and not holds_where_open(found, rule)
    return said + (" These data do not rule such shocks out." if open_still else "")


def _at(found: Withstood, size: float) -> list[int]:
    return [i for i, sd in enumerate(found.sd) if sd == size]


def _cell(found: Withstood, size: float, days: float, rule: Decision) -> dict[str, Any]:
    held = [i for i in _at(found, size) if found.days[i] == days]
    if not held:
        return {"text": "", "holds": False}
    probability = found.probability[held[0]]
    return {"text": words.probability(probability), "holds": probability >= rule.supported_probability}

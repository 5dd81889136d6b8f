"""From draws to a row: summary, interval with its mass and kind, probabilities, and the verdict of the plan's rule."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from missingmodels.parameters import Array
from missingmodels.plan import Decision

SUPPORTED = "supported"
NEGLIGIBLE = "supported as negligible"
CANNOT_SAY = "the data cannot say"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One reported quantity.

    Attributes
    ----------
    null : the value that means no effect; ``probability_above_null`` is the posterior mass above it
    expected : the direction that the hypothesis states, ``above`` or ``below`` the null; empty if it states none
    rope_low, rope_high : region of practical equivalence, with its posterior mass
    """

    hypothesis: str
    model: str
    estimand: str
    name: str
    label: str
    mean: float
    median: float
    sd: float
    interval_low: float
    interval_high: float
    interval_mass: float
    interval_kind: str
    null: float | None
    probability_above_null: float | None
    expected: str
    rope_low: float | None
    rope_high: float | None
    rope_probability: float | None
    verdict: str
    remark: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def summarise(
    draws: Array,
    *,
    hypothesis: str,
    model: str,
    estimand: str,
    name: str,
    label: str,
    rule: Decision,
    null: float | None = None,
    expected: Literal["above", "below", ""] = "",
) -> Row:
    """The row of a quantity. Rate ratios with a stated direction get a verdict; others only a summary."""
    tail = (1 - rule.interval_mass) / 2
    low, median, high = np.quantile(draws, [tail, 0.5, 1 - tail])
    above = None if null is None else float((draws > null).mean())
    judged = estimand == "rate_ratio" and bool(expected)
    outcome, remark = verdict(draws, expected, rule) if judged else ("", "")
    return Row(
        hypothesis=hypothesis,
        model=model,
        estimand=estimand,
        name=name,
        label=label,
        mean=float(draws.mean()),
        median=float(median),
        sd=float(draws.std(ddof=1)) if draws.size > 1 else 0.0,
        interval_low=float(low),
        interval_high=float(high),
        interval_mass=rule.interval_mass,
        interval_kind="equal-tailed",
        null=null,
        probability_above_null=above,
        expected=expected,
        rope_low=1 / rule.negligible_ratio if judged else None,
        rope_high=rule.negligible_ratio if judged else None,
        rope_probability=probability_negligible(draws, rule) if judged else None,
        verdict=outcome,
        remark=remark,
    )


def probability_negligible(ratio: Array, rule: Decision) -> float:
    """Posterior mass of a rate ratio inside the region of practical equivalence."""
    return float(((ratio > 1 / rule.negligible_ratio) & (ratio < rule.negligible_ratio)).mean())


def verdict(ratio: Array, expected: str, rule: Decision) -> tuple[str, str]:
    """The three-way verdict on a rate ratio, and a remark where the draws point away from the hypothesis."""
    in_direction = float((ratio > 1).mean() if expected == "above" else (ratio < 1).mean())
    if in_direction >= rule.supported_probability:
        return SUPPORTED, ""
    if probability_negligible(ratio, rule) >= rule.negligible_probability:
        return NEGLIGIBLE, ""
    if 1 - in_direction >= rule.supported_probability:
        return CANNOT_SAY, f"the estimate points the other way with probability {1 - in_direction:.3f}"
    return CANNOT_SAY, ""


def rule_in_words(rule: Decision) -> str:
    """The rule as a sentence."""
    ratio = rule.negligible_ratio
    return (
        f"A rate ratio is “{SUPPORTED}” if its probability of lying on the side that the hypothesis states is at least "
        f"{rule.supported_probability:g}; “{NEGLIGIBLE}” if its probability of lying between 1/{ratio:g} and {ratio:g} "
        f"is at least {rule.negligible_probability:g}; else “{CANNOT_SAY}”."
    )

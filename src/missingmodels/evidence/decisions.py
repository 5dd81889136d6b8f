"""From draws to a row: summary, interval with its mass and kind, probabilities, and the verdict of the plan's rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import numpy as np

from missingmodels.evidence.parts import Row
from missingmodels.evidence.selection import exaggeration
from missingmodels.parameters import Array
from missingmodels.plan import Decision

if TYPE_CHECKING:
    from missingmodels.fitting.fit import Fit

SUPPORTED = "supported"
NEGLIGIBLE = "supported as negligible"
OTHER_WAY = "points the other way"
CANNOT_SAY = "the data cannot say"
# of the answer to H1: a size of shock follows, a sd of the log rate
WITHSTANDS = "supported, and withstands shared shocks of sd "
WITHSTANDS_OPEN = "supported, and withstands the shared shocks that the data leave open"
UNLESS = "supported unless homes share shocks of sd ≥ "
UNLESS_ANY = "supported unless homes share shocks"  # of which size is not known
# of own history against stable vulnerability
BOTH = "both matter, and these data tell them apart"
VULNERABILITY = "stable vulnerability matters; these data do not show own recent history beside it"
HISTORY = "own recent history matters; these data do not show stable vulnerability beside it"
CANNOT_TELL = "these data cannot tell own history from stable vulnerability"
NOT_COMPARED = "not compared"  # a fit that is needed did not pass the gate
NOT_CONVERGED = "not converged"  # begins the remark of a row that rests on a fit that did not pass the gate


def summarise(  # noqa: PLR0913
    draws: Array,
    *,
    hypothesis: str,
    fit: Fit,
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
        model=fit.model,
        exposure=fit.exposure,
        role="",
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
        rope_probability=_probability_negligible(draws, rule) if judged else None,
        verdict=outcome,
        remark=remark,
        exaggeration=exaggeration(draws, expected, rule.supported_probability) if outcome == SUPPORTED else None,
    )


def _probability_negligible(ratio: Array, rule: Decision) -> float:
    """Posterior mass of a rate ratio inside the region of practical equivalence."""
    return float(((ratio > 1 / rule.negligible_ratio) & (ratio < rule.negligible_ratio)).mean())


def verdict(ratio: Array, expected: str, rule: Decision) -> tuple[str, str]:
    """The verdict on a rate ratio, and a remark where the draws point away from the hypothesis.

    Negligible comes first: a ratio that is known to lie in the region of no consequence may still be known to lie on
    one side of 1.
    """
    in_direction = float((ratio > 1).mean() if expected == "above" else (ratio < 1).mean())
    if _probability_negligible(ratio, rule) >= rule.negligible_probability:
        return NEGLIGIBLE, ""
    if in_direction >= rule.supported_probability:
        return SUPPORTED, ""
    if 1 - in_direction >= rule.supported_probability:
        return OTHER_WAY, f"it lies on the other side of 1 with probability {1 - in_direction:.3f}"
    return CANNOT_SAY, ""


def kind_of_verdict(verdict: str) -> str:
    """One of the four plain verdicts, empty for none: what an answer says before it says what it withstands."""
    if verdict.startswith(SUPPORTED) and verdict != NEGLIGIBLE:
        return SUPPORTED
    return verdict


def is_verdict(text: str) -> bool:
    """Whether a text is a verdict that this package gives, or none."""
    if text in (SUPPORTED, NEGLIGIBLE, OTHER_WAY, CANNOT_SAY, WITHSTANDS_OPEN, UNLESS_ANY, ""):
        return True
    sizes = [text.removeprefix(begin) for begin in (WITHSTANDS, UNLESS) if text.startswith(begin)]
    return len(sizes) == 1 and re.fullmatch(r"\d(\.\d{1,3})?", sizes[0]) is not None


def rule_in_words(rule: Decision) -> str:
    """The rule as a sentence."""
    ratio, asked = rule.negligible_ratio, rule.withstands
    said = (
        f"A rate ratio is “{NEGLIGIBLE}” if its probability of lying between 1/{ratio:g} and {ratio:g} is at least "
        f"{rule.negligible_probability:g}; else “{SUPPORTED}” if its probability of lying on the side that the "
        f"hypothesis states is at least {rule.supported_probability:g}, and “{OTHER_WAY}” if that of the other side "
        f"is; else “{CANNOT_SAY}”."
    )
    if not asked.sd:
        return said
    days = ", ".join(f"{day:g}" for day in asked.days)
    said += (
        f" What supports H1 withstands a shock if that probability is still reached where each home's children share "
        f"shocks of that size: the plan asks for a standard deviation of {asked.sd:g} of the log rate, with a "
        f"correlation that falls to 1/e in {days} days"
    )
    if asked.left_open:
        said += (
            f", or for every shock that the data leave open, under which they are at least {asked.left_open:g} times "
            "as likely as under the likeliest"
        )
    return said + "."

"""The plain rows of a replicate: what a fit says of a quantity under a rule, beside the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from missingmodels.evidence.effects.estimands import rate_ratio
from missingmodels.evidence.effects.hypotheses import own_ratio, peer_ratio, structure_ratio, structure_step
from missingmodels.fitting.fit import Fit
from missingmodels.parameters import Parameters
from missingmodels.plan import Decision, Exposure
from missingmodels.scenario import OwnDrawn, Scenario

FITTED, UNCONVERGED, UNANSWERED = "fitted", "not converged", "no answer"
Row = dict[str, Any]


def row_of(
    found: Fit, name: str, label: str, rule: Decision, truth: Callable[[str, float], float], own: Mapping[str, OwnDrawn]
) -> Row:
    """Judged by the functions that judge real data; truth and draws go through the same contrast."""
    if name == found.exposure:
        step, judged = 1.0, peer_ratio(found, rule)
    elif name in own:
        step, judged = 1.0, own_ratio(found, name, rule, own[name].direction)
    else:
        step, judged = structure_step(found.design, name)[0], structure_ratio(found, name, rule)
    return {
        "rule": label,
        "quantity": name,
        "status": FITTED if found.diagnostics.passed else UNCONVERGED,
        "remark": judged.remark if found.diagnostics.passed else "; ".join(found.diagnostics.failed),
        "expected": judged.expected,
        "verdict": judged.verdict,
        "truth": truth(name, step),
        "estimate": float(np.log(judged.median)),
        "low": float(np.log(judged.interval_low)),
        "high": float(np.log(judged.interval_high)),
        "probability_above": judged.probability_above_null,
        "probability_negligible": judged.rope_probability,
        "supported_probability": rule.supported_probability,
        "stopped_day": float("nan"),
    }


def true_log_ratio(truth: Parameters, name: str, step: float, *, scenario: Scenario, asked: Exposure) -> float:
    """The true log rate ratio of a contrast; NaN where ``no_truth`` says why, or the worlds have no such effect."""
    if name.startswith("peer_") and scenario.contagion.log_rate_ratio == 0:
        return 0.0
    if no_truth(name, scenario, asked) or name not in truth.coefficients:
        return float("nan")
    return float(np.log(rate_ratio(truth, {name: step})[0]))


def no_truth(name: str, scenario: Scenario, asked: Exposure) -> str:
    """Why worlds of a scenario have no true value of what a plan asks of peers; empty where they have.

    Influence works there by another exposure, or over another window or time scale.
    """
    acts = scenario.contagion
    if not name.startswith("peer_") or acts.log_rate_ratio == 0:
        return ""
    if acts.exposure != name:
        return f"influence works by {acts.exposure} in these worlds, so there is no true value of {name}"
    scale, word = ("kernel_days", "with a time scale of") if name == "peer_kernel" else ("window_days", "for")
    theirs, ours = getattr(acts, scale), getattr(asked, scale)
    if theirs != ours:
        return (
            f"influence works {word} {theirs:g} days in these worlds and the plan asks of {ours:g}, so there is no "
            f"true value of what it asks: set contagion.{scale} or plan.exposure.{scale}"
        )
    return ""


def no_estimand(scenario: Scenario, asked: Exposure, exposure: str) -> str:
    """Why the worlds of a scenario have no true value of estimands on the rate; empty where they have.

    What hits a home beyond its periods, or all homes, is no part of the truth's parameters.
    """
    dials = scenario.dials
    if dials.shock_sd or dials.wave_sd:
        return "shocks of these worlds are no part of their parameters, so estimands of the rate have no truth here"
    return no_truth(exposure, scenario, asked) if exposure else ""


_UNKNOWN: Mapping[str, Any] = {
    "expected": "",
    "verdict": "",
    **dict.fromkeys(
        (
            *("truth", "estimate", "low", "high", "probability_above", "probability_negligible"),
            *("supported_probability", "stopped_day"),
        ),
        float("nan"),
    ),
}


def empty(name: str, rule: str, status: str, remark: str) -> Row:
    """A row of which nothing is known but its status."""
    return {**_UNKNOWN, "rule": rule, "quantity": name, "status": status, "remark": remark}

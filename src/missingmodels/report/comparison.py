"""What the report says of prediction beyond the child, of Bayes factors, of priors, and of own history."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from missingmodels.evidence.own_history import BOTH, CANNOT_TELL, HISTORY, VULNERABILITY
from missingmodels.evidence.parts import BayesFactor, ElpdDifference, OwnHistory
from missingmodels.evidence.record import Evidence
from missingmodels.evidence.scores.elpd import GOOD_K
from missingmodels.evidence.scores.power_scaling import FINE, SENSITIVE
from missingmodels.report import words
from missingmodels.vocabulary import column_label, fit_name, worded

_LEFT_OUT = {
    "child": "a child left out",
    "home": "all who ever lived in a home left out, jointly",
    "future": "the last {} days given those before",
}
_WHAT = {
    "child": "the left-out episodes of a child",
    "home": "the left-out episodes of all who ever lived in a home",
    "future": "the episodes of the last {} days",
}
# a difference in elpd below which its standard error means nothing (Sivula et al. 2020, arXiv 2008.10296)
TOO_SMALL = 4.0
_ARGUABLE = math.log(3)  # a factor within 3 of 1 is no evidence to speak of


def scores(c: ElpdDifference, failed: Sequence[tuple[str, list[str]]]) -> dict[str, Any]:
    """A comparison of two models as the template shows it."""
    return {
        "hypothesis": c.hypothesis,
        "model": c.model,
        "against": c.against,
        "left_out": left_out(c),
        "difference": words.signed(c.difference, 1),
        "standard_error": words.signed(c.standard_error, 1),
        "units": words.units(c.units, "home" if c.unit == "home" else "child"),
        "meaning": elpd_words(c),
        "pareto": pareto_words(c),
        "converged": not {c.model, c.against} & {fit for fit, _ in failed},
    }


def left_out(c: ElpdDifference) -> str:
    """What a score is of."""
    return _LEFT_OUT[c.unit].format(c.last_days)


def elpd_words(c: ElpdDifference) -> str:
    """What a difference in predictive density means, given its standard error."""
    if not (math.isfinite(c.difference) and math.isfinite(c.standard_error)):
        return "The difference could not be estimated."
    what = _WHAT[c.unit].format(c.last_days)
    if abs(c.difference) < TOO_SMALL:
        return (
            f"Below {TOO_SMALL:g} it is too small to read, whatever its standard error: these data do not tell which "
            f"of the two predicts {what} better. That is a weaker question than whether a coefficient differs from 0."
        )
    if abs(c.difference) <= 2 * c.standard_error:
        return (
            f"It lies within two standard errors of 0: these data do not tell which of the two predicts {what} better. "
            "That is a weaker question than whether a coefficient differs from 0."
        )
    better = "better" if c.difference > 0 else "worse"
    return f"{c.model} predicts {what} {better} than {c.against}."


def pareto_words(c: ElpdDifference) -> str:
    """How many scores the weights of one fit could not give, how they were mended, and what is left."""
    if c.unit == "future":
        known = c.k_hat_max is not None and math.isfinite(c.k_hat_max)
        k = f" (largest Pareto k of the weights {words.count(c.k_hat_max, 2)})" if known else ""
        error = f"the Monte Carlo error of the difference is {c.refit_error:.2f}"
        return f"Both were fitted again to the days before{k}; {error}."
    if c.k_hat_bad is None or c.mended is None:
        return f"For how many Pareto k of a {c.unit} is above 0.7 is blocked by the policy of disclosure."
    if c.k_hat_bad == 0:
        return f"No {c.unit}’s Pareto k is above 0.7, so the one fit gives every score."
    said = (
        f"For {c.k_hat_bad} of {words.units(c.units, c.unit)} Pareto k is above 0.7 (largest "
        f"{words.count(c.k_hat_max, 2)}): leaving such a {c.unit} out moves the posterior more than weights can follow."
    )
    left = c.k_hat_bad - c.mended
    if c.mended:
        said += (
            f" {'All' if not left else c.mended} of these were mended by fitting again without the {c.unit}; the "
            f"Monte Carlo error of that part of the difference is {c.refit_error:.2f}."
        )
    if left:
        said += (
            f" {left if c.mended else 'None'} of them {'are not' if c.mended else 'was mended'}, so the difference is "
            "indicative only; the command missingmodels compare makes the refits."
        )
    return said


def factors(evidence: Evidence) -> dict[str, Any]:
    """The table of Bayes factors over widths of the prior, and what it says in sentences."""
    held = evidence.bayes_factors
    sound = _sound(evidence)
    return {
        "rows": [
            {
                "label": words.typographic(worded(b.label, evidence.data.get("asked"))),
                "hypothesis": b.hypothesis,
                "factor": words.factor(b.log_bf10),
                "error": f"± {100 * b.mc_error:.0f}{words.THIN}%",
                "cells": [
                    {"factor": words.factor(value) if k <= GOOD_K else "–", "own": width == b.prior_sd}
                    for width, value, k in zip(b.widths, b.log_bf10_by_width, b.k_hat_by_width, strict=True)
                ],
                "stated": "–" if b.log_bf_stated is None else words.factor(b.log_bf_stated),
                "reading": factor_words(b),
                "converged": (b.model, b.exposure) in sound,
            }
            for b in held
        ],
        "widths": [f"×{width / held[0].prior_sd:g}" for width in held[0].widths] if held else [],
        "fits": ", ".join(dict.fromkeys(fit_name(b.model, b.exposure) for b in held)),
        "lost": any(k > GOOD_K for b in held for k in b.k_hat_by_width),
        "far": any(b.null_distance > 4 for b in held),
    }


def factor_words(b: BayesFactor) -> str:
    """What one Bayes factor and its sweep say, as far as the draws can be carried over."""
    values = [value for value, k in zip(b.log_bf10_by_width, b.k_hat_by_width, strict=True) if k <= GOOD_K]
    if all(abs(value) < _ARGUABLE for value in values):
        return "within 3 of 1 under every width: next to no evidence either way"
    if min(values) < 0 < max(values) and max(values) > _ARGUABLE and min(values) < -_ARGUABLE:
        return "the width of the prior decides the side"
    if max(values) < _ARGUABLE:
        return "under no width above 3 for an effect"
    if min(values) > 0:
        return "towards an effect under every width"
    return "towards an effect under some widths only"


def scaling(evidence: Evidence) -> dict[str, Any]:
    """The table of power scaling, and whether anything is to be told."""
    sound = _sound(evidence)
    rows = [
        {
            "label": words.typographic(worded(s.label, evidence.data.get("asked"))),
            "prior": f"{s.prior:.2f}",
            "likelihood": f"{s.likelihood:.2f}",
            "diagnosis": s.diagnosis,
            "trouble": s.diagnosis != FINE,
            "converged": (s.model, s.exposure) in sound,
        }
        for s in evidence.power_scaling
    ]
    told = [str(row["label"]) for row in rows if row["trouble"]]
    return {
        "rows": rows,
        "limit": f"{SENSITIVE:g}",
        "sentence": f"To be looked at: {', '.join(told)}." if told else "By it no answer hangs on its prior.",
    }


_HISTORY_MEANS = {
    BOTH: "Own recent episodes and stable vulnerability each add to what the other tells.",
    VULNERABILITY: "That a child who went missing goes missing again is accounted for by what the child is like; "
    "these data do not show that an episode itself changes the rate of the next.",
    HISTORY: "That a child who went missing goes missing again is accounted for by how recent the last episode is; "
    "these data do not show lasting differences between children beyond the columns.",
    CANNOT_TELL: "Neither shows beside the other: read the coefficients of own history, and the frailty, as one "
    "finding that may be either.",
}


def history(evidence: Evidence) -> dict[str, Any] | None:
    """Own history against stable vulnerability, in sentences."""
    h = evidence.own_history
    if h is None:
        return None
    mass = words.mass(evidence.rows[0].interval_mass) if evidence.rows else ""
    return {
        "verdict": h.verdict,
        "meaning": _HISTORY_MEANS.get(h.verdict) or _why_not(h),
        "fit": fit_name(h.model, h.exposure),
        "converged": (h.model, h.exposure) in _sound(evidence),
        "gains": _gains(h),
        "k": _history_k(h),
        "correlations": [
            f"{words.typographic(column_label(name))}: {words.signed(value)}; variance {words.percent(shrunk)} below "
            "the prior’s"
            for name, value, shrunk in zip(h.columns, h.correlation, h.contraction, strict=True)
        ],
        "first": words.typographic(column_label(h.columns[0])),
        "all": _ratio(h.ratio, h.ratio_low, h.ratio_high, mass),
        "new": _ratio(h.new_ratio, h.new_ratio_low, h.new_ratio_high, mass)
        + ("" if h.new_ratio is not None or not h.new_arrivals else " (its fit did not pass the gate)"),
        "new_arrivals": "blocked" if h.new_arrivals is None else words.units(h.new_arrivals, "child"),
    }


def _why_not(h: OwnHistory) -> str:
    """Which of the two smaller fits failed, so that nothing can be compared."""
    named = (("own history", h.without_history), ("stable vulnerability", h.without_frailty))
    lost = [f"without {name}" for name, gain in named if gain is None]
    if not lost:
        return "A fit that is needed did not pass the gate."
    which = f"fit {lost[0]}" if len(lost) == 1 else f"fits {' and '.join(lost)}"
    return f"The {which} did not pass the gate, so the two are not told apart here."


def _gains(h: OwnHistory) -> list[str]:
    named = (("stable vulnerability alone", h.without_history), ("own recent history alone", h.without_frailty))
    return [
        f"over {name} {words.signed(gain[0], 1)} (standard error {gain[1]:.1f})"
        if gain
        else f"over {name} not compared"
        for name, gain in named
    ]


def _history_k(h: OwnHistory) -> str:
    """What the density over own recent history alone, on which the verdict rests, rests on itself."""
    if h.k_hat_max is None or not h.k_hat_bad or h.mended is None:
        return ""
    left = h.k_hat_bad - h.mended
    rest = f"; {left} are left, whose scores are not reliable" if left else ""
    return (
        f"For {words.units(h.k_hat_bad, 'child')} Pareto k is above {GOOD_K} in one of the fits compared (largest "
        f"{h.k_hat_max:.2f}); {h.mended} were mended by fitting again without the child{rest}."
    )


def _ratio(middle: float | None, low: float | None, high: float | None, mass: str) -> str:
    if middle is None or low is None or high is None:
        return "not estimated"
    return f"{words.ratio(middle)} ({mass} interval {words.ratio(low)} to {words.ratio(high)})"


def _sound(evidence: Evidence) -> set[tuple[str, str]]:
    return {(c["model"], c["exposure"]) for c in evidence.certificates if c["diagnostics"]["passed"]}

"""What stands beside the rows of a plan's fits: scores of prediction, Bayes factors, sensitivity, own history."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from missingmodels.evidence.parts import BayesFactor, ElpdDifference, PowerScaling, Row
from missingmodels.evidence.scores.bayes_factor import bayes_factors
from missingmodels.evidence.scores.elpd import Scores, child_scores, elpd_difference, every_home, mended
from missingmodels.evidence.scores.held_out import Refits
from missingmodels.evidence.scores.power_scaling import power_scaling
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.fit import Fit
from missingmodels.plan import Plan
from missingmodels.vocabulary import unit_label

SENSITIVITIES = "Bayes factors and sensitivity to priors"
AGAINST = (("M1", "M0", "H1"), ("M3", "M2", "H1"), ("M2", "M0", "H2"), ("M3", "M1", "H2"), ("M3", "M0", "H1 and H2"))


def comparisons(
    fits: Sequence[Fit], plan: Plan, refits: Refits | None = None, fullest: Scores | None = None
) -> list[ElpdDifference]:
    """Every nested pair that was fitted, per child and then per home; both sides hold the primary exposure or none.

    Children are mended before homes, as far as ``refits`` go; scores of children under one of the fits may be there
    already (``fullest``), and serve where none of them is bad. Homes have no score where each has a process that
    drifts: theirs rests on independent periods.
    """
    primary = plan.exposure.primary
    by_name = {(f.model, f.exposure): f for f in fits}
    held = {model: by_name.get((model, primary if model in ("M1", "M3") else "")) for model in ("M0", "M1", "M2", "M3")}
    pairs = [(held[a], held[b], why) for a, b, why in AGAINST if held[a] is not None and held[b] is not None]
    scored = list({id(fit): fit for a, b, _ in pairs for fit in (a, b) if fit is not None}.values())
    children = [
        fullest if fullest is not None and fit is fullest.fit and _sound(fullest) else child_scores(fit)
        for fit in scored
    ]
    homes = [] if plan.effects.home_process == "drift" else every_home(scored)
    found = []
    of_unit = {(one.unit, one.fit.model): one for one in mended([*children, *homes], refits)}
    for unit in dict.fromkeys(unit for unit, _ in of_unit):
        sides = [(of_unit[unit, a.model], of_unit[unit, b.model], why) for a, b, why in pairs if a and b]
        found += [elpd_difference(one, other, hypothesis=why) for one, other, why in sides]
    return found


def _sound(scores: Scores) -> bool:
    return bool(np.all(scores.mended | ~scores.bad))


def _judged_columns(fits: Sequence[Fit], rows: Sequence[Row]) -> list[tuple[Fit, list[tuple[str, str, str, str]]]]:
    """The fits that answer a hypothesis, each with its columns judged: (hypothesis, column, label, stated side)."""
    found: dict[tuple[str, str], list[tuple[str, str, str, str]]] = {}
    for row in rows:
        if row.role == "primary" and row.estimand == "rate_ratio" and row.verdict:
            label = unit_label(row.name)
            found.setdefault((row.model, row.exposure), []).append((row.hypothesis, row.name, label, row.expected))
    by_name = {(f.model, f.exposure): f for f in fits}
    return [(by_name[key], columns) for key, columns in found.items()]


def sensitivities(
    fits: Sequence[Fit], rows: Sequence[Row], plan: Plan, told: Progress = lambda *_: None
) -> tuple[list[BayesFactor], list[PowerScaling]]:
    """Bayes factors and power scaling of every coefficient that answers a hypothesis."""
    factors, scaling = [], []
    judged = _judged_columns(fits, rows)
    total = sum(len(columns) for _, columns in judged)
    done = itertools.count()
    for fit, columns in judged:
        for column in columns:
            told(SENSITIVITIES, next(done), total)
            factors += bayes_factors(fit, plan, [column])
        scaling += power_scaling(fit, [column[:3] for column in columns])
    told(SENSITIVITIES, total, total)
    return factors, scaling

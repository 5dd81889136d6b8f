"""What stands beside the rows of a plan's fits: scores of prediction, Bayes factors, sensitivity, own history."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from missingmodels.evidence.parts import BayesFactor, ElpdDifference, PowerScaling, Row
from missingmodels.evidence.scores.bayes_factor import bayes_factors
from missingmodels.evidence.scores.elpd import Scores, child_scores, elpd_difference, every_home
from missingmodels.evidence.scores.power_scaling import power_scaling
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.fit import Fit
from missingmodels.plan import Plan
from missingmodels.vocabulary import unit_label

SENSITIVITIES = "Bayes factors and sensitivity to priors"
AGAINST = (("M1", "M0", "H1"), ("M3", "M2", "H1"), ("M2", "M0", "H2"), ("M3", "M1", "H2"), ("M3", "M0", "H1 and H2"))


def nested(fits: Sequence[Fit], plan: Plan) -> list[tuple[Fit, Fit, str]]:
    """Every nested pair that was fitted, and the hypothesis it speaks of; both hold the primary exposure or none."""
    held = {f.model: f for f in fits if f.exposure == (plan.exposure.primary if f.model in ("M1", "M3") else "")}
    return [(held[a], held[b], why) for a, b, why in AGAINST if a in held and b in held]


def scores_of(
    fits: Sequence[Fit],
    plan: Plan,
    there: Sequence[Scores] = (),
    told: Callable[[int, int], None] | None = None,
) -> list[Scores]:
    """What nested pairs compare, none of it mended: of children under each of their fits, then of homes.

    Those that are ``there`` already serve again. Homes have no score where each has a process that drifts: theirs rests
    on independent periods. ``told`` hears how many of children and homes are there, of how many.
    """
    told = told or (lambda *_: None)
    scored = list({id(fit): fit for *pair, _ in nested(fits, plan) for fit in pair}.values())
    made = {id(one.fit): one for one in there}
    of_homes = [] if plan.effects.home_process == "drift" else scored
    steps = len(scored) + len(of_homes)
    found: list[Scores] = []
    for fit in scored:
        found.append(made[id(fit)] if id(fit) in made else child_scores(fit))
        told(len(found), steps)
    for one in every_home(of_homes):
        found.append(one)
        told(len(found), steps)
    told(max(steps, 1), max(steps, 1))
    return found


def comparisons(fits: Sequence[Fit], plan: Plan, scores: Sequence[Scores]) -> list[ElpdDifference]:
    """Every nested pair by the scores of its fits, per child and then per home."""
    of_unit = {(one.unit, id(one.fit)): one for one in scores}
    return [
        elpd_difference(of_unit[unit, id(a)], of_unit[unit, id(b)], hypothesis=why)
        for unit in dict.fromkeys(one.unit for one in scores)
        for a, b, why in nested(fits, plan)
    ]


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

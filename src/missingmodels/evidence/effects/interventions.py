"""What a difference would amount to: episodes per resident-year that a fit expects under stated interventions.

One thing is held on every day at risk in every home, and everything else stays as it was. The rate is an effect only as
far as the association is one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from missingmodels.evidence.decisions import summarise
from missingmodels.evidence.effects.estimands import expected_rates
from missingmodels.evidence.effects.hypotheses import in_its_unit
from missingmodels.evidence.parts import Row
from missingmodels.fitting.fit import Fit
from missingmodels.plan import Decision, Plan
from missingmodels.vocabulary import QUANTITIES, column_label

DRAWS = 1000  # of a fit, at most


def intervention_rows(fit: Fit, hypothesis: str, plan: Plan) -> list[Row]:
    """Two rows an intervention: ``expected_rate``, and ``rate_difference`` from the same with everything as it was.

    H1: nobody's peers have been missing lately. H2: every home stands at the quartile of one structure variable that
    the hypothesis says is better.
    """
    rows, asked = [], _interventions(fit, hypothesis, plan)
    observed, *rates = expected_rates(fit.parameters.thinned(DRAWS), fit.design, [{}, *(held for _, held in asked)])
    for (label, held), rate in zip(asked, rates, strict=True):
        rows += [
            _row(draws, fit, hypothesis, estimand, next(iter(held)), label, plan.decision)
            for draws, estimand in ((rate, "expected_rate"), (rate - observed, "rate_difference"))
        ]
    return rows


def _interventions(fit: Fit, hypothesis: str, plan: Plan) -> list[tuple[str, Mapping[str, float]]]:
    """What is held, in words and by column; a variable whose quartiles are one value has none."""
    if hypothesis == "H1":
        return [("no recently missing peers", {fit.exposure: 0.0})]
    found: list[tuple[str, Mapping[str, float]]] = []
    for variable in plan.terms.structure:
        name = f"{variable}_between"
        if name not in fit.design.names:
            continue
        low, high = fit.design.interquartile_range(name)
        fewer_is_better = QUANTITIES[variable].stated_direction == "above"
        value, quartile = (low, "lower") if fewer_is_better else (high, "upper")
        if high > low:
            found.append(
                (f"{column_label(name)}, at the {quartile} quartile ({in_its_unit(name, value)})", {name: value})
            )
    return found


def _row(draws: np.ndarray, fit: Fit, hypothesis: str, estimand: str, name: str, label: str, rule: Decision) -> Row:
    null = 0.0 if estimand == "rate_difference" else None
    return summarise(
        draws, hypothesis=hypothesis, fit=fit, estimand=estimand, name=name, label=label, rule=rule, null=null
    )

"""The two hypotheses as rows: which contrast of which fit speaks for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from missingmodels.evidence.decisions import summarise
from missingmodels.evidence.effects.contrasts import reportable
from missingmodels.evidence.effects.estimands import (
    attributable_fraction,
    expected_rate,
    median_rate_ratio,
    rate_ratio,
    slope_spread,
)
from missingmodels.evidence.parts import Row
from missingmodels.evidence.selection import with_family
from missingmodels.fitting.exponential import exponential
from missingmodels.fitting.fit import Fit
from missingmodels.frame.design import Design
from missingmodels.frame.rows import moderation_column
from missingmodels.models.priors.sets import QUARTER_SHORT
from missingmodels.plan import OUTSIDE, Decision, Plan
from missingmodels.vocabulary import QUANTITIES, SCALARS, Quantity, column_label, fit_name

Direction = Literal["above", "below"]

COARSE_RATE, COARSE_SHARE = 0.3, 0.01  # specification, section 1
_PARTS = ("between", "within")


def peer_ratio(fit: Fit, rule: Decision) -> Row:
    """The rate ratio of one unit of the fit's peer exposure; in a fit with moderation, at the home's mean staffing.

    Where it differs between homes, that of the middle home.
    """
    moderated = moderation_column(fit.exposure) in fit.design.names
    middle = fit.design.slope_of == fit.exposure
    others = [name for name in fit.design.names if name.startswith(f"{fit.exposure}:")]
    modified = next((name.partition(":")[2] for name in others if name != moderation_column(fit.exposure)), "")
    return summarise(
        rate_ratio(fit.parameters, {fit.exposure: 1.0}),
        hypothesis="H1",
        fit=fit,
        estimand="rate_ratio",
        name=fit.exposure,
        label=QUANTITIES[fit.exposure].one_unit
        + (", at the home's mean staffing" if moderated else "")
        + (f", where {modified.partition('[')[0]} is {'the reference' if '[' in modified else '0'}" if modified else "")
        + (", in the middle home" if middle else ""),
        rule=rule,
        null=1.0,
        expected="above",
    )


def peer_rows(fit: Fit, rule: Decision) -> list[Row]:
    """H1 of one fit: rate ratio and one-step attributable fraction."""
    name = fit.exposure
    ratio = peer_ratio(fit, rule)
    fraction = summarise(
        attributable_fraction(fit.parameters, fit.design, name),
        hypothesis="H1",
        fit=fit,
        estimand="attributable_fraction",
        name=name,
        label="share of episodes attributable to peers' recent episodes, one step",
        rule=rule,
        null=0.0,
    )
    return [ratio, fraction]


def further_peer_rows(fit: Fit, rule: Decision) -> list[Row]:
    """Rate ratios of what a plan sets beside H1 in the same fit: exposure beyond the home, and short staffing (A3).

    The latter is the factor on the peers' rate ratio while staff per resident are a quarter below the home's mean.
    """
    moderation = moderation_column(fit.exposure)
    asked = [(name, 1.0, QUANTITIES[name].one_unit) for name in OUTSIDE]
    asked.append((moderation, QUARTER_SHORT, "factor on that ratio with staff a quarter below the home's mean"))
    return [
        summarise(
            rate_ratio(fit.parameters, {name: step}),
            hypothesis="H1",
            fit=fit,
            estimand="rate_ratio",
            name=name,
            label=label,
            rule=rule,
            null=1.0,
            expected="above",
        )
        for name, step, label in asked
        if name in fit.design.names
    ]


def structure_step(design: Design, name: str) -> tuple[float, str]:
    """The difference of a structure column that is judged, and the same in words: its interquartile range."""
    low, high = design.interquartile_range(name)
    if high > low:
        return high - low, f"{in_its_unit(name, low)} to {in_its_unit(name, high)}{_of_its_mean(name)}"
    # a variable that seldom moves within a home has quartiles at the same value: then one sd stands instead
    step = float(design.scale[design.names.index(name)])
    return step, f"one sd, {'a factor of ' if _is_logged(name) else ''}{in_its_unit(name, step)}"


def _is_logged(name: str) -> bool:
    """Whether the model holds a structure column on the log."""
    return QUANTITIES[name.removesuffix("_between").removesuffix("_within")].logged


def in_its_unit(name: str, value: float) -> str:
    """A value of a structure column as people count it: of a logarithm, what it is of."""
    return f"{np.exp(value) if _is_logged(name) else value:.2f}"


def _of_its_mean(name: str) -> str:
    return " times its mean" if _is_logged(name) and name.endswith("_within") else ""


def structure_ratio(fit: Fit, name: str, rule: Decision) -> Row:
    """The rate ratio over the interquartile range of one structure column, ``<variable>_between`` or ``_within``."""
    step, over = structure_step(fit.design, name)
    return summarise(
        rate_ratio(fit.parameters, {name: step}),
        hypothesis="H2",
        fit=fit,
        estimand="rate_ratio",
        name=name,
        label=f"{column_label(name)} ({over})",
        rule=rule,
        null=1.0,
        expected=QUANTITIES[name.rpartition("_")[0]].stated_direction,
    )


def own_ratio(fit: Fit, name: str, rule: Decision, expected: Literal["above", "below", ""]) -> Row:
    """The rate ratio of one unit of a column of one's own."""
    return summarise(
        rate_ratio(fit.parameters, {name: 1.0}),
        hypothesis="",
        fit=fit,
        estimand="rate_ratio",
        name=name,
        label=name,
        rule=rule,
        null=1.0,
        expected=expected,
    )


def structure_rows(fit: Fit, plan: Plan) -> list[Row]:
    """H2 of one fit: the rate ratio over the interquartile range of each structure column."""
    held = [f"{variable}_{part}" for variable in plan.terms.structure for part in _PARTS]
    held = [name for name in held if name in fit.design.names]
    rows = [structure_ratio(fit, name, plan.decision) for name in held]
    steps = [{name: structure_step(fit.design, name)[0]} for name in held]
    return with_family(rows, [rate_ratio(fit.parameters, step) for step in steps])


SPEAKING = {"H1": ("M1", "M3"), "H2": ("M2", "M3")}


def fullest_model(fits: Sequence[Fit], hypothesis: str) -> str:
    """The model that answers a hypothesis; empty if none of these fits speaks of it."""
    return max((fit.model for fit in fits if fit.model in SPEAKING[hypothesis]), default="")


def with_role(rows: Sequence[Row], fits: Sequence[Fit], hypothesis: str, plan: Plan) -> list[Row]:
    """The rows with their role: primary in the fullest model of the plan that speaks for the hypothesis.

    Of the plan, not of the fits: where that model is absent, no smaller one answers in its place.
    """
    fullest = max(fullest_model(fits, hypothesis), *(m for m in plan.models if m in SPEAKING[hypothesis]), "")

    def role(row: Row) -> str:
        if hypothesis == "H1" and row.name != row.exposure and row.model == fullest:
            return "beside"
        if row.exposure and row.exposure != plan.exposure.primary:
            return "beside" if hypothesis == "H1" else "other exposure"
        return "primary" if row.model == fullest else "smaller model"

    return [replace(row, role=role(row)) for row in rows]


def rate_notes(fit: Fit) -> list[str]:
    """A warning where the half-day rule is coarse: over 1 % of onsets at an intensity above 0.3 a day."""
    thinned = fit.parameters.thinned(100)
    rate = (exponential(fit.design.log_rate(thinned)) * thinned.frailty[:, fit.design.child]).mean(axis=0)
    onsets = fit.design.onsets
    coarse = rate > COARSE_RATE
    share = onsets[coarse].sum() / max(onsets.sum(), 1)
    if share <= COARSE_SHARE:
        return []
    children = np.unique(fit.design.child[coarse & (onsets > 0)]).size
    whose = "1 child" if children == 1 else f"{children} children"
    return [
        f"{fit_name(fit.model, fit.exposure)}: {share:.1%} of onsets, of {whose}, have an expected "
        f"intensity above {COARSE_RATE} a day, where counting the day of an onset as half a day at risk "
        "understates a rate by 0.7 in 100 or more"
    ]


_FIRST = ("sigma_home", "sigma_period", "frailty_shape")


def _is_in_model(values: np.ndarray) -> bool:
    """Whether a model has a scalar that every record of parameters has a place for: not NaN, and not 0 throughout."""
    return bool(np.isfinite(values).all() and values.any())


def heterogeneity_rows(fit: Fit, rule: Decision) -> list[Row]:
    """What a fit says of differences between homes, their periods and children, and the rate that it expects."""
    p = fit.parameters
    quantities = [(median_rate_ratio(p), "median_rate_ratio", "home", "the same child in two homes")]
    quantities += [
        (p.scalar(name), estimand, name, column_label(name))
        for name, estimand in SCALARS.items()
        if name in p.further or (name in _FIRST and _is_in_model(p.scalar(name)))
    ]
    own = fit.certificate.get("own_terms", {}).values()
    quantities += [(p.scalar(name), "sd_log", name, f"sd between {words}") for words, *names in own for name in names]
    if "sigma_peer_slope" in p.further:
        words = "peer rate ratio that a tenth of homes lie above, over the middle home's"
        quantities.append((slope_spread(p), "slope_spread", "peer_slope", words))
    quantities.append(
        (expected_rate(p, fit.design), "expected_rate", "as_observed", "episodes per resident-year at risk")
    )
    return [
        summarise(draws, hypothesis="", fit=fit, estimand=estimand, name=name, label=label, rule=rule)
        for draws, estimand, name, label in quantities
    ]


def coefficient_rows(fit: Fit, rule: Decision, told: Mapping[str, Quantity]) -> list[Row]:
    """Every coefficient of a fit as a rate ratio per raw unit, without a verdict; but for those that stay untold."""
    return [
        summarise(
            rate_ratio(fit.parameters, {name: 1.0}),
            hypothesis="",
            fit=fit,
            estimand="rate_ratio_per_unit",
            name=name,
            label=column_label(name, told),
            rule=rule,
            null=1.0,
        )
        for name in fit.design.names
        if reportable(name, told)
    ]

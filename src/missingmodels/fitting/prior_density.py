"""Log densities of the priors that a fit was given, at its draws: what power scaling needs beside the likelihood.

Of coefficients, intercept and scales; the laws of effects and frailties belong to the model and have none here. Up to a
constant, and a log-normal is one of the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from missingmodels.models.priors.law import ColumnPriors, Prior
from missingmodels.models.priors.of_plan import plan_priors, scales_of
from missingmodels.parameters import Array
from missingmodels.plan import kept_plan

if TYPE_CHECKING:
    from missingmodels.fitting.result import Fit

Priors = Mapping[str, Array]


def log_priors(fit: Fit) -> Priors:
    """(S,) log density of each parameter's prior by name, (S, P) of ``coefficients``.

    What is fixed has none; a fit whose file is too old to hold its plan has none at all.
    """
    if not fit.certificate.get("plan"):
        return {}
    return _OF[fit.family](fit)


def log_density(prior: Prior, x: Array) -> Array:
    """Log density under a prior, of the shape of ``x``, up to a constant; draws of a scale have no sign."""
    away = (x - prior.mean) / prior.sd
    match prior.law:
        case "fixed" | "flat":
            return np.zeros(np.shape(x))
        case "beta":
            a, b = prior.beta
            return np.asarray((a - 1) * np.log(x) + (b - 1) * np.log1p(-x))
        case "student_t" | "half_student_t":
            return np.asarray(-(prior.df + 1) / 2 * np.log1p(away**2 / prior.df))
        case "exponential":
            return np.asarray(-x / prior.sd)
        case "gamma":
            return np.asarray((prior.df - 1) * np.log(x) - x / prior.sd)
        case "log_normal":
            return np.asarray(-0.5 * ((np.log(x) - prior.mean) / prior.sd) ** 2)
        case _:
            return np.asarray(-0.5 * away**2)


def _free(priors: Mapping[str, Prior], values: Mapping[str, Array]) -> dict[str, Array]:
    return {name: log_density(p, values[name]) for name, p in priors.items() if p.law != "fixed"}


def _normal(values: Array, priors: ColumnPriors) -> dict[str, Array]:
    """(S, P) of coefficients with normal priors on the sampler's scale; 0 for those that are fixed."""
    fixed = priors.fixed
    if fixed.all():
        return {}
    away = (values - priors.mean) / np.where(fixed, 1.0, priors.sd)
    return {"coefficients": np.where(fixed, 0.0, -0.5 * away**2)}


def _coefficients(fit: Fit) -> Array:
    """(S, P) of the columns as they are."""
    return fit.values.get("coefficients", np.zeros((fit.values["intercept"].size, 0)))


def _onset(fit: Fit) -> Priors:
    plan = kept_plan(fit.certificate["plan"])
    priors, design = plan_priors(plan), fit.design
    intercept, coefficients = design.to_standardised(fit.values["intercept"], _coefficients(fit))
    scalars = {name: getattr(priors, name) for name in ("intercept", *scales_of(plan.effects))}
    found = _free(scalars, {**fit.values, "intercept": intercept})
    return found | _normal(coefficients, priors.column_priors(design.names, design.scale))


def _daily(fit: Fit) -> Priors:
    from missingmodels.models.priors.daily import daily_priors

    priors, design = daily_priors(kept_plan(fit.certificate["plan"])), fit.design
    intercept, coefficients = design.to_standardised(fit.values["intercept"], _coefficients(fit))
    scalars = {name: priors[name] for name in fit.certificate["priors"]}
    found = _free(scalars, {**fit.values, "intercept": intercept})
    return found | _normal(coefficients, priors.base.column_priors(design.names, design.scale))


def _rows(fit: Fit) -> Priors:
    from missingmodels.models.priors.of_rows import row_priors

    counts, written = fit.design, fit.certificate["priors"]
    priors = row_priors(written, counts, fit.certificate["frailty"])
    intercept, coefficients = counts.to_standardised(fit.values["intercept"], _coefficients(fit))
    found = _free({"intercept": priors.intercept}, {"intercept": intercept})
    columns = [log_density(prior, values) for prior, values in zip(priors.coefficients, coefficients.T, strict=True)]
    found |= {"coefficients": np.column_stack(columns)} if columns else {}
    if priors.homes:
        homes = [log_density(p, s) for p, s in zip(priors.homes, fit.values["sigma_home"].T, strict=True)]
        found |= {"sigma_home": np.column_stack(homes)}
    if priors.child is not None:
        found |= _free({"frailty_shape" if priors.child_by_shape else "sigma_child": priors.child}, fit.values)
    return found


def _outcome(fit: Fit) -> Priors:
    from missingmodels.models.outcomes.priors import COEFFICIENT, SCALARS, model_priors

    priors = {name: Prior(**held) for name, held in fit.certificate["priors"].items()}
    found = _free({name: priors[name] for name in SCALARS[fit.model]}, fit.values)
    if COEFFICIENT not in priors or not fit.design.names:
        return found
    scale = fit.design.scale
    held = model_priors(fit.model, priors, fit.design.names, scale)
    return found | _normal(_coefficients(fit) * scale, held.columns)


def _official(fit: Fit) -> Priors:
    from missingmodels.models.official import PRIORS, log_pooled_rate

    values = {**fit.values, "intercept": fit.values["intercept"] - log_pooled_rate(fit.design)}
    found = {name: log_density(PRIORS[name], v) for name, v in values.items() if name in PRIORS}
    return found | {"coefficients": log_density(PRIORS["coefficient"], _coefficients(fit) * fit.design.scale)}


_OF: Mapping[str, Callable[[Fit], Priors]] = {
    "onset": _onset,
    "daily": _daily,
    "rows": _rows,
    "outcome": _outcome,
    "official": _official,
}

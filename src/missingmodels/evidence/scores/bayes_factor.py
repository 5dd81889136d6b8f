"""Bayes factors of single coefficients against a point null, by Savage and Dickey, over widths of the prior.

For a model that holds delta and the same model with delta = 0, and a prior of the rest that does not depend on delta,
BF₁₀ = prior density at 0 / posterior density at 0 (Dickey 1971, Ann. Math. Stat. 42). Under another prior of delta
alone the factor changes by E[new prior / old prior] over the posterior, so one fit gives the whole sweep. A Bayes
factor never stands without it: the width of the prior decides it as much as the data do.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from missingmodels.evidence.parts import BayesFactor
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.pareto import LARGEST_K, smooth
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.parameters import Array
from missingmodels.plan import Plan

WIDTHS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)  # times the plan's prior sd
NARROW, NEAR = 0.25, 1.5  # least kernel, in posterior sds; distance of the null from where kernels widen
BLOCKS = 20  # of draws, for the Monte Carlo error


def bayes_factors(fit: Fit, plan: Plan, asked: Iterable[tuple[str, str, str, str]]) -> list[BayesFactor]:
    """Of the columns asked, each as (hypothesis, column, label, stated side); a column that the plan fixes has none."""
    design, priors = fit.design, plan_priors(plan)
    mean, sd, fixed = priors.of_columns(design.names, design.scale)
    found = []
    for hypothesis, name, label, expected in asked:
        at = design.names.index(name)
        if fixed[at]:
            continue
        draws = fit.parameters.coefficient(name)
        middle, width = float(mean[at] / design.scale[at]), float(sd[at] / design.scale[at])
        factor, error = savage_dickey(draws, middle, width)
        changes = [prior_change(draws, middle, width, times * width) for times in WIDTHS]
        found.append(
            BayesFactor(
                hypothesis=hypothesis,
                model=fit.model,
                exposure=fit.exposure,
                name=name,
                label=label,
                log_bf10=factor,
                mc_error=error,
                null_distance=float(abs(draws.mean()) / draws.std()),
                prior_mean=middle,
                prior_sd=width,
                widths=tuple(times * width for times in WIDTHS),
                log_bf10_by_width=tuple(factor + change for change, _ in changes),
                k_hat_by_width=tuple(k for _, k in changes),
                expected=expected,
                log_bf_stated=factor + side_change(draws, middle, width, expected) if expected else None,
            )
        )
    return found


def savage_dickey(draws: Array, mean: float, sd: float) -> tuple[float, float]:
    """log BF₁₀ of a coefficient with prior Normal(mean, sd²) from (S,) posterior draws, and its Monte Carlo error.

    The error is a jackknife over blocks of neighbouring draws, so that it holds for chains.
    """
    prior = _log_normal(0.0, mean, sd)
    blocks = np.array_split(np.arange(draws.size), BLOCKS)
    left = [log_density_at(np.delete(draws, block), 0.0) for block in blocks]
    error = np.sqrt((BLOCKS - 1) * np.var(left))
    return float(prior - log_density_at(draws, 0.0)), float(error)


def prior_change(draws: Array, mean: float, old: float, new: float) -> tuple[float, float]:
    """log of what the Bayes factor is multiplied by under a prior of sd ``new``, and Pareto k of the weights."""
    log_weights = _log_normal(draws, mean, new) - _log_normal(draws, mean, old)
    _, shape = smooth(log_weights)
    return float(logsumexp(log_weights) - np.log(draws.size)), float(np.clip(shape, 0.0, LARGEST_K))


def side_change(draws: Array, mean: float, sd: float, expected: str) -> float:
    """log of what the factor is multiplied by if the effect, where there is one, lies on the stated side.

    The posterior mass of that side over the prior's (Klugkist, Laudy and Hoijtink 2005, Psychol. Methods 10; Morey and
    Wagenmakers 2014, Stat. Probab. Lett. 92), so at most that of 2 for a prior of mean 0. Half a draw is added to
    either side: no draw beyond 0 is no proof that there is no mass.
    """
    sign = 1.0 if expected == "above" else -1.0
    held = (np.count_nonzero(sign * draws > 0) + 0.5) / (draws.size + 1)
    return float(np.log(held) - norm.logcdf(sign * mean / sd))


def log_density_at(draws: Array, x: float) -> float:
    """log density of the draws' law at ``x``, by normal kernels about the draws.

    The draws are first drawn towards their mean, so that kernels do not widen the law: whatever their width, its mean
    and variance are those of the draws, and for a normal law the estimate is right. Kernels widen with the distance of
    ``x``, where draws are few: far out it is the normal law itself.
    """
    mean, sd = float(draws.mean()), float(draws.std())
    away = (x - mean) / sd
    width = max(NARROW, (abs(away) - NEAR) / 2)
    centres = (draws - mean) / sd / np.sqrt(1 + width**2)
    width /= np.sqrt(1 + width**2)
    return float(logsumexp(_log_normal(away, centres, width)) - np.log(draws.size) - np.log(sd))


def _log_normal(x: Array | float, mean: Array | float, sd: float) -> Array:
    return np.asarray(-0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi))

"""What share of the differences between homes, their periods and children the columns explain.

Independent priors of many coefficients say beforehand that columns explain nearly everything, and few homes cannot
answer that back. So a share is stated as if each had been equally likely beforehand: the draws are weighed by one over
the density that the plan's priors give to their share, and the share under those priors stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import expit, log_expit, logit

from missingmodels.evidence.decisions import summarise
from missingmodels.evidence.effects.estimands import (
    adult_rate_ratio,
    adult_share,
    child_variance_explained,
    period_variance_explained,
    variance_drop,
    variance_explained,
)
from missingmodels.evidence.parts import Row
from missingmodels.evidence.scores.elpd import GOOD_K
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.pareto import resample, smooth
from missingmodels.frame.design import Design
from missingmodels.frame.rows import top_level_terms, variables
from missingmodels.models.priors.law import draw_prior
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.parameters import Array, Parameters
from missingmodels.plan import Decision, Plan
from missingmodels.provenance import stream
from missingmodels.vocabulary.frailty import FRAILTY

Share = Callable[[Parameters, Design, tuple[str, ...]], Array]

PRIOR_DRAWS = 100_000
# Weights with a Pareto k above GOOD_K are said to be rough; above this their mean need not exist, and the priors rule
# so much that their part cannot be taken out.
LAST_K = 1.0
_GRID = np.linspace(-12, 12, 961)  # of logits


def structure_shares(fit: Fit, plan: Plan) -> list[Row]:
    """Shares of what homes, and periods of a home, differ by that structure explains; none without its columns."""
    found: list[tuple[Share, str, str]] = [(variance_explained, "between", "the variance between homes")]
    if fit.parameters.sigma_period.any():
        found.append((period_variance_explained, "within", "the variance between a home's periods"))
    rows = []
    for share, part, words in found:
        names = tuple(n for v in plan.terms.structure if (n := f"{v}_{part}") in fit.design.names)
        if names:
            label = f"share of {words} that structure explains"
            rows.append(share_row(share, names, fit, plan, name=f"structure_{part}", label=label, hypothesis="H2"))
    return rows


def vulnerability_rows(fit: Fit, plan: Plan) -> list[Row]:
    """What share of the variance between children the vulnerability columns of a fit explain."""
    names = vulnerability_columns(fit.design, plan)
    label = "share of the variance between children that vulnerability explains"
    if not names:
        return []
    return [share_row(child_variance_explained, names, fit, plan, name="vulnerability", label=label, hypothesis="")]


def adult_rows(fit: Fit, plan: Plan) -> list[Row]:
    """Whether the adult on shift makes more of a difference than the home does; none without effects of adults."""
    p = fit.parameters
    if "sigma_adult" not in p.further:
        return []
    priors, rng = plan_priors(plan), stream(fit.certificate["seed"], "prior", fit.model, "adult")
    alone = {name: draw_prior(getattr(priors, name), PRIOR_DRAWS, rng) for name in ("sigma_adult", "sigma_home")}
    homes, adults = (alone[name] ** 2 for name in ("sigma_home", "sigma_adult"))
    row = partial(summarise, hypothesis="", fit=fit, name="adult", rule=plan.decision)
    words = "the same child in the care of two adults"
    ratio = row(adult_rate_ratio(p), estimand="median_rate_ratio", label=words)
    words = "share of lasting differences that lies between adults rather than homes"
    share = row(adult_share(p), estimand="share", label=words, null=0.5)
    with np.errstate(invalid="ignore"):
        by_priors = np.nanmedian(adults / (adults + homes))
    return [ratio, replace(share, remark=f"{by_priors:.0%} by the plan's priors alone")]


def vulnerability_columns(design: Design, plan: Plan) -> tuple[str, ...]:
    """The columns of a design that the plan's terms of vulnerability became."""
    terms = top_level_terms(plan.terms.vulnerability)
    held = {*terms, *(f"{name}_unrecorded" for name in variables(plan.terms.vulnerability))}
    starts = tuple(f"{term}[" for term in terms)  # levels of a factor and columns of a curve
    return tuple(name for name in design.names if name in held or name.startswith(starts))


@dataclass(frozen=True)
class _Shares:
    """One share as draws.

    Attributes
    ----------
    stated : (S,) as if every share had been equally likely beforehand; ``under_priors`` where ``k_hat`` forbids that
    under_priors : (S,) under the plan's priors
    prior : (N,) those priors alone
    k_hat : Pareto k of the weights that take the priors' part out, NaN where the plan fixes the share
    """

    stated: Array
    under_priors: Array
    prior: Array
    k_hat: float


def shares(share: Share, names: tuple[str, ...], fit: Fit, plan: Plan) -> _Shares:
    """What the columns ``names`` of a fit explain, under a flat prior of that share and under the plan's."""
    found, prior = share(fit.parameters, fit.design, names), prior_share(share, names, fit, plan)
    if np.ptp(prior) < 1e-9:  # the plan fixes it, by effects or scales that it holds at a value
        return _Shares(found, found, prior, np.nan)
    rng = stream(fit.certificate["seed"], "flat", fit.model, *names)
    flat, k_hat = as_if_flat(found, prior, rng)
    return _Shares(flat if k_hat <= LAST_K else found, found, prior, k_hat)


def share_row(
    share: Share, names: tuple[str, ...], fit: Fit, plan: Plan, *, name: str, label: str, hypothesis: str
) -> Row:
    """One share as a row, its remark saying what the plan's priors make of it."""
    found = shares(share, names, fit, plan)
    row = summarise(
        found.stated,
        hypothesis=hypothesis,
        fit=fit,
        estimand="variance_explained",
        name=name,
        label=label,
        rule=plan.decision,
    )
    if np.isnan(found.k_hat):
        return replace(row, remark="fixed by the plan's priors")
    under = f"{np.median(found.under_priors):.0%} under" if found.k_hat <= LAST_K else "ruled by"
    remark = f"{under} the plan's priors, {np.median(found.prior):.0%} by them alone"
    rough = f"; weighed roughly, Pareto k {found.k_hat:.2f}" if GOOD_K < found.k_hat <= LAST_K else ""
    return replace(row, remark=remark + rough)


def as_if_flat(share: Array, prior: Array, rng: np.random.Generator) -> tuple[Array, float]:
    """(S,) draws of a share as if its prior were uniform, and the Pareto k of the weights that make them so.

    ``share`` are draws from the posterior, ``prior`` any number from the prior that it was made with.
    """
    log_weights, k_hat = smooth(-log_density(prior, share))
    return share[resample(log_weights, share.size, rng)], k_hat


def log_density(draws: Array, at: Array) -> Array:
    """(N,) log density at N values of shares like ``draws``: a kernel estimate of their logits of Silverman's width."""
    x, step = logit(np.clip(draws, expit(_GRID[0]), expit(_GRID[-1]))), _GRID[1] - _GRID[0]
    width = 0.9 * min(x.std(), np.subtract(*np.quantile(x, [0.75, 0.25])) / 1.34) * x.size**-0.2
    counts, _ = np.histogram(x, np.append(_GRID, _GRID[-1] + step) - step / 2)
    smoothed = gaussian_filter1d(counts / (x.size * step), width / step, mode="nearest", truncate=6)
    to = logit(np.clip(at, expit(_GRID[0]), expit(_GRID[-1])))
    # none of the draws lie so far out: what one draw would have given
    least = 1 / (x.size * width * np.sqrt(2 * np.pi))
    return np.log(np.maximum(np.interp(to, _GRID, smoothed), least)) - log_expit(to) - log_expit(-to)


def prior_share(share: Share, names: tuple[str, ...], fit: Fit, plan: Plan, *, draws: int = PRIOR_DRAWS) -> Array:
    """(draws,) the share under the priors alone: few homes and many variables explain much by chance."""
    priors, design = plan_priors(plan), fit.design
    rng = stream(fit.certificate["seed"], "prior", fit.model)
    mean, sd, _ = priors.of_columns(design.names, design.scale)
    at = [design.names.index(name) for name in names]
    raw = (mean[at] + sd[at] * rng.standard_normal((draws, len(at)))) / design.scale[at]
    levels = [name for name in ("sigma_authority", "sigma_owner") if name in fit.parameters.further]
    scales = ("sigma_home", "sigma_period", *levels, *FRAILTY[fit.parameters.frailty_law].scalars)
    drawn = {name: draw_prior(getattr(priors, name), draws, rng) for name in scales}
    parameters = replace(
        fit.parameters[:1],
        intercept=np.zeros(draws),
        coefficients=dict(zip(names, raw.T, strict=True)),
        sigma_home=drawn.pop("sigma_home"),
        sigma_period=drawn.pop("sigma_period"),
        frailty_shape=drawn.pop("frailty_shape", np.full(draws, np.nan)),
        further=drawn,
    )
    return share(parameters, design, names)


def drop_rows(fits: Sequence[Fit], rule: Decision) -> list[Row]:
    """By how much the variance between homes falls from M0 to M2, once structure is in; none without both."""
    by_model = {fit.model: fit for fit in fits}
    if not {"M0", "M2"} <= by_model.keys():
        return []
    without, whole = by_model["M0"], by_model["M2"]
    row = summarise(
        variance_drop(without.parameters, whole.parameters),
        hypothesis="H2",
        fit=whole,
        estimand="variance_drop",
        name="home",
        label="variance of log rates between homes in M0, less that in M2",
        rule=rule,
        null=0.0,
    )
    return [row]

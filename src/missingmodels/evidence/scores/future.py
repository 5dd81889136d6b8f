"""Expected log predictive density of the last days of a record, given all before: leave-future-out.

Children left out (``elpd``) are predicted by others' later days too. Here one split is made, a fit to the cells of time
before it, and what each child does after it is scored under draws of that fit (Bürkner, Gabry and Vehtari 2020, J.
Stat. Comput. Simul. 90). By refit: weights that take a season out of a posterior have no variance to rely on. Effects
of homes and of all homes in the later cells come with the draws, by their law given those before; covariates are as
they came, recent onsets among them, so that a child's score is the product of its days' one after another.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from missingmodels.evidence.parts import ElpdDifference
from missingmodels.evidence.scores.comparison import nested
from missingmodels.evidence.scores.elpd import efficiency
from missingmodels.evidence.scores.held_out import Refits, some_rows
from missingmodels.fitting.fit import Fit, beyond_laplace
from missingmodels.fitting.marginal import log_density_and_frailty
from missingmodels.frame.design import Design
from missingmodels.parameters import Array, Parameters
from missingmodels.plan import Plan
from missingmodels.provenance import stream
from missingmodels.side_by_side import each
from missingmodels.vocabulary import fit_name

DRAWS = 1000  # of the fit to the days before, at most
LEAST_BEFORE = 0.5  # of the record; a fit to less says little of what one to all of it would predict


@dataclass(frozen=True, kw_only=True)
class Future:
    """Scores of the U children at risk in the last ``days``: ``elpd`` (U,), their sum's Monte Carlo ``error``.

    ``k_hat`` is that of the weights of the fit to the days before; NaN of a sampler's draws.
    """

    fit: Fit
    days: int
    elpd: Array
    error: float
    k_hat: float


def forecasts(fits: Sequence[Fit], plan: Plan, refits: Refits) -> list[ElpdDifference]:
    """Of every nested pair of which both sides could be fitted to the days before, the difference of their scores.

    The fits are made side by side where ``side_by_side`` allows.
    """
    pairs = nested(fits, plan)
    asked = list({id(fit): fit for *pair, _ in pairs for fit in pair}.values())
    without_draws = [replace(fit, values={}, sample_stats={}) for fit in asked]  # which are many, and not looked at
    found = each(functools.partial(future_scores, plan=plan, refits=refits), without_draws)
    made = {id(fit): replace(one, fit=fit) if one else None for fit, one in zip(asked, found, strict=True)}
    sides = [(made[id(a)], made[id(b)], why) for a, b, why in pairs]
    return [future_difference(a, b, hypothesis=why) for a, b, why in sides if a and b]


def first_cell(design: Design, plan: Plan) -> int | None:
    """The first cell of time that is predicted; None where the plan asks for none, or the record is too short."""
    cells = -(-plan.scores.last_days // plan.cell_days)
    first = design.periods - cells
    if not cells or first < LEAST_BEFORE * design.periods or not design.counted[design.period < first].sum():
        return None
    return first


def future_scores(whole: Fit, plan: Plan, refits: Refits) -> Future | None:
    """Scores of one model; None where there is nothing to split, or the fit to the days before cannot be had.

    There is one such fit a model, so it does not count among the refits.
    """
    design = whole.design
    first = first_cell(design, plan)
    if first is None or (refits.method == "laplace" and beyond_laplace(design)):
        return None
    later = (design.period >= first) & (design.days > 0)
    children = np.unique(design.child[later])
    before = refits.rule(whole).fit(design.period < first, "before") if children.size else None
    if before is None:
        return None
    own = some_rows(design, np.isin(design.child, children))
    density = given_before(own, own.period < first, before.parameters.thinned(DRAWS), int(whole.certificate["seed"]))
    elpd, error = predictive(density[:, children], efficiency(before))
    k_hat = before.diagnostics.k_hat
    return Future(
        fit=whole,
        days=(design.periods - first) * plan.cell_days,
        elpd=elpd,
        error=error,
        k_hat=float("nan") if k_hat is None else k_hat,
    )


def given_before(design: Design, before: np.ndarray, parameters: Parameters, seed: int) -> Array:
    """(S, C) log density of each child's later rows given those ``before`` (R,), at each draw."""
    rng = stream(seed, "elpd", "future")
    whole, known = (log_density_and_frailty(rows, parameters, rng)[0] for rows in (design, some_rows(design, before)))
    return np.asarray(whole - known)


def predictive(log_density: Array, worth: float) -> tuple[Array, float]:
    """(U,) log of the mean density over (S, U) draws, of which each is worth so many, and the error of their sum."""
    draws = log_density.shape[0]
    elpd = logsumexp(log_density, axis=0) - np.log(draws)
    relative = np.exp(log_density - elpd).sum(axis=1)
    return elpd, float(relative.std(ddof=1) / np.sqrt(draws * worth)) if draws > 1 else float("nan")


def future_difference(a: Future, b: Future, *, hypothesis: str) -> ElpdDifference:
    """``a`` minus ``b`` over the same children, with its standard error over them."""
    difference = a.elpd - b.elpd
    spread = np.sqrt(difference.size * difference.var(ddof=1)) if difference.size > 1 else np.nan
    return ElpdDifference(
        hypothesis=hypothesis,
        model=fit_name(a.fit.model, a.fit.exposure),
        against=fit_name(b.fit.model, b.fit.exposure),
        unit="future",
        last_days=a.days,
        difference=float(difference.sum()),
        standard_error=float(spread),
        units=int(difference.size),
        k_hat_max=float(np.fmax(a.k_hat, b.k_hat)),
        k_hat_bad=0,
        mended=0,
        refit_error=float(np.hypot(a.error, b.error)),
        linked=0,
    )

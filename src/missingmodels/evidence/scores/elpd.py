"""Expected log predictive density of a child, or of all who ever lived in a home, left out; and its differences.

PSIS-LOO from the draws of one fit (Vehtari, Gelman and Gabry 2017, Stat. Comput. 27). Where the Pareto k of a child's
weights is above 0.7 the effects of its home, which it had moved, are integrated out (as for clusters: Merkle, Furr and
Rabe-Hesketh 2019, Psychometrika 84). Where k is still above, or is a home's, the model is fitted again without the
unit, and the score is taken from the draws of both fits (``bridge``): a plain mean over the second alone rests on a few
draws wherever leaving the unit out moves the posterior far, which is just where k is large.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import logsumexp

from missingmodels.evidence.parts import ElpdDifference
from missingmodels.evidence.scores.bridge import log_ratio
from missingmodels.evidence.scores.held_out import Read, Refits, children_of, refitted, rows_of, some_rows
from missingmodels.evidence.scores.home_integral import cells_of, log_child_given_others, log_integral
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.marginal import log_density_and_frailty
from missingmodels.fitting.pareto import smooth
from missingmodels.frame.design import Design
from missingmodels.parameters import Array, Parameters
from missingmodels.provenance import stream
from missingmodels.side_by_side import each
from missingmodels.vocabulary import fit_name

Unit = Literal["child", "home"]
GOOD_K = 0.7
DRAWS, DRAWS_MENDED = 1000, 2000  # of a fit, at most, that home scores rest on


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores of U units under one fit.

    Attributes
    ----------
    elpd : (U,) log predictive density of each unit given all others
    shape : (U,) Pareto k of its weights, whether or not a refit has mended it since
    error : (U,) Monte Carlo standard error of mended scores, NaN of others
    """

    fit: Fit
    unit: Unit
    elpd: Array
    shape: Array
    error: Array

    @property
    def bad(self) -> np.ndarray:
        """(U,) where the weights of the one fit cannot be trusted."""
        return self.shape > GOOD_K

    @property
    def mended(self) -> np.ndarray:
        """(U,) where a refit has taken their place."""
        return np.isfinite(self.error)


def child_scores(fit: Fit, refits: Refits | None = None) -> Scores:
    """Each child's score, the bad ones mended, the worst first, as far as ``refits`` go.

    A child's density has the frailty integrated out and home effects at their draws; importance weights move those
    to their posterior given the other children. Where they cannot, those of the home where it was at risk longest are
    integrated out too, unless homes have a process that drifts, of which there is no such integral.
    """
    found = _scores(fit, "child", *leave_one_child_out(fit))
    bad = np.flatnonzero(found.bad)
    if fit.certificate["plan"]["effects"]["home_process"] != "drift":
        asked = (_around(fit, int(child)) for child in bad)
        for child, (elpd, shape) in zip(bad, each(_leave_child_out, asked), strict=True):
            found.elpd[child], found.shape[child] = elpd, shape
    mend([(found, refits)] if refits is not None else [])
    return found


def home_scores(fit: Fit, refits: Refits | None = None) -> Scores:
    """The joint score of every home with a row: of all rows of every child who ever lived there.

    The home's own effects are integrated over their law (``home_integral``); the weights move coefficients, scales and
    the effects of other homes, where movers lived too, to their posterior without those children.
    """
    (found,) = every_home([fit])
    mend([(found, refits)] if refits is not None else [])
    return found


def every_home(fits: Sequence[Fit]) -> Iterator[Scores]:
    """The scores of homes under each of the fits, none of them mended; side by side where ``side_by_side`` allows."""
    asked = [(f.design, f.parameters.thinned(DRAWS), efficiency(f), _stream_of(f, "home")) for f in fits]
    for fit, found in zip(fits, each(_leave_homes_out, asked), strict=True):
        yield _scores(fit, "home", *found)


def mend(scores: Sequence[tuple[Scores, Refits]], progress: Progress | None = None) -> None:
    """Put scores from refits in the place of bad ones, as far as each one's refits go: the first first, of each the
    worst. All refits stand in one queue, so that no process waits for those of one model to end.
    """
    bad = [(one, refits, int(unit)) for one, refits in scores for unit in _worst_first(one)]
    asked = [(refits, *_asked(one, unit)) for one, refits, unit in bad]
    for (one, _, unit), found in zip(bad, refitted(asked, progress), strict=True):
        if found is not None:
            sides = (one.fit.log_density[:, unit], found) if one.unit == "child" else found
            one.elpd[unit], one.error[unit] = log_ratio(*sides)


def _asked(scores: Scores, unit: int) -> tuple[Fit, Iterable[int], Read]:
    """The fit of which a refit is asked, the children whom it is to do without, and what is read from it."""
    fit, seed = scores.fit, int(scores.fit.certificate["seed"])
    if scores.unit == "child":
        return fit, [unit], functools.partial(_child_without, fit.design, unit, seed)
    home = int(np.unique(fit.design.home)[unit])
    out = children_of(fit.design, home)
    own = rows_of(fit.design, out)
    whole = fit.parameters.thinned(DRAWS_MENDED).at_homes(own.home_ids)
    at = own.home_ids.index(fit.design.home_ids[home])
    rng = stream(seed, "elpd", "home", fit.model, fit.exposure, home)
    return fit, out, functools.partial(_home_without, own, at, whole, rng)


def _scores(fit: Fit, unit: Unit, elpd: Array, shape: Array) -> Scores:
    return Scores(fit=fit, unit=unit, elpd=elpd, shape=shape, error=np.full(elpd.size, np.nan))


def _child_without(design: Design, child: int, seed: int, without: Fit) -> Array:
    """(S,) log density of a child at the draws of the fit without it."""
    own, rng = some_rows(design, design.child == child), stream(seed, "elpd", "child", without.model, child)
    return log_density_and_frailty(own, without.parameters, rng)[0][:, child]


def leave_one_child_out(fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """(C,) expected log predictive density and Pareto k of every child, from the one fit alone."""
    worth = efficiency(fit)
    elpd, shape = np.zeros(fit.log_density.shape[1]), np.zeros(fit.log_density.shape[1])
    # a child without days in the window has density 0 in every draw
    for child in np.flatnonzero(np.ptp(fit.log_density, axis=0) > 0):
        elpd[child], shape[child] = _left_out(fit.log_density[:, child], worth)
    return elpd, shape


def _around(fit: Fit, child: int) -> tuple[Design, Parameters, int, int, float, np.random.Generator]:
    """Of a child's main home: all rows of whoever lived there, its effects, which home and child, and a stream."""
    design = fit.design
    mine = design.child == child
    home = int(np.bincount(design.home[mine], design.window_days[mine]).argmax())
    own = rows_of(design, children_of(design, home))
    parameters = fit.parameters.thinned(DRAWS).at_homes(own.home_ids)
    rng = stream(int(fit.certificate["seed"]), "elpd", "around", fit.model, fit.exposure, child)
    return own, parameters, own.home_ids.index(design.home_ids[home]), child, efficiency(fit), rng


def _leave_child_out(
    asked: tuple[Design, Parameters, int, int, float, np.random.Generator],
) -> tuple[float, float]:
    """A child's expected log predictive density and Pareto k, its home's effects integrated out."""
    own, parameters, home, child, worth, rng = asked
    return _left_out(log_child_given_others(cells_of(own, parameters), home, child, rng), worth)


def _leave_homes_out(asked: tuple[Design, Parameters, float, np.random.Generator]) -> tuple[Array, Array]:
    """(H,) expected log predictive density and Pareto k of every home with a row, from draws of one fit."""
    design, parameters, efficiency, rng = asked
    cells = cells_of(design, parameters)
    found = [_left_out(log_integral(cells, int(home), rng)[0], efficiency) for home in np.unique(design.home)]
    elpd, shape = (np.array(column) for column in zip(*found, strict=True))
    return elpd, shape


def _stream_of(fit: Fit, unit: Unit) -> np.random.Generator:
    return stream(int(fit.certificate["seed"]), "elpd", unit, fit.model, fit.exposure)


def _home_without(
    own: Design, home: int, whole: Parameters, rng: np.random.Generator, without: Fit
) -> tuple[Array, Array]:
    """(S,) log of a home's integral at draws of the whole fit, and of the one without its children."""
    there = without.parameters.thinned(DRAWS_MENDED).at_homes(own.home_ids)
    above, below = (log_integral(cells_of(own, q), home, rng)[0] for q in (whole, there))
    return above, below


def _worst_first(scores: Scores) -> np.ndarray:
    bad = np.flatnonzero(scores.bad & ~scores.mended)
    return bad[np.argsort(-scores.shape[bad], kind="stable")]


def _left_out(log_density: Array, efficiency: float) -> tuple[float, float]:
    """log of the harmonic mean of a unit's density over draws given all units, smoothed, and its Pareto k."""
    log_weights, shape = smooth(-log_density, efficiency=efficiency)
    return float(logsumexp(log_weights + log_density)), shape


def efficiency(fit: Fit) -> float:
    """What a draw is worth of an independent one: of the intercept for chains, of all for weighted draws."""
    draws = fit.parameters.draws
    if fit.diagnostics.importance_ess is not None:
        return min(fit.diagnostics.importance_ess / draws, 1.0)
    import arviz as az  # seconds to import; the fast engine does without it

    return float(az.ess(fit.parameters.intercept.reshape(fit.chains, -1), method="mean")) / draws


def elpd_difference(a: Scores, b: Scores, *, hypothesis: str) -> ElpdDifference:
    """``a`` minus ``b``, with its standard error over units. Both fits must stand on the same rows."""
    one, other = a.fit.design, b.fit.design
    if a.unit != b.unit:
        raise ValueError(f"scores of a {a.unit} do not compare with those of a {b.unit}")
    if one.child_ids != other.child_ids or not np.array_equal(one.days, other.days):
        raise ValueError("the two fits stand on different rows, so their predictive densities do not compare")
    difference = a.elpd - b.elpd
    mended = (a.mended | ~a.bad) & (b.mended | ~b.bad)
    bad = a.bad | b.bad
    errors = np.concatenate([a.error[a.mended], b.error[b.mended]])
    return ElpdDifference(
        hypothesis=hypothesis,
        model=fit_name(a.fit.model, a.fit.exposure),
        against=fit_name(b.fit.model, b.fit.exposure),
        unit=a.unit,
        difference=float(difference.sum()),
        standard_error=float(np.sqrt(difference.size * difference.var(ddof=1))) if difference.size > 1 else np.nan,
        units=int(difference.size),
        k_hat_max=float(max(a.shape.max(), b.shape.max())),
        k_hat_bad=int(bad.sum()),
        mended=int((bad & mended).sum()),
        refit_error=float(np.sqrt(np.square(errors).sum())),
        linked=_linked(a.fit) if a.unit == "home" else 0,
    )


def _linked(fit: Fit) -> int:
    """How many children lived in more than one home, and so are in the scores of several."""
    pairs = np.unique(np.stack([fit.design.child, fit.design.home]), axis=1)
    return int((np.bincount(pairs[0]) > 1).sum())

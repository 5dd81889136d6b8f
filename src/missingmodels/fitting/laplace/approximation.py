"""The fast engine: a nested Laplace approximation of the onset model, put right by importance weights.

For given scales (sigma_home, sigma_period, frailty shape k) the posterior of coefficients and home effects is close to
a normal at its mode. As in INLA (Rue, Martino and Chopin 2009, J. R. Stat. Soc. B 71) that normal gives the marginal of
the scales at a few points; as in TMB (Kristensen et al. 2016, J. Stat. Softw. 70) the mode comes from exact derivatives
and the structure of the problem. Here the scales are proposed from a surface through those points, and everything else
from a normal whose mean and factor lie between theirs, the mean moved by one step of variational Bayes. Every
proposal is weighed against the exact joint density, scales included. Pareto smoothing steadies the weights, and its
k-hat says whether they can be trusted (PSIS: Vehtari, Simpson, Gelman, Yao and Gabry 2024, J. Mach. Learn. Res. 25). So
nothing of the approximation stays in the draws, in particular not the shrinkage of slopes at the mode, which profiling
them together with the effects would keep.

Arrays here are small, so BLAS is held to one thread (``threads``).
The module needs numpy, scipy and threadpoolctl alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from missingmodels.fitting.laplace.data import Array, LaplaceData, laplace_data
from missingmodels.fitting.laplace.explore import Region, Surface, explore, require_one_mode
from missingmodels.fitting.laplace.nearby import Known, explore_near
from missingmodels.fitting.laplace.proposal import Proposals, Proposer, joined
from missingmodels.fitting.laplace.scales import ScaleSpace
from missingmodels.fitting.laplace.tails import edge_loss, tail_shares
from missingmodels.fitting.pareto import resample, smooth
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.models.process import Process

if TYPE_CHECKING:
    from missingmodels.frame.design import Design
    from missingmodels.models.priors.law import PriorSet

TOLERANCE = 0.03  # gain of log density below which Newton's next step is the last


@dataclass(frozen=True, kw_only=True)
class LaplaceDraws:
    """S equally weighted draws from the posterior, and what they rest on.

    Attributes
    ----------
    intercept : (S,) of the standardised columns
    coefficients : (S, P) of the standardised columns, fixed ones included
    home : (S, H) log rate
    home_period : (S, H * T) log rate
    sector : (S, T) what all homes have of it; (S, 0) where they share nothing
    adult : (S, G) log rate of a shift that one adult works alone; (S, 0) where they have no effects
    sigma_home, sigma_period, frailty_shape : (S,); the shape is NaN where the law of frailty has none
    further : name -> (S,) of what the law has beside the shape
    proposal : (S,) number of the proposal that a draw is a copy of
    log_weight : (S,) smoothed log weight of that proposal; those of all proposals sum to 1
    k_hat : shape of the weights' tail; above 0.7 the draws are not to be trusted
    ess : effective number of proposals behind the draws
    tail_shares : (1 + P,) of intercept and coefficients: the larger share of the posterior, on either side, that lies
        beyond the reach of the proposals (``tails``); 0 where the plan fixes the value
    edge_loss : share of the posterior near 0 of a scale that the draws lack
    proposals : number of weighted proposals
    newton_iterations : Newton steps over all points of the scales
    grid_points : points of the scales at which the mode was found
    seconds : wall clock
    log_marginal : log density of the onsets in the window, without the constant sum(y log n - log y!)
    """

    intercept: Array
    coefficients: Array
    home: Array
    home_period: Array
    sector: Array
    adult: Array
    sigma_home: Array
    sigma_period: Array
    frailty_shape: Array
    further: dict[str, Array]
    proposal: np.ndarray
    log_weight: Array
    k_hat: float
    ess: float
    tail_shares: Array
    edge_loss: float
    proposals: int
    newton_iterations: int
    grid_points: int
    seconds: float
    log_marginal: float


@dataclass(frozen=True)
class Weighed:
    """(N,) smoothed log weights of proposals that sum to 1, and what they say: k-hat, ESS, ``tail_shares`` (1 + P,).

    ``edge_loss`` is the share of the posterior that lies near 0 of a scale and is not in the draws (``tails``).

    ``log_mean`` is that of the smoothed weights before they were made to sum to 1.
    """

    log_weights: Array
    k_hat: float
    ess: float
    tail_shares: Array
    log_mean: float
    edge_loss: float = 0.0

    @classmethod
    def of(cls, made: Proposals, tails: Array) -> Weighed:
        """Of proposals with their densities."""
        raw = made.log_target - made.log_proposal
        smoothed, k_hat = smooth(raw)
        # the smallest is never smoothed, so what it lost is the log of the sum
        least = np.where(np.isfinite(raw), raw, np.inf).argmin()
        log_mean = float(raw[least] - smoothed[least] - np.log(raw.size))
        return cls(smoothed, k_hat, float(1 / np.exp(2 * smoothed).sum()), tails, log_mean)

    @property
    def proposals(self) -> int:
        """N."""
        return int(self.log_weights.size)


@one_blas_thread
def laplace(  # noqa: PLR0913
    design: Design,
    priors: PriorSet,
    *,
    draws: int,
    rng: np.random.Generator,
    proposals: int | None = None,
    law: str = "gamma",
    process: Process | None = None,
    again: Callable[[Weighed], bool] = lambda _: False,
    known: Known | None = None,
) -> LaplaceDraws:
    """Draw from the posterior of one onset model, from as many weighted proposals unless another number is given.

    ``law`` is the frailty's, one of ``child.LAWS``, whose values have priors of the same names. ``process`` is how
    homes change where that is more than independent periods. The proposals' number is doubled while ``again`` says so
    of them, the first kept. ``known`` is of a search over nearly the same data (``search``), near which this one keeps
    for a third of its time. Draws repeat where a proposal weighs much; ``ess`` says how many independent ones they are
    worth. The same design, priors and generator give the same draws. Raises FloatingPointError where Newton's steps do
    not settle or no proposal has a finite density, and numpy's LinAlgError where a curvature is not positive definite:
    the posterior has no usable mode then.
    """
    begin = time.perf_counter()
    data, space, surface = _surface(design, priors, law, process)
    region = None if known is None else explore_near(surface, known)
    if region is None:
        surface = Surface(data, space, TOLERANCE)
        region = _explored(data, space, surface)
    proposer = Proposer.of(data, space, region, rng)
    tails = _of_all(data, tail_shares(data, region.middle, proposer.shift))

    def weighed(made: Proposals) -> Weighed:
        found = Weighed.of(made, tails)
        lost = edge_loss(space, region, made.values, found.log_weights, found.log_mean)
        return replace(found, edge_loss=lost)

    made = proposer.propose(proposals or draws, rng)
    found = weighed(made)
    while again(found):
        made = joined(made, proposer.propose(found.proposals, rng))
        found = weighed(made)
    chosen = resample(found.log_weights, draws, rng)
    return _collect(
        data,
        made,
        {name: values[chosen] for name, values in made.values.items()},
        chosen,
        log_weight=found.log_weights[chosen],
        k_hat=found.k_hat,
        ess=found.ess,
        tail_shares=tails,
        edge_loss=found.edge_loss,
        proposals=found.proposals,
        newton_iterations=surface.steps,
        grid_points=len(surface.nodes),
        seconds=time.perf_counter() - begin,
        log_marginal=found.log_mean,
    )


@one_blas_thread
def search(design: Design, priors: PriorSet, *, law: str = "gamma", process: Process | None = None) -> Known:
    """What ``laplace`` needs to keep near a search over this design. Raises as it does."""
    return Known.of(_explored(*_surface(design, priors, law, process)))


def _surface(
    design: Design, priors: PriorSet, law: str, process: Process | None
) -> tuple[LaplaceData, ScaleSpace, Surface]:
    shared = 0 if process is None else process.sector.shape[1]
    data = laplace_data(design, priors, shared)
    space = ScaleSpace(priors, law, process, data.rotas)
    return data, space, Surface(data, space, TOLERANCE)


def _explored(data: LaplaceData, space: ScaleSpace, surface: Surface) -> Region:
    region = explore(surface)
    require_one_mode(data, space, region, TOLERANCE)
    return region


def _of_all(data: LaplaceData, free: Array) -> Array:
    """(1 + P,) of intercept and coefficients from those that are free; 0 for fixed ones."""
    out = np.zeros(1 + data.fixed.size)
    out[np.append(data.intercept is None, ~data.fixed)] = free
    return out


def _collect(
    data: LaplaceData, made: Proposals, scales: dict[str, Any], chosen: Array, **measured: Any
) -> LaplaceDraws:
    """The draws chosen, under the names and in the shapes of the model."""
    b = made.b.T[chosen].astype(float)
    b = b[:, : data.linear.size]
    coefficients = np.broadcast_to(data.fixed_mean, (chosen.size, data.fixed.size)).copy()
    if data.intercept is None:
        intercept, b = b[:, 0], b[:, 1:]
    else:
        intercept = np.full(chosen.size, data.intercept)
    coefficients[:, ~data.fixed] = b
    return LaplaceDraws(
        intercept=intercept,
        coefficients=coefficients,
        home=made.home[:, chosen].T.astype(float),
        home_period=made.period.reshape(-1, made.log_target.size)[:, chosen].T.astype(float),
        sector=made.shared[:, chosen].T.astype(float),
        adult=made.adult[:, chosen].T.astype(float),
        sigma_home=scales.pop("sigma_home"),
        sigma_period=scales.pop("sigma_period"),
        frailty_shape=scales.pop("frailty_shape", np.full(chosen.size, np.nan)),
        further=scales,
        proposal=chosen,
        **measured,
    )

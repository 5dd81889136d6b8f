"""What the data say of coefficients at stated scales: of one if homes share shocks, of all at every point of a grid.

Some scales are held (the home process at a standard deviation σ and a time scale τ, or what a grid names); what else is
unknown is integrated out. At the mode of the other scales the coefficients are normal, their mean moved by one step of
variational Bayes and their covariance widened by what the other scales leave open. No proposals, no weights: tens of
such answers cost one fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from missingmodels.fitting.laplace.approximation import TOLERANCE
from missingmodels.fitting.laplace.data import Array, LaplaceData, laplace_data
from missingmodels.fitting.laplace.explore import Node, Surface, search
from missingmodels.fitting.laplace.mode import Mode
from missingmodels.fitting.laplace.proposal import mean_shift
from missingmodels.fitting.laplace.scales import ScaleSpace
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.models.priors.law import Prior, PriorSet
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.models.process import Process

if TYPE_CHECKING:
    from missingmodels.frame.design import Design
    from missingmodels.plan import Plan


@dataclass(frozen=True)
class Conditional:
    """Mean and sd of a standardised column's coefficient, and the log density of the data by Laplace."""

    mean: float
    sd: float
    log_density: float

    @property
    def probability_above(self) -> float:
        """That the coefficient is above 0."""
        return float(ndtr(self.mean / self.sd))


@dataclass
class GivenShocks:
    """Answers of one design for one column, each search begun where the last one ended.

    The design's cells are of at most a week or two, as a process that drifts needs them.
    """

    design: Design
    plan: Plan
    column: str
    rng: np.random.Generator
    _last: dict[float, tuple[Node, Array]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        priors, own = plan_priors(self.plan), Process.of(self.plan, self.design.periods)
        self._priors, self._sector = priors, np.zeros((self.design.periods, 0)) if own is None else own.sector
        self._data = laplace_data(self.design, priors, self._sector.shape[1])
        free = np.flatnonzero(~self._data.fixed)
        at = int(np.flatnonzero(free == self.design.names.index(self.column))[0])
        self._at = at + (self._data.intercept is None)

    def given(self, sd: float, days: float) -> Conditional:
        """With shocks of this sd of the log rate whose correlation is exp(-1) after so many days.

        Raises FloatingPointError or numpy's LinAlgError where there is no usable mode.
        """
        held = Prior(law="fixed", mean=sd, reason="a shock that is stated")
        process = Process.lasting(self.plan, self.design.periods, days, self._sector)
        space = ScaleSpace(
            replace(self._priors, sigma_period=held), self.plan.effects.frailty, process, self._data.rotas
        )
        surface = Surface(self._data, space, TOLERANCE)
        middle, step, slopes = _searched(surface, space, self._last.get(days))
        self._last[days] = middle, step
        mode = surface.middle
        assert mode is not None
        return self._of(mode, middle, step, slopes)

    def _of(self, mode: Mode, middle: Node, step: Array, slopes: tuple[Array, Array] | None) -> Conditional:
        mean, covariance = _moments(self._data, mode, step, slopes, self.rng)
        at = self._at
        return Conditional(float(mean[at]), float(covariance[at, at] ** 0.5), _log_density(middle, step))


def _searched(
    surface: Surface, space: ScaleSpace, last: tuple[Node, Array] | None
) -> tuple[Node, Array, tuple[Array, Array] | None]:
    """The mode of the free scales, steps of one sd and slopes there; begun where the ``last`` search ended."""
    at, step = (last[0].at, last[1]) if last is not None else space.first()
    begin = surface.node(at, None if last is None else (last[0].b, last[0].z), move=True)
    return search(surface, begin, step) if begin.at.size else (begin, np.zeros(0), None)


def _moments(
    data: LaplaceData, mode: Mode, step: Array, slopes: tuple[Array, Array] | None, rng: np.random.Generator
) -> tuple[Array, Array]:
    """(B,) mean and (B, B) covariance of intercept and coefficients, with what the free scales leave open."""
    shift, _ = mean_shift(data, mode, rng)
    outer = mode.factor.parts()[2][:, : mode.b.size]
    covariance = outer.T @ outer
    if slopes is not None:
        moved = slopes[0] * step
        covariance = covariance + moved @ moved.T
    return mode.b + shift, covariance


def _log_density(middle: Node, step: Array) -> float:
    """Of the data, the scales that are free integrated out by their normal."""
    return middle.log_density + float(np.log(step).sum() + 0.5 * step.size * np.log(2 * np.pi))


@dataclass(frozen=True)
class GivenScales:
    """What one design's data say at each of G points of some scales.

    ``names`` (P,) are the free standardised coefficients; ``log_density`` (G,) is that of the data with the
    coefficients' priors, ``mean`` (G, P) and ``covariance`` (G, P, P) are of their posterior there. Home and child
    effects, the intercept, and scales that are not among the axes are integrated out.
    """

    names: tuple[str, ...]
    log_density: Array
    mean: Array
    covariance: Array


@one_blas_thread
def given_scales(design: Design, plan: Plan, points: Mapping[str, Array], rng: np.random.Generator) -> GivenScales:
    """The coefficients at G points of the scales, name -> (G,) natural values, each climbed to from the one before.

    Raises FloatingPointError or numpy's LinAlgError where there is no usable mode.
    """
    process, priors = Process.of(plan, design.periods), plan_priors(plan)
    data = laplace_data(design, priors, 0 if process is None else process.sector.shape[1])
    free = np.flatnonzero(~data.fixed)
    own = np.arange(free.size) + (data.intercept is None)
    found: list[tuple[Any, ...]] = []
    last: tuple[Node, Array] | None = None
    for values in zip(*points.values(), strict=True) if points else [()]:
        held = _held(priors, dict(zip(points, values, strict=True)))
        space = ScaleSpace(held, plan.effects.frailty, process, data.rotas)
        surface = Surface(data, space, TOLERANCE)
        middle, step, slopes = _searched(surface, space, last)
        last = middle, step
        assert surface.middle is not None
        mean, covariance = _moments(data, surface.middle, step, slopes, rng)
        found.append((_log_density(middle, step), mean[own], covariance[np.ix_(own, own)]))
    log_density, mean, covariance = (np.array(part) for part in zip(*found, strict=True))
    return GivenScales(tuple(design.names[at] for at in free), log_density, mean, covariance)


def _held(priors: PriorSet, values: Mapping[str, float]) -> PriorSet:
    """The priors with some scales fixed."""
    fixed: dict[str, Any] = {
        name: Prior(law="fixed", mean=float(value), reason="a point of a grid") for name, value in values.items()
    }
    return replace(priors, **fixed)

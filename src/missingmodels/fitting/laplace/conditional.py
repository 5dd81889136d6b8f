"""What the data say of one coefficient if homes share shocks of a stated size and length.

The home process is held at a standard deviation σ and a time scale τ; what else is unknown is integrated out. At the
mode of the other scales the coefficient is normal, its mean moved by one step of variational Bayes and its variance
widened by what the other scales leave open. No proposals, no weights: tens of such answers cost one fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from missingmodels.fitting.laplace.approximation import TOLERANCE
from missingmodels.fitting.laplace.data import Array, laplace_data
from missingmodels.fitting.laplace.explore import Node, Surface, search
from missingmodels.fitting.laplace.mode import Mode
from missingmodels.fitting.laplace.proposal import mean_shift
from missingmodels.fitting.laplace.scales import ScaleSpace
from missingmodels.models.priors.law import Prior
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
        space = ScaleSpace(replace(self._priors, sigma_period=held), self.plan.effects.frailty, process)
        surface = Surface(self._data, space, TOLERANCE)
        if days in self._last:
            node, step = self._last[days]
            begin = surface.node(node.at, (node.b, node.z), move=True)
        else:
            at, step = space.first()
            begin = surface.node(at, move=True)
        middle, step, slopes = search(surface, begin, step) if begin.at.size else (begin, np.zeros(0), None)
        self._last[days] = middle, step
        mode = surface.middle
        assert mode is not None
        return self._of(mode, middle, step, slopes)

    def _of(self, mode: Mode, middle: Node, step: Array, slopes: tuple[Array, Array] | None) -> Conditional:
        shift, _ = mean_shift(self._data, mode, self.rng)
        outer = mode.factor.parts()[2]
        variance = float(np.square(outer[:, self._at]).sum())
        if slopes is not None:
            variance += float(np.square(slopes[0][self._at] * step).sum())
        spread = float(np.log(step).sum() + 0.5 * step.size * np.log(2 * np.pi))  # of the scales, by their normal
        return Conditional(float(middle.b[self._at] + shift[self._at]), variance**0.5, middle.log_density + spread)

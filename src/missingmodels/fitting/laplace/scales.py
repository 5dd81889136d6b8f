"""The scales as the search sees them: coordinates without ends, and their prior density there.

Coordinates: asinh(sigma / 0.15) for a standard deviation, near a logarithm for large ones and linear at 0; the
logarithm of the frailty's shape or sd, and the log odds of a share.
The density of a standard deviation is even about 0, so a point on the other side is the same point folded back: what
piles up at 0 meets no boundary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln, expit, log_expit

from missingmodels.fitting.laplace.child import LAWS, ChildLaw
from missingmodels.fitting.laplace.data import Array
from missingmodels.fitting.laplace.point import Scales
from missingmodels.models.process import Process, Rotas

if TYPE_CHECKING:
    from missingmodels.models.priors.law import PriorSet

KNEE = 0.15
NOTHING = 0.1  # sd of a log rate: a home at plus one sd has a tenth more than the middle one
SIGMAS = ("sigma_home", "sigma_period", "sigma_sector", "sigma_adult")
SHARES = ("low_risk_share", "low_risk_ratio")  # between 0 and 1
# In the coordinates of the search; only time hangs on them.
FIRST_GUESS = {
    "sigma_home": 1.7,
    "sigma_period": 1.2,
    "sigma_sector": 1.0,
    "sigma_adult": 1.0,
    "frailty_shape": -1.1,
    "frailty_sd_log": 0.2,
    "low_risk_share": -0.5,
    "low_risk_ratio": -3.0,
}
FIRST_STEP = {
    "sigma_home": 0.5,
    "sigma_period": 0.5,
    "sigma_sector": 0.5,
    "sigma_adult": 0.5,
    "frailty_shape": 0.35,
    "frailty_sd_log": 0.2,
    "low_risk_share": 0.6,
    "low_risk_ratio": 0.7,
}


@dataclass(frozen=True)
class ScaleSpace:
    """The scales that are estimated, and their priors in the coordinates of the search."""

    priors: PriorSet
    law: str = "gamma"
    process: Process | None = None
    rotas: Rotas | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scales: standard deviations, and what the law of frailty has."""
        shared = self.process is not None and self.process.sector.size > 0
        asked = {"sigma_sector": shared, "sigma_adult": self.rotas is not None}
        return (*(name for name in SIGMAS if asked.get(name, True)), *LAWS[self.law])

    @property
    def free(self) -> tuple[str, ...]:
        """Names of the scales that the plan leaves open."""
        return tuple(name for name in self.names if getattr(self.priors, name).law != "fixed")

    @property
    def folded(self) -> Array:
        """(F,) which coordinates are even about 0."""
        return np.array([name in SIGMAS for name in self.free], dtype=bool)

    def fold(self, at: Array) -> Array:
        """(..., F) with standard deviations folded back to where they are positive."""
        return np.where(self.folded, np.abs(at), at)

    def values(self, at: Array) -> dict[str, Array]:
        """Name -> (...) natural values of all scales at (..., F)."""
        out = {name: np.full(at.shape[:-1], float(getattr(self.priors, name).mean)) for name in self.names}
        for i, name in enumerate(self.free):
            x = at[..., i]
            if name in SIGMAS:
                out[name] = KNEE * np.sinh(np.abs(x))
            else:
                out[name] = expit(x) if name in SHARES else np.exp(x)
        return out

    def child(self, values: Mapping[str, Array]) -> ChildLaw:
        """The law of frailty at natural values of the scales."""
        return ChildLaw(self.law, {name: values[name] for name in LAWS[self.law]})

    def scales(self, at: Array) -> Scales:
        """The scales at one point (F,). A standard deviation fixed at 0 switches its block off."""
        on = {name: name in self.free or getattr(self.priors, name).mean > 0 for name in SIGMAS[:2]}
        values = {name: float(value) for name, value in self.values(at).items()}
        further = {name: value for name, value in values.items() if name not in (*SIGMAS, "frailty_shape")}
        return Scales(
            sigma_home=values["sigma_home"],
            sigma_period=values["sigma_period"],
            frailty_shape=values.get("frailty_shape", float("nan")),
            home_on=on["sigma_home"],
            period_on=on["sigma_period"],
            law=self.law,
            further=further,
            sigma_sector=values.get("sigma_sector", 0.0),
            process=self.process,
            sigma_adult=values.get("sigma_adult", 0.0),
            rotas=self.rotas,
        )

    def log_prior(self, at: Array) -> Array:
        """(...) log density of the folded coordinates (..., F)."""
        total = np.zeros(at.shape[:-1])
        for i, name in enumerate(self.free):
            prior, x = getattr(self.priors, name), at[..., i]
            if name in SIGMAS:
                s = KNEE * np.sinh(np.abs(x))
                total += 0.5 * np.log(2 / np.pi) - np.log(prior.sd) - 0.5 * (s / prior.sd) ** 2
                total += np.log(KNEE * np.cosh(x))
            elif name in SHARES:  # a beta by its mean and sd, in the coordinate of the log odds
                size = prior.mean * (1 - prior.mean) / prior.sd**2 - 1
                a, b = prior.mean * size, (1 - prior.mean) * size
                total += a * log_expit(x) + b * log_expit(-x) - betaln(a, b)
            elif prior.law != "log_normal":
                raise ValueError(f"the fast engine has no coordinate for {name} under a {prior.law} prior")
            else:
                total += -0.5 * ((x - prior.mean) / prior.sd) ** 2 - 0.5 * np.log(2 * np.pi) - np.log(prior.sd)
        return total

    def first(self) -> tuple[Array, Array]:
        """(F,) where to begin, and (F,) first steps."""
        guess = [FIRST_GUESS.get(name, 0.0) for name in self.free]
        return np.array(guess), np.array([FIRST_STEP.get(name, 0.5) for name in self.free])

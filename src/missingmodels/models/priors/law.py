"""A prior as a record: a law, its reason and its source; and sets of them, by scalar and by column.

A coefficient's prior speaks of the log rate ratio per unit of the sampler's column: one unit of an indicator or
exposure, one standard deviation of anything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from missingmodels.errors import ConfigInvalid

LAWS = ("normal", "student_t", "flat")  # that a coefficient may have


SCALES = ("sigma_home", "sigma_period", "frailty_shape")  # of the default effects


# Scalars of the laws of frailty beside the shape, and of the effects that a plan may add.
FURTHER = (
    "frailty_sd_log",
    "low_risk_share",
    "low_risk_ratio",
    "sigma_authority",
    "sigma_owner",
    "sigma_peer_slope",
    "sigma_sector",
    "sigma_adult",
)


DAILY_SCALES = ("kernel_days", "process_days")  # log-normal scales of the daily models, which no onset model has


@dataclass(frozen=True, kw_only=True)
class Prior:
    """One prior. ``law`` is normal (mean, sd), half_normal (sd), log_normal (mean, sd of the log) or fixed (mean).

    A beta is given by its mean and sd, as a replacement in a plan is.

    For rows of one's own also student_t and half_student_t (``sd`` is the scale, ``df`` the degrees of freedom),
    exponential (``sd`` is 1 / rate), gamma (``df`` is its shape, ``sd`` 1 / rate) and flat.
    """

    law: str
    mean: float = 0.0
    sd: float = 1.0
    df: float = 0.0
    reason: str = ""
    source: str = ""

    @property
    def beta(self) -> tuple[float, float]:
        """The two shapes of a beta. Raises ConfigInvalid if none has this mean and sd."""
        size = self.mean * (1 - self.mean) / self.sd**2 - 1
        if not (0 < self.mean < 1 and size > 0):
            raise ConfigInvalid(
                f"no beta prior has mean {self.mean:g} and sd {self.sd:g}",
                remedy="give a mean between 0 and 1 and an sd below sqrt(mean (1 - mean)), or fixed",
            )
        return self.mean * size, (1 - self.mean) * size

    @property
    def unsigned(self) -> Prior:
        """The same of what cannot be sampled with a sign: a half-normal becomes ``positive_normal``."""
        return replace(self, law="positive_normal") if self.law == "half_normal" else self

    def times(self, scale: float) -> Prior:
        """The prior of ``scale`` times the parameter."""
        return replace(self, mean=self.mean * scale, sd=self.sd * scale)


@dataclass(frozen=True, kw_only=True)
class PriorSet:
    """The priors of one model. ``coefficients`` holds those that differ from ``coefficient``, per raw unit."""

    name: str
    intercept: Prior
    coefficient: Prior
    sigma_home: Prior
    sigma_period: Prior
    frailty_shape: Prior
    frailty_sd_log: Prior
    low_risk_share: Prior
    low_risk_ratio: Prior
    sigma_authority: Prior
    sigma_owner: Prior
    sigma_peer_slope: Prior
    sigma_sector: Prior
    sigma_adult: Prior
    coefficients: Mapping[str, Prior] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Prior:
        held: Prior = getattr(self, name)
        return held

    def column_priors(self, names: Sequence[str], scale: np.ndarray) -> ColumnPriors:
        """Priors of columns on the sampler's scale: a column's own speaks of its raw unit."""
        own = [self.coefficients.get(name) for name in names]
        return ColumnPriors.of(
            [self.coefficient if p is None else p.times(float(unit)) for p, unit in zip(own, scale, strict=True)]
        )

    def of_columns(self, names: Sequence[str], scale: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(P,) mean and sd on the sampler's scale, and which are fixed (sd 0)."""
        at = self.column_priors(names, scale)
        return at.mean, np.where(at.fixed, 0.0, at.sd), at.fixed


@dataclass(frozen=True, kw_only=True)
class ColumnPriors:
    """(P,) laws, means, standard deviations and degrees of freedom of the sampler's coefficients."""

    law: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    df: np.ndarray

    @classmethod
    def of(cls, priors: Sequence[Prior]) -> ColumnPriors:
        """Those of single priors."""
        mean, sd, df = (np.array([getattr(p, part) for p in priors], dtype=float) for part in ("mean", "sd", "df"))
        return cls(law=np.array([p.law for p in priors], dtype=object), mean=mean, sd=sd, df=df)

    @property
    def fixed(self) -> np.ndarray:
        """(P,) which have a value and no prior."""
        return np.asarray(self.law == "fixed", dtype=bool)


@dataclass(frozen=True, kw_only=True)
class ModelPriors:
    """The priors of one model of one design: of scalars, in the order of the sampler's coordinates, and of columns."""

    scalars: Mapping[str, Prior]
    columns: ColumnPriors


def draw_prior(prior: Prior, draws: int, rng: np.random.Generator) -> np.ndarray:
    """(draws,) values of one parameter of the onset model under its prior."""
    if prior.law == "fixed":
        return np.full(draws, prior.mean)
    if prior.law == "beta":
        return rng.beta(*prior.beta, draws)
    value = prior.mean + prior.sd * rng.standard_normal(draws)
    if prior.law == "half_normal":
        return np.abs(value)
    return np.exp(value) if prior.law == "log_normal" else value

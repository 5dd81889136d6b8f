"""Parameter values under their labels: a simulated world's truth and posterior draws have this one form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK_CELLS = 1_000_000  # 8 MB an array: larger blocks leave the cache and are slower


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Effects of the units of one kind: (S, G) log rates, ``values``, of the G units named by ``ids``."""

    ids: tuple[str, ...]
    values: Array


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Values of the onset model on the scale of the raw covariates. S draws; a truth has S = 1.

    Attributes
    ----------
    intercept : (S,) log intensity per day where every covariate is 0
    coefficients : name -> (S,) log rate ratio per unit of that column
    home_ids : H labels of ``home``
    home : (S, H) log rate
    home_period : (S, H, T) log rate, T cells of time of the risk set, with what all homes share in it
    child_ids : C labels of ``frailty``
    frailty : (S, C) multiplier, mean 1
    sigma_home, sigma_period, frailty_shape : (S,); the last is NaN where the frailty is no gamma
    frailty_law : gamma, log_normal or low_risk
    further : (S,) by name, the scalars of the laws and effects beyond these three
    shared : (S, T) of ``home_period``, what all homes have in it; None where they share nothing
    period_of : (T,) period of a home that each cell lies in; None where each cell is one
    effects : effects of ``authority`` and ``owner``, and each home's ``peer_slope``, where a model has them
    """

    intercept: Array
    coefficients: Mapping[str, Array]
    home_ids: tuple[str, ...]
    home: Array
    home_period: Array
    child_ids: tuple[str, ...]
    frailty: Array
    sigma_home: Array
    sigma_period: Array
    frailty_shape: Array
    frailty_law: str = "gamma"
    further: Mapping[str, Array] = field(default_factory=dict)
    effects: Mapping[str, Effect] = field(default_factory=dict)
    shared: Array | None = None
    period_of: np.ndarray | None = None

    @property
    def draws(self) -> int:
        """S."""
        return int(self.intercept.size)

    def __getitem__(self, part: slice) -> Parameters:
        """The same parameters at some of the draws."""
        return replace(
            self,
            intercept=self.intercept[part],
            coefficients={name: values[part] for name, values in self.coefficients.items()},
            home=self.home[part],
            home_period=self.home_period[part],
            shared=None if self.shared is None else self.shared[part],
            frailty=self.frailty[part],
            sigma_home=self.sigma_home[part],
            sigma_period=self.sigma_period[part],
            frailty_shape=self.frailty_shape[part],
            further={name: values[part] for name, values in self.further.items()},
            effects={name: replace(e, values=e.values[part]) for name, e in self.effects.items()},
        )

    def thinned(self, most: int) -> Parameters:
        """No more than so many of the draws, evenly taken."""
        return self[:: -(-self.draws // most)]

    def blocks(self, rows: int) -> Iterator[tuple[slice, Parameters]]:
        """The draws in blocks such that a block times ``rows`` stays within a fixed number of cells."""
        step = max(BLOCK_CELLS // max(rows, 1), 1)
        for begin in range(0, self.draws, step):
            part = slice(begin, min(begin + step, self.draws))
            yield part, self[part]

    def coefficient(self, name: str) -> Array:
        """(S,) values of one coefficient; KeyError if these parameters do not state it, which is not the same as 0."""
        if name not in self.coefficients:
            raise KeyError(f"these parameters state no effect of {name!r}")
        return self.coefficients[name]

    def scalar(self, name: str) -> Array:
        """(S,) values of one scalar, whichever law or effect it belongs to; KeyError if these parameters have none."""
        if name in ("intercept", "sigma_home", "sigma_period", "frailty_shape"):
            return np.asarray(getattr(self, name))
        return self.further[name]

    @property
    def home_sd(self) -> Array:
        """(S,) standard deviation between homes of other authorities and owners, whatever its levels are."""
        levels = [self.further[name] for name in ("sigma_authority", "sigma_owner") if name in self.further]
        return np.sqrt(np.sum(np.square([self.sigma_home, *levels]), axis=0))

    def effect_of(self, name: str, ids: tuple[str, ...]) -> Array:
        """(S, len(ids)) effects of the units asked, in that order; 0 for a unit, or a kind, without one."""
        if name not in self.effects:
            return np.zeros((self.draws, len(ids)))
        return _aligned(self.effects[name].values, self.effects[name].ids, ids)

    def home_of(self, home_ids: tuple[str, ...]) -> Array:
        """(S, len(home_ids)) home effects in the order asked; a home without one has 0."""
        return _aligned(self.home, self.home_ids, home_ids)

    def home_period_of(self, home_ids: tuple[str, ...]) -> Array:
        """(S, len(home_ids), T) home-period effects in the order asked; a home without one has 0."""
        return _aligned(self.home_period, self.home_ids, home_ids)

    def at_homes(self, home_ids: tuple[str, ...]) -> Parameters:
        """The same parameters with the effects of these homes alone, those without one left out, and no frailties."""
        known = set(self.home_ids)
        held = tuple(home for home in home_ids if home in known)
        return replace(
            self,
            home_ids=held,
            home=self.home_of(held),
            home_period=self.home_period_of(held),
            child_ids=(),
            frailty=self.frailty[:, :0],
        )

    def on_cells(self, period_of: np.ndarray) -> Parameters:
        """The same effects of homes' periods on cells of time, (T,) the period of each: a truth for a finer design."""
        return replace(self, home_period=self.home_period[:, :, period_of], period_of=period_of)

    def frailty_of(self, child_ids: tuple[str, ...]) -> Array:
        """(S, len(child_ids)) frailties in the order asked; KeyError names a child that is not held."""
        if child_ids == self.child_ids:
            return self.frailty
        at = {child: i for i, child in enumerate(self.child_ids)}
        return self.frailty[:, [at[child] for child in child_ids]]


def _aligned(values: Array, labels: tuple[str, ...], wanted: tuple[str, ...]) -> Array:
    if labels == wanted:
        return values  # as it nearly always is, and a copy of all draws takes longer than what is done with them
    at = {label: i for i, label in enumerate(labels)}
    out = np.zeros((values.shape[0], len(wanted), *values.shape[2:]))
    held = [(i, at[label]) for i, label in enumerate(wanted) if label in at]
    if held:
        to, source = np.array(held).T
        out[:, to] = values[:, source]
    return out

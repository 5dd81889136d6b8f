"""What every model is fitted to: named columns with their one standardisation, its inverse, and units of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.special import gammaln

Array = np.ndarray
UNRECORDED = -1


@dataclass(frozen=True, kw_only=True)
class Group:
    """Which unit each row, or each home and period, belongs to: ``index`` into ``ids``, -1 where it is unrecorded.

    ``column`` is the name that whoever gave the rows has for the units.
    """

    index: np.ndarray
    ids: tuple[str, ...]
    column: str = ""

    def at(self, *place: np.ndarray) -> Group:
        """The same units at other places."""
        return replace(self, index=self.index[place])

    def taken(self, effects: Array) -> Array:
        """(S, R) what rows have of effects (S, G) of the units; 0 where a row's unit is unrecorded."""
        # an unrecorded unit has index -1, the column of zeros that is put last
        return np.take(np.pad(effects, ((0, 0), (0, 1))), self.index, axis=1)

    @property
    def arrays(self) -> tuple[Array, ...]:
        """What tells rows' units apart: (R,) ``index``, and (P, M) each what it points to."""
        return (self.index,)


@dataclass(frozen=True, kw_only=True)
class Membership(Group):
    """Units of which a row has several: ``index`` is its combination, -1 for none.

    Attributes
    ----------
    members : (P, M) units of each combination, G, one too far, where a place is empty
    weight : (P, M) their weights, 0 there
    home : (G,) home that each unit belongs to
    """

    members: np.ndarray
    weight: np.ndarray
    home: np.ndarray

    @cached_property
    def shares(self) -> csr_array:
        """(P + 1, G) sparse weights; the last combination has nobody."""
        rows, places = np.nonzero(self.weight)
        at = (rows, self.members[rows, places])
        return csr_array((self.weight[rows, places], at), shape=(len(self.members) + 1, len(self.ids)))

    def taken(self, effects: Array) -> Array:
        """(S, R) weighted sums of effects (S, G) of the units."""
        return np.take(np.asarray(self.shares @ effects.T), self.index, axis=0).T

    @property
    def arrays(self) -> tuple[Array, ...]:
        """What tells rows' units apart: (R,) ``index``, and (P, M) each what it points to."""
        return (self.index, self.members, self.weight)


@dataclass(frozen=True, kw_only=True)
class DesignMatrix:
    """Columns of a model. R rows, P columns.

    Attributes
    ----------
    names : P column names
    matrix : (R, P) the columns as they are
    centre, scale : (P,) the sampler sees ``(matrix - centre) / scale``; see ``standardisation``
    notes : what was left out or filled in, in sentences
    """

    names: tuple[str, ...] = ()
    matrix: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def standardised(self) -> Array:
        """(R, P) what the sampler sees."""
        return np.asarray((self.matrix - self.centre) / self.scale)

    def column(self, name: str) -> Array:
        """(R,) one raw column; KeyError if the model does not hold it."""
        try:
            return np.asarray(self.matrix[:, self.names.index(name)])
        except ValueError:
            raise KeyError(name) from None

    def to_raw(self, intercept: Array, coefficients: Array) -> tuple[Array, Array]:
        """Intercept (...) where every column is 0 and coefficients (..., P) of the columns as they are."""
        raw = coefficients / self.scale
        return intercept - raw @ self.centre, raw

    def to_standardised(self, intercept: Array, coefficients: Array) -> tuple[Array, Array]:
        """Intercept (...) and coefficients (..., P): the inverse of ``to_raw``."""
        return intercept + coefficients @ self.centre, coefficients * self.scale


@dataclass(frozen=True, kw_only=True)
class EventRows(DesignMatrix):
    """Rows of events out of, or over, a size.

    Attributes
    ----------
    outcome : what is counted
    y : (R,) events; of counts known as intervals the least number
    size : (R,) exposure of counts (days at risk, resident-days, children), or number of ``trials``
    units : by name, child or home among them, which each row belongs to
    further : by name, what only this outcome's likelihood reads
    facts : counts of what went in, for the reader
    formula : of rows of one's own, as it was given
    dropped : labels of rows left out because a value is unrecorded
    """

    outcome: str
    y: np.ndarray
    size: np.ndarray
    trials: bool = False
    units: Mapping[str, Group] = field(default_factory=dict)
    further: Mapping[str, np.ndarray] = field(default_factory=dict)
    facts: Mapping[str, int] = field(default_factory=dict)
    formula: str = ""
    dropped: tuple[object, ...] = ()

    @property
    def counted(self) -> Array:
        """(R,) events, as numbers."""
        return np.asarray(self.y, dtype=float)

    @cached_property
    def log_size(self) -> Array:
        """(R,) the offset: log exposure of counts, 0 for trials."""
        return np.zeros(self.y.size) if self.trials else np.log(self.size)

    @property
    def constant(self) -> Array:
        """(R,) what the likelihood holds beside its kernel: y log n - log y!, or the log binomial coefficient.

        It depends on how rows are merged: two rows that become one keep their kernel and change this.
        """
        if self.trials:
            return np.asarray(gammaln(self.size + 1) - gammaln(self.y + 1) - gammaln(self.size - self.y + 1))
        return np.asarray(self.y * np.log(self.size) - gammaln(self.y + 1))

    @property
    def average_log_rate(self) -> float:
        """Log of events over exposure, or the log odds of events in all trials."""
        return float(np.log(self.y.sum() / (self.size.sum() - self.y.sum() * self.trials)))


def standardisation(
    matrix: Array, own_unit: Array, *, weight: Array | None = None, centred: Array | None = None, ddof: int = 0
) -> tuple[Array, Array]:
    """(P,) centre and scale of every column: mean and standard deviation, by (R,) ``weight`` if it is given.

    Columns of ``own_unit`` (P,) keep theirs, scale 1; those not ``centred`` (P,), all if left out, keep their zero.
    """
    if not matrix.shape[1]:
        return np.zeros(0), np.ones(0)
    mean = np.average(matrix, axis=0, weights=weight)
    if weight is None:
        spread = matrix.std(axis=0, ddof=ddof)
    else:
        spread = np.sqrt(np.average((matrix - mean) ** 2, axis=0, weights=weight))
    centre = mean if centred is None else np.where(centred, mean, 0.0)
    return np.asarray(centre), np.where(own_unit, 1.0, spread)


def indicators(matrix: Array) -> Array:
    """(P,) which columns hold nothing but 0 and 1."""
    return np.asarray(np.isin(matrix, (0.0, 1.0)).all(axis=0))

"""How effects of homes over time follow from standard normals: independent periods, or a process that drifts.

A process of standard deviation σ and time scale τ days on cells of d days has correlation ρ = exp(-d / τ) from one
cell to the next: x_0 = σ e_0, x_t = ρ x_(t-1) + σ sqrt(1 - ρ²) e_t. Its precision is tridiagonal, with
1 / (σ² (1 - ρ²)) at both ends, 1 + ρ² times that between and -ρ times that beside the diagonal. Here it is written
through e, so that all unknowns stay standard normal whatever σ and τ are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from missingmodels.plan import Plan

Array = np.ndarray


@dataclass(frozen=True, kw_only=True)
class Process:
    """What a home's cells of time, T, have in common.

    A home has Q standard normals: one for each of its periods, the period of a cell being ``period`` (T,), that of its
    first day; or, where ``drifts`` is (T, T) and not None, one for each cell, which it takes to them. ``sector`` (T, K)
    takes the K standard normals that all homes share to the cells, no column where they share none.
    """

    period: Array
    drifts: Array | None
    sector: Array

    @classmethod
    def of(cls, plan: Plan, cells: int) -> Process | None:
        """The plan's, for so many cells; None where they are a home's independent periods and nothing is shared."""
        effects, days = plan.effects, plan.cell_days
        home, shared = effects.home_process == "drift", effects.sector_process == "drift"
        if not (home or shared or days != plan.frame.period_days):
            return None
        return cls(
            period=np.arange(cells) * days // plan.frame.period_days,
            drifts=drift(cells, days, effects.home_process_days) if home else None,
            sector=drift(cells, days, effects.sector_process_days) if shared else np.zeros((cells, 0)),
        )

    @classmethod
    def lasting(cls, plan: Plan, cells: int, days: float, sector: Array) -> Process:
        """A home's process of another time scale, beside what homes share in the plan's."""
        period = np.arange(cells) * plan.cell_days // plan.frame.period_days
        return cls(period=period, drifts=drift(cells, plan.cell_days, days), sector=sector)

    @cached_property
    def size(self) -> int:
        """Q."""
        return self.period.size if self.drifts is not None else int(self.period.max(initial=-1)) + 1

    @cached_property
    def _root(self) -> Array:
        """(T, Q) what takes a home's normals to its cells."""
        if self.drifts is not None:
            return self.drifts
        return (self.period[:, None] == np.arange(self.size)).astype(float)

    def of_home(self, normals: Array) -> Array:
        """(H, T, ...) of (H, Q, ...), in the same precision."""
        if self.drifts is None:
            return normals[:, self.period]
        return _product(self.drifts, normals)

    def to_home(self, values: Array) -> Array:
        """(H, Q, ...) of (H, T, ...): the transpose of ``of_home``."""
        return _product(self._root.T, values)

    def to_squares(self, values: Array) -> Array:
        """(H, Q, Q) of (H, T): the same on both sides of a matrix that has the values on its diagonal."""
        if self.drifts is None:
            out = np.zeros((values.shape[0], self.size, self.size))
            out[:, np.arange(self.size), np.arange(self.size)] = values @ self._root
            return out
        return np.asarray(np.matmul(self._root.T * values[:, None], self._root))


@dataclass(frozen=True, kw_only=True)
class Rotas:
    """Who is on shift: cells of a home, N, each of one cell of time and one rota, and what A adults add to them.

    Homes with fewer cells or adults have empty ones, of weight 0 in the last cell of time. ``time`` (H, N) is the cell
    of time of each, of T; ``weight`` (H, N, A) each adult's share of the hours; ``home`` and ``place`` (G,) where the
    normals of each adult stand.
    """

    time: Array
    times: int
    weight: Array
    home: Array
    place: Array

    @property
    def size(self) -> int:
        """A."""
        return int(self.weight.shape[2])

    @cached_property
    def _sums(self) -> csr_array:
        """Sparse (H * T, H * N) of ones."""
        homes, cells = self.time.shape
        group = np.arange(homes)[:, None] * self.times + self.time
        at = (group.ravel(), np.arange(group.size))
        return csr_array((np.ones(group.size), at), shape=(homes * self.times, homes * cells))

    def on_cells(self, values: Array) -> Array:
        """(H, N, ...) of (H, T, ...)."""
        return np.asarray(values[np.arange(len(self.time))[:, None], self.time])

    def over_time(self, values: Array) -> Array:
        """(H, T, ...) sums of (H, N, ...): the transpose of ``on_cells``."""
        flat = self._sums @ values.reshape(self.time.size, -1)
        return np.asarray(flat).reshape(len(self.time), self.times, *values.shape[2:])

    def of_adults(self, normals: Array) -> Array:
        """(H, N, ...) of (H, A, ...), in the same precision."""
        weight = self.weight.astype(normals.dtype, copy=False)
        out = np.matmul(weight, normals.reshape(*normals.shape[:2], -1))
        return np.asarray(out.reshape(*self.time.shape, *normals.shape[2:]))

    def to_adults(self, values: Array) -> Array:
        """(H, A, ...) of (H, N, ...): the transpose of ``of_adults``."""
        out = np.matmul(self.weight.transpose(0, 2, 1), values.reshape(*values.shape[:2], -1))
        return np.asarray(out.reshape(len(self.time), self.size, *values.shape[2:]))


def drift(cells: int, cell_days: float, scale_days: float) -> Array:
    """(T, T) lower triangular: a process of unit standard deviation from standard normals."""
    step = np.exp(-cell_days / scale_days)
    age = np.arange(cells)[:, None] - np.arange(cells)
    root = np.where(age >= 0, step ** np.maximum(age, 0), 0.0)
    root[:, 1:] *= np.sqrt(1 - step**2)
    return np.asarray(root)


def _product(matrix: Array, values: Array) -> Array:
    """(H, I, ...) of (I, J) and (H, J, ...), in the precision of the latter."""
    matrix = matrix.astype(values.dtype, copy=False)
    if values.ndim == 2:
        return np.asarray(values @ matrix.T)
    out = np.matmul(matrix, values.reshape(*values.shape[:2], -1))
    return np.asarray(out.reshape(values.shape[0], matrix.shape[0], *values.shape[2:]))

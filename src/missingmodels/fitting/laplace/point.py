"""Log joint density of data and unknowns at one point for given scales, and its gradient.

Unknowns are ``b`` (B + K,), the free coefficients and the K standard normals of a process that all homes share, and
``z`` (H, D), standard normal effects of each home: its own, then those of its periods or of its process, and of its
adults. A home has N cells: those of time, T, or finer ones of one rota each. The gradient
rests on m_r = a_i n_r exp(eta_r), a_i = E[u_i] given the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from missingmodels.fitting.exponential import exponential
from missingmodels.fitting.laplace.child import LAWS, ChildLaw
from missingmodels.fitting.laplace.data import Array, LaplaceData
from missingmodels.models.process import Process, Rotas

try:
    from missingmodels.fitting.laplace import kernels
except ImportError:  # no numba: the same sums by numpy, several times as slow
    kernels = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class Scales:
    """One value of the hyperparameters; which blocks are ``on`` is that of the priors, not of the value."""

    sigma_home: float
    sigma_period: float
    frailty_shape: float = float("nan")
    home_on: bool = True
    period_on: bool = True
    law: str = "gamma"
    further: Mapping[str, float] = field(default_factory=dict)
    sigma_sector: float = 0.0
    process: Process | None = None
    sigma_adult: float = 0.0
    rotas: Rotas | None = None

    @cached_property
    def child(self) -> ChildLaw:
        """The law of frailty; ``further`` holds what it has beside, or in place of, the shape."""
        values = {"frailty_shape": self.frailty_shape} | dict(self.further)
        return ChildLaw(self.law, {name: values[name] for name in LAWS[self.law]})

    def of_blocks(self, periods: int) -> Array:
        """(D,) standard deviation of each effect of a home."""
        size = periods if self.process is None else self.process.size
        own = [self.sigma_home] * self.home_on + [self.sigma_period] * (self.period_on * size)
        return np.array(own + [self.sigma_adult] * self._adults)

    @property
    def _adults(self) -> int:
        return 0 if self.rotas is None else self.rotas.size

    def effects(self, z: Array, periods: int) -> Array:
        """(H, T, ...) log rate of each home and period from (H, D, ...) standard normal effects; adults left out."""
        out = np.zeros((z.shape[0], periods, *z.shape[2:]))
        if self.home_on:
            out += self.sigma_home * z[:, :1]
        if self.period_on:
            own = z[:, self.home_on : z.shape[1] - self._adults]
            out += self.sigma_period * (own if self.process is None else self.process.of_home(own))
        return out

    def shared(self, b: Array) -> Array | float:
        """(T, ...) log rate of each cell that all homes share, from (B + K, ...) unknowns; 0 without."""
        if self.process is None or not self.process.sector.size:
            return 0.0
        root = (self.sigma_sector * self.process.sector).astype(b.dtype, copy=False)
        return np.asarray(root @ b[-root.shape[1] :])

    def log_rates(self, b: Array, z: Array, periods: int) -> Array:
        """(H, N, ...) log rate of each cell, of all that homes, adults and what all homes share add to it."""
        return self.on_cells(self.effects(z, periods) + self.shared(b), self.sigma_adult, z)

    def on_cells(self, of_time: Array, sigma_adult: Any, z: Array) -> Array:
        """(H, N, ...) of (H, T, ...), with what adults of (H, D, ...) standard normal effects add."""
        if self.rotas is None:
            return of_time
        of_adults = self.rotas.of_adults(z[:, z.shape[1] - self._adults :])
        return np.asarray(self.rotas.on_cells(of_time) + sigma_adult * of_adults)

    def over_time(self, values: Array) -> Array:
        """(H, T, ...) of (H, N, ...)."""
        return values if self.rotas is None else self.rotas.over_time(values)

    def to_shared(self, values: Array) -> Array:
        """(K, ...) of (T, ...): the transpose of ``shared``."""
        if self.process is None:
            return np.zeros((0, *values.shape[1:]))
        return np.asarray(self.sigma_sector * (self.process.sector.T @ values))

    def to_blocks(self, values: Array) -> Array:
        """(H, D, ...) of (H, N, ...): the transpose of ``log_rates`` without the standard deviations."""
        of_time = self.over_time(values)
        own = of_time if self.process is None else self.process.to_home(of_time)
        parts = [values.sum(axis=1, keepdims=True)] * self.home_on + [own] * self.period_on
        parts += [] if self.rotas is None else [self.rotas.to_adults(values)]
        return np.concatenate(parts, axis=1) if parts else np.zeros((values.shape[0], 0, *values.shape[2:]))

    def to_squares(self, values: Array) -> Array:
        """(H, D, D) of (H, N): the same on both sides of a matrix that has the values on its diagonal."""
        of_time = self.over_time(values)
        size = self.of_blocks(of_time.shape[1]).size
        out = np.zeros((values.shape[0], size, size))
        if self.rotas is not None:
            across = self.to_blocks(values[..., None] * self.rotas.weight)
            out[:, :, size - self._adults :] = across
            out[:, size - self._adults :] = across.transpose(0, 2, 1)
        if self.home_on:
            out[:, 0] = out[:, :, 0] = self.to_blocks(values)
        if self.period_on:
            last = size - self._adults
            at = np.arange(self.home_on, last)
            if self.process is None:
                out[:, at, at] = of_time
            else:
                out[:, self.home_on : last, self.home_on : last] = self.process.to_squares(of_time)
        return out


@dataclass(frozen=True, kw_only=True)
class Point:
    """Log joint density of data and unknowns at one point, without constants of the priors, and its gradient.

    ``share_now`` (C,) is E[u] given all rows, ``spread_now`` the square of its coefficient of variation; ``_before``
    the same given the rows before the window alone.
    """

    value: float
    b: Array
    z: Array
    gradient_b: Array
    gradient_z: Array
    rate: Array
    share_now: Array
    share_before: Array
    spread_now: Array
    spread_before: Array


def at_point(data: LaplaceData, scales: Scales, b: Array, z: Array) -> Point:
    """Log joint density and gradient."""
    effects = scales.log_rates(b, z, data.periods)
    own = b[: data.linear.size]
    rate = exponential(data.log_days + data.columns @ own + effects.ravel()[data.home_period])
    value, m, cells, *of_children = _frailty_sums(data, scales, rate)
    value += float(data.linear @ own + (data.cell_onsets * effects).sum() + data.offset_linear)
    away = (b - data.prior_mean) / data.prior_sd
    value -= 0.5 * float(away @ away + (z * z).sum())
    d = scales.of_blocks(data.periods)
    left = data.cell_onsets - cells.reshape(effects.shape)
    return Point(
        value=value,
        b=b,
        z=z,
        gradient_b=np.append(data.linear - m @ data.columns, scales.to_shared(scales.over_time(left).sum(axis=0)))
        - away / data.prior_sd,
        gradient_z=scales.to_blocks(left) * d - z,
        rate=rate,
        **dict(zip(("share_now", "share_before", "spread_now", "spread_before"), of_children, strict=True)),
    )


def _frailty_sums(
    data: LaplaceData, scales: Scales, rate: Array
) -> tuple[float, Array, Array, Array, Array, Array, Array]:
    """Sum of log L without its linear terms, (R,) m, (H * T,) sums of m, and (C,) shares and spreads of ``Point``."""
    if kernels is None or scales.law != "gamma":
        return _frailty_sums_of_any(data, scales, rate)
    k = scales.frailty_shape
    m, cells = np.empty(rate.size), np.zeros(data.homes * data.cells)
    share_now, share_before = np.ones(data.children), np.ones(data.children)
    value = kernels.frailty_sums(
        rate, data.before, data.conditional, data.row_starts, data.child_at, k,
        data.onsets_before, data.onsets_now, data.home_period, m, cells, share_now, share_before,
    )  # fmt: skip
    spreads = 1 / (k + data.onsets_before + data.onsets_now), 1 / (k + data.onsets_before)
    return value + data.gamma_part(k), m, cells, share_now, share_before, *spreads


def _frailty_sums_of_any(
    data: LaplaceData, scales: Scales, rate: Array
) -> tuple[float, Array, Array, Array, Array, Array, Array]:
    """The same for any law, by numpy."""
    density, share_now, spread_now = scales.child.moments(
        data.onsets_before + data.onsets_now, np.bincount(data.child, rate, data.children)
    )
    value, m = float(density.sum()), rate * share_now[data.child]
    share_before, spread_before = np.ones(data.children), np.ones(data.children)
    if data.conditional:
        known = np.bincount(data.child, np.where(data.before, rate, 0.0), data.children)
        density, share_before, spread_before = scales.child.moments(data.onsets_before, known)
        value -= float(density.sum())
        m -= np.where(data.before, rate * share_before[data.child], 0.0)
    cells = np.bincount(data.home_period, m, data.homes * data.cells)
    return value, m, cells, share_now, share_before, spread_now, spread_before

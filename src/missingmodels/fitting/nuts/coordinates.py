"""Coordinates in which the posterior of the onset model is near a standard normal, for the sampler.

Given the scales, and with the likelihood taken as quadratic around a mode, the posterior of the effects has a closed
form: a home's effect v with information I, score S and coupling C to the coefficients b has

    v / σ | b  ~  Normal(σ (S − C (b − b̂)) / (1 + σ² I), 1 / (1 + σ² I))

and a home's period likewise, without C. The standard normals of a process that all homes share stand with b. So v / σ
is that mean + ξ / √(1 + σ² I), ξ near a standard normal whatever σ is: non-centred where data are thin, centred where
they are rich, and by the right amount between (Papaspiliopoulos, Roberts and Sköld 2007, Stat. Sci. 22). A standard
deviation is sampled with a sign: v does not depend on it, and the sampler passes through 0. Coefficients are whitened
by the factor that is left for them. The map is a bijection with a
known Jacobian, so the draws are exact whatever the quadratic misses; only speed hangs on it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from missingmodels.fitting.laplace.data import Array, laplace_data
from missingmodels.fitting.nuts.density import (
    Columns,
    Onsets,
    Rows,
    Work,
    log_likelihood,
    placed,
    put_in,
    reordered,
    workplace,
)
from missingmodels.fitting.nuts.whitening import GUESS, SCALES, Map, whitening

if TYPE_CHECKING:
    from missingmodels.frame.design import Design
    from missingmodels.models.priors.law import PriorSet
    from missingmodels.models.process import Process


class Posterior:
    """The posterior of one design in whitened coordinates.

    Coordinates: B coefficients and K normals that all homes share, the scales that are not fixed, H homes, H * Q
    home-periods; ``size`` in all.
    """

    def __init__(self, design: Design, priors: PriorSet, process: Process | None = None) -> None:
        data = laplace_data(design, priors, 0 if process is None else process.sector.shape[1])
        self.columns, self.rows, self.onsets = placed(data)
        self.intercept, self.fixed, self.fixed_mean = data.intercept, data.fixed, data.fixed_mean
        self.homes, self.periods = data.homes, data.periods
        self.map = whitening(data, priors, process)
        self.coefficients = data.prior_sd.size
        scales = int((self.map.scale_at >= 0).sum())
        self.size = self.coefficients + scales + self.map.information.size + self.map.period_information.size

    def workplace(self) -> Work:
        """Room for one thread to work on."""
        return workplace(self.rows, self.homes * self.periods)

    def log_density(self, x: Array, work: Work) -> tuple[float, Array]:
        """Log density at coordinates (size,) and its gradient, constants left out; ``work`` is written on."""
        return _log_density(x, self.map, self.columns, self.rows, self.onsets, self.periods, work)

    def start(self, seed: int) -> Array:
        """(size,) a point to start a chain from: wider than the posterior where few numbers say much."""
        rng = np.random.default_rng(seed)
        x = rng.normal(size=self.size)
        for name, at in zip(SCALES, self.map.scale_at, strict=True):
            if at >= 0:
                guess = GUESS[name] * np.exp(rng.normal(0, 0.5))
                x[at] = np.log(guess) if name == "frailty_shape" else guess
        return x

    def values(self, x: Array) -> dict[str, Array]:
        """(..., ) natural values at coordinates (..., size), standardised columns' coefficients (..., P) among them."""
        at, lead = self.map, x.shape[:-1]
        b = at.centre + x[..., : self.coefficients] @ at.root.T
        sigma_home, sigma_period, shape, sigma_sector = (self._scale(x, i) for i in range(len(SCALES)))
        begin = self.size - at.period_information.size - at.information.size
        end = begin + at.information.size
        home, period = np.zeros((*lead, self.homes)), np.zeros((*lead, self.homes, self.periods))
        if at.information.size:
            score = at.score - (b - at.centre) @ at.coupling.T
            home = _effects(sigma_home[..., None], at.information, score, x[..., begin:end])
        if at.period_information.size:
            own = _effects(sigma_period[..., None], at.period_information, at.period_score, x[..., end:])
            period += own.reshape(*lead, self.homes, -1)[..., at.period_of]
        columns = self.coefficients - at.sector.shape[1]
        further: dict[str, Array] = {}
        if at.sector.size:
            shared = sigma_sector[..., None] * (b[..., columns:] @ at.sector.T)
            period += shared[..., None, :]
            further |= {"sigma_sector": np.abs(sigma_sector), "sector": shared}
        coefficients = np.broadcast_to(self.fixed_mean, (*lead, self.fixed.size)).copy()
        coefficients[..., ~self.fixed] = b[..., self.intercept is None : columns]
        return {
            "intercept": b[..., 0] if self.intercept is None else np.full(lead, self.intercept),
            "coefficients": coefficients,
            "sigma_home": np.abs(sigma_home),
            "sigma_period": np.abs(sigma_period),
            "frailty_shape": shape,
            "home": home,
            "home_period": period.reshape(*lead, -1),
            **further,
        }

    def _scale(self, x: Array, i: int) -> Array:
        at = self.map.scale_at[i]
        if at < 0:
            return np.full(x.shape[:-1], self.map.scale_value[i])
        return np.exp(x[..., at]) if SCALES[i] == "frailty_shape" else x[..., at]


def _effects(s: Array, information: Array, score: Array, xi: Array) -> Array:
    shrink = 1 / (1 + s * s * information)
    return np.asarray(s * (s * score * shrink + xi * np.sqrt(shrink)))


@reordered
def _log_density(
    x: Array, at: Map, columns: Columns, rows: Rows, onsets: Onsets, periods: int, work: Work
) -> tuple[float, Array]:
    gradient = np.zeros(x.size)
    free, homes = at.centre.size, at.information.size
    cells = at.period_information.size
    begin, sharing = x.size - cells - homes, at.sector.shape[1]
    own, home_count = free - sharing, onsets.cells.size // periods
    spans = cells // home_count
    scale, slope_scale = np.empty(4), np.zeros(4)
    total = 0.0
    for i in range(4):
        scale[i] = at.scale_value[i] if at.scale_at[i] < 0 else x[at.scale_at[i]]
        if i == 2 and at.scale_at[i] >= 0:
            scale[i] = math.exp(scale[i])
    away = np.zeros(free)
    for i in range(free):
        for j in range(free):
            away[i] += at.root[i, j] * x[j]
    b = at.centre + away
    score = at.score.copy()
    for h in range(homes):
        for j in range(free):
            score[h] -= at.coupling[h, j] * away[j]
    effects = np.zeros(onsets.cells.size)
    home_z, period_z = np.empty(homes), np.empty(cells)
    total += _forward(scale[0], at.information, score, x[begin : begin + homes], home_z)
    total += _forward(scale[1], at.period_information, at.period_score, x[begin + homes :], period_z)
    for h in range(homes):
        for t in range(periods):
            effects[h * periods + t] = scale[0] * home_z[h]
    if cells:
        for h in range(home_count):
            for t in range(periods):
                effects[h * periods + t] += scale[1] * period_z[h * spans + at.period_of[t]]
    shared = np.zeros(periods)
    if sharing:
        for t in range(periods):
            for k in range(sharing):
                shared[t] += at.sector[t, k] * b[own + k]
        for h in range(home_count):
            for t in range(periods):
                effects[h * periods + t] += scale[3] * shared[t]
    slope_b, slope_cell = np.empty(free), np.empty(effects.size)
    value, slope_k = log_likelihood(columns, rows, onsets, b[:own], effects, scale[2], slope_b[:own], slope_cell, work)
    if sharing:
        slope_shared = np.zeros(periods)
        for h in range(home_count):
            for t in range(periods):
                slope_shared[t] += slope_cell[h * periods + t]
        for t in range(periods):
            slope_scale[3] += slope_shared[t] * shared[t]
        for k in range(sharing):
            slope_b[own + k] = 0.0
            for t in range(periods):
                slope_b[own + k] += scale[3] * slope_shared[t] * at.sector[t, k]
    total += value
    slope_scale[2] = slope_k * scale[2]
    for i in range(free):
        shift = (b[i] - at.prior_mean[i]) / at.prior_sd[i]
        total -= 0.5 * shift * shift
        slope_b[i] -= shift / at.prior_sd[i]
    if homes:
        slope_home = np.zeros(homes)
        for h in range(homes):
            for t in range(periods):
                slope_home[h] += slope_cell[h * periods + t]
        by_z = np.empty(homes)
        mine = gradient[begin : begin + homes]
        slope_scale[0] = _backward(
            scale[0], at.information, score, x[begin : begin + homes], home_z, slope_home, by_z, mine
        )
        for h in range(homes):
            pull = scale[0] / (1 + scale[0] * scale[0] * at.information[h]) * by_z[h]
            for j in range(free):
                slope_b[j] -= pull * at.coupling[h, j]
    if cells:
        by_z, slope_period = np.empty(cells), np.zeros(cells)
        for h in range(home_count):
            for t in range(periods):
                slope_period[h * spans + at.period_of[t]] += slope_cell[h * periods + t]
        slope_scale[1] = _backward(
            scale[1], at.period_information, at.period_score, x[begin + homes :], period_z, slope_period, by_z,
            gradient[begin + homes :],
        )  # fmt: skip
    for i in range(4):
        if at.scale_at[i] >= 0:
            shift = (x[at.scale_at[i]] - at.scale_mean[i]) / at.scale_sd[i]
            total -= 0.5 * shift * shift
            gradient[at.scale_at[i]] = slope_scale[i] - shift / at.scale_sd[i]
    for i in range(free):
        for j in range(free):
            gradient[j] += at.root[i, j] * slope_b[i]
    return total, gradient


@put_in
def _forward(s: float, information: Array, score: Array, xi: Array, z: Array) -> float:
    """Standardised effects, and the log of the Jacobian and of their standard normal density."""
    total, product = 0.0, 1.0
    for i in range(z.size):
        shrink = 1 / (1 + s * s * information[i])
        z[i] = s * score[i] * shrink + xi[i] * math.sqrt(shrink)
        total -= 0.5 * z[i] * z[i]
        product *= shrink
        # a logarithm now and then: it costs as much as all the rest
        if product < 1e-200:
            total += 0.5 * math.log(product)
            product = 1.0
    return total + 0.5 * math.log(product)


@put_in
def _backward(
    s: float, information: Array, score: Array, xi: Array, z: Array, slope: Array, by_z: Array, gradient: Array
) -> float:
    """The slope in s; those in ξ are written over ``gradient``, those in z over ``by_z``."""
    total = 0.0
    for i in range(z.size):
        shrink = 1 / (1 + s * s * information[i])
        root = math.sqrt(shrink)
        by_z[i] = s * slope[i] - z[i]
        gradient[i] = by_z[i] * root
        by_s = score[i] * shrink * (2 * shrink - 1) - xi[i] * root * shrink * s * information[i]
        total += slope[i] * z[i] + by_z[i] * by_s - s * information[i] * shrink
    return total

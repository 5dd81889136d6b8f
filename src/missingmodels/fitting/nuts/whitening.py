"""The quadratic that the whitened coordinates are laid about: what the data say of each effect near one mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from missingmodels.fitting.exponential import exponential
from missingmodels.fitting.laplace.data import Array, LaplaceData
from missingmodels.fitting.laplace.mode import climb, start
from missingmodels.fitting.laplace.point import Scales

if TYPE_CHECKING:
    from missingmodels.models.priors.law import PriorSet
    from missingmodels.models.process import Process

SCALES = ("sigma_home", "sigma_period", "frailty_shape", "sigma_sector")
# Where the map is laid; only speed hangs on it.
GUESS = {"sigma_home": 0.4, "sigma_period": 0.2, "frailty_shape": 0.4, "sigma_sector": 0.2}
TOLERANCE = 0.03


class Map(NamedTuple):
    """The quadratic: ``centre`` (B,), ``root`` (B, B), ``prior_mean`` and ``prior_sd`` of the coefficients, and of the
    K standard normals of what all homes share after them; the homes' ``information``, ``score`` (H,) and ``coupling``
    (H, B), empty if homes have no effect; those of the periods (H * Q,), empty likewise. ``period_of`` (T,) period of
    each cell, ``sector`` (T, K) what takes the K normals to the cells. ``scale_at`` (4,) place of each scale among the
    coordinates, −1 for a fixed one, and the ``scale_value`` that it then has; ``scale_mean``, ``scale_sd`` of its
    normal prior, for the shape that of log k.
    """

    centre: Array
    root: Array
    prior_mean: Array
    prior_sd: Array
    information: Array
    score: Array
    coupling: Array
    period_information: Array
    period_score: Array
    period_of: Array
    sector: Array
    scale_at: Array
    scale_value: Array
    scale_mean: Array
    scale_sd: Array


def whitening(data: LaplaceData, priors: PriorSet, process: Process | None = None) -> Map:
    """The map of a design, from one mode at guessed scales. A mover counts in each home as if alone there.

    ``process`` is how homes change where that is more than independent cells; one that drifts in each home has no map.

    Raises FloatingPointError or numpy's LinAlgError where the posterior has no usable mode.
    """
    shared = process is not None and process.sector.size > 0
    held = SCALES if shared else SCALES[:-1]
    free = [name for name in held if getattr(priors, name).law != "fixed"]
    value = {name: GUESS[name] if name in free else float(getattr(priors, name).mean) for name in held}
    value.setdefault("sigma_sector", 0.0)
    on = {name: name in free or value[name] > 0 for name in ("sigma_home", "sigma_period")}
    scales = Scales(
        sigma_home=value["sigma_home"],
        sigma_period=value["sigma_period"],
        frailty_shape=value["frailty_shape"],
        home_on=on["sigma_home"],
        period_on=on["sigma_period"],
        sigma_sector=value["sigma_sector"],
        process=process,
    )
    mode = climb(data, scales, *start(data, scales), tolerance=TOLERANCE)
    effects = scales.effects(mode.z, data.periods) + scales.shared(mode.b)
    rate = exponential(data.log_days + data.columns @ mode.b[: data.linear.size] + effects.ravel()[data.home_period])
    slope, cells, home, coupling = _curvature(data, rate, scales.frailty_shape)
    coupling = np.concatenate([coupling, scales.to_shared(cells.T).T], axis=1)
    period_of = np.arange(data.periods) if process is None else process.period
    period, period_slope = (_by_period(values, period_of) for values in (cells, slope))
    v = value["sigma_home"] * mode.z[:, 0] if scales.home_on else np.zeros(data.homes)
    w = (value["sigma_period"] * mode.z[:, scales.home_on :]).ravel() if scales.period_on else np.zeros(period.size)
    # the factor's last block is what is left for coefficients once homes are taken out, movers beside them
    left = solve_triangular(mode.factor.schur, np.eye(len(mode.factor.schur))[:, : mode.b.size], lower=True)
    root = np.linalg.cholesky(left.T @ left)
    place = np.cumsum([name in free for name in SCALES]) - 1 + mode.b.size
    return Map(
        centre=mode.b,
        root=np.ascontiguousarray(root),
        prior_mean=data.prior_mean,
        prior_sd=data.prior_sd,
        information=home[: data.homes * scales.home_on],
        score=(slope.sum(axis=1) + home * v)[: data.homes * scales.home_on],
        coupling=np.ascontiguousarray(coupling),
        period_information=period[: period.size * scales.period_on],
        period_score=(period_slope + period * w)[: period.size * scales.period_on],
        period_of=period_of,
        sector=np.zeros((data.periods, 0)) if process is None else process.sector,
        scale_at=np.where([name in free for name in SCALES], place, -1),
        scale_value=np.array([value[name] for name in SCALES]),
        scale_mean=np.array([0.0, 0.0, priors.frailty_shape.mean, 0.0]),
        scale_sd=np.array([float(getattr(priors, name).sd) for name in SCALES]),
    )


def _curvature(data: LaplaceData, rate: Array, k: float) -> tuple[Array, Array, Array, Array]:
    """Slope (H, T) of homes' cells, their information, that of homes (H,), coupling (H, B).

    Child i takes g g' / (k + Y) from the Poisson information, g the sum of its rows' weights; see ``laplace_gaussian``.
    """
    size, homes, cells = data.children, data.homes, data.homes * data.periods
    old = rate * ~data.now
    old_shape = k + data.onsets_before
    shape = old_shape + data.onsets_now
    now = rate * (shape / (k + np.bincount(data.child, rate, size)))[data.child]
    old *= (old_shape / (k + np.bincount(data.child, old, size)))[data.child]
    weight, home = now - old, data.home_period // data.periods
    pairs, at = np.unique(data.child * homes + home, return_inverse=True)
    pair_child, pair_home = pairs // homes, pairs % homes
    period = np.bincount(data.home_period, weight, cells)
    information = np.bincount(home, weight, homes)
    coupling = _sums(home, weight, data.columns, homes)
    for own, inverse in ((now, 1 / shape), (old, -1 / old_shape)):
        of_b, of_pair = _sums(data.child, own, data.columns, size), np.bincount(at, own, pairs.size)
        information -= np.bincount(pair_home, of_pair**2 * inverse[pair_child], homes)
        coupling -= _sums(pair_home, of_pair * inverse[pair_child], of_b[pair_child], homes)
    period = period.reshape(data.cell_onsets.shape)
    return data.cell_onsets - period, np.maximum(period, 0), np.maximum(information, 0), coupling


def _by_period(values: Array, period_of: Array) -> Array:
    """(H * Q,) sums of (H, T) over the cells of each period."""
    starts = np.searchsorted(period_of, np.arange(period_of.max(initial=-1) + 1))
    return np.add.reduceat(values, starts, axis=1).ravel() if starts.size else np.zeros(0)


def _sums(group: Array, weight: Array, columns: Array, groups: int) -> Array:
    """(groups, B) sums of weighted columns."""
    out = np.zeros((groups, columns.shape[1]))
    for i, column in enumerate(columns.T):
        out[:, i] = np.bincount(group, weight * column, groups)
    return out

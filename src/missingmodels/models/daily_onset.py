"""The log-linear daily models in PyMC: a kernel whose time scale is estimated, a continuous home process, or both.

``log λ = α + x'β + v_h + log u_i``, and by what the design holds:

* ``+ δ K(τ)``, K = Σ over co-residents' onsets up to L days back of exp(-lag / τ): lags are counted once, so that a
  step of the sampler multiplies a sparse (rows, lags) array by L numbers;
* ``+ w`` of home and 28-day period (independent), or ``+ v_h(t)``, Ornstein-Uhlenbeck with the autocovariance
  σ² exp(-|t - t'| / ℓ) at the cells of a grid, constant within one.

The gamma frailty is integrated out exactly, as in the onset model.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from missingmodels.frame.daily import DailyDesign
from missingmodels.models.daily_priors import KERNEL, PROCESS, DailyPriors
from missingmodels.models.likelihood import (
    Data,
    Tensor,
    Tensors,
    by_child,
    integrated_frailty,
    linear_term,
    log_rate,
    sums_of,
)
from missingmodels.models.onset import scalar


def scalar_names(daily: DailyDesign) -> tuple[str, ...]:
    """Names of the scalar parameters, fixed ones included."""
    kernel = KERNEL if daily.peers is not None else ()
    period = PROCESS if daily.knot is not None else ("sigma_period",)
    return ("intercept", "sigma_home", *period, "frailty_shape", *kernel)


def cells_of(daily: DailyDesign) -> tuple[np.ndarray, int]:
    """(R,) cell of a home in time, counted home by home, and the number of cells of one home."""
    steps = daily.design.periods if daily.knot is None else daily.knots
    step = daily.design.period if daily.knot is None else daily.knot
    return daily.design.home * steps + step, steps


def onset_shape(daily: DailyDesign, priors: DailyPriors) -> Hashable:
    """What the compiled model depends on; other data of one shape are only swapped in."""
    _, _, fixed = priors.base.of_columns(daily.design.names, daily.design.scale)
    laws = tuple((name, p.law, p.mean, p.sd) for name in scalar_names(daily) for p in [priors[name]])
    memory = daily.peers.memory if daily.peers is not None else 0
    steps = (daily.knots, daily.grid_days) if daily.knot is not None else (daily.design.periods, 0)
    conditional = bool(daily.design.before_window.any())
    return ("daily onset", int((~fixed).sum()), len(daily.design.home_ids), steps, memory, conditional, laws)


def onset_data(daily: DailyDesign, priors: DailyPriors) -> Data:
    """The arrays that the model reads."""
    design = daily.design
    mean, sd, fixed = priors.base.of_columns(design.names, design.scale)
    columns = design.standardised
    offset = columns[:, fixed] @ mean[fixed]
    children, homes = len(design.child_ids), len(design.home_ids)
    cell, steps = cells_of(daily)
    now = ~design.before_window
    onsets = np.where(now, design.onsets, 0)
    with np.errstate(divide="ignore"):
        log_days = np.log(design.days)
    held = {
        "columns": np.ascontiguousarray(columns[:, ~fixed]),
        "log_days": log_days + offset,
        "child": design.child,
        "home": design.home,
        "cell": cell,
        "child_onsets": np.bincount(design.child, onsets, children),
        **sums_of(onsets, columns[:, ~fixed], offset, {"home": (design.home, homes), "cell": (cell, homes * steps)}),
        "prior_mean": mean[~fixed],
        "prior_sd": sd[~fixed],
    }
    if design.before_window.any():
        before = np.where(now, 0, design.onsets)
        held |= {"now": now.astype(float), "child_onsets_before": np.bincount(design.child, before, children)}
    if daily.peers is not None:
        lags = daily.peers
        held |= {"lag_row": lags.row, "lag": lags.lag - 1, "lag_weight": lags.weight}
        held["lag_onsets"] = np.bincount(lags.lag - 1, lags.weight * onsets[lags.row], lags.memory)
    return held


def build_onset_model(daily: DailyDesign, priors: DailyPriors) -> pm.Model:
    """The PyMC model of a kernel or a continuous home process.

    Free variables: ``intercept``, ``coefficients`` of the standardised columns, the scales (half-normal ones with a
    sign, as in the onset model), ``frailty_shape``, ``kernel_days`` (τ) and ``peer_kernel`` (δ), ``process_days`` (ℓ),
    and standard normal ``home_z`` (H,) and ``cell_z`` (H * steps,). The likelihood is a potential named ``onset``.
    """
    design = daily.design
    _, _, fixed = priors.base.of_columns(design.names, design.scale)
    _, steps = cells_of(daily)
    homes = len(design.home_ids)
    with pm.Model() as model:
        data = {name: pm.Data(name, values) for name, values in onset_data(daily, priors).items()}
        free = {name: scalar(name, priors[name]) for name in scalar_names(daily)}
        beta = pm.Normal("coefficients", data["prior_mean"], data["prior_sd"], shape=int((~fixed).sum()))
        home = free["sigma_home"] * pm.Normal("home_z", 0, 1, shape=homes)
        z = pm.Normal("cell_z", 0, 1, shape=homes * steps)
        if daily.knot is None:
            cell = free["sigma_period"] * z
        else:
            factor = drift_factor(steps, daily.grid_days, free["process_days"])
            cell = (free["sigma_process"] * (z.reshape((homes, steps)) @ factor.T)).ravel()
        effects = {"home": home, "cell": cell}
        log_n_rate = log_rate(data, free["intercept"], beta, effects)
        linear = linear_term(data, data["child_onsets"].sum(), free["intercept"], beta, effects)
        if daily.peers is not None:
            fading = pt.exp(-np.arange(1.0, daily.peers.memory + 1) / free["kernel_days"])
            log_n_rate = log_n_rate + free["peer_kernel"] * by_row(data, "lag", fading, like=log_n_rate)
            linear = linear + free["peer_kernel"] * pt.dot(data["lag_onsets"], fading)
        pm.Potential("onset", linear + _frailty_term(data, pt.exp(log_n_rate), free["frailty_shape"]))
    return model


def by_row(data: Tensors, name: str, fading: Tensor, *, like: Tensor) -> Tensor:
    """(R,) sum of the weights behind each row, each faded by its lag."""
    return pt.inc_subtensor(pt.zeros_like(like)[data[f"{name}_row"]], data[f"{name}_weight"] * fading[data[name]])


def drift_factor(steps: int, grid_days: int, process_days: Tensor) -> Tensor:
    """(T, T) lower triangular factor of the correlation exp(-|t - t'| / ℓ) at steps of a grid: exact, for it is AR(1).

    Row t is the path φ^(t-s) of step s's innovation, of standard deviation √(1 - φ²), and of the stationary start.
    """
    apart = np.subtract.outer(np.arange(steps), np.arange(steps))
    path = pt.exp(-np.arange(steps) * grid_days / process_days)[np.maximum(apart, 0)]
    innovation = pt.sqrt(-pt.expm1(-2 * grid_days / process_days))
    start = np.arange(steps) == 0
    return path * np.tri(steps) * pt.switch(start, 1.0, innovation)


def _frailty_term(data: Tensors, rate: Tensor, k: Tensor) -> Tensor:
    """Σ_i log L_i of section 2 without Σ y η."""
    onsets = data["child_onsets"]
    if "now" not in data:
        return integrated_frailty(k, k, onsets, by_child(rate, data)).sum()
    shape = k + data["child_onsets_before"]
    known = k + by_child(rate * (1 - data["now"]), data)
    return integrated_frailty(shape, known, onsets, by_child(rate * data["now"], data)).sum()

"""What is reported of a daily model: draws on the scale of the data, effects of peers in plain numbers, a sentence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from missingmodels.fitting.drawn import LEAD
from missingmodels.fitting.marginal import child_sums, integrated_frailty
from missingmodels.frame.daily import DailyDesign
from missingmodels.models.daily_hawkes import HAWKES_SCALARS
from missingmodels.models.daily_onset import cells_of, scalar_names
from missingmodels.models.daily_priors import POSITIVE, DailyPriors

BLOCK = 4_000_000  # numbers worked on at once
WEEK = np.arange(1.0, 8.0)
# Follow from the others, so the gate has judged them already.
DERIVED = ("half_life_days", "peer_ratio", "peer_ratio_week", "total_branching")


def natural_onset(daily: DailyDesign, priors: DailyPriors, held: xr.Dataset) -> xr.Dataset:
    """Draws by chain of a log-linear daily model: raw coefficients, scales without sign, effects themselves."""
    flat = flat_scalars(scalar_names(daily), priors, held)
    flat |= raw_coefficients(daily, priors, held, flat["intercept"])
    homes = len(daily.design.home_ids)
    _, steps = cells_of(daily)
    z = stacked(held, "cell_z").reshape(-1, homes, steps)
    if daily.knot is None:
        cell = flat["sigma_period"][:, None, None] * z
    else:
        cell = flat["sigma_process"][:, None, None] * drifted(z, daily.grid_days / flat["process_days"])
    effects = {"home": flat["sigma_home"][:, None] * stacked(held, "home_z"), "home_period": cell}
    return by_chain(daily, without_sign(flat) | effects | peer_ratios(daily, flat), held)


def natural_hawkes(daily: DailyDesign, priors: DailyPriors, held: xr.Dataset) -> xr.Dataset:
    """The same of a self- and cross-exciting intensity, with the children's ``frailty`` (C,), which is sampled."""
    flat = flat_scalars(HAWKES_SCALARS, priors, held)
    flat |= raw_coefficients(daily, priors, held, flat["intercept"])
    shape = (-1, len(daily.design.home_ids), daily.design.periods)
    log_frailty = flat["frailty_sd_log"][:, None] * stacked(held, "child_z") - flat["frailty_sd_log"][:, None] ** 2 / 2
    effects = {
        "home": flat["sigma_home"][:, None] * stacked(held, "home_z"),
        "home_period": flat["sigma_period"][:, None, None] * stacked(held, "cell_z").reshape(shape),
        "frailty": np.exp(log_frailty),
    }
    out = without_sign(flat) | effects
    out |= {"total_branching": out["own_branching"] + out["peer_branching"]}
    out |= {"half_life_days": np.log(2) * out["kernel_days"]}
    return by_chain(daily, out, held)


def flat_scalars(names: tuple[str, ...], priors: DailyPriors, held: xr.Dataset) -> dict[str, np.ndarray]:
    """(S,) draws of every scalar, fixed ones included, with the sign that the sampler gave them."""
    draws = held.sizes["chain"] * held.sizes["draw"]
    return {
        name: np.full(draws, priors[name].mean) if priors[name].law == "fixed" else stacked(held, name)
        for name in names
    }


def raw_coefficients(
    daily: DailyDesign, priors: DailyPriors, held: xr.Dataset, intercept: np.ndarray
) -> dict[str, np.ndarray]:
    """``intercept`` (S,) and ``coefficients`` (S, P) of the columns as they are."""
    mean, _, fixed = priors.base.of_columns(daily.design.names, daily.design.scale)
    values = np.broadcast_to(mean, (intercept.size, mean.size)).copy()
    if (~fixed).any():
        values[:, ~fixed] = stacked(held, "coefficients")
    raw_intercept, raw = daily.design.to_raw(intercept, values)
    return {"intercept": raw_intercept, "coefficients": raw}


def drifted(z: np.ndarray, step: np.ndarray) -> np.ndarray:
    """(S, H, T) paths of unit variance from (S, H, T) innovations; ``step`` (S,) is Δ / ℓ. By its transitions."""
    out = z.copy()
    keep, fresh = np.exp(-step)[:, None], np.sqrt(-np.expm1(-2 * step))[:, None]
    for t in range(1, z.shape[2]):
        out[:, :, t] = keep * out[:, :, t - 1] + fresh * z[:, :, t]
    return out


def without_sign(flat: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """(S, …) draws by name, scales that were sampled with a sign by their size."""
    return {name: np.abs(v) if name.startswith("sigma_") or name in POSITIVE else v for name, v in flat.items()}


def peer_ratios(daily: DailyDesign, flat: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """(S,) rate ratios: of one unit of a column; of a kernel the day after one onset, and a week's geometric mean."""
    if daily.peers is None:
        return {"peer_ratio": np.exp(flat["coefficients"][:, daily.design.names.index(daily.exposure)])}
    tau, delta = flat["kernel_days"][:, None], flat["peer_kernel"]
    fading = np.exp(-WEEK / tau)
    return {
        "half_life_days": np.log(2) * tau[:, 0],
        "peer_ratio": np.exp(delta * fading[:, 0]),
        "peer_ratio_week": np.exp(delta * fading.mean(axis=1)),
    }


def children_of_hawkes(daily: DailyDesign, draws: xr.Dataset) -> dict[str, np.ndarray]:
    """``log_density`` (S, C) of each child's rows, Σ y log λ − n λ, given its frailty."""
    design = daily.design
    if daily.own is None or daily.peers is None:
        raise ValueError("no onsets by lag")
    flat = {str(name): flattened(values) for name, values in draws.data_vars.items()}
    lags, rows = np.arange(1, daily.own.memory + 1), design.onsets.size
    cell, _ = cells_of(daily)
    density = []
    for start in range(0, flat["intercept"].size, step := max(1, BLOCK // rows)):
        part = slice(start, start + step)
        eta = flat["intercept"][part, None] + flat["coefficients"][part] @ design.matrix.T
        eta += flat["home"][part][:, design.home] + np.log(flat["frailty"][part])[:, design.child]
        eta += flat["home_period"][part].reshape(eta.shape[0], -1)[:, cell]
        rate = np.exp(eta, out=eta)
        for i, tau in enumerate(flat["kernel_days"][part]):
            share = np.exp(-lags / tau)
            share /= share.sum()
            rate[i] += flat["own_branching"][start + i] * daily.own.exposure(share, rows)
            rate[i] += flat["peer_branching"][start + i] * daily.peers.exposure(share, rows)
        density.append(
            child_sums(design.onsets * np.log(rate) - design.days * rate, design.child, len(design.child_ids))
        )
    return {"log_density": np.concatenate(density)}


def children_of_onset(daily: DailyDesign, draws: xr.Dataset, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """``log_density`` (S, C), log L_i of section 2, and ``frailty`` (S, C) drawn given the rest."""
    design = daily.design
    children = len(design.child_ids)
    now = ~design.before_window
    y_now, y_before = (np.bincount(design.child, design.onsets * part, children) for part in (now, ~now))
    flat = {str(name): flattened(values) for name, values in draws.data_vars.items()}
    cell, _ = cells_of(daily)
    density, frailty = [], []
    step = max(1, BLOCK // design.onsets.size)
    for start in range(0, flat["intercept"].size, step):
        part = slice(start, start + step)
        eta = flat["intercept"][part, None] + flat["coefficients"][part] @ design.matrix.T
        eta += flat["home"][part][:, design.home]
        eta += flat["home_period"][part].reshape(eta.shape[0], -1)[:, cell]
        if daily.peers is not None:
            lags = np.arange(1, daily.peers.memory + 1)
            exposure = [
                daily.peers.exposure(np.exp(-lags / tau), design.onsets.size) for tau in flat["kernel_days"][part]
            ]
            eta += flat["peer_kernel"][part, None] * np.array(exposure)
        rate = design.days * np.exp(eta)
        k = flat["frailty_shape"][part, None]
        before, after = (child_sums(rate * which, design.child, children) for which in (~now, now))
        linear = child_sums(np.where(now, design.onsets, 0) * eta, design.child, children)
        density.append(linear + integrated_frailty(k + y_before, k + before, y_now, after))
        frailty.append(rng.gamma(k + y_before + y_now) / (k + before + after))
    return {"log_density": np.concatenate(density), "frailty": np.concatenate(frailty)}


def stacked(held: xr.Dataset, name: str) -> np.ndarray:
    """(S, …) draws, chains one after the other."""
    return flattened(held[name])


def flattened(values: xr.DataArray) -> np.ndarray:
    """(S, …) the same of one variable."""
    array = values.transpose(*LEAD, ...).to_numpy()
    return np.asarray(array.reshape(-1, *array.shape[2:]))


def by_chain(daily: DailyDesign, values: Mapping[str, np.ndarray], held: xr.Dataset) -> xr.Dataset:
    """The same draws by chain and draw, under labels."""
    sizes = (held.sizes["chain"], held.sizes["draw"])
    dims = {"coefficients": ("column",), "home": ("home_index",), "home_period": ("home_index", "step")}
    dims |= {"log_density": ("child",), "frailty": ("child",)}
    labels = {"column": daily.design.names, "home_index": daily.design.home_ids, "child": daily.design.child_ids}
    shaped = {
        name: ((*LEAD, *dims.get(name, ())), v.reshape(*sizes, *v.shape[1:])) for name, v in values.items() if v.size
    }
    used = {dim for names, _ in shaped.values() for dim in names}
    return xr.Dataset(shaped, coords={k: np.array(v, dtype=str) for k, v in labels.items() if k in used})


def gate_view(draws: xr.Dataset) -> xr.Dataset:
    """What the gate judges: all that was sampled, each once. Steps of a home and children are the many effects."""
    kept = draws.drop_vars([*DERIVED, "log_density", "frailty"], errors="ignore")
    if "frailty" in draws:
        many = np.concatenate([draws["home"].to_numpy(), np.log(draws["frailty"].to_numpy())], axis=-1)
        kept = kept.drop_vars(["home", "home_index"]).assign(home=((*LEAD, "effect"), many))
    return kept.assign(home_period=kept["home_period"].stack(cell=("home_index", "step")).reset_index("cell"))

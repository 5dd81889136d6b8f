"""What is reported of a daily model: effects by home and step, effects of peers in plain numbers, and by child."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from missingmodels.fitting.drawn import LEAD, labelled, unlabelled
from missingmodels.fitting.marginal import child_sums, integrated_frailty
from missingmodels.frame.daily import DailyDesign
from missingmodels.models.daily_terms import Excitation
from missingmodels.models.model import Model

BLOCK = 4_000_000  # numbers worked on at once
WEEK = np.arange(1.0, 8.0)
# Follow from the others, so the gate has judged them already.
DERIVED = ("half_life_days", "peer_ratio", "peer_ratio_week", "total_branching")


def natural_daily(model: Model, held: xr.Dataset) -> xr.Dataset:
    """Draws by chain: raw coefficients, scales without sign, effects themselves, ``home_period`` (H, steps)."""
    daily = model.design
    assert isinstance(daily, DailyDesign)
    flat = model.natural(unlabelled(held)[0])
    flat["home_period"] = flat["home_period"].reshape(-1, len(daily.home_ids), daily.steps)
    flat |= _peer_ratios(daily, flat) if daily.kind != "hawkes" else {}
    dims = {"coefficients": ("column",), "home": ("home_index",), "home_period": ("home_index", "step")}
    dims["frailty"] = ("child",)
    labels = {"column": daily.names, "home_index": daily.home_ids, "child": daily.child_ids}
    return labelled({name: v for name, v in flat.items() if v.size}, held.sizes["chain"], dims, labels)


def _peer_ratios(daily: DailyDesign, flat: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """(S,) rate ratios: of one unit of a column; of a kernel the day after one onset, and a week's geometric mean."""
    if daily.peers is None:
        return {"peer_ratio": np.exp(flat["coefficients"][:, daily.names.index(daily.exposure)])}
    tau, delta = flat["kernel_days"][:, None], flat["peer_kernel"]
    fading = np.exp(-WEEK / tau)
    return {"peer_ratio": np.exp(delta * fading[:, 0]), "peer_ratio_week": np.exp(delta * fading.mean(axis=1))}


def children(model: Model, draws: xr.Dataset, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """``log_density`` (S, C) of each child's rows and, where it is integrated out, ``frailty`` (S, C) given the rest.

    The density is log L_i of section 2, or given a frailty that is sampled Σ y log λ − n λ.
    """
    daily = model.design
    assert isinstance(daily, DailyDesign)
    values = dict(unlabelled(draws)[0])
    values["home_period"] = values["home_period"].reshape(len(values["home_period"]), -1)
    step = max(1, BLOCK // daily.onsets.size)
    of = _excited if daily.kind == "hawkes" else _integrated
    parts = [of(model, daily, values, slice(at, at + step), rng) for at in range(0, values["intercept"].size, step)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _excited(
    model: Model, daily: DailyDesign, values: Mapping[str, np.ndarray], part: slice, _: np.random.Generator
) -> dict[str, np.ndarray]:
    assert isinstance(model.likelihood, Excitation)
    rate = np.exp(model.log_rate(values, part, offset=False)) + model.likelihood.excited(values, daily, part)
    kernel = daily.onsets * np.log(rate) - daily.days * rate
    return {"log_density": child_sums(kernel, daily.child, len(daily.child_ids))}


def _integrated(
    model: Model, daily: DailyDesign, values: Mapping[str, np.ndarray], part: slice, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    size, now = len(daily.child_ids), ~daily.before_window
    y_now, y_before = (np.bincount(daily.child, daily.onsets * rows, size) for rows in (now, ~now))
    eta = model.log_rate(values, part, offset=False)
    rate, k = daily.days * np.exp(eta), values["frailty_shape"][part, None]
    before, after = (child_sums(rate * rows, daily.child, size) for rows in (~now, now))
    linear = child_sums(daily.counted * eta, daily.child, size)
    return {
        "log_density": linear + integrated_frailty(k + y_before, k + before, y_now, after),
        "frailty": rng.gamma(k + y_before + y_now) / (k + before + after),
    }


def gate_view(draws: xr.Dataset) -> xr.Dataset:
    """What the gate judges: all that was sampled, each once. Steps of a home and children are the many effects."""
    kept = draws.drop_vars([*DERIVED, "log_density", "frailty"], errors="ignore")
    if "frailty" in draws:
        many = np.concatenate([draws["home"].to_numpy(), np.log(draws["frailty"].to_numpy())], axis=-1)
        kept = kept.drop_vars(["home", "home_index"]).assign(home=((*LEAD, "effect"), many))
    return kept.assign(home_period=kept["home_period"].stack(cell=("home_index", "step")).reset_index("cell"))

"""NUTS by nutpie on the PyMC model, compiled once for each model shape of a process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import nutpie
import xarray as xr

from missingmodels.fitting.threads import usable_cores
from missingmodels.frame.design import Design
from missingmodels.models.onset import (
    NO_EFFECTS,
    RICH,
    build_model,
    expected_onsets,
    model_data,
    model_shape,
    scales_in,
)
from missingmodels.models.priors import PriorSet
from missingmodels.plan import Effects, Sampling

EFFECT_SCALES = (("home", "sigma_home"), ("home_period", "sigma_period"), ("peer_slope", "sigma_peer_slope"))


TARGET_ACCEPT = 0.92  # of models whose scales and effects make a funnel
_COMPILED: dict[Hashable, Any] = {}
_LOCK = threading.Lock()


def compiled_once(shape: Hashable, build: Callable[[], Any], data: Mapping[str, np.ndarray]) -> tuple[Any, float]:
    """The compiled model of a shape with these data in it, and the seconds spent compiling (0 if it was there)."""
    with _LOCK:
        start, fresh = time.perf_counter(), shape not in _COMPILED
        if fresh:
            _COMPILED[shape] = nutpie.compile_pymc_model(build(), backend="numba")
        seconds = time.perf_counter() - start if fresh else 0.0
        return _COMPILED[shape].with_data(**data), seconds


def compiled_model(design: Design, priors: PriorSet, effects: Effects = NO_EFFECTS) -> tuple[Any, float]:
    """The compiled onset model with this design's data in it, and the seconds spent compiling."""
    given = (design, priors, effects)
    return compiled_once(model_shape(*given), lambda: build_model(*given), model_data(*given))


def draw(
    compiled: Any, settings: Sampling, *, seed: int, progress: Callable[[int, int], None] | None = None
) -> tuple[xr.DataTree, float]:
    """Draws of a compiled posterior's free variables, and the seconds that they took.

    ``progress`` is called with draws finished and in all, warm-up included. An interrupt (Ctrl-C) stops the chains and
    is passed on; a part of the draws is never returned.
    """
    start = time.perf_counter()
    running = nutpie.sample(
        compiled,
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        cores=min(settings.chains, usable_cores()),
        seed=seed,
        target_accept=settings.target_accept or TARGET_ACCEPT,
        save_warmup=False,
        progress_bar=False,
        progress_callback=_callback(progress),
        blocking=False,
    )
    try:
        tree = running.wait()
    except BaseException:
        running.cancel()
        raise
    return tree, time.perf_counter() - start


def _callback(progress: Callable[[int, int], None] | None) -> Callable[[Any], None] | None:
    if progress is None:
        return None

    def report(chains: Any) -> None:
        progress(sum(c.finished_draws for c in chains), sum(c.total_draws for c in chains))

    return report


def natural(design: Design, priors: PriorSet, draws: xr.Dataset, effects: Effects = NO_EFFECTS) -> xr.Dataset:
    """Draws by chain of what is reported: scales without sign, effects of homes and home-periods themselves.

    ``coefficients`` (P,) are those of the standardised columns, fixed ones included. Of a log-normal frailty, ``child``
    is its log less its mean.
    """
    sizes = (draws.sizes["chain"], draws.sizes["draw"])
    lead = ("chain", "draw")

    def held(name: str) -> np.ndarray:
        return draws[name].transpose(*lead, ...).to_numpy()

    def scalar(name: str) -> np.ndarray:
        prior = getattr(priors, name)
        return np.full(sizes, prior.mean) if prior.law == "fixed" else held(name)

    mean, _, fixed = priors.of_columns(design.names, design.scale)
    coefficients = np.broadcast_to(mean, (*sizes, mean.size)).copy()
    if (~fixed).any():
        coefficients[..., ~fixed] = held("coefficients")
    scales = {name: scalar(name) for name in scales_in(design, effects)}
    values = {"intercept": (lead, scalar("intercept")), "coefficients": ((*lead, "column"), coefficients)}
    values |= {name: (lead, np.abs(v) if name.startswith("sigma_") else v) for name, v in scales.items()}
    for name, scale in (*EFFECT_SCALES, *((group, f"sigma_{group}") for group in design.groups)):
        if scale in scales:
            values[name] = ((*lead, f"{name}_index"), scales[scale][..., None] * held(f"{name}_z"))
    if effects.frailty == "log_normal":
        s, centred = scales["frailty_sd_log"][..., None], expected_onsets(design) > RICH
        values["child"] = ((*lead, "child_index"), held("child_x") * np.where(centred, 1.0, s))
    return xr.Dataset(values)

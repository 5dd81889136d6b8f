"""The onset model as PyMC has it, for the sampler, in the coordinates in which it is written."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from missingmodels.fitting.drive import Job
from missingmodels.fitting.nuts.sample import compiled_once
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
from missingmodels.plan import Effects

EFFECT_SCALES = (("home", "sigma_home"), ("home_period", "sigma_period"), ("peer_slope", "sigma_peer_slope"))


def job(design: Design, priors: PriorSet, effects: Effects, label: str) -> Job:
    """The model, compiled when it is first wanted."""
    return Job(
        compiled=lambda: compiled_model(design, priors, effects),
        natural=lambda draws, _: natural(design, priors, draws, effects),
        streams=("nuts", label),
    )


def compiled_model(design: Design, priors: PriorSet, effects: Effects = NO_EFFECTS) -> tuple[Any, float]:
    """The compiled onset model with this design's data in it, and the seconds spent compiling."""
    given = (design, priors, effects)
    return compiled_once(model_shape(*given), lambda: build_model(*given), model_data(*given))


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

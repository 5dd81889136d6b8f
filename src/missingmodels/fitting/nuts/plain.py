"""The onset model as PyMC has it, for the sampler, in the coordinates in which it is written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from missingmodels.fitting.drawn import labelled, unlabelled
from missingmodels.fitting.drive import Job
from missingmodels.fitting.nuts.sample import compiled_once
from missingmodels.frame.design import Design
from missingmodels.models.model import Model
from missingmodels.models.onset import onset_model
from missingmodels.models.priors.law import PriorSet
from missingmodels.models.process import Process
from missingmodels.models.term import GroupEffect
from missingmodels.plan import Plan


def job(design: Design, priors: PriorSet, plan: Plan, terms: Sequence[GroupEffect], label: str) -> Job:
    """The model, compiled when it is first wanted."""
    model = onset_model(design, priors, plan.effects, terms, Process.of(plan, design.periods))
    return Job(
        compiled=lambda: compiled_once(model),
        natural=lambda draws, _: _natural(model, draws),
        streams=("nuts", label),
    )


def _natural(model: Model, draws: xr.Dataset) -> xr.Dataset:
    """Draws by chain of what the onset model reports: scales without sign, effects themselves.

    ``coefficients`` (P,) are those of the standardised columns, fixed ones included. Of a log-normal frailty, ``child``
    is its log less its mean. What all homes share is part of ``home_period``.
    """
    held = model.natural(unlabelled(draws)[0])
    if "sector" in held:
        shared, homes = held["sector"], len(model.design.units["home"].ids)
        held["home_period"] = held.get("home_period", 0.0) + np.tile(shared, (1, homes))
    dims = {name: ("column" if name == "coefficients" else f"{name}_index",) for name, v in held.items() if v.ndim > 1}
    return labelled(held, draws.sizes["chain"], dims, {})

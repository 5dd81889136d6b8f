"""NUTS by nutpie in whitened coordinates, for the onset models whose density is compiled here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from nutpie.compiled_pyfunc import from_pyfunc

from missingmodels.fitting.drawn import LEAD
from missingmodels.fitting.drive import Job
from missingmodels.fitting.nuts.coordinates import Posterior
from missingmodels.frame.design import Design
from missingmodels.models.priors.law import PriorSet
from missingmodels.models.process import Process
from missingmodels.parameters import Array
from missingmodels.plan import Effects, Plan

TARGET_ACCEPT = 0.8  # near a normal, larger steps give more effective draws for their price
# The normals that all homes share stand beside a scale that may be near 0; at 0.8 one divergence in 16,000 draws failed
# the gate, and the fit was drawn three times.
SHARED_ACCEPT = 0.9
INDEX = {"coefficients": "column", "home": "home_index", "home_period": "cell", "sector": "time"}


def applies(design: Design, effects: Effects) -> bool:
    """Whether the density here is that of the model.

    It has a gamma frailty, and no effects but homes', their periods', and those of a process that all homes share.
    """
    plain = effects.frailty == "gamma" and effects.home_process != "drift"
    return plain and not design.groups and not design.slope_of


def job(design: Design, priors: PriorSet, plan: Plan, label: str) -> Job:
    """The model in whitened coordinates, its draws under the names and on the scales that are reported.

    Raises FloatingPointError or numpy's LinAlgError where the posterior has no usable mode to whiten about.
    """
    begin = time.perf_counter()
    process = Process.of(plan, design.periods)
    posterior = Posterior(design, priors, process)
    posterior.log_density(posterior.start(0), posterior.workplace())
    seconds = time.perf_counter() - begin

    def natural(draws: xr.Dataset, _: int) -> xr.Dataset:
        values = posterior.values(draws["x"].transpose(*LEAD, ...).to_numpy())
        return xr.Dataset({name: ((*LEAD, INDEX[name]) if name in INDEX else LEAD, v) for name, v in values.items()})

    return Job(
        compiled=lambda: (_for_nutpie(posterior), seconds),
        natural=natural,
        streams=("nuts", label),
        target_accept=TARGET_ACCEPT if process is None or not process.sector.size else SHARED_ACCEPT,
    )


def _for_nutpie(posterior: Posterior) -> Any:
    def density() -> Callable[[Array], tuple[float, Array]]:
        work = posterior.workplace()  # one for each chain, which is a thread
        return lambda x: posterior.log_density(np.asarray(x), work)

    def kept(*_: Any) -> Callable[[Array], dict[str, Array]]:
        return lambda x: {"x": np.asarray(x)}

    return from_pyfunc(
        posterior.size,
        density,
        kept,
        [np.dtype("float64")],
        [(posterior.size,)],
        ["x"],
        make_initial_point_fn=posterior.start,
    )

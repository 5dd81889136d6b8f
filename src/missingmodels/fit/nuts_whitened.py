"""NUTS by nutpie in whitened coordinates, for the onset models whose density is compiled here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from nutpie.compiled_pyfunc import from_pyfunc

from missingmodels.fit.drawn import Progress
from missingmodels.fit.nuts import Sampled, draw
from missingmodels.fit.whitened import Posterior
from missingmodels.frame.design import Design
from missingmodels.models.priors import PriorSet
from missingmodels.parameters import Array
from missingmodels.plan import Effects, Sampling

TARGET_ACCEPT = 0.8  # near a normal, larger steps give more effective draws for their price
INDEX = {"coefficients": "column", "home": "home_index", "home_period": "cell"}


def applies(design: Design, effects: Effects) -> bool:
    """Whether the density here is that of the model: a gamma frailty, and no effects but homes' and their periods'."""
    return effects.frailty == "gamma" and not design.groups and not design.slope_of


def sample(
    design: Design, priors: PriorSet, settings: Sampling, *, seed: int, progress: Progress | None = None
) -> tuple[Sampled, xr.Dataset]:
    """Draws as ``nuts.draw`` gives them, and by chain under the names and on the scales that are reported.

    Raises FloatingPointError or numpy's LinAlgError where the posterior has no usable mode to whiten about.
    """
    begin = time.perf_counter()
    posterior = Posterior(design, priors)
    posterior.log_density(posterior.start(0), posterior.workplace())
    settings = settings.model_copy(update={"target_accept": settings.target_accept or TARGET_ACCEPT})
    sampled = draw(_for_nutpie(posterior), time.perf_counter() - begin, settings, seed=seed, progress=progress)
    x = sampled.tree["posterior"].to_dataset()["x"].transpose("chain", "draw", ...).to_numpy()
    lead = ("chain", "draw")
    values = {name: ((*lead, INDEX[name]) if name in INDEX else lead, v) for name, v in posterior.values(x).items()}
    return sampled, xr.Dataset(values)


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

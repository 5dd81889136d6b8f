"""The sampler as an engine: NUTS by nutpie until the gate is passed, or the doublings are spent."""

from __future__ import annotations

import contextlib

import numpy as np
import xarray as xr

from missingmodels.fit import nuts_whitened
from missingmodels.fit.chains import diagnose
from missingmodels.fit.drawn import Drawn, Progress
from missingmodels.fit.nuts import Sampled, natural, sample
from missingmodels.frame.design import Design
from missingmodels.models.priors import PriorSet
from missingmodels.plan import Effects, Plan, Sampling
from missingmodels.provenance import seed_of

METHOD = "nuts/nutpie"
KEPT = ("energy", "diverging", "depth", "n_steps", "step_size", "maxdepth_reached")
FLAGS = ("diverging", "maxdepth_reached")


def draw(
    design: Design, priors: PriorSet, plan: Plan, *, label: str, seed: int, progress: Progress | None = None
) -> Drawn:
    """Draws of all chains, one after the other."""
    compile_seconds = sample_seconds = 0.0
    for doubling in range(plan.sampling.doublings + 1):
        settings = doubled(plan.sampling, doubling)
        sampled, draws = _sampled(
            design, priors, plan.effects, settings, seed_of(seed, "nuts", label, doubling), progress
        )
        compile_seconds += sampled.compile_seconds
        sample_seconds += sampled.sample_seconds
        diagnostics = diagnose(draws, sampled.tree["sample_stats"].to_dataset(), plan.gate)
        if diagnostics.passed:
            break
    return Drawn(
        values={str(name): v.to_numpy().reshape(-1, *v.shape[2:]) for name, v in draws.data_vars.items()},
        chains=plan.sampling.chains,
        diagnostics=diagnostics,
        record={
            "method": METHOD,
            "draws": settings.draws,
            "tune": settings.tune,
            "doublings": doubling,
            "compile_seconds": round(compile_seconds, 2),
            "sample_seconds": round(sample_seconds, 2),
        },
        sample_stats=kept_stats(sampled.tree),
    )


def _sampled(
    design: Design, priors: PriorSet, effects: Effects, settings: Sampling, seed: int, progress: Progress | None
) -> tuple[Sampled, xr.Dataset]:
    """Draws in whitened coordinates if the model is one of those, of the PyMC model otherwise."""
    if nuts_whitened.applies(design, effects):
        # without a mode there is nothing to whiten about; the sampler may still find its way
        with contextlib.suppress(FloatingPointError, np.linalg.LinAlgError):
            return nuts_whitened.sample(design, priors, settings, seed=seed, progress=progress)
    sampled = sample(design, priors, settings, effects=effects, seed=seed, progress=progress)
    return sampled, natural(design, priors, sampled.tree, effects)


def doubled(settings: Sampling, times: int) -> Sampling:
    """Settings with draws and tuning doubled that many times."""
    factor = 2**times
    return settings.model_copy(update={"draws": settings.draws * factor, "tune": settings.tune * factor})


def kept_stats(tree: xr.DataTree) -> dict[str, np.ndarray]:
    """The statistics worth keeping; nutpie's others hold objects that no file format keeps."""
    stats = tree["sample_stats"].to_dataset()
    held = {name: stats[name].transpose("chain", "draw").to_numpy() for name in KEPT}
    return held | {name: held[name].astype(np.int8) for name in FLAGS}

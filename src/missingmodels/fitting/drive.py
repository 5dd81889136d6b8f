"""The one drive of the sampler: draw until the gate is passed or the doublings are spent, whatever the model."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from missingmodels.fitting.drawn import LEAD, Drawn, Progress, unlabelled
from missingmodels.fitting.nuts.chains import diagnose
from missingmodels.fitting.nuts.sample import TARGET_ACCEPT, draw
from missingmodels.plan import Gate, Sampling
from missingmodels.provenance import seed_of

METHOD = "nuts/nutpie"
KEPT = ("energy", "diverging", "depth", "n_steps", "step_size", "maxdepth_reached")
FLAGS = ("diverging", "maxdepth_reached")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the sampler is given of one model.

    Attributes
    ----------
    compiled : gives the compiled model with its data in it, and the seconds spent compiling
    natural : from the sampler's draws by chain, and the number of the try, to those that are reported
    streams : names of the random stream that seeds a try; the number of the try follows
    judged : from the reported draws to those that the gate judges
    target_accept : where the plan states none
    """

    compiled: Callable[[], tuple[Any, float]]
    natural: Callable[[xr.Dataset, int], xr.Dataset]
    streams: tuple[str, ...]
    judged: Callable[[xr.Dataset], xr.Dataset] = lambda draws: draws
    target_accept: float = TARGET_ACCEPT


def draw_until_passed(
    job: Job, sampling: Sampling, gate: Gate, *, seed: int, stage: str, progress: Progress | None = None
) -> Drawn:
    """Draws that pass the gate, or the last ones. They are drawn anew and doubled, never chosen by their answer."""
    told = None if progress is None else functools.partial(progress, f"Fitting {stage}")
    if told is not None:
        told(0, 0)  # compiling comes first and has no measure
    compiled, compile_seconds = job.compiled()
    sample_seconds = 0.0
    for doubling in range(sampling.doublings + 1):
        settings = _redrawn(sampling, doubling, job.target_accept)
        tree, seconds = draw(compiled, settings, seed=seed_of(seed, *job.streams, doubling), progress=told)
        sample_seconds += seconds
        draws, stats = job.natural(tree["posterior"].to_dataset(), doubling), tree["sample_stats"].to_dataset()
        found = diagnose(job.judged(draws), stats, gate)
        if found.passed:
            break
    values, dims, labels = unlabelled(draws)
    return Drawn(
        values=values,
        dims=dims,
        labels=labels,
        chains=settings.chains,
        diagnostics=found,
        record={
            "method": METHOD,
            "chains": settings.chains,
            "draws": settings.draws,
            "tune": settings.tune,
            "target_accept": settings.target_accept,
            "doublings": doubling,
            "compile_seconds": round(compile_seconds, 2),
            "sample_seconds": round(sample_seconds, 2),
        },
        sample_stats=_kept_stats(stats),
    )


def _redrawn(settings: Sampling, times: int, target_accept: float) -> Sampling:
    """Settings of a try: draws and tuning doubled so many times, and as often the share of rejections halved.

    Smaller steps are the cure of divergences, which more draws alone only repeat; where draws were merely few, they
    cost little, as fewer are rejected.
    """
    factor = 2**times
    accept = 1 - (1 - (settings.target_accept or target_accept)) / factor
    return settings.model_copy(
        update={"draws": settings.draws * factor, "tune": settings.tune * factor, "target_accept": accept}
    )


def _kept_stats(stats: xr.Dataset) -> dict[str, np.ndarray]:
    """(chains, draws) the statistics worth keeping; nutpie's others hold objects that no file format keeps."""
    held = {name: stats[name].transpose(*LEAD).to_numpy() for name in KEPT}
    return held | {name: held[name].astype(np.int8) for name in FLAGS}

"""Fits whose draws are points at random, for what asks what is made of draws and not where they come from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import xarray as xr

from missingmodels.fitting.diagnostics import Diagnostics
from missingmodels.fitting.drawn import Drawn, unlabelled
from missingmodels.fitting.families import daily, official, outcomes, rows

CHAINS, DRAWS = 2, 60
FINE = Diagnostics(worst="", failed=())


@contextlib.contextmanager
def points_at_random(spread: float = 0.3) -> Iterator[Drive]:
    """Families draw so within the block: their own call, with the sampler's drive replaced and nothing compiled."""
    drive = Drive(spread)
    with pytest.MonkeyPatch.context() as patch:
        for family in (daily, official, outcomes, rows):
            patch.setattr(family, "draw_until_passed", drive)
            patch.setattr(family, "compiled_once", lambda model: (model.build(), 0.0))
        yield drive


class Drive:
    """In the place of ``draw_until_passed``: points at random of the model's free variables, reported as draws are."""

    def __init__(self, spread: float) -> None:
        self.spread = spread

    def __call__(self, job: Any, sampling: Any, gate: Any, *, seed: int, stage: str, progress: Any = None) -> Drawn:
        self.model, _ = job.compiled()
        rng, points, first = np.random.default_rng(seed), {}, self.model.initial_point()
        for free in self.model.free_RVs:
            value = self.model.rvs_to_values[free].name
            found = rng.normal(-self.spread, self.spread, (CHAINS, DRAWS, *first[value].shape))
            positive = value.endswith("_log__")
            points[free.name] = np.exp(found) if positive else found
        dims = {name: ("chain", "draw", *(f"{name}_{i}" for i in range(v.ndim - 2))) for name, v in points.items()}
        self.points = xr.Dataset({name: (dims[name], values) for name, values in points.items()})
        values, dims, labels = unlabelled(job.natural(self.points, 0))
        record = {"method": "nuts/nutpie", "target_accept": 0.9, "doublings": 0}
        stats = {"diverging": np.zeros((CHAINS, DRAWS), np.int8), "energy": rng.normal(size=(CHAINS, DRAWS))}
        stats["depth"] = np.full((CHAINS, DRAWS), 4)
        return Drawn(
            values=values, dims=dims, labels=labels, chains=CHAINS, diagnostics=FINE, record=record, sample_stats=stats
        )

"""The sampler as an engine of the onset model."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from missingmodels.fitting.drawn import Drawn, Progress
from missingmodels.fitting.drive import METHOD, draw_until_passed
from missingmodels.fitting.nuts import whitened as nuts_whitened
from missingmodels.frame.design import Design
from missingmodels.models.priors.law import PriorSet
from missingmodels.plan import Plan

if TYPE_CHECKING:
    from missingmodels.models.term import GroupEffect

__all__ = ["METHOD", "draw"]


def draw(
    design: Design,
    priors: PriorSet,
    plan: Plan,
    *,
    label: str,
    seed: int,
    progress: Progress | None = None,
    terms: Sequence[GroupEffect] = (),
) -> Drawn:
    """Draws in whitened coordinates if the model is one of those, of the PyMC model otherwise."""
    drive = (plan.sampling, plan.gate)
    if not terms and nuts_whitened.applies(design, plan.effects):
        # without a mode there is nothing to whiten about; the sampler may still find its way
        with contextlib.suppress(FloatingPointError, np.linalg.LinAlgError):
            job = nuts_whitened.job(design, priors, plan, label)
            return draw_until_passed(job, *drive, seed=seed, stage=label, progress=progress)
    from missingmodels.fitting.nuts import plain  # PyMC takes seconds to import, and the other road does without it

    job = plain.job(design, priors, plan, terms, label)
    return draw_until_passed(job, *drive, seed=seed, stage=label, progress=progress)

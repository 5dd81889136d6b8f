"""The outcomes beside onset, each with what makes its design and its model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from missingmodels.frame.outcomes_counts import counts_rows
from missingmodels.frame.outcomes_design import OutcomeRows
from missingmodels.frame.outcomes_episodes import return_rows, serious_rows
from missingmodels.frame.outcomes_interview import interview_rows
from missingmodels.models.outcomes import linear

OutcomeDesign = OutcomeRows


@dataclass(frozen=True, kw_only=True)
class OutcomeModel:
    """How one outcome is built: Tables to design, design and priors to shape, data, PyMC model and reported draws."""

    design: Callable[..., Any]
    shape: Callable[..., Any] = linear.model_shape
    data: Callable[..., Any] = linear.model_data
    build: Callable[..., Any] = linear.build_model
    natural: Callable[..., Any] = linear.natural


OUTCOMES: dict[str, OutcomeModel] = {
    "counts": OutcomeModel(design=counts_rows),
    "return": OutcomeModel(design=return_rows),
    "serious": OutcomeModel(design=serious_rows),
    "interview": OutcomeModel(design=interview_rows),
}

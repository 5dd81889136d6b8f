"""The outcomes beside onset, each with what makes its design and its model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from missingmodels.frame.outcomes.counts import counts_rows
from missingmodels.frame.outcomes.design import OutcomeRows
from missingmodels.frame.outcomes.episodes import return_rows, serious_rows
from missingmodels.frame.outcomes.interview import interview_rows
from missingmodels.frame.outcomes.joint import JointRows, joint_rows
from missingmodels.frame.outcomes.recording import RecordingRows, recording_rows
from missingmodels.models.outcomes import joint, linear, recording

OutcomeDesign = OutcomeRows | JointRows | RecordingRows


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
    "joint": OutcomeModel(
        design=joint_rows,
        shape=joint.model_shape,
        data=joint.model_data,
        build=joint.build_model,
        natural=joint.natural,
    ),
    "interview": OutcomeModel(design=interview_rows),
    "recording": OutcomeModel(
        design=recording_rows,
        shape=recording.model_shape,
        data=recording.model_data,
        build=recording.build_model,
        natural=recording.natural,
    ),
}

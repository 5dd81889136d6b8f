"""Plan: one TOML file that fixes outcome, exposure, formula, priors and decision rule before data are seen."""

from __future__ import annotations

from missingmodels.plan.formulas import CURVE_DEGREE, terms_of
from missingmodels.plan.sections import (
    INTERVAL_MASS,
    Decision,
    Effects,
    Exposure,
    Frame,
    Gate,
    PriorChange,
    Priors,
    Sampling,
    Scores,
    Terms,
)
from missingmodels.plan.whole import KERNEL_MEMORY, WEEK, Plan, kept_plan, require_plan, with_method
from missingmodels.plan.words import (
    COUNTED,
    EVERYWHERE,
    EXPOSURES,
    METHODS,
    MISSING,
    OUTSIDE,
    STRUCTURE,
    Method,
    ModelName,
    PeerExposure,
)

__all__ = [
    "COUNTED",
    "CURVE_DEGREE",
    "EVERYWHERE",
    "EXPOSURES",
    "INTERVAL_MASS",
    "KERNEL_MEMORY",
    "METHODS",
    "MISSING",
    "OUTSIDE",
    "STRUCTURE",
    "WEEK",
    "Decision",
    "Effects",
    "Exposure",
    "Frame",
    "Gate",
    "Method",
    "ModelName",
    "PeerExposure",
    "Plan",
    "PriorChange",
    "Priors",
    "Sampling",
    "Scores",
    "Terms",
    "kept_plan",
    "require_plan",
    "terms_of",
    "with_method",
]

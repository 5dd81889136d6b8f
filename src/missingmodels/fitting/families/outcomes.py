"""``fit_outcome``: one call for every outcome beside onset, behind the same sampler and the same gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any

import numpy as np
import xarray as xr

from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.fitting.certificate import certificate, prior_records
from missingmodels.fitting.diagnostics import require_passed
from missingmodels.fitting.drawn import LEAD, Progress, labelled, unlabelled
from missingmodels.fitting.drive import Job, draw_until_passed
from missingmodels.fitting.nuts.sample import compiled_once
from missingmodels.fitting.result import Fit, fit_of
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.frame.design_matrix import EventRows
from missingmodels.models.model import Model
from missingmodels.models.outcomes.models import DESIGNS, natural_outcome, outcome_model
from missingmodels.models.outcomes.priors import OutcomePriors, outcome_priors
from missingmodels.models.priors.law import Prior
from missingmodels.plan import Plan
from missingmodels.provenance import digest_arrays
from missingmodels.tables import Tables


def fit_outcome(  # noqa: PLR0913
    tables: Tables,
    plan: Plan | None = None,
    *,
    outcome: str,
    other: Tables | None = None,
    terms: Sequence[str] | None = None,
    priors: str = "weak",
    changes: Mapping[str, Prior] | None = None,
    seed: int = 1,
    allow_unconverged: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> Fit:
    """Fit one outcome beside onset: counts, return, serious, joint, interview or recording.

    Parameters
    ----------
    plan : gives frame, exposure window, sampling, gate and decision; the default plan if left out
    other : a second record of the same children, which only ``recording`` takes and cannot do without
    terms : columns of the linear predictor; None takes the outcome's own, leaving out what the tables do not hold
    priors : ``weak`` or ``informed``; ``changes`` replaces single ones, by parameter or column
    settings : the outcome's own, such as ``effect_days`` of ``interview`` or ``tolerance_days`` of ``recording``

    Raises ConfigInvalid for an outcome, term or prior that is not known, CannotAnswer where the tables cannot say,
    DiagnosticsFailed if the draws do not pass the gate, unless ``allow_unconverged``.
    """
    if outcome not in DESIGNS:
        raise ConfigInvalid(f"the outcome {outcome!r} is not known", remedy=f"known outcomes: {', '.join(DESIGNS)}")
    chosen = plan or Plan()
    if outcome == "recording":
        if other is None:
            raise CannotAnswer(
                "one source cannot tell a rare event from one that is seldom written down",
                remedy="give a second record of the same children (for example the home's own log) as the other source",
            )
        settings["other"] = other
    elif other is not None:
        raise ConfigInvalid(f"the outcome {outcome!r} takes one record, not two", remedy="leave the second one out")
    build = DESIGNS[outcome]
    strange = [name for name in settings if name not in signature(build).parameters]
    if strange:
        raise ConfigInvalid(f"the outcome {outcome!r} has no setting {', '.join(strange)}", remedy="leave it out")
    design = build(tables, chosen, terms, **settings)
    held = outcome_priors(outcome, priors, changes, names=design.names)
    own = {"terms_asked": None if terms is None else list(terms), "priors_asked": priors}
    own |= {name: value for name, value in settings.items() if name != "other"}
    return fit_design(design, held, chosen, seed=seed, own=own, allow_unconverged=allow_unconverged, progress=progress)


@one_blas_thread
def fit_design(
    design: EventRows,
    priors: OutcomePriors,
    plan: Plan,
    *,
    seed: int,
    own: Mapping[str, Any] | None = None,
    allow_unconverged: bool = False,
    progress: Progress | None = None,
) -> Fit:
    """Fit what ``fit_outcome`` builds; ``own`` are the settings that it was built by, for the certificate.

    ``intercept`` of its draws stands where indicators are 0, other columns at their means.
    """
    outcome = design.outcome
    model = outcome_model(design, priors)
    job = Job(
        compiled=lambda: compiled_once(model),
        natural=lambda draws, _: _natural(model, draws),
        judged=_gate_view,
        streams=(outcome,),
    )
    drawn = draw_until_passed(job, plan.sampling, plan.gate, seed=seed, stage=outcome, progress=progress)
    require_passed(drawn.diagnostics, model=outcome, allow=allow_unconverged, accept=drawn.record["target_accept"])
    held = certificate(
        plan,
        drawn,
        family="outcome",
        model=outcome,
        seed=seed,
        data_digest=digest_arrays(model.data[name] for name in sorted(model.data)),
        own={
            **(own or {}),
            "outcome": outcome,
            "terms": list(design.names),
            "facts": dict(design.facts),
            "notes": list(design.notes),
            "priors": prior_records(priors),
        },
    )
    return fit_of(drawn, held, design)


def _natural(model: Model, posterior: xr.Dataset) -> xr.Dataset:
    """The model's own report of its draws, by chain and draw."""
    found = natural_outcome(model, unlabelled(posterior)[0])
    held = {name: v for name, v in found.items() if v.ndim == 1 or v.shape[1]}
    dims = {name: ("column" if name == "coefficients" else f"{name}_effect",) for name, v in held.items() if v.ndim > 1}
    return labelled(held, posterior.sizes["chain"], dims, {"column": model.design.names})


def _gate_view(draws: xr.Dataset) -> xr.Dataset:
    """What the gate judges: parameters, and all sampled effects under the name whose R-hat has its own limit."""
    effects = [name for name in draws.data_vars if draws[name].ndim > 2 and name != "coefficients"]
    joined = np.concatenate([draws[name].to_numpy() for name in effects], axis=-1)
    return draws.drop_vars([*effects, "column"], errors="ignore").assign(home=((*LEAD, "effect"), joined))

"""``fit_outcome``: one call for every outcome beside onset, behind the same sampler and the same gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.fit.by_nuts import doubled, kept_stats
from missingmodels.fit.chains import diagnose
from missingmodels.fit.diagnostics import Diagnostics, require_passed
from missingmodels.fit.nuts import TARGET_ACCEPT, Progress, compiled_once, draw
from missingmodels.fit.outcomes_summary import outcome_sentences, outcome_table
from missingmodels.fit.threads import one_blas_thread
from missingmodels.models.outcomes.priors import OutcomePriors, outcome_priors
from missingmodels.models.outcomes.registry import OUTCOMES, OutcomeDesign
from missingmodels.models.priors import Prior
from missingmodels.plan import Gate, Plan, Sampling
from missingmodels.provenance import digest_arrays, seed_of, versions
from missingmodels.tables import Tables

LEAD = ("chain", "draw")


@dataclass(frozen=True, kw_only=True)
class OutcomeFit:
    """The posterior of one outcome.

    Attributes
    ----------
    design : what it was fitted to
    draws : by chain and draw: scalars of the model, ``coefficients`` (P,) of the columns as they are, effects, and
        what is derived from them; ``intercept`` stands where indicators are 0, others at their means
    priors : the records that the model read
    certificate : seed, digest of the data, versions, seconds
    """

    outcome: str
    design: OutcomeDesign
    draws: xr.Dataset
    priors: OutcomePriors
    diagnostics: Diagnostics
    certificate: Mapping[str, Any]
    sample_stats: Mapping[str, np.ndarray]

    def table(self) -> pd.DataFrame:
        """One line a term: ratio (or share), median, 90 % equal-tailed interval, posterior mass above no effect."""
        return outcome_table(self.outcome, self.draws)

    def sentences(self) -> list[str]:
        """The table in plain sentences, with what was left out."""
        return outcome_sentences(self.outcome, self.design, self.table())


def fit_outcome(
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
) -> OutcomeFit:
    """Fit one outcome beside onset: counts, return, serious, joint, interview or recording.

    Parameters
    ----------
    plan : gives frame, sampling and gate; the default plan if left out
    other : a second record of the same children, which only ``recording`` takes and cannot do without
    terms : columns of the linear predictor; None takes the outcome's own, leaving out what the tables do not hold
    priors : ``weak`` or ``informed``; ``changes`` replaces single ones, by parameter or column
    settings : the outcome's own, such as ``effect_days`` of ``interview`` or ``tolerance_days`` of ``recording``

    Raises ConfigInvalid for an outcome, term or prior that is not known, CannotAnswer where the tables cannot say,
    DiagnosticsFailed if the draws do not pass the gate, unless ``allow_unconverged``.
    """
    if outcome not in OUTCOMES:
        raise ConfigInvalid(f"the outcome {outcome!r} is not known", remedy=f"known outcomes: {', '.join(OUTCOMES)}")
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
    build = OUTCOMES[outcome].design
    strange = [name for name in settings if name not in signature(build).parameters]
    if strange:
        raise ConfigInvalid(f"the outcome {outcome!r} has no setting {', '.join(strange)}", remedy="leave it out")
    design = build(tables, chosen, terms, **settings)
    held = outcome_priors(outcome, priors, changes, names=design.names)
    return fit_design(
        design,
        held,
        seed=seed,
        sampling=chosen.sampling,
        gate=chosen.gate,
        allow_unconverged=allow_unconverged,
        progress=progress,
    )


@one_blas_thread
def fit_design(
    design: OutcomeDesign,
    priors: OutcomePriors,
    *,
    seed: int,
    sampling: Sampling,
    gate: Gate,
    allow_unconverged: bool = False,
    progress: Progress | None = None,
) -> OutcomeFit:
    """Fit what ``fit_outcome`` builds. Draws are doubled until the gate is passed, never chosen."""
    model = OUTCOMES[design.outcome]
    data = model.data(design, priors)
    compiled, compile_seconds = compiled_once(
        ("outcome", model.shape(design, priors)), lambda: model.build(design, priors), data
    )
    sample_seconds = 0.0
    for doubling in range(sampling.doublings + 1):
        # smaller steps too: where a scale is near 0 the draws diverge, whatever their number
        accept = 1 - (1 - (sampling.target_accept or TARGET_ACCEPT)) / 2**doubling
        now = doubled(sampling, doubling).model_copy(update={"target_accept": accept})
        sampled = draw(compiled, 0.0, now, seed=seed_of(seed, design.outcome, doubling), progress=progress)
        sample_seconds += sampled.sample_seconds
        draws = _natural(design, priors, sampled.tree)
        found = diagnose(_gate_view(draws), sampled.tree["sample_stats"].to_dataset(), gate)
        if found.passed:
            break
    require_passed(found, model=design.outcome, allow=allow_unconverged)
    certificate = {
        "outcome": design.outcome,
        "terms": list(design.names),
        "facts": dict(design.facts),
        "notes": list(design.notes),
        "priors": {name: {"law": p.law, "mean": p.mean, "sd": p.sd, "reason": p.reason, "source": p.source}
                   for name, p in priors.items()},
        "seed": seed,
        "data_digest": digest_arrays(data[name] for name in sorted(data)),
        "method": "nuts/nutpie",
        "chains": now.chains,
        "draws": now.draws,
        "tune": now.tune,
        "target_accept": now.target_accept,
        "doublings": doubling,
        "compile_seconds": round(compile_seconds, 2),
        "sample_seconds": round(sample_seconds, 2),
        "versions": versions(),
        "diagnostics": found.as_dict(),
    }  # fmt: skip
    return OutcomeFit(
        outcome=design.outcome,
        design=design,
        draws=draws,
        priors=priors,
        diagnostics=found,
        certificate=certificate,
        sample_stats=kept_stats(sampled.tree),
    )


def _natural(design: OutcomeDesign, priors: OutcomePriors, tree: xr.DataTree) -> xr.Dataset:
    """The model's own report of its draws, by chain and draw."""
    posterior = tree["posterior"].to_dataset()
    sizes = (posterior.sizes["chain"], posterior.sizes["draw"])
    flat = {}
    for name, held in posterior.data_vars.items():
        values = held.transpose(*LEAD, ...).to_numpy()
        flat[str(name)] = values.reshape(-1, *values.shape[2:])
    found = OUTCOMES[design.outcome].natural(design, priors, flat)
    shaped = {
        name: (
            (*LEAD, *(("column" if name == "coefficients" else f"{name}_effect",) if v.ndim > 1 else ())),
            v.reshape(*sizes, *v.shape[1:]),
        )
        for name, v in found.items()
        if v.ndim == 1 or v.shape[1]
    }
    return xr.Dataset(shaped, coords={"column": np.array(design.names, dtype=str)} if design.names else {})


def _gate_view(draws: xr.Dataset) -> xr.Dataset:
    """What the gate judges: parameters, and all sampled effects under the name whose R-hat has its own limit."""
    effects = [name for name in draws.data_vars if draws[name].ndim > 2 and name != "coefficients"]
    joined = np.concatenate([draws[name].to_numpy() for name in effects], axis=-1)
    return draws.drop_vars([*effects, "column"], errors="ignore").assign(home=((*LEAD, "effect"), joined))

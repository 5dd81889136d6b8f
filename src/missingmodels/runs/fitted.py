"""``mm.fit``: one posterior, whatever the outcome and whatever it is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from missingmodels.config import require_seed
from missingmodels.errors import ConfigInvalid
from missingmodels.fitting.families.daily import fit_daily
from missingmodels.fitting.families.outcomes import fit_outcome
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.fit import fit as fit_onset
from missingmodels.frame.daily import DailyDesign, Kind
from missingmodels.frame.design import Design
from missingmodels.models.term import GroupEffect
from missingmodels.plan import Plan, require_plan
from missingmodels.runs.answer import Prepared, models_to_fit, prepare
from missingmodels.tables import Tables

WITH_PEERS = ("M1", "M3")


def fit(
    data: Tables | Prepared | Design | DailyDesign,
    plan: Plan,
    *,
    model: str | None = None,
    exposure: str | None = None,
    outcome: str = "onset",
    kind: Kind | None = None,
    seed: int = 1,
    **how: Any,
) -> Fit:
    """Fit one model of a plan.

    Parameters
    ----------
    data : tables; or what ``prepare`` made of them, or a design, to fit several models to one reading of them
    model : ``M0`` … ``M3``, the plan's fullest if left out
    exposure : the peer exposure of ``M1`` and ``M3``, the plan's primary one if left out
    outcome : ``onset``; or one beside it, which is fitted to tables: ``counts``, ``return``, ``serious``, ``joint``,
        ``interview``, or ``recording`` with a second record as ``other``
    kind : a model of child-days: ``kernel``, ``ornstein_uhlenbeck`` or ``hawkes``
    how : ``method`` of an onset model, ``terms``, ``priors`` and the settings of an outcome, ``allow_unconverged``,
        ``with_children`` and ``progress``: as ``fitting.fit``, ``fit_daily`` and ``fit_outcome`` have them

    Raises ConfigInvalid for what is not known, CannotAnswer where the data hold no contrast, DiagnosticsFailed if the
    draws do not pass the plan's gate.
    """
    require_plan(plan)
    require_seed(seed)
    if outcome != "onset":
        return fit_outcome(_tables(data, outcome), plan, outcome=outcome, seed=seed, **how)
    if kind is not None or isinstance(data, DailyDesign):
        daily = data if isinstance(data, DailyDesign) else _tables(data, f"kind={kind!r}")
        named = kind or getattr(daily, "kind", None)
        return fit_daily(daily, plan, kind=named, model=model, seed=seed, **how)
    chosen = model or max(plan.models)
    if chosen not in plan.models:
        raise ConfigInvalid(f"the plan has no model {chosen!r}", where="model", remedy=f"one of {list(plan.models)}")
    named = exposure or (plan.exposure.primary if chosen in WITH_PEERS else "")
    design = _design(data, plan, chosen, named, how.get("terms", ()))
    return fit_onset(design, plan, model=chosen, exposure=named, seed=seed, **how)


def _design(
    data: Tables | Prepared | Design | DailyDesign, plan: Plan, model: str, exposure: str, terms: Sequence[GroupEffect]
) -> Design:
    """Of tables those of one model alone, checked as ``prepare`` does."""
    if isinstance(data, Design):
        return data
    found = data if isinstance(data, Prepared) else None
    if found is None:
        found = prepare(_tables(data, "a model of onset"), plan, fits=[(model, exposure)], terms=terms)
    if (model, exposure) not in found.designs:
        known = [f"{m} {e}".strip() for m, e in models_to_fit(plan)]
        raise ConfigInvalid(f"no design of {model} {exposure} was prepared", remedy=f"one of {known}")
    return found.designs[model, exposure]


def _tables(data: Any, what: str) -> Tables:
    if not isinstance(data, Tables):
        raise ConfigInvalid(
            f"{what} is fitted to tables, not to a {type(data).__name__}", remedy="hand over the tables"
        )
    return data

"""Priors of a plan: one of two sets, of which any can be replaced.

A coefficient's prior speaks of the log rate ratio per unit of the sampler's column (``prior``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from missingmodels.errors import ConfigInvalid
from missingmodels.models.priors.law import DAILY_SCALES, FURTHER, SCALES, Prior, PriorSet
from missingmodels.models.priors.sets import informed, weak
from missingmodels.plan import Effects, Plan, PriorChange
from missingmodels.plan import Priors as PriorSettings
from missingmodels.vocabulary.frailty import FRAILTY


def scales_of(effects: Effects) -> tuple[str, ...]:
    """Names of the scalars, the intercept apart, of a model with these effects."""
    added = {
        "sigma_authority": effects.authority,
        "sigma_owner": effects.owner,
        "sigma_adult": effects.adults,
        "sigma_peer_slope": effects.peer_slope_by_home,
        "sigma_sector": effects.sector_process != "none",
    }
    periods = ("sigma_period",) if effects.home_process != "none" else ()
    return ("sigma_home", *periods, *FRAILTY[effects.frailty].scalars, *(name for name, held in added.items() if held))


def require_known(settings: PriorSettings, names: Sequence[str], effects: Effects | None = None) -> None:
    """Raise ConfigInvalid for a replacement that names neither a scalar nor one of the columns of the plan's models."""
    known = ("intercept", *scales_of(effects or Effects()), *names)
    strange = [name for name in settings.replace if name not in known]
    if strange:
        raise ConfigInvalid(
            f"priors.replace names {', '.join(map(repr, strange))}, which is in no model of the plan",
            remedy=f"known names: {', '.join(known)}",
        )


def prior_set(settings: PriorSettings) -> PriorSet:
    """The plan's priors. A replacement of a column speaks of every model that holds it.

    Raises ConfigInvalid for a replacement that does not fit its parameter.
    """
    base = informed() if settings.use == "informed" else weak()
    coefficients = dict(base.coefficients)
    scalars = {name: getattr(base, name) for name in ("intercept", *SCALES, *FURTHER)}
    for name, change in settings.replace.items():
        if name in scalars:
            scalars[name] = replacement(name, scalars[name].law, change)
        elif name not in DAILY_SCALES:  # a scale of the daily models is read by them
            coefficients[name] = replacement(name, "normal", change)
    return PriorSet(name=base.name, coefficient=base.coefficient, coefficients=coefficients, **scalars)


def replacement(name: str, law: str, change: PriorChange) -> Prior:
    """The prior that a plan gives a parameter whose usual prior has this law.

    Raises ConfigInvalid where it does not fit the law, or leaves the parameter's support.
    """
    law = "beta" if law == "fixed" else law  # a ratio that is fixed until a plan gives it a prior
    if change.fixed is not None:
        if not _within(law, change.fixed):
            raise _misfit(name, f"{change.fixed:g} is no value of it", f"it must be {_SUPPORT[law]}")
        return Prior(law="fixed", mean=change.fixed, reason="fixed by the plan")
    if law == "log_normal":
        if change.median is None or change.sd_log is None:
            raise _misfit(name, "its prior is log-normal", "give median and sd_log, or fixed")
        return Prior(law=law, mean=math.log(change.median), sd=change.sd_log, reason="set by the plan")
    if change.mean is None or change.sd is None:
        raise _misfit(name, f"its prior is {law.replace('_', '-')}", "give mean and sd, or fixed")
    if law == "half_normal" and change.mean:
        raise _misfit(
            name,
            f"a half-normal prior has no mean of its own (found {change.mean:g})",
            "give mean = 0 and the sd of the normal that is folded at 0, or fixed",
        )
    prior = Prior(law=law, mean=change.mean, sd=change.sd, reason="set by the plan")
    if law == "beta":
        _ = prior.beta  # told here rather than in the middle of a fit
    return prior


_SUPPORT = {"half_normal": "0 or above", "log_normal": "above 0", "beta": "between 0 and 1, ends excluded"}


def _within(law: str, value: float) -> bool:
    return {"half_normal": value >= 0, "log_normal": value > 0, "beta": 0 < value < 1}.get(law, math.isfinite(value))


def _misfit(name: str, what: str, remedy: str) -> ConfigInvalid:
    return ConfigInvalid(f"priors.replace.{name}: {what}", remedy=remedy)


def plan_priors(plan: Plan) -> PriorSet:
    """The priors of a plan, with the effects of processes that it leaves out fixed at 0."""
    found = prior_set(plan.priors)
    if plan.effects.home_process == "none":
        found = replace(found, sigma_period=_nothing("home_process"))
    if plan.effects.sector_process == "none":
        found = replace(found, sigma_sector=_nothing("sector_process"))
    return found


def _nothing(process: str) -> Prior:
    return Prior(law="fixed", mean=0.0, reason=f"effects.{process} = 'none'")

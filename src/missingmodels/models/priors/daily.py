"""Priors of what daily models have beyond the onset model. Any of them can be replaced in the plan by its name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from missingmodels.models.priors.law import Prior, PriorSet
from missingmodels.models.priors.of_plan import prior_set, replacement
from missingmodels.plan import Plan

# Parameters of each kind that are not coefficients of columns; a kernel beside the process adds that of the first.
KERNEL = ("peer_kernel", "kernel_days")
PROCESS = ("sigma_process", "process_days")
HAWKES = ("own_branching", "peer_branching", "kernel_days", "frailty_sd_log")
POSITIVE = ("kernel_days", "process_days", "own_branching", "peer_branching")
_HALF_LIFE = "range suggested for power studies: the hazard of repeat reports as a proxy; no estimate is published"


@dataclass(frozen=True, kw_only=True)
class DailyPriors:
    """The onset model's priors, and by name those that a daily model adds."""

    base: PriorSet
    added: Mapping[str, Prior]

    def __getitem__(self, name: str) -> Prior:
        held: Prior = self.added[name] if name in self.added else getattr(self.base, name)
        return held


def daily_priors(plan: Plan) -> DailyPriors:
    """The plan's priors, replacements included. Raises ConfigInvalid for one that does not fit its parameter."""
    base = prior_set(plan.priors)
    added = _informed(plan) if plan.priors.use == "informed" else _weak(plan)
    added["peer_kernel"] = base.coefficients.get("peer_kernel", base.coefficient)
    for name, change in plan.priors.replace.items():
        if name in added and name != "peer_kernel":
            added[name] = replacement(name, added[name].law, change)
    return DailyPriors(base=base, added=added)


def _weak(plan: Plan) -> dict[str, Prior]:
    return {
        "kernel_days": Prior(
            law="log_normal",
            mean=math.log(plan.exposure.kernel_days),
            sd=0.67,
            reason="about the plan's kernel_days; at its default a half-life of 4 days, between 1 and 14",
            source=_HALF_LIFE,
        ),
        "sigma_process": Prior(
            law="half_normal", sd=0.5, reason="a home's weeks differ by less than its homes, as for 28-day periods"
        ),
        "process_days": Prior(
            law="log_normal",
            mean=math.log(30),
            sd=1.0,
            reason="a month, between 4 days and 7 months: from the exposure window's scale to a lasting change",
        ),
        "own_branching": Prior(
            law="half_normal", sd=0.5, reason="the next onsets that one brings: less than one, with 95 % probability"
        ),
        "peer_branching": Prior(
            law="half_normal", sd=0.3, reason="all peers together add less than 0.6 onsets, with 95 % probability"
        ),
        "frailty_sd_log": Prior(
            law="log_normal",
            mean=math.log(1.4),
            sd=0.5,
            reason="from children alike within a factor of 3 to nearly all onsets in a few",
            source="sd that the published concentration of episodes needs: 1.1 to 1.8, beside a low-risk class",
        ),
    }


def _informed(plan: Plan) -> dict[str, Prior]:
    weak = _weak(plan)
    study = "keeps own and peers' branching together below 1, so that simulated worlds do not explode"
    return weak | {
        "sigma_process": Prior(law="half_normal", sd=0.3, reason="shocks no larger than differences between homes"),
        "process_days": Prior(law="log_normal", mean=math.log(30), sd=0.7, reason="a month, from a week to 4 months"),
        "own_branching": Prior(law="half_normal", sd=0.2, reason=study),
        "peer_branching": Prior(law="half_normal", sd=0.15, reason=study),
        "frailty_sd_log": Prior(
            law="log_normal",
            mean=math.log(1.4),
            sd=0.13,
            reason="between 1.1 and 1.8 with 95 % probability",
            source=weak["frailty_sd_log"].source,
        ),
    }

"""The birth certificate of a fit: what was asked, of which data, by which engine, under which versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from missingmodels.fitting.drawn import Drawn
from missingmodels.models.priors.law import Prior
from missingmodels.plan import Decision, Gate, Plan, Sampling
from missingmodels.provenance import digest_json, versions


def certificate(  # noqa: PLR0913
    asked: Plan | Mapping[str, Any],
    drawn: Drawn,
    *,
    family: str,
    model: str,
    exposure: str = "",
    seed: int,
    data_digest: str,
    own: Mapping[str, Any],
) -> dict[str, Any]:
    """One for every family.

    ``asked`` is the plan, frame and decision among it, or the parts of one that a family without a plan has; ``own``
    what only this family is asked and says: terms, settings, priors, facts and notes.
    """
    plan = asked.model_dump(mode="json") if isinstance(asked, Plan) else dict(asked)
    return {
        "family": family,
        "model": model,
        "exposure": exposure,
        **own,
        "seed": seed,
        "plan": plan,
        "plan_digest": digest_json(plan),
        "data_digest": data_digest,
        **drawn.record,
        "versions": versions(),
        "diagnostics": drawn.diagnostics.as_dict(),
    }


def parts(sampling: Sampling, gate: Gate, interval_mass: float) -> dict[str, Any]:
    """What a family without a plan is asked, under the plan's own keys."""
    decision = Decision(interval_mass=interval_mass)
    held = {"sampling": sampling, "gate": gate, "decision": decision}
    return {name: part.model_dump(mode="json") for name, part in held.items()}


def brief(held: Mapping[str, Any]) -> dict[str, Any]:
    """A certificate without the plan, for what holds the plan once."""
    return {name: value for name, value in held.items() if name != "plan"}


def prior_records(priors: Mapping[str, Prior]) -> dict[str, dict[str, Any]]:
    """Priors by name as a certificate holds them."""
    return {
        name: {"law": p.law, "mean": p.mean, "sd": p.sd, "reason": p.reason, "source": p.source}
        for name, p in priors.items()
    }

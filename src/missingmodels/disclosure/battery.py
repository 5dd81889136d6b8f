"""The lines of a battery through the gate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from missingmodels.disclosure.classes import Class
from missingmodels.disclosure.counts import rounded, significant
from missingmodels.disclosure.policy import require_enough
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.values import short
from missingmodels.disclosure.words import scrubbed
from missingmodels.evidence.robustness.battery import Battery

_NUMBERS = ("estimate", "low", "high")


def gated_battery(found: Battery, judged: Judged) -> Battery:
    """A battery as it may leave. Raises CannotAnswer where its data are too few for any of it."""
    policy = judged.policy
    if not policy.active:
        judged.add("battery", Class.WORDS, "released", rule="no policy")
        return found
    require_enough(policy, homes=found.homes, children=found.children, onsets=found.onsets)
    lines = []
    for line in found.lines:
        judged.add(f"{line.check}, {line.line}", Class.ESTIMATE, "rounded", children=found.children)
        lines.append(_short(line, policy) if line.p_value is None else replace(
            _short(line, policy), p_value=round(line.p_value, policy.digits)
        ))  # fmt: skip
    lines = [replace(line, remark=scrubbed(line.remark, policy)) for line in lines]
    judged.add("specification curve", Class.ESTIMATE, "rounded", children=found.children)
    return replace(
        found,
        lines=tuple(lines),
        curve=tuple(_short(one, policy) for one in found.curve),
        homes=rounded(judged.noised("data.homes", found.homes), policy),
        children=rounded(judged.noised("data.children", found.children), policy),
        resident_years=significant(found.resident_years, 1 if judged.noise_key else policy.exposure_digits),
        onsets=rounded(judged.noised("data.onsets", found.onsets), policy),
    )


def _short(one: Any, policy: Any) -> Any:
    changes = {name: short(getattr(one, name), policy) for name in _NUMBERS}
    if getattr(one, "probability", None) is not None:
        changes["probability"] = short(one.probability, policy, probability=True)
    return replace(one, **changes)

"""The lines of a battery through the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from missingmodels.disclosure.classes import Class
from missingmodels.disclosure.counts import rounded, significant
from missingmodels.disclosure.policy import BY_POLICY, Policy, require_enough
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.support import Verdict, verdict_of
from missingmodels.disclosure.values import short
from missingmodels.disclosure.words import scrubbed
from missingmodels.errors import CannotAnswer
from missingmodels.evidence.robustness.battery import TOGETHER, Battery, together
from missingmodels.evidence.robustness.bench import Line, nothing
from missingmodels.evidence.robustness.operating import PRIMARY

NONE_OR_FEW = f"there is nothing to compare, or it is {BY_POLICY}"
# Checks that leave out or count again what a few children did: that nobody did is told no more than that a few did.
OF_SOME = ("joint_departures", "categories", "boundaries", "coverage")
_NUMBERS = ("estimate", "low", "high")


def gated_battery(found: Battery, judged: Judged) -> Battery:
    """A battery as it may leave, each line by what stands behind it.

    Raises CannotAnswer where its data are too few for any of it, or too few stand behind the answer that it questions.
    """
    policy = judged.policy
    if not policy.active:
        judged.add("battery", Class.WORDS, "released", rule="no policy")
        return found
    require_enough(policy, homes=found.homes, children=found.children, onsets=found.onsets)
    asked = next(line for line in found.lines if (line.check, line.line) == PRIMARY)
    _, why, _ = behind(asked.behind, policy)
    if asked.estimate is not None and why:
        raise CannotAnswer(
            f"the policy of disclosure {policy.name!r} blocks {found.exposure}: {why}",
            remedy="observe for longer, or a policy that the output checker agrees to, with --disclosure",
        )
    lines = [_gated(line, found, judged) for line in found.lines if line.check != TOGETHER.name]
    curve = [one for one in found.curve if not behind(one.behind, policy)[1]]
    for _ in range(len(found.curve) - len(curve)):
        judged.add("specification of the curve", Class.ESTIMATE, "blocked", rule="minimum behind an estimate")
    judged.add("specification curve", Class.ESTIMATE, "rounded", children=found.children)
    return replace(
        found,
        lines=(*lines, together(lines)),
        curve=tuple(_short(one, policy) for one in curve),
        homes=rounded(judged.noised("data.homes", found.homes), policy),
        children=rounded(judged.noised("data.children", found.children), policy),
        resident_years=significant(found.resident_years, 1 if judged.noise_key else policy.exposure_digits),
        onsets=rounded(judged.noised("data.onsets", found.onsets), policy),
    )


def behind(held: Mapping[str, Any] | None, policy: Policy) -> Verdict:
    """Whether an estimate of the battery is blocked: by its own column, its outcomes, or how near its data are to those
    of the plan's own line, from which the difference would follow.
    """
    if held is None:
        return "minimum behind an estimate", "how many stand behind it is not recorded", 0
    for entry in (held, held["whole"]):
        rule, why, children = verdict_of(entry, policy)
        if why:
            return rule, why, children
    if held["events"] < policy.minimum_count or held["with_event"] < policy.minimum_children:
        return "minimum count", f"outcomes of fewer than {policy.minimum_children} children", 0
    if 0 < held.get("unlike", 0) < policy.minimum_children:
        return "difference", f"its data differ by fewer than {policy.minimum_children} children", 0
    return "", "", int(held["children"])


def _gated(line: Line, found: Battery, judged: Judged) -> Line:
    policy, output = judged.policy, f"{line.check}, {line.line}"
    told = line.estimate is not None and line.kind != "size"  # a size follows from the plan's own line
    rule, why, children = behind(line.behind, policy) if told else ("", "", found.children)
    if line.check in OF_SOME and (why or not told):
        rule, why = "difference", NONE_OR_FEW
    judged.add(output, Class.ESTIMATE, "blocked" if why else "rounded", rule=rule, reason=why, children=children)
    if why:
        return nothing(line.check, line.line, line.kind, why if line.check in OF_SOME else BY_POLICY)
    made = replace(_short(line, policy), remark=scrubbed(line.remark, policy))
    return made if made.p_value is None else replace(made, p_value=round(made.p_value, policy.digits))


def _short(one: Any, policy: Any) -> Any:
    changes = {name: short(getattr(one, name), policy) for name in _NUMBERS}
    if getattr(one, "probability", None) is not None:
        changes["probability"] = short(one.probability, policy, probability=True)
    return replace(one, **changes)

"""Single values of released data through the gate: counts, cells of one total, shares of homes' days, and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from missingmodels.disclosure.classes import FIELDS, Class
from missingmodels.disclosure.counts import blocked_cells, blocked_part, rounded, significant, too_small
from missingmodels.disclosure.policy import Policy
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.words import scrubbed

# Counts that are part of another: what is left of the whole is told, too.
WHOLES = {
    "children_with_onset": "children",
    "onsets_exposed": "onsets",
    "joint_onsets": "onsets",
    "same_day_repeats": "onsets",
}
TOTAL = "episodes in the tables"  # of the cells of where episodes went
TOGETHER = {"joint_onsets": 2}  # of which so many make one thing that is counted elsewhere: a pair of one day
OF_COUNTS = {"onsets_per_year_at_risk": "onsets"}  # quotients of counts that are told
SHARES_OF_HOMES = ("coverage", "share_of_days_in_weak_homes")  # parts of all home-days


def short(value: Any, policy: Policy, *, probability: bool = False) -> Any:
    """A number, or each of several, to the digits of the policy; of a probability as many decimals."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {name: short(held, policy, probability=probability) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(short(held, policy, probability=probability) for held in value)
    return round(float(value), policy.digits) if probability else significant(float(value), policy.digits)


def gated_count(
    output: str, count: float | None, whole: float | None, judged: Judged, *, together: int = 1
) -> int | None:
    """A count as it may be told, None if it is blocked; ``whole`` is what it is a part of.

    So many ``together`` make one thing that is counted elsewhere, and there must be enough of those.
    """
    if count is None:
        return None
    policy = judged.policy
    if too_small(count / together, policy):
        why = f"fewer than {policy.minimum_count}" + (f" groups of {together}" if together > 1 else "")
    else:
        why = "" if whole is None else blocked_part(count, whole, policy)
    if why:
        judged.add(output, Class.COUNT, "blocked", rule="minimum count", reason=why)
        return None
    judged.add(output, Class.COUNT, "rounded", rule=f"rounded to {policy.rounding}", children=count)
    return rounded(judged.noised(output, count), policy)


def told_share(part: int, whole: int, policy: Policy) -> float:
    """A part of a count as a share, of the counts as they are told: two decimals of 31 / 45 are of no other pair."""
    return round(min(rounded(part, policy) / rounded(whole, policy), 1.0), 2)


def as_told(count: float, policy: Policy) -> float:
    """What a quotient of a count is multiplied by to be one of the rounded count, so that it gives no other back."""
    return rounded(count, policy) / count if count else 1.0


def gated_data(data: Mapping[str, Any], judged: Judged) -> dict[str, Any]:
    """Counts that describe the data, as they may be told; what has no class is left out."""
    policy = judged.policy
    found: dict[str, Any] = {}
    for name, value in data.items():
        kind, output = FIELDS.get(f"data.{name}"), f"data.{name}"
        if kind is None:
            judged.add(output, "none", "blocked", rule="no class")
        elif name == "episodes":
            found[name] = gated_cells(output, value, judged)
        elif name in SHARES_OF_HOMES and value is not None:
            found[name] = gated_home_days(output, value, data["homes"], judged)
        elif kind is Class.COUNT:
            whole = data.get(WHOLES.get(name, ""))
            found[name] = gated_count(output, value, whole, judged, together=TOGETHER.get(name, 1))
        elif name in OF_COUNTS and value is not None:
            found[name] = plain(output, value * as_told(data[OF_COUNTS[name]], policy), kind, judged)
        else:
            found[name] = plain(output, value, kind, judged)
    if found.get("onsets_exposed", 0) is None:
        for name in ("days_exposed", "share_of_days_exposed"):
            if name in found:
                found[name] = None
                judged.add(f"data.{name}", Class.EXPOSURE, "blocked", rule="minimum count", reason="of blocked onsets")
    return found


def gated_cells(output: str, cells: Mapping[str, int], judged: Judged) -> dict[str, int | None]:
    """Cells of one total: small ones blocked, and others with them, so that the total does not give them back.

    The total itself, where it is among them, is the first to go: were it the smaller of two that do, that would say
    whether anybody is left.
    """
    parts = {name: count for name, count in cells.items() if name != TOTAL}
    small = any(too_small(count, judged.policy) for count in parts.values())
    also = {TOTAL: "would give a cell that is blocked back"} if small and TOTAL in cells else None
    gone = blocked_cells(cells, judged.policy, also=also)
    found: dict[str, int | None] = {}
    for name, count in cells.items():
        if name in gone:
            judged.add(f"{output}.{name}", Class.COUNT, "blocked", rule="minimum count", reason=gone[name])
            found[name] = None
        else:
            found[name] = gated_count(f"{output}.{name}", count, None, judged)
    return found


def gated_home_days(output: str, share: float | Mapping[str, float], homes: int, judged: Judged) -> Any:
    """A share of all homes' days, or several that come to 1: none that fewer homes than the minimum may make up.

    How many homes are behind a share is not held: at least as many as that share of all of them.
    """
    policy = judged.policy.model_copy(update={"minimum_count": judged.policy.minimum_homes, "zeros": "show"})
    if not isinstance(share, Mapping):
        return _share(output, share, blocked_part(share * homes, homes, policy), judged)
    gone = blocked_cells({name: part * homes for name, part in share.items() if part}, policy)
    return {name: _share(f"{output}.{name}", part, gone.get(name, ""), judged) for name, part in share.items()}


def _share(output: str, share: float, why: str, judged: Judged) -> float | None:
    if judged.noise_key is not None:
        judged.add(output, Class.SHARE, "blocked", rule="near to an earlier output")
        return None
    why = why.replace("fewer than", "perhaps fewer homes than")
    rule = "minimum behind an estimate" if why else "two decimals"
    judged.add(output, Class.SHARE, "blocked" if why else "rounded", rule=rule, reason=why)
    return None if why else round(float(share), 2)


def plain(output: str, value: Any, kind: Class, judged: Judged) -> Any:
    """A value that is neither a count nor an estimate."""
    if kind in (Class.SETTING, Class.WORDS):
        return value
    if kind is Class.FREE:
        return scrubbed(str(value), judged.policy)
    if judged.noise_key is not None and kind in (Class.SHARE, Class.EXPOSURE):
        judged.add(output, kind, "blocked", rule="near to an earlier output")
        return None
    if kind is Class.SHARE:
        judged.add(output, kind, "rounded", rule="two decimals")
        return _each(value, lambda v: round(float(v), 2))
    if kind is Class.EXPOSURE:
        digits = judged.policy.exposure_digits
        judged.add(output, kind, "rounded", rule=f"{digits} significant digits")
        return _each(value, lambda v: significant(float(v), digits))
    judged.add(output, kind, "blocked", rule="not for release")
    return None


def _each(value: Any, change: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _each(held, change) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_each(held, change) for held in value]
    return value if value is None or isinstance(value, str) else change(value)

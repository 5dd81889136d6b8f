"""Cells: which counts are too small, which others must go with them, and how the rest are told."""

from __future__ import annotations

import math
from collections.abc import Mapping

from missingmodels.disclosure.policy import Policy


def rounded(count: float, policy: Policy) -> int:
    """A count to the nearest multiple, halves up."""
    base = policy.rounding
    return math.floor(count / base + 0.5) * base


def too_small(count: float, policy: Policy) -> bool:
    """Whether a count points at too few; a count of nobody too, unless the policy shows zeros."""
    return count < policy.minimum_count and not (count == 0 and policy.zeros == "show")


def blocked_part(count: float, whole: float, policy: Policy) -> str:
    """Why a part of a whole is blocked; empty if it is not. A part that leaves few tells of those few."""
    if too_small(count, policy):
        return f"fewer than {policy.minimum_count}"
    rest = whole - count
    if rest < policy.minimum_count and not (rest == 0 and policy.zeros == "show"):
        return f"all but fewer than {policy.minimum_count}"
    return ""


def blocked_cells(
    cells: Mapping[str, float], policy: Policy, *, also: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Which cells of a total are blocked, and why. One blocked alone follows from the margin, so another goes with it.

    ``also`` are cells that are blocked for another reason than their size.

    The others are blocked in order of rounded size until those that are gone come to the minimum together: their sum
    follows from what is shown. By the very size, which of two is blocked would say which is the larger.
    """
    small = dict(also or {})
    small |= {name: f"fewer than {policy.minimum_count}" for name, n in cells.items() if too_small(n, policy)}
    if not small:
        return {}
    rest = sorted((rounded(n, policy), name) for name, n in cells.items() if name not in small)
    found = dict(small)
    while rest and (len(found) < 2 or sum(cells[name] for name in found) < policy.minimum_count):
        found[rest.pop(0)[1]] = "would follow from the total and the cells that are shown"
    return found


def significant(value: float, digits: int) -> float:
    """A value to so many significant digits; what is not finite stays as it is."""
    if not math.isfinite(value) or value == 0:
        return value
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))

"""Margins of data that something is made of: counts, shares and means through the gate, or None where they are blocked.

Under a policy that is not active each is what it is, by the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from missingmodels.disclosure.classes import Class
from missingmodels.disclosure.counts import blocked_part, rounded, significant, too_small
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.values import gated_cells
from missingmodels.parameters import Array

PLACES = 4  # of a share that no policy rounds


def gated_number(output: str, count: int, judged: Judged) -> int | None:
    """A count of its own."""
    policy = judged.policy
    if not policy.active:
        return count
    if too_small(count, policy):
        judged.add(output, Class.COUNT, "blocked", rule="minimum count", reason=f"fewer than {policy.minimum_count}")
        return None
    judged.add(output, Class.COUNT, "rounded", rule=f"rounded to {policy.rounding}", children=count)
    return rounded(judged.noised(output, count), policy)


def gated_share(output: str, part: int, whole: int, judged: Judged) -> float | None:
    """A part of a whole as a share of it; of its rounded counts, where they are rounded."""
    policy = judged.policy
    if not policy.active:
        return round(part / whole, PLACES - 1)
    why = blocked_part(part, whole, policy)
    if why:
        judged.add(output, Class.COUNT, "blocked", rule="minimum count", reason=why)
        return None
    judged.add(output, Class.COUNT, "rounded", rule=f"rounded to {policy.rounding}", children=whole)
    return round(rounded(part, policy) / rounded(whole, policy), 2)


def gated_shares(
    output: str, cells: Sequence[int], usual: Sequence[float], judged: Judged, *, shares: Array | None = None
) -> list[float]:
    """Cells of one total as shares of it, or ``shares`` that rest on them; what is blocked takes what is left, as is
    ``usual``. Both are of one length.
    """
    total = sum(cells)
    held = np.asarray(cells) / max(total, 1) if shares is None else np.asarray(shares)
    policy = judged.policy
    if not policy.active:
        return whole_shares(held)
    # cells of nobody tell what cells of few do: all of them are left to what is usual
    told = list(gated_cells(output, {str(at): count for at, count in enumerate(cells)}, judged).values())
    gone = np.array([count is None for count in told])
    whole = max(rounded(total, policy), 1)  # of one or two, which round to nobody, every cell is blocked
    shown = np.where(gone, 0.0, [rounded(share * total, policy) / whole for share in held])
    weight = np.where(gone, usual, 0.0)
    left = max(1.0 - shown.sum(), 0.0) if weight.sum() > 0 else 0.0
    filled = shown + (left * weight / weight.sum() if left else 0.0)
    return whole_shares(filled / filled.sum())


def gated_mean(output: str, value: float, children: int, judged: Judged) -> float | None:
    """A mean, or a rate over time, with the children behind it."""
    policy = judged.policy
    if not policy.active:
        return float(f"{value:.3g}")
    if children < policy.minimum_children:
        why = f"fewer than {policy.minimum_children} children"
        judged.add(output, Class.EXPOSURE, "blocked", rule="minimum behind an estimate", reason=why)
        return None
    digits = policy.exposure_digits
    judged.add(output, Class.EXPOSURE, "rounded", rule=f"{digits} significant digits", children=children)
    return significant(value, digits)


def whole_shares(shares: Array) -> list[float]:
    """Shares to four places that sum to 1: the largest takes what rounding left."""
    out = [round(float(value), PLACES) for value in shares]
    out[int(np.argmax(out))] += round(1 - sum(out), PLACES)
    return [round(value, PLACES) for value in out]


def unblocked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that are not blocked."""
    return {name: value for name, value in fields.items() if value is not None}

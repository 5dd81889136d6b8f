"""Whether enough children and homes stand behind an estimate, and no few of them make it up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from missingmodels.disclosure.policy import Policy
from missingmodels.evidence.record import Evidence
from missingmodels.evidence.support import WHOLE

Verdict = tuple[str, str, int]  # rule that blocks, or nothing; its reason; children behind it


class Behind:
    """What stands behind the estimates of evidence."""

    def __init__(self, evidence: Evidence, policy: Policy) -> None:
        self.data, self.policy = evidence.data, policy
        self.known = evidence.support is not None
        self._held: dict[tuple[str, str, str], Mapping[str, Any]] = {
            (one["model"], one["exposure"], one["column"]): one for one in evidence.support or ()
        }

    @cached_property
    def allowed(self) -> frozenset[str]:
        """Columns that pass in every fit that has them."""
        names = {name for *_, name in self._held}
        gone = {name for (*_, name), one in self._held.items() if verdict_of(one, self.policy)[1]}
        return frozenset(names - gone)

    def whole(self) -> str:
        """Why nothing of these data may leave; empty if something may."""
        policy = self.policy
        least = {
            "homes": policy.minimum_homes,
            "children": policy.minimum_children,
            "onsets": policy.minimum_count,
            "children_with_onset": policy.minimum_count,
        }
        few = [
            f"fewer than {n} {name.replace('_', ' ')}"  # or so few that a policy blocked their number before
            for name, n in least.items()
            if self.data[name] is None or self.data[name] < n
        ]
        made_up = [
            f"a few {unit} who make up the episodes" if unit == "children" else "a few homes that make up the episodes"
            for unit in ("children", "homes")
            if any(dominated(one[f"largest_{unit}"], policy) for (*_, name), one in self._held.items() if name == WHOLE)
        ]
        return " and ".join([*few, *made_up])

    def entry(self, model: str, exposure: str, name: str) -> Mapping[str, Any] | None:
        """What is known of a column, or of the whole fit where the name is none of its columns."""
        return self._held.get((model, exposure, name)) or self._held.get((model, exposure, WHOLE))

    def of(self, model: str, exposure: str, name: str) -> Verdict:
        """Whether an estimate is blocked: rule, reason, and the children behind it."""
        held = self.entry(model, exposure, name)
        if held is None:
            return "minimum behind an estimate", "how many stand behind it is not recorded: fit again", 0
        return verdict_of(held, self.policy)

    def cells(self, part: str, model: str, exposure: str, names: Iterable[str]) -> dict[str, str]:
        """Which cells of a figure are blocked for who stands behind them, and why."""
        found = {}
        for name in names:
            held = self._held.get((model, exposure, f"{part} {name}"))
            why = "how many stand behind it is not recorded: fit again"
            if held is not None:
                # a cell of nobody says so by its number, and is judged by that
                why = verdict_of(held, self.policy)[1] if held["children"] else ""
            if why:
                found[name] = why
        return found


def verdict_of(held: Mapping[str, Any], policy: Policy) -> Verdict:
    """Whether what an entry of ``evidence.support`` stands behind is blocked."""
    children, homes = int(held["children"]), int(held["homes"])
    if children < policy.minimum_children:
        return "minimum behind an estimate", f"fewer than {policy.minimum_children} children", children
    if homes < policy.minimum_homes:
        return "minimum behind an estimate", f"fewer than {policy.minimum_homes} homes", children
    for unit in ("children", "homes"):
        if dominated(held[f"largest_{unit}"], policy):
            return "dominance", f"a few {unit} make it up", children
    return "", "", children


def dominated(largest: Sequence[float], policy: Policy) -> bool:
    """Whether shares, largest first, break the (n, k) rule or the p % rule."""
    if not largest:
        return False
    if sum(largest[: policy.dominance_largest]) > policy.dominance_share:
        return True
    rest = 1.0 - sum(largest[:2])
    return rest < policy.dominance_percent / 100 * largest[0]

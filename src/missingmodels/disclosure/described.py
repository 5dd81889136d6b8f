"""What ``describe`` tells of tables, and measures beside published figures, through the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from missingmodels.disclosure.classes import Class
from missingmodels.disclosure.counts import blocked_part, rounded, significant, too_small
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.values import gated_cells, gated_count, gated_home_days, plain
from missingmodels.targets import Compared, Measured

_COUNTS = ("children", "children_in_homes", "homes", "missing_episodes", "onsets_in_homes", "ties", "episodes")
_EXPOSURES = ("resident_years", "mean_residents_of_open_homes", "onsets_per_resident_year", "onsets_per_missing_child")
_SHARES = (
    "share_of_home_days_with_two_or_more",
    "share_of_days_at_risk_beside_a_recent_peer",
    "median_coverage",
)
_COVERAGE = "share_of_home_days_with_coverage_"  # and the band
FIELDS: dict[str, Class] = {
    **dict.fromkeys(("observed_from", "observed_to"), Class.SETTING),
    **dict.fromkeys(("origin", "staffing"), Class.WORDS),
    "own": Class.FREE,  # words of whoever declared them, with counts in them
    **dict.fromkeys(_COUNTS, Class.COUNT),
    **dict.fromkeys(_EXPOSURES, Class.EXPOSURE),
    **dict.fromkeys(_SHARES, Class.SHARE),
}
# A share of children or episodes is a count in another form: of what, by the name of its whole.
SHARES_OF = {
    "share_of_children_with_an_onset": "children_in_homes",
    "share_of_onsets_same_day_return": "onsets_in_homes",
}
PARTS = {"children_in_homes": "children", "onsets_in_homes": "missing_episodes"}


def described(found: Mapping[str, Any], judged: Judged) -> dict[str, Any]:
    """A description as it may leave; what is blocked is None. Nothing but its span where homes or children are few."""
    if not judged.policy.active:
        return dict(found)
    policy = judged.policy
    least = {"children_in_homes": policy.minimum_children, "homes": policy.minimum_homes}
    few = [f"fewer than {n} {name.replace('_', ' ')}" for name, n in least.items() if found[name] < n]
    if few:
        judged.add("description", Class.COUNT, "blocked", rule="minimum of the whole", reason=" and ".join(few))
        kept = ("observed_from", "observed_to", "origin")
        return {n: v if n in kept else {} if isinstance(v, Mapping) else None for n, v in found.items()}
    bands = {n: v for n, v in found.items() if n.startswith(_COVERAGE)}
    covered = gated_home_days("coverage", bands, found["homes"], judged)
    return {n: covered[n] if n in covered else _told(n, v, found, judged) for n, v in found.items()}


def _told(name: str, value: Any, found: Mapping[str, Any], judged: Judged) -> Any:
    policy = judged.policy
    if value is None:
        return None
    if name in SHARES_OF:
        whole = found[SHARES_OF[name]]
        why = blocked_part(round(value * whole), whole, policy)
        judged.add(name, Class.SHARE, "blocked" if why else "rounded", rule="minimum count" if why else "", reason=why)
        return None if why else round(float(value), 2)
    kind = FIELDS.get(name)
    if name == "episodes":
        return gated_cells(name, value, judged)
    if kind is Class.COUNT:
        whole = found.get(PARTS.get(name, ""))
        return gated_count(name, value, None if whole == value else whole, judged)
    if name in ("onsets_per_missing_child", "onsets_per_resident_year") and too_small(found["onsets_in_homes"], policy):
        judged.add(name, Class.EXPOSURE, "blocked", rule="minimum count", reason="of few onsets")
        return None
    if kind is None or kind is Class.FREE:
        judged.add(name, kind or "none", "blocked", rule="words with numbers" if kind else "no class")
        return None
    return plain(name, value, kind, judged)


def gated_measures(compared: Sequence[Compared], judged: Judged) -> tuple[Compared, ...]:
    """Measures beside published figures: none where it rests on few, numbers short, denominators rounded."""
    if not judged.policy.active:
        return tuple(compared)
    return tuple(replace(one, measured=tuple(_measure(one, held, judged) for held in one.measured)) for one in compared)


def _measure(one: Compared, held: Measured, judged: Judged) -> Measured:
    policy = judged.policy
    if held.value is None:
        return replace(held, count=0)
    why = "fewer than the minimum" if held.count < policy.minimum_count else ""
    if not why and _is_share(one):
        why = blocked_part(round(held.value * held.count), held.count, policy)
    if why:
        judged.add(f"measure {held.name}", Class.COUNT, "blocked", rule="minimum count", reason=why)
        return replace(held, value=None, count=0, note="", why="blocked by the policy of disclosure")
    judged.add(f"measure {held.name}", Class.EXPOSURE, "rounded", children=held.count)
    value = significant(held.value, policy.exposure_digits)
    return replace(held, value=value, count=rounded(held.count, policy), note="")


def _is_share(one: Compared) -> bool:
    return one.target.unit.startswith("share")

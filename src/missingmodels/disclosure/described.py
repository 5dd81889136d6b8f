"""What ``describe`` tells of tables, and measures beside published figures, through the gate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from missingmodels.disclosure.classes import Class
from missingmodels.disclosure.counts import blocked_part, rounded, significant, too_small
from missingmodels.disclosure.policy import BY_POLICY, Policy
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.support import dominated
from missingmodels.disclosure.values import as_told, gated_cells, gated_count, gated_home_days, plain, told_share
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
WITH_ONSET = "share_of_children_with_an_onset"
# A count that is told beside a part of it: what is left, nobody too, would follow, so one of the two is blocked.
PARTS = {"children": "children_in_homes", "missing_episodes": "onsets_in_homes"}
# What a few children can make up, each by its number of episodes.
OF_EPISODES = (
    *("missing_episodes", "onsets_in_homes", "episodes", "onsets_per_resident_year", "onsets_per_missing_child"),
    "share_of_onsets_same_day_return",
)
# Measures of which a date that nobody has says that there is nobody: not having it is as telling as few who do.
BY_PRESENCE = ("residents_uasc_share",)
# What a mean of homes is of: places, staff and incidents are told elsewhere, so that the exact mean gives the homes.
PER_HOME = ("homes", "home-years")
# Measures of the busiest share of missing children, and of two groups of whom only the sum is held.
BUSIEST = {"top5pct_missing_children_incident_share": 0.05, "top15pct_missing_children_incident_share": 0.15}
TWO_SIDES = ("in_to_out_area_prevalence_ratio", "rate_ratio_16plus_vs_10to15")


def described(found: Mapping[str, Any], judged: Judged, *, largest: Sequence[float] = ()) -> dict[str, Any]:
    """A description as it may leave; what is blocked is None. Nothing but its span where homes or children are few.

    ``largest`` are shares of the onsets that single children had, largest first: where a few make them up, nothing that
    follows from numbers of episodes is told.
    """
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
    few_made_them = dominated(largest, policy)
    told = {}
    for name, value in found.items():
        if few_made_them and name in OF_EPISODES:
            judged.add(name, FIELDS.get(name, Class.SHARE), "blocked", rule="dominance", reason="a few children")
            told[name] = dict.fromkeys(value) if isinstance(value, Mapping) else None
        else:
            told[name] = covered[name] if name in covered else _told(name, value, found, judged)
    return told


def _told(name: str, value: Any, found: Mapping[str, Any], judged: Judged) -> Any:
    if value is None:
        return None
    if name in SHARES_OF:
        return _share_of(name, float(value), found[SHARES_OF[name]], judged)
    kind = FIELDS.get(name)
    if name == "episodes":
        return gated_cells(name, value, judged)
    if kind is Class.COUNT:
        return _count_beside_its_part(name, int(value), found.get(PARTS.get(name, "")), judged)
    if name in ("onsets_per_missing_child", "onsets_per_resident_year"):
        return _per(name, float(value), found, judged)
    if name == "mean_residents_of_open_homes" and _counts_homes(found, judged.policy):
        judged.add(name, Class.EXPOSURE, "blocked", rule="quotient", reason="with the years it counts the homes")
        return None
    if kind is None or kind is Class.FREE:
        judged.add(name, kind or "none", "blocked", rule="words with numbers" if kind else "no class")
        return None
    return plain(name, value, kind, judged)


def _counts_homes(found: Mapping[str, Any], policy: Policy) -> bool:
    """Whether resident-years over residents of a home, as they are told, give the homes nearer than rounding does."""
    told = (float(found[name]) for name in ("resident_years", "mean_residents_of_open_homes"))
    apart = sum(
        0.5 * 10 ** (math.floor(math.log10(value)) + 1 - policy.exposure_digits) / value for value in told if value > 0
    )
    return apart * float(found["homes"]) < policy.rounding / 2


def _count_beside_its_part(name: str, count: int, part: int | None, judged: Judged) -> int | None:
    """A count; blocked where so few are left beside its part, nobody too, that which of the two is told says so."""
    policy = judged.policy
    if part is not None and blocked_part(part, count, policy):
        why = f"all but fewer than {policy.minimum_count} stand beside it"
        judged.add(name, Class.COUNT, "blocked", rule="minimum count", reason=why)
        return None
    return gated_count(name, count, None, judged)


def _share_of(name: str, share: float, whole: int, judged: Judged) -> float | None:
    """A share of a count, as one of the rounded count: that of the count itself gives both back."""
    if judged.noise_key is not None:
        judged.add(name, Class.SHARE, "blocked", rule="near to an earlier output")
        return None
    part = round(share * whole)
    why = blocked_part(part, whole, judged.policy)
    judged.add(name, Class.SHARE, "blocked" if why else "rounded", rule="minimum count" if why else "", reason=why)
    return None if why else told_share(part, whole, judged.policy)


def _per(name: str, value: float, found: Mapping[str, Any], judged: Judged) -> float | None:
    """Onsets per child who had any, or per year: of the rounded counts, which it would give back otherwise."""
    policy, onsets = judged.policy, int(found["onsets_in_homes"])
    why = "of few onsets" if too_small(onsets, policy) else ""
    changed = as_told(onsets, policy)
    if name == "onsets_per_missing_child" and not why:
        whole = int(found["children_in_homes"])
        children = round(float(found[WITH_ONSET]) * whole)
        why = blocked_part(children, whole, policy)
        changed /= 1.0 if why else as_told(children, policy)
    if why:
        judged.add(name, Class.EXPOSURE, "blocked", rule="minimum count", reason=why)
        return None
    told: float | None = plain(name, value * changed, Class.EXPOSURE, judged)
    return told


def gated_measures(
    compared: Sequence[Compared], judged: Judged, *, largest: Sequence[float] = ()
) -> tuple[Compared, ...]:
    """Measures beside published figures: none where it rests on few, numbers short, denominators rounded.

    ``largest`` as for ``described``.
    """
    if not judged.policy.active:
        return tuple(compared)
    few_made_them = dominated(largest, judged.policy)
    return tuple(
        replace(one, measured=tuple(_measure(one, held, judged, few_made_them) for held in one.measured))
        for one in compared
    )


def _measure(one: Compared, held: Measured, judged: Judged, few_made_them: bool) -> Measured:
    policy = judged.policy
    if held.value is None and held.name not in BY_PRESENCE:
        return replace(held, count=0)
    rule, why = _why_not(one, held, policy, few_made_them)
    if not why and judged.noise_key is not None:
        rule, why = "near to an earlier output", "near to an earlier output"
    if why:
        judged.add(f"measure {held.name}", Class.COUNT, "blocked", rule=rule, reason=why)
        return replace(held, value=None, count=0, note="", why=BY_POLICY)
    judged.add(f"measure {held.name}", Class.EXPOSURE, "rounded", children=held.count)
    assert held.value is not None  # one without was held back above
    value = held.value
    if _is_share(one):
        value = told_share(round(value * held.count), held.count, policy)
    elif _is_per_child(one) or held.of in PER_HOME:
        value = rounded(value * held.count, policy) / rounded(held.count, policy)
    value = significant(value, policy.exposure_digits)
    return replace(held, value=value, count=rounded(held.count, policy), note="")


def _why_not(one: Compared, held: Measured, policy: Policy, few_made_them: bool) -> tuple[str, str]:
    """Rule and reason that hold a measure back; empty where none does."""
    value = float(held.value or 0.0)
    if held.value is None or held.count < policy.minimum_count:
        return "minimum count", "fewer than the minimum"
    if few_made_them and "incident" in f"{one.target.unit} {held.of}":
        return "dominance", "a few children"
    if BUSIEST.get(held.name, 1.0) * held.count < policy.minimum_children:
        return "no extremes", f"of fewer than {policy.minimum_children} children"
    if held.name in TWO_SIDES:
        return "minimum behind an estimate", "how many stand on either side is not held"
    why = blocked_part(round(value * held.count), held.count, policy) if _is_share(one) else ""
    return ("minimum count" if why else ""), why


def _is_share(one: Compared) -> bool:
    return one.target.unit.startswith("share") and one.target.name not in BUSIEST


def _is_per_child(one: Compared) -> bool:
    return one.target.unit.startswith("incidents per")

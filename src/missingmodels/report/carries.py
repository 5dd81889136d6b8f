"""What the data of a report can carry, as its first screen says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from missingmodels.report import words
from missingmodels.vocabulary import worded


def carries(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and value of each limit that data set to an answer on peers; what a record does not hold is left out."""
    beside = f"{words.share(data['share_of_days_exposed'], 1)} of days at risk"
    if _holds(data, "days_exposed", "onsets_exposed", "onsets"):
        beside += f" ({data['days_exposed']:,.0f} days), with {data['onsets_exposed']:,} of {data['onsets']:,} episodes"
        beside += ", before history, vulnerability and home are allowed for"
    found = [(words.COVERAGE, _coverage(data)), (worded("beside a recently missing peer", data.get("asked")), beside)]
    if data.get("share_of_days_in_weak_homes") is not None:
        weak = data["share_of_days_in_weak_homes"]
        found.append(("in homes known by address only", f"{words.percent(weak, 1)} of days at risk"))
    if data.get("share_of_rows_repaired") is not None:
        found.append(("rows repaired at import", words.percent(data["share_of_rows_repaired"], 1)))
    return found


def carries_in_a_line(data: Mapping[str, Any]) -> str:
    """The same in one line of a terminal."""
    seen = data.get("median_coverage")
    parts = [f"coverage {'unrecorded' if seen is None else f'{seen:.0%}'}"]
    if _holds(data, "share_of_days_exposed", "onsets_exposed"):
        share = data["share_of_days_exposed"]
        parts.append(f"{share:.1%} of days and {data['onsets_exposed']:,} episodes beside a recent peer")
    if data.get("share_of_days_in_weak_homes"):
        parts.append(f"{data['share_of_days_in_weak_homes']:.0%} of days in homes known by address only")
    return "Data: " + "; ".join(parts)


def _holds(data: Mapping[str, Any], *names: str) -> bool:
    """Whether a record has them all: an older one has fewer, and a policy of disclosure blocks each for itself."""
    return all(data.get(name) is not None for name in names)


def _coverage(data: Mapping[str, Any]) -> str:
    middle = data.get("median_coverage")
    if middle is None:
        return "unrecorded"
    low = [share for band, share in (data.get("coverage") or {}).items() if band in _LOW]
    if None in low:
        return f"{words.percent(middle)}; in how many home-days half or less, may not be told"
    return words.percent(middle) + (f"; half or less in {words.percent(sum(low))} of home-days" if sum(low) else "")


_LOW = ("over 0 to 0.25", "over 0.25 to 0.5")

"""Whether a run is as it was planned, or what it departs from the plan in."""

from __future__ import annotations

from typing import Any

from missingmodels.evidence.record import Evidence
from missingmodels.vocabulary import fit_name

AS_PLANNED = "As planned"


def planned(evidence: Evidence) -> dict[str, Any] | None:
    """Title, text and departures; None where no plan was fixed beforehand."""
    held = evidence.frozen
    if held is None:
        return None
    found = [
        {"key": one["key"], "planned": _value(one.get("planned")), "used": _value(one.get("used"))}
        for one in held["departures"]
    ]
    found += [
        {"key": "models", "planned": fit_name(c["model"], c["exposure"]), "used": "left out: it failed the gate"}
        for c in evidence.failed
        if c.get("absent")
    ]
    commit = f", commit {held['commit']}" if held["commit"] else ""
    which = f"The plan was fixed on {held['frozen_at']} (digest {held['digest']}, version {held['version']}{commit})"
    if not found:
        return {"title": AS_PLANNED, "text": f"{which}, and every key of it was followed.", "departures": []}
    count = f"{len(found)} {'departure' if len(found) == 1 else 'departures'} from the plan"
    return {"title": count, "text": f"{which}. What differs from it is listed here, and nothing else does.",
            "departures": found}  # fmt: skip


def _value(value: Any) -> str:
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

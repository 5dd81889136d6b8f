"""The calibration page: figure, table, what was not computed and why, definitions and sources. Needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from missingmodels.report import calibration as text
from missingmodels.report.templates import inside, rendered
from missingmodels.targets import INTERVAL_NOTE, Compared, in_order


def calibration_page(compared: Sequence[Compared], provenance: Mapping[str, Any], picture: bytes) -> str:
    """The page's text; all but the style sheet is escaped."""
    several = any(len(c.measured) > 1 for c in compared)
    ordered = in_order(compared)
    return rendered(
        "calibration.html",
        picture=inside(picture),
        headline=text.headline(compared),
        origin=origin(provenance),
        notes=[INTERVAL_NOTE, text.ERROR_NOTE if several else text.SINGLE_NOTE],
        several=several,
        groups=[
            {"title": title, "rows": [_row(c) for c in ordered if c.target.gate == gate and c.mean is not None]}
            for gate, title in ((True, "Gate targets"), (False, "Other targets"))
        ],
        without=[_row(c) for c in ordered if c.why_not],
        sources=[_row(c) for c in ordered],
        provenance=_flat(provenance),
    )


def origin(provenance: Mapping[str, Any]) -> str:
    """What was measured, in a sentence."""
    scenario, n = provenance["scenario"], len(provenance["seeds"])
    homes, worlds = f"{scenario['homes']['count']:,} homes", f"{n} simulated worlds" if n > 1 else "one simulated world"
    return f"Scenario “{scenario['name']}” with {homes}, {worlds}. No real child is in it."


def _row(found: Compared) -> dict[str, Any]:
    target, record = found.target, found.as_dict()
    return record | {
        "published": text.published(target),
        "interval": text.interval(target),
        "measured": text.number(found.mean, target),
        "error": text.error(found.monte_carlo_error, target),
        "verdict_text": text.verdict(found),
        "outside": found.verdict in ("below", "above"),
    }


def _flat(provenance: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in provenance.items():
        if isinstance(value, Mapping):
            found |= {f"{key} {inner}": said for inner, said in _flat(value).items()}
        elif isinstance(value, list | tuple):
            found[key] = ", ".join(map(str, value))
        else:
            found[key] = str(value)
    return found

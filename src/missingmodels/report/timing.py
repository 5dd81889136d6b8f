"""When onsets come, observed and replicated, as the page shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from missingmodels.evidence.parts import DISPERSION
from missingmodels.evidence.record import Evidence
from missingmodels.report import words
from missingmodels.vocabulary import fit_name

_NUMBER = re.compile(r"\d+")
TITLES = {
    "gaps": "days to a child’s next episode",
    "pairs": "pairs of episodes of two residents of one home, days apart",
    "arrival": "days since arrival",
    "tenths": "tenth of the days by expected rate, lowest first",
    "tenths_of_columns": "tenth of the days by the rate that the columns expect, lowest first",
    DISPERSION: "episodes of a home in 28 days",
}


def timing_shown(evidence: Evidence) -> dict[str, Any] | None:
    """The rows of the table, how many lie outside what was replicated, and whose they are; None without any."""
    held = evidence.figures.get("timing")
    if not held or not held["parts"]:
        return None
    rows = [
        row | {"part": TITLES[part["name"]] if i == 0 else "", "rows": len(part["bins"])}
        for part in held["parts"]
        for i, row in enumerate(_rows(part))
    ]
    return {
        "rows": rows,
        "outside": sum(row["outside"] for row in rows),
        "mass": words.mass(held["parts"][0]["replicated"]["mass"]),
        "fit": fit_name(held["model"], held["exposure"]),
    }


def _rows(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    digits = 2 if part["name"] == DISPERSION else 0
    bands = part["replicated"]
    return [
        {
            "bin": name.replace("-", "–"),
            "observed": words.count(seen, digits),
            "replicated": words.count(middle, digits),
            "interval": f"{words.count(low, digits)} to {words.count(high, digits)}",
            "outside": not low <= seen <= high,
        }
        for name, seen, middle, low, high in sorted(
            zip(part["bins"], part["observed"], bands["median"], bands["low"], bands["high"], strict=True),
            key=lambda held: _first_day(part["name"], held[0]),
        )
    ]


def _first_day(part: str, name: str) -> int:
    """The day on which a band since arrival begins; all else keeps its order."""
    found = _NUMBER.match(name)
    return int(found[0]) if part == "arrival" and found else 0

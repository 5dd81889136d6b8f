"""Which associations of the literature a world can hold: A1 to A45, each with its settings or the reason for none."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, kw_only=True)
class _Association:
    """One association. ``fields`` are settings of a scenario as ``section.key``; ``reason`` says why there are none, or
    what they leave out.
    """

    code: str
    association: str
    fields: tuple[str, ...]
    reason: str


def associations() -> tuple[_Association, ...]:
    """All of them, in order."""
    text = files("missingmodels.simulate").joinpath("associations.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(
        _Association(
            code=row["code"],
            association=row["association"],
            fields=tuple(row["fields"].split()),
            reason=row["reason"],
        )
        for row in rows
    )

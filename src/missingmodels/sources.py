"""Cards of numbers taken from the world: value, unit, population, year, citation and how sure it is.

No published figure stands in code without a card in ``sources.csv``; what a scenario sets beyond them is a setting of
the simulator, listed with its default in the documentation of scenarios. Status is one of *verified* (read at the
source), *derived* (computed from verified figures) and *assumption* (no figure was found; never cite it as a fact).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

STATUSES = ("verified", "derived", "assumption")


@dataclass(frozen=True, kw_only=True)
class _Card:
    """One number (or a list of them, for a distribution) with its provenance."""

    name: str
    values: tuple[float, ...]
    unit: str
    population: str
    year: str
    citation: str
    status: str

    @property
    def value(self) -> float:
        """The number of a card that holds a single one."""
        if len(self.values) != 1:
            raise ValueError(f"card {self.name!r} holds {len(self.values)} numbers, not one")
        return self.values[0]


@cache
def cards() -> dict[str, _Card]:
    """All cards by name."""
    text = files("missingmodels").joinpath("sources.csv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        values = tuple(float(v) for v in row.pop("value").split())
        found[row["name"]] = _Card(values=values, **row)
    return found


def card(name: str) -> _Card:
    """The card of a name; KeyError names it if there is none."""
    return cards()[name]

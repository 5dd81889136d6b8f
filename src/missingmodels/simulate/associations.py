"""Which associations of the literature a world can hold: A1 to A45, each with its settings or the reason for none.

Of each setting also where a model finds it again: table, column of a formula, and what is estimated.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, kw_only=True)
class Dial:
    """Where the effect of a setting, as ``section.key``, is found: ``column`` is a term of a formula where it is one,
    and ``none`` where no model has it; ``estimand`` then says why.
    """

    field: str
    table: str
    column: str
    estimand: str


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
    return tuple(
        _Association(
            code=row["code"],
            association=row["association"],
            fields=tuple(row["fields"].split()),
            reason=row["reason"],
        )
        for row in _rows("associations.csv")
    )


def dials() -> dict[str, Dial]:
    """Every setting that is an effect, by ``section.key``."""
    return {row["field"]: Dial(**row) for row in _rows("dials.csv")}


def _rows(name: str) -> csv.DictReader[str]:
    text = files("missingmodels.simulate").joinpath(name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())

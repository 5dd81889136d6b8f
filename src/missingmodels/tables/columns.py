"""What a table and its columns are, for the contract and for columns of one's own beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "date", "time", "whole", "real", "flag"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column. ``allowed`` lists a code set; ``low`` and ``high`` bound a number, both ends included."""

    name: str
    kind: Kind
    meaning: str
    required: bool = True
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: its columns in order, the columns that identify a row, and its references (column, to table)."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    references: tuple[tuple[str, str], ...] = field(default=())
    optional: bool = False

    @property
    def column_names(self) -> list[str]:
        """Names of the table's columns, in their order."""
        return [column.name for column in self.columns]


def column(name: str, kind: Kind, meaning: str, **more: object) -> Column:
    """A column by the order in which the tables state it; ``more`` are its other fields."""
    return Column(name=name, kind=kind, meaning=meaning, **more)  # type: ignore[arg-type]


CHILD = column("child_id", "text", "child, as pseudonymised by the source")
HOME = column("home_id", "text", "home; the Ofsted URN where there is one")
START = column("start_date", "date", "first day of the span")
END = column("end_date", "date", "day after the last day of the span; empty = open", required=False)

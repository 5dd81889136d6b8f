"""What a quantity is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One named quantity. ``label`` is a few words for tables and figures."""

    name: str
    symbol: str
    unit: str
    support: str
    label: str
    meaning: str


def named(name: str, symbol: str, unit: str, support: str, label: str, meaning: str) -> Quantity:
    """A quantity by the order in which the tables below state it."""
    return Quantity(name=name, symbol=symbol, unit=unit, support=support, label=label, meaning=meaning)

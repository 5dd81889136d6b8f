"""What a quantity is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One named quantity.

    Attributes
    ----------
    label : a few words for tables and figures
    estimand : what a scalar of a model is to whoever reads its draws; empty for what is told otherwise
    stated_direction : of a structure variable, on which side of no effect practitioners expect it: above, below
    needs : the columns of tables that a column of a design is read from
    reportable : whether its estimate may be shown; of the register's all, of a researcher's own as declared
    logged : the model holds its logarithm
    one_unit : of an exposure, the contrast that one unit of it is
    axis : of an exposure, what an axis of its values counts
    subject : one unit as the subject of a sentence
    """

    name: str
    symbol: str
    unit: str
    support: str
    label: str
    meaning: str
    estimand: str = ""
    stated_direction: Literal["", "above", "below"] = ""
    needs: str = ""
    reportable: bool = True
    logged: bool = False
    axis: str = ""
    one_unit: str = ""
    subject: str = ""


def named(name: str, symbol: str, unit: str, support: str, label: str, meaning: str, **more: Any) -> Quantity:
    """A quantity by the order in which the tables below state it; ``more`` are its other fields."""
    return Quantity(name=name, symbol=symbol, unit=unit, support=support, label=label, meaning=meaning, **more)

"""Short forms for documented fields of a scenario."""

from __future__ import annotations

import math
from typing import Any

from pydantic import Field

from missingmodels.sources import card


def from_card(name: str, *, log: bool = False) -> float:
    """The number of a card, or its logarithm."""
    return math.log(card(name).value) if log else card(name).value


def amount(default: float, meaning: str, **bounds: Any) -> Any:
    """A number that is not negative."""
    return Field(default=default, ge=0, description=meaning, **bounds)


def positive(default: float, meaning: str, **bounds: Any) -> Any:
    """A number above 0."""
    return Field(default=default, gt=0, description=meaning, **bounds)


def share(default: float, meaning: str) -> Any:
    """A share or probability."""
    return Field(default=default, ge=0, le=1, description=meaning)


def effect(default: float, meaning: str) -> Any:
    """A log rate ratio; beyond ±5 (a factor of 150) it is taken for a slip."""
    return Field(default=default, ge=-5, le=5, description=f"log rate ratio {meaning}")


def ratio(default: float, meaning: str) -> Any:
    """A factor."""
    return Field(default=default, gt=0, le=20, description=f"factor {meaning}")

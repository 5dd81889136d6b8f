"""The registry of measures: one a calibration target, with its definition kept beside the function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from missingmodels.frame.published.observed_year import YEAR_DAYS, ObservedYear
from missingmodels.targets import Measured


@dataclass(frozen=True)
class _Measure:
    """A target's name, its definition in one line, and the function that computes it."""

    name: str
    definition: str
    function: Callable[[ObservedYear], Measured]


MEASURES: dict[str, _Measure] = {}


class Unrecorded(Exception):
    """A quantity cannot be had from these tables; the text says why."""


type Found = tuple[float, int, str] | tuple[float, int, str, str]


def measure(
    name: str, definition: str
) -> Callable[[Callable[[ObservedYear], Found]], Callable[[ObservedYear], Measured]]:
    """Register a function that gives a target's value, the size of its denominator and what that counts.

    The function may raise Unrecorded; then the measure has no value and says why.
    """

    def register(function: Callable[[ObservedYear], Found]) -> Callable[[ObservedYear], Measured]:
        def run(year: ObservedYear) -> Measured:
            try:
                value, count, of, *note = function(year)
            except Unrecorded as reason:
                return Measured(name=name, value=None, why=str(reason))
            return Measured(name=name, value=float(value), count=int(count), of=of, note="".join(note))

        MEASURES[name] = _Measure(name, definition, run)
        return run

    return register


def share(flags: pd.Series | np.ndarray, of: str, column: str) -> tuple[float, int, str]:
    """The share of recorded flags that are true. Raises Unrecorded if none is recorded."""
    known = pd.Series(flags).dropna().astype(bool)
    if known.empty:
        raise Unrecorded(f"{column} is unrecorded for all {of}")
    return float(known.mean()), len(known), of


def require_year(year: ObservedYear) -> None:
    """Raise Unrecorded if less than a year was observed."""
    if not year.whole:
        raise Unrecorded(f"the tables observe {year.days} days and a year of {YEAR_DAYS} is needed")


def require_some(things: object, what: str) -> None:
    """Raise Unrecorded if there are none."""
    if not len(things):  # type: ignore[arg-type]
        raise Unrecorded(f"there are no {what}")


def require_all_residents(year: ObservedYear) -> None:
    """Raise Unrecorded where only one authority's children are seen."""
    if not year.tables.all_residents:
        raise Unrecorded("the tables hold one authority's children only, not all residents of the homes")

"""Calibration targets: published figures that a simulated England should reproduce, and the judgement of a measure.

Every target in ``targets.csv`` has a value, an interval, a citation and how sure it is. ``low`` and ``high`` are the
range in which a simulated England should fall, wide enough for the spread between years and between sources; they are
*not* sampling intervals. A target of status *assumption* has no published figure behind it and is never cited as one.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np

Verdict = Literal["inside", "below", "above", "too few", "not comparable", "not computed"]
FEWEST_JUDGED = 10  # a share of fewer says nothing about a sector, and may point at a child
INTERVAL_NOTE = (
    "Intervals are ranges that a simulated England should fall in (spread between years and sources), "
    "not sampling intervals."
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """One published figure.

    Attributes
    ----------
    number : number in the list of targets; None for the auxiliary ones
    status : verified (read at the source), derived (computed from verified figures) or assumption (no figure found)
    gate : one of the targets that a simulated England is held against first
    comparable : can tables of children's homes speak to it: yes, partly or no; ``reason`` says why not wholly
    """

    number: int | None
    name: str
    label: str
    value: float
    low: float
    high: float
    unit: str
    population: str
    year: str
    citation: str
    status: str
    gate: bool
    comparable: Literal["yes", "partly", "no"]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A target's quantity in one data set.

    Attributes
    ----------
    value : None if it cannot be computed, and then ``why`` says what is unrecorded
    count, of : the number of things in the denominator, and what they are
    note : how it was had, where there is more than one way
    """

    name: str
    value: float | None
    count: int = 0
    of: str = ""
    why: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A target beside its measures, one a data set (or a seed of a simulated world)."""

    target: Target
    definition: str
    measured: tuple[Measured, ...]

    @property
    def values(self) -> np.ndarray:
        """(K,) values of the data sets that have one."""
        return np.array([m.value for m in self.measured if m.value is not None], dtype=float)

    @property
    def mean(self) -> float | None:
        """Mean of the values; None where there is none."""
        return float(self.values.mean()) if self.values.size else None

    @property
    def median(self) -> float | None:
        """Median of the values; None where there is none."""
        return float(np.median(self.values)) if self.values.size else None

    @property
    def count(self) -> int:
        """Mean size of the denominator; 0 if there is no value."""
        counts = [m.count for m in self.measured if m.value is not None]
        return round(float(np.mean(counts))) if counts else 0

    @property
    def of(self) -> str:
        """What the denominator counts."""
        return next((m.of for m in self.measured if m.of), "")

    @property
    def judged(self) -> bool:
        """The mean is held against the interval."""
        return self.verdict in ("inside", "below", "above")

    @property
    def monte_carlo_error(self) -> float | None:
        """SD over data sets over the root of their number; None for a single one."""
        n = self.values.size
        return float(self.values.std(ddof=1) / math.sqrt(n)) if n > 1 else None

    @property
    def verdict(self) -> Verdict:
        """Where the mean lies; a mean on a bound is inside."""
        if self.mean is None:
            return "not computed"
        if self.target.comparable == "no":
            return "not comparable"
        if self.count < FEWEST_JUDGED:
            return "too few"
        if self.mean < self.target.low:
            return "below"
        return "above" if self.mean > self.target.high else "inside"

    @property
    def near_bound(self) -> bool:
        """A bound lies within two Monte Carlo errors of the mean, so other seeds could turn the verdict."""
        if self.mean is None or self.monte_carlo_error is None or not self.judged:
            return False
        nearest = min(abs(self.mean - self.target.low), abs(self.mean - self.target.high))
        return nearest <= 2 * self.monte_carlo_error

    @property
    def why_not(self) -> str:
        """Why there is no value, or no verdict; empty if there are both."""
        if self.mean is None:
            reasons = dict.fromkeys(m.why for m in self.measured if m.why)
            return "; ".join(reasons) or self.target.reason
        if self.target.comparable == "no":
            return self.target.reason
        return f"fewer than {FEWEST_JUDGED} {self.of}, too few to judge" if self.verdict == "too few" else ""

    def as_dict(self) -> dict[str, Any]:
        """A flat record for files."""
        t = self.target
        return {
            "name": t.name,
            "label": t.label,
            "number": t.number,
            "gate": t.gate,
            "value": None if t.status == "assumption" else t.value,  # nothing is published
            "low": t.low,
            "high": t.high,
            "unit": t.unit,
            "status": t.status,
            "comparable": t.comparable,
            "reason": t.reason,
            "mean": self.mean,
            "median": self.median,
            "monte_carlo_error": self.monte_carlo_error,
            "data_sets": int(self.values.size),
            "verdict": self.verdict,
            "near_bound": self.near_bound,
            "count": self.count,
            "of": self.of,
            "why_not": self.why_not,
            "note": "; ".join(dict.fromkeys(m.note for m in self.measured if m.note)),
            "definition": self.definition,
            "population": t.population,
            "year": t.year,
            "citation": t.citation,
        }


@cache
def targets() -> dict[str, Target]:
    """All targets by name, numbered ones first."""
    text = files("missingmodels").joinpath("targets.csv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        cells: dict[str, Any] = dict(row)
        cells |= {key: float(row[key]) for key in ("value", "low", "high")}
        cells |= {"number": int(row["number"]) if row["number"] else None, "gate": row["gate"] == "yes"}
        found[row["name"]] = Target(**cells)
    return found


def in_order(compared: Sequence[Compared]) -> list[Compared]:
    """Gate targets first, then the others, each in the order of the list."""
    return sorted(compared, key=lambda c: not c.target.gate)


def tally(compared: Sequence[Compared]) -> dict[str, int]:
    """Gate targets by verdict: how many there are, how many inside, outside, and without a verdict."""
    gate = [c for c in compared if c.target.gate]
    inside = sum(c.verdict == "inside" for c in gate)
    outside = sum(c.verdict in ("below", "above") for c in gate)
    return {"gate": len(gate), "inside": inside, "outside": outside, "without": len(gate) - inside - outside}

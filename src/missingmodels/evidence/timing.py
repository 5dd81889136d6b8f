"""When onsets come: what the model must reproduce before its peers' effect is read.

How soon a child's next onset follows, how often those of two residents of one home fall near one another, how unevenly
they fall over homes and months, how soon after arrival, and on days of which rate by their columns. Each is counted
alike in the data and in the window lived again (``effects.dynamic``), with the children, homes and periods of the
posterior: what is checked is timing, not who is at risk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from missingmodels.evidence.parts import TIMING
from missingmodels.frame.columns.of_peers.exposure import ARRIVAL_BANDS, arrival_bands
from missingmodels.frame.forward import ForwardDays
from missingmodels.frame.riskset import RiskSet
from missingmodels.parameters import Array

type Whole = np.ndarray  # of whole numbers, or of booleans

GAPS = ((1, 2), (3, 7), (8, 14), (15, 28), (29, 91))  # days, both ends in
LAGS = ((0, 0), (1, 2), (3, 7), (8, 14), (15, 28))
TENTHS = 10
MONTH = 28
# In this order: how each part of the counts is called, and its bins.
BINS = (
    tuple(f"{low}–{high}" for low, high in GAPS),
    ("same day", *(f"{low}–{high}" for low, high in LAGS[1:])),
    tuple(ARRIVAL_BANDS),
    tuple(map(str, range(1, TENTHS + 1))),
    ("variance over mean",),
)
PARTS: Mapping[str, tuple[str, ...]] = dict(zip(TIMING, BINS, strict=True))


@dataclass(frozen=True, kw_only=True)
class Places:
    """Of the N resident-days: ``child``, ``home`` and ``day`` (N,), ``counted`` (N,) those of the window at risk.

    ``arrival`` (N,) band of days since arrival; ``tenth`` (N,) of the counted days by the rate that the columns expect
    there. By that of the child and home, the lowest tenths would be those of children who had no onset.
    """

    child: Whole
    home: Whole
    day: Whole
    counted: Whole
    arrival: Whole
    tenth: Whole

    @classmethod
    def of(cls, days: ForwardDays, risk: RiskSet, rate: Array) -> Places:
        """``rate`` (R,) expected at each spell of the days by its columns."""
        day = np.repeat(np.arange(days.first.size - 1), np.diff(days.first))
        counted = (days.risk > 0) & (days.spell >= 0) & (day >= days.count_from)
        expected = rate[days.spell[counted]]
        edges = np.quantile(expected, np.arange(1, TENTHS) / TENTHS) if expected.size else np.zeros(TENTHS - 1)
        tenth = np.zeros(day.size, dtype=np.int64)
        tenth[counted] = np.searchsorted(edges, expected, side="right")
        return cls(
            child=days.child,
            home=days.home,
            day=day,
            counted=counted,
            arrival=arrival_bands(risk.since_arrival[days.child, day]),
            tenth=tenth,
        )

    def statistics(self, onset: Whole) -> Array:
        """(K,) of the onsets (N,) on counted days: the parts of ``PARTS`` one after another."""
        at = np.flatnonzero(onset & self.counted)
        home, day = self.home[at], self.day[at]
        return np.concatenate(
            [
                _gaps(self.child[at], day),
                _pairs(self.child[at], home, day),
                np.bincount(self.arrival[at], minlength=len(ARRIVAL_BANDS)),
                np.bincount(self.tenth[at], minlength=TENTHS),
                [self._dispersion(home, day)],
            ]
        )

    def _dispersion(self, home: Whole, day: Whole) -> float:
        """Variance over mean of the onsets of a home in 28 days, over those with a counted day."""
        width, lived = self._months
        count = np.bincount(home * width + day // MONTH, minlength=int(lived.max(initial=-1)) + 1)[lived]
        return float(count.var() / count.mean()) if count.any() else float("nan")

    @cached_property
    def _months(self) -> tuple[int, Whole]:
        """Months in all, and (M,) which of all homes' months hold a counted day."""
        width = int(self.day.max(initial=0)) // MONTH + 1
        return width, np.unique(self.home[self.counted] * width + self.day[self.counted] // MONTH)


def _gaps(child: Whole, day: Whole) -> Whole:
    """How many onsets are followed by the same child's next after so many days."""
    order = np.lexsort((day, child))
    gap = np.diff(day[order])[np.diff(child[order]) == 0]
    return np.array([np.count_nonzero((gap >= low) & (gap <= high)) for low, high in GAPS])


def _pairs(child: Whole, home: Whole, day: Whole) -> Whole:
    """How many pairs of onsets of two children in one home lie so many days apart."""
    order = np.lexsort((day, home))
    child, home, day = child[order], home[order], day[order]
    found = np.zeros(LAGS[-1][1] + 1, dtype=np.int64)
    for step in range(1, day.size):
        near = (home[step:] == home[:-step]) & (day[step:] - day[:-step] < found.size)
        if not near.any():
            break
        others = near & (child[step:] != child[:-step])
        found += np.bincount((day[step:] - day[:-step])[others], minlength=found.size)
    return np.array([found[low : high + 1].sum() for low, high in LAGS])


def timing(
    places: Places, observed: Whole, replicated: Array, bands: Callable[[Array], dict[str, Any]]
) -> list[dict[str, Any]]:
    """The parts that the page shows: bins, what was observed, and ``bands`` of (S, K) what was replicated."""
    seen, made, parts, begin = places.statistics(observed), replicated, [], 0
    for name, bins in PARTS.items():
        here = slice(begin, begin + len(bins))
        begin = here.stop
        if np.isfinite(seen[here]).all() and np.isfinite(made[:, here]).all():
            parts.append(
                {"name": name, "bins": list(bins), "observed": seen[here].tolist(), "replicated": bands(made[:, here])}
            )
    return parts

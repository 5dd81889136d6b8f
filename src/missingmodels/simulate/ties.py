"""Ties as spans for the tables: the strengths that the loops used, as steps on the grid of periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from missingmodels.intervals import expand
from missingmodels.simulate.chance import key_of, uniform
from missingmodels.simulate.days.flow import Stays
from missingmodels.simulate.days.links import FAINT
from missingmodels.simulate.run import Run
from missingmodels.simulate.settings import LOGISTIC_SD

KINDS = ("home", "former", "school", "area")


@dataclass(frozen=True, kw_only=True)
class _TieSpans:
    """Undirected ties: children ``a`` < ``b``, span ``[start, end)``, strength > 0, kind as index into ``KINDS``."""

    a: np.ndarray
    b: np.ndarray
    start: np.ndarray
    end: np.ndarray
    strength: np.ndarray
    kind: np.ndarray


def tie_spans(run: Run) -> _TieSpans:
    """Every tie of the observed span."""
    together = _together(run)
    parts = [_home_ties(run, *together), _former_ties(run, *together)]
    if run.scenario.homes.school_tie_share or run.scenario.homes.area_tie_share:
        parts.append(_area_ties(run))
    merged = {name: np.concatenate([getattr(p, name) for p in parts]) for name in _TieSpans.__dataclass_fields__}
    order = np.lexsort((merged["kind"], merged["start"], merged["b"], merged["a"]))
    return _TieSpans(**{name: values[order] for name, values in merged.items()})


def _pairs(group: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Index pairs of rows of the same group, each pair once."""
    order = np.argsort(group, kind="stable")
    size = np.bincount(group, minlength=groups)
    first = np.cumsum(size) - size
    position = np.arange(group.size) - first[group[order]]
    row, offset = expand(np.zeros(group.size, dtype=np.int64), position)
    return order[first[group[order]][row] + offset], order[row]


def _together(run: Run) -> tuple[np.ndarray, ...]:
    """Pairs of stays in one home that overlap: children a < b, first day and day of parting.

    Stays that ended before day 0 count: whoever parted then still has a former tie in the observed span.
    """
    stays = Stays(*(np.concatenate(columns) for columns in zip(run.stays_before, run.stays, strict=True)))
    i, j = _pairs(stays.home, run.sector.places.size)
    start, end = np.maximum(stays.start[i], stays.start[j]), np.minimum(stays.end[i], stays.end[j])
    keep = (end > start) & (stays.child[i] != stays.child[j]) & (start < run.scenario.days)
    i, j, start, end = i[keep], j[keep], start[keep], end[keep]
    a, b = stays.child[i], stays.child[j]
    return np.minimum(a, b), np.maximum(a, b), start, end


def _affinity(run: Run, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    low, high = np.minimum(run.number[a], run.number[b]), np.maximum(run.number[a], run.number[b])
    chance = uniform(key_of(run.seed, "affinity"), low, high)
    return np.exp(run.scenario.ties.sd_log / LOGISTIC_SD * np.log(chance / (1 - chance)))


def _grown(run: Run, days: np.ndarray) -> np.ndarray:
    spec = run.scenario.ties
    grown = 1 - np.exp(-np.maximum(days, 0) / spec.growth_days)
    return spec.first_day_share + (1 - spec.first_day_share) * grown


def _home_ties(run: Run, a: np.ndarray, b: np.ndarray, start: np.ndarray, end: np.ndarray) -> _TieSpans:
    row, first, last = _by_period(run, np.maximum(start, 0), np.minimum(end, run.scenario.days))
    period = run.scenario.period_days
    strength = _affinity(run, a, b)[row] * _grown(run, first // period * period - start[row])
    return _TieSpans(a=a[row], b=b[row], start=first, end=last, strength=strength, kind=np.zeros(row.size, dtype=int))


def _former_ties(run: Run, a: np.ndarray, b: np.ndarray, start: np.ndarray, end: np.ndarray) -> _TieSpans:
    """From parting on, until the two live together again or the tie is faint; none after either has left for good."""
    spec, period, days = run.scenario.ties, run.scenario.period_days, run.scenario.days
    strength = _affinity(run, a, b) * _grown(run, end // period * period - start)
    last_seen = np.zeros(run.child.size, dtype=np.int64)
    np.maximum.at(last_seen, run.stays.child, run.stays.end)
    fades = end + np.ceil(spec.decay_days * np.log(np.maximum(strength / FAINT, 1e-9))).astype(np.int64) + period
    order = np.lexsort((start, b, a))
    again = np.full(a.size, days)
    same = (a[order][1:] == a[order][:-1]) & (b[order][1:] == b[order][:-1])
    again[order[:-1][same]] = start[order[1:][same]]
    until = np.minimum.reduce([fades, again, last_seen[a], last_seen[b], np.full(a.size, days)])
    row, first, last = _by_period(run, np.maximum(end, 0), np.maximum(until, np.maximum(end, 0)))
    faded = strength[row] * np.exp(-np.maximum(first // period * period - end[row], 0) / spec.decay_days)
    keep = faded >= FAINT
    row, first, last, faded = row[keep], first[keep], last[keep], faded[keep]
    return _TieSpans(a=a[row], b=b[row], start=first, end=last, strength=faded, kind=np.ones(row.size, dtype=int))


def _area_ties(run: Run) -> _TieSpans:
    """While two live in different homes of one area: by school if both are in education, else by area."""
    stays, spec, ties = run.stays, run.scenario.homes, run.scenario.ties
    i, j = _pairs(run.sector.area[stays.home], int(run.sector.area[-1]) + 1)
    start = np.maximum(np.maximum(stays.start[i], stays.start[j]), 0)
    end = np.minimum(np.minimum(stays.end[i], stays.end[j]), run.scenario.days)
    a, b = stays.child[i], stays.child[j]
    low, high = np.minimum(run.number[a], run.number[b]), np.maximum(run.number[a], run.number[b])
    out = run.traits.not_in_education
    school = (out[a] == 0) & (out[b] == 0) & (uniform(key_of(run.seed, "area"), low, high) < spec.school_tie_share)
    near = (uniform(key_of(run.seed, "near"), low, high) < spec.area_tie_share) & ~school
    keep = (end > start) & (a != b) & (stays.home[i] != stays.home[j]) & (school | near)
    kind = np.where(school, KINDS.index("school"), KINDS.index("area"))[keep]
    return _TieSpans(
        a=np.minimum(a, b)[keep],
        b=np.maximum(a, b)[keep],
        start=start[keep],
        end=end[keep],
        strength=np.where(kind == KINDS.index("school"), ties.school_strength, ties.area_strength),
        kind=kind,
    )


def _by_period(run: Run, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spans cut at the starts of periods: row of the span, first day, day after the last."""
    period = run.scenario.period_days
    held = np.flatnonzero(end > start)
    row, piece = expand(start[held] // period, (end[held] - 1) // period + 1)
    row = held[row]
    return row, np.maximum(start[row], piece * period), np.minimum(end[row], (piece + 1) * period)

"""Staffing that answers to episodes: those of a period make people sick, or leave, in the period after it."""

from __future__ import annotations

import numpy as np

from missingmodels.simulate.days.episodes import Episodes

FAR = 100_000  # days before the rota, on which nothing strains anybody
MOST_AWAY = 0.95  # of the people on a rota
MOST_LEAVE = 20.0  # times as many as usually do


def strain_of(episodes: Episodes, rows: int, strain: np.ndarray, lead: int, period: int) -> np.ndarray:
    """(H, Q) onsets of each home in the period before each one of the rota, whose day 0 begins period ``lead``.

    ``rows`` of the episodes hold; ``strain`` (H, Q) gives the shape.
    """
    home, day = episodes.home[:rows], episodes.day[:rows]
    after = lead + day // period + 1
    held = (after >= 0) & (after < strain.shape[1])
    found = np.zeros_like(strain)
    np.add.at(found, (home[held], after[held]), 1.0)
    return found


def sickness(share: float, per_episode: float, strain: np.ndarray) -> np.ndarray:
    """(H, Q) chance that a person on the rota is away."""
    return np.asarray(np.minimum(share + per_episode * strain, max(MOST_AWAY, share)))


def leaving_factor(log_ratio: float, strain: np.ndarray) -> np.ndarray:
    """(H, Q) factor on the rate of leaving."""
    return np.asarray(np.exp(np.minimum(log_ratio * strain, np.log(MOST_LEAVE))))


def days_until(
    since: np.ndarray, wait: np.ndarray, home: np.ndarray, factor: np.ndarray, first_day: int, period: int
) -> np.ndarray:
    """(N,) days after ``since`` (N,) until a time without memory of ``wait`` (N,) ordinary days has passed.

    In period q of the rota a day of the home (N,) counts ``factor`` (H, Q) ordinary ones, before and after it one.
    """
    homes, periods = factor.shape
    edge = np.concatenate([[-FAR], period * np.arange(periods + 1), [period * periods + FAR]]).astype(float)
    worth = np.column_stack([np.ones(homes), factor, np.ones(homes)])
    passed = np.cumsum(np.column_stack([np.full(homes, -FAR), worth * np.diff(edge)]), axis=1)
    # homes one after another, so that one interpolation serves all
    apart = (passed[:, -1].max() + 3 * FAR) * np.arange(homes)[:, None]
    at, clock = (edge + apart).ravel(), (passed + apart).ravel()
    begin = since - first_day + apart[home, 0]
    until = np.minimum(np.interp(begin, at, clock) + wait, passed[home, -1] + apart[home, 0])
    return np.asarray(np.interp(until, clock, at) - begin)

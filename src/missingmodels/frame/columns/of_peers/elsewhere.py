"""Onsets of late in other homes: what all homes of a sector, or of an authority, share on the same days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.frame.columns.days import Days, rows_in_force
from missingmodels.frame.columns.lives import home_sums

RECENT_DAYS = 7


def outside_recent(days: Days) -> np.ndarray:
    """(N,) onsets in all other homes on the seven days before, per resident-week there; NaN without another home."""
    return _rate(days, np.zeros((len(days.risk.home_ids), days.risk.days), dtype=np.int64))


def authority_recent(days: Days) -> np.ndarray:
    """(N,) the same of the other homes in the authority that the home stands in; NaN where that is unrecorded."""
    risk = days.risk
    starts = np.arange(risk.periods) * risk.period_days
    rows = rows_in_force(days.tables["homes"], risk, starts)
    code = np.append(pd.factorize(days.tables["homes"]["authority"])[0], -1)[rows]
    return _rate(days, code[:, np.arange(risk.days) // risk.period_days])


def _rate(days: Days, group: np.ndarray) -> np.ndarray:
    """(N,) of groups of homes (H, D), -1 for none; 0 on the first day, before which nothing is known."""
    risk = days.risk
    lives = risk.residence >= 0
    onsets, residents = (
        _others(home_sums(risk.residence, grid, len(risk.home_ids)), group)
        for grid in (risk.onset_anywhere & lives, lives)
    )
    late, there = _before(onsets), _before(residents)
    rate = np.divide(RECENT_DAYS * late, there, out=np.full(late.shape, np.nan), where=there > 0)
    rate[:, 0] = np.where((group[:, 0] >= 0) & (residents[:, 0] > 0), 0.0, np.nan)
    return days.of_home_days(np.where(group < 0, np.nan, rate))


def _others(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(H, D) sums over the other homes of a home's group on the day."""
    cell = (group + 1) * values.shape[1] + np.arange(values.shape[1])
    total = np.bincount(cell.ravel(), values.ravel())
    return np.asarray(total[cell] - values)


def _before(values: np.ndarray) -> np.ndarray:
    """(H, D) sums over the seven days before each."""
    total = np.pad(values.cumsum(axis=1), ((0, 0), (1, 0)))
    day = np.arange(values.shape[1])
    return np.asarray(total[:, day] - total[:, np.maximum(day - RECENT_DAYS, 0)])

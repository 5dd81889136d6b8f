"""The child-days that columns are asked for, and how to reach what the tables say of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.frame.columns.arrays import places, rows_of
from missingmodels.frame.riskset import RiskSet
from missingmodels.intervals import UNRECORDED_DAY, to_day
from missingmodels.plan import Frame
from missingmodels.tables import Tables


@dataclass(frozen=True, kw_only=True)
class Days:
    """N child-days lived in homes: ``child`` and ``day`` (N,) of the risk set."""

    tables: Tables
    risk: RiskSet
    settings: Frame
    child: np.ndarray
    day: np.ndarray

    @cached_property
    def place(self) -> np.ndarray:
        """(N,) in the flat (C, D) grid."""
        return np.asarray(self.child * self.risk.days + self.day)

    @cached_property
    def home(self) -> np.ndarray:
        """(N,) home lived in."""
        return np.asarray(self.risk.residence.ravel()[self.place])

    @cached_property
    def period(self) -> np.ndarray:
        """(N,) period of what changes slowly."""
        return np.asarray(self.day // self.risk.period_days)

    @cached_property
    def period_start(self) -> np.ndarray:
        """(N,) its first day."""
        return np.asarray(self.period * self.risk.period_days)

    @cached_property
    def _child_rows(self) -> np.ndarray:
        return rows_of(self.tables["children"]["child_id"], self.risk.child_ids)

    @cached_property
    def _home_rows(self) -> np.ndarray:
        starts = np.arange(self.risk.periods) * self.risk.period_days
        return rows_in_force(self.tables["homes"], self.risk, starts)

    def of_children(self, values: Any) -> Any:
        """(N,) of what has one value a row of the children's table."""
        return values[self._child_rows][self.child]

    def of_stays(self, values: Any) -> Any:
        """(N,) of what has one value a row of placements."""
        return values[self.risk.stay.ravel()[self.place]]

    def of_homes(self, values: Any) -> Any:
        """(N,) of what has one value a row of homes: that in force as the period starts."""
        return values[self._home_rows[self.home, self.period]]

    def taken(self, grid: np.ndarray) -> np.ndarray:
        """(N,) of a (C, D) grid."""
        return np.asarray(grid.ravel()[self.place])

    def of_home_days(self, grid: np.ndarray) -> np.ndarray:
        """(N,) of an (H, D) grid."""
        return np.asarray(grid[self.home, self.day])

    def offsets(self, column: pd.Series, unrecorded: int) -> np.ndarray:
        """(N,) days from the first observed one; ``unrecorded`` where there is none."""
        held = to_day(column)
        return np.asarray(np.where(held == UNRECORDED_DAY, unrecorded, held - self.risk.first_day))


def rows_in_force(homes: pd.DataFrame, risk: RiskSet, days: np.ndarray) -> np.ndarray:
    """(H, T) row of ``homes``, by position, that holds of each home on each of T days; -1 for a home without any.

    Before a home's first row its first value stands, as a home that was lived in was somebody's.
    """
    order = np.argsort(to_day(homes["valid_from"]), kind="stable")
    starts = to_day(homes["valid_from"])[order] - risk.first_day
    home = places(risk.home_ids, homes["home_id"])[order]
    out = np.full((len(risk.home_ids), days.size), -1)
    for at in np.unique(home[home >= 0]):
        own = np.flatnonzero(home == at)
        place = np.searchsorted(starts[own], days, side="right") - 1
        out[at] = order[own[np.maximum(place, 0)]]
    return out

"""Identifiers and dates of array positions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.simulate.entrants import ELSEWHERE, ROW_LIMIT
from missingmodels.simulate.run import Run


class Labels:
    """Labels of a run. A child's label holds the bed it first came to and its turn there, a home's its position."""

    def __init__(self, run: Run) -> None:
        self.first = np.datetime64(run.scenario.start_date, "D")
        self.home = np.array([f"home{i:05d}" for i in range(run.sector.places.size)], dtype=object)
        bed, turn = np.divmod(run.number, ROW_LIMIT)
        self.child = np.array([f"child{b:05d}x{t:02d}" for b, t in zip(bed, turn, strict=True)], dtype=object)
        count = run.scenario.homes.authorities
        # a sector without authorities is one extract, and all its children are in it
        names = [f"LA{i:03d}" for i in range(count)] if count > 1 else ["SIM"]
        self._authority = np.array([*names, names[-1]], dtype=object)

    def authority(self, index: np.ndarray) -> np.ndarray:
        """Codes of authorities, of the shape of ``index``."""
        return self._authority[np.where(index == ELSEWHERE, self._authority.size - 1, index)]

    def date(self, day: np.ndarray) -> pd.Series:
        """Dates of day offsets."""
        return pd.Series((self.first + np.asarray(day).astype("timedelta64[D]")).astype("datetime64[s]"))

    def span_end(self, day: np.ndarray, last: int) -> pd.Series:
        """Dates of span ends; open where the span lasts to the end of observation or beyond."""
        return self.date(np.minimum(day, last)).where(np.asarray(day) < last)

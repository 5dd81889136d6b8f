"""Hours of care staff on duty from a rota: by the clock that people lived by, so a night may have 23 or 25 hours' day.

Specification, section 4: agency and bank hours count, sleep-ins, on-call and training do not, planned shifts do not.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.frame.columns.arrays import places
from missingmodels.frame.riskset import RiskSet
from missingmodels.intervals import to_date
from missingmodels.tables import Tables

ZONE = "Europe/London"
NOT_ON_DUTY = ("sleep_in", "on_call", "training")
AGENCY = ("agency", "bank")
SECONDS_PER_HOUR = 3600


def elapsed(local: pd.Series) -> np.ndarray:
    """(N,) seconds on an even clock of local times; one that came twice is its first showing, one skipped moves on."""
    zoned = pd.DatetimeIndex(local).tz_localize(ZONE, ambiguous=np.ones(len(local), bool), nonexistent="shift_forward")
    return zoned.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[s]").astype("int64")


def hours_from_shifts(tables: Tables, risk: RiskSet) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(H, T) hours on duty, of those by agency and bank staff, whether a rota covers the period, and its hours.

    A period is covered if a worked shift of any kind touches each of its days, which a staffed home's rota always does.
    Agency hours are NaN where the contract of any shift in the period is unrecorded.
    """
    shape = (len(risk.home_ids), risk.periods)
    if "staff_shifts" not in tables:
        return np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool), np.ones(shape)
    frame = tables["staff_shifts"]
    frame = frame[frame["status"] == "worked"]
    home = places(risk.home_ids, frame["home_id"])
    frame, home = frame[home >= 0], home[home >= 0]
    edge = _boundaries(risk)
    length = np.diff(edge) / SECONDS_PER_HOUR
    if not len(frame):
        return np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool), np.broadcast_to(length, shape)
    start, end = elapsed(frame["start_time"]), elapsed(frame["end_time"])
    duty = ~frame["shift_type"].isin(NOT_ON_DUTY).to_numpy(dtype=bool)
    agency = frame["employment"].isin(AGENCY).to_numpy(dtype=bool)
    unknown = frame["employment"].isna().to_numpy(dtype=bool)
    hours, by_agency = np.zeros(shape), np.zeros(shape)
    for period in range(risk.periods):
        shared = np.maximum(np.minimum(end, edge[period + 1]) - np.maximum(start, edge[period]), 0) / SECONDS_PER_HOUR
        hours[:, period] = np.bincount(home, shared * duty, shape[0])
        by_agency[:, period] = np.bincount(home, shared * (duty & agency), shape[0])
        blank = np.bincount(home, (shared > 0) & duty & unknown, shape[0]) > 0
        by_agency[blank, period] = np.nan
    return hours, by_agency, _covered(frame, home, risk), np.broadcast_to(length, shape)


def _boundaries(risk: RiskSet) -> np.ndarray:
    """(T + 1,) midnights at which periods begin, and the last ends, in seconds on an even clock."""
    days = risk.first_day + np.arange(risk.periods + 1) * risk.period_days
    return elapsed(pd.Series(to_date(days)))


def _covered(frame: pd.DataFrame, home: np.ndarray, risk: RiskSet) -> np.ndarray:
    """(H, T) whether every day of a period is touched by a shift; one that ends at midnight leaves the day alone."""
    first = frame["start_time"].to_numpy("datetime64[D]").astype("int64") - risk.first_day
    last = (frame["end_time"] - pd.Timedelta(seconds=1)).to_numpy("datetime64[D]").astype("int64") - risk.first_day
    days = risk.periods * risk.period_days
    touched = np.zeros((len(risk.home_ids), days), dtype=bool)
    for day in (first, last):
        inside = (day >= 0) & (day < days)
        touched[home[inside], day[inside]] = True
    return touched.reshape(len(risk.home_ids), risk.periods, risk.period_days).all(axis=2)

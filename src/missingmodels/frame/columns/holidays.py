"""School holidays as a plan declares them: no calendar comes with the package, as each authority publishes its own."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence

import numpy as np

from missingmodels.errors import ConfigInvalid
from missingmodels.frame.columns.arrays import texts
from missingmodels.frame.columns.days import Days
from missingmodels.plan import EVERYWHERE

EPOCH = dt.date(1970, 1, 1)


def school_holiday(days: Days) -> np.ndarray:
    """(N,) 1 on a holiday of the authority that the home stands in, or of everywhere; NaN where none is declared.

    And on days that the calendar does not reach. Raises ConfigInvalid where the plan declares none at all.
    """
    declared = days.settings.school_holidays
    if not declared:
        raise ConfigInvalid(
            "the formula names school_holiday, and the plan declares no holidays",
            where="frame.school_holidays",
            remedy="give first and last days as the authority publishes them: "
            f"{EVERYWHERE} = [[2024-07-24, 2024-09-02], …], or by the code of an authority",
        )
    out = np.full(days.day.size, np.nan)
    authority = np.array([text or "" for text in texts(days.tables["homes"]["authority"])])
    stands_in = days.of_homes(authority)
    for name, spans in sorted(declared.items(), key=lambda item: item[0] != EVERYWHERE):
        held = np.ones(out.size, dtype=bool) if name == EVERYWHERE else stands_in == name
        out[held] = of_calendar(spans, days.risk.first_day, days.risk.days)[days.day[held]]
    return out


def of_calendar(spans: Sequence[tuple[dt.date, dt.date]], first_day: int, days: int) -> np.ndarray:
    """(D,) 1 on a holiday, first and last day in, and 0 in term; NaN farther from any holiday than the longest term."""
    ends = sorted(((first - EPOCH).days - first_day, (last - EPOCH).days - first_day) for first, last in spans)
    longest = max(later[0] - sooner[1] - 1 for sooner, later in itertools.pairwise(ends))
    day = np.arange(days)
    inside = np.any([(day >= first) & (day <= last) for first, last in ends], axis=0)
    near = np.any([(day >= first - longest) & (day <= last + longest) for first, last in ends], axis=0)
    return np.where(near, inside.astype(float), np.nan)

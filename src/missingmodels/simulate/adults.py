"""Adults as people: what each who is on a home's shifts does to the rate of the children in their care."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from missingmodels.simulate.chance import key_of, normal
from missingmodels.simulate.homes import Sector
from missingmodels.simulate.staffing import AGENCY, WORKED, Staffing, shifts_of

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario


def adult_days(scenario: Scenario, sector: Sector, staffing: Staffing, seed: int) -> np.ndarray:
    """(H, D) log rate by who is on the day's shifts, from the first day of the process on; (0, 0) without.

    The mean of their own effects, as all shifts are of one length. Who works in two homes would be two people.
    """
    sd = scenario.staff.adult_sd_log
    if not sd:
        return np.zeros((0, 0))
    homes, days = staffing.on_shift.shape
    keys = key_of(seed, "staff", "adult"), key_of(seed, "staff", "agency adult")
    total, count = np.zeros(homes * days), np.zeros(homes * days)
    for shifts in shifts_of(scenario, sector, staffing, seed):
        on = (shifts.kind == WORKED) | (shifts.kind == AGENCY)
        home, person, agency = shifts.home[on], shifts.person[on], shifts.kind[on] == AGENCY
        effect = np.where(agency, normal(keys[1], home, person), normal(keys[0], person))
        cell = home * days + shifts.day[on] - staffing.first_day
        total += np.bincount(cell, effect, total.size)
        count += np.bincount(cell, minlength=total.size)
    mean = np.divide(sd * total, count, out=np.zeros(total.size), where=count > 0).reshape(homes, days)
    first = -scenario.lead_days - staffing.first_day
    return np.ascontiguousarray(mean[:, first : first + scenario.lead_days + scenario.days])

"""How effects of homes over time follow from standard normals: independent periods, or a process that drifts.

A process of standard deviation σ and time scale τ days on cells of d days has correlation ρ = exp(-d / τ) from one
cell to the next: x_0 = σ e_0, x_t = ρ x_(t-1) + σ sqrt(1 - ρ²) e_t. Its precision is tridiagonal, with
1 / (σ² (1 - ρ²)) at both ends, 1 + ρ² times that between and -ρ times that beside the diagonal. Here it is written
through e, so that all unknowns of the engine stay standard normal whatever σ and τ are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from missingmodels.fitting.laplace.data import Array

if TYPE_CHECKING:
    from missingmodels.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Process:
    """What a home's cells of time, T, have in common.

    ``home`` (T, Q) takes the Q standard normals of a home to its cells; ``sector`` (T, K) those that all homes share,
    no column where they share none.
    """

    home: Array
    sector: Array

    @classmethod
    def of(cls, plan: Plan, cells: int) -> Process | None:
        """The plan's, for so many cells; None where they are a home's independent periods and nothing is shared."""
        effects, frame = plan.effects, plan.frame
        days = frame.cell_days or frame.period_days
        drifts, shared = effects.home_process == "drift", effects.sector_process == "drift"
        if not (drifts or shared or days != frame.period_days):
            return None
        home = drift(cells, days, effects.home_process_days) if drifts else periods(cells, days, frame.period_days)
        sector = drift(cells, days, effects.sector_process_days) if shared else np.zeros((cells, 0))
        return cls(home=home, sector=sector)


def drift(cells: int, cell_days: float, scale_days: float) -> Array:
    """(T, T) lower triangular: a process of unit standard deviation from standard normals."""
    step = np.exp(-cell_days / scale_days)
    age = np.arange(cells)[:, None] - np.arange(cells)
    root = np.where(age >= 0, step ** np.maximum(age, 0), 0.0)
    root[:, 1:] *= np.sqrt(1 - step**2)
    return np.asarray(root)


def periods(cells: int, cell_days: int, period_days: int) -> Array:
    """(T, Q) of ones where a cell lies in a period."""
    period = np.arange(cells) * cell_days // period_days
    return (period[:, None] == np.arange(int(period.max(initial=-1)) + 1)).astype(float)

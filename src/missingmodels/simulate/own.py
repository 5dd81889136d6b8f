"""Variables of a researcher's own: their draws, and what they do to the rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from missingmodels.simulate.chance import key_of, normal, uniform

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario
    from missingmodels.scenario.own import OwnDrawn

Table = Literal["children", "homes"]


def own_log_rate(scenario: Scenario, table: Table, number: np.ndarray, seed: int) -> np.ndarray:
    """(N,) what the variables of a table add to the log rate of units of these numbers."""
    total = np.zeros(number.size)
    for name, held in own_of(scenario, table).items():
        if held.log_rate_ratio:
            total += held.log_rate_ratio * own_values(name, held, number, seed)
    return total


def own_of(scenario: Scenario, table: Table) -> Mapping[str, OwnDrawn]:
    """The variables of a table, by name."""
    return {name: held for name, held in scenario.own.items() if held.table == table}


def own_values(name: str, held: OwnDrawn, number: np.ndarray, seed: int) -> np.ndarray:
    """(N,) as they act, whether they are written down or not."""
    key = key_of(seed, "own", name)
    return normal(key, number) if held.kind == "number" else (uniform(key, number) < held.share).astype(float)

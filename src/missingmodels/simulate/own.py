"""Variables of a researcher's own: their draws, what they do to the rate, and their columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from missingmodels.simulate.chance import key_of, normal, uniform
from missingmodels.tables.own import Own, read_declared

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario
    from missingmodels.scenario.own import OwnDrawn

Table = Literal["children", "homes"]


def own_log_rate(scenario: Scenario, table: Table, number: np.ndarray, seed: int) -> np.ndarray:
    """(N,) what the variables of a table add to the log rate of units of these numbers."""
    total = np.zeros(number.size)
    for name, held in _of(scenario, table).items():
        if held.log_rate_ratio:
            total += held.log_rate_ratio * _values(name, held, number, seed)
    return total


def own_columns(scenario: Scenario, table: Table, number: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """(N,) each: the columns as they are written down, None or NaN where a value is not."""
    out = {}
    for name, held in _of(scenario, table).items():
        values = _values(name, held, number, seed)
        written = uniform(key_of(seed, "own", name, "written"), number) < held.recorded_share
        whole = np.array([bool(value) for value in values], dtype=object) if held.kind == "yes/no" else values.copy()
        whole[~written] = None  # a number's is NaN
        out[name] = whole
    return out


def own_declared(scenario: Scenario) -> dict[str, tuple[Own, ...]]:
    """What the columns mean, by table. Raises ConfigInvalid for a name that may be nobody's own."""
    tables: tuple[Table, ...] = ("children", "homes")
    told = {
        table: {
            name: {"kind": held.kind, "meaning": held.meaning or name.replace("_", " "), "direction": held.direction}
            for name, held in _of(scenario, table).items()
        }
        for table in tables
    }
    return {table: read_declared(table, entries, "own") for table, entries in told.items() if entries}


def _of(scenario: Scenario, table: Table) -> Mapping[str, OwnDrawn]:
    return {name: held for name, held in scenario.own.items() if held.table == table}


def _values(name: str, held: OwnDrawn, number: np.ndarray, seed: int) -> np.ndarray:
    key = key_of(seed, "own", name)
    return normal(key, number) if held.kind == "number" else (uniform(key, number) < held.share).astype(float)

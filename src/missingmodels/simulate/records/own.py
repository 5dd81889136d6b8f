"""Variables of a researcher's own as they are written down, and what is declared of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from missingmodels.simulate.chance import key_of, uniform
from missingmodels.simulate.own import Table, own_of, own_values
from missingmodels.tables.own import Own, read_declared

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario


def own_columns(scenario: Scenario, table: Table, number: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """(N,) each: the columns, None or NaN where a value is not written down."""
    out = {}
    for name, held in own_of(scenario, table).items():
        values = own_values(name, held, number, seed)
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
            for name, held in own_of(scenario, table).items()
        }
        for table in tables
    }
    return {table: read_declared(table, entries, "own") for table, entries in told.items() if entries}

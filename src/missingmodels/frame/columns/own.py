"""Columns of a researcher's own as columns of days, and what a formula may not ask of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer
from missingmodels.frame.columns.arrays import numbers
from missingmodels.frame.columns.days import Days
from missingmodels.frame.columns.library import Values, as_category
from missingmodels.tables import Tables
from missingmodels.tables.own import WITH_COLUMNS, Own
from missingmodels.tables.own_rules import untold


def own_by_name(tables: Tables) -> Mapping[str, tuple[str, Own]]:
    """Each declared column's table and declaration."""
    return {one.name: (table, one) for table in WITH_COLUMNS for one in tables.own.get(table, ())}


def own_columns(days: Days, needed: Iterable[str]) -> Mapping[str, Values]:
    """(N,) columns of one's own that are needed.

    Raises CannotAnswer for one that does not vary in these data, or a level that is never observed in them.
    """
    held = own_by_name(days.tables)
    columns: dict[str, Values] = {}
    takes: dict[str, Callable[[Any], Any]] = {
        "children": days.of_children,
        "placements": days.of_stays,
        "homes": days.of_homes,
    }
    for name in sorted(set(needed) & set(held)):
        table, one = held[name]
        recorded = days.tables[table][name]
        why = untold(one, recorded)
        made = as_category(recorded, one.levels) if one.kind == "category" else numbers(recorded)
        columns[name] = takes[table](made)
        if why or not _varies(columns[name]):
            raise CannotAnswer(
                f"the formula names {name} ({one.meaning}), which {why or 'is the same on every day at risk'}",
                where=f"column {name} of {table}",
                remedy="give its values, take the level out of its declaration, or take it out of the formula",
            )
    return columns


def _varies(values: Values) -> bool:
    """Whether values differ, what is unrecorded left out."""
    if isinstance(values, pd.Categorical):
        return np.unique(values.codes).size > 1
    known = values[~np.isnan(values)]
    return bool(known.size and known.max() > known.min())

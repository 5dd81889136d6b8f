"""Frames of a researcher's own put into Tables: columns joined by id, and dated facts put beside those held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from missingmodels.errors import ConfigInvalid, InputError
from missingmodels.tables.check import require_valid
from missingmodels.tables.columns import Column
from missingmodels.tables.contract import TABLES
from missingmodels.tables.own import DATED, NAMED, Own, joined, read_declared
from missingmodels.tables.schema import converted, rows_told
from missingmodels.tables.tables import joined_origin

if TYPE_CHECKING:
    from missingmodels.tables.tables import Tables

# By which columns a frame is joined: all of the table's key, or its id alone.
JOINED_BY = {
    "children": (("child_id",),),
    "placements": (("child_id", "start_date"),),
    "homes": (("home_id", "valid_from"), ("home_id",)),
}
FILLED = {"measures": ("start_date",), "events": ("sequence",)}  # what the package can say itself


def with_columns(tables: Tables, given: Mapping[str, pd.DataFrame], declare: Mapping[str, Mapping[str, Any]]) -> Tables:
    """See ``Tables.with_columns``."""
    if not given:
        raise ConfigInvalid("no frame was given", remedy="give children=, placements= or homes=")
    frames: dict[str, pd.DataFrame] = {}
    entries: dict[str, tuple[Own, ...]] = {}
    left = dict(declare)
    for table, frame in given.items():
        key = _key(table, frame)
        names = [str(name) for name in frame.columns if name not in key]
        strange = [name for name in names if name not in declare]
        if strange or not names:
            what = f"declares nothing of {', '.join(map(repr, strange))}" if strange else "has no column beside its id"
            raise ConfigInvalid(
                f"the frame of {table} {what}",
                where="declare",
                remedy='declare={"adhd": {"kind": "yes/no", "meaning": "a diagnosis of ADHD at entry"}}',
            )
        entries[table] = read_declared(table, {name: declare[name] for name in names})
        left = {name: entry for name, entry in left.items() if name not in names}
        frames[table] = _with(tables, table, frame, key, [one.column for one in entries[table]])
    if left:
        raise ConfigInvalid(f"{', '.join(map(repr, left))} is declared, and no frame has it", where="declare")
    made = tables.changed(
        frames,
        own=joined(tables.own, entries),
        origin=joined_origin(tables.origin, own_columns=sorted(declare)),
    )
    require_valid(made, where="tables with columns of one's own")
    return made


def _key(table: str, frame: pd.DataFrame) -> tuple[str, ...]:
    found = next((key for key in JOINED_BY[table] if set(key) <= set(frame.columns)), None)
    if found is None:
        raise InputError(
            f"the frame of {table} lacks {' and '.join(JOINED_BY[table][-1])}, by which it is joined", where=table
        )
    return found


def _with(
    tables: Tables, table: str, frame: pd.DataFrame, key: Sequence[str], columns: Sequence[Column]
) -> pd.DataFrame:
    """A table's frame with the columns of another, every row by its key."""
    own = tables[table]
    faults: list[str] = []
    kinds = {column.name: column for column in TABLES[table].columns}
    values = {name: converted(frame[name], kinds[name], faults) for name in key}
    values |= {column.name: converted(frame[column.name], column, faults) for column in columns}
    if faults:
        raise InputError("; ".join(faults), where=f"frame of {table}", remedy="nothing was changed")
    added = pd.DataFrame(values).reset_index(drop=True)
    for what, bad in (
        (f"without {' or '.join(key)}", added[list(key)].isna().any(axis=1)),
        (f"of a {' + '.join(key)} that has another row", added.duplicated(list(key), keep=False)),
        (f"of a {' + '.join(key)} that the tables do not hold", ~_index(added, key).isin(_index(own, key))),
    ):
        if bad.any():
            raise InputError(
                f"rows {what}: {rows_told(np.flatnonzero(bad))}",
                where=f"frame of {table}",
                remedy="give one row to each, by the identifiers of the tables; nothing was changed",
            )
    left = own.drop(columns=[column.name for column in columns if column.name in own])
    return left.merge(added, on=list(key), how="left", sort=False)


def _index(frame: pd.DataFrame, key: Sequence[str]) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[list(key)].astype(object))


def with_facts(tables: Tables, table: str, frame: pd.DataFrame, declare: Mapping[str, Mapping[str, Any]]) -> Tables:
    """See ``Tables.with_measures`` and ``Tables.with_events``."""
    assert table in DATED
    named, frame = NAMED[table], frame.reset_index(drop=True)
    if named not in frame:
        raise InputError(f"the frame has no column {named!r}", where=table, remedy="say in it what each row is")
    names = sorted(frame[named].dropna().astype(str).unique())
    strange = [name for name in names if name not in declare]
    absent = [name for name in declare if name not in names]
    if strange or absent or not names:
        raise ConfigInvalid(
            "; ".join(
                [f"{name!r} is in the frame and not declared" for name in strange]
                + [f"{name!r} is declared and not in the frame" for name in absent]
                or ["the frame has no row"]
            ),
            where="declare",
            remedy='declare={"climate": {"meaning": "how children rate the home\'s climate, 1 to 10"}}',
        )
    held = tables[table]
    faults: list[str] = []
    kinds = {column.name: column for column in TABLES[table].columns}
    compulsory = (name for name, column in kinds.items() if column.required and name not in FILLED[table])
    faults += [f"column {name!r} is absent" for name in compulsory if name not in frame]
    faults += [f"column {name!r} is not known" for name in frame if name not in kinds]
    new = pd.DataFrame({name: converted(frame[name], kinds[name], faults) for name in frame if name in kinds})
    new = filled(table, new)
    if faults:
        raise InputError(
            "; ".join(faults), where=table, remedy=f"the columns are: {', '.join(TABLES[table].column_names)}"
        )
    kept = held[~held[named].isin(names)]
    made = tables.changed(
        {table: pd.concat([kept, new], ignore_index=True) if len(kept) else new},
        own=joined(tables.own, {table: read_declared(table, declare)}),
        origin=joined_origin(tables.origin, **{f"own_{table}": sorted({*names, *kept[named].dropna().astype(str)})}),
    )
    require_valid(made, where=f"tables with {table} of one's own")
    return made


def filled(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with what the package can say itself: the day a value speaks of, and the number of an event."""
    if table == "measures":
        return (
            frame
            if "start_date" in frame or "known_date" not in frame
            else frame.assign(start_date=frame["known_date"])
        )
    if "sequence" in frame or "day" not in frame:
        return frame
    of = [name for name in ("kind", "child_id", "home_id", "day") if name in frame]
    return frame.assign(sequence=frame.groupby(of, dropna=False).cumcount())

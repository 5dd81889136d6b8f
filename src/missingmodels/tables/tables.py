"""Tables: the frames of one data set, with the span they observe and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.errors import InputError
from missingmodels.intervals import to_day
from missingmodels.tables.columns import Table
from missingmodels.tables.contract import TABLES
from missingmodels.tables.own import WITH_COLUMNS, Declared, Own, require_distinct, with_own
from missingmodels.tables.schema import conform, empty

SIMULATED, MIXED = "simulated", "mixed"
# What an origin says of rows that came in from files, also where an earlier version left the kind as it was.
FOREIGN = ("staffing", "mapped", "home_lists")


@dataclass(frozen=True, kw_only=True)
class Tables:
    """One data set under the contract.

    Attributes
    ----------
    frames : one frame a table; optional tables that are not held are absent
    observed_from, observed_to : the half-open span of days in which episodes are recorded
    all_residents : every resident of every home is in the tables; False where one authority sees only its own
    origin : what made them (kind, seed or files, digests), kept in the manifest
    own : by table, the columns of one's own that it has, and what the names of measures and events mean
    """

    frames: Mapping[str, pd.DataFrame]
    observed_from: pd.Timestamp
    observed_to: pd.Timestamp
    all_residents: bool = False
    origin: Mapping[str, Any] = field(default_factory=dict)
    own: Declared = field(default_factory=dict)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """The frame of a table; an optional table that is not held comes back without rows."""
        if name not in TABLES:
            raise KeyError(f"no table {name!r}; there are {', '.join(TABLES)}")
        return self.frames[name] if name in self.frames else empty(self.table(name))

    def __contains__(self, name: str) -> bool:
        return name in self.frames

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(frame):,}" for name, frame in self.frames.items())
        days = f"{self.observed_from.date()} to {self.observed_to.date()}"
        return f"Tables ({kind_of(self.origin)}), observed {days}\n  rows: {rows}"

    def table(self, name: str) -> Table:
        """What a table is: the contract's, with the columns declared beside it."""
        return with_own(name, self.own)

    def declared(self, name: str) -> Own | None:
        """What was declared of a column of one's own; None for one that was not."""
        return next((one for table in WITH_COLUMNS for one in self.own.get(table, ()) if one.name == name), None)

    def changed(
        self,
        frames: Mapping[str, pd.DataFrame],
        *,
        origin: Mapping[str, Any] | None = None,
        all_residents: bool | None = None,
        own: Declared | None = None,
    ) -> Tables:
        """The same data set with some of its frames in place of its own, converted to the contract's types.

        What is not given stays as it is. Raises InputError as ``make_tables`` does.
        """
        return make_tables(
            {**self.frames, **frames},
            observed_from=self.observed_from,
            observed_to=self.observed_to,
            all_residents=self.all_residents if all_residents is None else all_residents,
            origin=self.origin if origin is None else origin,
            own=self.own if own is None else own,
        )

    def with_columns(
        self,
        *,
        children: pd.DataFrame | None = None,
        placements: pd.DataFrame | None = None,
        homes: pd.DataFrame | None = None,
        declare: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    ) -> Tables:
        """The same data set with columns of one's own, joined by id; every row that has the id gets the value.

        ``children`` and ``homes`` have one row a ``child_id`` or ``home_id``; ``homes`` with ``valid_from`` and
        ``placements`` with ``start_date`` beside the id have one row a span of those tables. ``declare`` says of each
        further column its ``kind`` (number, yes/no, category) and ``meaning``; ``unit``, ``levels``, ``direction`` and
        ``reportable`` if there are any. Ids without a row here are unrecorded. Raises ConfigInvalid for a declaration
        that does not do, InputError for ids that the tables lack, ids twice, columns that are declared nowhere or not
        given, and values that do not fit.
        """
        from missingmodels.tables.joining import with_columns

        given = {"children": children, "placements": placements, "homes": homes}
        return with_columns(self, {name: frame for name, frame in given.items() if frame is not None}, declare)

    def with_measures(
        self, frame: pd.DataFrame, *, declare: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    ) -> Tables:
        """The same data set with dated values of one's own, which formulas read as ``measure(name)``.

        ``frame`` has ``name``, ``value``, ``known_date``, whichever of ``child_id``, ``home_id``, ``staff_id`` and
        ``authority`` say of whom, and ``start_date`` and ``end_date`` where the value speaks of a span. Rows of a name
        that the tables hold already are replaced. Raises ConfigInvalid, InputError and TablesInvalid.
        """
        from missingmodels.tables.joining import with_facts

        return with_facts(self, "measures", frame, declare)

    def with_events(
        self, frame: pd.DataFrame, *, declare: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    ) -> Tables:
        """The same data set with events of one's own, which formulas read as ``event(kind, 1, 3)``.

        ``frame`` has ``kind``, ``day``, and ``child_id``, or ``home_id`` for what happened to a home. Events of a kind
        that the tables hold already are replaced. Raises ConfigInvalid, InputError and TablesInvalid.
        """
        from missingmodels.tables.joining import with_facts

        return with_facts(self, "events", frame, declare)

    @property
    def simulated(self) -> bool:
        """Whether no row is of a real child, home or worker."""
        return is_simulated(self.origin)

    @property
    def first_day(self) -> int:
        """First observed day, as a day number."""
        return int(to_day(np.datetime64(self.observed_from, "D")))

    @property
    def end_day(self) -> int:
        """Day number after the last observed day."""
        return int(to_day(np.datetime64(self.observed_to, "D")))


def is_simulated(origin: Mapping[str, Any]) -> bool:
    """Whether data of this origin hold no row of a real child, home or worker.

    Anything but a clear yes is a no: only then may single homes and children be shown.
    """
    return origin.get("kind") == SIMULATED and not any(name in origin for name in FOREIGN)


def kind_of(origin: Mapping[str, Any]) -> str:
    """The kind of an origin in one word: simulated data that hold other rows are mixed, whatever was written."""
    kind = str(origin.get("kind") or "unrecorded")
    return MIXED if kind == SIMULATED and not is_simulated(origin) else kind


def joined_origin(origin: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The origin of data that rows from other files came into, named by ``more``: nobody can say those are simulated.

    What was simulated becomes ``mixed``, which every guard takes for real, and keeps what it was made of.
    """
    made = {**origin, **more}
    return made | {"kind": MIXED} if origin.get("kind") == SIMULATED else made


def make_tables(
    frames: Mapping[str, pd.DataFrame],
    *,
    observed_from: str | pd.Timestamp,
    observed_to: str | pd.Timestamp,
    all_residents: bool = False,
    origin: Mapping[str, Any] | None = None,
    own: Declared | None = None,
) -> Tables:
    """Tables from loose frames, converted to the contract's types, with what is declared beside it in ``own``.

    Raises InputError for a required table that is absent, an unknown table, a column that does not fit, or a span that
    is none.
    Values are not judged here; see ``check_tables``.
    """
    unknown = [name for name in frames if name not in TABLES]
    absent = [name for name, table in TABLES.items() if not table.optional and name not in frames]
    if unknown or absent:
        what = [f"table {n!r} is not known" for n in unknown] + [f"table {n!r} is absent" for n in absent]
        raise InputError("; ".join(what), remedy=f"the tables are: {', '.join(TABLES)}")
    start, end = _day(observed_from, "observed_from"), _day(observed_to, "observed_to")
    if not start < end:
        raise InputError(f"observed_from {start.date()} is not before observed_to {end.date()}")
    own = {name: tuple(held) for name, held in (own or {}).items() if held}
    require_distinct(own)
    held = {name: conform(frame, with_own(name, own), where=name) for name, frame in frames.items()}
    ordered = {name: held[name] for name in TABLES if name in held}
    return Tables(
        frames=ordered,
        observed_from=start,
        observed_to=end,
        all_residents=all_residents,
        origin=dict(origin or {}),
        own=own,
    )


def _day(value: str | pd.Timestamp, name: str) -> pd.Timestamp:
    """A day as it was given. Raises InputError if it is none."""
    try:
        day = pd.Timestamp(value).normalize()
    except (ValueError, TypeError) as error:
        raise InputError(f"{name} {value!r} is no day", remedy="write it as 2022-04-01") from error
    if pd.isna(day):
        raise InputError(f"{name} is blank", remedy="write it as 2022-04-01")
    return day

"""What a researcher declares beside the contract: columns of children, placements and homes, measures and events."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from missingmodels.errors import ConfigInvalid
from missingmodels.formula import FACTS, FUNCTIONS
from missingmodels.tables.columns import Column, Kind, Table
from missingmodels.tables.contract import TABLES
from missingmodels.vocabulary import QUANTITIES

OwnKind = Literal["number", "yes/no", "category"]
KINDS: Mapping[str, Kind] = {"number": "real", "yes/no": "flag", "category": "text"}
DIRECTIONS = ("", "above", "below")
WITH_COLUMNS = ("children", "placements", "homes")
DATED = ("measures", "events")
NAMED = {"measures": "name", "events": "kind"}  # the column that says which fact a row is
KEYS = ("kind", "meaning", "unit", "levels", "direction", "reportable", "recorded_from")
LONGEST_NAME, LONGEST_TEXT, MOST_LEVELS, MOST_COLUMNS = 40, 300, 30, 200
_WORD = re.compile(r"[a-z][a-z0-9_]*")
# What rows are made of beside their columns, and how parts of a column are called.
_TAKEN = ("child", "home", "period", "day", "before_window", "onsets", "days", "days_at_risk", "row", "uid")
_SUFFIXES = ("_between", "_within", "_unrecorded")


@dataclass(frozen=True, kw_only=True)
class Own:
    """One declared column, or the name of a measure or of a kind of event.

    Attributes
    ----------
    kind : number, yes/no or category; a measure is one of the first two, an event is yes/no
    meaning : a few words that stand in every table and report in place of the name
    unit : of a number, what it counts
    levels : of a category, all its levels, the reference first
    direction : on which side of no effect it is expected, which is what a verdict needs: above, below or blank
    reportable : whether its estimate may be shown; one that may not still adjusts the others
    recorded_from : of measures and events, the first day (ISO) from which they were written down; blank: always
    """

    name: str
    kind: OwnKind
    meaning: str
    unit: str = ""
    levels: tuple[str, ...] = ()
    direction: Literal["", "above", "below"] = ""
    reportable: bool = True
    recorded_from: str = ""

    @property
    def column(self) -> Column:
        """As a column of a table."""
        return Column(
            name=self.name, kind=KINDS[self.kind], meaning=self.meaning, required=False, allowed=tuple(self.levels)
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as a manifest holds them."""
        return asdict(self) | {"levels": list(self.levels)}


Declared = Mapping[str, tuple[Own, ...]]


def with_own(name: str, own: Declared) -> Table:
    """A table of the contract with the columns declared for it."""
    table = TABLES[name]
    if name not in WITH_COLUMNS or not own.get(name):
        return table
    return replace(table, columns=(*table.columns, *(one.column for one in own[name])))


def joined(before: Declared, more: Mapping[str, Iterable[Own]]) -> Declared:
    """Declarations of two, of which the later replaces one of the same name in the same table. Raises ConfigInvalid."""
    out = {name: {one.name: one for one in held} for name, held in before.items()}
    for name, held in more.items():
        out[name] = out.get(name, {}) | {one.name: one for one in held}
    found = {name: tuple(held.values()) for name, held in out.items() if held}
    require_distinct(found)
    return found


def require_distinct(own: Declared) -> None:
    """Raise ConfigInvalid for a name that two tables have, or too many: a formula knows columns by name alone."""
    seen: dict[str, str] = {}
    for table in (name for name in WITH_COLUMNS if name in own):
        for one in own[table]:
            if one.name in seen:
                raise ConfigInvalid(
                    f"{one.name!r} is declared for {seen[one.name]} and for {table}, and a formula knows only its name",
                    remedy="give one of them another name",
                )
            seen[one.name] = table
    if len(seen) > MOST_COLUMNS:
        raise ConfigInvalid(f"{len(seen)} columns are declared, of {MOST_COLUMNS} allowed", remedy="declare fewer")


def read_declared(table: str, entries: Mapping[str, Any], place: str = "declare") -> tuple[Own, ...]:
    """Declarations of one table from plain values by name. Raises ConfigInvalid naming every fault at once."""
    faults: list[str] = []
    if table not in (*WITH_COLUMNS, *DATED):
        faults.append(f"{place}: {table} takes no columns of one's own: {', '.join((*WITH_COLUMNS, *DATED))} do")
    found = [_read(table, str(name), entry, f"{place}.{name}", faults) for name, entry in entries.items()]
    if faults:
        raise ConfigInvalid(
            "the declaration cannot be used:\n  " + "\n  ".join(faults),
            remedy=f"a declaration has {', '.join(KEYS)}; kinds are {', '.join(KINDS)}",
        )
    return tuple(one for one in found if one is not None)


def _read(table: str, name: str, entry: Any, place: str, faults: list[str]) -> Own | None:
    if not isinstance(entry, Mapping):
        faults.append(f"{place}: give kind and meaning, as {{ kind = 'yes/no', meaning = '…' }}")
        return None
    before = len(faults)
    faults += [f"{place}, {key}: not known" for key in entry if key not in KEYS]
    faults += [f"{place}: {why}" for why in _misnamed(name, table)]
    kind = entry.get("kind", "number" if table == "measures" else "yes/no" if table == "events" else "")
    if kind not in KINDS or (table in DATED and kind == "category") or (table == "events" and kind != "yes/no"):
        faults.append(f"{place}, kind: {kind!r} is not one of {', '.join(_kinds_of(table))}")
    for key in ("meaning", "unit", "recorded_from"):
        text = entry.get(key, "")
        if not isinstance(text, str) or len(text) > LONGEST_TEXT or not text.isprintable():
            faults.append(f"{place}, {key}: a text of one line and at most {LONGEST_TEXT} characters is needed")
    if not str(entry.get("meaning", "")).strip():
        faults.append(f"{place}, meaning: say in a few words what it is: reports show them in place of the name")
    levels = entry.get("levels", ())
    faults += [f"{place}, levels: {why}" for why in _misleveled(levels, kind)]
    if entry.get("direction", "") not in DIRECTIONS:
        faults.append(f"{place}, direction: {entry['direction']!r} is not above, below or blank")
    if not isinstance(entry.get("reportable", True), bool):
        faults.append(f"{place}, reportable: {entry['reportable']!r} is neither true nor false")
    faults += [f"{place}, recorded_from: {why}" for why in _misdated(entry.get("recorded_from", ""), table)]
    if len(faults) > before:
        return None
    return Own(name=name, **{**dict(entry), "kind": kind, "levels": tuple(levels)})


def _kinds_of(table: str) -> Sequence[str]:
    return ("yes/no",) if table == "events" else tuple(KINDS)[:2] if table == "measures" else tuple(KINDS)


def _misnamed(name: str, table: str) -> list[str]:
    """Why a name may not be one's own."""
    if not _WORD.fullmatch(name) or len(name) > LONGEST_NAME or keyword.iskeyword(name):
        return [f"a name is a word of small letters, digits and _, of at most {LONGEST_NAME}, such as key_worker_hours"]
    if table in DATED:
        return []  # it stands inside measure(…) or event(…), where nothing else does
    contract = next((t.name for t in TABLES.values() if name in t.column_names), "")
    if contract:
        return [f"the name is a column of {contract} already"]
    if name in QUANTITIES or name in FUNCTIONS or name in FACTS or name in _TAKEN or name.endswith(_SUFFIXES):
        return ["the name has a meaning of its own in formulas or models: choose another"]
    return []


def _misleveled(levels: Any, kind: str) -> list[str]:
    if kind != "category":
        return ["only a category has levels"] if levels else []
    if isinstance(levels, str) or not isinstance(levels, Sequence) or not 2 <= len(levels) <= MOST_LEVELS:
        return [f"list from 2 to {MOST_LEVELS} of them, the reference first"]
    if len({str(text).casefold() for text in levels}) < len(levels) or any(
        not isinstance(text, str)
        or not text.strip()
        or not text.isprintable()
        or set(text) & set("[]`")
        or len(text) > 60
        for text in levels
    ):
        return ["they are different texts of one line and at most 60 characters, without brackets and backquotes"]
    return []


def _misdated(day: Any, table: str) -> list[str]:
    if not day:
        return []
    if table not in DATED:
        return ["only measures and events have it"]
    return [] if re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(day)) else [f"{day!r} is no day, write it as 2022-04-01"]

"""Rules of what is declared beside the contract. Each takes Tables and gives findings."""

from __future__ import annotations

import pandas as pd

from missingmodels.tables.facts import EVENT_UNITS, UNITS
from missingmodels.tables.findings import Finding, finding
from missingmodels.tables.own import DATED, NAMED, WITH_COLUMNS, Own
from missingmodels.tables.tables import Tables

WORD = r"[a-z][a-z0-9_]{0,39}"
IDS = tuple(dict.fromkeys(name for names in UNITS.values() for name in names))


def unit_of(frame: pd.DataFrame) -> pd.Series:
    """Whom each fact is of, by the identifiers that are filled in; blank for a set of them that says nothing."""
    filled = pd.DataFrame({name: frame[name].notna() if name in frame else False for name in IDS}, index=frame.index)
    out = pd.Series("", index=frame.index, dtype=object)
    for unit, names in UNITS.items():
        out[(filled == [name in names for name in IDS]).all(axis=1)] = unit
    return out


def own_columns_tell(tables: Tables) -> list[Finding]:
    """A declared column has values that differ, and every level of a category is observed."""
    found = []
    for table in WITH_COLUMNS:
        for one in tables.own.get(table, ()):
            found += _untold(one, tables[table][one.name], table)
    return found


def measures_tell(tables: Tables) -> list[Finding]:
    """A measure has values that differ; one of a child with an adult tells by who is on shift, or has left."""
    frame, found = tables["measures"], list[Finding]()
    paired = unit_of(frame) == "pair"
    for one in tables.own.get("measures", ()):
        own = frame["name"] == one.name
        found += [] if (own & paired).any() else _untold(one, frame.loc[own, "value"], "measures")
    return found


def _untold(one: Own, values: pd.Series, table: str) -> list[Finding]:
    what = untold(one, values)
    if not what:
        return []
    told = Finding(
        table=table,
        rule=f"{one.name}_does_not_tell",
        severity="warn",
        count=len(values),
        rows=(),
        what=f"{one.name} ({one.meaning}) {what}",
        remedy="give its values, take the level out of its declaration, or leave it out of formulas",
    )
    return [told]


def untold(one: Own, values: pd.Series) -> str:
    """Why a declared column has nothing to tell; blank if it has."""
    held = values.dropna().unique()
    if not len(held):
        return "is unrecorded throughout"
    if len(held) == 1:
        return f"is {held[0]} wherever it is recorded"
    absent = [level for level in one.levels if level not in held]
    return f"never has the level{'s' if len(absent) > 1 else ''} {', '.join(absent)}" if absent else ""


def facts_have_units(tables: Tables) -> list[Finding]:
    """Every measure and event is of somebody."""
    found = []
    for table, units in (("measures", tuple(UNITS)), ("events", (*EVENT_UNITS, "stay"))):
        frame = tables[table]
        found += finding(
            frame,
            ~unit_of(frame).isin(units),
            table=table,
            rule="no_unit",
            severity="error",
            show=[NAMED[table], *(name for name in IDS if name in frame)],
            what="the identifiers filled in do not say of whom it is",
            remedy=f"fill in those of one of: {', '.join(' + '.join(UNITS[unit]) for unit in units)}",
        )
    return found


def facts_are_named(tables: Tables) -> list[Finding]:
    """Names are words that a formula can hold, and each is declared."""
    found = []
    for table in DATED:
        frame, named = tables[table], NAMED[table]
        names = frame[named]
        word = names.str.fullmatch(WORD).fillna(False).astype(bool)
        declared = [one.name for one in tables.own.get(table, ())]
        found += finding(
            frame,
            names.notna() & ~word,
            table=table,
            rule=f"{named}_no_word",
            severity="error",
            show=[named],
            what=f"{named} is no word of small letters, digits and _",
            remedy="write it as key_worker_session; in a mapping by codes",
        )
        found += finding(
            frame,
            word & ~names.isin(declared),
            table=table,
            rule=f"{named}_not_declared",
            severity="warn",
            show=[named],
            what=f"nothing says what this {named} means, so reports show the word itself",
            remedy="declare it with its meaning: declare in a mapping, or tables.with_measures and with_events",
        )
    return found


def yes_or_no(tables: Tables) -> list[Finding]:
    """A measure declared as yes or no is 1 or 0."""
    frame = tables["measures"]
    flags = [one.name for one in tables.own.get("measures", ()) if one.kind == "yes/no"]
    return finding(
        frame,
        frame["name"].isin(flags) & frame["value"].notna() & ~frame["value"].isin([0.0, 1.0]),
        table="measures",
        rule="value_no_yes_or_no",
        severity="error",
        show=["name", "known_date", "value"],
        what="the measure is declared as yes or no, and its value is neither 1 nor 0",
        remedy="write 1 and 0, or declare it as a number",
    )


OWN_RULES = (own_columns_tell, measures_tell, facts_have_units, facts_are_named, yes_or_no)

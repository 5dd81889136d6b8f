"""Cells of a mapped column to values of the contract: codes, days, hours, numbers, flags, identifiers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.ledger import FAULTS_SHOWN
from missingmodels.extract.mapped.mapping import MappedColumn
from missingmodels.extract.ofsted.layout import plain
from missingmodels.extract.readers.cells import amounts, ids_with_nulls_blank, named, nulls_blank, quotable, visible
from missingmodels.extract.readers.dates import Form, column_dates, open_ends_blank
from missingmodels.extract.returns.layout import CODE
from missingmodels.extract.staff.shift_times import has_clock, moments, true_hours
from missingmodels.tables.contract import Column
from missingmodels.tables.schema import FLAGS
from missingmodels.vocabulary.unrecorded import NULL_WORDS

WRONG_FROM = 5  # cells of which none can be read, and a column counts as mapped by mistake
CHILDREN = ("child_id", "child_a", "child_b")
Values = tuple[pd.Series, pd.Series, str]


def column_values(
    column: Column, mapped: MappedColumn, text: Mapping[str, pd.Series], index: pd.Index, form: Form | None
) -> Values:
    """A column's values, a mask of cells that hold something that could not be read, and a note."""
    none = pd.Series(False, index=index)
    if not mapped.source:
        return pd.Series([mapped.value] * len(index), index=index, dtype=object), none, ""
    cells = text[mapped.source]
    if mapped.codes:
        words = cells.str.strip().str.casefold()
        values = words.map(mapped.codes)
        values = values.where(~values.isin([""]), None)
        # a null word that the codes name is a level of its own
        strange = ~words.isin(NULL_WORDS) & ~words.isin(mapped.codes)
        note = f"{len(mapped.codes)} codes from {mapped.source}"
        if strange.any():
            note += f"; {int(strange.sum())} cells hold words that the codes lack: {_words_of(cells[strange])}"
        return values, strange, note
    return _plain_values(column, mapped, cells, text, form)


def unread(column: Column, source: str, cells: pd.Series, bad: pd.Series, *, where: str) -> str:
    """What is said of cells of the file's column ``source`` that hold something else than it takes, with their words.

    Raises ImportFault where all of them do, so many that the wrong column was mapped or declared of the wrong kind.
    """
    held = int((nulls_blank(cells) != "").sum())
    many = f"{int(bad.sum())} of {held} cells of {source} cannot be read as {_wanted(column)}"
    words = _words_of(cells[bad])
    flags = cells[bad].map(plain).isin(FLAGS).all()
    if bad.sum() == held >= WRONG_FROM:
        remedy = "map another column, say with codes what its words mean, or leave it out"
        remedy = 'they look like yes or no: declare kind = "yes/no"' if flags else remedy
        raise ImportFault(f"{column.name}: {many}: {words}", where=where, remedy=remedy)
    fate = "their rows are set aside" if column.required else "they count as unrecorded"
    return f"{where}: {column.name}: {many}, {fate}: {words}; codes say what words mean"


def _wanted(column: Column) -> str:
    if column.kind in ("whole", "real"):
        ends = [f"{word} {end:g}" for word, end in (("from", column.low), ("to", column.high)) if end is not None]
        return " ".join(["a whole number" if column.kind == "whole" else "a number", *ends])
    if column.kind == "flag":
        return "yes or no"
    return f"one of {', '.join(column.allowed)}" if column.allowed else "a code"


def _words_of(cells: pd.Series) -> str:
    """Words and how often each is written, the most frequent first; what looks like a name is counted alone."""
    counts = cells.str.strip().value_counts()
    shown = counts[~named(pd.Series(counts.index, dtype="str")).to_numpy()]
    told = [f"{quotable(str(word))} {n}" for word, n in shown.head(FAULTS_SHOWN).items()]
    others = int(counts.sum() - shown.head(FAULTS_SHOWN).sum())
    return ", ".join([*told, f"others {others}"] if others else told)


def _plain_values(
    column: Column, mapped: MappedColumn, cells: pd.Series, text: Mapping[str, pd.Series], form: Form | None
) -> Values:
    if _is_identifier(column):
        return _identifiers(cells)
    cells = nulls_blank(cells)
    if mapped.hours_until:
        return _hours(mapped, cells, nulls_blank(text[mapped.hours_until]), form)
    if mapped.part == "hour":
        moment = moments(cells, form).where(has_clock(cells))
        hour = moment.dt.hour + moment.dt.minute / 60
        return hour, (cells != "") & hour.isna(), f"hour of {mapped.source}"
    if column.kind in ("date", "time"):
        return _times(column, mapped, cells, form)
    if column.kind in ("whole", "real"):
        return _numbers(column, cells)
    if column.kind == "flag":
        flag = cells.map(plain).map(FLAGS)
        return flag, (cells != "") & flag.isna(), ""
    return _text(column, cells)


def _hours(mapped: MappedColumn, cells: pd.Series, until: pd.Series, form: Form | None) -> Values:
    hours = true_hours(moments(cells, form), moments(until, form))
    # a day without a clock would count from midnight
    hours = hours.where((hours >= 0) & has_clock(cells) & has_clock(until))
    both = (cells != "") & (until != "")
    return hours, both & hours.isna(), f"hours from {mapped.source} to {mapped.hours_until}"


def _times(column: Column, mapped: MappedColumn, cells: pd.Series, form: Form | None) -> Values:
    if not column.required:
        cells, _ = open_ends_blank(cells, form)
    values, told = moments(cells, form), "date and time"
    if column.kind == "date" and mapped.part == "date":
        values = values.dt.normalize()
    elif column.kind == "date":
        values, found = column_dates(cells, form)
        told = found.name
    return values, (cells != "") & values.isna(), f"{told} from {mapped.source}"


def _numbers(column: Column, cells: pd.Series) -> Values:
    number = amounts(cells)
    low, high = column.low, column.high
    number = number.where(((low is None) | (number >= (low or 0))) & ((high is None) | (number <= (high or 0))))
    if column.kind == "whole":
        number = number.where(number == number.round())
    return number, (cells != "") & number.isna(), ""


def _identifiers(cells: pd.Series) -> Values:
    """Identifiers as they stand, without what cannot be seen and the ``.0`` of a spreadsheet."""
    words, cleared = visible(cells)
    words = ids_with_nulls_blank(words).str.replace(r"\.0$", "", regex=True)
    note = f"invisible characters were removed from {int(cleared.sum())} cells" if cleared.any() else ""
    return words.where(words != ""), pd.Series(False, index=cells.index), note


def _text(column: Column, cells: pd.Series) -> Values:
    """Codes in their set; free text never."""
    upper = cells.str.upper()
    good = upper.isin([a.upper() for a in column.allowed]) if column.allowed else upper.str.fullmatch(CODE).astype(bool)
    back = {a.upper(): a for a in column.allowed}
    value = upper.map(back) if column.allowed else upper
    return value.where(good & (cells != "")), (cells != "") & ~good, ""


def _is_identifier(column: Column) -> bool:
    """Whether a column names a child, home, person, authority or provider."""
    return column.name.endswith("_id") or column.name in ("child_a", "child_b", "authority", "owner")


def value_words(cells: pd.Series, most: int = 12, *, every: bool = False) -> list[Any]:
    """The different words of a column if they look like codes: few, short and, but for ``every``, repeated."""
    words = cells[nulls_blank(cells) != ""]
    kinds = words.value_counts()
    few = 0 < len(kinds) <= most and (every or len(words) >= 2 * len(kinds))
    return sorted(kinds.index) if few and max(map(len, kinds.index)) <= 40 else []


def refuse_names(ids: pd.Series, rows: pd.Series, column: str, *, where: str) -> None:
    """A child's name would go on into the tables, and be shown; it is not printed here either."""
    held = rows[ids.notna() & named(ids.fillna("").astype("str"))]
    if len(held):
        raise ImportFault(
            f"{column} holds words such as a person's name in {len(held)} rows; first: "
            + ", ".join(held.head(FAULTS_SHOWN).astype(str)),
            where=where,
            remedy='name the file that says which identifier a name has: crosswalk = "ids.csv" under the column',
        )

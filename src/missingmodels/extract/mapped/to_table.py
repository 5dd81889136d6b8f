"""A file turned into a table of the contract by a declared mapping, with a ledger of every row."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.crosswalk import read_crosswalk
from missingmodels.extract.ledger import FAULTS_SHOWN, Ledger, follow, in_play, ledger_of, remark, set_aside
from missingmodels.extract.mapped.interviews import flag_unmatched
from missingmodels.extract.mapped.mapping import DataMapping, MappedColumn, TableMapping
from missingmodels.extract.ofsted.layout import plain
from missingmodels.extract.readers.cells import ids_with_nulls_blank, nulls_blank, visible
from missingmodels.extract.readers.csv_files import csv_grid
from missingmodels.extract.readers.dates import Form, column_dates, declared, open_ends_blank
from missingmodels.extract.readers.source_table import SourceTable, column_name, require_unswapped, table_of
from missingmodels.extract.readers.workbook import WORKBOOKS, read_workbook
from missingmodels.extract.returns.layout import CODE
from missingmodels.extract.staff.shift_times import has_clock, moments, true_hours
from missingmodels.tables import Tables, joined_origin, make_tables, require_valid
from missingmodels.tables.contract import TABLES, Column
from missingmodels.vocabulary.unrecorded import NULL_WORDS

FLAGS = {**dict.fromkeys(("y", "yes", "true", "1", "t"), True), **dict.fromkeys(("n", "no", "false", "0", "f"), False)}


@dataclass(frozen=True, kw_only=True)
class MappedTable:
    """One table of the contract, and what became of every row of its file."""

    name: str
    frame: pd.DataFrame
    ledger: Ledger
    file: str
    digest: str


def read_mapped(mapping: DataMapping) -> list[MappedTable]:
    """Every table of a mapping.

    Raises InputError for an absent file or sheet, ImportFault for a column that the file lacks or that holds no date
    or number where the contract wants one throughout.
    """
    return [_read(each) for each in mapping.tables]


def into_tables(
    found: Sequence[MappedTable], mapping: DataMapping, into: Tables | None, *, replace: bool = False
) -> tuple[Tables, list[Ledger]]:
    """Tables with those of a mapping: put into others, or alone if the mapping has all that is compulsory.

    Rows that refer to a child or home the tables do not know are set aside.

    Raises ImportFault if a table with rows is there already and ``replace`` is off, or if nothing of a file is left.
    """
    held = [each.name for each in found if into is not None and len(into[each.name]) and not replace]
    if held:
        raise ImportFault(
            f"the tables hold {', '.join(held)} already", remedy="give --overwrite to replace them, or another folder"
        )
    if into is None and not (mapping.observed_from and mapping.observed_to):
        raise ImportFault(
            "the mapping does not say which span is observed",
            where=mapping.name,
            remedy="give observed_from and observed_to in the mapping, or --into a folder of tables",
        )
    _require_rows(found)
    frames = {} if into is None else dict(into.frames)
    for each in found:
        frames[each.name] = each.frame.drop(columns="row")
    ledgers = []
    for each in found:
        if each.name == "interviews":
            each = flag_unmatched(each, frames.get("missing_episodes"))
        frame, ledger = _known_only(each, frames)
        frames[each.name] = frame
        ledgers.append(ledger)
    made = make_tables(
        frames,
        observed_from=into.observed_from if into is not None else mapping.observed_from,
        observed_to=into.observed_to if into is not None else mapping.observed_to,
        all_residents=into.all_residents if into is not None else False,
        origin=joined_origin(
            into.origin if into is not None else {"kind": "mapping"},
            mapped={"mapping": mapping.name, **{each.file: each.digest for each in found}},
        ),
    )
    require_valid(made, where=mapping.name)
    return made, ledgers


def _require_rows(found: Sequence[MappedTable]) -> None:
    """Raise ImportFault, with the reasons, for a table of which no row is left: it would replace what is there."""
    for each in found:
        if each.frame.empty:
            lines = each.ledger.frame
            why = ", ".join(f"{reason} {n}" for reason, n in lines["reason"].value_counts().items())
            raise ImportFault(
                f"no row is left for {each.name} of the {len(lines)} read" + (f" ({why})" if why else ""),
                where=each.file,
                remedy='correct the mapping: part = "date" cuts the clock off a day, codes say what words mean; '
                "nothing was written, and what was there stays",
            )


def _known_only(each: MappedTable, frames: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, Ledger]:
    strange = pd.Series(False, index=each.frame.index)
    for column, target in TABLES[each.name].references:
        known = set(frames[target][TABLES[target].key[0]]) if target in frames else set()
        strange |= each.frame[column].notna() & ~each.frame[column].isin(known)
    if len(each.frame) and strange.all():
        raise ImportFault(
            "none of its rows refers to a child or home of the tables",
            where=each.file,
            remedy="name them as the tables do: the same identifiers, and the same --key if those are hashes",
        )
    rows = set(each.frame.loc[strange, "row"])
    lines = each.ledger.frame
    hit = lines["row"].isin(rows)
    lines = lines.assign(
        outcome=lines["outcome"].mask(hit, "set_aside"), reason=lines["reason"].mask(hit, "not_in_tables")
    )
    kept = each.frame[~strange].drop(columns="row").reset_index(drop=True)
    return kept, Ledger(frame=lines, notes=each.ledger.notes)


def _read(mapping: TableMapping) -> MappedTable:
    columns, form = mapping.columns, declared(mapping.dates)
    wanted = [name for c in columns.values() for name in (c.source, c.hours_until) if name]
    source = _source(mapping, frozenset(column_name(name) for name in wanted))
    held = {plain(column): column for column in reversed(source.columns)}
    absent = [name for name in dict.fromkeys(wanted) if plain(name) not in held]
    if absent:
        raise ImportFault(
            f"it lacks the column{'' if len(absent) == 1 else 's'} {', '.join(map(repr, absent))}",
            where=source.name,
            remedy=_nearest(absent, source.columns),
        )
    text = {name: source.frame[held[plain(name)]] for name in wanted}
    if (added := _hours_away(mapping, text)) is not None:
        columns = {**columns, "hours_away": added}
    require_unswapped(source, (held[plain(name)] for name in _dates(mapping)), checked=mapping.dates_checked)
    frame = follow(source.frame[["row"]].copy(), file=source.name, table=mapping.table)
    spec, notes = TABLES[mapping.table], list(source.notes)
    made: dict[str, pd.Series] = {}
    for column in spec.columns:
        mapped = columns.get(column.name)
        if mapped is None or mapped.count:
            continue
        made[column.name], bad, note = _values(column, mapped, text, frame.index, form)
        notes += [f"{source.name}: {column.name}: {note}"] if note else []
        if mapped.crosswalk is not None:
            known, name = read_crosswalk(mapped.crosswalk, two_systems=True), mapped.crosswalk.name
            lacking = made[column.name].notna() & ~made[column.name].isin(list(known.known_by))
            frame = set_aside(frame, lacking, f"{column.name}_not_in_crosswalk", f"{name} lacks its {column.name}")
            made[column.name] = known.apply(made[column.name]).mask(lacking)
            notes.append(f"{source.name}: {column.name}: identifiers replaced by {name}")
        strict = column.required or mapped.otherwise == "set_aside"
        frame = set_aside(frame, bad & strict, f"{column.name}_unreadable") if strict else frame
        frame = remark(frame, bad & in_play(frame), f"{column.name} unreadable: unrecorded") if not strict else frame
        if column.required:
            frame = set_aside(frame, made[column.name].isna(), f"{column.name}_blank", f"{column.name} is blank")
    body = pd.DataFrame(made, index=frame.index).assign(row=frame["row"])
    for name, mapped in columns.items():
        if mapped.count:
            key = [each for each in spec.key if each != name]
            body[name] = body[in_play(frame)].groupby(key).cumcount().reindex(body.index)
    again = body[in_play(frame)].duplicated(list(spec.key)).reindex(frame.index, fill_value=False)
    frame = set_aside(frame, again, "same_key", f"another row has the same {' + '.join(spec.key)}")
    ledger = ledger_of([frame], notes=notes)
    ledger.reconcile({source.name: source.frame["row"].tolist()})
    kept = body[in_play(frame)].reset_index(drop=True)
    return MappedTable(name=mapping.table, frame=kept, ledger=ledger, file=source.name, digest=source.digest)


def _nearest(absent: Sequence[str], columns: Sequence[str]) -> str:
    """What the file has that comes near; other headers may be people's names, as in a rota, and are only counted."""
    near = [c for name in absent for c in difflib.get_close_matches(column_name(name), columns, n=3, cutoff=0.5)]
    near = list(dict.fromkeys(near))
    said = f"nearest are {', '.join(near)}" if near else "none comes near"
    return f"write the names as the file has them: of its {len(columns)} columns {said}"


def _hours_away(mapping: TableMapping, text: Mapping[str, pd.Series]) -> MappedColumn | None:
    """Hours between the moments that a mapping cuts to days, where it does not say the hours otherwise."""
    start, end = (mapping.columns.get(name) for name in ("start_date", "end_date"))
    if mapping.table != "missing_episodes" or "hours_away" in mapping.columns or start is None or end is None:
        return None
    if (start.part, end.part) != ("date", "date") or not (start.source and end.source):
        return None
    if not has_clock(text[start.source]).any() or not has_clock(text[end.source]).any():
        return None
    return MappedColumn(source=start.source, hours_until=end.source)


def _dates(mapping: TableMapping) -> list[str]:
    """The file's columns that are read as days or moments."""
    kinds = {column.name: column.kind for column in TABLES[mapping.table].columns}
    dated = [m for c, m in mapping.columns.items() if kinds[c] in ("date", "time") or m.part or m.hours_until]
    return [name for mapped in dated for name in (mapped.source, mapped.hours_until) if name]


def _source(mapping: TableMapping, names: frozenset[str]) -> SourceTable:
    tables = source_tables(mapping.file, names)
    if mapping.sheet:
        tables = [table for table in tables if plain(table.label) == plain(mapping.sheet)]
    if len(tables) != 1:
        what = f"it has no sheet {mapping.sheet!r}" if mapping.sheet else f"it has {len(tables)} sheets"
        raise InputError(what, where=str(mapping.file), remedy="name one of its sheets in the mapping: sheet = …")
    return tables[0]


def source_tables(path: Path, names: frozenset[str] = frozenset()) -> list[SourceTable]:
    """The tables of a .csv file or a workbook; ``names`` as in ``table_of``. Raises InputError for others."""
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), remedy="name a .csv or .xlsx file")
    if path.suffix.lower() == ".csv":
        return [
            table_of(csv_grid(path.read_bytes(), name=path.name, label=path.name), comma_separated=True, names=names)
        ]
    if path.suffix.lower() in WORKBOOKS:
        return [table_of(grid, comma_separated=False, names=names) for grid in read_workbook(path)]
    raise InputError("this is neither a .csv nor an .xlsx file", where=str(path), remedy="export it as one of them")


def _values(
    column: Column, mapped: MappedColumn, text: Mapping[str, pd.Series], index: pd.Index, form: Form | None
) -> tuple[pd.Series, pd.Series, str]:
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
        return values, strange, f"{len(mapped.codes)} codes from {mapped.source}"
    return _plain_values(column, mapped, cells, text, form)


def _plain_values(
    column: Column, mapped: MappedColumn, cells: pd.Series, text: Mapping[str, pd.Series], form: Form | None
) -> tuple[pd.Series, pd.Series, str]:
    if _is_identifier(column):
        return _identifiers(cells)
    cells = nulls_blank(cells)
    filled = cells != ""
    if mapped.hours_until:
        until = nulls_blank(text[mapped.hours_until])
        hours = true_hours(moments(cells, form), moments(until, form))
        # a day without a clock would count from midnight
        hours = hours.where((hours >= 0) & has_clock(cells) & has_clock(until))
        both = filled & (until != "")
        return hours, both & hours.isna(), f"hours from {mapped.source} to {mapped.hours_until}"
    if mapped.part == "hour":
        moment = moments(cells, form).where(has_clock(cells))
        hour = moment.dt.hour + moment.dt.minute / 60
        return hour, filled & hour.isna(), f"hour of {mapped.source}"
    if column.kind in ("date", "time"):
        if not column.required:
            cells, _ = open_ends_blank(cells, form)
            filled = cells != ""
        values, told = moments(cells, form), "date and time"
        if column.kind == "date":
            if mapped.part == "date":
                values = values.dt.normalize()
            else:
                values, found = column_dates(cells, form)
                told = found.name
        return values, filled & values.isna(), f"{told} from {mapped.source}"
    if column.kind in ("whole", "real"):
        number = pd.to_numeric(cells.str.replace(",", "", regex=False).replace("", None), errors="coerce")
        low, high = column.low, column.high
        number = number.where(((low is None) | (number >= (low or 0))) & ((high is None) | (number <= (high or 0))))
        if column.kind == "whole":
            number = number.where(number == number.round())
        return number, filled & number.isna(), ""
    if column.kind == "flag":
        flag = cells.map(plain).map(FLAGS)
        return flag, filled & flag.isna(), ""
    return _text(column, cells)


def _is_identifier(column: Column) -> bool:
    """Whether a column names a child, home, person, authority or provider."""
    return column.name.endswith("_id") or column.name in ("child_a", "child_b", "authority", "owner")


def _identifiers(cells: pd.Series) -> tuple[pd.Series, pd.Series, str]:
    """Identifiers as they stand, without what cannot be seen and the ``.0`` of a spreadsheet."""
    words, cleared = visible(cells)
    words = ids_with_nulls_blank(words).str.replace(r"\.0$", "", regex=True)
    note = f"invisible characters were removed from {int(cleared.sum())} cells" if cleared.any() else ""
    return words.where(words != ""), pd.Series(False, index=cells.index), note


def _text(column: Column, cells: pd.Series) -> tuple[pd.Series, pd.Series, str]:
    """Codes in their set; free text never."""
    upper = cells.str.upper()
    good = upper.isin([a.upper() for a in column.allowed]) if column.allowed else upper.str.fullmatch(CODE).astype(bool)
    back = {a.upper(): a for a in column.allowed}
    value = upper.map(back) if column.allowed else upper
    shown = ", ".join(sorted(column.allowed)[:FAULTS_SHOWN])
    note = f"words other than {shown} need codes" if column.allowed and not good.all() else ""
    return value.where(good & (cells != "")), (cells != "") & ~good, note


def value_words(cells: pd.Series, most: int = 12, *, every: bool = False) -> list[Any]:
    """The different words of a column if they look like codes: few, short and, but for ``every``, repeated."""
    words = cells[nulls_blank(cells) != ""]
    kinds = words.value_counts()
    few = 0 < len(kinds) <= most and (every or len(words) >= 2 * len(kinds))
    return sorted(kinds.index) if few and max(map(len, kinds.index)) <= 40 else []

"""A file turned into a table of the contract by a declared mapping, with a ledger of every row."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.crosswalk import read_crosswalk
from missingmodels.extract.ledger import FAULTS_SHOWN, Ledger, follow, in_play, ledger_of, remark, set_aside
from missingmodels.extract.mapped.interviews import flag_unmatched
from missingmodels.extract.mapped.mapping import DataMapping, MappedColumn, TableMapping
from missingmodels.extract.mapped.values import CHILDREN, column_values, refuse_names, unread
from missingmodels.extract.ofsted.layout import plain
from missingmodels.extract.readers.containers import file_tables
from missingmodels.extract.readers.dates import declared, way_on
from missingmodels.extract.readers.source_table import SourceTable, column_name, require_unswapped
from missingmodels.extract.returns.together.identity import require_whole_ids, zeros_lost
from missingmodels.extract.staff.shift_times import has_clock
from missingmodels.tables import Tables, joined_origin, make_tables, require_valid
from missingmodels.tables.contract import TABLES, Column
from missingmodels.tables.joining import filled
from missingmodels.tables.keys import stands_in
from missingmodels.tables.own import NAMED, Own, joined
from missingmodels.tables.schema import converted


@dataclass(frozen=True, kw_only=True)
class MappedTable:
    """One table of the contract, and what became of every row of its file."""

    name: str
    frame: pd.DataFrame
    ledger: Ledger
    file: str
    digest: str
    own: tuple[Own, ...] = ()
    join: bool = False


def read_mapped(mapping: DataMapping) -> list[MappedTable]:
    """Every table of a mapping.

    Raises InputError for an absent file or sheet, ImportFault for a column that the file lacks or that holds no date
    or number where the contract wants one throughout.
    """
    return [_read(each) for each in mapping.tables]


def into_tables(
    found: Sequence[MappedTable], mapping: DataMapping, into: Tables | None, *, replace: bool = False
) -> tuple[Tables, list[Ledger]]:
    """Tables with those of a mapping: put into others, or alone if the mapping has children and placements.

    Rows that refer to a child or home the tables do not know are set aside.

    Raises ImportFault if a table with rows is there already and ``replace`` is off, or if nothing of a file is left.
    """
    held = _already(found, into) if into is not None and not replace else []
    if held:
        raise ImportFault(
            f"the tables hold {', '.join(held)} already", remedy="give --overwrite: the new ones take their place"
        )
    if into is None and not (mapping.observed_from and mapping.observed_to):
        raise ImportFault(
            "the mapping does not say which span is observed",
            where=mapping.name,
            remedy="give observed_from and observed_to in the mapping, or --into a folder of tables",
        )
    _require_rows(found)
    own = joined({} if into is None else into.own, _declared(found))
    frames = {} if into is None else dict(into.frames)
    frames |= {each.name: each.frame.drop(columns="row") for each in found if not each.join}
    if into is None:
        frames = _with_what_is_compulsory(frames, mapping.observed_from)
    ledgers: list[Ledger] = []
    parts: dict[str, list[pd.DataFrame]] = defaultdict(list)
    rows: dict[str, list[str]] = defaultdict(list)
    for each in found:
        if each.name == "interviews":
            each = flag_unmatched(each, frames.get("missing_episodes"), frames["children"]["child_id"])
        frame, ledger = _known_only(each, frames)
        if not each.join and (into is None or each.name not in NAMED):
            rows[each.name] += [f"{each.file} row {row}" for row in frame["row"]]
        parts[each.name].append(frame.drop(columns="row"))
        ledgers.append(ledger)
    for name, held_parts in parts.items():
        frames[name] = _together(name, held_parts, next(each for each in found if each.name == name), into)
    made = make_tables(
        frames,
        observed_from=into.observed_from if into is not None else mapping.observed_from,
        observed_to=into.observed_to if into is not None else mapping.observed_to,
        all_residents=into.all_residents if into is not None else False,
        origin=joined_origin(
            into.origin if into is not None else {"kind": "mapping"},
            mapped={"mapping": mapping.name, **{each.file: each.digest for each in found}},
        ),
        own=own,
    )
    warned = [
        f"check: {one.table}.{one.rule}: {one.what} [{one.count} row{'' if one.count == 1 else 's'}]"
        for one in require_valid(made, where=mapping.name, rows=rows)
    ]
    last = ledgers[-1]
    return made, [*ledgers[:-1], Ledger(frame=last.frame, notes=(*last.notes, *warned))]


def _with_what_is_compulsory(frames: dict[str, pd.DataFrame], first: str) -> dict[str, pd.DataFrame]:
    """The frames of a data set of its own, with the homes that its placements name and without missing episodes.

    Where the mapping has those tables they stand. ``judge_records`` refuses a data set without missing episodes.
    """
    made = {
        "missing_episodes": pd.DataFrame(columns=[c.name for c in TABLES["missing_episodes"].columns if c.required])
    }
    if "placements" in frames:
        named = frames["placements"].get("home_id", pd.Series(dtype="str")).dropna().drop_duplicates()
        made["homes"] = pd.DataFrame({"home_id": named, "valid_from": first, "weak_key": False})
    return {**made, **frames}


def _already(found: Sequence[MappedTable], into: Tables) -> list[str]:
    """What the tables hold of what the files give: whole tables, columns that are joined, names of facts."""
    held = []
    for each in found:
        there = into[each.name]
        if each.join:
            held += [one.name for one in each.own if one.name in there]
        elif each.name in NAMED:
            named = NAMED[each.name]
            held += sorted({str(name) for name in each.frame.get(named, ())} & set(there[named].dropna()))
        elif len(there):
            held.append(each.name)
    return held


def _declared(found: Sequence[MappedTable]) -> dict[str, list[Own]]:
    declared: dict[str, list[Own]] = defaultdict(list)
    for each in found:
        declared[each.name] += each.own
    return declared


def _together(name: str, parts: Sequence[pd.DataFrame], each: MappedTable, into: Tables | None) -> pd.DataFrame:
    """A table of the mapping: its own, beside what the tables hold where it is joined or of dated facts."""
    if each.join:
        if into is None or name not in into:
            raise ImportFault(
                f"there are no {name} that its columns could be joined to",
                where=each.file,
                remedy="give --into a folder of tables, or map all of the table without join",
            )
        there = into[name].drop(columns=[one.name for one in each.own], errors="ignore")
        kinds = {column.name: column for column in TABLES[name].columns}
        key = [column for column in kinds if column in parts[0]]
        added = parts[0].assign(**{column: converted(parts[0][column], kinds[column], []) for column in key})
        return there.merge(added, on=key, how="left", sort=False)
    if name not in NAMED or into is None or name not in into:
        return pd.concat(parts, ignore_index=True)
    named = NAMED[name]
    new = {text for part in parts for text in part[named]}
    return pd.concat([into[name][~into[name][named].isin(new)], *parts], ignore_index=True)


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
    if each.join:
        key = [name for name in TABLES[each.name].key if name in each.frame]
        held = pd.MultiIndex.from_frame(frames[each.name][key].astype(object)) if each.name in frames else None
        if held is not None:
            strange |= ~pd.MultiIndex.from_frame(each.frame[key].astype(object)).isin(held)
    references = [(c, t) for c, t in TABLES[each.name].references if c in each.frame and not each.join]
    for column, target in references:
        known = frames[target][TABLES[target].key[0]] if target in frames else pd.Series(dtype="str")
        strange |= each.frame[column].notna() & ~stands_in(each.frame[column], known)
    lost = 0
    if strange.any() and "child_id" in each.frame:
        lost = zeros_lost(each.frame["child_id"].dropna(), frames["children"]["child_id"])
    if len(each.frame) and (strange.all() or lost):
        alike = f"; {lost} of their ids would be known if zeros, case and spaces did not count" if lost else ""
        many = "none" if strange.all() else f"{int((~strange).sum())} of {len(strange)}"
        raise ImportFault(
            f"{many} of its rows {'refers' if strange.all() else 'refer'} to a child or home of the tables{alike}",
            where=each.file,
            remedy="name them as the tables do: the same identifiers, and the same --key if those are hashes"
            + ("; or give a crosswalk" if lost else ""),
        )
    rows = set(each.frame.loc[strange, "row"])
    lines = each.ledger.frame
    hit = lines["row"].isin(rows)
    lines = lines.assign(
        outcome=lines["outcome"].mask(hit, "set_aside"), reason=lines["reason"].mask(hit, "not_in_tables")
    )
    kept = each.frame[~strange].reset_index(drop=True)
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
    form = form or source.serial
    text = {name: source.frame[held[plain(name)]] for name in wanted}
    if (added := _hours_away(mapping, text)) is not None:
        columns = {**columns, "hours_away": added}
    require_unswapped(source, (held[plain(name)] for name in _dates(mapping)), checked=mapping.dates_checked)
    frame = follow(source.frame[["row"]].copy(), file=source.name, table=mapping.table)
    spec, notes = mapping.spec, list(source.notes)
    made: dict[str, pd.Series] = {}
    for column, mapped in [(c, columns[c.name]) for c in spec.columns if c.name in columns]:
        if mapped.count:
            continue
        made[column.name], bad, note = column_values(column, mapped, text, frame.index, form)
        notes += [f"{source.name}: {column.name}: {note}"] if note else []
        if mapped.crosswalk is not None:
            frame, made[column.name] = _by_crosswalk(frame, made[column.name], column.name, mapped.crosswalk)
            notes.append(f"{source.name}: {column.name}: identifiers replaced by {mapped.crosswalk.name}")
        elif column.name in CHILDREN:
            require_whole_ids(made[column.name], frame["row"], where=source.name, column=mapped.source)
            refuse_names(made[column.name], frame["row"], column.name, where=source.name)
        notes += _unread(column, mapped, text, bad, source.name, frame["row"])
        strict = column.required or mapped.otherwise == "set_aside"
        frame = set_aside(frame, bad & strict, f"{column.name}_unreadable") if strict else frame
        frame = remark(frame, bad & in_play(frame), f"{column.name} unreadable: unrecorded") if not strict else frame
        if column.required:
            frame = set_aside(frame, made[column.name].isna(), f"{column.name}_blank", f"{column.name} is blank")
    body = pd.DataFrame(made, index=frame.index).assign(row=frame["row"])
    for name in (name for name, mapped in columns.items() if mapped.count):
        key = [each for each in spec.key if each != name and each in body]
        body[name] = body[in_play(frame)].groupby(key, dropna=False).cumcount().reindex(body.index)
    body = filled(mapping.table, body)
    held_key = [name for name in spec.key if name in body]
    again = body[in_play(frame)].duplicated(held_key).reindex(frame.index, fill_value=False)
    frame = set_aside(frame, again, "same_key", f"another row has the same {' + '.join(held_key)}")
    ledger = ledger_of([frame], notes=notes)
    ledger.reconcile({source.name: source.frame["row"].tolist()})
    kept = body[in_play(frame)].reset_index(drop=True)
    return MappedTable(
        name=mapping.table,
        frame=kept,
        ledger=ledger,
        file=source.name,
        digest=source.digest,
        own=mapping.own,
        join=mapping.join,
    )


def _unread(
    column: Column, mapped: MappedColumn, text: Mapping[str, pd.Series], bad: pd.Series, file: str, rows: pd.Series
) -> list[str]:
    """What is said of cells that hold something that could not be read; words that codes lack are told with these."""
    if not mapped.source or mapped.codes or not bad.any():
        return []
    cells = text[mapped.source]
    if column.kind not in ("date", "time"):
        return [unread(column, mapped.source, cells, bad, where=file)]
    many = f"{int(bad.sum())} cells cannot be read, rows {', '.join(rows[bad].head(FAULTS_SHOWN).astype(str))}"
    return [f"{file}: {column.name}: {many}: {way_on(cells[bad].str.split().str[0])}"]


def _by_crosswalk(frame: pd.DataFrame, values: pd.Series, name: str, crosswalk: Path) -> tuple[pd.DataFrame, pd.Series]:
    """Rows, those aside whose identifier the crosswalk lacks, and the identifiers that it gives the others."""
    known = read_crosswalk(crosswalk, two_systems=True)
    lacking = values.notna() & ~values.isin(list(known.known_by))
    frame = set_aside(frame, lacking, f"{name}_not_in_crosswalk", f"{crosswalk.name} lacks its {name}")
    return frame, known.apply(values).mask(lacking)


def _nearest(absent: Sequence[str], columns: Sequence[str]) -> str:
    """What the file has that comes near; other headers may be people's names, as in a rota, and are only counted."""
    near = [c for name in absent for c in difflib.get_close_matches(column_name(name), columns, n=3, cutoff=0.5)]
    near = list(dict.fromkeys(near))
    said = f"nearest are {', '.join(near)}" if near else "none comes near"
    return f"write the name of one of its {len(columns)} columns, in any case: {said}"


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
    kinds = {column.name: column.kind for column in mapping.spec.columns}
    dated = [m for c, m in mapping.columns.items() if kinds[c] in ("date", "time") or m.part or m.hours_until]
    return [name for mapped in dated for name in (mapped.source, mapped.hours_until) if name]


def _source(mapping: TableMapping, names: frozenset[str]) -> SourceTable:
    tables = file_tables(mapping.file, names)
    if mapping.sheet:
        tables = [table for table in tables if plain(table.label) == plain(mapping.sheet)]
    if len(tables) != 1:
        what = f"it has no sheet {mapping.sheet!r}" if mapping.sheet else f"it has {len(tables)} sheets"
        raise InputError(what, where=str(mapping.file), remedy="name one of its sheets in the mapping: sheet = …")
    return tables[0]

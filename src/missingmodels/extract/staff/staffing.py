"""Files of a home's staff to the contract's tables: rotas of shifts, contracts, or totals over periods.

Times are local (Europe/London) as a rota shows them; a shift that ends before it starts ends the next day. No message
prints the name of a person, nor a column that may be headed by one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.crosswalk import Crosswalk
from missingmodels.extract.ledger import FAULTS_SHOWN, follow
from missingmodels.extract.mapped.judge import judge_staff
from missingmodels.extract.ofsted.layout import plain, urn_key
from missingmodels.extract.readers.cells import ids_with_nulls_blank, named, nulls_blank, visible
from missingmodels.extract.readers.containers import file_tables
from missingmodels.extract.readers.dates import Form, declared
from missingmodels.extract.readers.source_table import SourceTable, require_unswapped
from missingmodels.extract.returns.together.identity import require_whole_ids
from missingmodels.extract.staff import layout
from missingmodels.extract.staff.joined import StaffTable, joined
from missingmodels.extract.staff.rows import Status, periods, shifts, spells
from missingmodels.extract.staff.wide_rota import CELL, RotaShape, long_rota
from missingmodels.extract.words import Words

ALMOST = 3  # columns of a table of staff, from which a sheet without the others is no summary


def read_staffing(
    path: Path | str | Sequence[Path | str],
    *,
    status: Status | None = None,
    dates_checked: bool = False,
    dates: str | None = None,
    words: Words | None = None,
    rota: RotaShape | None = None,
    same_staff: Crosswalk | None = None,
) -> list[StaffTable]:
    """The staff tables in .csv files and workbooks: one of each kind, whatever files and sheets its rows come from.

    Parameters
    ----------
    status : what the shifts are where no column says it: ``planned`` (a rota) or ``worked``
    dates_checked, dates : as in ``read_ssda903``
    words : what local words of shift types, contracts and jobs mean
    rota : how a rota is laid out that has people across
    same_staff : which ids are one worker

    A planned shift is folded into the worked one of the same person and start. Rows whose home, person or time cannot
    be read are set aside; a shift of agency or bank staff without a name, or under a word that stands for nobody, is a
    person of its own.

    Raises InputError for a path that is no such file, ImportFault if no sheet of a file has the columns of a rota, of
    contracts or of period totals, if nothing says whether shifts were planned or worked, or for words of shift types,
    contracts and jobs that are not known, which are shown.
    """
    paths = [path] if isinstance(path, str | Path) else list(path)
    form, own, same = declared(dates), words or Words(), same_staff or Crosswalk()
    parts: dict[str, list[tuple[SourceTable, pd.DataFrame, list[str]]]] = {}
    left: list[str] = []
    for each in map(Path, paths):
        tables = file_tables(each, layout.NAMES if rota is None else layout.NAMES | rota.columns)
        if rota is not None:
            apart = [table for table in tables if not rota.columns & set(table.columns)]
            apart = apart if len(apart) < len(tables) else []  # a summary beside the sheets of a rota
            left += [_unread(table) for table in apart]
            tables = [
                part for table in tables if table not in apart
                for part in long_rota(table, rota, status=status, form=form)
            ]  # fmt: skip
        found = [(table, shape, columns) for table in tables for shape, columns in _shape_of(table)]
        if not found:
            raise _shapeless(tables, where=each.name)
        read = {table.name for table, _, _ in found}
        others = [table for table in tables if table.name not in read]
        _require_no_lost_sheet(others, found)
        left += [_unread(table) for table in others]
        for table, shape, columns in found:
            dated = (columns.get(fact, "") for fact in ("date", "start", "end"))
            require_unswapped(table, dated, checked=dates_checked)
            frame, notes = _judged(table, shape, columns, status, form or table.serial, own, same)
            parts.setdefault(shape.table, []).append((table, frame, notes))
    shapes = {shape.table: shape for shape in (layout.SHIFTS, layout.SPELLS, layout.PERIODS)}
    made = [joined(shapes[name], held, left) for name, held in parts.items()]
    people = [each.frame["staff_id"] for each in made if "staff_id" in each.frame]
    alike = tuple(judge_staff(pd.concat(people), alone=same.alone)) if people else ()
    return [dataclasses.replace(each, judged=(*each.judged, *alike)) for each in made]


def _shapeless(tables: Sequence[SourceTable], *, where: str) -> ImportFault:
    """No sheet is one of staff. Columns that are not known may be headed by people's names, and are only counted."""
    wanted = "; ".join(
        f"{s.table}: {', '.join(s.columns[fact][0] for fact in s.compulsory)}"
        for s in (layout.SHIFTS, layout.SPELLS, layout.PERIODS)
    )
    columns = [name for table in tables for name in table.columns]
    known = [name for name in dict.fromkeys(columns) if name.replace("_", " ") in layout.NAMES]
    others = len(set(columns) - set(known))
    return ImportFault(
        f"no sheet has the columns of staffing, only {', '.join(known[:FAULTS_SHOWN]) or 'none that is known'}"
        + (f" and {others} that are not" if others else ""),
        where=where,
        remedy=f"name the columns as one of these has them — {wanted}; or declare a rota with people across: "
        "--rota SHAPE.toml",
    )


def _unread(table: SourceTable) -> str:
    return f"{table.name}: no rota, contracts or totals, its {len(table.frame)} rows left unread"


def _require_no_lost_sheet(
    others: Sequence[SourceTable], found: Sequence[tuple[SourceTable, layout.Shape, dict[str, str]]]
) -> None:
    """Raise ImportFault for a sheet that has most columns of one that was read, and not all that it needs: a month."""
    for table in others:
        held = {plain(column).replace("_", " ") for column in table.columns}
        for _, shape, columns in found:
            there = [fact for fact in columns if held & set(shape.columns[fact])]
            lacking = [shape.columns[fact][0] for fact in shape.compulsory if fact not in there]
            if len(table.frame) and len(there) >= ALMOST and 2 * len(there) > len(columns):
                raise ImportFault(
                    f"it has columns of {shape.table} as the sheets beside it, but lacks {', '.join(lacking)}",
                    where=table.name,
                    remedy="name its columns as the others have them; or take the sheet out if it is none of them",
                )


def _shape_of(table: SourceTable) -> list[tuple[layout.Shape, dict[str, str]]]:
    """The shape that a sheet has, with the column of each fact; none if it has none. Shifts have times of day."""
    held = {plain(column).replace("_", " "): column for column in reversed(table.columns)}
    for shape in (layout.SHIFTS, layout.SPELLS, layout.PERIODS):
        found = {f: next((held[a] for a in aliases if a in held), "") for f, aliases in shape.columns.items()}
        if all(found[fact] for fact in shape.compulsory):
            return [(shape, {fact: column for fact, column in found.items() if column})]
    return []


def _judged(
    table: SourceTable,
    shape: layout.Shape,
    columns: Mapping[str, str],
    status: Status | None,
    form: Form | None,
    own: Words,
    same: Crosswalk,
) -> tuple[pd.DataFrame, list[str]]:
    """The working frame of one sheet, its rows judged one by one, and notes."""
    held = {fact: table.frame[columns[fact]] if fact in columns else "" for fact in shape.columns}
    frame = follow(table.frame[["row"]].assign(**held), file=table.name, table=shape.table)
    notes = [*table.notes]
    if table.unit != CELL:
        notes.append(f"{table.name}: " + ", ".join(f"{fact} from {name}" for fact, name in columns.items()))
    for fact in shape.columns:
        words, cleared = visible(frame[fact].astype("str"))
        identifier = fact in ("home", "staff")
        frame[fact] = ids_with_nulls_blank(words) if identifier else nulls_blank(words)
        if identifier and cleared.any():
            notes.append(f"{table.name}: invisible characters were removed from {int(cleared.sum())} cells of {fact}")
    frame = frame.assign(home=urn_key(frame["home"].astype(str)))
    if "staff" in shape.columns:
        frame["staff"] = same.apply(frame["staff"].str.replace(r"\.0$", "", regex=True))
        require_whole_ids(frame["staff"], frame["row"], where=table.name, column="staff id")
        if named(frame["staff"]).any():
            notes.append(f"{table.name}: staff go by name; with --key names become keyed hashes")
    if shape is layout.SHIFTS:
        frame, more = shifts(frame, columns, status, form, own, where=table.name)
    elif shape is layout.SPELLS:
        frame, more = spells(frame, form, own, where=table.name)
    else:
        frame, more = periods(frame, columns, form)
    return frame, [*notes, *more]

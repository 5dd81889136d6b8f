"""A mapping proposed from a file's headers, for a person to correct: every guess is shown, none is silent.

What a column means is shown beside the shapes of three of its cells: letters and digits are masked, whatever they are.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd

from missingmodels.errors import InputError
from missingmodels.extract.mapped.headers import SURE, known_headers, nearness, own_words
from missingmodels.extract.mapped.values import value_words
from missingmodels.extract.ofsted.layout import plain
from missingmodels.extract.readers.cells import masked, nulls_blank
from missingmodels.extract.readers.containers import file_tables
from missingmodels.extract.readers.source_table import SourceTable
from missingmodels.extract.returns.codes import PLACES
from missingmodels.extract.returns.layout import CODE
from missingmodels.extract.staff.shift_times import has_clock
from missingmodels.extract.staff.wide_rota import TIMES
from missingmodels.tables.contract import TABLES, Column, Table
from missingmodels.tables.schema import FLAGS

# What a source seldom holds and a person must decide; proposed as one value for all rows.
VALUES = {
    "sequence": ("count", "true"),
    "end_is_censored": ("value", "false"),
    "start_is_truncated": ("value", "false"),
    "category": ("value", '"M"'),
    "birth_date_precision": ("value", '"day"'),
}
EXAMPLES = 3
# Words of a police or home log, and of codes for what the record holds as M and A.
CATEGORY_WORDS = {"missing": "M", "absent": "A", "away without authorisation": "A", "unauthorised absence": "A"}
# Codes of the return that stand in longer words: "f) U6: Foster placement", "PR4 - Private provision", "a) WBRI".
CODES_WITHIN = {
    "placement_type": re.compile(rf"\b({'|'.join(sorted(PLACES))})\b", re.IGNORECASE),
    "provider": re.compile(r"\b(PR[0-5])\b", re.IGNORECASE),
    "end_reason": re.compile(r"\b(E\d{1,2}[AB]?|X1)\b", re.IGNORECASE),
    "ethnicity": re.compile(r"\b([A-Z]{4})\b"),
}
# All that a day may look like, and no clock.
DAY = r"\d[^\d:]{1,2}(?:\d{1,2}|[A-Za-z]{3,9})[^\d:]{1,2}\d|\b\d{5}\b|\b\d{8}\b"
REFUSED = ("not ", "declin", "refus")  # how a no begins that is told in words
ALMOST = 0.7  # of a table's required columns, from which it is drafted beside another
# `import staffing` reads the first three; the others need a declaration, which no header gives.
SKIPPED = ("staff_periods", "staff_spells", "staff_shifts", "measures", "events")


def draft_mapping(path: Path, *, table: str | None = None) -> str:
    """The text of a mapping proposed for a .csv file or workbook.

    Raises InputError for a file that is none, or a table that is not one of the contract's.
    """
    if table is not None and table not in TABLES:
        raise InputError(f"there is no table {table!r}", remedy=f"the tables are: {', '.join(TABLES)}")
    sheets = [sheet for sheet in file_tables(Path(path), known_headers()) if len(sheet.columns) > 1]
    if not sheets:
        raise InputError(
            "no sheet has columns", where=str(path), remedy="name a file with column names in its first line"
        )
    kinds = [TABLES[table]] if table else [t for t in TABLES.values() if t.name not in SKIPPED]
    _, sheet, chosen = max(((_score(s, kind), s, kind) for s in sheets for kind in kinds), key=lambda found: found[0])
    drafted = [chosen]
    if table is None and chosen.name == "placements" and _required(sheet, TABLES["children"]) >= ALMOST:
        drafted.insert(0, TABLES["children"])  # a stay needs its child
    lines = [f"# Proposed from the headers of {Path(path).name}: check each column, and the codes above all."]
    used: set[str] = set()
    for each in drafted:
        lines += [
            "[[tables]]",
            f"table = {_quoted(each.name)}",
            f"file = {_quoted(Path(path).name)}",
            *([f"sheet = {_quoted(sheet.label)}"] if len(sheets) > 1 else []),
            *_columns(each, sheet, used),
            "",
        ]
    left = [name for name in sheet.columns if name not in used]
    people = [name for name in left if sheet.frame[name].str.fullmatch(TIMES).any()]
    said = ", ".join(name for name in left if name not in people) or "none"
    rota = f", and {len(people)} that hold times of shifts: `import staffing --rota` reads those" if people else ""
    return "\n".join([*lines, f"# Columns left unread: {said}{rota}", ""])


def _columns(table: Table, sheet: SourceTable, used: set[str]) -> list[str]:
    lines: list[str] = []
    hours = _hours(table, sheet)
    for column in table.columns:
        drafted = hours if column.name == "hours_away" and hours else _column(table, column, sheet, used)
        lines += ["", *drafted]
    return lines


def _column(table: Table, column: Column, sheet: SourceTable, used: set[str]) -> list[str]:
    head = f"[tables.columns.{column.name}]"
    found = _header(table, column, sheet)
    if not found and column.name == "start_hour":  # of a moment that is cut to a day elsewhere
        moment = next((_header(table, each, sheet) for each in table.columns if each.name == "start_date"), "")
        found = moment if moment and has_clock(sheet.frame[moment]).any() else ""
    if not found:
        if column.name in VALUES:
            key, value = VALUES[column.name]
            return [head, f"{key} = {value}  # decide"]
        need = "REQUIRED, found in no column" if column.required else "found in no column"
        return [f"# {head} {need}: {column.meaning}"]
    used.add(found)
    cells = nulls_blank(sheet.frame[found])
    lines = [head, f"from = {_quoted(found)}{_shapes(cells)}", f"meaning = {_quoted(column.meaning)}"]
    lines += _parts(column, sheet, cells)
    words, coded = _words(column, cells)
    if coded and any(_code(column, word) is None for word in words):
        pairs = ", ".join(f"{_quoted(word)} = {_guess(column, word)}" for word in words)
        lines += [f'codes = {{ {pairs} }}  # check: "" leaves unrecorded']
    return lines


def _words(column: Column, cells: pd.Series) -> tuple[list[str], bool]:
    """The column's different words if they look like codes, and whether each needs one of the contract's."""
    within = CODES_WITHIN.get(column.name)
    if within is not None and not cells.str.fullmatch(CODE).all():
        told = sorted(set(cells) - {""})
        return (told if all(within.search(word) for word in told) else []), True
    coded = bool(column.allowed) or column.kind == "flag"
    return value_words(cells, every=coded), coded


def _shapes(cells: pd.Series) -> str:
    """Three different cells, masked, as a comment."""
    shapes = [masked(cell) for cell in cells[cells != ""].unique()[:EXAMPLES]]
    return "  # cells such as " + ", ".join(map(_quoted, shapes)) if shapes else "  # all cells are blank"


def _parts(column: Column, sheet: SourceTable, cells: pd.Series) -> list[str]:
    """How a cell with both day and clock is cut, and from where to where hours are counted."""
    if not has_clock(cells).any():
        return []
    if column.kind == "date":
        return ['part = "date"']
    return ['part = "hour"'] if column.name == "start_hour" else []


def _hours(table: Table, sheet: SourceTable) -> list[str]:
    """Hours away from two moments, where no column has them."""
    held = {column.name: column for column in table.columns}
    if "hours_away" not in held or _header(table, held["hours_away"], sheet):
        return []
    start, end = (_header(table, held[name], sheet) for name in ("start_date", "end_date"))
    if not (start and end) or not all(has_clock(sheet.frame[name]).any() for name in (start, end)):
        return []
    return [
        "[tables.columns.hours_away]",
        f"from = {_quoted(start)}",
        f"hours_until = {_quoted(end)}",
        f"meaning = {_quoted(held['hours_away'].meaning)}",
    ]


def _header(table: Table, column: Column, sheet: SourceTable) -> str:
    """The header that most surely means the column and whose cells can be its values; blank if none does."""
    scored = [(nearness(name, table.name, column.name), name) for name in sheet.columns]
    fits = [(score, name) for score, name in scored if score >= SURE and _can_hold(column, sheet.frame[name])]
    # of headers that say the same, the one in the contract's own words: CHILD ID before MISPER REF
    return max(fits, key=lambda found: (found[0], own_words(found[1], column.name)))[1] if fits else ""


def _can_hold(column: Column, cells: pd.Series) -> bool:
    """Whether a column of days or numbers has digits in most of its cells; one that is blank may have."""
    if column.kind not in ("date", "time", "real", "whole"):
        return True
    told = nulls_blank(cells)
    told = told[told != ""]
    if column.name == "start_hour" and not has_clock(told).any():
        return bool(len(told)) and pd.to_numeric(told, errors="coerce").notna().all()
    shape = DAY if column.kind in ("date", "time") else r"\d"
    return not len(told) or told.str.contains(shape, regex=True).mean() > 1 / 2


def _score(sheet: SourceTable, table: Table) -> float:
    """Share of required columns found, then of all; what a person must decide does not count."""
    asked = [column for column in table.columns if column.name not in VALUES]
    found = [column for column in asked if _header(table, column, sheet)]
    required = [column for column in asked if column.required]
    share = sum(column.required for column in found) / max(len(required), 1)
    return share + len(found) / (10 * len(asked)) + len(found) / 1000


def _required(sheet: SourceTable, table: Table) -> float:
    """Share of the required columns found that a person need not decide."""
    asked = [column for column in table.columns if column.required and column.name not in VALUES]
    return sum(bool(_header(table, column, sheet)) for column in asked) / len(asked)


def _code(column: Column, word: str) -> object:
    if column.kind == "flag":
        return FLAGS.get(plain(word))
    return next((a for a in column.allowed if a.casefold() == word.casefold()), None)


def _guess(column: Column, word: str) -> str:
    """A code for a word, as TOML: the word itself, a yes or no at its start, a code of one letter; else blank."""
    known = _code(column, word)
    if known is None and (within := CODES_WITHIN.get(column.name)) is not None:
        held = within.search(word)
        return json.dumps(held[1].upper() if held else "")
    if known is None and column.name == "category":
        known = CATEGORY_WORDS.get(plain(word))
    if known is not None:
        return json.dumps(known)
    first = plain(word).replace(")", " ").split()
    if column.kind == "flag":
        said = next((FLAGS[part] for part in first[:2] if part in FLAGS), None)
        if said is None:
            text = plain(word)
            said = False if text.startswith(REFUSED) else True if text.startswith(column.name) else None
        return json.dumps(said if said is not None else "")
    letters = {a: a for a in column.allowed if len(a) == 1}
    initial = next((letters[part[0].upper()] for part in first if len(part) > 1 and part[0].upper() in letters), "")
    return json.dumps(initial)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

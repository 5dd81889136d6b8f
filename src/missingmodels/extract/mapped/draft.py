"""A mapping proposed from a file's headers, for a person to correct: every guess is shown, none is silent.

What a column means is shown beside the shapes of three of its cells: letters and digits are masked, whatever they are.
"""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import pandas as pd

from missingmodels.errors import InputError
from missingmodels.extract.mapped.values import FLAGS, value_words
from missingmodels.extract.ofsted.layout import plain
from missingmodels.extract.readers.cells import masked, nulls_blank
from missingmodels.extract.readers.containers import file_tables
from missingmodels.extract.readers.source_table import SourceTable, column_name
from missingmodels.extract.staff.shift_times import has_clock
from missingmodels.extract.staff.wide_rota import TIMES
from missingmodels.tables.contract import TABLES, Column, Table

# Words that people use for a column of the contract, by column; the column's own name is always one.
WORDS = {
    "child_id": ("child unique id", "child id", "child", "person id", "misper id", "missing person id", "young person"),
    "start_date": (
        "missing since",
        "date missing",
        "start date",
        "missing from",
        "left",
        "date started",
        "went missing",
        "reported missing",
        "date reported missing",
        "last seen",
    ),
    "end_date": (
        "returned",
        "date returned",
        "found",
        "when traced",
        "traced",
        "end date",
        "date ended",
        "date found",
        "located",
    ),
    "start_hour": ("time missing", "missing since"),
    "hours_away": ("hours missing", "hours away"),
    "category": ("missing or absent", "episode type", "category", "type", "incident type", "classification"),
    "episode_start_date": ("episode date", "missing date", "missing episode start", "date missing", "missing since"),
    "offered": ("rhi offered", "interview offered", "was the child offered a return interview"),
    "accepted": ("rhi accepted", "interview accepted", "did the child accept a return interview"),
    "interview_date": ("date of interview", "rhi date", "interview date", "date completed"),
    "within_72h": ("within 72 hours", "72 hours", "in 72 hours"),
    "home_id": ("urn of placement", "urn", "home", "home urn", "setting urn"),
    "placement_type": ("placement type", "place"),
    "provider": ("placement provider", "provider"),
    "birth_date": ("date of birth", "dob"),
    "sex": ("gender", "sex"),
    "ethnicity": ("ethnicity", "ethnic"),
    "disability": ("does the child have a disability", "disability"),
    "authority": ("local authority", "la", "placing authority"),
}
# What a source seldom holds and a person must decide; proposed as one value for all rows.
VALUES = {
    "sequence": ("count", "true"),
    "end_is_censored": ("value", "false"),
    "start_is_truncated": ("value", "false"),
    "category": ("value", '"M"'),
    "birth_date_precision": ("value", '"day"'),
}
SURE = 0.8
EXAMPLES = 3
# Words of a police or home log, and of codes for what the record holds as M and A.
CATEGORY_WORDS = {"missing": "M", "absent": "A", "away without authorisation": "A", "unauthorised absence": "A"}
SKIPPED = ("staff_periods", "staff_spells", "staff_shifts")  # `import staffing` reads these


def draft_mapping(path: Path, *, table: str | None = None) -> str:
    """The text of a mapping proposed for a .csv file or workbook.

    Raises InputError for a file that is none, or a table that is not one of the contract's.
    """
    if table is not None and table not in TABLES:
        raise InputError(f"there is no table {table!r}", remedy=f"the tables are: {', '.join(TABLES)}")
    sheets = [sheet for sheet in file_tables(Path(path), _NAMES) if len(sheet.columns) > 1]
    if not sheets:
        raise InputError(
            "no sheet has columns", where=str(path), remedy="name a file with column names in its first line"
        )
    several = len(sheets) > 1
    kinds = [TABLES[table]] if table else [t for t in TABLES.values() if t.name not in SKIPPED]
    _, sheet, chosen = max(((_score(s, kind), s, kind) for s in sheets for kind in kinds), key=lambda found: found[0])
    lines = [
        f"# Proposed from the headers of {Path(path).name}: check each column, and the codes above all.",
        "[[tables]]",
        f"table = {_quoted(chosen.name)}",
        f"file = {_quoted(Path(path).name)}",
        *([f"sheet = {_quoted(sheet.label)}"] if several else []),
    ]
    used: set[str] = set()
    hours = _hours(chosen, sheet)
    for column in chosen.columns:
        lines += ["", *(hours if column.name == "hours_away" and hours else _column(column, sheet, used))]
    left = [name for name in sheet.columns if name not in used]
    people = [name for name in left if sheet.frame[name].str.fullmatch(TIMES).any()]
    said = ", ".join(name for name in left if name not in people) or "none"
    rota = f", and {len(people)} that hold times of shifts: `import staffing --rota` reads those" if people else ""
    return "\n".join([*lines, "", f"# Columns left unread: {said}{rota}", ""])


def _column(column: Column, sheet: SourceTable, used: set[str]) -> list[str]:
    head = f"[tables.columns.{column.name}]"
    found = _header(column, sheet)
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
    coded = bool(column.allowed) or column.kind == "flag"
    words = value_words(cells, every=coded)
    if coded and any(_code(column, word) is None for word in words):
        pairs = ", ".join(f"{_quoted(word)} = {_guess(column, word)}" for word in words)
        lines += [f'codes = {{ {pairs} }}  # check: "" leaves unrecorded']
    return lines


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
    if "hours_away" not in held or _header(held["hours_away"], sheet):
        return []
    start, end = (_header(held[name], sheet) for name in ("start_date", "end_date"))
    if not (start and end) or not all(has_clock(sheet.frame[name]).any() for name in (start, end)):
        return []
    return [
        "[tables.columns.hours_away]",
        f"from = {_quoted(start)}",
        f"hours_until = {_quoted(end)}",
        f"meaning = {_quoted(held['hours_away'].meaning)}",
    ]


def _header(column: Column, sheet: SourceTable) -> str:
    """The header nearest to any of the column's words; blank if none is near."""
    words = [*WORDS.get(column.name, ()), column.name.replace("_", " ")]
    scored = [(max(_nearness(plain(name), word) for word in words), name) for name in sheet.columns]
    best, name = max(scored, key=lambda found: found[0])
    return name if best >= SURE else ""


def _nearness(name: str, word: str) -> float:
    bare = " ".join("".join(c if c.isalnum() else " " for c in name).split())
    if bare == word:
        return 1.0
    # a long header that begins with the words, such as "… after their last missing episode?"
    return 0.95 if len(word) > 12 and bare.startswith(word) else difflib.SequenceMatcher(None, bare, word).ratio()


def _score(sheet: SourceTable, table: Table) -> float:
    """Share of required columns found, then of all; what a person must decide does not count."""
    asked = [column for column in table.columns if column.name not in VALUES]
    found = [column for column in asked if _header(column, sheet)]
    required = [column for column in asked if column.required]
    share = sum(column.required for column in found) / max(len(required), 1)
    return share + len(found) / (10 * len(asked)) + len(found) / 1000


def _code(column: Column, word: str) -> object:
    if column.kind == "flag":
        return FLAGS.get(plain(word))
    return next((a for a in column.allowed if a.casefold() == word.casefold()), None)


def _guess(column: Column, word: str) -> str:
    """A code for a word, as TOML: the word itself, a yes or no at its start, a code of one letter; else blank."""
    known = _code(column, word)
    if known is None and column.name == "category":
        known = CATEGORY_WORDS.get(plain(word))
    if known is not None:
        return json.dumps(known)
    first = plain(word).replace(")", " ").split()
    if column.kind == "flag":
        said = next((FLAGS[part] for part in first[:2] if part in FLAGS), None)
        return json.dumps(said if said is not None else "")
    letters = {a: a for a in column.allowed if len(a) == 1}
    initial = next((letters[part[0].upper()] for part in first if len(part) > 1 and part[0].upper() in letters), "")
    return json.dumps(initial)


_NAMES = frozenset(
    column_name(word)
    for table in TABLES.values()
    for column in table.columns
    for word in (*WORDS.get(column.name, ()), column.name, column.name.replace("_", " "))
)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

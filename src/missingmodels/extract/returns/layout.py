"""Which SSDA903 columns are needed, and how a file is recognised by them (never by its name alone).

Source: the return's tables and code sets as open validators implement them (csc-validator-be-903 and
liia-tools-pipeline, read in 2026). Only the columns that the Tables need are asked for: a return without
UPN or mother's details is welcome.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.ledger import FAULTS_SHOWN
from missingmodels.extract.ofsted.registration import typed
from missingmodels.extract.readers.cells import ids_with_nulls_blank, named, nulls_blank, visible
from missingmodels.extract.readers.source_table import SourceTable
from missingmodels.extract.returns.codes import CODES, codes_of, judge_words
from missingmodels.extract.returns.year import NAMED_YEAR
from missingmodels.extract.words import Words
from missingmodels.tables.judgement import Judgement

NEEDED: dict[str, tuple[str, ...]] = {
    "header": ("CHILD", "SEX", "DOB", "ETHNIC"),
    "episodes": (
        *("CHILD", "DECOM", "RNE", "LS", "PLACE", "PLACE_PROVIDER"),
        *("DEC", "REC", "REASON_PLACE_CHANGE", "PL_POST", "URN"),
    ),
    "missing": ("CHILD", "MISSING", "MIS_START", "MIS_END"),
    "uasc": ("CHILD", "DUC"),
}
# UASC_FLAG is the XML return's alone: in the others a row in uasc is the flag. LA and YEAR are a regional pool's.
POOL = ("LA", "YEAR")
OPTIONAL = {
    **{"header": ("UPN", *POOL), "episodes": ("PL_LOCATION", *POOL), "missing": ("DOB", *POOL)},
    **{"uasc": ("UASC_FLAG", *POOL)},
}
# Columns of the return that are left unread, so that they are not reported as strange.
UNREAD = {
    "header": {"MOTHER", "MC_DOB"},
    "episodes": {"CIN", "HOME_POST", "PL_LA", "PL_DISTANCE", "YEAR_LATEST", "EPISODE_SOURCE"},
    "missing": set(),
    "uasc": {"SEX", "DOB"},
}
COMPULSORY = ("header", "episodes", "missing")
DATES = {
    "header": ("DOB",),
    "episodes": ("DECOM", "DEC"),
    "missing": ("MIS_START", "MIS_END"),
    "uasc": ("DUC",),
}
ENDS = ("DEC", "MIS_END", "DUC")  # blank while the span is open
# Every name by which the line of column names is known.
NAMES = frozenset(name for table in NEEDED for name in (*NEEDED[table], *OPTIONAL[table], *UNREAD[table]))
IDENTIFIERS = ("CHILD", "URN", "LA")
# A blank MIS_START is not here: such rows are common place-holders and are set aside as incomplete.
DATES_REQUIRED = {"header": ("DOB",), "episodes": ("DECOM",), "missing": (), "uasc": ()}

SHORT_BREAKS = ("V3", "V4")
# Settings whose URN is the setting itself, and settings where children live together but the URN is the
# provider's or not asked for, so that the address must tell them apart.
HOMES_BY_URN = ("K1", "K2", "R3", "S1")
HOMES_BY_ADDRESS = ("K3", "R1")
NO_URN = ("", "XXXXXXX")
NO_ADDRESS = "ZZ99"  # pseudo-postcodes of the health service: no fixed abode, not known, and so on
# UPN is read to tell one child under two ids (``identity903``) and goes no further.
# Codes are short and have no space. Anything longer is free text, which may name a child, and is never taken over.
CODED = (
    *("SEX", "ETHNIC", "RNE", "LS", "PLACE", "PLACE_PROVIDER", "REC", "REASON_PLACE_CHANGE", "URN"),
    *("PL_LOCATION", "UASC_FLAG"),
)
CODE = r"[^\s]{0,10}"
FIRST_NAME, FEWEST_NAMES = r"[A-Z][a-z]{2,}", 3
# Three letters or more with a vowel, without four consonants in a row.
SPOKEN = r"(?=[a-z]*[aeiouy])(?![a-z]*[bcdfghjklmnpqrstvwxz]{4})[a-z]{3,}"
SPOKEN_NAMES, NEARLY_ALL = 8, 0.85  # of different ones
SAMPLED = 200  # words by which a column without letters is known
MANY_NAMES = 15  # of different ones: more than the offices or systems by which a whole authority's ids begin
FORMULA_ERROR = r"#(?:REF|VALUE|DIV/0|NUM|NULL)!|#NAME\?"


def _tables_in(file: SourceTable) -> list[str]:
    """The tables whose columns a file has."""
    return [table for table, needed in NEEDED.items() if set(needed) <= set(file.columns)]


def claims_table(columns: Sequence[str], label: str) -> bool:
    """Whether a file has the columns of a table, or its name says that it should."""
    complete = any(set(needed) <= set(columns) for needed in NEEDED.values())
    return complete or bool(_claimed(columns, label))


def by_year(files: Sequence[SourceTable]) -> dict[str, list[SourceTable]]:
    """The files by the year that they name, where a table comes more than once and every such file names one.

    ``2018_episodes.csv`` or, in an archive, ``2018/episodes.csv``. Otherwise all files together, under a blank name.
    """
    tables = {file.name: _tables_in(file) for file in files}
    held = [table for file in files for table in tables[file.name]]
    if len(held) == len(set(held)):
        return {"": list(files)}
    years: dict[str, list[SourceTable]] = {}
    for file in files:
        year = _named_year(file)
        if tables[file.name] and not year:
            return {"": list(files)}
        years.setdefault(year, []).append(file)
    others = years.pop("", [])
    for group in years.values():
        held = [table for file in group for table in tables[file.name]]
        if len(held) != len(set(held)):
            return {"": list(files)}
    last = max(years)
    return {year: [*group, *(others if year == last else [])] for year, group in sorted(years.items())}


def _named_year(file: SourceTable) -> str:
    """The first year that a file names, else that its folder within an archive names; blank if none does."""
    folders = file.name.replace("\\", "/").split("/")[1:-1]
    for part in (file.label, *reversed(folders)):
        if found := re.search(NAMED_YEAR, part):
            return str(found[1])
    return ""


def recognise(files: Sequence[SourceTable]) -> dict[str, SourceTable]:
    """The file of each table. Raises ImportFault listing all that are absent, doubled or incomplete."""
    found: dict[str, SourceTable] = {}
    faults: list[str] = []
    doubled = False
    for file in files:
        tables = _tables_in(file)
        if not tables and (table := _claimed(file.columns, file.label)):
            faults.append(f"{file.name} should be the {table} table but lacks {_lacking(file, table)}")
        if len(tables) > 1:
            faults.append(f"{file.name} holds the columns of {' and '.join(tables)}, one table a file is needed")
        for table in tables:
            if table in found:
                doubled = True
                faults.append(f"{found[table].name} and {file.name} both hold the {table} table")
            faults += [f"{file.name} has column {c} twice" for c in file.repeated if c in NEEDED[table]]
            found.setdefault(table, file)
    for table in COMPULSORY:
        if table not in found and not any(f"the {table} table" in fault for fault in faults):
            faults.append(_not_found(files, table))
    if faults:
        columns = "; ".join(f"{table}: {', '.join(NEEDED[table])}" for table in COMPULSORY)
        raise ImportFault(
            "the files are no SSDA903 return: " + "; ".join(faults),
            remedy="put the files of each year into a folder of their own (2022-23/episodes.csv), or begin their names "
            "with the year (2022-23_episodes.csv), and name the folder that holds them"
            if doubled
            else f"export one CSV file or sheet a table with at least these columns — {columns}",
        )
    return found


def notes_on(file: SourceTable, table: str) -> list[str]:
    """What a reader should know of a file as a whole."""
    known = {*NEEDED[table], *OPTIONAL.get(table, ()), *UNREAD[table]}
    extra = [name for name in file.columns if name not in known]
    notes = [f"{file.name}: read as the {table} table, {len(file.frame)} rows, {file.encoding}"]
    if extra:
        notes.append(f"{file.name}: extra columns ignored: {', '.join(extra)}")
    return notes


def needed_columns(file: SourceTable, table: str, own: Words) -> tuple[pd.DataFrame, list[str], list[Judgement]]:
    """The columns of a table that are read, identifiers and codes normalised, notes, and what was judged of words.

    No other data goes further. ``own`` are a user's words for codes.
    """
    held = [*NEEDED[table], *(name for name in OPTIONAL.get(table, ()) if name in file.columns)]
    made: dict[str, pd.Series] = {}
    notes, judged = [], []
    alone = _only_child(file, [name for name in held if name != "CHILD"])
    if alone.any():
        rows = ", ".join(file.frame.loc[alone, "row"].head(FAULTS_SHOWN).astype(str))
        notes.append(f"{file.name}: rows hold nothing but CHILD, as a line of totals or a remark does: {rows}")
    for column in held:
        # each different word is judged once: a national file has millions of cells and few words
        cells = file.frame[column]
        codes, kinds = pd.factorize(cells.mask(alone, "") if column == "CHILD" and alone.any() else cells)
        words, cleared = visible(pd.Series(kinds, dtype="str"))
        if cleared.any():
            many = int(np.isin(codes, np.flatnonzero(cleared)).sum())
            notes.append(f"{file.name}: invisible characters were removed from {many} cells of {column}")
        if (table, column) != ("missing", "DOB"):  # held against the header's only
            _refuse_formula_errors(file, column, words, codes)
        if column == "CHILD":
            _refuse_names(file, words, codes)
        words = ids_with_nulls_blank(words) if column in IDENTIFIERS else nulls_blank(words)
        words = _normal(words, column, table)
        if column in CODES:
            said, words = words, codes_of(words, column, own.of(column.lower()))
            if column != "MISSING":  # whose words are judged with the rows that hold them
                judged += judge_words(column, said, words, codes, file.frame["row"])
        if column in CODED and len(words):
            text = ~(typed(words) if column == "URN" else words).str.fullmatch(CODE).astype(bool)
            if text.any():
                which = text.to_numpy()[codes]
                rows = ", ".join(file.frame.loc[which, "row"].head(FAULTS_SHOWN).astype(str))
                many = int(which.sum())
                notes.append(f"{file.name}: {many} cells of {column} hold text, not a code, left unread: rows {rows}")
                words = words.mask(text, "")
        made[column] = words.take(codes).set_axis(file.frame.index)
    return pd.DataFrame(made, index=file.frame.index).assign(row=file.frame["row"]), notes, judged


def _only_child(file: SourceTable, others: Sequence[str]) -> pd.Series:
    """Rows of which CHILD alone holds something: ``Total``, ``End of report``."""
    alone = file.frame["CHILD"] != ""
    for name in others:
        if not alone.any():
            break
        alone &= file.frame[name] == ""
    return alone


def _normal(words: pd.Series, column: str, table: str) -> pd.Series:
    if column not in ("CHILD", "LA", "DOB", *DATES[table]):
        words = words.str.upper()
    if column in ("CHILD", "SEX", "URN", "YEAR"):
        # spreadsheets turn whole numbers into 123456.0
        words = words.str.replace(r"\.0+$", "", regex=True)
    if column in ("URN", "PL_POST"):
        words = words.str.replace(r"\s+", "", regex=True)
    return words


def _refuse_formula_errors(file: SourceTable, column: str, words: pd.Series, codes: np.ndarray) -> None:
    """What a spreadsheet shows where a formula failed is no value; #N/A alone is a common way to write a blank."""
    failed = words.str.fullmatch(FORMULA_ERROR).to_numpy(dtype=bool) if len(words) else np.zeros(0, dtype=bool)
    if not failed.any():
        return
    which = failed[codes]
    rows = file.frame.loc[which, "row"].tolist()
    raise ImportFault(
        f"{column} holds {file.frame.loc[which, column].iloc[0]}, a failed formula, "
        f"in {len(rows)} rows; first: {', '.join(map(str, rows[:FAULTS_SHOWN]))}",
        where=file.name,
        remedy="correct the formula or replace it by its value",
    )


def _refuse_names(file: SourceTable, words: pd.Series, codes: np.ndarray) -> None:
    """CHILD is an identifier: a name there would go on into every table and ledger. It is not printed either."""
    held = named(words)
    alone = words.str.fullmatch(FIRST_NAME).astype(bool) if len(words) else held
    if alone.sum() >= FEWEST_NAMES and alone.sum() > len(words) / 2:
        held |= alone  # one such word may be an identifier, most of a column are not
    held |= _spoken(words)
    if not held.any():
        return
    rows = file.frame.loc[held.to_numpy()[codes], "row"].tolist()
    raise ImportFault(
        f"CHILD holds words such as a person's name in {len(rows)} rows; first: "
        + ", ".join(map(str, rows[:FAULTS_SHOWN])),
        where=file.name,
        remedy="export the child's identifier in CHILD, never the name; delete lines of totals or remarks",
    )


def _spoken(words: pd.Series) -> pd.Series:
    """Which words of a column of ids are, but for digits before or behind, letters that can be spoken, where nearly all
    are and their letters differ.

    Whole groups of ids may begin alike (child0001), random letters cannot be spoken, and hashes mix digits in.
    """
    some = words.iloc[:: max(1, len(words) // SAMPLED)]
    if some.str.contains(r"[A-Za-z]{3}", regex=True).mean() <= NEARLY_ALL / 2:
        return pd.Series(False, index=words.index)  # most identifiers, at once
    letters = words.str.lower().str.extract(rf"^(?:\d+[_-]?)?({SPOKEN})(?:[_-]?\d+)?$", expand=False)
    told = letters.notna()
    own = letters.nunique()
    enough = own >= SPOKEN_NAMES and told.sum() > NEARLY_ALL * len(words)
    return told & (enough and (own > told.sum() / 2 or own >= MANY_NAMES))


def _claimed(columns: Sequence[str], label: str) -> str:
    """The table that a file's name claims. Social workers' episodes are another table of the return."""
    if any(name.startswith("SW_") for name in columns):
        return ""
    match = re.search(r"(?:^|[^a-z])(header|episode|missing)s?(?:[^a-z]|$)", label.lower())
    return {"episode": "episodes"}.get(match[1], match[1]) if match else ""


def _lacking(file: SourceTable, table: str) -> str:
    lacking = [name for name in NEEDED[table] if name not in file.columns]
    return f"the column{'' if len(lacking) == 1 else 's'} {', '.join(lacking)}"


def _not_found(files: Sequence[SourceTable], table: str) -> str:
    """Names the file that comes nearest, if one holds at least half of the columns."""
    nearest = max(files, key=lambda file: len(set(NEEDED[table]) & set(file.columns)))
    if 2 * len(set(NEEDED[table]) & set(nearest.columns)) > len(NEEDED[table]):
        near = f" ({nearest.name} comes nearest but lacks {_lacking(nearest, table)})"
    else:
        near = ""
    return f"no file holds the {table} table{near}"

"""CSV files of a folder as text: encoding, header names, blanks, strict dates. Knows no column's meaning."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from missingmodels.errors import ImportFault, InputError
from missingmodels.provenance import digest_bytes

BLANKS = ("", "-", "#N/A")
# A four-digit year of this or the last century: a typing error such as 0207 must not become a date.
DATE_PATTERN = r"\d{2}/\d{2}/(?:19|20)\d{2}"


@dataclass(frozen=True, kw_only=True)
class CsvFile:
    """One file.

    Attributes
    ----------
    frame : text columns named in capitals, blanks as "", and ``row``, as a spreadsheet counts (header 1)
    repeated : column names that occur more than once; only the first of each is in ``frame``
    """

    name: str
    encoding: str
    digest: str
    frame: pd.DataFrame
    repeated: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        return [name for name in self.frame.columns if name != "row"]


def read_csv_folder(folder: Path) -> list[CsvFile]:
    """All CSV files directly in a folder, in order of name.

    Raises InputError if the path is not a folder or holds no CSV file, ImportFault if a file cannot be read
    as CSV.
    """
    folder = Path(folder)
    remedy = "name the folder that holds the return's CSV files"
    if not folder.exists():
        raise InputError("there is no such folder", where=str(folder), remedy=remedy)
    if not folder.is_dir():
        raise InputError("this is a file, a folder of CSV files is needed", where=str(folder), remedy=remedy)
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise InputError("the folder holds no files", where=str(folder), remedy=remedy)
    chosen = [path for path in paths if path.suffix.lower() == ".csv"]
    if not chosen:
        held = ", ".join(path.name for path in paths[:5]) + (", …" if len(paths) > 5 else "")
        raise InputError(f"the folder holds no CSV file, only {held}", where=str(folder), remedy=remedy)
    return [read_csv_file(path) for path in chosen]


def read_csv_file(path: Path) -> CsvFile:
    """One CSV file as text. Raises ImportFault if it cannot be decoded or its rows do not fit its header."""
    content = path.read_bytes()
    text, encoding = decode(content, where=path.name)
    try:
        # strict: an unclosed quotation mark would otherwise swallow the rest of the file in silence
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise ImportFault(f"the file is not CSV ({error})", where=path.name, remedy="export it again") from error
    names = [name.strip().upper() for name in lines[0]] if lines else []
    # Blank lines are no records, but they count in a spreadsheet's row numbers.
    records = [(row, _clean(line)) for row, line in enumerate(lines[1:], start=2)]
    records = [(row, values) for row, values in records if any(values)]
    _require_fit(records, len(names), where=path.name)
    place = {name: at for at, name in reversed(list(enumerate(names))) if name}
    columns = {
        name: [_at(values, at) for _, values in records] for name, at in sorted(place.items(), key=lambda p: p[1])
    }
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    frame["row"] = pd.Series([row for row, _ in records], dtype="int64")
    repeated = tuple(name for name in place if names.count(name) > 1)
    return CsvFile(name=path.name, encoding=encoding, digest=digest_bytes(content), frame=frame, repeated=repeated)


def decode(content: bytes, *, where: str) -> tuple[str, str]:
    """Text and the encoding found: UTF-8 or UTF-16, each with or without mark, else Windows-1252."""
    if content.startswith(codecs.BOM_UTF8):
        tries: tuple[str, ...] = ("utf-8-sig",)
    elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tries = ("utf-16",)
    elif b"\0" in content[:200]:
        # In Latin text every second byte of UTF-16 is zero: the odd ones if the low byte comes first.
        tries = ("utf-16-le",) if content[1:2] == b"\0" else ("utf-16-be",)
    else:
        tries = ("utf-8", "cp1252")
    for encoding in tries:
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise ImportFault(
        f"the file is not text in {' or '.join(tries)}", where=where, remedy="export it again as CSV in UTF-8"
    )


def dates(text: pd.Series) -> pd.Series:
    """Dates of strict ``DD/MM/YYYY`` text; whatever is not one, blanks too, becomes NaT."""
    strict = text.where(text.str.fullmatch(DATE_PATTERN).astype(bool)) if len(text) else text
    return pd.to_datetime(strict, format="%d/%m/%Y", errors="coerce").astype("datetime64[s]")


def date_faults(frame: pd.DataFrame, columns: Sequence[str], *, required: Sequence[str]) -> pd.DataFrame:
    """Cells that should hold a date and do not: row, column, value. Blank cells count in required columns."""
    found = []
    for column in columns:
        bad = dates(frame[column]).isna() & ((frame[column] != "") | (column in required))
        found.append(pd.DataFrame({"row": frame.loc[bad, "row"], "column": column, "value": frame.loc[bad, column]}))
    return pd.concat(found, ignore_index=True).sort_values("row", kind="stable", ignore_index=True)


def _clean(values: list[str]) -> list[str]:
    stripped = [value.strip() for value in values]
    return ["" if value.upper() in BLANKS else value for value in stripped]


def _at(values: list[str], position: int) -> str:
    return values[position] if position < len(values) else ""


def _require_fit(records: list[tuple[int, list[str]]], width: int, *, where: str) -> None:
    """More values than names means that a comma has shifted the row; trailing blanks do no harm."""
    long = [row for row, values in records if any(values[width:])]
    if long:
        listing = ", ".join(map(str, long[:10]))
        raise ImportFault(
            f"{len(long)} rows have more values than the header has names; first rows: {listing}",
            where=where,
            remedy="put values that hold a comma into quotation marks and export again",
        )

"""CSV files as text: encoding, separator and lines. Knows no column's meaning."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import Counter

from missingmodels.errors import ImportFault
from missingmodels.extract.readers.source_table import Grid
from missingmodels.provenance import digest_bytes

SEPARATORS = (",", ";", "\t", "|")
SEEN = 200  # bytes by which UTF-16 without a mark is known
SNIFFED = 60  # lines that are looked at
DECLARED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # a first line by which spreadsheets are told


def csv_grid(content: bytes, *, name: str, label: str) -> Grid:
    """The lines of a CSV file. Raises ImportFault if it cannot be decoded or is not CSV."""
    text, encoding = decode(content, where=name)
    separator = separator_of(text)
    try:
        # strict: an unclosed quotation mark would otherwise swallow the rest of the file in silence
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator))
    except csv.Error as error:
        raise ImportFault(f"the file is not CSV ({error})", where=name, remedy="export it again") from error
    stripped = [[_unguarded(cell.strip()) for cell in line] for line in lines]
    if DECLARED.match(text):
        stripped[0] = []
    return Grid(
        name=name,
        label=label,
        encoding=encoding,
        digest=digest_bytes(content),
        lines=stripped,
        notes=separator_notes(name, separator),
    )


def _unguarded(cell: str) -> str:
    """A cell without the formula that keeps a spreadsheet from reading it as a number: ="00123"."""
    return cell[2:-1].strip() if cell.startswith('="') and cell.endswith('"') and len(cell) > 2 else cell


def separator_of(text: str) -> str:
    """What separates the values: a comma, unless another sign parts the first lines more evenly.

    That sign parts nearly all lines, the one with the names too, into equally many values. Ties go to the sign with
    more of them (a decimal comma stands in every line of some files), then to the comma.
    """
    if found := DECLARED.match(text):
        return found[1]
    head = list(itertools.islice(io.StringIO(text, newline=""), SNIFFED))
    scored = []
    for sign in SEPARATORS:
        try:
            counts = [len(line) for line in csv.reader(head, delimiter=sign) if len(line)]
        except csv.Error:
            continue
        parts = Counter(counts).most_common(1)
        if parts and parts[0][0] > 1:
            scored.append((parts[0][1] / len(counts), parts[0][0], sign == ",", sign))
    return max(scored)[-1] if scored else ","


def separator_notes(name: str, separator: str) -> tuple[str, ...]:
    """A note where values are not separated by commas."""
    words = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
    return () if separator == "," else (f"{name}: values are separated by {words.get(separator, repr(separator))}",)


def decode(content: bytes, *, where: str) -> tuple[str, str]:
    """Text and the encoding found: UTF-8 or UTF-16, each with or without mark, UTF-32 with it, else Windows-1252."""
    if content.startswith(codecs.BOM_UTF8):
        tries: tuple[str, ...] = ("utf-8-sig",)
    elif content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):  # the former begins as UTF-16's does
        tries = ("utf-32",)
    elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tries = ("utf-16",)
    elif content[:SEEN].count(b"\0") > len(content[:SEEN]) / 4:
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

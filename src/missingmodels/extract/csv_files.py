"""CSV files as text: encoding and lines. Knows no column's meaning."""

from __future__ import annotations

import codecs
import csv
import io

from missingmodels.errors import ImportFault
from missingmodels.extract.source_table import Grid
from missingmodels.provenance import digest_bytes


def csv_grid(content: bytes, *, name: str, label: str) -> Grid:
    """The lines of a CSV file. Raises ImportFault if it cannot be decoded or is not CSV."""
    text, encoding = decode(content, where=name)
    try:
        # strict: an unclosed quotation mark would otherwise swallow the rest of the file in silence
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise ImportFault(f"the file is not CSV ({error})", where=name, remedy="export it again") from error
    stripped = [[cell.strip() for cell in line] for line in lines]
    return Grid(name=name, label=label, encoding=encoding, digest=digest_bytes(content), lines=stripped)


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

"""A table as a file: HTML, Word, LaTeX or CSV. The same table gives the same bytes."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import pandas as pd
from great_tables import GT

from missingmodels.errors import ConfigInvalid
from missingmodels.publish.tabled import Tabled
from missingmodels.publish.word import Word
from missingmodels.tables.csv_out import frame_csv

KINDS = ("html", "docx", "tex", "csv")


def kind_of_table(path: Path) -> str:
    """The form that a file's ending asks for. Raises ConfigInvalid for one that no table is written in."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise ConfigInvalid(
            f"a table cannot be written as {path.suffix or 'a file without an ending'}",
            where=str(path),
            remedy=f"let the name end in one of {', '.join(f'.{kind}' for kind in KINDS)}",
        )
    return kind


def table_file(found: Tabled, kind: str) -> bytes:
    """What such a file holds. CSV has the numbers unrounded, the others have them as they are printed."""
    if kind == "csv":
        return frame_csv(found.data).encode("utf-8")
    if kind == "docx":
        word = Word(found.title)
        word.table(found)
        return word.content()
    if kind == "tex":
        return _in_ascii(_gt(found).as_latex()).encode("ascii")
    return _gt(found).as_raw_html(make_page=True).replace("<head>", f"<head>\n{_HEAD}", 1).encode("utf-8")


# Signs that pdflatex has not, as it writes them.
_SIGNS = {
    "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "≥": r"$\geq$", "≤": r"$\leq$", "≠": r"$\neq$", "→": r"$\to$",
    "σ": r"$\sigma$", "τ": r"$\tau$", "η": r"$\eta$", "λ": r"$\lambda$", "“": "``", "”": "''", "‘": "`", "’": "'",
    "–": "--", "—": "---", "…": r"\ldots{}", "\u202f": r"\,", "\u00a0": "~",
}  # fmt: skip


def _in_ascii(text: str) -> str:
    """LaTeX that any of its engines reads; an accented letter by its command, what has none by its plain letter."""
    return "".join(_SIGNS.get(letter) or (letter if letter.isascii() else _accented(letter)) for letter in text)


def _accented(letter: str) -> str:
    apart = unicodedata.normalize("NFD", letter)
    plain, command = apart[0], _ACCENTS.get(apart[1:2])
    return f"\\{command}{{{plain}}}" if command and plain.isascii() else plain if plain.isascii() else "?"


_ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u0327": "c"}
_HEAD = '<meta name="viewport" content="width=device-width, initial-scale=1">'


def _gt(found: Tabled) -> GT:
    """The table of the library that sets it; every cell is text of ours or escaped by it."""
    label, grouped = found.columns[0], any(group for group, _ in found.rows)
    frame = pd.DataFrame([cells for _, cells in found.rows], columns=[*found.columns])
    if grouped:
        frame["_group"] = [group or "\u00a0" for group, _ in found.rows]
    table = GT(frame, rowname_col=label, groupname_col="_group" if grouped else None, id="table")
    table = table.tab_header(title=found.title).tab_stubhead(label=label)
    table = table.cols_align("right", [name for name in found.columns if name in found.numbers])
    return table.tab_source_note(found.note) if found.note else table


def readable(found: Tabled) -> io.StringIO:
    """The table as Markdown."""
    held = io.StringIO()
    held.write(f"**{found.title}**\n\n| {' | '.join(found.columns)} |\n|{'---|' * len(found.columns)}\n")
    group = ""
    for name, cells in found.rows:
        if name != group:
            held.write(f"| **{name}** |{' |' * (len(found.columns) - 1)}\n")
            group = name
        held.write(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n")
    if found.note:
        held.write(f"\n{found.note}\n")
    return held

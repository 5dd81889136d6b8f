"""Word documents: headings, paragraphs and tables with repeated heads; the same content gives the same bytes."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from missingmodels.publish.tabled import Tabled

_DATE = dt.datetime(2000, 1, 1)
_SHADE = "ECEFF1"
POINTS = 9.0  # size of letters in a table
TEXT = 16.0  # width in cm that A4 leaves
_LETTER, _MARGINS = 0.19, 0.45  # cm: a bold letter of 9 points, and what a cell keeps free on both sides
_LONGEST = 60  # letters that a cell asks for on one line


def column_widths(found: Tabled) -> tuple[list[float], float]:
    """Width in cm of every column: its longest word whole, and what is left by how long its cells are; size in points.

    Where even the words do not fit, letters and columns shrink alike.
    """
    least, wanted = [], []
    for place, head in enumerate(found.columns):
        cells = [head, *(cells[place] for _, cells in found.rows)]
        least.append(_MARGINS + _LETTER * max(len(word) for text in cells for word in text.split() or [""]))
        wanted.append(_MARGINS + _LETTER * min(max(map(len, cells)), _LONGEST))
    left, more = TEXT - sum(least), [max(0.0, w - one) for w, one in zip(wanted, least, strict=True)]
    if left < 0 or sum(more) == 0:
        return [one * TEXT / sum(least) for one in least], min(POINTS, POINTS * TEXT / sum(least))
    return [one + left * part / sum(more) for one, part in zip(least, more, strict=True)], POINTS


class Word:
    """A document that is written part by part."""

    def __init__(self, title: str) -> None:
        self._document: Any = docx.Document()
        about = self._document.core_properties
        about.title, about.author, about.comments = title, "", ""
        about.created = about.modified = _DATE
        about.language = "en-GB"
        section = self._document.sections[0]
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.left_margin = section.right_margin = Cm((21.0 - TEXT) / 2)

    def heading(self, text: str, level: int = 1) -> None:
        """A heading of its level, 1 the highest."""
        self._document.add_heading(text, level=level)

    def paragraph(self, text: str) -> None:
        """Plain text."""
        self._document.add_paragraph(text)

    def item(self, text: str) -> None:
        """One item of a list."""
        self._document.add_paragraph(text, style="List Bullet")

    def table(self, found: Tabled) -> None:
        """A table with its title above and its note below; groups stand in lines of their own."""
        title = self._document.add_paragraph(style="Caption")
        title.add_run(found.title)
        title.paragraph_format.keep_with_next = True
        table = self._document.add_table(rows=1, cols=len(found.columns), style="Table Grid")
        table.autofit = False
        widths, points = column_widths(found)
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)
        self._cells(table.rows[0], found.columns, found, points, bold=True)
        _repeated(table.rows[0])
        group = ""
        for name, cells in found.rows:
            if name and name != group:
                row = table.add_row()
                whole = row.cells[0].merge(row.cells[-1])
                _put(whole, name, points, bold=True)
                _shaded(whole)
            group = name
            self._cells(table.add_row(), cells, found, points)
        if found.note:
            note = self._document.add_paragraph()
            note.add_run(found.note).font.size = Pt(8)

    def _cells(self, row: Any, texts: tuple[str, ...], found: Tabled, points: float, *, bold: bool = False) -> None:
        for cell, head, text in zip(row.cells, found.columns, texts, strict=True):
            _put(cell, text, points, bold=bold, right=head in found.numbers)
        _whole(row)

    def content(self) -> bytes:
        """The file."""
        held, settled = io.BytesIO(), io.BytesIO()
        self._document.save(held)
        with zipfile.ZipFile(held) as made, zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as out:
            for info in made.infolist():  # the moment of writing stands in every entry
                out.writestr(zipfile.ZipInfo(info.filename, _DATE.timetuple()[:6]), made.read(info))
        return settled.getvalue()


def _put(cell: Any, text: str, points: float, *, bold: bool = False, right: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    run = paragraph.add_run(text)
    run.font.size, run.bold = Pt(round(points * 2) / 2), bold
    paragraph.paragraph_format.space_after = Pt(0)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _marked(parent: Any, name: str, **attributes: str) -> None:
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), value)
    parent.append(element)


def _repeated(row: Any) -> None:
    """A head that stands at the top of every page."""
    _marked(row._tr.get_or_add_trPr(), "w:tblHeader", val="true")


def _whole(row: Any) -> None:
    """A row that no page's end divides."""
    _marked(row._tr.get_or_add_trPr(), "w:cantSplit", val="true")


def _shaded(cell: Any) -> None:
    _marked(cell._tc.get_or_add_tcPr(), "w:shd", val="clear", color="auto", fill=_SHADE)

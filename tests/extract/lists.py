"""Small Ofsted lists made by hand, and the shared ones."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl

from missingmodels.extract.ofsted.lists import OfstedList, read_ofsted_list

HOME = {
    **{"URN": "SC000001", "Provision type": "Children's home", "Registration date": "01/02/2015"},
    **{"Registration status": "Active", "Local authority": "York", "Sector": "Private", "Places": "4"},
    **{"Short-break-only children's home": "", "Multi-building children's home": ""},
}
GIVEN = {
    **{"Local Authority": "York", "URN": "SC000001", "Provider Type": "Children's Home", "Sector": "Local Authority"},
    **{"Registration Date": "01/02/2015", "Provider Status": "Active", "Closed Date": "-", "Max Users": "4"},
}
TITLE = "Children's social care data in England – Provider level as at 31 March {year}"


def published(folder: Path, *rows: dict, year: int = 2023, encoding: str = "utf-8-sig") -> Path:
    """A list as Ofsted publishes it: three lines of title, names in line 4, CRLF, empty columns at the end."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    homes = [HOME | row for row in rows]
    for line in ([TITLE.format(year=year)], ["This worksheet, contains one table"], ["Some cells are empty."]):
        writer.writerow([*line, "", ""])
    writer.writerow([*(homes[0] if homes else HOME), "", ""])
    writer.writerows([*home.values(), "", ""] for home in homes)
    path = folder / f"homes_{year}.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def snapshot(folder: Path, *rows: dict, year: int = 2023) -> OfstedList:
    return read_ofsted_list(published(folder, *rows, year=year))


def given(folder: Path, *rows: dict, sheet: str = "Provider information", more: dict | None = None) -> Path:
    """A workbook as given to authorities; ``more`` has further sheets' rows by title."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, held in {sheet: [GIVEN | row for row in rows], **(more or {})}.items():
        page = book.create_sheet(title)
        page.append(list(held[0]))
        for row in held:
            page.append([value or None for value in row.values()])
    path = folder / "given.xlsx"
    book.save(path)
    return path


def fates(read: OfstedList) -> list[tuple[int, str, str]]:
    return list(read.ledger.frame[["row", "outcome", "reason"]].itertuples(index=False, name=None))

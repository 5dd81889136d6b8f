"""One hand-made return in every container, built from its CSV folder."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl


def rows_of(folder: Path) -> dict[str, list[list[str]]]:
    """Header and rows of every CSV file, by table."""
    return {path.stem: list(csv.reader(io.StringIO(path.read_text()))) for path in sorted(folder.glob("*.csv"))}


def to_zip(folder: Path, inside: str = "") -> Path:
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, inside + path.name)
    return target


def as_text(value: str, row: int) -> object:
    return value


def as_cells(value: str, row: int) -> object:
    """What Excel makes of a CSV: numbers, and true dates in every second row only."""
    if re.fullmatch(r"\d{2}/\d{2}/\d{4}", value) and row % 2 == 0:
        return dt.datetime.strptime(value, "%d/%m/%Y")
    if re.fullmatch(r"[1-9]\d*", value):
        return float(value) if row % 2 else int(value)
    return value or None


def to_workbook(folder: Path, cell: Callable[[str, int], object] = as_text) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for table, lines in rows_of(folder).items():
        sheet = book.create_sheet(table)
        sheet.append(lines[0])
        for number, line in enumerate(lines[1:], start=2):
            sheet.append([cell(value, number) for value in line])
    target = folder.with_suffix(".xlsx")
    book.save(target)
    return target


def edit_sheet(workbook: Path, sheet: str, edit: Callable[[str], str]) -> None:
    """Change a part's XML, for what openpyxl does not write: cached values, wrong sizes, damage."""
    part = f"xl/worksheets/{sheet}.xml"
    with zipfile.ZipFile(workbook) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    changed = edit(parts[part].decode())
    assert changed != parts[part].decode()
    parts[part] = changed.encode()
    with zipfile.ZipFile(workbook, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def to_xml(folder: Path) -> Path:
    tables = {
        table: [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
        for table, lines in rows_of(folder).items()
    }
    uasc = {row["CHILD"]: row["DUC"] for row in tables.get("uasc", [])}
    children = []
    for row in tables["header"]:
        child = row["CHILD"]
        flag = {"UASC": "1", "DUC": uasc[child]} if child in uasc else {"UASC": ""}
        facts = elements({"CHILDID": child, **{name: row[name] for name in ("SEX", "DOB", "ETHNIC")}, **flag})
        away = [m for m in tables["missing"] if m["CHILD"] == child]
        absences = "".join(
            wrap("AMISSING", elements({k: m[k] for k in ("MISSING", "MIS_START", "MIS_END")})) for m in away
        )
        stays = [
            {("PL" if k == "PLACE" else k): v for k, v in e.items() if k != "CHILD"}
            for e in tables["episodes"]
            if e["CHILD"] == child
        ]
        episodes = "".join(wrap("EPISODE", elements(stay)) for stay in stays)
        children.append(wrap("CHILD", wrap("HEADER", facts + absences) + episodes))
    target = folder.with_suffix(".xml")
    target.write_text("<?xml version='1.0' encoding='us-ascii'?>\n" + wrap("EXPSSDA903", "".join(children)))
    return target


def elements(values: dict[str, str]) -> str:
    return "".join(wrap(name, escape(value)) if value else f"<{name} />" for name, value in values.items())


def wrap(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"

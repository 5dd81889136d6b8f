"""What the reliability campaign does to containers as wholes: workbooks laid out otherwise, zips of many members,
files far wider than any return, and columns that a few bytes fill."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq
from reliability_mutations import Rng, blind, of_csv, pick

MAIN = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
TYPES = "[Content_Types].xml"
CELLS = [
    '<c r="{at}"><f>1+1</f></c>', '<c r="{at}"><f>1+1</f><v>2</v></c>', '<c r="{at}" t="str"><f>"c9"</f><v>c9</v></c>',
    '<c r="{at}" t="e"><v>#REF!</v></c>', '<c r="{at}" t="s"><v>999999</v></c>', '<c r="{at}" t="s"><v>-1</v></c>',
    '<c r="{at}"><v>44682</v></c>', '<c r="{at}"><v>1e400</v></c>', '<c r="{at}" s="99999"><v>1</v></c>',
    '<c r="{at}" t="b"><v>7</v></c>', '<c r="{at}" t="d"><v>2022-05-01</v></c>', '<c r="{at}" t="unheard"><v>1</v></c>',
    '<c><v>1</v></c>', '<c r="{at}" t="inlineStr"/>',
    '<c r="{at}" t="inlineStr"><is><r><t>c</t></r><r><t>1</t></r></is></c>',
]  # fmt: skip
VOCABULARY = b"schemas.openxmlformats.org/spreadsheetml/2006/main"
NAMES = [b"", b"Sheet1", b"x" * 400, b"&lt;b&gt;", b"missing"]
TARGETS = ["http://localhost/x.xml", "file:///etc/passwd", "../../../etc/passwd", "workbook.xml", "", "/", "styles.xml"]
FAR = ["XFD1048576", "A1048576", "XFE1", "A1048577", "ZZZZ9999999", "A0", "1A", "", "AMJ70", "B2"]


def of_workbook(content: bytes, rng: Rng) -> bytes:
    """A workbook whose parts lie, are written or refer to each other otherwise, once to three times over."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    for _ in range(int(rng.integers(1, 4))):
        pick(rng, LAYOUTS)(parts, rng)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return made.getvalue() if rng.random() < 0.95 else blind(made.getvalue(), rng)


def _sheets(parts: dict[str, bytes]) -> list[str]:
    return [name for name, body in parts.items() if b"sheetData" in body or b"s\0h\0e\0e\0t\0D" in body]


def _moved(parts: dict[str, bytes], rng: Rng) -> None:
    """A sheet at another place, of which what points to it is told in most cases."""
    old = pick(rng, _sheets(parts))
    folder = pick(rng, ["xl/", "", "xl/deep/er/", "xl/worksheets/x/", "data/", "XL/Worksheets/"])
    new = f"{folder}s{int(rng.integers(100))}.{pick(rng, ['xml', 'XML', 'dat'])}"
    parts[new] = parts.pop(old)
    for about in (RELATIONS, TYPES) if rng.random() < 0.8 else (RELATIONS,) if rng.random() < 0.5 else ():
        target = pick(rng, [f"/{new}", new.removeprefix("xl/"), f"../{new}"]) if about == RELATIONS else f"/{new}"
        parts[about] = parts[about].replace(f'"/{old}"'.encode(), f'"{target}"'.encode())


def _quoted(parts: dict[str, bytes], rng: Rng) -> None:
    """Attributes in single quotes, with blanks about the sign."""
    name = pick(rng, [*parts])
    sign = pick(rng, [b"='\\1'", b" = '\\1'", b'\n="\\1"', b"\t=\n'\\1'"])
    parts[name] = re.sub(rb'="([^"\']*)"', sign, parts[name])


def _encoded(parts: dict[str, bytes], rng: Rng) -> None:
    """A part in another encoding, said or not."""
    name = pick(rng, [*_sheets(parts), MAIN, RELATIONS])
    how = pick(rng, ["utf-16", "utf-16-le", "utf-8-sig", "latin-1", "utf-32", "utf-7"])
    head = f'<?xml version="1.0" encoding="{pick(rng, [how, "UTF-8", "unheard"])}"?>' if rng.random() < 0.7 else ""
    parts[name] = (head + parts[name].decode("utf-8", "replace")).encode(how, "replace")


def _prefixed(parts: dict[str, bytes], rng: Rng) -> None:
    """Every element of a part under a prefix of its own, or under another vocabulary."""
    name = pick(rng, [*_sheets(parts), MAIN])
    body = parts[name]
    if rng.random() < 0.6:
        body = re.sub(rb"<(/?)([A-Za-z])", rb"<\1x:\2", body).replace(b"xmlns=", b"xmlns:x=")
    else:
        body = body.replace(VOCABULARY, b"purl.oclc.org/ooxml/spreadsheetml/main")
    parts[name] = body


def _cell(parts: dict[str, bytes], rng: Rng) -> None:
    """A cell of another kind, in a place of its own or where another stands."""
    name = pick(rng, _sheets(parts))
    at = pick(rng, FAR) if rng.random() < 0.4 else f"{pick(rng, 'ABCDE')}{int(rng.integers(1, 6))}"
    ends = [found.start() for found in re.finditer(rb"</row>", parts[name])]
    if ends:
        end = pick(rng, ends)
        parts[name] = parts[name][:end] + pick(rng, CELLS).format(at=at).encode() + parts[name][end:]


def _replaced(parts: dict[str, bytes], rng: Rng) -> None:
    """A cell that becomes one of another kind."""
    name = pick(rng, _sheets(parts))
    found = [*re.finditer(rb'<c r="([A-Z]+[0-9]+)"[^>]*>.*?</c>', parts[name])]
    if found:
        cell = pick(rng, found)
        made = pick(rng, CELLS).format(at=cell[1].decode()).encode()
        parts[name] = parts[name][: cell.start()] + made + parts[name][cell.end() :]


def _row(parts: dict[str, bytes], rng: Rng) -> None:
    """A row twice, out of order, far down, without its number, or a million blank ones that a few bytes write."""
    name = pick(rng, _sheets(parts))
    rows = [*re.finditer(rb"<row.*?</row>", parts[name])]
    if not rows:
        return
    row = pick(rng, rows)
    held = row[0]
    far = re.sub(rb'r="([A-Z]*)[0-9]+"', rb'r="\g<1>' + pick(rng, [b"9", b"1048576", b"4000000000", b"0"]) + b'"', held)
    what = int(rng.integers(5))
    made = {
        0: held + held,
        1: far,
        2: held + far,
        3: re.sub(rb' r="[^"]*"', b"", held),
        4: held + b"<row/>" * int(rng.integers(1, 300_000)),
    }[what]
    parts[name] = parts[name][: row.start()] + made + parts[name][row.end() :]


def _named(parts: dict[str, bytes], rng: Rng) -> None:
    """A sheet under another name, hidden, twice in the list, or with a reference that leads elsewhere."""
    body = parts[MAIN]
    was = pick(rng, [b"header", b"episodes", b"missing"])
    what = int(rng.integers(5))
    if what == 0:
        body = body.replace(b'name="%s"' % was, b'name="%s"' % pick(rng, NAMES))
    elif what == 1:
        body = body.replace(b'state="visible"', pick(rng, [b'state="hidden"', b'state="veryHidden"', b""]))
    elif what == 2:
        body = body.replace(b"<workbookPr/>", b'<workbookPr date1904="%s"/>' % pick(rng, [b"1", b"true", b"x"]))
    elif what == 3:
        body = re.sub(rb'id="rId[0-9]+"', b'id="rId%d"' % int(rng.integers(1, 9)), body, count=int(rng.integers(1, 3)))
    else:
        body = re.sub(rb"(<sheet .*?/>)", rb"\1\1", body, count=int(rng.integers(1, 3)))
    parts[MAIN] = body


def _related(parts: dict[str, bytes], rng: Rng) -> None:
    """A relation that leads outside, nowhere, to itself, or of another kind."""
    target = pick(rng, TARGETS)
    said = f'Target="{target}"' + (' TargetMode="External"' if rng.random() < 0.5 else "")
    parts[RELATIONS] = re.sub(rb'Target="/xl/worksheets/[^"]*"', said.encode(), parts[RELATIONS], count=1)


def _shared(parts: dict[str, bytes], rng: Rng) -> None:
    """A table of shared strings with as many or as long entries as a few bytes can make."""
    head = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="4000000000">'
    entry = b"<si><t>%s</t></si>" % (b"x" * int(rng.integers(1, 100_000)))
    parts["xl/sharedStrings.xml"] = head + entry * int(rng.integers(1, 40)) + b"</sst>"
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    own = b'<Relationship Type="%s" Target="sharedStrings.xml" Id="rId77"/></Relationships>' % kind
    parts[RELATIONS] = parts[RELATIONS].replace(b"</Relationships>", own)


def _gone(parts: dict[str, bytes], rng: Rng) -> None:
    """A part that is not there, or is there under a name in other letters."""
    name = pick(rng, [*parts])
    held = parts.pop(name)
    if rng.random() < 0.5:
        parts[name.swapcase()] = held


LAYOUTS = [_moved, _quoted, _encoded, _prefixed, _cell, _replaced, _row, _named, _related, _shared, _gone]


def of_members(content: bytes, rng: Rng) -> bytes:
    """A zip of many members: copies, blanks, bombs each below any limit of one, zips in zips, forged sizes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in [*members, *pick(rng, MANY)(*pick(rng, members), int(pick(rng, [5, 50, 500, 3000])), rng)]:
            archive.writestr(name, body)
    data = bytearray(made.getvalue())
    if rng.random() < 0.3:  # a size in the list of members that is not true
        found = [each.start() for each in re.finditer(b"PK\x01\x02", bytes(data))]
        at = pick(rng, found) + int(pick(rng, [16, 20, 24, 42]))
        data[at : at + 4] = pick(rng, [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1\0\0\0", b"\0\0\0\x7f"])
    return bytes(data)


Members = Iterable[tuple[str, bytes]]


def _copies(name: str, body: bytes, count: int, rng: Rng) -> Members:
    return ((f"{n}/{name}", body) for n in range(count))


def _blanks(name: str, body: bytes, count: int, rng: Rng) -> Members:
    return ((pick(rng, [f"{n}.txt", f"{n}/", f".{n}.csv", f"__MACOSX/._{n}.csv"]), b"") for n in range(count))


def _bombs(name: str, body: bytes, count: int, rng: Rng) -> Members:
    head, *lines = body.splitlines(keepends=True)
    return ((f"bomb{n}_{name}", head + lines[-1] * 20_000) for n in range(min(count, 100)))


def _nested(name: str, body: bytes, count: int, rng: Rng) -> Members:
    for _ in range(min(count, 40)):
        outer = io.BytesIO()
        with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as inner:
            inner.writestr(name, body)
        body = outer.getvalue()
    return [("deep.zip", body)]


def _damaged(name: str, body: bytes, count: int, rng: Rng) -> Members:
    return ((f"{n}_{name}", of_csv(body, rng)) for n in range(min(count, 200)))


def _broad(name: str, body: bytes, count: int, rng: Rng) -> Members:
    return [(f"more/{name}", body.rpartition(b"\n")[0] + b"," * 100_000)]


MANY = [_copies, _blanks, _bombs, _nested, _damaged, _broad]


def of_wide(content: bytes, rng: Rng) -> bytes:
    """A CSV file far wider or longer in one place than a return is."""
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    wide = int(pick(rng, [300, 5_000, 70_000, 200_000]))
    row, what = int(rng.integers(len(lines))), int(rng.integers(6))
    if what == 0:
        lines[0] = [*lines[0], *(f"x{n}" for n in range(wide))]
    elif what == 1:
        lines[0] = [*lines[0], *[lines[0][-1]] * wide]
    elif what == 2:
        lines[row] = [*lines[row], *[pick(rng, ["", "x", "1"])] * wide]
    elif what == 3:
        lines = [*lines[:row], *[[""]] * wide, *lines[row:]]
    elif what == 4:
        lines[row] = [*lines[row][:-1], pick(rng, ["x", "\n", '"', "1,"]) * wide]
    else:
        lines = [[*line, *[""] * min(wide, 5_000)] for line in lines]
    held = io.StringIO(newline="")
    csv.writer(held, lineterminator=pick(rng, ["\r\n", "\n", "\r"])).writerows(lines)
    text = held.getvalue().encode()
    ends = [b'"', b"\x1a", b'\n"' + b"x" * wide, b""]
    return text if rng.random() < 0.8 else text.replace(b'"', b"") + pick(rng, ends)


def of_dense(content: bytes, rng: Rng) -> bytes:
    """A table that a few bytes fill: values repeated, runs of blanks, dictionaries, many columns or groups of rows."""
    table = pq.read_table(io.BytesIO(content))
    what, rows = int(rng.integers(6)), int(pick(rng, [10**4, 10**6, 10**7, 10**8]))
    held, how = io.BytesIO(), {}
    if what == 0:
        few = table.slice(0, 1)
        table = pa.table({name: pa.repeat(few.column(name)[0], min(rows, 10**6)) for name in few.column_names})
    elif what == 1:
        table = pa.table({table.column_names[0]: pa.nulls(rows, pa.string())})
    elif what == 2:
        wide = {f"x{n}": pa.nulls(table.num_rows) for n in range(min(rows, 20_000))}
        table = pa.table({**{name: table.column(name) for name in table.column_names}, **wide})
    elif what == 3:
        how = {"row_group_size": 1}
        table = pa.concat_tables([table] * min(20, max(1, 5000 // max(table.num_rows, 1))))
    elif what == 4:
        deep = pa.array([[]], pa.list_(pa.int8()))
        for _ in range(int(rng.integers(1, 60))):
            deep = pa.ListArray.from_arrays(pa.array([0, len(deep)], pa.int32()), deep)
        table = pa.table({table.column_names[0]: deep})
    else:
        n = int(rng.integers(table.num_columns))
        long = pa.array(["x" * min(rows, 10**6)] * table.num_rows).dictionary_encode()
        table = table.set_column(n, table.column_names[n], long)
    pq.write_table(table, held, compression=pick(rng, ["snappy", "zstd", "none", "brotli", "gzip"]), **how)
    return held.getvalue()


def rows_by_sheet(content: bytes) -> dict[str, int] | None:
    """Rows that hold something, by sheet, as openpyxl has them; None where it cannot read the workbook."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
        return {
            sheet.title: sum(any(value is not None and str(value).strip() for value in row) for row in sheet.values)
            for sheet in book.worksheets
            if (sheet.max_row or 0) * (sheet.max_column or 0) < 10**6
        }
    except Exception:  # whatever another library makes of what we damaged is not what is tried here
        return None

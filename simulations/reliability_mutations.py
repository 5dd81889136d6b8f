"""What the reliability campaign does to files: blind damage to bytes, and changes that know the format."""

from __future__ import annotations

import codecs
import copy
import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

WORDS = [
    b"", b"NaN", b"inf", b"-1", b"1e999", b"9" * 400, b"31/02/2022", b"01/01/0001", b"31/12/9999", b"2022-13-45",
    b"NULL", b"=cmd|' /C calc'!A0", b"<img src=x onerror=alert(1)>", b"../../etc/passwd", b"\x00", b"\xff\xfe",
    b"\xe2\x80\xae",
    b'"', b'""', b",", b";", b"\t", b"\r", b"\n\n", b"'", b"[[", b"{", b"]]>",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;",
    b"x" * 10_000, "١٢٣".encode(), "née".encode("cp1252"), b"true", b"null", b"1e308", b"-0", b"0x10", b"1_000",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, -1, 0, 1e308, float("nan"), float("inf"), 10**30, "", "x" * 5000, "<img src=x>", [], {}, [[]], {"a": 1},
    "2022-13-45", "9999-12-31", [None] * 3, "\ud800", -0.5,
]  # fmt: skip

Rng = np.random.Generator
Mutation = Callable[[bytes, Rng], bytes]


def pick(rng: Rng, things: Any) -> Any:
    return things[int(rng.integers(len(things)))]


def blind(content: bytes, rng: Rng) -> bytes:
    """One kind of damage that knows no format, once or several times."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        data = bytearray(pick(rng, BLIND)(bytes(data), rng))
    return bytes(data)


def _span(content: bytes, rng: Rng) -> tuple[int, int]:
    first = int(rng.integers(len(content) + 1))
    return first, min(first + int(rng.geometric(0.02)), len(content))


def _flip(content: bytes, rng: Rng) -> bytes:
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        if data:
            data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
    return bytes(data)


def _cut(content: bytes, rng: Rng) -> bytes:
    return content[: int(rng.integers(len(content) + 1))]


def _remove(content: bytes, rng: Rng) -> bytes:
    first, end = _span(content, rng)
    return content[:first] + content[end:]


def _repeat(content: bytes, rng: Rng) -> bytes:
    first, end = _span(content, rng)
    return content[:end] + content[first:end] * int(rng.integers(1, 200)) + content[end:]


def _splice(content: bytes, rng: Rng) -> bytes:
    (a, b), (c, _) = _span(content, rng), _span(content, rng)
    return content[:c] + content[a:b] + content[c:]


def _insert(content: bytes, rng: Rng) -> bytes:
    at = int(rng.integers(len(content) + 1))
    return content[:at] + pick(rng, WORDS) + content[at:]


def _mark(content: bytes, rng: Rng) -> bytes:
    return (
        pick(rng, [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0", b"\n\n", b"PK\x03\x04"]) + content
    )


def _encode(content: bytes, rng: Rng) -> bytes:
    text = content.decode("latin-1")
    return text.encode(pick(rng, ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8"]))


BLIND: list[Mutation] = [_flip, _cut, _remove, _repeat, _splice, _insert, _mark, _encode]


def of_csv(content: bytes, rng: Rng) -> bytes:
    """A CSV file with columns or rows changed; cells of it hold what they should not."""
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    wide = [n for n, line in enumerate(lines) if len(line) > 1]
    column = int(rng.integers(max(map(len, lines))))
    row = int(rng.integers(len(lines)))
    what = int(rng.integers(9))
    word = pick(rng, WORDS).decode("utf-8", "replace")
    if what == 0:
        lines = [line[:column] + line[column + 1 :] for line in lines]
    elif what == 1 and lines[wide[0]][column:]:
        lines[wide[0]][column] = word
    elif what == 2:
        lines = [[*line, *line[column : column + 1]] for line in lines]
    elif what in (3, 4):
        for n in wide[1:] if what == 3 else [row]:
            if lines[n][column:]:
                lines[n][column] = word
    elif what == 5:
        lines.insert(row, list(lines[int(rng.integers(len(lines)))]))
    elif what == 6:
        lines.insert(row, [word] * int(rng.integers(1, 4)))
    elif what == 7:
        lines = [lines[int(n)] for n in rng.permutation(len(lines))]
    else:
        del lines[row]
    held = io.StringIO(newline="")
    csv.writer(held, delimiter=pick(rng, ",,,,,;\t|")).writerows(lines)
    return held.getvalue().encode("utf-8", "replace")


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for name, held in inside for place in places(held, (*at, name)))]


def of_value(value: Any, rng: Rng) -> Any:
    """A JSON value with something at one place replaced, removed, doubled or nested."""
    made = copy.deepcopy(value)
    place = pick(rng, places(made)[1:])
    at = made
    for part in place[:-1]:
        at = at[part]
    what = int(rng.integers(6))
    if what <= 2:
        at[place[-1]] = pick(rng, VALUES)
    elif what == 3:
        del at[place[-1]]
    elif what == 4:
        for _ in range(int(rng.integers(1, 60))):
            at[place[-1]] = [at[place[-1]]]
    elif isinstance(at, dict):
        at[pick(rng, ["a", "", "format", "kind", "x" * 500])] = at.pop(place[-1])
    else:
        at.append(at[place[-1]])
    return made


def of_json(content: bytes, rng: Rng) -> bytes:
    value = json.loads(content)
    for _ in range(int(rng.integers(1, 3))):
        value = of_value(value, rng)
    return json.dumps(value).encode()


def of_toml(content: bytes, rng: Rng) -> bytes:
    """Lines of a TOML file with other values, other keys, or gone, doubled or moved."""
    lines = content.decode().splitlines()
    n = int(rng.integers(len(lines)))
    key, equals, _ = lines[n].partition("=")
    values = ["nan", "inf", "-1", "1e999", "[]", "{}", '""', "true", "1979-05-27", "[[1]]", "'''x'''", "9" * 400, '"x"']
    what = int(rng.integers(5))
    if what <= 1 and equals:
        lines[n] = f"{key}= {pick(rng, values)}"
    elif what == 2:
        del lines[n]
    elif what == 3:
        lines.insert(int(rng.integers(len(lines))), pick(rng, lines))
    else:
        lines[n] = f"{pick(rng, ['a.b', 'x', '[t]', '[[t]]', ''])}{equals}{pick(rng, values)}"
    return "\n".join(lines).encode()


def of_archive(inner: Mapping[str, Mutation]) -> Mutation:
    """Of a zip or workbook: a member changed, under another name, twice, or one that has no place there."""

    def mutate(content: bytes, rng: Rng) -> bytes:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
        n, what = int(rng.integers(len(members))), int(rng.integers(7))
        name, held = members[n]
        if what <= 3:
            wanted = [at for at, (each, _) in enumerate(members) if each.endswith(tuple(inner))] or [n]
            n = pick(rng, wanted)
            name, held = members[n]
            change = next((inner[end] for end in inner if name.endswith(end)), blind)
            members[n] = (name, (change if rng.random() < 0.6 else blind)(held, rng))
        elif what == 4:
            members[n] = (
                pick(rng, ["../x.csv", "/x.csv", "a\\b.csv", "x", name.upper(), "n" * 300 + ".csv", ""]),
                held,
            )
        elif what == 5:
            members.append(
                (pick(rng, ["inner.zip", ".hidden.csv", "notes.csv", "x/header.csv"]), pick(rng, WORDS) * 50)
            )
        else:
            members[n] = (name, held[:200] + b"0" * 3_000_000)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for each, body in dict(members).items():
                archive.writestr(each, body)
        return made.getvalue() if rng.random() < 0.9 else blind(made.getvalue(), rng)

    return mutate


def of_xml(content: bytes, rng: Rng) -> bytes:
    """Elements renamed, emptied, doubled, nested or filled."""
    text = content.decode()
    at = [n for n, letter in enumerate(text) if letter == "<"]
    first = pick(rng, at)
    end = text.find(">", first) + 1
    tag, what = text[first:end], int(rng.integers(5))
    word = pick(rng, WORDS).decode("utf-8", "replace")
    made = {
        0: text[:first] + tag + text[first:],
        1: text[:first] + text[end:],
        2: text[:end] + word + text[end:],
        3: text.replace(tag, f"<{word[:20]}>"),
        4: text[:first] + "<a>" * int(rng.integers(1, 3000)) + text[first:],
    }[what]
    return made.encode("utf-8", "replace")


def of_parquet(content: bytes, rng: Rng) -> bytes:
    """A table with a column gone, renamed, doubled, of another type, or of absurd values."""
    table = pq.read_table(io.BytesIO(content))
    n = int(rng.integers(table.num_columns))
    name, rows = table.column_names[n], table.num_rows
    what = int(rng.integers(6))
    kinds = [
        pa.array([pick(rng, [0, -1, 2**62])] * rows, pick(rng, [pa.int64(), pa.timestamp("ms"), pa.timestamp("us")])),
        pa.array([float("nan")] * rows), pa.array([[1]] * rows), pa.array([{"a": None}] * rows), pa.nulls(rows),
        pa.array([pick(rng, ["", "x" * 3000, "=1", "\0"])] * rows), pa.array([b"\xff\xfe"] * rows),
        pa.array(["a"] * rows).dictionary_encode(), pa.array([True] * rows), pa.array([1] * rows, pa.date32()),
    ]  # fmt: skip
    if what == 0:
        table = table.drop_columns([name])
    elif what == 1:
        table = table.rename_columns([*table.column_names[:n], "x", *table.column_names[n + 1 :]])
    elif what == 2:
        table = table.append_column(name, table.column(n))
    elif what == 3:
        table = pa.concat_tables([table] * int(rng.integers(1, 4))) if rng.random() < 0.8 else table.slice(0, 0)
    else:
        table = table.set_column(n, name, pick(rng, kinds))
    if rng.random() < 0.2:
        table = table.replace_schema_metadata({b"pandas": pick(rng, WORDS)})
    held = io.BytesIO()
    pq.write_table(table, held)
    return held.getvalue()


def of_hdf5(content: bytes, rng: Rng) -> bytes:
    """A file of groups with an array gone, renamed, or of another shape, type or absurd values, or other attributes."""
    held = io.BytesIO(content)
    with h5py.File(held, "r+") as file:
        named: list[str] = []
        file.visit(named.append)
        for _ in range(int(rng.integers(1, 3))):
            at = pick(rng, [name for name in named if name in file])
            (_of_attribute if rng.random() < 0.4 else _of_member)(file, at, rng)
    return held.getvalue()


def _of_attribute(file: h5py.File, at: str, rng: Rng) -> None:
    attributes = (file if rng.random() < 0.7 else file[at]).attrs
    name = pick(rng, [*attributes])
    value, what = attributes[name], int(rng.integers(4))
    if what == 0:
        del attributes[name]
    elif isinstance(value, str) and value.startswith(("{", "[")) and what <= 2:
        attributes[name] = of_json(value.encode(), rng).decode()
    else:
        attributes[name] = pick(rng, ["", "x" * 300, "[]", "{}", "null", -1, 0, float("nan"), [1, 2], b"\xff"])


def _of_member(file: h5py.File, at: str, rng: Rng) -> None:
    what, item = int(rng.integers(5)), file[at]
    if what == 0 or not isinstance(item, h5py.Dataset):
        del file[at]
    elif what == 1:
        file.move(at, f"{at}x")
    elif what == 2 and item.size and item.dtype.kind in "iuf":
        values = np.array(item[()])
        values.flat[int(rng.integers(values.size))] = pick(rng, [-1, 0, 2**31 - 1, 1])
        item[...] = values
    else:
        shape = pick(rng, [item.shape, (*item.shape, 2), item.shape[:-1], item.shape[::-1], (0,), (1,) * item.ndim])
        kinds = [np.zeros(shape), np.full(shape, np.nan), np.full(shape, -(2**31)), np.full(shape, b"\xff")]
        attributes = dict(item.attrs) if rng.random() < 0.5 else {}
        del file[at]
        file[at] = pick(rng, kinds)
        file[at].attrs.update({name: value for name, value in attributes.items() if isinstance(value, str | bytes)})

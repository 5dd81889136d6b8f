"""Frames written a piece at a time read back as they were."""

from __future__ import annotations

import ast
import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missingmodels.tables import csv_out


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_text_and_numbers_come_back(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(csv_out, "ROWS_AT_ONCE", at_once)
    text = ["", 'said "no", then', "two\nlines", "née 😀", "007"]
    frame = pd.DataFrame({"text": pd.Series(text, dtype="str"), "row": range(5)}).set_axis([9, 9, 1, 2, 3])
    frame["mixed"] = pd.Series(["a", 3, "", "b", 2.5], dtype=object).to_numpy()
    frame["kind"] = pd.Categorical(["x", "y", "x", "x", "y"])
    path = csv_out.write_csv(frame, tmp_path / "f.csv")
    back = pd.read_csv(path, keep_default_na=False, dtype=str)
    assert back["text"].tolist() == text
    assert back["row"].tolist() == ["0", "1", "2", "3", "4"]
    assert back["mixed"].tolist() == ["a", "3", "", "b", "2.5"]
    assert back["kind"].tolist() == ["x", "y", "x", "x", "y"]


def test_an_empty_frame_keeps_its_header(tmp_path):
    path = csv_out.write_csv(pd.DataFrame({"a": pd.Series([], dtype="str")}), tmp_path / "f.csv")
    assert list(pd.read_csv(path)) == ["a"]


DANGEROUS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
    "-",
    "'=1",
    "''@x",
]
HARMLESS = ["", "a=1", "1-2", "-0.5", "+3", "-1e-05", ".5", "-7", "née", "'quoted'", "child", "E09000001"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_what_a_spreadsheet_would_execute_is_neutralised_and_comes_back(text):
    made = csv_out.guarded(text)
    assert made == "'" + text
    assert csv_out.unguarded(made) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_and_plain_text_stay_as_they_are(text):
    assert csv_out.guarded(text) == text
    assert csv_out.unguarded(text) == text


@given(st.text(alphabet="'=+-@\t\r\n ＝a1.e,\";") | st.text())
def test_the_way_back_is_exact_and_nothing_is_left_to_execute(text):
    made = csv_out.guarded(text)
    assert csv_out.unguarded(made) == text
    first = made.lstrip(" \u00a0")[:1]
    assert first not in tuple("=+-@\t\r\n") or not first or re.fullmatch(csv_out._NUMBER.removesuffix(r"\z"), made)


def test_every_way_of_writing_guards_cells_and_names_alike(tmp_path):
    every = [*DANGEROUS, *HARMLESS]
    frame = pd.DataFrame({"=name": every, "row": range(len(every))})
    expected = [["'=name", "row"], *([csv_out.guarded(text), str(n)] for n, text in enumerate(every))]
    path = csv_out.write_csv(frame.astype({"=name": "str"}), tmp_path / "f.csv")
    texts = (
        path.read_bytes().decode(),
        csv_out.frame_csv(frame),
        csv_out.frame_csv(frame.set_index("=name"), index=True),
        csv_out.records_csv(frame.to_dict("records")),
    )
    for text in texts:
        assert list(csv.reader(io.StringIO(text, newline=""))) == expected


def test_what_is_unrecorded_is_blank_and_numbers_are_written_whole():
    frame = pd.DataFrame({"a": [0.1 + 0.2, float("nan")], "b": pd.array([-3, None], dtype="Int64"), "c": [None, "x"]})
    assert csv_out.frame_csv(frame) == "a,b,c\n0.30000000000000004,-3,\n,,x\n"


def test_there_is_no_other_writer():
    """Whatever writes CSV goes through one module; pandas' own writer and the standard library's guard nothing."""
    root = Path(csv_out.__file__).parents[1]
    found = []
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and (
                node.attr in ("to_csv", "DictWriter", "CSVWriter", "to_excel", "write_csv")
                or (node.attr == "writer" and getattr(node.value, "id", "") == "csv")
            ):
                found.append(path.relative_to(root).as_posix())
    assert set(found) == {"tables/csv_out.py"}

"""Corrupted returns thrown at the importer: it gives clean Tables with a ledger that adds up, or a clear error."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from returns903 import write_year

from missingmodels.errors import MissingModelsError, TablesInvalid
from missingmodels.extract.readers.csv_files import decode
from missingmodels.extract.returns.ssda903 import Imported, read_ssda903
from missingmodels.tables import check_tables

TABLES = ("header", "episodes", "missing", "uasc")
YEARS = (2023, 2024)
MOVES = [
    {"DEC": "10/06/2022", "REC": "X1"},
    {"DECOM": "10/06/2022", "RNE": "P", "URN": "SC000002", "PL_POST": "AB3 3CC", "DEC": "08/07/2022", "REC": "X1"},
    {"DECOM": "08/07/2022", "RNE": "P", "PLACE": "T1", "URN": "", "DEC": "12/07/2022", "REC": "X1"},
    {"DECOM": "12/07/2022", "RNE": "P", "URN": "SC000002", "PL_POST": "AB3 3CC"},
    {"CHILD": "c2", "LS": "V3"},
    {"CHILD": "c3", "PLACE": "H5", "URN": ""},
]
HEADER = [{}, {"CHILD": "c2"}, {"CHILD": "c3"}]
SPELLS = [{}, {"MIS_START": "28/03/2023", "MIS_END": ""}, {"CHILD": "c3", "MISSING": "A"}]
JUNK = st.sampled_from(
    [
        *("", " ", "-", "#N/A", "#REF!", "NaT", "nan", "None", "NULL", "c1", "c2", "0", "1", "-1", "1e400", "9" * 40),
        *("01/04/2022", "31/03/2023", "29/02/2023", "31/12/9999", "01/01/1900", "2022-06-10", "44722", "10 Jun 2022"),
        *("10/06/2022", "28/03/2023", "13/13/2022", "ZZ/05/2022", "M", "A", "missing", "K2", "T0", "K3", "Z13", "X1"),
        *("E4A", "V4", "XXXXXXX", "SC000001", "SC000002", "AB2 2BB", "ab22bb", "=1+1", "@", "née", "😀", "a\nb", 'q"q'),
        *("x" * 300, "\u202e", "00123", "123.0", "PR4", "301", "2023", "2022"),
    ]
)  # fmt: skip
PLACE = st.tuples(st.sampled_from(YEARS), st.sampled_from(TABLES))
CHANGE = st.one_of(
    st.tuples(st.just("cell"), PLACE, st.integers(0, 9), st.integers(0, 14), JUNK),
    st.tuples(st.just("cell"), PLACE, st.integers(0, 9), st.integers(0, 14), st.text(max_size=8)),
    st.tuples(st.just("twice"), PLACE, st.integers(0, 9), st.integers(0, 14), st.just("")),
    st.tuples(st.just("drop_row"), PLACE, st.integers(0, 9), st.integers(0, 14), st.just("")),
    st.tuples(st.just("drop_column"), PLACE, st.integers(0, 9), st.integers(0, 14), st.just("")),
    st.tuples(st.just("name"), PLACE, st.integers(0, 9), st.integers(0, 14), JUNK),
    st.tuples(st.just("swap"), PLACE, st.integers(0, 9), st.integers(0, 14), st.just("")),
    st.tuples(st.just("bytes"), PLACE, st.integers(0, 900), st.integers(0, 255), st.just("")),
    st.tuples(st.just("cut"), PLACE, st.integers(0, 900), st.integers(0, 14), st.just("")),
    st.tuples(st.just("encode"), PLACE, st.integers(0, 9), st.integers(0, 3), st.just("")),
    st.tuples(st.just("remove"), PLACE, st.integers(0, 9), st.integers(0, 14), st.just("")),
)  # fmt: skip
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-be", "cp1252")


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    write_year(folder, 2023, header=HEADER, episodes=MOVES, missing=SPELLS, uasc=[{}])
    later = [MOVES[3], MOVES[5] | {"PLACE": "K3", "URN": "2600001"}]
    spells = [{"MIS_START": "28/03/2023", "MIS_END": "03/04/2023"}, {"MIS_START": "01/06/2023", "MIS_END": ""}]
    write_year(folder, 2024, header=[HEADER[0], HEADER[2]], episodes=later, missing=spells, uasc=[{}])
    return folder


def corrupt(folder: Path, changes: list) -> None:
    for what, (year, table), row, column, value in changes:
        path = folder / f"903_{year}" / f"{table}.csv"
        if not path.exists():
            continue
        if what == "remove":
            path.unlink()
        elif what in ("bytes", "cut", "encode"):
            content = path.read_bytes()
            at = min(row, len(content))
            if what == "bytes":
                content = content[:at] + bytes([column]) + content[at + 1 :]
            elif what == "cut":
                content = content[:at]
            else:
                content = content.decode("utf-8", "replace").encode(ENCODINGS[column], "replace")
            path.write_bytes(content)
        else:
            edit(path, what, row, column, value)


def edit(path: Path, what: str, row: int, column: int, value: str) -> None:
    try:
        lines = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        return
    at = row if what != "name" else 0
    if not lines or at >= len(lines) or not lines[at]:
        return
    place = column % len(lines[at])
    if what in ("cell", "name"):
        lines[at][place] = value
    elif what == "twice":
        lines.append(list(lines[at]))
    elif what == "drop_row":
        del lines[at]
    elif what == "drop_column":
        lines = [line[:place] + line[place + 1 :] for line in lines]
    elif what == "swap":
        lines = [line[::-1] for line in lines[:at]] + lines[at:]
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    path.write_bytes(text.getvalue().encode("utf-8", "surrogatepass"))


def records(path: Path) -> int:
    """Data lines of a file that hold anything, counted without the importer's own tables."""
    text, _ = decode(path.read_bytes(), where=path.name)
    lines = [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text, newline=""), strict=True)]
    filled = [line for line in lines if any(line)]
    return sum(any(cell.upper() not in ("", "-", "#N/A") for cell in line) for line in filled[1:])


def attempt(folder: Path, tolerant: bool) -> Imported | None:
    """What was read; None if it was refused with a message that says what is wrong and what to do."""
    try:
        return read_ssda903(folder, authority="301", set_aside_bad_dates=tolerant)
    except MissingModelsError as error:
        refusal = error
    assert not isinstance(refusal, TablesInvalid), f"by contract a fault of the importer, never of a file: {refusal}"
    assert refusal.what
    assert refusal.remedy, refusal.what
    assert "fault of missingmodels" not in refusal.remedy, str(refusal)
    return None


def judge(clean: Path, changes: list, tolerant: bool) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "all"
        shutil.copytree(clean, folder)
        corrupt(folder, changes)
        found = attempt(folder, tolerant)
        if found is None:
            return "refused"
        assert not [f for f in check_tables(found.tables) if f.severity == "error"]
        frame = found.ledger.frame
        for name, count in frame.groupby("file").size().items():
            assert count == records(folder / name)
        assert not frame.duplicated(["file", "row"]).any()
        stand = frame["outcome"].isin(["used", "repaired"])
        for table, made in (("header", "children"), ("episodes", "placements"), ("missing", "missing_episodes")):
            assert (stand & (frame["table"] == table)).sum() == len(found.tables[made])
        return "read"


EVERYTHING = {
    "changes": st.lists(CHANGE, min_size=1, max_size=6),
    "tolerant": st.booleans(),
}
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True, "database": None}


def test_nothing_corrupted_is_read_as_it_stands(clean):
    assert judge(clean, [], False) == "read"
    assert judge(clean, [("drop_column", (2023, "episodes"), 0, 1, "")], False) == "refused"


@settings(max_examples=40, **QUIET)
@given(**EVERYTHING)
def test_corrupted_returns(clean, changes, tolerant):
    judge(clean, changes, tolerant)


@pytest.mark.slow
@settings(max_examples=3000, **QUIET)
@given(**EVERYTHING)
def test_thousands_of_corrupted_returns(clean, changes, tolerant):
    judge(clean, changes, tolerant)

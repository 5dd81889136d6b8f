"""Cells of a mapped file that hold something else than their column takes: told with their words, or refused."""

from __future__ import annotations

import pandas as pd
import pytest

from missingmodels.errors import ImportFault, TablesInvalid
from missingmodels.extract.mapped.mapping import read_mapping
from missingmodels.extract.mapped.to_table import into_tables, read_mapped

DECLARED = """
[[tables]]
table = "{table}"
file = "own.csv"
{join}
[tables.declare.{name}]
kind = "{kind}"
meaning = "a variable of one's own"
{more}
[tables.columns.child_id]
from = "Child"
"""
MEASURE = """
[tables.columns.name]
value = "sleep"
[tables.columns.known_date]
from = "When"
[tables.columns.value]
from = "What"
"""


def read(tmp_path, words, *, kind="number", table="measures", more=""):
    """A file of one word a child, as a measure or as a column of children."""
    dates = [f"{day:02d}/03/2023" for day in range(1, len(words) + 1)]
    children = [f"c{i}" for i in range(len(words))]
    pd.DataFrame({"Child": children, "When": dates, "What": words}).to_csv(tmp_path / "own.csv", index=False)
    name = "sleep" if table == "measures" else "adhd"
    join = "" if table == "measures" else "join = true"
    text = DECLARED.format(table=table, name=name, kind=kind, more=more, join=join)
    text += MEASURE if table == "measures" else f'[tables.columns.{name}]\nfrom = "What"\n'
    (tmp_path / "own.toml").write_text(text)
    (found,) = read_mapped(read_mapping(tmp_path / "own.toml"))
    return found


def test_some_cells_are_counted_with_their_words(tmp_path):
    found = read(tmp_path, ["3", "bad", "5-6", "4.5", "bad", "", "Awaiting", "2"])
    assert found.frame["value"].dropna().tolist() == [3.0, 4.5, 2.0]
    said = (
        "own.csv: value: 4 of 7 cells of What cannot be read as a number, they count as unrecorded: 'bad' 2, "
        "'5-6' 1, 'Awaiting' 1; codes say what words mean"
    )
    assert said in found.ledger.notes, found.ledger.notes


@pytest.mark.parametrize(
    ("kind", "words", "more", "what"),
    [
        ("yes/no", ["Yes", "no", "perhaps", "perhaps"], "", "2 of 4 cells of What cannot be read as yes or no"),
        (
            "category",
            ["planned", "crisis", "Yes", "Yes", "Yes"],
            'levels = ["planned", "crisis"]',
            "3 of 5 cells of What cannot be read as one of planned, crisis",
        ),
    ],
)
def test_other_kinds_are_counted_too(tmp_path, kind, words, more, what):
    found = read(tmp_path, words, kind=kind, table="children", more=more)
    (note,) = (note for note in found.ledger.notes if "cannot be read" in note)
    assert note.startswith(f"own.csv: adhd: {what}, they count as unrecorded: ")
    assert f"{words[-1]} {words.count(words[-1])}" in note.replace("'", "")


@pytest.mark.parametrize(
    ("kind", "words", "remedy"),
    [
        ("number", ["01/02/2023", "02/02/2023", "03/02/2023", "04/02/2023", "05/02/2023"], "map another column"),
        ("number", ["Yes", "No", "No", "yes", "no"], 'they look like yes or no: declare kind = "yes/no"'),
        ("yes/no", ["some", "a lot", "none of it", "a little", "some"], "say with codes what its words mean"),
    ],
)
def test_a_column_none_of_whose_cells_can_be_read_is_refused(tmp_path, kind, words, remedy):
    with pytest.raises(ImportFault, match="5 of 5 cells of What cannot be read as") as fault:
        read(tmp_path, words, kind=kind)
    assert remedy in str(fault.value.remedy)
    assert "own.csv" in str(fault.value)


def test_few_cells_are_no_wrong_column(tmp_path):
    found = read(tmp_path, ["bad", "", "worse"])
    assert found.frame["value"].isna().all()


BOOK = """
observed_from = "2023-01-01"
observed_to = "2024-01-01"
[[tables]]
table = "children"
file = "children.csv"
[tables.columns]
child_id = { from = "Child" }
birth_date = { value = "2009-01-01" }
birth_date_precision = { value = "month" }
recorded_from = { value = "2023-01-01" }
authority = { value = "A1" }
[[tables]]
table = "placements"
file = "children.csv"
[tables.columns]
child_id = { from = "Child" }
home_id = { value = "h1" }
start_date = { value = "2023-01-01" }
placement_type = { value = "K2" }
start_is_truncated = { value = "true" }
[[tables]]
table = "missing_episodes"
file = "missing.csv"
[tables.columns]
child_id = { from = "Child" }
start_date = { from = "Left" }
end_date = { from = "Back" }
category = { value = "M" }
sequence = { count = true }
end_is_censored = { value = "false" }
"""


def test_what_check_warns_of_is_told_at_the_import(tmp_path):
    """A blank return in March, of a span to the end of the year: the child would be away from then on."""
    (tmp_path / "children.csv").write_text("Child\nc1\nc2\n")
    days = "".join(f"c2,{day:02d}/04/2023,{day:02d}/04/2023\n" for day in range(1, 9))
    (tmp_path / "missing.csv").write_text(f"Child,Left,Back\nc1,03/03/2023,\n{days}")
    (tmp_path / "book.toml").write_text(BOOK)
    mapping = read_mapping(tmp_path / "book.toml")
    _, ledgers = into_tables(read_mapped(mapping), mapping, None)
    (note,) = (note for note in ledgers[-1].notes if note.startswith("check: "))
    assert note.startswith(
        "check: missing_episodes.open_for_long: the episode has no end and began over 28 days before"
    )
    assert note.endswith("[1 row]")


def test_a_finding_names_the_rows_of_the_file(tmp_path):
    """Of four episodes the first is of a child whom nobody knows, so the table's row 1 is the file's row 4."""
    (tmp_path / "children.csv").write_text("Child\nc1\nc2\n")
    (tmp_path / "missing.csv").write_text(
        "Child,Left,Back\nzz,01/02/2023,02/02/2023\nc1,03/02/2023,\nc1,05/02/2023,\nc2,05/03/2023,06/03/2023\n"
        + "".join(f"c2,{day:02d}/04/2023,{day:02d}/04/2023\n" for day in range(1, 9))
    )
    (tmp_path / "book.toml").write_text(BOOK)
    mapping = read_mapping(tmp_path / "book.toml")
    with pytest.raises(TablesInvalid, match="two_open_episodes") as fault:
        into_tables(read_mapped(mapping), mapping, None)
    assert "missing.csv row 3, child_id c1" in str(fault.value)
    assert "missing.csv row 4, child_id c1" in str(fault.value)
    assert "(from 0)" not in str(fault.value)

"""Reading a plain CSV file by columns gives what reading it cell by cell gives, for any text; or leaves it alone."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missingmodels.errors import ImportFault
from missingmodels.extract.readers import csv_fast
from missingmodels.extract.readers.csv_fast import csv_table

CELL = st.one_of(
    st.sampled_from(["", " ", "-", "#N/A", "#n/a", "a", "A ", "NaN", "null", "007", "1.0", "é", "\u00a0", "\t"]),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n,"), max_size=4),
)
LINES = st.lists(st.lists(CELL, max_size=5), min_size=1, max_size=8)
END = st.sampled_from(["\n", "\r\n"])


def outcome(content: bytes, small: int):
    try:
        return csv_table(content, name="a.csv", label="a.csv", small=small)
    except ImportFault as fault:
        return str(fault)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(lines=LINES, end=END, last=st.booleans())
def test_both_ways_agree(lines, end, last):
    content = (end.join(",".join(line) for line in lines) + (end if last else "")).encode()
    slow, fast = outcome(content, 10**9), outcome(content, 0)
    assert type(fast) is type(slow)
    if isinstance(slow, str):
        assert fast == slow
        return
    pd.testing.assert_frame_equal(fast.frame, slow.frame)
    assert (fast.repeated, fast.encoding, fast.digest, fast.columns, fast.notes) == (
        slow.repeated, slow.encoding, slow.digest, slow.columns, slow.notes,
    )  # fmt: skip


def test_the_fast_way_is_taken_for_a_plain_file(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("read cell by cell")

    monkeypatch.setattr(csv_fast, "csv_grid", refuse)
    table = csv_table(b"CHILD,DEC,\n00123, 01/05/2022 ,\n,,\n,,\n-,x,\n", name="a.csv", label="a.csv", small=0)
    assert table.frame.to_dict("list") == {"CHILD": ["00123", "-"], "DEC": ["01/05/2022", "x"], "row": [2, 5]}
    with pytest.raises(AssertionError, match="cell by cell"):
        csv_table(b'A,B\n"1,2",3\n', name="a.csv", label="a.csv", small=0)

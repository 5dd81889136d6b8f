"""Frames written a piece at a time read back as they were."""

from __future__ import annotations

import pandas as pd
import pytest

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

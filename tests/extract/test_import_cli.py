"""`missingmodels import …` as typed: what is written, and that nothing is written where the input is refused."""

from __future__ import annotations

import json

import pandas as pd
from returns903 import write_year

from missingmodels.tables import read_tables
from test_cli import run


def test_returns_of_two_years(tmp_path):
    paths = [write_year(tmp_path, year, missing=[{}] if year == 2023 else []) for year in (2023, 2024)]
    out = tmp_path / "tables"
    done = run("import", "ssda903", *paths, "--authority", "E1", "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    assert "returns of 2022/23 to 2023/24" in body["notes"]
    ledger = pd.read_csv(out / "ledger.csv", keep_default_na=False)
    # every row of six files; one child's header and stay come twice
    assert len(ledger) == sum(entry["rows"] for entry in body["ledger"]) == 2 * 2 + 2 * 3 + 1
    assert read_tables(out).origin["year"] == [2023, 2024]


def test_a_year_left_out_writes_nothing(tmp_path):
    paths = [write_year(tmp_path, year) for year in (2022, 2024)]
    done = run("import", "ssda903", *paths, "--authority", "E1", "-o", tmp_path / "tables")
    assert done.returncode == 2
    assert "E1: the return of 2023 is left out between others" in done.stderr
    assert not (tmp_path / "tables").exists()

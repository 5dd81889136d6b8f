"""The guides in analyses/ run from end to end, and define nothing of their own."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from missingmodels.tables import read_tables

ROOT = Path(__file__).resolve().parents[1]
GUIDES = sorted((ROOT / "analyses").glob("*.py"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_defines_nothing_and_reads_as_a_notebook(guide):
    text = guide.read_text(encoding="utf-8")
    defined = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert defined == []
    assert text.count("# %% [markdown]") >= 3
    assert "format_name: percent" in text


def test_your_extract(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", GUIDES[0]],
        env={**os.environ, "YOUR_EXTRACT": str(tmp_path / "work")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "0 errors" in done.stdout
    assert "share of home days with coverage" in done.stdout
    folder = tmp_path / "work" / "tables"
    tables = read_tables(folder)
    assert len(tables["missing_episodes"]) > 50
    assert tables["homes"]["places"].notna().any()
    assert len(tables["staff_periods"]) > 0
    ledger = pd.read_csv(folder / "ledger.csv", keep_default_na=False)
    assert set(ledger["outcome"]) <= {"used", "merged", "repaired", "set_aside"}
    assert (folder / "dq.html").is_file()
    assert not (ROOT / "your-extract").exists(), "nothing is left beside the code"


@pytest.mark.parametrize(
    ("guide", "variable", "told"),
    [
        (
            "02_peers.py",
            "PEERS",
            (
                "A rate ratio is “supported” if",
                "0 errors",
                "lived again",
                "cannot tell influence from",
                "rate ratio set",
            ),
        ),
        (
            "03_staffing_and_mix.py",
            "STAFFING",
            ("A rate ratio is “supported” if", "by them alone", "without peers (M2)", "coverage_90", "hold the truth"),
        ),
    ],
)
def test_from_question_to_verdict(guide, variable, told, tmp_path):
    """In a few homes, so that it takes seconds: what is said there is of no weight, that it is said is."""
    done = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "analyses" / guide],
        env={**os.environ, variable: str(tmp_path / "work"), "HOMES": "12"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for words in told:
        assert words in done.stdout, words
    assert (tmp_path / "work" / "report.html").is_file()
    assert (tmp_path / "work" / "figures" / "predictive.png").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["work"], "all that it writes stands in one folder"

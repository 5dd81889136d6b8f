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
DOCS = ROOT / ".venv-docs" / "bin" / "python"  # jupytext and nbconvert stand there alone
GUIDES = sorted((ROOT / "analyses").glob("*.py"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_defines_nothing_and_reads_as_a_notebook(guide):
    text = guide.read_text(encoding="utf-8")
    defined = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert defined == []
    assert text.count("# %% [markdown]") >= 3
    assert text.rpartition("\n# ## ")[2].split("\n")[0].partition(". ")[2].startswith("What could still be wrong")
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


@pytest.fixture(scope="module")
def own_files(tmp_path_factory):
    """Returns of one authority, without a list of homes or a rota, as a user's own folder."""
    from missingmodels.export.files import export_files
    from missingmodels.export.quirks import Quirks
    from missingmodels.scenario import Scenario
    from missingmodels.simulate.world import simulate_world

    folder = tmp_path_factory.mktemp("own")
    world = simulate_world(Scenario(homes={"count": 8, "authorities": 1}, days=365), seed=2)
    export_files(world.tables, folder / "files", quirks=Quirks(), seed=2, overwrite=True)
    code = str(world.tables["children"]["authority"].iloc[0])
    return code, sorted((folder / "files" / "returns").iterdir())


def with_own(guide: Path, own_files) -> str:
    """The guide's text with the settings that a user would type."""
    code, returns = own_files
    text = guide.read_text(encoding="utf-8")
    for line, typed in (('AUTHORITY = ""', f"AUTHORITY = {code!r}"), ("RETURNS: list[Path] = []", None)):
        assert line in text
        text = text.replace(line, typed or f"RETURNS = [Path(name) for name in {[str(path) for path in returns]!r}]", 1)
    return text


def test_your_extract_with_own_files_as_a_script(own_files, tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(with_own(GUIDES[0], own_files), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "0 errors" in done.stdout
    assert (tmp_path / "your-extract" / "tables" / "dq.html").is_file()
    assert not (tmp_path / "your-extract" / "files").exists(), "no files to practise on beside one's own"


def test_your_extract_with_own_files_cell_by_cell_without_the_practice_cell(own_files, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    cells = with_own(GUIDES[0], own_files).split("\n# %%")
    practice = [cell for cell in cells if "export_files(" in cell]
    assert len(practice) == 1
    held: dict[str, object] = {}
    for cell in cells:
        if cell not in practice and not cell.startswith(" [markdown]"):
            exec(compile(cell, "cell", "exec"), held)
    assert "0 errors" in capsys.readouterr().out


@pytest.mark.usefixtures("few_refits")
def test_the_code_of_the_readme_with_own_files(own_files, tmp_path, monkeypatch, capsys):
    """With fewer models and the fast engine, so that it takes seconds; ``test_docs`` runs it as printed."""
    import missingmodels as mm

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = text.split("```python\n", 1)[1].split("```", 1)[0]
    monkeypatch.chdir(tmp_path)
    plan = mm.load_plan("demo")
    quick = plan.model_copy(
        update={"models": ("M0", "M1"), "sampling": plan.sampling.model_copy(update={"method": "laplace"})}
    )
    monkeypatch.setattr(mm, "load_plan", lambda name: quick)
    mark = "# with files of your own: "
    assert mark in code
    authority, returns = own_files
    code = code.replace(mark, "").replace('"returns/2023"', repr([str(path) for path in returns]))
    code = code.replace('authority="301"', f"authority={authority!r}")
    exec(compile(code, "README", "exec"), {})
    assert "one or more recently missing peers" in capsys.readouterr().out
    assert (tmp_path / "report.html").is_file()


QUESTIONS = {
    "02_peers": (
        "PEERS",
        ("else “supported” if", "0 errors", "lived again", "cannot tell influence from", "rate ratio set"),
    ),
    "03_staffing_and_mix": (
        "STAFFING",
        ("else “supported” if", "by them alone", "without peers (M2)", "coverage_90", "hold the truth"),
    ),
}


@pytest.mark.usefixtures("few_refits")
@pytest.mark.parametrize("name", QUESTIONS)
def test_from_question_to_verdict(name, tmp_path, monkeypatch, capsys):
    """Every line, in a tiny sector and with one refit in place of dozens; as it stands it is a slow test below."""
    variable, told = QUESTIONS[name]
    monkeypatch.setenv("SCENARIO", "tiny")
    monkeypatch.setenv(variable, str(tmp_path / "work"))
    monkeypatch.chdir(tmp_path)
    guide = ROOT / "analyses" / f"{name}.py"
    kept = [part for name in ("width", "max_columns", "max_colwidth") for part in (f"display.{name}", 80)]
    with pd.option_context(*kept):  # puts back what the guide sets
        exec(compile(guide.read_text(encoding="utf-8"), guide.name, "exec"), {})
    printed = capsys.readouterr().out
    for words in told:
        assert words in printed, words
    assert (tmp_path / "work" / "report.html").is_file()
    assert (tmp_path / "work" / "figures" / "predictive.png").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["work"], "all that it writes stands in one folder"


# What each chapter must print, and where it writes; the rest of them need no folder.
CHAPTERS = {
    **{name: ({variable: "work"}, told) for name, (variable, told) in QUESTIONS.items()},
    "04_robustness": ({}, ("cannot", "sd")),
    "05_own_variables": ({}, ("gate passed", "0 errors", "without variables of your own")),
    "06_power_for_your_grant": ({"POWER": "work", "WORLDS": "5"}, ("worlds", "supported the hypothesis in")),
    "07_official_statistics": ({"OFFICIAL": "nothing-here"}, ("Skipped: there is no folder",)),
    "08_simulate_then_preregister": (
        {"PREREGISTER": "work"},
        ("holds the same plan: True", "window_days: 7 was planned, 14 was used"),
    ),
    "09_pymc_and_arviz": ({}, ("d_k ~ Normal(0, σ_district²)", "sigma_district", "elpd")),
}


def test_every_guide_is_run_by_a_test():
    assert {path.stem for path in GUIDES[1:]} == set(CHAPTERS)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_runs_as_it_stands(name, tmp_path):
    settings, told = CHAPTERS[name]
    done = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "analyses" / f"{name}.py"],
        env={**os.environ, "MPLBACKEND": "agg", **settings},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for words in told:
        assert words in done.stdout, words
    assert {path.name for path in tmp_path.iterdir()} <= {"work"}, "all that it writes stands in one folder"


@pytest.mark.slow
@pytest.mark.skipif(not DOCS.exists(), reason="there is no .venv-docs: make docs-venv")
def test_a_guide_becomes_a_notebook_and_a_page(tmp_path):
    command = [DOCS, ROOT / "scripts" / "build_notebooks.py", tmp_path, "07_official_statistics"]
    subprocess.run(command, check=True, capture_output=True)
    page = (tmp_path / "07_official_statistics.html").read_text(encoding="utf-8")
    assert "Skipped: there is no folder" in page
    assert "http" not in page.split("<body>")[0]
    again = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "unchanged" in again.stdout

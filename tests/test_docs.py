"""The reference pages are what the code says, and the README's Python runs as printed."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", "paper/README.md"]
PAGES += [
    f"docs/{name}.md"
    for name in ("architecture", "checks", "commands", "equations", "error_rates", "extending", "start")
]


def test_pages_are_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    monkeypatch.setattr(sys, "argv", ["write_docs.py", "--check"])
    importlib.import_module("write_docs").main()  # leaves with what is stale


def test_every_command_has_its_line_and_no_other_is_named() -> None:
    from typer.main import get_command

    from missingmodels.cli import app

    named = set(
        re.findall(r"^\| `missingmodels ([\w-]+)", (ROOT / "docs/commands.md").read_text(encoding="utf-8"), flags=re.M)
    )
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert named == known


def python_of_the_readme() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    return str(code)


@pytest.mark.sampled
@pytest.mark.usefixtures("few_refits")
def test_readme_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """Every line of it, with one refit in place of dozens; as printed it is a slow test below."""
    code = python_of_the_readme()
    assert len([line for line in code.splitlines() if line.strip()]) <= 12
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README", "exec"), {})
    printed = capsys.readouterr().out
    assert "supported" in printed or "cannot say" in printed
    assert (tmp_path / "report.html").stat().st_size > 100_000


@pytest.mark.slow
def test_readme_python_runs_as_printed(tmp_path: Path) -> None:
    code = python_of_the_readme()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "supported" in done.stdout or "cannot say" in done.stdout
    assert (tmp_path / "report.html").stat().st_size > 100_000


def test_the_battery_is_quoted_as_it_was_measured() -> None:
    table = pd.read_csv(ROOT / "simulations/results/battery.csv", keep_default_na=False).set_index(["line", "world"])
    asked = {
        "default: M3, home and home × 28-day effects": "model M3",
        "M1, the same effects": "as the plan asks",
        "M1, home effects only": "home effects only",
        "all needed checks together": "all together",
    }
    text = (ROOT / "docs/error_rates.md").read_text(encoding="utf-8")
    for words, line in asked.items():
        (row,) = re.findall(rf"^\| {re.escape(words)} \|(.*)\|$", text, flags=re.M)
        told = [float(cell.strip(" %")) for cell in row.split("|")]
        held = [100 * float(table.loc[(line, w), "said"]) for w in ("null", "homophily_only", "shocks_only", "small")]
        assert told == pytest.approx(held, abs=0.51), words


def test_hooks_before_a_commit_are_local_and_those_of_lint() -> None:
    """No hook fetches anything, and none checks less than ``make lint`` does."""
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^  - repo: (.+)$", text, flags=re.M) == ["local"]
    assert set(re.findall(r"^        language: (.+)$", text, flags=re.M)) == {"system"}
    entries = re.findall(r"^        entry: (.+)$", text, flags=re.M)
    lint = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nlint:", 1)[1].split("\n\n", 1)[0]
    for tool in re.findall(r"\$\(BIN\)/([\w-]+(?: \w+)?)", lint):
        assert any(entry.startswith(f".venv/bin/{tool}") for entry in entries), tool
    for program in re.findall(r"(scripts/\w+\.py)", text):
        assert (ROOT / program).is_file()


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    made = set(re.findall(r"^\+\+\+ (\S+)", text, flags=re.M))  # by a worked example
    named = set(re.findall(r"`((?:src|docs|tests|simulations|analyses|scripts)/[\w./-]+)`", text)) - made
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []

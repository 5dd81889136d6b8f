"""The reference pages are what the code says, and the README's Python runs as printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "write_docs.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_readme_command_exists() -> None:
    from typer.main import get_command

    from missingmodels.cli import app

    named = set(re.findall(r"`missingmodels ([\w-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert named == known


@pytest.mark.sampled
def test_readme_python_runs_as_printed(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    assert len([line for line in code.splitlines() if line.strip()]) <= 12
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "supported" in done.stdout or "cannot say" in done.stdout
    assert (tmp_path / "report.html").stat().st_size > 100_000

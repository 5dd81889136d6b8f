"""The worked examples of docs/extending.md are followed: their changes are made to a copy, and their code is run."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.M | re.S))
FEWEST = {"exposure": 5, "frailty law": 8, "outcome": 8}  # files that a new one may touch
WORKED = [title for title, text in SECTIONS.items() if "```diff" in text]


def files_told(text: str) -> list[str]:
    return re.findall(r"^\| `(src/[^`]+)` \|", text, flags=re.M)


def changes(text: str) -> list[tuple[str, list[str], bool]]:
    """Path, lines with their marks, and whether the file is new."""
    found = []
    for block in re.findall(r"```diff\n(.*?)```", text, flags=re.S):
        for part in re.split(r"^--- ", block, flags=re.M)[1:]:
            head, *lines = part.rstrip("\n").split("\n")
            new = head == "/dev/null"
            path = lines.pop(0).removeprefix("+++ ") if new else head
            found.append((path, lines, new))
    return found


def apply(folder: Path, path: str, lines: list[str], new: bool) -> None:
    """Make one change; what is to be there before must be there once."""
    before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
    place = folder / path.removeprefix("src/")
    if new:
        assert not place.exists(), f"{path} is there already"
        place.write_text(after, encoding="utf-8")
        return
    text = place.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{path} does not hold these lines once:\n{before}"
    place.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("title", WORKED)
def test_what_it_imports_is_there_or_made_by_it(title: str) -> None:
    added = [line[1:] for _, lines, _ in changes(SECTIONS[title]) for line in lines if line.startswith("+")]
    made = set(re.findall(r"^(?:def|class) (\w+)", "\n".join(added), flags=re.M))
    for line in added:
        found = re.match(r"\s*from (missingmodels[\w.]*) import ([\w, ]+)$", line)
        if not found or importlib.util.find_spec(found[1]) is None:
            continue
        held = importlib.import_module(found[1])
        for name in found[2].split(", "):
            inside = hasattr(held, "__path__") and importlib.util.find_spec(f"{found[1]}.{name}") is not None
            there = hasattr(held, name) or name in made or inside
            assert there or f"{found[1].replace('.', '/')}/{name}.py" in SECTIONS[title], f"{found[1]} has no {name}"


@pytest.mark.parametrize("title", list(SECTIONS))
def test_it_names_the_files_that_it_touches(title: str) -> None:
    text, count = SECTIONS[title], int(re.findall(r"\((\d+) files\)", title)[0])
    told, made = files_told(text), changes(text)
    assert len(told) == count
    if made:
        assert set(told) == {path for path, _, _ in made}
    new = {path for path, _, is_new in made if is_new}
    assert [path for path in told if path not in new and not (ROOT / path).is_file()] == []
    for kind, most in FEWEST.items():
        assert kind not in title or count <= most


def test_all_kinds_are_told() -> None:
    kinds = ("exposure", "frailty law", "outcome", "reader", "figure", "engine")
    assert [title.split(" (")[0] for title in SECTIONS] == [f"A new {kind}" for kind in kinds]
    assert len(WORKED) == len(kinds) - 1


def test_names_told_of_a_law_are_there() -> None:
    """Of the one kind without a worked example: each name in the table stands in the file beside it."""
    rows = re.findall(r"^\| `(src/[^`]+)` \| (.+) \|$", SECTIONS["A new frailty law (8 files)"], flags=re.M)
    for path, words in rows:
        text = (ROOT / path).read_text(encoding="utf-8")
        for name in re.findall(r"`([\w.]+)`", words):
            assert name.startswith("fitting.") or name.rpartition(".")[2] in text, (path, name)


@pytest.mark.parametrize("title", WORKED)
def test_a_worked_example_fits_the_code(title: str, tmp_path: Path) -> None:
    """Each line that it changes is there as it says, and what comes of it reads as Python. Running it takes longer."""
    for path, lines, new in changes(SECTIONS[title]):
        place = tmp_path / path.removeprefix("src/")
        if not new and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, place)
        place.parent.mkdir(parents=True, exist_ok=True)
        apply(tmp_path, path, lines, new)
        if place.suffix == ".py":
            compile(place.read_text(encoding="utf-8"), path, "exec")
    (code,) = re.findall(r"```python\n(.*?)```", SECTIONS[title], flags=re.S)
    compile(code, title, "exec")


@pytest.mark.slow
@pytest.mark.parametrize("title", WORKED)
def test_a_worked_example_works(title: str, tmp_path: Path) -> None:
    text = SECTIONS[title]
    shutil.copytree(ROOT / "src" / "missingmodels", tmp_path / "src" / "missingmodels", ignore=_left_out)
    for path, lines, new in changes(text):
        apply(tmp_path / "src", path, lines, new)
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    work = tmp_path / "work"
    work.mkdir()
    program = f"import sys\nsys.path.insert(0, {str(tmp_path / 'src')!r})\n{code}"
    done = subprocess.run([sys.executable, "-c", program], cwd=work, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # the package as it is does not do it already
    work = tmp_path / "plain"
    work.mkdir()
    plain = subprocess.run([sys.executable, "-c", code], cwd=work, capture_output=True, text=True, check=False)
    assert plain.returncode != 0


def _left_out(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__"]

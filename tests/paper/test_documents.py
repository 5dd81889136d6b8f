"""The papers as they stand hold; a changed result changes them, and leaves a figure that was drawn before it stale."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from paperbuild import __main__ as build
from paperbuild import figures, numbers
from paperbuild.assemble import FIGURE, assemble
from paperbuild.faults import PaperError

from missingmodels.provenance import METHODS

RESULTS = build.ROOT / "simulations" / "results"


@pytest.fixture
def results(tmp_path) -> Path:
    """A copy of the tracked results, to change."""
    numbers.table.cache_clear()
    return shutil.copytree(RESULTS, tmp_path / "results")


def test_the_documents_hold_and_each_number_leads_to_its_command():
    parts, texts = build.checked(RESULTS, METHODS)
    for name, text in texts.items():
        made = assemble(text, parts)
        assert "{{" not in made, name
        for target in {part.split(")")[0] for part in made.split("](#cmd-")[1:]}:
            assert f"{{#cmd-{target}}}" in made, (name, target)


def test_a_changed_result_changes_the_paper_and_a_figure_drawn_before_is_stale(results, tmp_path):
    before, texts = build.checked(results, METHODS)
    figures.draw(["frontier"], before.results, tmp_path)
    assert list(figures.stale_figures(["frontier"], before.results, tmp_path)) == []
    file = results / "frontier.csv"
    row = "40,14,0.5,0.0,home × 28 days,200,0.14,"
    assert row in file.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace(row, row.replace("0.14", "0.23")), encoding="utf-8")
    numbers.table.cache_clear()
    after, _ = build.checked(results, METHODS)
    assert before.numbers["frontier_small"].text == "14 % (2)"
    assert after.numbers["frontier_small"].text == "23 % (2)"
    assert assemble(texts["manuscript"], before) != assemble(texts["manuscript"], after)
    told = list(figures.stale_figures(["frontier"], after.results, tmp_path))
    assert told == [
        f"frontier.{kind} is stale: it was drawn of another frontier than the one there now" for kind in ("svg", "png")
    ]
    (tmp_path / "frontier.svg").unlink()
    assert "frontier.svg is not there" in next(figures.stale_figures(["frontier"], after.results, tmp_path))


def test_the_next_model_makes_every_result_stale():
    with pytest.raises(PaperError) as told:
        build.checked(RESULTS, {**METHODS, "model": "next"})
    assert len(told.value.faults) >= 5


def test_every_figure_has_an_alternative_text_and_a_drawing():
    for name in build.DOCUMENTS:
        text = (build.PAPER / f"{name}.md").read_text(encoding="utf-8")
        assert FIGURE.findall(text)
        for line in (line for line in text.split("\n") if line.startswith("![")):
            assert 'alt="' in line, line
            assert FIGURE.findall(line)[0] in figures.FIGURES


@pytest.mark.slow
@pytest.mark.skipif(
    not (importlib.util.find_spec("pypandoc") and importlib.util.find_spec("typst")),
    reason="pandoc and typst are in .venv-docs alone",
)
def test_the_papers_are_built_to_the_byte(tmp_path):
    made = []
    for place in ("one", "two"):
        command = [sys.executable, "-m", "paperbuild", "-o", str(tmp_path / place)]
        subprocess.run(command, cwd=build.PAPER, check=True, capture_output=True)
        made.append(
            [path.read_bytes() for path in sorted((tmp_path / place).rglob("*")) if path.suffix in {".pdf", ".docx"}]
        )
    assert len(made[0]) == 6
    assert made[0] == made[1]

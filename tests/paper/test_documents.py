"""The papers as they stand hold; a changed result changes them, and leaves a figure that was drawn before it stale."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
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
    assert before.numbers["frontier_small"].text == "14\u00a0%\u00a0(2)"
    assert after.numbers["frontier_small"].text == "23\u00a0%\u00a0(2)"
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


DOCS = build.ROOT / ".venv-docs" / "bin" / "python"  # pandoc and typst stand there alone
needs_pandoc = pytest.mark.skipif(not DOCS.exists(), reason="there is no .venv-docs: make docs-venv")
LITTLE = """---
title: Little
---

::: {#eq-one .equation says="One is one."}
$$x = \\sum_i y_i$$
:::

# Items {#sec-items .unnumbered}

| item | where |
|:-----|:------|
| Aims | [](#eq-one) |

| kept | at |
|:-----|:---|
| its | place |

: Captioned. {#tbl-one}
"""


def made_of_little(folder: Path, kind: str) -> Path:
    source = folder / "little.md"
    source.write_text(LITTLE, encoding="utf-8")
    script = f"import sys, pathlib; from paperbuild.__main__ import {kind}; {kind}(pathlib.Path(sys.argv[1]))"
    subprocess.run([DOCS, "-c", script, source], cwd=build.PAPER, check=True, capture_output=True)
    return source


@pytest.mark.slow
@needs_pandoc
def test_a_table_without_a_caption_stays_under_its_heading(tmp_path):
    source = made_of_little(tmp_path, "pdf")
    made = source.with_suffix(".typ").read_text(encoding="utf-8").partition("[Items]")[2]
    bare, held, _ = made.partition("<tbl-one>")  # which stands after its table
    assert held
    assert bare.count("placement: none") == 1
    assert bare.index("placement: none") < bare.index("Aims") < bare.index("kept")


@pytest.mark.slow
@needs_pandoc
def test_the_number_of_an_equation_stands_apart_in_word(tmp_path):
    source = made_of_little(tmp_path, "word")
    with zipfile.ZipFile(source.with_suffix(".docx")) as made:
        text, styles = (made.read(f"word/{name}.xml").decode("utf-8") for name in ("document", "styles"))
    paragraph = next(part for part in text.split("<w:p>") if "m:oMath" in part)
    assert 'w:pStyle w:val="Equation"' in paragraph
    assert paragraph.count("<w:tab />") == 2
    assert paragraph.index("</m:oMath>") < paragraph.rindex("<w:tab />") < paragraph.index("(1)")
    assert re.search(r'w:styleId="Equation".*?w:val="center".*?w:val="right"', styles, re.DOTALL)


@pytest.mark.slow
@needs_pandoc
def test_the_papers_are_built_to_the_byte(tmp_path):
    made = []
    for place in ("one", "two"):
        command = [DOCS, "-m", "paperbuild", "-o", str(tmp_path / place)]
        subprocess.run(command, cwd=build.PAPER, check=True, capture_output=True)
        made.append(
            [path.read_bytes() for path in sorted((tmp_path / place).rglob("*")) if path.suffix in {".pdf", ".docx"}]
        )
    assert len(made[0]) == 6
    for path in (tmp_path / "one").rglob("*.docx"):  # nor does it matter where the checkout lies
        with zipfile.ZipFile(path) as held:
            assert not [name for name in held.namelist() if str(build.ROOT).encode() in held.read(name)], path
    assert made[0] == made[1]

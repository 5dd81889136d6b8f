"""The site asks the network for nothing, leads nowhere that is not there, and has every public name."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

import missingmodels as mm

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import build_docs  # noqa: E402


def site_settings():
    spec = importlib.util.spec_from_file_location("site_settings", ROOT / "docs" / "conf.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def site(tmp_path):
    (tmp_path / "a.css").write_text("")
    (tmp_path / "b.html").write_text('<h1 id="there">B</h1>')
    (tmp_path / "a.html").write_text(
        '<link rel="stylesheet" href="a.css"><a href="b.html#there">b</a><a href="https://x.org">x</a>'
    )
    return tmp_path


def test_a_whole_site_passes(site):
    assert [*build_docs.off_site(site), *build_docs.dead_links(site)] == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('<script src="https://cdn.org/x.js"></script>', "loads https://cdn.org/x.js from the network"),
        ('<img src="gone.png">', "loads gone.png, which is not there"),
        ('<a href="c.html">c</a>', "a link to c.html, which is not there"),
        ('<a href="b.html#here">b</a>', "a link to b.html#here, and no place there is named so"),
    ],
)
def test_what_a_page_may_not_hold_is_told(site, more, told):
    page = site / "a.html"
    page.write_text(page.read_text() + more)
    assert [*build_docs.off_site(site), *build_docs.dead_links(site)] == [f"a.html: {told}"]


def test_what_a_parameter_is_stands_behind_its_name_as_a_sentence():
    text = ["Read.", "", "Parameters", "----------", "path : folder of", "    files", "a, b : two", "", "It ends."]
    site_settings()._end_sections(None, "function", "read", None, None, text)
    parameters = ["path", "    folder of", "    files", "a, b", "    two", ""]
    assert text == ["Read.", "", "Parameters", "----------", *parameters, "Notes", "-----", "It ends."]


def test_a_plan_is_shown_without_the_bounds_of_its_keys():
    assert site_settings()._without_bounds(None, "class", "Plan", mm.Plan, None, "(a)", None) == ("", None)
    assert site_settings()._without_bounds(None, "function", "fit", mm.fit, None, "(a)", None) is None


def test_a_page_is_for_keyboards_and_screen_readers_too():
    told = build_docs.for_all('<p class="caption" role="heading">A</p><aside class="toc-drawer no-toc"><pre>long</pre>')
    assert 'role="heading" aria-level="2"' in told
    assert '<aside aria-label="On this page" class="toc-drawer no-toc">' in told
    assert '<pre tabindex="0">long' in told


def test_the_figures_have_their_place():
    assert "automodule:: missingmodels.figures" in build_docs.interface()


def test_every_public_name_has_its_place():
    assert sorted(" ".join(build_docs.PARTS.values()).split()) == sorted(mm.__all__)


def test_every_page_stands_in_the_contents_once():
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    trees = re.findall(r"```\{toctree\}\n(.*?)```", (ROOT / "docs" / "index.md").read_text(encoding="utf-8"), re.DOTALL)
    held = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    assert sorted(held) == sorted([*pages, "contributing", "changelog", "guides/*"])


def test_links_lead_within_the_site():
    told = "[a](../CONTRIBUTING.md), [b](../paper/README.md), `docs/plans.md`, [plans.md](plans.md), [c](plans.md)"
    assert build_docs.within_the_site(told) == "[a](contributing.md), b, [](plans.md), [](plans.md), [c](plans.md)"


def test_the_first_steps_hold_the_lines_of_the_readme_that_they_name():
    start, readme = ((ROOT / name).read_text(encoding="utf-8") for name in ("docs/start.md", "README.md"))
    page = build_docs.with_the_example(start, readme)
    assert "README are" not in page
    assert page.index("Ten lines are the whole chain") < page.index("mm.write_report(answer.evidence")
    with pytest.raises(SystemExit):
        build_docs.with_the_example("Nothing.", readme)

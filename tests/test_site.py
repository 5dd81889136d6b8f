"""The site asks the network for nothing, leads nowhere that is not there, and has every public name."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import missingmodels as mm

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import build_docs  # noqa: E402


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


def test_every_public_name_has_its_place():
    assert sorted(" ".join(build_docs.PARTS.values()).split()) == sorted(mm.__all__)


def test_every_page_stands_in_the_contents_once():
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    trees = re.findall(r"```\{toctree\}\n(.*?)```", (ROOT / "docs" / "index.md").read_text(encoding="utf-8"), re.DOTALL)
    held = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    assert sorted(held) == sorted([*pages, "contributing", "changelog", "guides/*"])


def test_links_lead_within_the_site():
    assert build_docs.within_the_site("[a](../CONTRIBUTING.md), [b](../paper/README.md), `docs/plans.md`") == (
        "[a](contributing.md), b, [plans](plans.md)"
    )

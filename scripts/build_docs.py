"""Builds the documentation site from docs/, the guides as they were executed, and the package's docstrings.

python scripts/build_docs.py NOTEBOOKS OUTPUT

Warnings are errors. No page may ask the network for anything but a link that a reader follows, and each link within
the site must lead somewhere.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
PARTS = {
    "Worlds and files": "load_scenario Scenario simulate_world export_files",
    "Reading extracts": "read_ssda903 read_return combine_returns read_ofsted_list add_homes read_staffing "
    "write_import write_staffing",
    "Tables": "Tables make_tables check_tables read_tables write_tables describe",
    "Plans and fits": "load_plan Plan prepare check_priors fit fit_rows Fit read_fit write_fit",
    "Models and terms of one's own": "build_model Term GroupEffect Prior",
    "Evidence and reports": "rate_ratio expected_rate answer Evidence read_evidence write_evidence robustness "
    "write_report power MissingModelsError",
}


def main() -> None:
    """Assemble the source, run sphinx, check the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", type=Path, help="folder of executed guides")
    parser.add_argument("output", type=Path)
    given = parser.parse_args()
    source = given.output.with_name(f"{given.output.name}-source")
    assemble(given.notebooks, source)
    command = ["-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q"]
    done = subprocess.run([sys.executable, *command, str(source), str(given.output)], check=False)
    if done.returncode:
        sys.exit("The site was not built: see the warnings above.")
    for page in given.output.rglob("*.html"):
        page.write_text(for_all(page.read_text(encoding="utf-8")), encoding="utf-8")
    faults = [*off_site(given.output), *dead_links(given.output)]
    if faults:
        sys.exit("\n".join(faults))
    print(given.output / "index.html")


def assemble(notebooks: Path, source: Path) -> None:
    """The site's source: pages, executed guides, the interface, and the files beside docs/ that belong to it."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "docs", source)
    (source / "guides").mkdir()
    for guide in sorted(notebooks.glob("*.ipynb")):
        told = re.sub(r"`docs/(\w+)\.md`", r"[](../\1.md)", guide.read_text(encoding="utf-8"))
        (source / "guides" / guide.name).write_text(told, encoding="utf-8")
    for name, page in (("CONTRIBUTING.md", "contributing.md"), ("CHANGELOG.md", "changelog.md")):
        shutil.copyfile(ROOT / name, source / page)
    with (source / "api.md").open("a", encoding="utf-8") as page:
        page.write(interface())
    start = (source / "start.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (source / "start.md").write_text(with_the_example(start, readme), encoding="utf-8")
    for page in source.glob("*.md"):
        page.write_text(within_the_site(page.read_text(encoding="utf-8")), encoding="utf-8")


def interface() -> str:
    """A directive for every public name. Raises SystemExit for one that stands in no part."""
    import missingmodels as mm

    left = set(mm.__all__) - set(" ".join(PARTS.values()).split())
    if left:
        sys.exit(f"scripts/build_docs.py: PARTS lacks {', '.join(sorted(left))}")
    lines = []
    for title, names in PARTS.items():
        lines += [f"## {title}", "", "```{eval-rst}"]
        for name in names.split():
            kind = "autoclass" if isinstance(getattr(mm, name), type) else "autofunction"
            lines += [f".. {kind}:: missingmodels.{name}", "   :members:" if kind == "autoclass" else "", ""]
        lines += ["```", ""]
    figures = [".. automodule:: missingmodels.figures", "   :members:", "   :imported-members:"]
    return "\n".join([*lines, "## Figures", "", "```{eval-rst}", *figures, "```", ""])


def within_the_site(text: str) -> str:
    """A page whose links to files beside docs/ lead to their pages, or are plain names where they have none."""
    text = text.replace("](../CONTRIBUTING.md)", "](contributing.md)")
    text = re.sub(r"\[([^\]]+)\]\(\.\./[^)]+\)", r"\1", text)
    text = re.sub(r"\[(\w+\.md)\]\(\1\)", r"[](\1)", text)  # a page of the site is called by its title
    return re.sub(r"`docs/(\w+)\.md`", r"[](\1.md)", text)


def with_the_example(start: str, readme: str) -> str:
    """The first steps, and where they name the ten lines of the README, which is no page of the site, those lines."""
    (block,) = re.findall(r"^```python\n.*?^```$", readme, re.DOTALL | re.MULTILINE)
    before, named, after = start.partition("The ten lines of the README are the whole chain")
    if not named:
        raise SystemExit("docs/start.md names the ten lines of the README no more")
    sentence, _, rest = after.partition("\n")
    return f"{before}Ten lines are the whole chain{sentence}\n\n{block}\n{rest}"


# What the theme leaves out, and screen readers and keyboards need.
_FOR_ALL = {
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Pages">',
    '<aside class="toc-drawer': '<aside aria-label="On this page" class="toc-drawer',
    "<pre>": '<pre tabindex="0">',  # as it may be wider than the screen
}


def for_all(page: str) -> str:
    """A page whose headings have levels, whose regions have names, and whose wide lines a keyboard can move."""
    for lacks, has in _FOR_ALL.items():
        page = page.replace(lacks, has)
    return page


class _Page(HTMLParser):
    """What a page loads, where it leads, and what may be led to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.anchors |= {held[name] for name in ("id", "name") if name in held}
        if tag == "a" and "href" in held:
            self.leads.append(held["href"])
        elif tag == "link" and held.get("rel") not in ("canonical", "search", "index", "next", "prev", "genindex"):
            self.loads.append(held.get("href", ""))
        elif "src" in held:
            self.loads.append(held["src"])


def pages(folder: Path) -> dict[Path, _Page]:
    """Every page of a site."""
    return {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}


def off_site(folder: Path) -> Iterator[str]:
    """What a page would ask the network for when it is opened, or what is not there to load."""
    for path, page in pages(folder).items():
        for target in page.loads:
            parts = urlsplit(target)
            if parts.netloc:
                yield f"{path.relative_to(folder)}: loads {target} from the network"
            elif parts.path and parts.scheme != "data" and not (path.parent / unquote(parts.path)).exists():
                yield f"{path.relative_to(folder)}: loads {target}, which is not there"


def dead_links(folder: Path) -> Iterator[str]:
    """Links within the site that lead to no page or no place on it."""
    held = pages(folder)
    for path, page in held.items():
        for target in page.leads:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            to = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            if not to.exists():
                yield f"{path.relative_to(folder)}: a link to {target}, which is not there"
            elif parts.fragment and to.suffix == ".html" and unquote(parts.fragment) not in _anchors(held, to):
                yield f"{path.relative_to(folder)}: a link to {target}, and no place there is named so"


def _anchors(held: dict[Path, _Page], to: Path) -> set[str]:
    for path, page in held.items():
        if path.resolve() == to:
            return page.anchors | {"", "top"}
    return {"", "top"}


if __name__ == "__main__":
    main()

"""Executes the guides of analyses/ into notebooks and pages.

python scripts/build_notebooks.py FOLDER [GUIDE…]

A guide is executed again if its text or the package's sources have changed since. Cells see a folder of their own, that
is removed afterwards; a cell that fails stops the guide, and the others go on.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 900  # a guide takes three minutes on two idle cores


def main() -> None:
    """Execute what has changed; leave with the names of those that failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("guides", nargs="*", help="stems of guides; all if none is named")
    given = parser.parse_args()
    known = [path.stem for path in sorted((ROOT / "analyses").glob("[0-9]*.py"))]
    if unknown := sorted(set(given.guides) - set(known)):
        parser.error(f"no guide of the name {', '.join(unknown)}; there are {', '.join(known)}")
    folder = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    asked = [ROOT / "analyses" / f"{stem}.py" for stem in known if not given.guides or stem in given.guides]
    failed = [path.stem for path in asked if not executed(path, folder)]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def executed(guide: Path, folder: Path) -> bool:
    """Whether the guide's notebook stands in the folder, made of the guide and the package as they are."""
    made, page = folder / f"{guide.stem}.ipynb", folder / f"{guide.stem}.html"
    digest = sources(guide)
    if made.exists() and page.exists() and nbformat.read(made, 4).metadata.get("sources") == digest:
        print(f"{guide.stem}: unchanged")
        return True
    notebook = jupytext.read(guide)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": place}})
        try:
            client.execute()
        except CellExecutionError as error:
            print(f"{guide.stem}: {error}", file=sys.stderr)
            return False
    notebook.metadata["sources"] = digest
    page.write_text(as_page(notebook), encoding="utf-8")
    nbformat.write(notebook, made)
    print(f"{guide.stem}: {time.monotonic() - began:.0f} s")
    return True


def sources(guide: Path) -> str:
    """Digest of a guide and of the package's code and settings."""
    package = ROOT / "src" / "missingmodels"
    total = hashlib.sha256(guide.read_bytes())
    for path in sorted(path for path in package.rglob("*") if path.suffix in {".py", ".csv", ".toml", ".json"}):
        total.update(path.read_bytes())
    return total.hexdigest()


def as_page(notebook: nbformat.NotebookNode) -> str:
    """One file that asks the network for nothing: guides have no equations, so no script is needed."""
    exporter = HTMLExporter(template_name="basic", embed_images=True)
    body, _ = exporter.from_notebook_node(notebook)
    title = next(cell.source for cell in notebook.cells if cell.cell_type == "markdown").lstrip("# ").split("\n")[0]
    # lines may be wider than the screen, and a keyboard must move them
    return PAGE.format(title=title, body=body.replace("<pre", '<pre tabindex="0"'))


PAGE = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>
body {{ max-width: 60rem; margin: 0 auto; padding: 1rem; font: 1rem/1.55 Georgia, serif; color: #222; }}
pre {{ overflow-x: auto; font-size: .85rem; padding: .6rem; background: #f4f5f7; border-radius: 4px; }}
.jp-OutputArea-output pre, .output pre {{ background: #fff; border-left: 3px solid #c9d8e4; border-radius: 0; }}
img {{ max-width: 100%; height: auto; }}
table {{ display: block; overflow-x: auto; border-collapse: collapse; font-size: .85rem; }}
td, th {{ padding: .15rem .5rem; border-bottom: 1px solid #ddd; text-align: right; }}
.jp-InputPrompt, .jp-OutputPrompt, .prompt, .anchor-link {{ display: none; }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


if __name__ == "__main__":
    main()

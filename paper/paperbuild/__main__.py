"""Build the documents: `python -m paperbuild` in `paper/`, in the environment of `make paper`.

Every check runs before anything is written, and all faults are told together.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from paperbuild import prose, references
from paperbuild.assemble import FIGURE, Parts, assemble
from paperbuild.faults import PaperError, refuse
from paperbuild.figures import draw, stale_figures
from paperbuild.numbers import Sources, cards, read_numbers
from paperbuild.results import read_register, stale

PAPER = Path(__file__).resolve().parents[1]
ROOT = PAPER.parent
DOCUMENTS = ("manuscript", "shared_causes")
OWN = ("commands", "equations")
# Word has the day of a file; the first of January of 2020 in both formats, so that the same inputs give the same bytes.
EPOCH = "1577836800"


def checked(results: Path, methods: Mapping[str, str]) -> tuple[Parts, dict[str, str]]:
    """What documents are made of, and their texts. Raises PaperError with every fault of all of them."""
    from missingmodels import load_plan

    register = read_register(PAPER / "results.toml", results)
    package = ROOT / "src" / "missingmodels"
    held = {"target": cards(package / "targets.csv"), "source": cards(package / "sources.csv")}
    plan = load_plan("default").model_dump(mode="json")
    numbers = read_numbers(PAPER / "numbers.toml", Sources(register.results, plan, held))
    texts = {name: (PAPER / f"{name}.md").read_text(encoding="utf-8") for name in DOCUMENTS}
    entries = references.read_bibtex((PAPER / "references.bib").read_text(encoding="utf-8"))
    faults = [*stale(register, methods, ROOT), *references.incomplete(entries)]
    faults += references.dead(entries, {name: prose.citations(text) for name, text in texts.items()})
    known = {*numbers, *OWN}
    for name, text in texts.items():
        told = [*prose.typed_by_hand(text), *prose.unknown_names(text, dict.fromkeys(known))]
        told += [*prose.unproved(text, ROOT), *prose.dead_links(text)]
        faults += [f"{name}.md: {fault}" for fault in told]
    refuse(faults)
    return Parts(numbers, register.results, methods), texts


def build(output: Path, results: Path, *, keep_figures: bool, final: bool) -> None:
    """PDF and Word of every document. Raises PaperError for what may not be printed."""
    from missingmodels.provenance import METHODS

    parts, texts = checked(results, METHODS)
    open_ends = references.to_complete(references.read_bibtex((PAPER / "references.bib").read_text(encoding="utf-8")))
    if final:
        refuse(open_ends)
    for told in open_ends:
        print(f"before submission: {told}", file=sys.stderr)
    for name, text in texts.items():
        folder = output / name
        figures = list(dict.fromkeys(FIGURE.findall(text)))
        if not keep_figures:
            draw(figures, parts.results, folder / "figures")
        refuse(stale_figures(figures, parts.results, folder / "figures"))
        source = folder / f"{name}.md"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(assemble(text, parts), encoding="utf-8")
        word(source)
        pdf(source)


def word(source: Path) -> None:
    """The document for Word."""
    _pandoc(source, "docx", [f"--reference-doc={reference(source.parent)}", "--default-image-extension=png"])


def pdf(source: Path) -> None:
    """The document as tagged PDF, through typst and the fonts that typst brings."""
    import typst

    _pandoc(source, "typ", ["--to=typst", f"--template={PAPER / 'template.typ'}", "--default-image-extension=svg"])
    typst.compile(
        str(source.with_suffix(".typ")),
        output=str(source.with_suffix(".pdf")),
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
        timestamp=int(EPOCH),
    )


def reference(folder: Path) -> Path:
    """The document whose styles Word uses: pandoc's own, in a serif face and in black."""
    from paperbuild.styles import restyled

    path = folder / "reference.docx"
    path.write_bytes(restyled(_run(["--print-default-data-file=reference.docx"], folder)))
    return path


def _pandoc(source: Path, kind: str, more: list[str]) -> None:
    shared = ["--standalone", "--number-sections", "--citeproc", f"--lua-filter={PAPER / 'filter.lua'}"]
    # a copy beside the text: Word's file keeps the path, which must be the same wherever the checkout lies
    shutil.copyfile(PAPER / "references.bib", source.parent / "references.bib")
    shared += ["--bibliography=references.bib", "--metadata=link-citations=true", "--fail-if-warnings"]
    _run([source.name, *shared, *more, "-o", f"{source.stem}.{kind}"], source.parent)


def _run(arguments: list[str], folder: Path) -> bytes:
    import pypandoc

    done = subprocess.run(
        [pypandoc.get_pandoc_path(), *arguments],
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise PaperError([f"pandoc: {done.stderr.decode().strip()}"])
    return done.stdout


def main() -> None:
    """Build, or say every reason why not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "build" / "paper")
    parser.add_argument("--results", type=Path, default=ROOT / "simulations" / "results")
    parser.add_argument("--keep-figures", action="store_true", help="use the figures that are there, if none is stale")
    parser.add_argument("--final", action="store_true", help="refuse references whose details are still to come")
    given = parser.parse_args()
    try:
        build(given.output.resolve(), given.results, keep_figures=given.keep_figures, final=given.final)
    except PaperError as error:
        sys.exit(f"The paper was not built. Faults: {len(error.faults)}.\n" + "\n".join(error.faults))
    for name in DOCUMENTS:
        for kind in ("pdf", "docx"):
            print(given.output / name / f"{name}.{kind}")


if __name__ == "__main__":
    main()

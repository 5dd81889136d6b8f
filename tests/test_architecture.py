"""The architecture page says what the tests enforce: layers, what is fenced to whom, and files that exist."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from test_layers import BELOW, FENCED, FROM_LAYER, LAYERS, SIDEWAYS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Cells of the first table whose head begins so."""
    lines = PAGE.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"| {heading}"))
    found = []
    for line in lines[at + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_layers_are_those_that_are_enforced() -> None:
    told = {unit: int(number) for number, units, *_ in rows("layer") for unit in names(units)}
    assert told == LAYERS
    for number, units, sees, _ in rows("layer"):
        allowed = set(range(9)) if sees == "all" else {int(n) for n in re.findall(r"\d", sees)}
        for unit in names(units):
            # a unit may be held to less than its layer; never to more
            assert BELOW.get(unit, allowed if number in ("0", "8") else set()) <= allowed, unit
        if number not in ("0", "8"):
            assert allowed in [BELOW[unit] for unit in names(units)]


def test_what_is_sideways_is_told() -> None:
    assert {names(unit)[0]: set(names(seen)) for unit, seen in rows("unit")} == SIDEWAYS


def test_fences_are_those_that_are_enforced() -> None:
    told = {library: set(names(units)) for libraries, units in rows("library") for library in names(libraries)}
    assert told == FENCED
    assert "`pandas` and\n`scipy` from layer 1 on" in PAGE
    assert FROM_LAYER == {"numpy": 0, "pandas": 1, "scipy": 1}


def test_the_nouns_are_made_where_it_says() -> None:
    for _, _, makers, _ in rows("step"):
        for maker in names(makers):
            module, _, name = maker.rpartition(".")
            if module == "fitting":
                importlib.import_module(f"missingmodels.{maker}")
            else:
                assert callable(getattr(importlib.import_module(f"missingmodels.{module}"), name)), maker


def test_files_and_folders_that_it_names_are_there() -> None:
    for name in re.findall(r"`(tests/[^`]+)`", PAGE):
        assert (ROOT / name).exists(), name
    for folders, *_ in rows("folder"):
        for name in names(folders):
            assert (ROOT / "src" / "missingmodels" / name).is_dir(), name
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target

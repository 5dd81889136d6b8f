"""One label a quantity: whatever names a scalar to a reader takes its words from the vocabulary."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import missingmodels
from missingmodels.fitting.families.outcomes_summary import TOLD
from missingmodels.report.pages.official import SCALES
from missingmodels.vocabulary import QUANTITIES, SCALARS

# How labels of spreads, shapes, shares and the like begin; names of estimands and units of measure do not.
WORDS = re.compile(r"^(sd|spread|shape|gamma shape|rate|share|pairs|leaving|co-residents|episodes)\b.* ")
SOURCE = Path(missingmodels.__file__).parent


def test_every_scalar_that_is_told_has_its_one_label() -> None:
    for name in (*SCALARS, *TOLD, *SCALES):
        assert QUANTITIES[name].label, name


def test_no_other_module_gives_a_scalar_a_label_of_its_own() -> None:
    """A dictionary from a scalar's name to a text, or to a tuple that holds one."""
    scalars = {name for name in QUANTITIES if name.startswith("sigma_") or name in {*SCALARS, *TOLD}}
    found = []
    for path in SOURCE.rglob("*.py"):
        if "vocabulary" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                found += [f"{path.name}: {k.value}" for k, v in pairs if _is_named(k, scalars) and _is_label(v)]
    assert found == []


def _is_named(key: ast.expr | None, names: set[str]) -> bool:
    parts = key.elts if isinstance(key, ast.Tuple) else [key]
    return any(isinstance(part, ast.Constant) and part.value in names for part in parts)


def _is_label(value: ast.expr) -> bool:
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return any(WORDS.search(text) for text in texts)

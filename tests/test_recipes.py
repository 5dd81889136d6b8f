"""Every recipe of a tracked result still finds what it imports."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[1] / "simulations"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.py")), ids=lambda path: path.stem)
def test_a_recipe_can_be_imported(path, monkeypatch):
    monkeypatch.syspath_prepend(str(RECIPES))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    known = set(sys.modules)
    try:
        importlib.import_module(path.stem)
    finally:
        for name in set(sys.modules) - known:
            if (RECIPES / f"{name}.py").exists():
                del sys.modules[name]

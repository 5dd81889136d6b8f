"""Who may import which: the layer table of the architecture, held against every import statement of the package.

Reading "0-1, 3-4" as it is drawn: a module sees the units of the layers named, the modules of its own unit, and nothing
else. Within layer 1 ``config`` and ``sources`` lie below ``plan`` and ``scenario``; all four lie beside ``tables``, and
``writing`` and ``records`` below it.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(importlib.util.find_spec("missingmodels").origin).parent

# Every unit (a folder or a module beside it) and its layer.
LAYERS = {
    "errors": 0,
    "intervals": 0,
    "vocabulary": 0,
    "provenance": 0,
    "terminal": 0,
    "caches": 0,
    "compiled": 0,
    "formula": 0,
    "parameters": 0,
    "recording": 0,
    "side_by_side": 0,
    "writing": 1,
    "tables": 1,
    "config": 1,
    "records": 1,
    "sources": 1,
    "targets": 1,
    "plan": 1,
    "scenario": 1,
    "presets": 1,
    "extract": 2,
    "simulate": 2,
    "export": 2,
    "frame": 3,
    "models": 4,
    "fitting": 5,
    "evidence": 6,
    "disclosure": 6,
    "report": 7,
    "figures": 7,
    # Wiring: runs, studies and the command line see all.
    "publish": 8,
    "runs": 8,
    "studies": 8,
    "cli": 8,
    "__main__": 8,
}
BELOW = {
    "recording": {0},
    "compiled": {0},
    "writing": {0},
    "tables": {0},
    "config": {0},
    "records": {0},
    "sources": {0},
    "targets": {0},
    "plan": {0},
    "scenario": {0},
    "presets": {0},
    "extract": {0, 1},
    "simulate": {0, 1},
    "export": {0, 1},
    "frame": {0, 1},
    "models": {0, 1, 3},
    "fitting": {0, 1, 3, 4},
    "evidence": {0, 1, 3, 4, 5},
    "disclosure": {0, 1},
    "report": {0, 1, 6},
    "figures": {0, 1, 6},
}
# Sideways, and on purpose: what a plan and a scenario are made of, and the labelled chance of exported files.
SIDEWAYS = {
    "tables": {"writing", "records"},
    "plan": {"config", "sources"},
    "scenario": {"config", "sources"},
    "presets": {"config", "plan", "scenario"},
    "export": {"simulate"},
    "disclosure": {"evidence"},
    "figures": {"report"},
}
# The one named door through which evidence may re-run a world; it stays shut until it is written.
DOOR = ("evidence.effects.dynamic", "simulate")

# A third party may be imported in these units only. Pure array libraries may be anywhere above the layer named.
FENCED = {
    "pandera": {"tables"},
    "pydantic": {"config", "records", "plan", "scenario", "studies", "tables", "evidence", "disclosure"},
    "pyarrow": {"tables", "studies"},
    "networkx": {"simulate", "extract", "report"},
    "duckdb": {"extract"},
    "lac_validator": {"extract"},
    "polars": {"extract"},
    "openpyxl": {"extract"},
    "python_calamine": {"extract"},
    "defusedxml": {"extract"},
    "formulae": {"frame"},
    "pymc": {"models", "fitting"},
    "pytensor": {"models", "fitting"},
    "nutpie": {"fitting"},
    "numba": {"compiled", "fitting", "simulate"},
    "threadpoolctl": {"fitting"},
    "arviz": {"fitting", "evidence"},
    "xarray": {"evidence", "fitting", "report"},
    "h5py": {"fitting"},
    "h5netcdf": {"fitting"},
    "matplotlib": {"report", "figures"},
    "great_tables": {"publish"},
    "docx": {"publish"},
    "arviz_plots": {"report"},
    "jinja2": {"report"},
    "markupsafe": {"report"},
    "rich": {"terminal", "cli"},
    "dask": {"studies", "cli"},
    "distributed": {"studies"},
    "typer": {"studies", "cli"},
}
FROM_LAYER = {"numpy": 0, "pandas": 1, "scipy": 1}


@functools.cache
def modules():
    """Name below the package, and syntax tree, of every module."""
    return tuple(_parsed())


def _parsed():
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), ast.parse(path.read_text(encoding="utf-8"))


def imported(name, tree, *, is_package=False):
    """Full names that a module imports, wherever the statement stands; relative ones resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = ["missingmodels", *name.split(".")]
                keep = parts[: len(parts) - node.level + is_package]
                base = ".".join([*keep, *([base] if base else [])])
            yield base
            if base == "missingmodels":
                yield from (f"missingmodels.{alias.name}" for alias in node.names)


def unit_of(name):
    return name.split(".")[0]


def faults_of(name, tree, *, is_package=False):
    """Every import of one module that the table forbids, in words."""
    unit = unit_of(name)
    if unit not in LAYERS:
        return [f"{name}: the unit {unit!r} is new: declare its layer in LAYERS and in the architecture"]
    faults = []
    for full in imported(name, tree, is_package=is_package):
        top, *rest = full.split(".")
        if top != "missingmodels":
            if top in FENCED and unit not in FENCED[top]:
                faults.append(f"{name} imports {top}, which is fenced to {', '.join(sorted(FENCED[top]))}")
            elif top in FROM_LAYER and LAYERS[unit] < FROM_LAYER[top]:
                faults.append(f"{name} imports {top}, which begins at layer {FROM_LAYER[top]}")
            elif top not in FENCED and top not in FROM_LAYER and top not in sys.stdlib_module_names:
                faults.append(f"{name} imports {top}, a third party without a place in the table")
            continue
        if not rest:
            continue
        target = rest[0]
        if target not in LAYERS:
            faults.append(f"{name} imports {full}: declare the layer of {target!r}")
        elif target == unit or LAYERS[unit] == 8 or target in SIDEWAYS.get(unit, ()) or (name, target) == DOOR:
            continue
        elif LAYERS[target] not in BELOW.get(unit, ()):
            way = (
                "sideways" if LAYERS[target] == LAYERS[unit] else "upward" if LAYERS[target] > LAYERS[unit] else "past"
            )
            faults.append(f"{name} (layer {LAYERS[unit]}) imports {full} (layer {LAYERS[target]}): {way}")
    return faults


def test_every_module_keeps_to_its_layer():
    packages = {path.parent for path in SOURCE.rglob("__init__.py")}
    faults = []
    for name, tree in modules():
        if not name:
            continue  # the package's own __init__ names the public objects; see below
        faults += faults_of(name, tree, is_package=SOURCE.joinpath(*name.split(".")) in packages)
    assert faults == []


def test_the_package_itself_imports_nothing_of_its_own_on_import():
    """Its public names load on first use, so the core stays importable without the shell; type checkers see more."""
    program = "import sys, missingmodels; print(*(n for n in sys.modules if n.startswith('missingmodels.')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(("one", "other"), [("simulate", "models"), ("models", "simulate"), ("frame", "simulate")])
def test_the_two_bans_that_carry_the_science(one, other):
    """Through any chain of imports, not only directly."""
    graph = {}
    for name, tree in modules():
        graph.setdefault(unit_of(name), set()).update(
            full.split(".")[1] for full in imported(name, tree) if full.startswith("missingmodels.")
        )
    reached, todo = set(), [one]
    while todo:
        for unit in graph.get(todo.pop(), set()) - reached:
            reached.add(unit)
            todo.append(unit)
    assert reached  # the search follows something
    assert other not in reached


@pytest.mark.parametrize(
    ("name", "line", "why"),
    [
        ("frame.rows", "from missingmodels.simulate.world import World", "past"),
        ("frame.rows", "from missingmodels.models.priors.law import Prior", "upward"),
        ("extract.returns.ssda903", "import missingmodels.simulate.world", "sideways"),
        ("simulate.world", "from missingmodels.models import onset", "upward"),
        ("models.onset", "from missingmodels import simulate", "past"),
        ("models.onset", "from ..simulate import world", "past"),
        ("tables.check", "from missingmodels.plan import Plan", "sideways"),
        ("intervals", "def f():\n    import pandas", "begins at layer 1"),
        ("parameters", "from missingmodels.tables import Tables", "upward"),
        ("report.html", "from missingmodels.fitting.fit import Fit", "past"),
        ("evidence.scores.elpd", "from missingmodels.simulate.world import World", "past"),
        ("simulate.world", "import pymc as pm", "fenced to"),
        ("frame.rows", "import pandera.pandas", "fenced to"),
        ("evidence.rows", "import seaborn", "without a place"),
        ("brandnew", "import numpy", "declare its layer"),
        ("cli", "from missingmodels.brandnew import x", "declare the layer"),
    ],
)
def test_a_forbidden_import_is_told(name, line, why):
    faults = faults_of(name, ast.parse(line))
    assert len(faults) == 1
    assert why in faults[0]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("models.onset", "from missingmodels.frame.design import Design"),
        ("models.onset", "from .priors import Prior"),
        ("evidence.effects.dynamic", "from missingmodels.simulate.world import World"),
        ("plan", "from missingmodels.config import Config"),
        ("cli", "from missingmodels.simulate.world import World"),
        ("frame.rows", "import pandas as pd, re"),
    ],
)
def test_an_allowed_import_passes(name, line):
    assert faults_of(name, ast.parse(line)) == []


CORE = (
    "intervals",
    "provenance",
    "parameters",
    "recording",
    "sources",
    "targets",
    "frame.columns.of_peers.exposure",
    "simulate.run",
)


@pytest.mark.parametrize("name", CORE)
def test_the_array_core_runs_without_the_labelled_shell(name):
    """Architecture, test 0: no pandera, pydantic or formulae; and the core needs no pandas either."""
    program = f"""
import sys
for blocked in ("pandera", "pydantic", "formulae", "pandas", "pymc"):
    sys.modules[blocked] = None
import missingmodels.{name}
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

"""Multilevel Bayesian models of missing-from-care episodes in children's homes.

The public names, in the order of the data's way: simulate or import, Tables, plan, answer, evidence, report.
They are loaded on first use, so that ``import missingmodels`` costs nothing.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if not all(os.access(folder, os.W_OK | os.X_OK) for folder in (*__path__, os.environ.get("HOME", ""))):
    # before numba, PyTensor or matplotlib is imported, whoever imports it
    importlib.import_module(f"{__name__}.caches").settle()

if TYPE_CHECKING:
    from missingmodels.errors import MissingModelsError
    from missingmodels.evidence.record import Evidence, read_evidence, write_evidence
    from missingmodels.extract.combine903 import combine_returns
    from missingmodels.extract.return903 import read_return
    from missingmodels.extract.ssda903 import read_ssda903
    from missingmodels.fit.fit import Fit
    from missingmodels.fit.rows import fit_rows
    from missingmodels.fit.store import read_fit, write_fit
    from missingmodels.pipeline import Answer, answer
    from missingmodels.plan import Plan
    from missingmodels.presets import load_plan, load_scenario
    from missingmodels.report.html import write_report
    from missingmodels.scenario import Scenario
    from missingmodels.simulate.world import World, simulate_world
    from missingmodels.tables import Tables, check_tables, make_tables, read_tables, write_tables

_HOMES = {
    "load_scenario": "presets",
    "Scenario": "scenario",
    "simulate_world": "simulate.world",
    "World": "simulate.world",
    "read_ssda903": "extract.ssda903",
    "read_return": "extract.return903",
    "combine_returns": "extract.combine903",
    "Tables": "tables",
    "make_tables": "tables",
    "check_tables": "tables",
    "read_tables": "tables",
    "write_tables": "tables",
    "load_plan": "presets",
    "Plan": "plan",
    "answer": "pipeline",
    "Answer": "pipeline",
    "fit_rows": "fit.rows",
    "Fit": "fit.fit",
    "read_fit": "fit.store",
    "write_fit": "fit.store",
    "Evidence": "evidence.record",
    "read_evidence": "evidence.record",
    "write_evidence": "evidence.record",
    "write_report": "report.html",
    "MissingModelsError": "errors",
}

__all__ = [  # noqa: RUF022 (the order of the data's way)
    "load_scenario",
    "Scenario",
    "simulate_world",
    "World",
    "read_ssda903",
    "read_return",
    "combine_returns",
    "Tables",
    "make_tables",
    "check_tables",
    "read_tables",
    "write_tables",
    "load_plan",
    "Plan",
    "answer",
    "Answer",
    "fit_rows",
    "Fit",
    "read_fit",
    "write_fit",
    "Evidence",
    "read_evidence",
    "write_evidence",
    "write_report",
    "MissingModelsError",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

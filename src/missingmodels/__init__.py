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
    from missingmodels import figures as figures
    from missingmodels.errors import MissingModelsError
    from missingmodels.evidence.effects.estimands import expected_rate, rate_ratio
    from missingmodels.evidence.prior_check import check_priors
    from missingmodels.evidence.record import Evidence, read_evidence, write_evidence
    from missingmodels.export.files import export_files
    from missingmodels.extract.ofsted.homes import add_homes
    from missingmodels.extract.ofsted.lists import read_ofsted_list
    from missingmodels.extract.returns.one_return import read_return
    from missingmodels.extract.returns.ssda903 import read_ssda903
    from missingmodels.extract.returns.together.combine import combine_returns
    from missingmodels.extract.staff.staffing import read_staffing
    from missingmodels.fitting.families.rows import fit_rows
    from missingmodels.fitting.result import Fit
    from missingmodels.fitting.stores.store import read_fit, write_fit
    from missingmodels.frame.describe import describe
    from missingmodels.models.build import build_model
    from missingmodels.models.priors.law import Prior
    from missingmodels.models.term import GroupEffect, Term
    from missingmodels.plan import Plan
    from missingmodels.presets import load_plan, load_scenario
    from missingmodels.report.html import write_report
    from missingmodels.runs.answer import answer, prepare
    from missingmodels.runs.fitted import fit
    from missingmodels.runs.importing import write_import, write_staffing
    from missingmodels.runs.robust import robustness
    from missingmodels.scenario import Scenario
    from missingmodels.simulate.world import simulate_world
    from missingmodels.studies.questions.asked import power
    from missingmodels.tables import Tables, check_tables, make_tables, read_tables, write_tables

_HOMES = {
    "load_scenario": "presets",
    "Scenario": "scenario",
    "simulate_world": "simulate.world",
    "export_files": "export.files",
    "read_ssda903": "extract.returns.ssda903",
    "read_return": "extract.returns.one_return",
    "combine_returns": "extract.returns.together.combine",
    "read_ofsted_list": "extract.ofsted.lists",
    "add_homes": "extract.ofsted.homes",
    "read_staffing": "extract.staff.staffing",
    "write_import": "runs.importing",
    "write_staffing": "runs.importing",
    "Tables": "tables",
    "make_tables": "tables",
    "check_tables": "tables",
    "read_tables": "tables",
    "write_tables": "tables",
    "describe": "frame.describe",
    "load_plan": "presets",
    "Plan": "plan",
    "prepare": "runs.answer",
    "check_priors": "evidence.prior_check",
    "fit": "runs.fitted",
    "fit_rows": "fitting.families.rows",
    "build_model": "models.build",
    "Term": "models.term",
    "GroupEffect": "models.term",
    "Prior": "models.priors.law",
    "Fit": "fitting.result",
    "read_fit": "fitting.stores.store",
    "write_fit": "fitting.stores.store",
    "rate_ratio": "evidence.effects.estimands",
    "expected_rate": "evidence.effects.estimands",
    "answer": "runs.answer",
    "Evidence": "evidence.record",
    "read_evidence": "evidence.record",
    "write_evidence": "evidence.record",
    "robustness": "runs.robust",
    "write_report": "report.html",
    "power": "studies.questions.asked",
    "MissingModelsError": "errors",
}

__all__ = [  # noqa: RUF022 (the order of the data's way)
    "load_scenario",
    "Scenario",
    "simulate_world",
    "export_files",
    "read_ssda903",
    "read_return",
    "combine_returns",
    "read_ofsted_list",
    "add_homes",
    "read_staffing",
    "write_import",
    "write_staffing",
    "Tables",
    "make_tables",
    "check_tables",
    "read_tables",
    "write_tables",
    "describe",
    "load_plan",
    "Plan",
    "prepare",
    "check_priors",
    "fit",
    "fit_rows",
    "build_model",
    "Term",
    "GroupEffect",
    "Prior",
    "Fit",
    "read_fit",
    "write_fit",
    "rate_ratio",
    "expected_rate",
    "answer",
    "Evidence",
    "read_evidence",
    "write_evidence",
    "robustness",
    "write_report",
    "power",
    "MissingModelsError",
]


_MODULES = ("figures",)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])

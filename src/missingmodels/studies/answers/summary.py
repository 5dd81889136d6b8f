"""What a study's rows say: measures of every cell, solutions, failures; as one record that report and JSON share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.evidence.decisions import NEGLIGIBLE, SUPPORTED, kind_of_verdict
from missingmodels.provenance import versions
from missingmodels.studies.answers.lead import beside, lead
from missingmodels.studies.answers.measures import MEANINGS, cell_measures, mean
from missingmodels.studies.answers.solutions import solutions
from missingmodels.studies.answers.text import solution_sentence
from missingmodels.studies.computing.rows import FITTED, no_estimand, no_truth
from missingmodels.studies.computing.schedule import Schedule
from missingmodels.studies.computing.store import Store
from missingmodels.studies.questions.estimands import LABELS
from missingmodels.studies.questions.grid import Cell, Grid
from missingmodels.studies.questions.study import AT_A_LOOK, MEASURED, Study
from missingmodels.studies.run import known_schedule
from missingmodels.vocabulary import unit_label

FORMAT = "missingmodels-study-summary-1"


def summarise(store: Store) -> dict[str, Any]:
    """The record of a study as far as it has come."""
    grid, schedule = store.grid, known_schedule(store)
    out: dict[str, Any] = {
        "format": FORMAT,
        "name": grid.study.name,
        "question": grid.study.question,
        "kind": grid.study.kind,
        "assurance": grid.study.averaged,
        "complete": schedule.complete,
        "axes": {name: list(dict.fromkeys(values)) for name, values in grid.study.grid_fields.items()},
        "prior": {name: law.model_dump(exclude_none=True) for name, law in grid.study.prior.items()},
        "digest": grid.digest,
        "versions": versions(),
        "record": grid.record(),
    }
    rows = [store.rows(schedule.counted(cell.index)) for cell in grid.cells]
    cells = [_cell(cell, held, schedule) for cell, held in zip(grid.cells, rows, strict=True)]
    out["cells"] = cells
    out["seconds_per_replicate"] = _seconds(rows)
    if grid.study.kind == "power":
        return with_lead(out | _power(grid, rows, cells))
    from missingmodels.studies.calibration import uniformity

    for shown, held in zip(cells, rows, strict=True):
        shown["ranks"] = uniformity(held) if len(held) else {}
    return out


def with_lead(found: dict[str, Any]) -> dict[str, Any]:
    """A summary with its answer in sentences, and what stands beside power."""
    return found | {"lead": lead(found), "beside": beside(found)}


def _cell(cell: Cell, rows: pd.DataFrame, schedule: Schedule) -> dict[str, Any]:
    one = rows.drop_duplicates("replicate") if len(rows) else rows
    settings = schedule.settings
    done = len(one)
    more = schedule.missing(cell.index)
    why = f"{len(more)} batches to come" if more else "all asked for" if done >= settings.at_most else "precise enough"
    return {
        "index": cell.index,
        "at": dict(cell.at),
        "replicates": done,
        "stopped": why,
        "statuses": {str(k): int(v) for k, v in one["status"].value_counts().items()} if done else {},
        "remarks": _remarks(one),
        "children": float(one["children"].mean()) if done else None,
        "episodes": float(one["onsets"].mean()) if done else None,
    }


def _remarks(rows: pd.DataFrame, most: int = 3) -> dict[str, int]:
    """The commonest reasons of failure, figures taken out so that like counts with like."""
    if not len(rows):
        return {}
    failed = rows.loc[rows["status"] != FITTED, "remark"].str.replace(r"(?<!\w)-?\d+(\.\d+)?", "…", regex=True)
    return {str(k): int(v) for k, v in failed.value_counts().head(most).items()}


def _seconds(rows: Sequence[pd.DataFrame]) -> float | None:
    held = [r.drop_duplicates("replicate")["seconds"] for r in rows if len(r)]
    return round(float(pd.concat(held).median()), 4) if held else None


def _power(grid: Grid, rows: Sequence[pd.DataFrame], cells: list[dict[str, Any]]) -> dict[str, Any]:
    study = grid.study
    rules = [*grid.rules(grid.cells[0]), *([own_rule(grid)] if own_rule(grid) else [])]
    rules += [AT_A_LOOK] if study.looks else []
    names = [(q, r) for q in study.ask.quantities for r in rules]
    for of_grid, cell, held in zip(grid.cells, cells, rows, strict=True):
        asked = of_grid.plan.exposure
        why = {q: no_truth(q, of_grid.scenario, asked) for q in grid.study.ask.quantities}
        cell["measures"] = [
            {"quantity": q, "rule": r, **_measured(of_rule(held, q, r), why[q], study)} for q, r in names if len(held)
        ]
        lacking = no_estimand(of_grid.scenario, asked, grid.exposure)
        cell["estimands"] = [
            {"quantity": q, **_estimated(of_rule(held, q, "plan"), lacking, study)}
            for q in study.ask.estimands
            if len(held)
        ]
        cell["numbers"] = _numbers(held)
    solved = solutions(grid, cells)
    return {
        "quantities": {q: _label(grid, q) for q in grid.study.ask.quantities},
        "rules": {name: rule.model_dump() for name, rule in grid.rules(grid.cells[0]).items()}
        | {name: {} for name in rules if name not in grid.rules(grid.cells[0])},
        "estimands": {q: LABELS[q] for q in study.ask.estimands},
        "asked": dict(grid.asked),
        "meanings": MEANINGS,
        "solutions": solved,
        "sentences": [solution_sentence(s) for s in solved],
    }


def of_rule(rows: pd.DataFrame, quantity: str, rule: str) -> pd.DataFrame:
    """The rows of a quantity under a rule."""
    return rows[(rows["quantity"] == quantity) & (rows["rule"] == rule)]


def own_rule(grid: Grid) -> str:
    """Name of the rule that is a function of one's own, from what was written down of it; empty without one."""
    held = grid.asked.get("decide")
    name = held["function"].rpartition(".")[2] if held else ""
    return "own" if name == "<lambda>" else name


def _numbers(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Numbers of one's own: mean with its Monte Carlo error, and the middle nine tenths of the worlds."""
    if not len(rows):
        return []
    out = []
    for name, held in rows[rows["rule"] == MEASURED].groupby("quantity", sort=True):
        values = held["estimate"].to_numpy(float)
        low, high = np.quantile(values, [0.05, 0.95])
        out.append({"name": str(name), **mean(values).as_dict(), "low": float(low), "high": float(high)})
    return out


def _estimated(rows: pd.DataFrame, why: str, study: Study) -> dict[str, Any]:
    """Measures of an estimand: those that no rule has a say in."""
    found = _measured(rows, why, study)
    return {name: found[name] for name in ("truth", "failed", "bias", "coverage", "width")}


def _measured(rows: pd.DataFrame, why: str, study: Study) -> dict[str, Any]:
    expected = rows.loc[rows["expected"] != "", "expected"]
    sure = rows["supported_probability"].dropna()
    found = cell_measures(
        fitted=(rows["status"] == FITTED).to_numpy(),
        supported=(rows["verdict"].map(kind_of_verdict) == SUPPORTED).to_numpy(),
        negligible=(rows["verdict"] == NEGLIGIBLE).to_numpy(),
        expected_above=expected.empty or bool(expected.iloc[0] == "above"),
        truth=rows["truth"].to_numpy(float),
        estimate=rows["estimate"].to_numpy(float),
        low=rows["low"].to_numpy(float),
        high=rows["high"].to_numpy(float),
        probability_above=rows["probability_above"].to_numpy(float),
        sure=float(sure.iloc[0]) if len(sure) else math.nan if (rows["verdict"] != "").any() else 1.0,
        narrow=study.solve.width if study.solve else None,
        **({"no_truth": why} if why else {}),
    )
    stopped = rows["stopped_day"].dropna().to_numpy(float) if "stopped_day" in rows else np.zeros(0)
    if stopped.size:
        found["stopped_day"] = mean(stopped)
    truth = rows["truth"].mean()
    return {"truth": None if math.isnan(truth) else float(truth)} | {k: m.as_dict() for k, m in found.items()}


def _label(grid: Grid, quantity: str) -> str:
    own = next((held for cell in grid.cells for name, held in cell.scenario.own.items() if name == quantity), None)
    return (own.meaning if own else "") or unit_label(quantity)

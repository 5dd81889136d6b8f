"""What a study's rows say: measures of every cell, solutions, failures; as one record that report and JSON share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.evidence.decisions import NEGLIGIBLE, SUPPORTED, kind_of_verdict
from missingmodels.provenance import versions
from missingmodels.studies.grid import Cell, Grid
from missingmodels.studies.measures import MEANINGS, cell_measures
from missingmodels.studies.replicate import FITTED, no_truth
from missingmodels.studies.run import known_schedule
from missingmodels.studies.schedule import Schedule
from missingmodels.studies.solver import Solution, cheapest, cost_of, solve
from missingmodels.studies.store import Store
from missingmodels.studies.text import solution_sentence
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
        "axes": {name: list(values) for name, values in grid.study.axes.items()},
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
        return out | _power(grid, rows, cells)
    from missingmodels.studies.calibration import uniformity

    for shown, held in zip(cells, rows, strict=True):
        shown["ranks"] = uniformity(held) if len(held) else {}
    return out


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
    names = [(q, r) for q in grid.study.ask.quantities for r in ("plan", *grid.study.rules)]
    for of_grid, cell, held in zip(grid.cells, cells, rows, strict=True):
        asked = of_grid.plan.exposure
        why = {q: no_truth(q, of_grid.scenario, asked) for q in grid.study.ask.quantities}
        cell["measures"] = [
            {"quantity": q, "rule": r, **_measured(held[(held["quantity"] == q) & (held["rule"] == r)], why[q])}
            for q, r in names
            if len(held)
        ]
    solved = solutions(grid, cells)
    return {
        "quantities": {q: _label(grid, q) for q in grid.study.ask.quantities},
        "rules": {name: rule.model_dump() for name, rule in grid.rules(grid.cells[0]).items()},
        "meanings": MEANINGS,
        "solutions": solved,
        "sentences": [solution_sentence(s) for s in solved],
    }


def _measured(rows: pd.DataFrame, why: str) -> dict[str, Any]:
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
        sure=float(sure.iloc[0]) if len(sure) else 1.0,
        **({"no_truth": why} if why else {}),
    )
    truth = rows["truth"].mean()
    return {"truth": None if math.isnan(truth) else float(truth)} | {k: m.as_dict() for k, m in found.items()}


def solutions(grid: Grid, cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The size asked for, at every value of the other axes, for every quantity under the plan's rule."""
    asked = grid.study.solve
    if asked is None:
        return []
    both = {"homes.count", "days"} <= set(grid.study.axes) and grid.study.cost is not None
    groups: dict[str, list[dict[str, Any]]] = {}
    for cell in cells:
        others = {k: v for k, v in cell["at"].items() if k != asked.size and not (both and k == "days")}
        groups.setdefault(repr(others), []).append(cell | {"others": others})
    made = []
    for held in groups.values():
        for quantity in grid.study.ask.quantities:
            pairs = [
                (c, m) for c in held for m in c.get("measures", ()) if (m["quantity"], m["rule"]) == (quantity, "plan")
            ]
            counts = np.array([m["power"]["count"] for _, m in pairs])
            hits = np.array([round((m["power"]["value"] or 0) * m["power"]["count"]) for _, m in pairs])
            head = {"quantity": quantity, "others": held[0]["others"], "size": asked.size, "assurance": asked.assurance}
            at = {name: np.array([float(c["at"].get(name, 0)) for c, _ in pairs]) for name in ("homes.count", "days")}
            made.append(head | _solved(grid, at, hits, counts, both=both))
    return made


def _solved(grid: Grid, at: dict[str, Any], hits: Any, counts: Any, *, both: bool) -> dict[str, Any]:
    asked, cost = grid.study.solve, grid.study.cost
    assert asked is not None
    if both and cost is not None:
        try:
            best = cheapest(
                at["homes.count"], at["days"], hits, counts, assurance=asked.assurance, prices=cost.model_dump()
            )
        except ValueError as error:
            return {"why_not": str(error)}
        return {"cheapest": best} if best else {"why_not": "the cells do not show that power rises with homes"}
    sizes = at[asked.size]
    try:
        found = {
            s: solve(sizes, hits, counts, assurance=asked.assurance, mass=asked.interval_mass, scale=s) for s in _SCALES
        }
    except ValueError as error:
        return {"why_not": str(error)}
    main, other = found["sqrt"], found["log"]
    out = {
        "answer": _finite(main.size),
        "at_most": main.at_most,
        "low": _finite(main.low),
        "high": _finite(main.high),
        "interval_mass": asked.interval_mass,
        "answer_on_log_scale": _finite(other.size),
        "beyond_what_was_run": main.beyond,
        "misfit": _finite(main.curve.misfit),
        "sizes": sizes.tolist(),
        "share": (hits / np.maximum(counts, 1)).tolist(),
        "count": counts.tolist(),
        "curve": _drawn(main, sizes, asked.interval_mass),
    }
    if cost is not None and math.isfinite(main.size):
        homes = main.size if asked.size == "homes.count" else float(grid.cells[0].scenario.homes.count)
        days = main.size if asked.size == "days" else float(grid.cells[0].scenario.days)
        out["cost"] = cost_of(math.ceil(homes), math.ceil(days), **cost.model_dump())
    return out


_SCALES: tuple[Any, ...] = ("sqrt", "log")


def _drawn(found: Solution, sizes: Any, mass: float) -> dict[str, list[float]]:
    """The curve with its band, over what was run and the answer if it is not far off."""
    last = float(sizes.max())
    if found.size <= 2 * last:
        last = max(last, 1.1 * found.size)
    x = np.linspace(float(sizes.min()) * 0.6, last, 120)
    low, high = found.curve.band(mass, x)
    return {"size": x.tolist(), "share": found.curve.assurance(x).tolist(), "low": low.tolist(), "high": high.tolist()}


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _label(grid: Grid, quantity: str) -> str:
    own = next((held for cell in grid.cells for name, held in cell.scenario.own.items() if name == quantity), None)
    return (own.meaning if own else "") or unit_label(quantity)

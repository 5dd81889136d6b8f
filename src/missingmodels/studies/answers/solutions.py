"""The sizes that a study asks for: the smallest with a stated assurance, or the cheapest, at each point of the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from missingmodels.studies.answers.solver import Solution, cheapest, cost_of, solve
from missingmodels.studies.questions.grid import Grid


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
            goal = "power" if asked.width is None else "precise"
            counts = np.array([m[goal]["count"] for _, m in pairs])
            hits = np.array([round((m[goal]["value"] or 0) * m[goal]["count"]) for _, m in pairs])
            head = {"quantity": quantity, "others": held[0]["others"], "size": asked.size, "assurance": asked.assurance}
            head |= {} if asked.width is None else {"width": asked.width}
            at = {name: np.array([float(c["at"].get(name, 0)) for c, _ in pairs]) for name in ("homes.count", "days")}
            children = np.array([float(c["children"] or 0) for c, _ in pairs])
            made.append(head | _solved(grid, at | {"children": children}, hits, counts, both=both))
    return made


def _solved(grid: Grid, at: dict[str, Any], hits: Any, counts: Any, *, both: bool) -> dict[str, Any]:
    asked, cost = grid.study.solve, grid.study.cost
    assert asked is not None
    if both and cost is not None:
        try:
            best = cheapest(
                at["homes.count"],
                at["days"],
                hits,
                counts,
                assurance=asked.assurance,
                prices=cost.model_dump(),
                children=_children(grid, at),
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
        homes, days = math.ceil(homes), math.ceil(days)
        out["cost"] = cost_of(homes, days, children=_children(grid, at)(homes, days), **cost.model_dump())
    return out


def _children(grid: Grid, at: dict[str, Any]) -> Callable[[float, float], float]:
    """Children in the record of so many homes and days: a home's, straight in days through the cells that were run."""
    scenario = grid.cells[0].scenario
    homes = np.where(at["homes.count"] > 0, at["homes.count"], scenario.homes.count)
    days = np.where(at["days"] > 0, at["days"], scenario.days)
    a_home = at["children"] / homes
    x = np.column_stack([np.ones(days.size), days - days.mean()])
    beta, *_ = np.linalg.lstsq(x, a_home, rcond=None)
    return lambda h, d: float(h * (beta[0] + beta[1] * (d - days.mean())))


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

"""The explorer's page: the surrogate's numbers and a script that evaluates them, in one file that needs no network."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.errors import InputError
from missingmodels.report.pages.explorer import explorer_html
from missingmodels.studies.explorer.factors import FACTORS
from missingmodels.studies.explorer.surrogate import (
    BURN_IN_DAYS,
    CENTRE,
    MASS,
    fit_surrogate,
    held_out,
)

NEEDED = ("worlds", "fitted", "supported", "log_width_mean", "log_width_sd")
GRID, RECORD = "grid.csv", "grid.json"
_START = {"days": 393, "effect": 0.262, "rate": 1.9, "frailty": 0.5, "unseen": 0.0, "shock": 0.0}


def tracked_grid() -> tuple[pd.DataFrame, dict[str, Any]]:
    """The package's own grid and the record of how it was made."""
    folder = resources.files("missingmodels.studies.explorer")
    with folder.joinpath(GRID).open(encoding="utf-8") as held:
        cells = pd.read_csv(held)
    return cells, json.loads(folder.joinpath(RECORD).read_text(encoding="utf-8"))


def read_grid(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A grid that was collected elsewhere, and the record beside it. Raises InputError."""
    try:
        cells = pd.read_csv(path)
        record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"it is no grid of the explorer ({error})",
            where=str(path),
            remedy="give the table that simulations/explorer_grid.py --collect writes, its record beside it",
        ) from error
    lacking = [name for name in (*(f.name for f in FACTORS), *NEEDED) if name not in cells]
    if lacking or not isinstance(record, dict) or not {"planned", "digest"} <= set(record):
        what = f"lacks the columns {', '.join(lacking)}" if lacking else "its record does not say what was planned"
        raise InputError(f"the grid {what}", where=str(path), remedy="collect it again with the same version")
    return cells, record


def explorer_page(cells: pd.DataFrame, record: dict[str, Any]) -> str:
    """The page's text. Raises InputError for a grid of too few cells."""
    try:
        found, error = fit_surrogate(cells), held_out(cells)
    except ValueError as fault:
        raise InputError(str(fault), where="the grid", remedy="run more of simulations/explorer_grid.py") from fault
    middle = {f.name: float(cells[f.name].median()) for f in FACTORS}
    usual = {**middle, **_START}
    # of a grid that does not reach the usual sector yet, its own middle
    start = usual if found.inside({name: np.array([value]) for name, value in usual.items()}).all() else middle
    data = {
        "factors": [
            {"name": f.name, "field": f.field, "label": f.label, "scale": f.scale, "whole": f.whole}
            | {"planned": [f.low, f.high], "low": float(low), "high": float(high), "start": start[f.name]}
            for f, low, high in zip(FACTORS, found.low, found.high, strict=True)
        ],
        "width": _short(found.width),
        "power": _short(found.power),
        "width_draws": [_short(row) for row in found.width_draws],
        "power_draws": [_short(row) for row in found.power_draws],
        "leverage": [_short(row) for row in found.leverage],
        "furthest": found.furthest,
        "centre": CENTRE,
        "burn_in": BURN_IN_DAYS,
        "mass": MASS,
    }
    return explorer_html(
        data,
        cells=len(cells),
        worlds=int(cells["worlds"].sum()),
        planned=record["planned"],
        error=error,
        trial=len(cells) < record["planned"]["cells"] or cells["worlds"].min() < record["planned"]["worlds_a_cell"],
        digest=record["digest"],
    )


def _short(values: Any) -> list[float]:
    return [float(f"{value:.6g}") for value in values]

"""Simulation-based calibration (placeholder until the next step)."""

from __future__ import annotations

from typing import Any

from missingmodels.power.grid import Cell, Grid


def calibrate_replicate(grid: Grid, cell: Cell, index: int) -> list[dict[str, Any]]:
    raise NotImplementedError

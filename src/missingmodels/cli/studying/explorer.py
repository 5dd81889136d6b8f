"""The command `explorer`: wiring only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from missingmodels.cli.options import Json, out
from missingmodels.terminal import doing


def explorer(
    output: Annotated[Path, typer.Option("--output", "-o", help="The page.")] = Path("power.html"),
    grid: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            help="Another grid than the package's own: the table that simulations/explorer_grid.py --collect writes.",
            metavar="GRID.csv",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write one page with sliders that answers "how many homes?" at once, over a grid of simulated worlds."""
    from missingmodels.studies.explorer.page import explorer_page, read_grid, tracked_grid
    from missingmodels.writing import write_whole

    doing("Fitting the surface through the grid")
    cells, record = tracked_grid() if grid is None else read_grid(grid)
    page = explorer_page(cells, record).encode("utf-8")
    write_whole(output, page)
    found = {"page": str(output), "cells": len(cells), "worlds": int(cells["worlds"].sum()), "bytes": len(page)}
    out(found, as_json, f"{output}: {found['cells']} cells, {found['worlds']:,} worlds")

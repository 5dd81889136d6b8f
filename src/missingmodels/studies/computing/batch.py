"""A batch of replicates as a function of plain values, so that any process on any machine can be given one."""

from __future__ import annotations

import dataclasses
import json
import socket
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from missingmodels.errors import InputError
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.studies.computing.certificate import certificate
from missingmodels.studies.computing.replicate import run_replicate
from missingmodels.studies.computing.store import differences
from missingmodels.studies.questions.grid import Grid, grid_of
from missingmodels.studies.questions.own import NO_FUNCTIONS, Own


def run_batch(record: Mapping[str, Any], cell: int, batch: int, own: Own = NO_FUNCTIONS) -> list[dict[str, Any]]:
    """Rows of all replicates of one batch. ``record`` is a grid's record, ``own`` the functions that it asks."""
    grid = dataclasses.replace(_grid(json.dumps(record, default=str)), own=own)
    require_asked(grid)
    size = grid.study.replicates.batch
    indices = range(batch * size, (batch + 1) * size)
    return [row for index in indices for row in replicate_rows(grid, cell, index)]


def run_certified(
    record: Mapping[str, Any], cell: int, batch: int, expected: Mapping[str, Any], own: Own = NO_FUNCTIONS
) -> list[dict[str, Any]]:
    """``run_batch``, where the code here is that of ``expected``. Raises InputError if it is other code."""
    ours = certificate()
    if ours != dict(expected):
        raise InputError(
            f"a worker runs other code (was: the client, is: the worker): {differences(dict(expected), ours)}",
            where=socket.gethostname(),
            remedy="install the same versions on every worker: results must not depend on who computes them",
        )
    return run_batch(record, cell, batch, own)


def require_asked(grid: Grid) -> None:
    """Raises InputError where the functions here are not those that the study's record says it asks."""
    ours = grid.own.record()
    if ours != dict(grid.asked):
        raise InputError(
            f"the study asks functions of its own, and those here are others: {differences(dict(grid.asked), ours)}",
            where=socket.gethostname(),
            remedy="go on in Python: mm.power(study, folder, decide=…, measure=…), with the functions as they were",
        )


@one_blas_thread
def replicate_rows(grid: Grid, cell: int, index: int) -> list[dict[str, Any]]:
    """Rows of one replicate, by the kind of study; a fault names the replicate that it comes from."""
    run = run_replicate
    if grid.study.kind == "calibration":
        from missingmodels.studies.calibration import calibrate_replicate as run
    try:
        return run(grid, grid.cells[cell], index)
    except Exception as error:
        error.add_note(f"in replicate {cell}:{index}; `missingmodels power STUDY.toml --replicate {cell}:{index}`")
        raise


@lru_cache(maxsize=4)
def _grid(record: str) -> Grid:
    """The grid of a record; a worker meets the same one batch after batch."""
    return grid_of(json.loads(record))

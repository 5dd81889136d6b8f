"""A study from Python: the study's own rules, and functions of one's own beside them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from missingmodels.errors import ConfigInvalid
from missingmodels.side_by_side import usable_cores
from missingmodels.studies.answers.figures import cells_records, write_summary
from missingmodels.studies.answers.summary import summarise
from missingmodels.studies.answers.text import summary_text
from missingmodels.studies.computing.pool import Backend, Here, Pool
from missingmodels.studies.computing.progress import StudyProgress
from missingmodels.studies.computing.store import Store
from missingmodels.studies.questions.grid import Grid, make_grid, read_study
from missingmodels.studies.questions.own import Decide, Measure, Own, require_functions
from missingmodels.studies.run import run_study

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Power:
    """What a study found.

    Attributes
    ----------
    found : its summary as plain values, as ``summary.json`` holds it
    page : the page that was written; None for a study that was kept in no folder
    """

    found: Mapping[str, Any]
    page: Path | None = None

    def __repr__(self) -> str:
        worlds = sum(cell["replicates"] for cell in self.found["cells"])
        lines = [f"Power: {self.found['name']}, {worlds:,} worlds in {len(self.found['cells'])} cells"]
        lines += [f"  {one[:200]}" for one in self.found["lead"][:6]]
        return "\n".join([*lines, "  more: print(text()), to_frame(), found"])

    def text(self) -> str:
        """The summary as the command prints it."""
        return summary_text(self.found)

    def to_frame(self) -> pd.DataFrame:
        """One row a cell, quantity and rule: every measure and its Monte Carlo error."""
        import pandas as pd

        return pd.DataFrame(cells_records(self.found))


def power(
    study: Path | str | Mapping[str, Any] | Grid,
    folder: Path | str | None = None,
    *,
    decide: Decide | None = None,
    measure: Measure | None = None,
    workers: int | None = None,
    quiet: bool = True,
) -> Power:
    """Run a power study, as the command does, and ask functions of one's own in every world.

    ``study`` is a TOML file, or its values. ``decide`` takes the `Fit` of a world and says whether it supports what is
    asked: a rule beside the study's, with power, errors of sign and size, and, where the truth is 0, false confidence.
    ``measure`` takes the `Fit` and gives a number, or numbers by name: their means over worlds are told. Both hear only
    of fits that passed the gate; a world without one is not supported, and has no number.

    What is done is kept in ``folder`` batch by batch, so that the same call goes on where it stopped; without one
    nothing is kept. ``workers`` processes work side by side, one a core if it is left out. They import the functions by
    their names; functions that they cannot import (of a notebook, or lambdas) are asked in this process alone. A folder
    goes on only with functions of the same text. Raises ConfigInvalid and InputError.
    """
    require_functions(decide, measure)
    own = Own(decide=decide, measure=measure)
    grid = _grid(study).asking(own)
    if own.rule in (*grid.study.rules, "plan"):
        raise ConfigInvalid(f"the study has a rule {own.rule!r} already", where="decide", remedy="rename the function")
    if grid.study.kind == "calibration" and grid.asked:
        raise ConfigInvalid("a calibration judges nothing, so it asks no function", remedy="choose kind = 'power'")
    if workers is not None and workers > 1 and not own.travels:
        raise ConfigInvalid(
            f"{workers} processes cannot import {', '.join(held['function'] for held in own.record().values())}",
            where="workers",
            remedy="define the functions at the top of a module, or leave workers out to ask in this process alone",
        )

    def backend() -> Backend:
        alone = not own.travels or workers == 1
        return Here(grid.record(), own) if alone else Pool(grid.record(), workers or usable_cores(), own)

    if folder is not None:
        return _run(grid, Path(folder), backend, quiet=quiet)
    with tempfile.TemporaryDirectory() as passing:
        done = _run(grid, Path(passing) / "study", backend, quiet=quiet)
    return Power(found=done.found)


def _run(grid: Grid, folder: Path, backend: Any, *, quiet: bool) -> Power:
    run_study(grid, folder, backend, report=StudyProgress(quiet=quiet))
    found = summarise(Store(folder, grid))
    return Power(found=found, page=write_summary(found, folder))


def _grid(study: Path | str | Mapping[str, Any] | Grid) -> Grid:
    if isinstance(study, Grid):
        return study
    return make_grid(dict(study)) if isinstance(study, Mapping) else read_study(Path(study))

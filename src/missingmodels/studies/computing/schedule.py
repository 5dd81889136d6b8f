"""Which batches a study needs: looks at fixed boundaries in the order of replicates, so workers change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from missingmodels.evidence.decisions import SUPPORTED, kind_of_verdict
from missingmodels.studies.answers.measures import share_error
from missingmodels.studies.computing.rows import FITTED
from missingmodels.studies.computing.store import Task
from missingmodels.studies.questions.study import Replicates, Study


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Claims of one batch: how many of its replicates each quantity and rule supports."""

    replicates: int
    supported: Mapping[tuple[str, str], int]


def tally(rows: pd.DataFrame) -> Tally:
    """The tally of a batch's rows; a fit that failed supports nothing. A calibration's rows hold no claims."""
    count = int(rows["replicate"].nunique())
    if "verdict" not in rows:
        return Tally(replicates=count, supported={})
    claimed = (rows["verdict"].map(kind_of_verdict) == SUPPORTED) & (rows["status"] == FITTED)
    sums = claimed.groupby([rows["quantity"], rows["rule"]]).sum()
    return Tally(replicates=count, supported={(str(q), str(r)): int(n) for (q, r), n in sums.items()})


class Schedule:
    """The state of every cell, as far as its batches are known."""

    def __init__(self, study: Study, cells: int) -> None:
        self.settings, self.early = study.replicates, study.kind == "power"
        self.tallies: list[dict[int, Tally]] = [{} for _ in range(cells)]

    def add(self, task: Task, found: Tally) -> None:
        """A batch is done. One done twice counts once."""
        self.tallies[task[0]][task[1]] = found

    def wanted(self, cell: int) -> int:
        """Batches that the cell needs as far as is known: those up to the first look that it does not stop at."""
        held, settings = self.tallies[cell], self.settings
        for look in looks(settings):
            if look == settings.at_most or not all(b in held for b in range(look // settings.batch)):
                return look // settings.batch
            if self.early and self._precise([held[b] for b in range(look // settings.batch)]):
                return look // settings.batch
        raise AssertionError("the last look is at at_most")

    def missing(self, cell: int) -> list[Task]:
        """Batches wanted and not there, in order."""
        return [(cell, b) for b in range(self.wanted(cell)) if b not in self.tallies[cell]]

    def counted(self, cell: int) -> list[Task]:
        """Batches that the cell's measures stand on: those there of the ones wanted."""
        return [(cell, b) for b in range(self.wanted(cell)) if b in self.tallies[cell]]

    @property
    def complete(self) -> bool:
        """Whether nothing is left to compute."""
        return not any(self.missing(cell) for cell in range(len(self.tallies)))

    def left(self) -> tuple[int, int]:
        """Replicates still needed: at least, and at most if no further cell stops early."""
        size, most = self.settings.batch, self.settings.at_most // self.settings.batch
        surely = possibly = 0
        for cell in range(len(self.tallies)):
            missing = len(self.missing(cell))
            surely += missing
            possibly += most - self.wanted(cell) + missing if missing else 0
        return surely * size, possibly * size

    def _precise(self, batches: list[Tally]) -> bool:
        n = sum(b.replicates for b in batches)
        claims: dict[tuple[str, str], int] = {}
        for batch in batches:
            for key, count in batch.supported.items():
                claims[key] = claims.get(key, 0) + count
        errors = [share_error(count, n) for count in claims.values()]
        return bool(errors) and float(np.max(errors)) <= self.settings.target_error


def looks(settings: Replicates) -> list[int]:
    """Replicates at which a cell is looked at; the last is ``at_most``."""
    return [*range(settings.at_least, settings.at_most, settings.step), settings.at_most]


def mine(task: Task, part: tuple[int, int], study: Study) -> bool:
    """Whether a batch belongs to slice I of N (from 1), whatever has been computed so far."""
    number, of = part
    return (task[0] * (study.replicates.at_most // study.replicates.batch) + task[1]) % of == number - 1

"""A study on disk: its record, and one Parquet file a batch, each written whole or not at all.

What is there is done and is never computed again; what is not there is not counted. So any process may be killed at
any moment, several may work on one folder, and a batch computed twice is the same file.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from missingmodels.errors import InputError
from missingmodels.provenance import digest_bytes
from missingmodels.studies.computing.certificate import certificate
from missingmodels.studies.questions.grid import Grid, grid_of
from missingmodels.tables.manifest import read_manifest, write_manifest
from missingmodels.tables.parquet import read_parquet
from missingmodels.writing import MANIFEST, claim, require_free, write_whole

FORMAT = "missingmodels-study"
BATCHES = "batches"
OPENING_SECONDS = 60.0  # that another process may take to begin the study
TIMINGS = ("seconds",)  # the only column that may differ between two runs of one replicate
_NAME = re.compile(r"cell-(\d{5})-batch-(\d{5})\.parquet")

Task = tuple[int, int]  # cell, batch


class Store:
    """The folder of one study."""

    def __init__(self, folder: Path, grid: Grid) -> None:
        self.folder, self.grid = Path(folder), grid

    @property
    def batches(self) -> Path:
        """The folder of finished batches."""
        return self.folder / BATCHES

    def shared(self) -> AbstractContextManager[Path]:
        """A claim on the study's folder that every process which computes its batches shares, and nothing else does."""
        return claim(self.folder, shared=True, within=(self.folder, self.batches))

    def open(self) -> None:
        """Begin the study in its folder, or go on with it.

        Raises InputError for a folder that holds anything else, another study, or results of other code.
        """
        with claim(self.folder / MANIFEST, patience_seconds=OPENING_SECONDS):  # of several that begin, one writes it
            self._open()

    def _open(self) -> None:
        """Begin or go on, nobody else doing so."""
        require_free(self.folder, kind=FORMAT, overwrite=True)
        ours = {"digest": self.grid.digest, **self.grid.record(), "certificate": certificate()}
        path = self.folder / MANIFEST
        if not path.exists():
            self._write(ours)
        held = self.require_same()
        if held["certificate"] != ours["certificate"] and not any(self.held()):
            self._write(ours)  # nothing is computed yet; what will be is this code's
        elif held["certificate"] != ours["certificate"]:
            raise InputError(
                f"the folder's results come from other code: {differences(held, ours)}",
                where=str(self.folder),
                remedy="choose a new output folder with -o, so that no result mixes two versions",
            )
        self.batches.mkdir(exist_ok=True)

    def _write(self, record: Mapping[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_manifest(self.folder, FORMAT, record)

    def require_same(self) -> dict[str, Any]:
        """The folder's record. Raises InputError if it holds no study, or another one."""
        held = read_manifest(self.folder, FORMAT)
        # a record from before a key came means what was done then
        if held["digest"] != self.grid.digest and grid_of(held).digest != self.grid.digest:
            raise InputError(
                f"the folder holds another study: {differences(held, held | self.grid.record())}",
                where=str(self.folder),
                remedy="choose a new output folder with -o, or take the study back to what it was",
            )
        return held

    def held(self) -> set[Task]:
        """Cell and batch of every file that is there."""
        if not self.batches.is_dir():
            return set()
        found = (_NAME.fullmatch(path.name) for path in self.batches.iterdir())
        return {(int(name[1]), int(name[2])) for name in found if name}

    def path(self, task: Task) -> Path:
        """File of one batch."""
        return self.batches / f"cell-{task[0]:05d}-batch-{task[1]:05d}.parquet"

    def write(self, task: Task, rows: Sequence[dict[str, Any]]) -> None:
        """Write a batch; it appears whole or not at all."""
        held = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(list(rows)), held)
        write_whole(self.path(task), held.getvalue())

    def read(self, task: Task) -> pd.DataFrame:
        """Rows of one batch. Raises InputError if they are not those of its replicates, each once."""
        path, size = self.path(task), self.grid.study.replicates.batch
        frame = read_parquet(path, remedy=_AGAIN)
        if not {"cell", "replicate"} <= set(frame.columns):
            raise InputError("it is no batch of a study", where=str(path), remedy=_AGAIN)
        expected = set(range(task[1] * size, (task[1] + 1) * size))
        if set(frame["cell"]) != {task[0]} or set(frame["replicate"]) != expected:
            raise InputError("the batch does not hold its replicates", where=str(path), remedy=_AGAIN)
        return frame

    def rows(self, tasks: Sequence[Task]) -> pd.DataFrame:
        """Rows of batches, by cell and replicate."""
        frames = [self.read(task) for task in sorted(tasks)]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


_AGAIN = "remove this file and run the study again: only this batch is computed anew"


def read_store(folder: Path) -> Store:
    """The store of a folder that a study was begun in. Raises InputError."""
    held = read_manifest(Path(folder), FORMAT)
    return Store(Path(folder), grid_of(held))


def rows_digest(rows: pd.DataFrame) -> str:
    """Digest of rows whatever their order, timings left out."""
    kept = rows.drop(columns=list(TIMINGS), errors="ignore")
    lines = sorted(json.dumps(row, sort_keys=True, default=str) for row in kept.to_dict(orient="records"))
    return digest_bytes(hashlib.sha256("\n".join(lines).encode()).digest())


def differences(held: Any, ours: Any, *, most: int = 5) -> str:
    """Which keys of two records differ, with both values."""
    found = [f"{name} was {a}, is {b}" for name, a, b in _walk(_plain(held), _plain(ours), "") if name != "digest"]
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(found[:most]) + more


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _walk(a: Any, b: Any, at: str) -> list[tuple[str, Any, Any]]:
    if isinstance(a, dict) and isinstance(b, dict):
        names = list(dict.fromkeys([*a, *b]))
        return [d for n in names for d in _walk(a.get(n), b.get(n), f"{at}.{n}" if at else n)]
    return [] if a == b else [(at, a, b)]

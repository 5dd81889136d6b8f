"""Batches on a dask.distributed cluster: workers compute, this process alone writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from missingmodels.errors import InputError, MissingModelsError
from missingmodels.studies.computing.batch import run_certified
from missingmodels.studies.computing.certificate import certificate
from missingmodels.studies.computing.store import Task, differences

DEATHS = 5  # workers that may die over one batch before the study gives up
AHEAD = 2  # batches in hand a thread, so that no worker waits for the client


class Cluster:
    """A cluster at a scheduler's address. A worker that dies is left out and its batches go to others."""

    def __init__(self, record: Mapping[str, Any], address: str) -> None:
        distributed = _distributed()
        try:
            self.client = distributed.Client(address, timeout="20s", set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(
                f"no scheduler answers ({error})", where=address, remedy="check the address and that it runs"
            ) from error
        # sent with every task: data scattered beforehand are lost with the worker that holds them
        self.record = dict(record)
        self.futures: dict[Any, Task] = {}
        self.deaths: dict[Task, int] = {}
        self.killed = distributed.scheduler.KilledWorker
        self.wait = distributed.wait
        try:
            self._require_same_code()
        except BaseException:
            self.close()
            raise
        self.threads = sum(self.client.nthreads().values())
        self.name = f"{address} with {self.threads} threads"

    def _require_same_code(self) -> None:
        ours, theirs = certificate(), self.client.run(certificate)
        if not theirs:
            raise InputError("the scheduler has no workers", remedy="start workers, then run the same command")
        other = {where: held for where, held in theirs.items() if held != ours}
        if other:
            listing = "\n  ".join(f"{where}: {differences(ours, held)}" for where, held in other.items())
            raise InputError(
                f"{len(other)} of {len(theirs)} workers run other code (was: here, is: there)\n  {listing}",
                remedy="install the same versions on every worker: results must not depend on who computes them",
            )

    @property
    def room(self) -> int:
        """How many more tasks are taken at once."""
        return AHEAD * self.threads - len(self.futures)

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""
        return bool(self.futures)

    def submit(self, task: Task) -> None:
        """Begin a task."""
        # not pure: a batch that is asked for again after a worker's death must be computed again. With the code's
        # certificate, as a worker may join late
        future = self.client.submit(run_certified, self.record, *task, certificate(), pure=False)
        self.futures[future] = task

    def finished(self) -> list[tuple[Task, list[dict[str, Any]]]]:
        """Tasks done since the last call, with their rows."""
        with self.client.as_current():
            done = self.wait(list(self.futures), return_when="FIRST_COMPLETED").done
        out = []
        for future in done:
            task = self.futures.pop(future)
            try:
                out.append((task, future.result()))
            except self.killed as error:
                self.deaths[task] = self.deaths.get(task, 0) + 1
                if self.deaths[task] > DEATHS:
                    raise MissingModelsError(
                        f"workers died {self.deaths[task]} times over this batch",
                        where=f"cell {task[0]}, batch {task[1]}",
                        remedy="look for a lack of memory on the workers; finished batches are kept",
                    ) from error
                self.submit(task)
            future.release()
        self.threads = sum(self.client.nthreads().values()) or self.threads
        return out

    def close(self) -> None:
        """Stop what is under way and let go of the workers."""
        self.client.cancel(list(self.futures), force=True)
        self.client.close(timeout=5)


def _distributed() -> Any:
    try:
        import distributed
        import distributed.scheduler
    except ImportError as error:
        raise InputError(
            "--scheduler needs dask.distributed, which is not installed",
            remedy="install it here and on every worker with `pip install 'missingmodels[cluster]'`",
        ) from error
    return distributed

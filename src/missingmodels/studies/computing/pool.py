"""Where batches are computed: in this process, in a pool of processes, or on a cluster. All give the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from missingmodels.errors import MissingModelsError
from missingmodels.side_by_side import executor_of, single_threads, stop
from missingmodels.studies.computing.batch import run_batch
from missingmodels.studies.computing.store import Task
from missingmodels.studies.questions.own import NO_FUNCTIONS, Own

Rows = list[dict[str, Any]]
BREAKS = 5  # times that workers may die without a batch being finished before the study gives up


class Backend(Protocol):
    """Takes tasks while it has room and hands back finished ones, in any order."""

    name: str

    @property
    def room(self) -> int:
        """How many more tasks are taken at once."""

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""

    def submit(self, task: Task) -> None:
        """Begin a task."""

    def finished(self) -> list[tuple[Task, Rows]]:
        """Batches that are finished; waits for at least one."""

    def close(self) -> None:
        """Stop what is under way and let go of the workers."""


class Here:
    """One batch after another in this process; for tests and a single replicate."""

    name = "this process"

    def __init__(self, record: Mapping[str, Any], own: Own = NO_FUNCTIONS) -> None:
        self.record, self.own, self.tasks = record, own, list[Task]()

    @property
    def room(self) -> int:
        """How many more tasks are taken at once."""
        return 1 - len(self.tasks)

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""
        return bool(self.tasks)

    def submit(self, task: Task) -> None:
        """Begin a task."""
        self.tasks.append(task)

    def finished(self) -> list[tuple[Task, Rows]]:
        """Tasks done since the last call, with their rows."""
        task = self.tasks.pop(0)
        return [(task, run_batch(self.record, *task, self.own))]

    def close(self) -> None:
        """Stop what is under way and let go of the workers."""
        self.tasks = []


class Pool:
    """A pool of processes, linear algebra on one thread each. A worker that dies is replaced and its batch redone."""

    def __init__(self, record: Mapping[str, Any], workers: int, own: Own = NO_FUNCTIONS) -> None:
        self.record, self.own, self.workers, self.breaks = record, own, workers, 0
        self.name = f"{workers} process{'' if workers == 1 else 'es'}"
        self.futures: dict[Future[Rows], Task] = {}
        self.executor = executor_of(workers)

    @property
    def room(self) -> int:
        """How many more tasks are taken at once."""
        return 2 * self.workers - len(self.futures)

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""
        return bool(self.futures)

    def submit(self, task: Task) -> None:
        """Begin a task."""
        try:
            with single_threads():
                self.futures[self.executor.submit(run_batch, self.record, *task, self.own)] = task
        except BrokenProcessPool:
            self._renew([task])

    def finished(self) -> list[tuple[Task, Rows]]:
        """Tasks done since the last call, with their rows."""
        done, _ = wait(self.futures, return_when=FIRST_COMPLETED)
        out, lost = [], []
        for future in done:
            task = self.futures.pop(future)
            try:
                out.append((task, future.result()))
            except BrokenProcessPool:
                lost.append(task)
        if out:
            self.breaks = 0
        if lost:
            self._renew(lost)
        return out

    def _renew(self, lost: list[Task]) -> None:
        """A worker was killed: what the pool had in hand is given to a new one."""
        self.breaks += 1
        lost += self.futures.values()
        self._stop()
        if self.breaks > BREAKS:
            raise MissingModelsError(
                f"workers died {self.breaks} times without finishing a batch",
                where=f"batches {sorted(lost)}",
                remedy="look for a lack of memory, take fewer --workers, or smaller batches; finished ones are kept",
            )
        self.executor = executor_of(self.workers)
        for task in sorted(lost):
            self.submit(task)

    def _stop(self) -> None:
        self.futures = {}
        stop(self.executor)

    def close(self) -> None:
        """Stop what is under way and let go of the workers."""
        self._stop()

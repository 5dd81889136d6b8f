"""Run a study: what is there is kept, what is needed is computed, nothing is counted twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from missingmodels.studies.computing.pool import Backend
from missingmodels.studies.computing.schedule import Schedule, mine, tally
from missingmodels.studies.computing.store import Store, Task
from missingmodels.studies.questions.grid import Grid

Report = Callable[[int, int, int], None]
Order = Callable[[Task], tuple[int, ...]]


def _together(task: Task) -> tuple[int, ...]:
    """The first batch of every cell first, so that all cells grow together."""
    return task[1], task[0]


@dataclass(frozen=True, kw_only=True)
class _Ran:
    """What a run did: batches that were there already, batches computed, and whether the study is complete."""

    skipped: int
    computed: int
    complete: bool


def run_study(
    grid: Grid,
    folder: Path,
    backend: Callable[[], Backend],
    *,
    part: tuple[int, int] = (1, 1),
    report: Report | None = None,
    order: Order = _together,
) -> _Ran:
    """Compute what a study, or slice I of N of it, still needs; the backend is only made if anything is.

    ``report`` is called with replicates computed, and the least and most that are left. Raises InputError for a
    folder that holds another study. A slice ends when every batch of its own that is known to be needed is there: a
    cell that others have not brought to its next look may need another pass. ``order`` sorts the batches that are to
    be computed; no result depends on it.
    """
    store = Store(folder, grid)
    with store.shared():
        store.open()
        return _run(store, backend, part, report, order)


def _run(
    store: Store, backend: Callable[[], Backend], part: tuple[int, int], report: Report | None, order: Order
) -> _Ran:
    grid = store.grid
    schedule, known = Schedule(grid.study, len(grid.cells)), set[Task]()
    _learn(store, schedule, known)
    skipped, computed, worker = len(known), 0, None
    try:
        while todo := _todo(grid, schedule, known, part, order):
            worker = worker or backend()
            for task, rows in _computed(worker, todo, grid, schedule, known, part, order):
                store.write(task, rows)
                schedule.add(task, tally(store.read(task)))
                computed += 1
                if report is not None:
                    report(computed * grid.study.replicates.batch, *schedule.left())
            _learn(store, schedule, known)
    finally:
        if worker is not None:
            worker.close()
    return _Ran(skipped=skipped, computed=computed, complete=schedule.complete)


def known_schedule(store: Store) -> Schedule:
    """The schedule of a store as it stands."""
    schedule = Schedule(store.grid.study, len(store.grid.cells))
    _learn(store, schedule, set())
    return schedule


def _learn(store: Store, schedule: Schedule, known: set[Task]) -> None:
    """Read what others, or an earlier run, have written."""
    cells = range(len(store.grid.cells))
    for task in sorted(store.held() - known):
        if task[0] in cells:
            schedule.add(task, tally(store.read(task)))
            known.add(task)


def _todo(grid: Grid, schedule: Schedule, known: set[Task], part: tuple[int, int], order: Order) -> deque[Task]:
    """Own batches that are needed, in order."""
    needed = [task for cell in range(len(grid.cells)) for task in schedule.missing(cell)]
    own = (task for task in needed if task not in known and mine(task, part, grid.study))
    return deque(sorted(own, key=order))


def _computed(worker, todo, grid, schedule, known, part, order):  # type: ignore[no-untyped-def]
    """Finished batches as they come; a cell that reaches its look puts its next ones in the queue."""
    known.update(todo)
    while todo or worker.busy:
        while todo and worker.room > 0:
            worker.submit(todo.popleft())
        yield from worker.finished()
        more = _todo(grid, schedule, known, part, order)
        known.update(more)
        todo.extend(more)

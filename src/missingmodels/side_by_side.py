"""Independent work side by side in processes; without any, one piece comes after the other in this process.

Whoever asks hands over pieces, each with a seed of its own, so what comes back hangs neither on how many processes
there are nor on which of them ends first. Threads would not do: most of the fast engine holds Python's lock.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import Any

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_others: _Others | None = None


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def side_by_side(processes: int, *, ready: Sequence[str] = ()) -> Iterator[None]:
    """Let ``each`` use so many processes beside this one within the block; inside another, none more.

    They start at once and import the modules ``ready``, while this process still prepares what they are to do. A
    script that uses this must keep its own work behind ``if __name__ == "__main__"``, as they import it too.
    """
    global _others
    executor = None if processes < 1 or _others is not None else _started(processes, ready)
    if executor is None:
        yield
        return
    _others = _Others(executor, processes)
    try:
        yield
    finally:
        _others = None
        stop(executor)


def has_others() -> bool:
    """Whether other processes take a share of what is handed over."""
    return _others is not None


def each[A, B](task: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
    """``task`` of each item, in their order. It must be a function of a module, or a partial one of such.

    This process takes its share: from the end, while the others are at the beginning.
    """
    yield from begun(task, items, awaited=True).results()


def begun[A, B](task: Callable[[A], B], items: Iterable[A], *, awaited: bool = False) -> Work[A, B]:
    """``task`` of each item as for ``each``, whose ``results`` are asked for later.

    Other processes turn to it while nothing that is ``awaited`` waits for them; without any, it is done when asked for.
    """
    work = Work(task, list(items), _others)
    if _others is not None:
        _others.add(work, awaited=awaited)
    return work


class _Others:
    """Other processes and what waits for them, the awaited first.

    Their executor is handed no more than it has processes for: what lies in its own queue nobody else could take.
    """

    def __init__(self, executor: ProcessPoolExecutor, processes: int) -> None:
        self.executor, self.idle = executor, processes
        self.works: list[Work[Any, Any]] = []
        self.lock = threading.RLock()

    def add(self, work: Work[Any, Any], *, awaited: bool) -> None:
        """Let the others begin with it."""
        with self.lock:
            self.works.insert(0 if awaited else len(self.works), work)
            self._feed()

    def drop(self, work: Work[Any, Any]) -> None:
        """Begin nothing more of it."""
        with self.lock:
            work.waiting.clear()
            self.works = [other for other in self.works if other is not work]

    def _feed(self) -> None:
        """Give each process that has nothing to do the first item that waits."""
        while self.idle and (work := next((one for one in self.works if one.waiting), None)) is not None:
            at = work.waiting.popleft()
            try:
                future = work.elsewhere[at] = self.executor.submit(work.task, work.items[at])
            except RuntimeError:  # broken, or being stopped
                work.waiting.appendleft(at)
                return
            self.idle -= 1
            future.add_done_callback(self._ended)

    def _ended(self, future: Future[Any]) -> None:
        # where the processes are gone, the executor tells so under its own lock, and would wait for itself in a submit
        if future.cancelled() or isinstance(future.exception(), BrokenProcessPool):
            return
        with self.lock:
            self.idle += 1
            self._feed()

    def take(self, first: Work[Any, Any]) -> bool:
        """Do an item here, the last that waits of one work or else of another; False if none does."""
        with self.lock:
            work = next((one for one in (first, *self.works) if one.waiting), None)
            at = None if work is None else work.waiting.pop()
        if work is None or at is None:
            return False
        work.here[at] = work.task(work.items[at])
        return True


class Work[A, B]:
    """Items that this process and others work through from both ends."""

    def __init__(self, task: Callable[[A], B], items: list[A], others: _Others | None) -> None:
        self.task, self.items, self.others = task, items, others
        self.waiting = deque(range(len(items)))
        self.elsewhere, self.here = dict[int, Future[B]](), dict[int, B]()

    def results(self) -> Iterator[B]:
        """Of each item, in their order; while one is not there yet, others are done here."""
        try:
            for at, item in enumerate(self.items):
                yield self.task(item) if self.others is None else self._result(at, self.others)
        finally:
            self.drop()

    def drop(self) -> None:
        """Begin nothing more of it."""
        if self.others is not None:
            self.others.drop(self)

    def _result(self, at: int, others: _Others) -> B:
        while not (at in self.here or (at in self.elsewhere and self.elsewhere[at].done())) and others.take(self):
            pass
        if at not in self.here:
            # a worker that was killed, for lack of memory or otherwise, takes no answer with it: it is worked out here
            try:
                return self.elsewhere[at].result()
            except (BrokenProcessPool, CancelledError):
                self.here[at] = self.task(self.items[at])
        return self.here.pop(at)


def executor_of(processes: int) -> ProcessPoolExecutor:
    """Processes for whatever is submitted; each is started under ``single_threads`` by whoever submits."""
    # spawn: a fresh process, whatever threads this one has, and with the limits on threads in its environment
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_worker)


def stop(executor: ProcessPoolExecutor) -> None:
    """End the processes at once, whatever they are doing."""
    processes = list((executor._processes or {}).values())
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
    for process in processes:
        process.join(5)


@contextlib.contextmanager
def single_threads() -> Iterator[None]:
    """The environment in which processes start that keep linear algebra to one thread."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _started(processes: int, ready: Sequence[str]) -> ProcessPoolExecutor | None:
    """None where the system lets no process be started."""
    try:
        executor = executor_of(processes)
        with single_threads():
            for _ in range(processes):
                executor.submit(_import, tuple(ready))
    except (OSError, ImportError, NotImplementedError):
        return None
    return executor


def _import(modules: Sequence[str]) -> None:
    for module in modules:
        importlib.import_module(module)


def _worker() -> None:
    """A worker leaves Ctrl-C to the client, and ends when the client does, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: Any) -> None:
    wait_for([sentinel])
    os._exit(1)

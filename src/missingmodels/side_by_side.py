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
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import Any

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_pool: ProcessPoolExecutor | None = None
_processes = 0  # of the pool


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def side_by_side(processes: int, *, ready: Sequence[str] = ()) -> Iterator[None]:
    """Let ``each`` use so many processes beside this one within the block; inside another, none more.

    They start at once and import the modules ``ready``, while this process still prepares what they are to do. A
    script that uses this must keep its own work behind ``if __name__ == "__main__"``, as they import it too.
    """
    global _pool, _processes
    executor = None if processes < 1 or _pool is not None else _started(processes, ready)
    if executor is None:
        yield
        return
    _pool, _processes = executor, processes
    try:
        yield
    finally:
        _pool = None
        stop(executor)


def has_others() -> bool:
    """Whether other processes take a share of what is handed over."""
    return _pool is not None


def each[A, B](task: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
    """``task`` of each item, in their order. It must be a function of a module, or a partial one of such.

    This process takes its share: from the end, while the others are at the beginning.
    """
    if _pool is None:
        yield from map(task, items)
        return
    shared = _Shared(task, list(items), _pool)
    try:
        for at in range(len(shared.items)):
            yield shared.result(at)
    finally:
        shared.waiting.clear()


class _Shared[A, B]:
    """Items that this process and others work through from both ends.

    An executor is handed no more than it has processes for: what lies in its own queue nobody else could take.
    """

    def __init__(self, task: Callable[[A], B], items: list[A], executor: ProcessPoolExecutor) -> None:
        self.task, self.items, self.executor = task, items, executor
        self.waiting, self.lock = deque(range(len(items))), threading.Lock()
        self.elsewhere, self.here = dict[int, Future[B]](), dict[int, B]()
        for _ in range(_processes):
            self._hand_over()

    def _hand_over(self, _: Any = None) -> None:
        """Give the first item that waits to another process, which is given the next when it ends."""
        with self.lock:
            if not self.waiting:
                return
            at = self.waiting.popleft()
            try:
                future = self.elsewhere[at] = self.executor.submit(self.task, self.items[at])
            except RuntimeError:  # broken, or being stopped
                self.waiting.appendleft(at)
                return
        future.add_done_callback(self._hand_over)

    def _take(self) -> bool:
        """Do the last item that waits, here; False if none does."""
        with self.lock:
            at = self.waiting.pop() if self.waiting else None
        if at is not None:
            self.here[at] = self.task(self.items[at])
        return at is not None

    def result(self, at: int) -> B:
        """The result of one item, when it is there; until then others are done here."""
        while not (at in self.here or (at in self.elsewhere and self.elsewhere[at].done())) and self._take():
            pass
        if at not in self.here:
            # a worker that was killed, for lack of memory or otherwise, takes no answer with it: it is worked out here
            try:
                return self.elsewhere[at].result()
            except BrokenProcessPool:
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

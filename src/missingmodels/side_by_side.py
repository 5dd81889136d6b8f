"""Independent work side by side in processes; without any, one piece comes after the other in this process.

Whoever asks hands over pieces, each with a seed of its own, so what comes back hangs neither on how many processes
there are nor on which of them ends first. Threads would not do: most of the fast engine holds Python's lock.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import Any

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_pool: ProcessPoolExecutor | None = None


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def side_by_side(processes: int, *, ready: Sequence[str] = ()) -> Iterator[None]:
    """Let ``each`` and ``begin`` use so many processes beside this one within the block; inside another, none more.

    They start at once and import the modules ``ready``, while this process still prepares what they are to do. A
    script that uses this must keep its own work behind ``if __name__ == "__main__"``, as they import it too.
    """
    global _pool
    executor = None if processes < 1 or _pool is not None else _started(processes, ready)
    if executor is None:
        yield
        return
    _pool = executor
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
    asked = [begin(task, item) for item in items]
    for at, one in enumerate(asked):
        for other in reversed(asked[at:]):
            if one.ended():
                break
            other.take()
        yield one()


def begin[B](task: Callable[..., B], *given: Any) -> _Asked[B]:
    """A task of which the result will be wanted: begun in another process, or done here when it is."""
    future: Future[B] | None = None
    if _pool is not None:
        with contextlib.suppress(BrokenProcessPool):
            future = _pool.submit(task, *given)
    return _Asked(functools.partial(task, *given), future)


class _Asked[B]:
    """A task that was handed over; called, it gives the result."""

    def __init__(self, task: Callable[[], B], future: Future[B] | None) -> None:
        self.task, self.future, self.done = task, future, list[B]()

    def __call__(self) -> B:
        """The result; a task that no process has begun yet is done here."""
        self.take()
        if not self.done and self.future is not None:
            # a worker that was killed, for lack of memory or otherwise, takes no answer with it: it is worked out here
            with contextlib.suppress(BrokenProcessPool):
                self.done.append(self.future.result())
        if not self.done:
            self.done.append(self.task())
        return self.done[0]

    def ended(self) -> bool:
        """Whether the result is there."""
        return bool(self.done) or (self.future is not None and self.future.done())

    def take(self) -> None:
        """Do the task here if there are others who might, and none of them has begun it."""
        if not self.done and self.future is not None and self.future.cancel():
            self.done.append(self.task())


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

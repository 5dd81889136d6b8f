"""Signals that end a command, and what is said of what it leaves."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from missingmodels.writing import written

_AGAIN_SECONDS = 0.01
_written_before = 0  # places put in place by this process before the command began


class Stopped(BaseException):
    """A command was told to end: Ctrl-C, SIGTERM, or the terminal went. Work that is kept is said in ``kept``.

    Not KeyboardInterrupt, which the command-line library would turn into exit code 1.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number, self.kept = number, ""

    @property
    def exit_code(self) -> int:
        """128 and the signal's number, as shells have it: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.number

    def __str__(self) -> str:
        done = [str(path) for path in written()[_written_before:]]
        kept = self.kept or (f"written before: {', '.join(done)}." if done else "nothing was written.")
        return f"{'Interrupted' if self.number == signal.SIGINT else 'Told to end'}; {kept}"


def _stop(number: int, _: object) -> None:
    raise Stopped(number)


def _send(number: int) -> None:
    """A signal to the main thread, which it wakes where the system can."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, number)
    else:
        signal.raise_signal(number)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Let signals raise Stopped within the block; one that is ignored, as SIGHUP under nohup, stays so.

    Python drops what is raised while an object is being removed. A signal that comes then is raised again.
    """
    global _written_before
    _written_before, hook = len(written()), sys.unraisablehook

    def raised_again(lost: Any) -> None:
        if isinstance(lost.exc_value, Stopped):
            threading.Timer(_AGAIN_SECONDS, _send, (lost.exc_value.number,)).start()
        else:
            hook(lost)

    sys.unraisablehook = raised_again
    wanted = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in wanted}
    for number in wanted:
        if number == signal.SIGINT or before[number] is not signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

"""Signals that end a command, and what is said of what it leaves."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

from missingmodels.writing import written


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
        done = [str(path) for path in written()]
        kept = self.kept or (f"written before: {', '.join(done)}." if done else "nothing was written.")
        return f"{'Interrupted' if self.number == signal.SIGINT else 'Told to end'}; {kept}"


def _stop(number: int, _: object) -> None:
    raise Stopped(number)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Let signals raise Stopped within the block; one that is ignored, as SIGHUP under nohup, stays so."""
    wanted = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in wanted}
    for number in wanted:
        if number == signal.SIGINT or before[number] is not signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

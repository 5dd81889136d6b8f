"""How far a study has come and how long it will take, on standard error."""

from __future__ import annotations

import sys
import time

from missingmodels.terminal import say

EVERY_SECONDS = 15.0  # between lines where standard error is no terminal


class StudyProgress:
    """A line that is overwritten on a terminal, plain lines now and then elsewhere, nothing if quiet."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet, self.live = quiet, sys.stderr.isatty()
        self.begin = self.last = time.monotonic()

    def __call__(self, computed: int, surely: int, possibly: int) -> None:
        """Tell of replicates computed, those that are surely to come, and those that may be."""
        now = time.monotonic()
        if self.quiet or (not self.live and surely and now - self.last < EVERY_SECONDS):
            return
        self.last = now
        text = self.line(computed, surely, possibly, now - self.begin)
        if self.live:
            sys.stderr.write("\r\x1b[K" + text + ("" if surely else "\n"))
            sys.stderr.flush()
        else:
            say(text)

    @staticmethod
    def line(computed: int, surely: int, possibly: int, seconds: float) -> str:
        """What is done, the speed so far and the time left; a range where cells may stop early."""
        speed = computed / max(seconds, 1e-9)
        text = f"{computed:,} worlds in {_clock(seconds)} ({speed:.1f} a second)"
        if not surely:
            return text + ", done"
        least, most = _clock(surely / speed), _clock(possibly / speed)
        return f"{text}, {surely:,} to go, {least if least == most else f'{least} to {most}'} left"


def _clock(seconds: float) -> str:
    """Seconds in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

"""What the terminal shows while work goes on. Progress goes to standard error, results to standard output."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self


def say(text: str) -> None:
    """A line on standard error."""
    sys.stderr.write(text + "\n")


def table(title: str, values: Mapping[str, Any]) -> str:
    """Two aligned columns under a title."""
    width = max((len(name) for name in values), default=0)
    lines = [f"  {name:<{width}}  {_cell(value)}" for name, value in values.items()]
    return "\n".join([title, *lines])


def _cell(value: Any) -> str:
    if value is None:
        return "unrecorded"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


LINE_SECONDS = 20  # between two lines on a stage where standard error is no terminal


def is_watched() -> bool:
    """Whether somebody sees progress: standard error is a terminal, or this is a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


class Progress:
    """A bar for each stage of the work; plain lines where nobody watches, nothing if quiet. All say the time left."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.live = not quiet and is_watched()
        self.tasks: dict[str, Any] = {}
        self.begun: dict[str, float] = {}
        self.said = 0.0
        self.bar: Any = None

    def __enter__(self) -> Self:
        if self.live:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
            self.bar = Bar(*columns, console=Console(stderr=True))
            self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """How much of a stage is done, and of how much; (0, 0) as it begins."""
        if self.quiet:
            return
        if stage not in self.begun:
            self.begun[stage] = self.said = time.monotonic()
            if self.live:
                self.tasks[stage] = self.bar.add_task(f"{stage}: starting", total=None)
            else:
                say(f"{stage} …")
        if self.live and total:
            self.bar.update(self.tasks[stage], description=stage, completed=done, total=total)
        elif 0 < done < total and time.monotonic() - self.said > LINE_SECONDS:
            self.said = time.monotonic()
            left = (self.said - self.begun[stage]) * (total - done) / done
            say(f"{stage}: {done / total:.0%}, about {left:.0f} s left")

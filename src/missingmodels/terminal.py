"""What the terminal shows while work goes on. Progress goes to standard error, results to standard output."""

from __future__ import annotations

import sys
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


class Progress:
    """A bar for each model being fitted; plain lines where standard error is no terminal, nothing if quiet."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.live = not quiet and sys.stderr.isatty()
        self.tasks: dict[str, Any] = {}
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

    def __call__(self, name: str, done: int, total: int) -> None:
        """Draws finished and in all of the model being fitted; (0, 0) before it draws."""
        if self.quiet:
            return
        if name not in self.tasks:
            self.tasks[name] = self.bar.add_task(f"{name}: starting", total=None) if self.live else 0
            if not self.live:
                say(f"Fitting {name} …")
        if self.live and total:
            self.bar.update(self.tasks[name], description=f"{name}: sampling", completed=done, total=total)

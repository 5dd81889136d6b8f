"""What the terminal shows while work goes on. Progress goes to standard error, results to standard output."""

from __future__ import annotations

import codecs
import contextlib
import os
import shutil
import sys
import textwrap
import threading
import time
import unicodedata
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Self, TextIO

_PLAIN = {
    "×": "x",
    "·": "*",
    "–": "-",
    "—": "-",
    "−": "-",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "…": "...",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "±": "+/-",
    "→": "->",
    "←": "<-",
    "∞": "inf",
    "√": "sqrt",
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "η": "eta",
    "λ": "lambda",
    "μ": "mu",
    "σ": "sigma",
    "τ": "tau",
    "φ": "phi",
}
_NARROWEST = 20  # columns; in fewer no words are wrapped


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """Plain characters for those that an encoding lacks; a question mark where there are none."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    plain = []
    for character in error.object[error.start : error.end]:
        text = _PLAIN.get(character) or unicodedata.normalize("NFKD", character)
        plain.append("".join(c for c in text if c.isascii()) or "?")
    return "".join(plain), error.end


codecs.register_error("missingmodels.plain", _substitute)


def encodable(stream: TextIO) -> None:
    """Make a stream write plain characters for those that its encoding lacks, instead of failing at them."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="missingmodels.plain")


def say(text: str) -> None:
    """Lines on standard error, wrapped at a terminal; a log keeps its lines, whatever COLUMNS says."""
    _silence.end()
    sys.stderr.write((wrapped(text, sys.stderr) if sys.stderr.isatty() else text) + "\n")


def show(text: str) -> None:
    """Lines on standard output, wrapped."""
    _silence.end()
    sys.stdout.write(wrapped(text, sys.stdout) + "\n")


class _Silence:
    """Since when nothing was said, what is going on meanwhile, and how many bars show that themselves."""

    def __init__(self) -> None:
        self.begun = self.since = time.monotonic()
        self.stage, self.named, self.bars, self.beside = "", False, 0, ""

    def end(self) -> None:
        """Something is said."""
        self.since = time.monotonic()

    def enter(self, stage: str) -> None:
        """Another stage begins; it is named once it has lasted."""
        self.stage, self.named, self.begun = stage, False, time.monotonic()
        self.end()

    def word(self) -> str:
        """What is due: soon the name of a stage that was not named yet, now and then how long one has lasted."""
        now = time.monotonic()
        if self.bars or now - self.since <= (LINE_SECONDS if self.named else SILENT_SECONDS):
            return ""
        stage = f"{self.stage} ({self.beside})" if self.beside else self.stage
        due = f"{stage}: {now - self.begun:.0f} s so far" if self.named else f"{stage} …"
        self.named = True
        return due


_silence = _Silence()


def doing(stage: str) -> None:
    """What the command is at from here on, as whoever waits is told if it lasts: see ``never_silent``."""
    _silence.enter(stage)


def beside(why: str) -> None:
    """Why the stage at hand takes longer than usual, told with it if it lasts; nothing for no reason any more."""
    _silence.beside = why


@contextlib.contextmanager
def never_silent(*, quiet: bool = False) -> Iterator[None]:
    """Within the block say what is going on whenever nothing else was said for a while, and how long it has lasted."""
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(SILENT_SECONDS / 4):
            if word := _silence.word():
                say(word)

    teller = threading.Thread(target=tell, daemon=True)
    doing("Working")
    if not quiet:
        teller.start()
    try:
        yield
    finally:
        ended.set()
        if not quiet:
            teller.join()


def wrapped(text: str, stream: TextIO) -> str:
    """The text, its long lines broken between words where a stream has a width: a terminal, or COLUMNS says one.

    What goes into a file or another program without COLUMNS keeps its lines. A broken line goes on indented: below its
    second column if it has columns, by two more than its own indent if not. A path or a word is never broken.
    """
    width = width_of(stream)
    if width < _NARROWEST:
        return text
    return "\n".join(_folded(line, width) for line in text.split("\n"))


def width_of(stream: TextIO) -> int:
    """Columns of a stream; 0 where it has none."""
    if os.environ.get("COLUMNS", "").isdecimal() or stream.isatty():
        return shutil.get_terminal_size().columns
    return 0


def _folded(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    indent = len(line) - len(line.lstrip())
    gap = line.find("  ", indent)
    second = gap + len(line[gap:]) - len(line[gap:].lstrip()) if gap >= 0 else 0
    hang = second if indent < second <= width // 2 else indent + 2
    # the words alone are filled: textwrap would put runs of spaces, which align columns, at the ends of lines
    return textwrap.fill(
        line,
        width,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
        drop_whitespace=True,
    )


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


SILENT_SECONDS = 1.6  # after which a stage is named that says nothing of itself
LINE_SECONDS = 20  # between two lines on a stage where standard error is no terminal


def is_watched() -> bool:
    """Whether somebody sees progress: standard error is a terminal, or this is a notebook that can draw a bar."""
    return sys.stderr.isatty() or ("ipykernel" in sys.modules and find_spec("ipywidgets") is not None)


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
            _silence.bars += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.stop()
            _silence.bars -= 1
            _silence.end()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """How much of a stage is done, and of how much; (0, 0) as it begins."""
        if self.quiet:
            return
        if _silence.stage != stage:
            _silence.enter(stage)
        if stage not in self.begun:
            self.begun[stage] = self.said = time.monotonic()
            if self.live:
                self.tasks[stage] = self.bar.add_task(f"{stage}: starting", total=None)
            else:
                say(f"{stage} …")
                _silence.named = True
        if self.live and total:
            self.bar.update(self.tasks[stage], description=stage, completed=done, total=total)
        elif 0 < done < total and time.monotonic() - self.said > LINE_SECONDS:
            self.said = time.monotonic()
            left = (self.said - self.begun[stage]) * (total - done) / done
            say(f"{stage}: {done / total:.0%}, about {left:.0f} s left")

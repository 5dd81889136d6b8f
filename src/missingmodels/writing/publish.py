"""From a part to its place: the journal that makes several steps one, and what is done about steps left undone."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from missingmodels.errors import InputError
from missingmodels.terminal import say
from missingmodels.writing.places import parts_in, parts_of, sync, target_of

JOURNAL, NEW, OLD = "journal.json", "new", "old"
_PRIVATE = 0o700
_published: list[Path] = []


def written() -> list[Path]:
    """Every place that this process has put something into, in order; parts of other places left out."""
    return [path for path in _published if target_of(path) == path]


def record(place: Path) -> None:
    """Remember that something has come into place."""
    _published.append(place)


def publish(part: Path, moves: Mapping[str, str], *, removed: Iterable[str] = ()) -> None:
    """Put what a part holds in place, and end the part.

    ``moves`` goes from names in the part to names beside it; ``removed`` are files beside it that go at the same
    moment. Names are relative, with ``/``.
    """
    _flush(part / NEW)
    numbers = {name: (part / name).lstat().st_ino for name in moves}
    steps = [{"from": name, "to": to, "id": numbers[name]} for name, to in moves.items()]
    with undisturbed():
        _write_journal(part, {"moves": steps, "removed": list(removed)})
        try:
            _complete(part)
        except OSError:
            if all(_is_there(part / name, number) for name, number in numbers.items()):
                (part / JOURNAL).unlink()  # nothing has moved, so nothing needs to be completed
            raise


def recover(place: Path) -> None:
    """Complete or remove what writers of a place left who are gone, and say it. The claim on the place is held."""
    for part in parts_of(place):
        with undisturbed():
            if (part / JOURNAL).is_file():
                _complete_left(part)
                say(f"Note: a command that was stopped had finished its output in {place}; it is in place now.")
            else:
                discard(part)
                say(f"Note: a command that was stopped left an unfinished part; it is removed: {part}")


def sweep(folder: Path) -> None:
    """Remove unfinished files in a folder that nobody writes now, and say it."""
    left = [path for path in parts_in(folder) if path.is_file()]
    for path in left:
        discard(path)
    if left:
        say(f"Note: a command that was stopped left {len(left)} unfinished files in {folder}; they are removed.")


def discard(part: Path) -> None:
    """Remove a part, unless its journal stands: then its work is done and only the last steps are not."""
    if (part / JOURNAL).is_file():
        return
    with undisturbed():
        if part.is_dir() and not part.is_symlink():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _write_journal(part: Path, journal: Mapping[str, Any]) -> None:
    draft = part / f"{JOURNAL}.draft"
    draft.write_text(json.dumps(journal), encoding="utf-8")
    sync(draft)
    draft.replace(part / JOURNAL)
    sync(part)
    sync(part.parent)


def _complete(part: Path) -> None:
    """Take the steps of a part's journal that are not taken yet, then remove the part."""
    moves, removed = _read_journal(part)
    above, touched = part.parent, {part.parent}
    for source, target, number in moves:
        if _is_there(source, number):
            if source.is_dir() and not source.is_symlink():
                _replace_folder(source, target, part / OLD)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)
        touched.add(target.parent)
    for path in removed:
        path.unlink(missing_ok=True)
        touched.add(path.parent)
        if path.parent != above:
            with contextlib.suppress(OSError):  # a folder that others are in stays
                path.parent.rmdir()
    for folder in touched:
        if folder.is_dir():
            sync(folder)
    _published.extend(target for _, target, _ in moves)
    (part / JOURNAL).unlink()
    shutil.rmtree(part, ignore_errors=True)
    with contextlib.suppress(OSError):
        sync(above)


def _complete_left(part: Path) -> None:
    try:
        _complete(part)
    except OSError as error:
        raise InputError(
            f"what a stopped command had finished cannot be put in place ({error.strerror or error})",
            where=str(part),
            remedy="mend the cause and run again; or take what you need from that folder, and remove it",
        ) from error


def _is_there(source: Path, number: int) -> bool:
    """Whether a step is to be taken: an exchange leaves the old folder under the new one's name, its number unlike."""
    return os.path.lexists(source) and source.lstat().st_ino == number


def _read_journal(part: Path) -> tuple[list[tuple[Path, Path, int]], list[Path]]:
    try:
        held = json.loads((part / JOURNAL).read_text(encoding="utf-8"))
        moves = [
            (_inside(part, step["from"]), _inside(part.parent, step["to"]), int(step["id"])) for step in held["moves"]
        ]
        return moves, [_inside(part.parent, name) for name in held["removed"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"the journal of a stopped command cannot be read ({error!r})",
            where=str(part / JOURNAL),
            remedy="look at what lies in that folder, take what you need, and remove it",
        ) from error


def _inside(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or PurePosixPath(name).is_absolute():
        raise ValueError(f"{name!r} leads out of its folder")
    return folder.joinpath(*parts)


def _replace_folder(source: Path, target: Path, old: Path) -> None:
    if not os.path.lexists(target):
        source.rename(target)
    elif not _exchange(source, target):
        target.rename(old)
        try:
            source.rename(target)
        except OSError:
            old.rename(target)
            raise


def _exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one step. False where the system or its file system cannot."""
    if sys.platform != "linux":
        return False
    call: Callable[..., int] | None = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    at_cwd, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE, see renameat2(2)
    return call is not None and call(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange) == 0


def settle_modes(folder: Path, like: Path | None) -> None:
    """Give a new folder the mode and group of the one that it replaces, or none but its owner's; and what it holds.

    Modes within are narrowed to the folder's, never widened.
    """
    held = like.stat() if like is not None and like.is_dir() else None
    mode = _PRIVATE & stat.S_IMODE(folder.stat().st_mode) if held is None else stat.S_IMODE(held.st_mode)
    for above, _, files in os.walk(folder):
        for path in (Path(above), *(Path(above) / name for name in files)):
            if path.is_symlink():
                continue
            if held is not None and hasattr(os, "chown"):
                with contextlib.suppress(OSError):
                    os.chown(path, -1, held.st_gid)
            inherited = mode & stat.S_ISGID if path.is_dir() else 0
            with contextlib.suppress(OSError):  # a disk without modes
                path.chmod(mode if path == folder else stat.S_IMODE(path.stat().st_mode) & mode | inherited)


def _flush(folder: Path) -> None:
    for above, _, files in os.walk(folder, topdown=False):
        for name in files:
            path = Path(above) / name
            if path.is_file() and not path.is_symlink() and os.access(path, os.W_OK):
                sync(path)
        sync(Path(above))


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let signals that end the process wait until the block is done. In other threads than the main one they do."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    if threading.current_thread() is not threading.main_thread() or None in before.values():
        yield
        return
    caught: list[int] = []
    for number in numbers:
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, lambda got, _: caught.append(got))
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])
        if caught:
            signal.raise_signal(caught[0])

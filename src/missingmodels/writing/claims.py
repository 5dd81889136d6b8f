"""The claim on a place: held before the work begins, by one process or by several that share it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from missingmodels.errors import InputError
from missingmodels.writing.locks import Lock, Taken
from missingmodels.writing.places import SET, lock_of, parents, parts_of, real
from missingmodels.writing.publish import recover, sweep

_PAUSE_SECONDS = 0.05
SHARING_SECONDS = 5.0  # who shares a place is alone for the moment in which it is put in order
_held: dict[tuple[int, Path], Lock] = {}  # by process, as a forked one holds no claim of its own, and file


@contextlib.contextmanager
def claim(
    place: Path, *, shared: bool = False, within: Iterable[Path] = (), patience_seconds: float = 0.0
) -> Iterator[Path]:
    """Hold a place for this process; yields it with links followed. Within a claim the same place may be claimed again.

    What writers who were stopped left there is completed or removed first, and said; also unfinished files in the
    folders ``within``, which only holders of this place write. ``shared`` lets others in that share it too. Raises
    InputError where another process holds it, after ``patience_seconds``.
    """
    place = real(place)
    if shared:
        patience_seconds = max(patience_seconds, SHARING_SECONDS)
    with parents(place):
        file = _lock_file(place)
        key = os.getpid(), file
        if key in _held:
            yield place
            return
        lock = _taken(file, place, shared=shared, until=time.monotonic() + patience_seconds)
        _held[key] = lock
        try:
            if lock.alone:
                _settle(place, file)
                for folder in within:
                    sweep(folder)
            if shared and lock.alone:
                lock.share()
            yield place
        finally:
            del _held[key]
            lock.release()


def _settle(place: Path, file: Path) -> None:
    """Recover the place, and the set of files in it."""
    recover(place)
    inside = place / SET
    if lock_of(inside) == file:
        recover(inside)
    elif parts_of(inside) or lock_of(inside).exists():
        with claim(inside):
            pass


def _lock_file(place: Path) -> Path:
    """Beside the place; in it where nothing can be made beside it, so that nobody can replace it as a whole either."""
    beside = os.access(place.parent, os.W_OK | os.X_OK)
    return lock_of(place) if beside or not place.is_dir() else lock_of(place / SET)


def _taken(file: Path, place: Path, *, shared: bool, until: float) -> Lock:
    """The lock, alone if that can be had: who shares a place in order takes it with others."""
    while True:
        try:
            return _alone_or_shared(file) if shared else Lock(file)
        except Taken as owner:
            if time.monotonic() < until:
                time.sleep(_PAUSE_SECONDS)
                continue
            raise InputError(
                f"another command is writing here ({owner})",
                where=str(place),
                remedy="wait until it has ended, or choose another place",
            ) from owner


def _alone_or_shared(file: Path) -> Lock:
    try:
        return Lock(file)
    except Taken:
        return Lock(file, shared=True)

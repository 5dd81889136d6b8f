"""What is written whole: a folder, several files of a folder, one file."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from missingmodels.errors import InputError
from missingmodels.writing.checks import require_free, require_place
from missingmodels.writing.claims import claim
from missingmodels.writing.places import SET, new_part, parents, real, sync
from missingmodels.writing.publish import NEW, discard, publish, record, settle_modes
from missingmodels.writing.sides import PRIVATE

_PUBLISHING_SECONDS = 60.0  # that another's set of files may take to come into place


@contextlib.contextmanager
def whole_folder(target: Path, *, kind: str, overwrite: bool = True) -> Iterator[Path]:
    """A scratch folder that becomes ``target`` when the block ends well and vanishes when it does not.

    Raises InputError if ``target`` holds something that this package did not write, or wrote as another kind, or if it
    holds anything and ``overwrite`` is off, or if another process is writing it.
    """
    require_free(target, kind=kind, overwrite=overwrite)
    with claim(target) as place:
        require_free(place, kind=kind, overwrite=overwrite)  # again: nobody can change it now
        part = new_part(place)
        try:
            part.mkdir(mode=0o700)
            (part / NEW).mkdir(mode=0o700)
            yield part / NEW
            settle_modes(part / NEW, place)
            publish(part, {NEW: place.name})
        finally:
            discard(part)


def write_together(folder: Path, files: Mapping[str, bytes | Path], *, removed: Iterable[str] = ()) -> None:
    """Write files into a folder that may hold others: all of them, and all that are ``removed`` gone, or none.

    A path in place of a content is that of a file of the same folder. Names are relative to the folder, with ``/``.
    Raises InputError where a folder stands in a file's place.
    """
    with claim(folder) as place, claim(place / SET, patience_seconds=_PUBLISHING_SECONDS) as inside:
        for name in files:
            if (place / name).is_dir():
                raise InputError("this is a folder, a file is to be written", where=str(place / name))
            require_place(place / name)
        part = new_part(inside)
        with contextlib.ExitStack() as made:
            made.callback(discard, part)
            for name in files:
                mode = place.stat().st_mode & (0o700 if name.startswith(f"{PRIVATE}/") else 0o777)
                made.enter_context(parents(place / name, mode=mode))
            part.mkdir(mode=0o700)
            for name, content in files.items():
                path = part / NEW / name
                path.parent.mkdir(parents=True, exist_ok=True)
                _put(content, path)
            settle_modes(part / NEW, place)
            publish(part, {f"{NEW}/{name}": name for name in files}, removed=removed)


def _put(content: bytes | Path, path: Path) -> None:
    if isinstance(content, bytes):
        path.write_bytes(content)
        return
    try:
        path.hardlink_to(content)
    except OSError:  # a disk without links
        shutil.copy2(content, path)


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file: whoever reads the path finds the old one or the new."""
    with whole_file(path) as part:
        part.write_bytes(content)
    return Path(path)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to that takes the place of ``path`` when the block ends well and vanishes when it does not."""
    place = real(path)
    with parents(place):
        part = new_part(place)
        try:
            yield part
            with contextlib.suppress(OSError):
                part.chmod(place.stat().st_mode & 0o777)
            sync(part)
            part.replace(place)
            sync(place.parent)
            record(place)
        finally:
            discard(part)

"""Names of a place's lock and parts, and folders that are made and synchronised for it."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

_PART = re.compile(r"\.(.+)\.[0-9a-f]{12}\.part")
SET = "missingmodels"  # the place, inside a folder, of files that are renewed together


def real(path: Path) -> Path:
    """The place that a path names: links are followed, so two names of one place have one lock."""
    return Path(os.path.realpath(path))


def lock_of(place: Path) -> Path:
    """The file whose lock is the claim on a place."""
    return place.with_name(f".{place.name}.lock")


def new_part(place: Path) -> Path:
    """Where something is made before it is put in place; of this writer alone."""
    return place.with_name(f".{place.name}.{secrets.token_hex(6)}.part")


def parts_of(place: Path) -> list[Path]:
    """What writers of this place left; theirs who holds the claim."""
    found = ((path, _PART.fullmatch(path.name)) for path in parts_in(place.parent))
    return [path for path, name in found if name and name[1] == place.name]


def parts_in(folder: Path) -> list[Path]:
    """Every part in a folder, whatever its place."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        return sorted(path for path in folder.iterdir() if _PART.fullmatch(path.name))
    return []


def is_ours(path: Path) -> bool:
    """Whether a file or folder is a lock or a part, which a folder may hold and still be free."""
    return path.name.startswith(".") and path.name.endswith((".part", ".lock"))


def target_of(path: Path) -> Path:
    """The place that a path inside a part is meant for, to be named in messages."""
    for above in (path, *path.parents):
        name = _PART.fullmatch(above.name)
        if name:
            inside = Path(*path.relative_to(above).parts[1:])
            return above.parent / inside if name[1] == SET else above.with_name(name[1]) / inside
    return path


@contextlib.contextmanager
def parents(place: Path, *, mode: int = 0o777) -> Iterator[None]:
    """The folders above a place, made if need be; those made here go again if nothing came into them."""
    made = [above for above in place.parents if not above.exists()]
    for above in reversed(made):
        above.mkdir(mode=mode, exist_ok=True)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            for above in made:
                above.rmdir()


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    folder = path.is_dir()
    if os.name == "nt" and folder:
        return  # Windows has no handle of a folder to flush
    handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    try:
        with contextlib.suppress(OSError) if folder else contextlib.nullcontext():
            os.fsync(handle)  # some network file systems flush no folders
    finally:
        os.close(handle)

"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from missingmodels.errors import InputError

MANIFEST = "manifest.json"


@contextmanager
def whole_folder(target: Path, *, kind: str, overwrite: bool = True) -> Iterator[Path]:
    """A scratch folder that becomes ``target`` when the block ends well and vanishes when it does not.

    So a reader never meets a half-written folder. Raises InputError if ``target`` holds something that this package
    did not write, or wrote as another kind, or if it holds anything and ``overwrite`` is off.
    """
    target = Path(target)
    require_free(target, kind=kind, overwrite=overwrite)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        scratch.chmod(0o755)
        yield scratch
        if target.exists():
            # set aside, not removed first: a crash between the two steps must not lose the old folder
            old = scratch.with_name(scratch.name + ".old")
            target.replace(old)
            scratch.replace(target)
            shutil.rmtree(old, ignore_errors=True)
        else:
            scratch.replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _is_part(path: Path) -> bool:
    """Whether a file is one that a writer has not moved into place yet, or never will: it was stopped."""
    return path.name.startswith(".") and path.name.endswith(".part")


def require_place(target: Path) -> None:
    """Raise InputError unless a file or folder can be made at ``target``: told before the work, not after it."""
    above = next(path for path in Path(target).absolute().parents if path.exists() or path.is_symlink())
    if not above.is_dir():
        raise InputError("this is a file, not a folder", where=str(above), remedy="choose another place with -o")
    if not os.access(above, os.W_OK | os.X_OK):
        raise InputError(
            "nothing can be written into this folder", where=str(above), remedy="choose another place with -o"
        )


def require_free(target: Path, *, kind: str, overwrite: bool) -> None:
    """Raise InputError unless a folder of this kind may be written to ``target``."""
    require_place(target)
    if not target.exists() or (target.is_dir() and all(_is_part(path) for path in target.iterdir())):
        return
    try:
        found = str(json.loads((target / MANIFEST).read_text(encoding="utf-8"))["format"])
    except (OSError, ValueError, KeyError, TypeError):
        found = ""
    if found != kind:
        raise InputError(
            f"the folder holds {found}"
            if found.startswith("missingmodels-")
            else "it was not written by missingmodels",
            where=str(target),
            remedy="choose a new output folder with -o, or remove this one yourself",
        )
    if not overwrite:
        raise InputError(
            "the folder holds earlier output",
            where=str(target),
            remedy="choose a new output folder with -o, or give --overwrite",
        )


def require_new(paths: Iterable[Path], *, overwrite: bool) -> None:
    """Raise InputError unless files may be written to these paths."""
    for path in map(Path, paths):
        require_place(path)
        if path.is_dir():
            raise InputError("this is a folder, a file is to be written", where=str(path), remedy="name a file with -o")
        if path.exists() and not overwrite:
            raise InputError("the file exists", where=str(path), remedy="choose another with -o, or give --overwrite")


def write_whole(path: Path, content: bytes) -> Path:
    """Write to a sibling and move it into place: whoever reads the path finds the old file or the new."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # of this writer alone, also among machines that share the folder: their process numbers may be the same
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path

"""Whether something may be written to a place: told before the work, not after it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from missingmodels.errors import InputError
from missingmodels.writing.places import is_ours, real

MANIFEST = "manifest.json"


def require_place(target: Path) -> None:
    """Raise InputError unless a file or folder can be made at ``target``."""
    above = next(path for path in real(target).parents if path.exists())
    if not above.is_dir():
        raise InputError("this is a file, not a folder", where=str(above), remedy="choose another place with -o")
    if not os.access(above, os.W_OK | os.X_OK):
        raise InputError(
            "nothing can be written into this folder", where=str(above), remedy="choose another place with -o"
        )


def require_free(target: Path, *, kind: str, overwrite: bool) -> None:
    """Raise InputError unless a folder of this kind may be written to ``target``."""
    require_place(target)
    target = Path(target)
    if not target.exists() or (target.is_dir() and all(map(is_ours, target.iterdir()))):
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

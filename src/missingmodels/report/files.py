"""Files that are written whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from missingmodels.errors import InputError
from missingmodels.tables.store import require_place


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

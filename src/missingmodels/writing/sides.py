"""The two places of a folder that holds an answer: what must not leave the room, and what may.

``private`` is for its owner alone, whatever the mode of the folder around it. Folders of versions before have neither
place: what they hold lies in the folder itself, and is found there.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

PRIVATE, RELEASE = "private", "release"
README = "README.txt"
VERSION = 2  # of the folder's layout, in its manifest as ``run_version``; 1 had one place
_TEXT = """This folder must not leave the room in which it was made.

It holds draws of a model beside the data that it was fitted to, day by day and child by child, quantities of single
homes, tables where they came without a folder of their own, and the evidence before any rule of disclosure. Numbers
stand for children and homes, but whoever knows a stay or an episode finds its child again.

What may leave, after your output checker has looked at it, lies beside this folder, in `release`.
"""


def make_sides(folder: Path) -> tuple[Path, Path]:
    """Make both places in a folder; returns them, the private one first."""
    private, release = folder / PRIVATE, folder / RELEASE
    private.mkdir(mode=0o700)
    release.mkdir(mode=0o700)
    (private / README).write_text(_TEXT, encoding="utf-8")
    return private, release


def private_readme() -> bytes:
    """What the private place says of itself."""
    return _TEXT.encode()


def private_name(name: str, held: Container[str]) -> str:
    """Where a folder that holds these files has a private one: by the layout of now, or of versions before."""
    own = f"{PRIVATE}/{name}"
    return own if own in held or name not in held else name

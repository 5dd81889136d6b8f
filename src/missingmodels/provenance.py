"""Where every artefact comes from: one root seed split into named streams, digests, versions."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

# What computes an answer, numbered apart from the package's version, which moves for other reasons too. Model: 1, peers
# are who live there now; 2, whose episodes were witnessed; 3, a process that all homes share. Engine: 1; 2, the fast
# engine proposes scales near zero.
METHODS = {"model": "3", "engine": "2"}
PACKAGES: tuple[str, ...] = (
    *("numpy", "scipy", "pandas", "numba", "pymc", "pytensor", "nutpie", "arviz", "xarray"),
    *("formulae", "pandera", "pyarrow"),
)


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The random generator of one named use, the same whatever else is drawn.

    Streams are keyed by name, so a new use never moves the draws of the others: ``stream(1, "children")`` gives the
    same numbers before and after somebody adds ``stream(1, "staff")``.
    """
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    words = np.frombuffer(digest, dtype=np.uint32)[:4].tolist()
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy=seed, spawn_key=tuple(words))))


def seed_of(seed: int, *names: str | int) -> int:
    """A 31-bit seed for a library that takes only an integer, from the same named streams."""
    return int(stream(seed, *names).integers(2**31 - 1))


def digest_bytes(content: bytes) -> str:
    """SHA-256, as ``sha256:<hex>``."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def digest_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON form (keys sorted)."""
    return digest_bytes(json.dumps(value, sort_keys=True, default=str).encode())


def digest_arrays(arrays: Iterable[np.ndarray]) -> str:
    """SHA-256 of arrays' types, shapes and bytes, in order."""
    total = hashlib.sha256()
    for array in arrays:
        block = np.ascontiguousarray(array)
        total.update(f"{block.dtype.str}{block.shape}".encode())
        total.update(block.tobytes())
    return "sha256:" + total.hexdigest()


def package_version() -> str:
    """The version of missingmodels that runs."""
    return importlib.metadata.version("missingmodels")


def versions() -> dict[str, str]:
    """Numbers of models and engine, versions of this package, of Python and of the libraries that touch a result.

    Libraries that are absent are left out.
    """
    return dict(_versions(PACKAGES))


@functools.cache  # reading the metadata of ten libraries takes as long as a small fit
def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    found = {**METHODS, "missingmodels": package_version(), "python": platform.python_version()}
    for name in packages:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit_of(path: Path) -> str:
    """The commit that a file or folder stands in, with a word where it was changed since; empty under no git."""
    path = Path(path).resolve()
    folder = path if path.is_dir() else path.parent
    if _git(folder, "ls-files", "--error-unmatch", str(path)) is None:
        return ""
    commit = _git(folder, "rev-parse", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", str(path))
    return "" if not commit else f"{commit}, changed since" if changed else commit


def _git(folder: Path, *words: str) -> str | None:
    # without optional locks: a look at its state would else write the repository's index
    asked = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@functools.cache
def surroundings() -> dict[str, str]:
    """What else a result may hang on: the library of linear algebra, and the commit of this package's source."""
    built: Any = np.show_config(mode="dicts")
    blas = built.get("Build Dependencies", {}).get("blas", {})
    found = {"blas": f"{blas.get('name', 'unrecorded')} {blas.get('version', '')}".strip()}
    commit = commit_of(Path(__file__).parent)
    return found | ({"commit": commit} if commit else {})

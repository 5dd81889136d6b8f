"""What code computes a replicate: versions, and a digest of the sources that a result depends on."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from pathlib import Path
from typing import Any

import missingmodels
from missingmodels.provenance import versions

# What only reads results may change while a study goes on; whatever makes them may not.
_ONLY_READS = ("report", "cli", "extract", "export", "terminal", "targets", "docs")
# By unit, the modules that only read; "answer" makes a replicate's answer.
_ONLY_READS_WITHIN = {
    "studies": (
        *("summary", "solutions", "solver", "measures", "text", "lead", "figures", "explain", "explorer"),
        *("progress", "store", "certificate", "asked", "misspecified", "slurm"),
    ),
    "runs": ("importing", "official", "calibrate", "write"),
}
_LIBRARIES = ("python", "numpy", "scipy", "pandas", "formulae", "pymc", "nutpie", "numba")


@functools.cache
def certificate() -> dict[str, Any]:
    """Digest of the package's code that a replicate runs through, and versions of the libraries under it."""
    root = Path(str(missingmodels.__file__)).parent
    total = hashlib.sha256()
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.csv")]):
        part = path.relative_to(root).with_suffix("").parts
        within = _ONLY_READS_WITHIN.get(part[0], ())
        if (
            part[0].startswith(_ONLY_READS)
            or (within and part[1].startswith(within))
            or (part[0] == "evidence" and path.suffix == ".csv")
        ):
            continue  # the latter are results of studies, which reports quote
        total.update(path.relative_to(root).as_posix().encode())
        total.update(path.read_bytes())
    # without numba the fast engine takes other loops
    held = versions() | {"scipy": importlib.metadata.version("scipy"), "numba": _numba()}
    libraries = {name: held[name] for name in _LIBRARIES if name in held}
    return {"code": "sha256:" + total.hexdigest(), "missingmodels": held["missingmodels"], **libraries}


def _numba() -> str:
    try:
        return importlib.metadata.version("numba")
    except importlib.metadata.PackageNotFoundError:
        return "absent"

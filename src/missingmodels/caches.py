"""Where compiled loops and models are kept when neither the code's folder nor HOME can be written."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).parent


def settle() -> None:
    """Point the caches of numba, PyTensor and matplotlib at a private folder, where their own cannot be written.

    What the environment says already stands, so that a process that this one starts shares its folder. Says so once
    on standard error.
    """
    named = os.environ.get("HOME") or os.environ.get("USERPROFILE")
    home = Path(named) if named and _writable(Path(named)) else None
    if (home and _writable(SOURCE)) or "NUMBA_CACHE_DIR" in os.environ:
        return
    base = _private(home / ".cache" / "missingmodels") if home else _temporary()
    # numba looks at the file of a function alone: loops of other sources lie elsewhere, so none is ever stale
    os.environ["NUMBA_CACHE_DIR"] = str(base / f"loops-{_sources()[:16]}")
    if not home:
        flags = os.environ.get("PYTENSOR_FLAGS", "")
        if "compiledir=" not in flags:
            os.environ["PYTENSOR_FLAGS"] = ",".join(filter(None, (flags, f"base_compiledir={base / 'pytensor'}")))
        os.environ.setdefault("MPLCONFIGDIR", str(base / "matplotlib"))
    told = "the code's folder cannot be written" if home else "HOME cannot be written"
    sys.stderr.write(f"Note: {told}; compiled code is kept in {base}.\n")


def _writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _private(folder: Path) -> Path:
    """The folder, made for its owner alone; a temporary one where it is another's or open to others."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = folder.lstat()
        owned = not hasattr(os, "getuid") or (held.st_uid == os.getuid() and not stat.S_IMODE(held.st_mode) & 0o022)
        if stat.S_ISDIR(held.st_mode) and owned and _writable(folder):
            return folder
    except OSError:
        pass
    made = Path(tempfile.mkdtemp(prefix="missingmodels-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def _temporary() -> Path:
    """One folder an account, kept from command to command, so that only the first one compiles."""
    account = os.getuid() if hasattr(os, "getuid") else "cache"
    return _private(Path(tempfile.gettempdir()) / f"missingmodels-{account}")


def _sources() -> str:
    """Digest of every source of the package."""
    held = hashlib.sha256()
    for path in sorted(SOURCE.rglob("*.py")):
        held.update(path.read_bytes())
    return held.hexdigest()

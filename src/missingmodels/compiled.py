"""What numba keeps of compiled loops between runs, thrown away once any source of their folder has changed.

That loops are being compiled is told beside the stage that waits for them: the first command of a machine takes tens of
seconds longer for it.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from missingmodels.terminal import beside


def forget_stale(folder: Path) -> None:
    """Throw the compiled loops of a folder of sources, and of its wings, away when any source in them has changed.

    numba looks only at the file of the function that is called: a change in a function that it calls, in another file,
    would go unseen.
    """
    held = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.rglob("*.py")))).hexdigest()
    stamp = folder / "__pycache__" / "compiled.sha256"
    with contextlib.suppress(OSError):  # a folder that cannot be written holds no loops of ours either
        if stamp.exists() and stamp.read_text(encoding="utf-8") == held:
            return
        for path in folder.rglob("__pycache__/*.nb[ic]"):
            path.unlink(missing_ok=True)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(held, encoding="utf-8")


def tell_of_compiling() -> None:
    """Say beside the stage at hand, from now on, that loops are compiled while any is."""
    try:
        from numba.core.event import Event, Listener, register
    except ImportError:
        return  # without numba nothing is compiled

    class Compiling(Listener):
        """One loop may wait for another."""

        def __init__(self) -> None:
            self.depth = 0

        def on_start(self, event: Event) -> None:
            self.depth += 1
            beside("compiling for this machine, once")

        def on_end(self, event: Event) -> None:
            self.depth -= 1
            if not self.depth:
                beside("")

    register("numba:compile", Compiling())


tell_of_compiling()

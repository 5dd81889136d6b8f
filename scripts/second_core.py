"""Print the OpenBLAS core type to test under besides this processor's own: the next older one, or nothing.

A processor runs the kernels of its forerunners. Whether the BLAS of numpy and scipy has them is tried, not believed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

# By what OpenBLAS calls the kernels in use: the newest that is older and written anew.
OLDER = {
    **dict.fromkeys(("SkylakeX", "Cooperlake", "SapphireRapids"), "Haswell"),
    **dict.fromkeys(("Haswell", "Zen", "Excavator", "Steamroller", "Piledriver", "Bulldozer"), "Sandybridge"),
    "Sandybridge": "Nehalem",
    **dict.fromkeys(("neoversev1", "neoversen1", "neoversen2", "armv8sve", "cortexa57", "vortex"), "ARMV8"),
}
ASK = (
    "import json, numpy, scipy.linalg, threadpoolctl as t; "
    "print(json.dumps([i.get('architecture') for i in t.threadpool_info() if i['internal_api'] == 'openblas']))"
)


def in_use(core: str | None = None) -> list[str]:
    """Kernels that the BLAS of numpy and of scipy uses, of the core type asked for or its own; empty if it fails."""
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    if core is not None:
        environment["OPENBLAS_CORETYPE"] = core
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else []


def second_core() -> str:
    """Empty where there is no older type, or not both libraries take it."""
    own = in_use()
    older = {OLDER.get(name, OLDER.get(name.lower(), "")) for name in own}
    if len(older) != 1 or "" in older:
        return ""
    (core,) = older
    found = in_use(core)
    return core if found and {name.lower() for name in found} == {core.lower()} else ""


if __name__ == "__main__":
    print(second_core())

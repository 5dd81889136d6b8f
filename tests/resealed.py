"""A folder's manifest written again after a test has changed it, or a file that it names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from missingmodels.tables.manifest import SEAL, write_manifest


def reseal(folder: Path, held: Mapping[str, Any] | None = None) -> None:
    """Give the folder a manifest of these contents (its own, if left out) with digests that fit."""
    held = json.loads((folder / "manifest.json").read_text()) if held is None else held
    write_manifest(folder, held["format"], {name: value for name, value in held.items() if name not in ("files", SEAL)})

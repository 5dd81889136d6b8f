"""Makes the papers' build importable; it needs nothing that the package does not."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "paper"))

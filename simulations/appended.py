"""Worlds of a study, appended to a file one by one, so that a stop loses none; and shares with their errors."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np


def read_worlds(path: Path) -> list[dict[str, Any]]:
    """The worlds written so far; a line cut short by a stop is left out."""
    if not path.exists():
        return []
    found = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(text))
        except json.JSONDecodeError:
            continue
    return found


def append(path: Path, record: dict[str, Any]) -> None:
    """One line more; what a stop left of an unfinished one is closed off first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        file.seek(0, os.SEEK_END)
        text = json.dumps(record) + "\n"
        whole = file.tell() == 0 or path.read_bytes().endswith(b"\n")
        file.write(text if whole else "\n" + text)


def share(hits: Any) -> tuple[float, float]:
    """A share with its binomial Monte Carlo error, by the plus-four rule so that 0 and 1 have one too."""
    n, hits = len(hits), float(np.sum(hits))
    smoothed = (hits + 2) / (n + 4)
    return (hits / n if n else float("nan")), float(np.sqrt(smoothed * (1 - smoothed) / (n + 4)))

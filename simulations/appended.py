"""Worlds of a study, appended to a file one by one, so that a stop loses none; and shares with their errors."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from missingmodels.errors import MissingModelsError

RESULTS = Path(__file__).resolve().parent / "results"
PACKAGED = Path(__file__).resolve().parents[1] / "src" / "missingmodels" / "evidence"


def arguments(about: str | None, *, worlds: int, of: str, work: str) -> argparse.ArgumentParser:
    """What every such study can be told: how many worlds, where they are kept, when to stop."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=worlds, help=of)
    parser.add_argument("--work", type=Path, default=Path(f"{work}-work/{work}.jsonl"), help="file of worlds so far")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long; go on another time")
    parser.add_argument("--summarise", action="store_true", help="only write the tables from the worlds that are there")
    return parser


def worlds_of[Key: Hashable](
    options: argparse.Namespace,
    asked: Iterable[Key],
    key_of: Callable[[dict[str, Any]], Key],
    one_world: Callable[[Key], dict[str, Any]],
) -> list[dict[str, Any]]:
    """The worlds on file, and those asked for that are not there yet, each appended as it is made.

    One that cannot be answered is told and left out.
    """
    options.output.mkdir(parents=True, exist_ok=True)  # told before hours of work where it cannot be
    worlds = read_worlds(options.work)
    done, end = {key_of(world) for world in worlds}, time.monotonic() + 60 * options.minutes
    for key in [] if options.summarise else (key for key in asked if key not in done):
        if time.monotonic() > end:
            break
        try:
            record = one_world(key)
        except MissingModelsError as error:
            sys.stderr.write(f"{key}: {error.what}\n")
            continue
        append(options.work, record)
        worlds.append(record)
    return worlds


def worlds_by_seed(options: argparse.Namespace, one_world: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    """Worlds that are known by their seed alone, from 1 to as many as are asked for."""
    return worlds_of(options, range(1, options.worlds + 1), lambda world: int(world["seed"]), one_world)


def ships(output: Path) -> bool:
    """Are these the tracked results, of which a copy ships with the package?"""
    return output.resolve() == RESULTS


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

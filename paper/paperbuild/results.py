"""Tracked results, and whether each is still what the paper says it is.

``results.toml`` says of every result by which command it came, what it must hold (seed, arguments), which study file
it answers, and under which numbers of model and engine it was made. A result whose own record says otherwise is stale.
One made under other numbers than the package's is stale too, unless its entry says why it is still quoted (``older``)
and ``[judged]`` holds the package's present numbers: whoever changes a model must look at every such reason again.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paperbuild.faults import PaperError

METHODS = ("model", "engine")


@dataclass(frozen=True)
class Result:
    """One entry of the register, with what its JSON file records of itself."""

    name: str
    entry: Mapping[str, Any]
    record: Mapping[str, Any]
    folder: Path

    @property
    def files(self) -> list[Path]:
        """Its tables and its record."""
        named = [self.folder / file for file in self.entry.get("tables", [f"{self.name}.csv"])]
        return [*named, self.folder / f"{self.name}.json"]


@dataclass(frozen=True)
class Register:
    """All results that a document may quote; ``judged`` are the numbers at which the reasons were last looked at."""

    results: Mapping[str, Result]
    judged: Mapping[str, str]


def read_register(path: Path, folder: Path) -> Register:
    """The register, and the record of each of its results. Raises PaperError for a file that is not there."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    judged = {name: str(number) for name, number in entries.pop("judged", {}).items()}
    absent = [
        f"{path.name}: {name}: there is no {name}.json" for name in entries if not (folder / f"{name}.json").exists()
    ]
    if absent:
        raise PaperError(absent)
    results = {
        name: Result(name, entry, json.loads((folder / f"{name}.json").read_text(encoding="utf-8")), folder)
        for name, entry in entries.items()
    }
    return Register(results, judged)


def stale(register: Register, methods: Mapping[str, str], root: Path) -> list[str]:
    """Every way in which a result is not what its entry says, or was made by other methods than the package's."""
    return [fault for result in register.results.values() for fault in _faults(result, register, methods, root)]


def _faults(result: Result, register: Register, methods: Mapping[str, str], root: Path) -> Iterator[str]:
    where, entry, record = f"results.toml: {result.name}", result.entry, result.record
    for file in result.files:
        if not file.exists():
            yield f"{where}: there is no {file.name}"
    if record.get("recipe", entry["command"]) != entry["command"]:
        yield f"{where}: made by “{record['recipe']}”, and the entry says “{entry['command']}”"
    for path, expected in entry.get("holds", {}).items():
        found = at(record, path)
        if found != expected:
            yield f"{where}: {path} is {found!r} in the result and {expected!r} in the entry"
    if "study" in entry:
        yield from (f"{where}: {fault}" for fault in _other_study(record.get("study", {}), root / entry["study"]))
    made = {name: str(at(record, entry.get("versions", "versions") + "." + name)) for name in METHODS}
    yield from (f"{where}: {fault}" for fault in _other_methods(entry, made, register.judged, methods))


def _other_study(record: Mapping[str, Any], path: Path) -> Iterator[str]:
    if not path.exists():
        yield f"there is no study file {path.name}"
        return
    now = tomllib.loads(path.read_text(encoding="utf-8"))
    for key, value in leaves(now):
        held = dict(leaves(record)).get(key)
        if held != value:
            yield f"{path.name} says {'.'.join(key)} = {value!r} and the result was made with {held!r}: run it again"
    sections = ("scenario", "plan", "axes", "prior")  # defaults fill the others, so only these tell a key taken out
    for key, value in leaves(record):
        if key[0] in sections and value not in ({}, [], None, "") and key not in dict(leaves(now)):
            yield f"{path.name} no longer says {'.'.join(key)}, with which the result was made: run it again"


def _other_methods(
    entry: Mapping[str, Any], made: Mapping[str, str], judged: Mapping[str, str], methods: Mapping[str, str]
) -> Iterator[str]:
    for name in METHODS:
        if made[name] != str(entry[name]):
            yield f"made under {name} {made[name]}, and the entry says {entry[name]}"
        if made[name] == methods[name]:
            continue
        if "older" not in entry:
            yield f"made under {name} {made[name]}, and the package has {name} {methods[name]}: run it again"
        elif judged.get(name) != methods[name]:
            yield f"its reason was judged at {name} {judged.get(name)}, and the package has {methods[name]}: look again"


def is_older(result: Result, methods: Mapping[str, str]) -> bool:
    """Whether it was made under another number of model or engine than the package's."""
    return any(str(result.entry[name]) != methods[name] for name in METHODS)


def at(record: Any, path: str) -> Any:
    """The value under a dotted path of keys and places in lists, None where there is none."""
    for key in path.split("."):
        if isinstance(record, list) and key.isdecimal() and int(key) < len(record):
            record = record[int(key)]
        elif isinstance(record, Mapping) and key in record:
            record = record[key]
        else:
            return None
    return record


def leaves(record: Mapping[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value that is no table, with the keys that lead to it."""
    for key, value in record.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*before, key))
        else:
            yield (*before, key), value

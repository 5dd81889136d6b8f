"""The manifest of a folder: what kind it is, what it holds, and digests of its files and of itself.

A manifest is the last file written into a folder and the first one read from it. It is believed only if it is whole by
its kind's schema and agrees with its own digest. Layout 2 names every file; layout 1, written before, names the tables'
files alone and has no digest of its own, and is still read.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from missingmodels.errors import InputError
from missingmodels.provenance import digest_bytes, digest_file, digest_json, surroundings, versions
from missingmodels.records import Json, Name, Record, Text, checked, read_json, shown
from missingmodels.tables.contract import SCHEMA_VERSION, TABLES
from missingmodels.writing import MANIFEST, write_together, write_whole

LAYOUT = 2
SEAL = "manifest_digest"
REWRITE = "write the folder again with the command that made it"
NAMES_SHOWN = 5


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name:
        raise ValueError("a path that leads out of the folder")
    return name


def _day(text: str) -> str:
    day = dt.date.fromisoformat(text)
    if not 1900 <= day.year <= 2200:
        raise ValueError("no day between 1900 and 2200")
    return text


def _known(name: str) -> str:
    if name not in TABLES:
        raise ValueError(f"the manifest names an unknown table {shown(name)}")
    return name


def _this_version(number: int) -> int:
    if not 1 <= number <= SCHEMA_VERSION:
        raise ValueError(f"schema version {shown(number)} was found, this package reads {SCHEMA_VERSION} and before")
    return number


FileName = Annotated[Name, AfterValidator(_inside)]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_day)]
Values = dict[Name, Json]
# of a fit that was kept though it did not pass its gate, a diagnostic may be no number
Certificate = dict[Name, JsonValue]


class _Manifest(Record):
    """What every manifest holds. Layout 1 has neither ``files`` nor a digest of its own."""

    format: Name
    manifest_version: Literal[1, 2] = 1
    files: dict[FileName, Digest] | None = None
    versions: dict[Name, Name] = Field(default_factory=dict)
    manifest_digest: Digest | None = None

    @model_validator(mode="after")
    def _sealed(self) -> Self:
        whole = self.manifest_digest is not None and self.files is not None
        if self.manifest_version == 1 and (self.manifest_digest is not None or self.manifest_version_told()):
            raise ValueError("manifest_version is lacking")
        if self.manifest_version == LAYOUT and not whole:
            raise ValueError(f"{SEAL} or files is lacking")
        return self

    def manifest_version_told(self) -> bool:
        """Whether the layout's number stands in the file, as it does from layout 2 on."""
        return "manifest_version" in self.model_fields_set


class _AnyManifest(_Manifest):
    """Of a kind whose further content its own reader judges."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Json]


class _TableEntry(Record):
    """One table's file."""

    file: FileName
    rows: Annotated[int, Field(ge=0, le=10**9)]
    digest: Digest


class _TablesManifest(_Manifest):
    """Of a folder of tables."""

    schema_version: Annotated[int, AfterValidator(_this_version)]
    observed_from: Day
    observed_to: Day
    all_residents: bool = False
    own: dict[Annotated[str, AfterValidator(_known)], list[Values]] = Field(default_factory=dict)
    tables: dict[Annotated[str, AfterValidator(_known)], _TableEntry]
    origin: Values = Field(default_factory=dict)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        strange = [name for name, entry in self.tables.items() if entry.file != f"{name}.parquet"]
        if strange:
            raise ValueError(f"the file of {strange[0]} is not {strange[0]}.parquet")
        if not isinstance(self.origin.get("kind", ""), str):
            raise ValueError("origin.kind is no text")
        return self


class _RunManifest(_Manifest):
    """Of a run. ``run_version`` 1 had one place, and the path of the data's folder in ``tables``; the first lack it."""

    run_version: Literal[1, 2] = 1
    tables: Text | None = None
    keep_children: bool = False
    disclosure: dict[Name, Json] | None = None
    certificates: list[Certificate]
    absent: list[Certificate] = Field(default_factory=list)  # of models that failed their gate and are left out


class _FitManifest(_Manifest):
    """Of a fit of one outcome, of rows, or of child-days."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Json]
    certificate: Certificate


class _ExportManifest(_Manifest):
    """Of a folder of exported returns, lists and rotas; ``files`` stood in layout 1, too."""

    authorities: list[Name]
    years: list[int]
    quirks: Values
    seed: int
    origin: Values


class _CalibrationManifest(_Manifest):
    """Of a world beside published figures."""

    kind: Name
    scenario: Values
    scenario_digest: Digest
    seeds: list[int]


class _OfficialManifest(_Manifest):
    """Of an analysis of official statistics."""

    certificate: Certificate


class _StudyManifest(_Manifest):
    """Of a power or calibration study, whose batches come and are named by their number alone.

    ``asked`` has name and digest of functions that it was asked in Python: words to compare, which nothing calls.
    """

    digest: Digest
    study: Values
    scenario: Values
    plan: Values
    certificate: Values
    asked: dict[str, dict[str, str]] = Field(default_factory=dict)


STUDY_FORMAT = "missingmodels-study"
KINDS: Mapping[str, type[_Manifest]] = {
    "missingmodels-tables": _TablesManifest,
    "missingmodels-run": _RunManifest,
    "missingmodels-outcome": _FitManifest,
    "missingmodels-rows": _FitManifest,
    "missingmodels-daily": _FitManifest,
    "missingmodels-export": _ExportManifest,
    "missingmodels-calibration": _CalibrationManifest,
    "missingmodels-official-1": _OfficialManifest,
    STUDY_FORMAT: _StudyManifest,
}


def write_manifest(folder: Path, kind: str, record: Mapping[str, Any]) -> Path:
    """Write a folder's manifest, last of all: of what it is told, with every file that is there and its own digest.

    A study, whose files come later, names none. Raises InputError for a record that the reader would refuse.
    """
    return write_whole(folder / MANIFEST, _sealed(folder, kind, record, _digests(folder, kind, record)))


def renew_together(
    folder: Path,
    kind: str,
    files: Mapping[str, bytes],
    *,
    removed: Iterable[str] = (),
    moved: Mapping[str, str] | None = None,
    entries: Mapping[str, Any] | None = None,
) -> None:
    """Write files of a folder, and its manifest again with them: all, and all that are ``removed`` gone, or nothing.

    ``moved`` are files that get another name at the same moment, ``entries`` what the manifest says anew. What else it
    names keeps the digest that it has there. A manifest of layout 1 becomes one of layout 2.
    """
    held, moves = _read(folder, kind), moved or {}
    gone = {*removed, *moves} - set(files)
    record = {name: value for name, value in held.items() if name not in ("files", SEAL)} | dict(entries or {})
    digests = held["files"] if held.get("manifest_version", 1) >= LAYOUT else _digests(folder, kind, record)
    digests = {moves.get(name, name): digest for name, digest in digests.items()}
    digests = {name: digest for name, digest in digests.items() if name not in gone}
    digests |= {name: digest_bytes(content) for name, content in files.items()}
    manifest = _sealed(folder, kind, record, digests)
    kept = {to: folder / name for name, to in moves.items() if to not in files}
    write_together(folder, {**kept, **files, MANIFEST: manifest}, removed=sorted(gone))


def named_files(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Every file that a manifest names; of layout 1, which names none, every file that is there."""
    return list(manifest["files"]) if manifest.get("manifest_version", 1) >= LAYOUT else _files(folder)


def _digests(folder: Path, kind: str, record: Mapping[str, Any]) -> dict[str, str]:
    """Digest of every file that a manifest of the kind names among its ``files``; tables stand in ``tables``."""
    own = {entry["file"] for entry in record["tables"].values()} if kind == "missingmodels-tables" else set()
    names = [] if kind == STUDY_FORMAT else [name for name in _files(folder) if name not in own]
    return {name: digest_file(folder / name) for name in names}


def _sealed(folder: Path, kind: str, record: Mapping[str, Any], digests: Mapping[str, str]) -> bytes:
    """A manifest with its own digest, checked as its reader will."""
    body = {
        "versions": versions() | surroundings(),
        **record,
        "format": kind,
        "manifest_version": LAYOUT,
        "files": dict(sorted(digests.items())),
    }
    body = json.loads(json.dumps(body, default=str))
    body[SEAL] = digest_json(body)
    where = str(folder / MANIFEST)
    checked(body, KINDS.get(kind, _AnyManifest), what="the manifest to be written", where=where, remedy="")
    return (json.dumps(body, indent=1) + "\n").encode()


def read_manifest(folder: Path, kind: str) -> dict[str, Any]:
    """The manifest of a folder, judged whole. Raises InputError.

    Files that it does not name, and names without a file, are told by the logger ``missingmodels``: pages and ledgers
    may be taken away, and notes be put in, but not in silence. What the caller reads it must check itself, by
    ``require_named``.
    """
    held = _read(Path(folder), kind)
    if held.get("manifest_version", 1) >= LAYOUT and kind != STUDY_FORMAT:
        _tell(Path(folder), held)
    return held


def require_named(folder: Path, manifest: Mapping[str, Any], name: str) -> Path:
    """The path of a file, which must be there and be what the manifest says. Raises InputError.

    Layout 1 has no digests to hold it against.
    """
    path = folder / name
    if not path.is_file():
        raise InputError("the manifest names this file but it is not there", where=str(path), remedy=REWRITE)
    if manifest.get("manifest_version", 1) < LAYOUT:
        return path
    if name not in manifest["files"]:
        raise InputError("the folder's manifest does not name this file", where=str(path), remedy=REWRITE)
    if digest_file(path) != manifest["files"][name]:
        raise InputError(CHANGED, where=str(path), remedy=REWRITE)
    return path


CHANGED = "its content is not what the manifest's digest says: it was changed after writing"


def _read(folder: Path, kind: str) -> dict[str, Any]:
    path = folder / MANIFEST
    if not folder.exists():
        raise InputError("there is no such folder", where=str(folder), remedy="check the path")
    if not folder.is_dir():
        raise InputError("this is a file, a folder is needed", where=str(folder), remedy="name its folder")
    if not path.is_file():
        what = "the folder is empty" if not any(folder.iterdir()) else f"the folder has no {MANIFEST}"
        raise InputError(what, where=str(folder), remedy=f"name a folder that holds {MANIFEST}, or {REWRITE}")
    held = read_json(path, what="the manifest", remedy=REWRITE)
    if held.get("format") != kind:
        raise InputError(
            f"the folder is of format {shown(held.get('format'))}, not {kind!r}",
            where=str(folder),
            remedy="check the path",
        )
    layout = held.get("manifest_version", 1)
    if isinstance(layout, int) and layout > LAYOUT:
        raise InputError(
            f"the manifest is of layout {shown(layout)}, this package reads {LAYOUT} and before",
            where=str(path),
            remedy="read it with the version of missingmodels that wrote it, or a later one",
        )
    checked(held, KINDS.get(kind, _AnyManifest), what="the manifest", where=str(path), remedy=REWRITE)
    told = held.get(SEAL)
    if told is not None and told != digest_json({name: value for name, value in held.items() if name != SEAL}):
        raise InputError(
            "the manifest is not what its own digest says: it was changed after writing",
            where=str(path),
            remedy=REWRITE,
        )
    return held


def _files(folder: Path) -> list[str]:
    """Every file of a folder but its manifest, and but hidden ones, which writers and file managers leave."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    seen = (name for name in names if not any(part.startswith(".") for part in name.parts))
    return sorted(name.as_posix() for name in seen if name.as_posix() != MANIFEST)


def _tell(folder: Path, manifest: Mapping[str, Any]) -> None:
    tables = manifest.get("tables")
    own = [entry["file"] for entry in tables.values()] if isinstance(tables, dict) else []
    named, there = {*manifest["files"], *own}, set(_files(folder))
    for what, which in (
        ("not named by its manifest, and not read", there - named),
        ("named by its manifest, but not there", named - there),
    ):
        if which:
            logging.getLogger("missingmodels").warning("%s: %s: %s", folder, what, _listing(sorted(which)))


def _listing(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - NAMES_SHOWN} more" if len(every) > NAMES_SHOWN else ""
    return ", ".join(every[:NAMES_SHOWN]) + more

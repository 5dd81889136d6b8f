"""Tables on disk: one Parquet file a table and a manifest with schema version, digests and origin."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from missingmodels.errors import InputError
from missingmodels.provenance import digest_file, versions
from missingmodels.tables.contract import SCHEMA_VERSION, TABLES
from missingmodels.tables.schema import conform
from missingmodels.tables.tables import Tables, make_tables
from missingmodels.writing import MANIFEST, whole_folder

FORMAT = "missingmodels-tables"
RETURN_FORMAT = "missingmodels-return"  # of a folder that the simulator exported as an SSDA903 return
RUN_FORMAT = "missingmodels-run"
OUTCOME_FORMAT = "missingmodels-outcome"


def write_tables(tables: Tables, folder: Path, *, overwrite: bool = True) -> Path:
    """Write the tables; the folder appears whole or not at all. Returns the folder."""
    folder = Path(folder)
    with whole_folder(folder, kind=FORMAT, overwrite=overwrite) as scratch:
        write_tables_into(tables, scratch)
    return folder


def write_tables_into(
    tables: Tables, folder: Path, *, streamed: Mapping[str, Iterable[pd.DataFrame]] | None = None
) -> None:
    """Write the tables into an existing folder, manifest last.

    ``streamed`` gives a table in pieces, for one that is too large to hold; it stands in the place of the Tables' own.
    """
    digests = {}
    pieces = {name: [frame] for name, frame in tables.frames.items()} | dict(streamed or {})
    for name, frames in pieces.items():
        path = folder / f"{name}.parquet"
        rows, writer = 0, None
        for frame in frames:
            piece = pa.Table.from_pandas(conform(frame, TABLES[name]), preserve_index=False)
            writer = writer or pq.ParquetWriter(path, piece.schema)
            writer.write_table(piece)
            rows += len(frame)
        if writer is not None:
            writer.close()
        digests[name] = {"file": path.name, "rows": rows, "digest": digest_file(path)}
    manifest = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "observed_from": tables.observed_from.date().isoformat(),
        "observed_to": tables.observed_to.date().isoformat(),
        "all_residents": tables.all_residents,
        "tables": digests,
        "origin": dict(tables.origin),
        "versions": versions(),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")


def read_tables(folder: Path) -> Tables:
    """Read a folder that ``write_tables`` wrote.

    Raises InputError naming the file at fault: no folder, no manifest, another format or schema version, an absent,
    truncated, foreign or altered Parquet file.
    """
    folder = Path(folder)
    manifest = read_manifest(folder, FORMAT)
    if manifest.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"schema version {manifest.get('schema_version')} was found, this package reads {SCHEMA_VERSION}",
            where=str(folder / MANIFEST),
            remedy="import or simulate the data again with this version",
        )
    try:
        entries = {name: manifest["tables"][name] for name in manifest["tables"]}
        observed = manifest["observed_from"], manifest["observed_to"]
    except (KeyError, TypeError) as error:
        raise InputError(f"the manifest lacks {error}", where=str(folder / MANIFEST), remedy=_REWRITE) from error
    frames = {name: _read_one(folder, name, entry) for name, entry in entries.items()}
    return make_tables(
        frames,
        observed_from=observed[0],
        observed_to=observed[1],
        all_residents=bool(manifest.get("all_residents", False)),
        origin=manifest.get("origin", {}),
    )


_REWRITE = "write the folder again with `missingmodels simulate` or `missingmodels import`"


def read_manifest(folder: Path, expected_format: str) -> dict[str, Any]:
    """The manifest of a folder, checked to be of the format expected."""
    path = folder / MANIFEST
    if not folder.exists():
        raise InputError("there is no such folder", where=str(folder), remedy="check the path")
    if not folder.is_dir():
        raise InputError("this is a file, a folder of tables is needed", where=str(folder), remedy="name its folder")
    if not path.is_file():
        what = "the folder is empty" if not any(folder.iterdir()) else f"the folder has no {MANIFEST}"
        raise InputError(what, where=str(folder), remedy=f"name a folder that holds {MANIFEST}, or {_REWRITE}")
    try:
        manifest = json.loads(path.read_text())
        found = manifest["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("the manifest cannot be read as JSON", where=str(path), remedy=_REWRITE) from error
    if found != expected_format:
        raise InputError(
            f"the folder is of format {found!r}, not {expected_format!r}", where=str(folder), remedy="check the path"
        )
    return dict(manifest)


def _read_one(folder: Path, name: str, entry: Any) -> pd.DataFrame:
    if name not in TABLES:
        raise InputError(f"the manifest names an unknown table {name!r}", where=str(folder / MANIFEST), remedy=_REWRITE)
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise InputError("the manifest names this file but it is not there", where=str(path), remedy=_REWRITE)
    if digest_file(path) != entry.get("digest"):
        what = _unreadable(path) or "its content is not what the manifest's digest says: it was changed after writing"
        raise InputError(what, where=str(path), remedy=_REWRITE)
    what = _unreadable(path)
    if what:
        raise InputError(what, where=str(path), remedy=_REWRITE)
    return pq.read_table(path).to_pandas()


def _unreadable(path: Path) -> str:
    """Why a file is not whole Parquet; empty if it is."""
    try:
        pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        head = path.read_bytes()[:4]
        kind = "it begins as Parquet but is truncated or damaged" if head == b"PAR1" else "it is not a Parquet file"
        return f"{kind} ({str(error).splitlines()[0]})"
    return ""

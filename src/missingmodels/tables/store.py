"""Tables on disk: one Parquet file a table and a manifest with schema version, digests and origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from missingmodels.errors import ConfigInvalid, InputError
from missingmodels.provenance import digest_file
from missingmodels.tables.columns import Table
from missingmodels.tables.contract import SCHEMA_VERSION, TABLES
from missingmodels.tables.manifest import CHANGED, REWRITE, read_manifest, write_manifest
from missingmodels.tables.own import Own, read_declared, with_own
from missingmodels.tables.parquet import not_whole, read_parquet
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
            piece = pa.Table.from_pandas(conform(frame, tables.table(name)), preserve_index=False)
            writer = writer or pq.ParquetWriter(path, piece.schema)
            writer.write_table(piece)
            rows += len(frame)
        if writer is not None:
            writer.close()
        digests[name] = {"file": path.name, "rows": rows, "digest": digest_file(path)}
    record = {
        "schema_version": SCHEMA_VERSION,
        "observed_from": tables.observed_from.date().isoformat(),
        "observed_to": tables.observed_to.date().isoformat(),
        "all_residents": tables.all_residents,
        "own": {name: [one.as_dict() for one in held] for name, held in tables.own.items()},
        "tables": digests,
        "origin": dict(tables.origin),
    }
    write_manifest(folder, FORMAT, record)


def read_tables(folder: Path) -> Tables:
    """Read a folder that ``write_tables`` wrote.

    Raises InputError naming the file at fault: no folder, no manifest, another format or schema version, an absent,
    truncated, foreign or altered Parquet file.
    """
    folder = Path(folder)
    manifest = read_manifest(folder, FORMAT)
    unnamed = [name for name in TABLES if name not in manifest["tables"] and (folder / f"{name}.parquet").exists()]
    if unnamed:
        raise InputError(
            "the manifest does not name this file, so nothing says that it belongs to these tables",
            where=str(folder / f"{unnamed[0]}.parquet"),
            remedy="take it out of the folder if it does not belong there; else write the folder again",
        )
    where = str(folder / MANIFEST)
    own = {name: _declared(name, held, where) for name, held in manifest.get("own", {}).items()}
    frames = {name: _read_one(folder, with_own(name, own), entry) for name, entry in manifest["tables"].items()}
    return make_tables(
        frames,
        observed_from=manifest["observed_from"],
        observed_to=manifest["observed_to"],
        all_residents=manifest.get("all_residents", False),
        origin=manifest.get("origin", {}),
        own=own,
    )


def _declared(table: str, entries: Sequence[Mapping[str, Any]], where: str) -> tuple[Own, ...]:
    """The declarations that a manifest holds of one table. Raises InputError for one that nothing here would write."""
    held = {str(each.get("name", "")): {k: v for k, v in each.items() if k != "name"} for each in entries}
    if len(held) < len(entries):
        raise InputError(f"the manifest declares a name of {table} twice", where=where, remedy=REWRITE)
    try:
        return read_declared(table, held)
    except ConfigInvalid as error:
        raise InputError(f"the manifest's declarations: {error.what}", where=where, remedy=REWRITE) from error


def _read_one(folder: Path, table: Table, entry: Mapping[str, Any]) -> pd.DataFrame:
    path = folder / f"{table.name}.parquet"
    if not path.is_file():
        raise InputError("the manifest names this file but it is not there", where=str(path), remedy=REWRITE)
    if digest_file(path) != entry["digest"]:
        raise InputError(not_whole(path) or CHANGED, where=str(path), remedy=REWRITE)
    return read_parquet(path, remedy=REWRITE, table=table, rows=entry["rows"])

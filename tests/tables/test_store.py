"""Tables on disk: what comes back equals what was written, and every damaged folder is told by its file."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from examples import valid_tables

from missingmodels.errors import InputError
from missingmodels.provenance import digest_json
from missingmodels.tables import parquet, read_tables, store, write_tables
from missingmodels.tables.store import FORMAT, write_tables_into
from missingmodels.writing import whole_folder


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return write_tables(valid_tables(), tmp_path / "data")


def edit_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def reseal(folder: Path) -> None:
    """Give a manifest the digest of what it now holds, as somebody would who knows how."""
    held = json.loads((folder / "manifest.json").read_text())
    held.pop("manifest_digest")
    edit_manifest(folder, manifest_digest=digest_json(held))


def test_round_trip(written):
    tables, again = valid_tables(), read_tables(written)
    assert list(again.frames) == list(tables.frames)
    for name, frame in tables.frames.items():
        pd.testing.assert_frame_equal(again[name], frame)
    assert (again.observed_from, again.observed_to) == (tables.observed_from, tables.observed_to)
    assert again.origin == {"kind": "example"}
    assert json.loads((written / "manifest.json").read_text())["versions"]["python"]


def test_frames_without_rows_come_back_with_their_types(tmp_path):
    tables = valid_tables(missing_episodes=lambda frame: frame.head(0), ties=lambda frame: frame.head(0))
    again = read_tables(write_tables(tables, tmp_path / "data"))
    pd.testing.assert_frame_equal(again["missing_episodes"], tables["missing_episodes"])
    assert "ties" in again


def truncate(folder: Path) -> None:
    path = folder / "placements.parquet"
    path.write_bytes(path.read_bytes()[:-20])


def replace_by_text(folder: Path) -> None:
    (folder / "placements.parquet").write_text("child_id,start_date\n")


def alter(folder: Path) -> None:
    path = folder / "placements.parquet"
    pd.read_parquet(path).iloc[1:].to_parquet(path)


def forget(folder: Path) -> None:
    (folder / "placements.parquet").unlink()


def own_digest_of_text(folder: Path) -> None:
    replace_by_text(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["tables"]["placements"]["digest"] = store.digest_file(folder / "placements.parquet")
    edit_manifest(folder, tables=manifest["tables"])
    reseal(folder)


@pytest.mark.parametrize(
    ("damage", "file", "message"),
    [
        (truncate, "placements.parquet", "begins as Parquet but is truncated"),
        (replace_by_text, "placements.parquet", "is not a Parquet file"),
        (own_digest_of_text, "placements.parquet", "is not a Parquet file"),
        (alter, "placements.parquet", "changed after writing"),
        (forget, "placements.parquet", "it is not there"),
        (lambda folder: edit_manifest(folder, schema_version=0), "manifest.json", "schema version 0 was found"),
        (lambda folder: edit_manifest(folder, format="missingmodels-fit"), "data", "format 'missingmodels-fit'"),
        (lambda folder: edit_manifest(folder, tables={"pets": {}}), "manifest.json", "unknown table 'pets'"),
        (lambda folder: edit_manifest(folder, tables=None), "manifest.json", "tables: Input should be an object"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json", "cannot be read as JSON"),
        (lambda folder: (folder / "manifest.json").unlink(), "data", "has no manifest.json"),
    ],
)
def test_damaged_folders(written, damage, file, message):
    damage(written)
    with pytest.raises(InputError, match=message) as caught:
        read_tables(written)
    assert file in caught.value.where
    assert caught.value.remedy


def test_a_table_of_one_row_repeated_beyond_its_bytes_is_refused(tmp_path, monkeypatch):
    """A megabyte held thirty million rows, and reading them took all memory."""
    path = tmp_path / "a.parquet"
    pd.DataFrame({"child_id": ["a"] * 50_000}).to_parquet(path)
    assert len(parquet.read_parquet(path, remedy="")) == 50_000  # few enough, whatever they are
    monkeypatch.setattr(parquet, "MANY_ROWS", 10_000)
    with pytest.raises(InputError, match="claims 50,000 rows in"):
        parquet.read_parquet(path, remedy="")
    pd.DataFrame({"child_id": [f"child{n * n}" for n in range(50_000)]}).to_parquet(path)
    assert len(parquet.read_parquet(path, remedy="")) == 50_000


def test_paths_that_hold_no_tables(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    for name, message in (("empty", "is empty"), ("file", "this is a file"), ("absent", "no such folder")):
        with pytest.raises(InputError, match=message) as caught:
            read_tables(tmp_path / name)
        assert name in caught.value.where
        assert caught.value.remedy


def test_foreign_folder_is_not_overwritten(tmp_path):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter1.txt").write_text("precious")
    (folder / "manifest.json").write_text('{"format": "something-else"}')
    with pytest.raises(InputError, match="was not written by missingmodels") as caught:
        write_tables(valid_tables(), folder)
    assert caught.value.remedy
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["chapter1.txt", "manifest.json", "thesis"]
    file = tmp_path / "file"
    file.write_text("precious")
    with pytest.raises(InputError, match="was not written by missingmodels"):
        write_tables(valid_tables(), file)
    assert file.read_text() == "precious"


def test_own_and_empty_folders_are_overwritten(tmp_path, written):
    fewer = valid_tables(ties=lambda frame: frame.head(1))
    assert len(read_tables(write_tables(fewer, written))["ties"]) == 1
    (tmp_path / "empty").mkdir()
    assert len(read_tables(write_tables(fewer, tmp_path / "empty"))["ties"]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "empty"], "no scratch folder is left"


def test_a_table_in_pieces_is_one_table_and_takes_the_place_of_the_tables_own(tmp_path):
    tables = valid_tables()
    frame = tables["staff_shifts"]
    more = frame.assign(start_time=(frame["start_time"] + pd.Timedelta(days=1)).astype("datetime64[s]"))
    with whole_folder(tmp_path / "data", kind=FORMAT) as scratch:
        write_tables_into(tables, scratch, streamed={"staff_shifts": iter([frame, more])})
    again = read_tables(tmp_path / "data")
    pd.testing.assert_frame_equal(again["staff_shifts"], pd.concat([frame, more], ignore_index=True))
    pd.testing.assert_frame_equal(again["ties"], tables["ties"])


@pytest.mark.parametrize("existing", [False, True])
def test_nothing_half_written_when_writing_fails(tmp_path, monkeypatch, existing):
    folder = tmp_path / "data"
    if existing:
        write_tables(valid_tables(), folder)
    calls = []
    whole = store.pq.ParquetWriter

    def fail_at_the_third(*args: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise OSError("No space left on device")
        return whole(*args, **more)

    monkeypatch.setattr(store.pq, "ParquetWriter", fail_at_the_third)
    with pytest.raises(OSError, match="No space left"):
        write_tables(valid_tables(ties=lambda frame: frame.head(1)), folder)
    assert len(calls) == 3
    assert [path.name for path in tmp_path.iterdir()] == (["data"] if existing else [])
    if existing:
        assert len(read_tables(folder)["ties"]) == 2, "the old data set is whole"

"""Manifests: whole by their schema, sealed by a digest of their own, naming every file; nothing is believed half."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from examples import valid_tables

from missingmodels.errors import InputError
from missingmodels.provenance import digest_file, digest_json
from missingmodels.tables import read_tables, write_tables
from missingmodels.tables.manifest import KINDS, read_manifest, renew_together, require_named, write_manifest
from missingmodels.tables.store import FORMAT

HOSTILE = ["<img src=x>", None, [], {}, True, -1, 1e308, "x" * 2_000, {"a": 1}, [[]], "../../etc/passwd"]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return write_tables(valid_tables(), tmp_path / "data")


def content(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def rewrite(folder: Path, held: dict, *, seal: bool = True) -> None:
    held = {name: value for name, value in held.items() if name != "manifest_digest"}
    if seal:
        held["manifest_digest"] = digest_json(held)
    (folder / "manifest.json").write_text(json.dumps(held))


def as_layout_1(folder: Path) -> None:
    """As a version before the digests wrote it."""
    held = content(folder)
    for name in ("manifest_version", "files", "manifest_digest"):
        del held[name]
    (folder / "manifest.json").write_text(json.dumps(held, indent=1))


def places(value: object, at: tuple = ()) -> list[tuple]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for name, held in inside for place in places(held, (*at, name)))]


def put(held: dict, place: tuple, value: object) -> dict:
    held = json.loads(json.dumps(held))
    at = held
    for part in place[:-1]:
        at = at[part]
    at[place[-1]] = value
    return held


def test_layout_1_is_read_and_renewed_into_layout_2(written):
    before = read_tables(written)
    as_layout_1(written)
    again = read_tables(written)
    assert all(again[name].equals(before[name]) for name in before.frames)
    renew_together(written, FORMAT, {})
    assert content(written)["manifest_version"] == 2
    assert not any(name.endswith(".parquet") for name in content(written)["files"])
    assert len(read_tables(written)["children"]) == len(before["children"])


def test_a_manifest_without_its_digest_is_not_taken_for_an_old_one(written):
    held = content(written)
    rewrite(written, held, seal=False)
    with pytest.raises(InputError, match="manifest_digest or files is lacking"):
        read_tables(written)
    held.pop("manifest_version")
    rewrite(written, held)
    with pytest.raises(InputError, match="manifest_version is lacking"):
        read_tables(written)


@pytest.mark.parametrize(
    "change", [("all_residents", True), ("observed_to", "2030-01-01"), ("origin", {"kind": "simulated"})]
)
def test_a_changed_value_is_told_by_the_manifests_own_digest(written, change):
    held = content(written)
    assert held[change[0]] != change[1]
    (written / "manifest.json").write_text(json.dumps(held | dict([change])))
    with pytest.raises(InputError, match="its own digest"):
        read_tables(written)


@pytest.mark.parametrize("sealed", [True, False])
def test_no_value_anywhere_is_believed_for_its_place(written, sealed):
    held = content(written)
    outcomes = set()
    for place in places(held)[1:]:
        for value in HOSTILE:
            rewrite(written, put(held, place, value), seal=sealed and place != ("manifest_digest",))
            try:
                read_manifest(written, FORMAT)
                outcomes.add((place[0], "read"))
            except InputError:
                outcomes.add((place[0], "refused"))
    assert {name for name, what in outcomes if what == "refused"} >= {"tables", "files", "observed_from", "format"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "cannot be read as JSON"),
        ('{"format": "missingmodels-tables", "format": "x"}', "the key 'format' is there twice"),
        ("[]", "holds no JSON object"),
        ('{"format": NaN}', "of format nan"),
        ('{"format": "missingmodels-tables", "schema_version": 1e999}', "schema_version"),
        ('{"format": "missingmodels-tables", "schema_version": ' + "9" * 5000 + "}", "cannot be read as JSON"),
        ('{"format": "missingmodels-tables", "manifest_version": 3}', "layout 3"),
    ],
)
def test_what_json_lets_through_is_refused(written, text, message):
    (written / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=message):
        read_tables(written)


def test_bytes_that_are_no_text_are_refused(written):
    (written / "manifest.json").write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        read_tables(written)


def test_the_cases_are_refused(written, shared, tmp_path):
    cases = shared / "cases/footing"
    shutil.copy(cases / "manifest_0032_FOREIGN", written / "manifest.json")
    with pytest.raises(InputError, match="children"):
        read_tables(written)


@pytest.mark.parametrize("table", ["children", "placements", "staff_periods"])
@pytest.mark.parametrize("layout", [1, 2])
def test_a_foreign_parquet_with_its_digest_in_the_manifest_is_refused(written, shared, table, layout):
    path = written / f"{table}.parquet"
    shutil.copy(shared / "cases/footing/parquet_0053_FOREIGN", path)
    path.chmod(0o600)
    held = content(written)
    held["tables"][table]["digest"] = digest_file(path)
    rewrite(written, held)
    if layout == 1:
        as_layout_1(written)
    with pytest.raises(InputError) as caught:
        read_tables(written)
    assert str(path) in caught.value.where


def own(folder: Path, name: str, table: pa.Table, **entry: object) -> None:
    """Put a table into the folder as somebody would who knows how."""
    path = folder / f"{name}.parquet"
    pq.write_table(table, path)
    held = content(folder)
    held["tables"][name] |= {"digest": digest_file(path), "rows": table.num_rows} | entry
    rewrite(folder, held)


def column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.rename_columns(["child_id", *t.column_names[1:-1], "child_id"]), "two columns of one name"),
        (lambda t: t.drop_columns(["sex", "child_id"]), "'child_id' is absent"),
        (lambda t: t.append_column("pet", pa.nulls(len(t))), "'pet' is not known"),
        (lambda t: column(t, "birth_date", pa.array(["x"] * len(t))), "birth_date is string"),
        (lambda t: column(t, "child_id", pa.array([1.5] * len(t))), "child_id is double"),
        (lambda t: column(t, "sex", pa.array([[1]] * len(t))), "sex is list"),
        (lambda t: column(t, "need_score", pa.array([{"a": 1}] * len(t))), "need_score is struct"),
        (lambda t: column(t, "disability", pa.array([2] * len(t))), "disability is int64"),
        (lambda t: column(t, "birth_date", pa.array([2**60] * len(t), pa.timestamp("ms"))), "lies outside the years"),
        (lambda t: t.slice(0, 0).select(["child_id"]), "is absent"),
    ],
)
def test_a_table_of_other_columns_is_refused(written, change, message):
    own(written, "children", change(pq.read_table(written / "children.parquet")))
    with pytest.raises(InputError, match=message):
        read_tables(written)


def test_rows_are_as_many_as_the_manifest_says(written):
    own(written, "children", pq.read_table(written / "children.parquet"), rows=10**6)
    with pytest.raises(InputError, match="the manifest says 1,000,000"):
        read_tables(written)


def test_pandas_types_that_a_file_claims_are_not_believed(written):
    table = pq.read_table(written / "children.parquet")
    own(written, "children", table.replace_schema_metadata({b"pandas": b'{"columns": 7, "index_columns": [{"k": 1}]}'}))
    assert len(read_tables(written)["children"]) == table.num_rows


def test_a_table_that_the_manifest_does_not_name_is_neither_read_nor_passed_over(written):
    held = content(written)
    del held["tables"]["ties"]
    rewrite(written, held)
    with pytest.raises(InputError, match="does not name this file"):
        read_tables(written)


def test_other_files_that_come_or_go_are_told(written, caplog):
    renew_together(written, FORMAT, {"dq.html": b"page"})
    with caplog.at_level(logging.WARNING, "missingmodels"):
        read_tables(written)
        assert not caplog.records
        (written / "dq.html").unlink()
        (written / "mine.txt").write_text("a note")
        read_tables(written)
    assert [r.getMessage().split(": ", 1)[1] for r in caplog.records] == [
        "not named by its manifest, and not read: mine.txt",
        "named by its manifest, but not there: dq.html",
    ]


def test_a_named_file_must_be_what_the_manifest_says(tmp_path):
    (tmp_path / "evidence.json").write_text("{}")
    write_manifest(tmp_path, "missingmodels-run", {"tables": None, "certificates": []})
    held = read_manifest(tmp_path, "missingmodels-run")
    assert require_named(tmp_path, held, "evidence.json") == tmp_path / "evidence.json"
    (tmp_path / "evidence.json").write_text("{ }")
    with pytest.raises(InputError, match="changed after writing"):
        require_named(tmp_path, held, "evidence.json")
    (tmp_path / "other").write_text("")
    with pytest.raises(InputError, match="does not name this file"):
        require_named(tmp_path, held, "other")


def test_every_format_has_a_schema():
    from missingmodels.export import files as export
    from missingmodels.fitting.stores.store import LAYOUTS
    from missingmodels.runs import calibrate as calibration_run
    from missingmodels.runs import official as official_run
    from missingmodels.studies.computing import store as power_store
    from missingmodels.tables import store

    formats = {
        store.FORMAT, store.RUN_FORMAT, *(layout.kind for layout in LAYOUTS.values()),
        export.EXPORT_FORMAT, calibration_run.FORMAT, official_run.FORMAT, power_store.FORMAT,
    }  # fmt: skip
    assert formats == set(KINDS)

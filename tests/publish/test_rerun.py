"""A run done again says what differs, and nothing else; its data are found where both were moved."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from tests.publish.conftest import written
from tests.report.conftest import make_evidence

from missingmodels.disclosure.policy import load_policy
from missingmodels.provenance import surroundings, versions
from missingmodels.publish.rerun import Rerun, _numbers, _versions, rerun_text
from missingmodels.runs.write import source_of, tables_folder
from missingmodels.tables.manifest import read_manifest
from missingmodels.tables.store import RUN_FORMAT


def test_the_same_evidence_differs_in_nothing():
    found, compared = _numbers(make_evidence(), make_evidence())
    assert found == ()
    assert compared == 8 * len(make_evidence().rows)


def test_each_number_and_row_that_differs_is_told():
    before = make_evidence()
    first, *rest = before.rows
    now = replace(before, rows=(replace(first, median=1.304, verdict="the data cannot say"), *rest[:-1]))
    found, _ = _numbers(before, now)
    told = {one.what.rpartition(": ")[2]: (one.before, one.now) for one in found[:2]}
    assert told == {"median": ("1.303", "1.304"), "verdict": ("supported", "the data cannot say")}
    assert (found[2].before, found[2].now) == ("True", "False")
    result = Rerun(data=(), versions=(), numbers=found, compared=8)
    assert not result.same
    assert "1.303 then, 1.304 now" in rerun_text(result)


def test_of_real_data_what_differs_is_told_as_it_may_leave():
    """Rows that the gate blocks are not named, and no number has more digits than were released."""
    generic = load_policy("generic")
    made = make_evidence(origin={"kind": "ssda903", "authority": "301"})
    few = {"homes": 20, "largest_children": [0.1], "largest_homes": [0.1]}
    names = {(row.model, row.exposure, row.name) for row in made.rows}
    support = [
        {"model": m, "exposure": e, "column": name, "children": 3 if name == "age_years" else 80, **few}
        for m, e, name in names | {(m, e, "*") for m, e, _ in names}
    ]
    data = {**made.data, "homes": 41, "children": 123, "onsets": 437, "children_with_onset": 61}
    before = replace(made, data=data, support=support)
    rows = [replace(row, median=(row.median or 0) + 0.123456) for row in before.rows]
    found, compared = _numbers(before, replace(before, rows=tuple(rows[:-1])), generic)
    text = f"{rerun_text(Rerun(data=(), versions=(), numbers=found, compared=compared))}{found}"
    assert "age_years" in str(_numbers(before, replace(before, rows=tuple(rows)))[0])
    assert "age_years" not in text
    assert "what may not leave" in text
    numbers = re.findall(r"\d*\.\d+", " ".join(f"{one.before} {one.now}" for one in found))
    assert numbers
    assert max(len(one.replace(".", "").strip("0")) for one in numbers) <= generic.digits


def test_versions_that_differ_are_told():
    now = versions() | surroundings()
    assert {"numba", "xarray", "blas"} <= set(now)
    assert _versions(now) == ()
    (one,) = _versions(now | {"numpy": "1.0"})
    assert (one.what, one.before) == ("numpy", "1.0")


def test_a_manifest_says_what_a_result_may_hang_on(run):
    assert read_manifest(run, RUN_FORMAT)["versions"] == versions() | surroundings()


def test_tables_are_found_where_both_were_moved(tmp_path):
    (tmp_path / "one" / "tables").mkdir(parents=True)
    (tmp_path / "one" / "tables" / "manifest.json").write_text("{}", encoding="utf-8")
    run = written(tmp_path / "one" / "run", make_evidence())
    assert json.loads((run / "private/source.json").read_text())["relative"] == "../tables"
    (tmp_path / "one").rename(tmp_path / "two")
    assert tables_folder(tmp_path / "two" / "run") == tmp_path / "two" / "tables"
    (tmp_path / "two" / "tables" / "manifest.json").write_text("{ }", encoding="utf-8")  # other tables
    assert tables_folder(tmp_path / "two" / "run") == tmp_path / "one" / "tables"
    assert source_of(tmp_path / "two" / "tables", tmp_path / "two" / "run")["digest"].startswith("sha256:")

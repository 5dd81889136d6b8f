"""A run on disk says where its tables are: a folder's path, or the tables themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from missingmodels.errors import InputError
from missingmodels.runs.answer import Answer, answer
from missingmodels.runs.write import read_run, tables_folder, write_run
from missingmodels.tables import Tables, read_tables, write_tables
from missingmodels.tables.manifest import renew_together
from missingmodels.tables.store import RUN_FORMAT
from worlds import plan_of, small_world


@pytest.fixture(scope="module")
def made(few_refits: None) -> tuple[Tables, Answer]:
    tables = small_world(4, n_homes=6, days=150).tables
    sampling = {"method": "laplace", "draws": 250}
    plan = plan_of(models=["M0", "M1"], exposure={"beside": []}, sampling=sampling, gate={"ess_min": 100})
    return tables, answer(tables, plan, seed=1, allow_unconverged=True)


@pytest.mark.sampled
def test_tables_without_a_folder_go_into_the_run(made: tuple[Tables, Answer], tmp_path: Path) -> None:
    tables, found = made
    write_run(found, tmp_path / "run", overwrite=False, tables=tables)
    moved = (tmp_path / "run").rename(tmp_path / "moved")
    place = tables_folder(moved)
    assert place is not None
    held = read_tables(place)
    for name in ("children", "placements", "missing_episodes"):
        assert held[name].equals(tables[name])


@pytest.mark.sampled
def test_a_folder_is_kept_as_its_path(
    made: tuple[Tables, Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables, found = made
    write_tables(tables, tmp_path / "tables")
    monkeypatch.chdir(tmp_path)
    write_run(found, tmp_path / "run", overwrite=False, tables=Path("tables"))
    monkeypatch.chdir("/")
    assert tables_folder(tmp_path / "run") == (tmp_path / "tables").resolve()
    assert not (tmp_path / "run" / "private" / "tables").exists()
    assert str(tmp_path) not in (tmp_path / "run" / "manifest.json").read_text()


@pytest.mark.sampled
def test_a_run_is_read_as_it_was_written_and_refused_when_its_evidence_changed(
    made: tuple[Tables, Answer], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tables, found = made
    run = tmp_path / "run"
    write_run(found, run, overwrite=False, tables=tables)
    back = read_run(run)
    assert back.rows == found.evidence.rows
    assert back.plan == found.evidence.plan
    assert not caplog.records, "every file is named"
    path = run / "private" / "evidence.json"
    path.write_text(path.read_text().replace('"homes"', '"homes" ', 1))
    with pytest.raises(InputError, match="changed after writing"):
        read_run(run)
    renew_together(run, RUN_FORMAT, {"private/evidence.json": path.read_bytes()})
    assert read_run(run).rows == back.rows


@pytest.mark.sampled
def test_the_plan_of_a_run_from_before_a_key_means_what_it_meant(made: tuple[Tables, Answer], tmp_path: Path) -> None:
    tables, found = made
    run = tmp_path / "run"
    write_run(found, run, overwrite=False, tables=tables)
    assert read_run(run).plan["exposure"]["witnessed"]
    path = run / "private" / "evidence.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    del written["plan"]["exposure"]["witnessed"]
    renew_together(run, RUN_FORMAT, {"private/evidence.json": json.dumps(written).encode()})
    assert not read_run(run).plan["exposure"]["witnessed"]

"""Running: the same rows whoever computes them, whatever is killed, and in however many pieces."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import missingmodels.studies.computing.batch as batch_module
import missingmodels.studies.computing.certificate as certificate_module
from missingmodels.errors import InputError, MissingModelsError
from missingmodels.studies.answers.summary import summarise
from missingmodels.studies.answers.text import summary_text
from missingmodels.studies.computing.batch import replicate_rows, run_batch
from missingmodels.studies.computing.certificate import certificate
from missingmodels.studies.computing.pool import Here, Pool
from missingmodels.studies.computing.store import Store, read_store, rows_digest
from missingmodels.studies.run import known_schedule, run_study
from resealed import reseal
from studies import as_toml, grid_of, study_of


def digest_of(folder: Path) -> str:
    """Digest of the rows that a study's measures stand on."""
    store = read_store(folder)
    schedule = known_schedule(store)
    assert schedule.complete
    return rows_digest(store.rows([t for cell in store.grid.cells for t in schedule.counted(cell.index)]))


def here(grid):
    return lambda: Here(grid.record())


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The tiny study left alone, computed in this process."""
    folder, grid = tmp_path_factory.mktemp("study") / "alone", grid_of()
    ran = run_study(grid, folder, here(grid))
    assert ran.complete
    assert ran.skipped == 0
    return folder


def test_a_finished_study_computes_nothing_more(alone):
    def refuse():
        raise AssertionError("nothing is left to compute")

    ran = run_study(grid_of(), alone, refuse)
    assert (ran.computed, ran.complete) == (0, True)
    assert ran.skipped == len(list((alone / "batches").iterdir()))


def test_a_cell_stops_early_and_another_goes_on(alone):
    """Otherwise the tests of early stopping below would show nothing."""
    schedule = known_schedule(read_store(alone))
    counted = [len(schedule.counted(cell)) for cell in range(2)]
    assert len(set(counted)) == 2 or max(counted) < 4


@pytest.mark.slow
def test_two_processes_give_the_rows_of_one(alone, tmp_path):
    grid = grid_of()
    ran = run_study(grid, tmp_path / "two", lambda: Pool(grid.record(), 2))
    assert ran.complete
    assert digest_of(tmp_path / "two") == digest_of(alone)


def test_slices_and_collect_give_one_run(alone, tmp_path):
    grid, passes = grid_of(), 0
    while True:
        done = [run_study(grid, tmp_path / "slices", here(grid), part=(i, 3)) for i in (2, 3, 1)]
        passes += 1
        if done[-1].complete:
            break
    assert passes <= 3
    assert digest_of(tmp_path / "slices") == digest_of(alone)
    assert summarise(read_store(tmp_path / "slices"))["complete"]


def test_a_replicate_runs_alone_by_its_index(alone):
    store = read_store(alone)
    rows = store.read((1, 1))
    again = pd.DataFrame(replicate_rows(grid_of(), 1, 3))
    assert rows_digest(rows[rows["replicate"] == 3]) == rows_digest(again)
    assert rows_digest(rows[rows["replicate"] == 2]) != rows_digest(again)


def test_the_digest_forgets_order_and_timings_and_nothing_else(alone):
    rows = read_store(alone).read((0, 0))
    assert rows_digest(rows) == rows_digest(rows[::-1].assign(seconds=1.0))
    assert rows_digest(rows) != rows_digest(rows.assign(estimate=rows["estimate"] + 1e-12))


def test_half_a_file_is_no_batch_and_a_damaged_one_is_named(alone, tmp_path):
    grid = grid_of()
    store = Store(tmp_path / "s", grid)
    store.open()
    rows = run_batch(grid.record(), 0, 0)
    store.write((0, 0), rows)
    (store.batches / ".cell-00000-batch-00001.parquet.77.part").write_bytes(b"PAR1")
    assert store.held() == {(0, 0)}
    store.write((0, 1), rows)  # the rows of another batch
    with pytest.raises(InputError, match="does not hold its replicates"):
        store.read((0, 1))
    store.path((0, 0)).write_bytes(store.path((0, 0)).read_bytes()[:500])
    with pytest.raises(InputError, match=r"cell-00000-batch-00000\.parquet"):
        known_schedule(store)


def test_a_changed_study_is_refused_and_nothing_is_touched(alone):
    before = {p: p.read_bytes() for p in alone.rglob("*") if p.is_file()}
    for changed, text in (
        (grid_of(seed=8), "study.seed was 7, is 8"),
        (grid_of(replicates={"batch": 2, "at_least": 4, "step": 2, "at_most": 10}), "at_most was 8, is 10"),
    ):
        with pytest.raises(InputError, match=text):
            run_study(changed, alone, here(changed))
    assert before == {p: p.read_bytes() for p in alone.rglob("*") if p.is_file()}


def test_results_of_other_code_are_not_mixed_in(alone, tmp_path):
    grid = grid_of()
    store = Store(tmp_path / "s", grid)
    store.open()
    manifest = store.folder / "manifest.json"
    held = json.loads(manifest.read_text())
    held["certificate"]["code"] = "sha256:other"
    reseal(store.folder, held)
    store.open()  # nothing is computed yet, so what is going to be is this code's
    assert json.loads(manifest.read_text())["certificate"] == certificate()
    store.write((0, 0), run_batch(grid.record(), 0, 0))
    reseal(store.folder, held)
    with pytest.raises(InputError, match="come from other code"):
        run_study(grid, tmp_path / "s", here(grid))
    assert certificate()["code"].startswith("sha256:")


def test_the_certificate_speaks_of_data_and_of_the_compiler(tmp_path, monkeypatch):
    """A card's figure sets a prior, and numba chooses the fast engine's loops; a study's results change nothing."""
    source = Path(certificate_module.missingmodels.__file__).parent
    shutil.copytree(source, tmp_path / "package", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(certificate_module.missingmodels, "__file__", str(tmp_path / "package" / "__init__.py"))

    def code():
        certificate.cache_clear()
        return certificate()["code"]

    try:
        before = code()
        (tmp_path / "package" / "evidence" / "operating.csv").write_text("other results")
        assert code() == before
        (tmp_path / "package" / "sources.csv").write_text("other figures")
        assert code() != before
        assert "numba" in certificate()
    finally:
        certificate.cache_clear()


def test_what_a_stopped_beginning_left_does_not_stop_the_next(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / ".manifest.json.abc.part").write_bytes(b"{")
    Store(tmp_path / "s", grid_of()).open()
    assert (tmp_path / "s" / "manifest.json").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="was not written by missingmodels"):
        run_study(grid_of(), tmp_path, here(grid_of()))
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_fault_names_its_replicate(monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("as it happens")

    monkeypatch.setattr(batch_module, "run_replicate", fail)
    with pytest.raises(ZeroDivisionError) as told:
        run_batch(grid_of().record(), 1, 2)
    assert "in replicate 1:4" in told.value.__notes__[0]


def test_worlds_without_an_answer_are_counted_not_dropped(tmp_path):
    """One child a home: nobody has peers, so every world says so, and power is 0 of all of them."""
    set_ = study_of()["scenario"]["set"] | {"homes.place_shares": [1.0]}
    grid = grid_of(
        scenario={"set": set_},
        axes={"homes.count": [5]},
        replicates={"batch": 2, "at_least": 2, "at_most": 2, "step": 2},
    )
    run_study(grid, tmp_path / "s", here(grid))
    found = summarise(Store(tmp_path / "s", grid))
    assert found["cells"][0]["statuses"] == {"no answer": 2}
    measures = found["cells"][0]["measures"][0]
    assert (measures["failed"]["value"], measures["power"]["value"], measures["bias"]["count"]) == (1.0, 0.0, 0)
    assert "cannot answer H1" in " ".join(summary_text(found).split())


def command(folder: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "missingmodels", "power", str(folder / "s.toml"), "-o", str(folder / "out"), *more]


def files(folder: Path) -> list[Path]:
    return sorted((folder / "out" / "batches").glob("cell-*.parquet"))


HANG_SECONDS = 900  # no measure of speed: a busy machine may be ten times as slow, and a hang never ends


def until(wanted) -> None:
    end = time.monotonic() + HANG_SECONDS
    while not wanted():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def children_of(pid: int) -> list[int]:
    """Processes whose parent is this one, the helpers of multiprocessing left out."""
    out = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                words = (entry / "cmdline").read_text()
            except (OSError, IndexError):
                continue
            if parent == pid and "spawn_main" in words:
                out.append(int(entry.name))
    return out


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


PROC = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the workers in /proc")


@PROC
@pytest.mark.slow
def test_killing_a_worker_loses_nothing(alone, tmp_path):
    (tmp_path / "s.toml").write_text(as_toml(study_of()))
    client = subprocess.Popen(command(tmp_path, "--workers", "1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until(lambda: len(files(tmp_path)) >= 1)
    os.kill(children_of(client.pid)[0], signal.SIGKILL)
    _, told = client.communicate(timeout=HANG_SECONDS)
    assert client.returncode == 0, told.decode()
    assert digest_of(tmp_path / "out") == digest_of(alone)


@PROC
def test_killing_the_client_loses_nothing(alone, tmp_path):
    """Two processes before it is killed, this one afterwards: the rows are those of a study left alone."""
    (tmp_path / "s.toml").write_text(as_toml(study_of()))
    client = subprocess.Popen(command(tmp_path, "--workers", "2"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        until(lambda: len(files(tmp_path)) >= 1)
        workers = children_of(client.pid)
    finally:
        client.kill()
        client.communicate()
    assert len(workers) == 2
    until(lambda: not any(map(alive, workers)))  # no worker outlives its client
    before = {p: p.stat().st_mtime_ns for p in files(tmp_path)}
    grid = grid_of()
    ran = run_study(grid, tmp_path / "out", here(grid))
    assert ran.skipped == len(before)
    assert {p: p.stat().st_mtime_ns for p in before} == before  # what was there was not computed again
    assert digest_of(tmp_path / "out") == digest_of(alone)


def test_ctrl_c_leaves_a_study_that_goes_on(alone, tmp_path):
    (tmp_path / "s.toml").write_text(as_toml(study_of()))
    client = subprocess.Popen(
        command(tmp_path, "--workers", "1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    until(lambda: len(files(tmp_path)) >= 1)
    os.killpg(client.pid, signal.SIGINT)  # as a terminal does: client and workers alike
    _, told = client.communicate(timeout=HANG_SECONDS)
    assert client.returncode == 130, told.decode()
    assert b"the same command goes on from there" in told
    assert b"Traceback" not in told
    grid = grid_of()
    assert run_study(grid, tmp_path / "out", here(grid)).skipped >= 1
    assert digest_of(tmp_path / "out") == digest_of(alone)


@pytest.mark.slow
def test_workers_that_keep_dying_end_the_study_with_advice(monkeypatch):
    """The pool gives up once workers have died often enough without a batch; here they die at once."""
    monkeypatch.setattr("missingmodels.studies.computing.pool.BREAKS", 1)
    monkeypatch.setattr("missingmodels.studies.computing.pool.run_batch", _die)
    pool = Pool({}, 1)
    try:
        pool.submit((0, 0))
        with pytest.raises(MissingModelsError, match="workers died"):
            _drain(pool)
    finally:
        pool.close()


def _drain(pool):
    while pool.busy:
        pool.finished()


def _die(*_):
    os._exit(9)

"""The cluster's checks against a stand-in for dask.distributed; with the real one where it is installed."""

from __future__ import annotations

import os
import signal
import sys
import types
from typing import ClassVar

import pytest

from missingmodels.errors import InputError
from missingmodels.studies.computing.batch import run_certified
from missingmodels.studies.computing.certificate import certificate
from missingmodels.studies.computing.cluster import Cluster
from missingmodels.studies.computing.pool import Here
from missingmodels.studies.computing.store import Store, rows_digest
from missingmodels.studies.run import known_schedule, run_study
from studies import grid_of


class Client:
    """Answers as a scheduler with the workers in ``theirs``."""

    theirs: ClassVar[dict] = {}
    closed = False

    def __init__(self, address, **_):
        if address.endswith(":9"):
            raise OSError("Timed out")

    def run(self, function):
        return self.theirs

    def nthreads(self):
        return dict.fromkeys(self.theirs, 2)

    def cancel(self, futures, force):
        pass

    def close(self, timeout):
        type(self).closed = True


@pytest.fixture
def stand_in(monkeypatch):
    module = types.ModuleType("distributed")
    module.scheduler = types.ModuleType("distributed.scheduler")
    module.scheduler.KilledWorker, module.wait, module.Client = RuntimeError, None, Client
    monkeypatch.setitem(sys.modules, "distributed", module)
    monkeypatch.setitem(sys.modules, "distributed.scheduler", module.scheduler)
    monkeypatch.setattr(Client, "closed", False)
    return monkeypatch


def test_workers_of_other_code_are_refused_with_what_differs(stand_in):
    other = certificate() | {"numpy": "1.0", "code": "sha256:other"}
    stand_in.setattr(Client, "theirs", {"tcp://a": certificate(), "tcp://b": other})
    with pytest.raises(InputError) as told:
        Cluster({}, "tcp://x:1")
    assert "1 of 2 workers run other code" in str(told.value)
    assert "tcp://b: code was" in str(told.value)
    assert "numpy was" in str(told.value)
    assert Client.closed


def test_workers_of_the_same_code_are_taken(stand_in):
    stand_in.setattr(Client, "theirs", {"tcp://a": certificate()})
    assert Cluster({}, "tcp://x:1").room == 4


def test_a_worker_that_joins_late_is_asked_for_its_code_too():
    grid = grid_of()
    with pytest.raises(InputError, match=r"numpy was 1\.0"):
        run_certified(grid.record(), 0, 0, certificate() | {"numpy": "1.0"})


def test_a_scheduler_without_workers_or_without_an_answer_is_told(stand_in):
    stand_in.setattr(Client, "theirs", {})
    with pytest.raises(InputError, match="has no workers"):
        Cluster({}, "tcp://x:1")
    with pytest.raises(InputError, match="no scheduler answers"):
        Cluster({}, "tcp://x:9")


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"missingmodels\[cluster\]"):
        Cluster({}, "tcp://x:1")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # dask's own, as its worker is killed
def test_a_cluster_that_loses_a_worker_gives_the_rows_of_one_process(tmp_path):
    distributed = pytest.importorskip("distributed")
    grid = grid_of()
    run_study(grid, tmp_path / "here", lambda: Here(grid.record()))
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        pids = [worker.pid for worker in cluster.workers.values()]

        def kill(*_):
            if pids:
                os.kill(pids.pop(), signal.SIGKILL)
                pids.clear()

        address = cluster.scheduler_address
        ran = run_study(grid, tmp_path / "cluster", lambda: Cluster(grid.record(), address), report=kill)
    assert ran.complete
    digests = []
    for name in ("here", "cluster"):
        store = Store(tmp_path / name, grid)
        schedule = known_schedule(store)
        digests.append(rows_digest(store.rows([t for c in grid.cells for t in schedule.counted(c.index)])))
    assert digests[0] == digests[1]

"""A small slice of the reliability campaign (`simulations/reliability.py`) and its machinery."""

from __future__ import annotations

import importlib
import os
import time
from pathlib import Path

import pytest

from missingmodels.provenance import digest_bytes, stream

SIMULATIONS = Path(__file__).resolve().parents[1] / "simulations"
CASES = 12


@pytest.fixture
def campaign(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(SIMULATIONS))
    made = importlib.import_module("reliability")
    made.readers.SEEDS[:] = [tmp_path]
    return made


def names():
    text = (SIMULATIONS / "reliability_readers.py").read_text(encoding="utf-8")
    fitted = text.split("FITTED = (")[1].split(")")[0]
    found = [line.split('"')[1] for line in text.split("READERS: ")[1].splitlines() if line.startswith('    "')]
    return [name for name in found if name not in fitted]


@pytest.mark.parametrize("name", names())
@pytest.mark.filterwarnings("ignore")
def test_damaged_inputs_are_read_or_refused(campaign, tmp_path, name):
    found = [campaign.run_case(name, index, tmp_path, tmp_path / "case") for index in range(CASES)]
    assert [case for case in found if case["outcome"] not in ("read", "refused")] == []
    assert {case["outcome"] for case in found} & {"refused"}, "nothing was damaged enough to be refused"


@pytest.mark.parametrize("name", names())
@pytest.mark.filterwarnings("ignore")
def test_an_undamaged_seed_is_read_and_its_rows_add_up(campaign, tmp_path, name):
    reader = campaign.readers.READERS[name]
    for each, content in reader.files(tmp_path).items():
        path = tmp_path / "case" / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    account = reader.read(tmp_path / "case", 0)
    assert account is None or account[0] == account[1] > 0


def test_a_case_comes_back_by_its_number(campaign, tmp_path):
    reader = campaign.readers.READERS["csv903"]
    for folder in ("a", "b"):
        reader.make(tmp_path, tmp_path / folder, stream(campaign.SEED, "reliability", "csv903", 7))
    held = [{p.name: p.read_bytes() for p in (tmp_path / f / "r").iterdir()} for f in ("a", "b")]
    assert held[0] == held[1] != {n: t.encode() for n, t in campaign.readers.RETURN.items()}


def test_most_changed_fits_have_a_true_digest_so_that_what_is_behind_it_is_tried(campaign, tmp_path):
    rng = stream(campaign.SEED, "sealed")
    sealed = 0
    for _ in range(40):
        (tmp_path / "fit.nc").write_bytes(b"changed\nsha256:0\n" if rng.random() < 0.5 else b"cut")
        campaign.readers._reseal_fit(tmp_path, rng)
        content, found, digest = (tmp_path / "fit.nc").read_bytes().rpartition(b"\nsha256:")
        sealed += bool(found) and digest_bytes(content) == f"sha256:{digest.decode().strip()}"
    assert 25 < sealed < 40


def faulty(kind):
    def read(folder, index):
        if index == 1 and kind == "crash":
            os._exit(11)
        if index == 1 and kind == "hang":
            time.sleep(60)
        if index == 1 and kind == "foreign":
            raise KeyError("x")
        return (3, 2) if index == 1 and kind == "lost" else None

    return read


@pytest.mark.filterwarnings("ignore")  # of processes that fork beside threads: here they only read and end
@pytest.mark.parametrize("kind", ["crash", "hang", "foreign", "lost"])
def test_each_kind_of_failure_is_a_finding_and_the_rest_go_on(campaign, tmp_path, monkeypatch, kind):
    reader = campaign.readers.Reader(
        files=lambda seeds: {"f": b"abc"}, read=faulty(kind), changed={"f": campaign.readers.change.blind}
    )
    monkeypatch.setitem(campaign.readers.READERS, "faulty", reader)
    monkeypatch.setattr(campaign, "LONGEST_SECONDS", 1.5)
    context = campaign.mp.get_context("fork")
    monkeypatch.setattr(campaign.mp, "get_context", lambda how: context)
    found = campaign.campaign({"faulty": 4}, tmp_path, chunk=4)
    assert found["tried"].tolist() == [4]
    assert found[kind].tolist() == [1]
    assert found["read"].tolist() == [3]
    assert [case["case"] for case in campaign.findings(tmp_path)] == ["faulty:1"]
    again = campaign.campaign({"faulty": 4}, tmp_path, chunk=4)
    assert again.equals(found)
    assert len((tmp_path / "chunks.jsonl").read_text().splitlines()) == 1, "what is done is not done again"

"""Calibration runs on disk: table, record, figure and page agree; worlds are those of the seeds named."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from missingmodels.errors import InputError
from missingmodels.frame.published.calibration import compare, measure_targets
from missingmodels.runs import calibrate as calibration_run
from missingmodels.runs.calibrate import (
    FORMAT,
    Calibration,
    calibrate_world,
    with_homes,
    write_calibration,
    write_calibration_figure,
)
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.tables import write_tables
from missingmodels.targets import targets

SEEDS = (3, 4, 5)


@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate_world(with_homes(Scenario(), 12), SEEDS)


def test_each_seed_is_one_world(found: Calibration) -> None:
    rate = next(c for c in found.compared if c.target.name == "missing_rate_per_resident_year")
    alone = [
        measure_targets(simulate_world(with_homes(Scenario(), 12), seed=s).tables)["missing_rate_per_resident_year"]
        for s in SEEDS
    ]
    assert rate.measured == tuple(alone)
    assert rate.mean == pytest.approx(np.mean([m.value for m in alone]))
    assert rate.monte_carlo_error == pytest.approx(np.std([m.value for m in alone], ddof=1) / 3**0.5)


def test_progress_is_told_world_by_world() -> None:
    told: list[tuple[int, int]] = []
    calibrate_world(with_homes(Scenario(days=60), 2), (1, 2), report=lambda *done: told.append(done))
    assert told == [(1, 2), (2, 2)]


def test_files_agree_and_name_their_making(found: Calibration, tmp_path: Path) -> None:
    page = write_calibration(found, tmp_path / "out", overwrite=False)
    folder = page.parent
    assert {p.name for p in folder.iterdir()} == {
        "calibration.csv",
        "calibration.html",
        "calibration.json",
        "calibration.png",
        "manifest.json",
    }
    record = json.loads((folder / "calibration.json").read_text())
    assert record["format"] == FORMAT
    assert record["provenance"]["seeds"] == list(SEEDS)
    assert record["provenance"]["scenario"]["homes"]["count"] == 12
    with (folder / "calibration.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert list(rows) == [t["name"] for t in record["targets"]] == list(targets())
    for item in record["targets"]:
        assert rows[item["name"]]["mean"] == ("" if item["mean"] is None else str(item["mean"]))
        assert rows[item["name"]]["verdict"] == item["verdict"]
        assert len(item["by_data_set"]) == len(SEEDS)
    counted = [t for t in record["targets"] if t["gate"] and t["verdict"] == "inside"]
    assert record["tally"]["inside"] == len(counted)


def test_an_earlier_output_is_kept_unless_asked(
    found: Calibration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration_run, "png", lambda figure: b"\x89PNG")  # what is drawn is no matter here
    write_calibration(found, tmp_path / "out", overwrite=False)
    with pytest.raises(InputError, match="earlier output"):
        write_calibration(found, tmp_path / "out", overwrite=False)
    write_calibration(found, tmp_path / "out", overwrite=True)
    tables = simulate_world(with_homes(Scenario(days=60), 2), seed=1).tables
    write_tables(tables, tmp_path / "tables")
    with pytest.raises(InputError, match="holds missingmodels-tables"):
        write_calibration(found, tmp_path / "tables", overwrite=True)


def test_one_data_set_has_no_monte_carlo_error(tmp_path: Path) -> None:
    compared = compare([measure_targets(simulate_world(with_homes(Scenario(), 12), seed=3).tables)])
    assert all(c.monte_carlo_error is None for c in compared)
    assert write_calibration_figure(compared, tmp_path / "figures").read_bytes().startswith(b"\x89PNG")


def test_another_number_of_homes_leaves_the_rest() -> None:
    assert with_homes(Scenario(), None) == Scenario()
    changed = with_homes(Scenario(), 7)
    assert changed.homes.count == 7
    assert changed.model_copy(update={"homes": Scenario().homes}) == Scenario()

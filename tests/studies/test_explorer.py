"""The explorer: its surface finds a known one, its script says what Python says, and beyond the grid it is silent."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr
from scipy.stats import qmc

from missingmodels.errors import InputError
from missingmodels.studies.explorer.factors import FACTORS, scenario_value
from missingmodels.studies.explorer.page import explorer_page, read_grid, tracked_grid
from missingmodels.studies.explorer.surrogate import (
    NAMES,
    columns,
    fit_surrogate,
    held_out,
    homes_needed,
    width_terms,
)

# what the worlds below are made of: a z test whose width falls as theory says, and 0.3 more on the log scale unseen
WIDTH = np.array([math.log(0.7), -0.5, -0.5, -0.4, 0.1, 0.0, 0.3, 0.2])
POINT = {"days": 393.0, "effect": 0.3, "rate": 1.9, "frailty": 0.8, "unseen": 0.1, "shock": 0.2}


def made_grid(cells: int, worlds: int, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    unit = qmc.Sobol(d=len(FACTORS), scramble=True, seed=seed).random(cells)
    held = pd.DataFrame({f.name: [scenario_value(f, u) for u in unit[:, k]] for k, f in enumerate(FACTORS)})
    x = columns(held)
    log_width = width_terms(x) @ WIDTH
    share = ndtr(-1.96 + 3.92 * x["effect"] / np.exp(log_width))
    spread = rng.normal(0, 0.1, (cells, worlds))
    return held.assign(
        cell=range(cells),
        worlds=worlds,
        fitted=worlds,
        supported=rng.binomial(worlds, share),
        log_width_mean=log_width + spread.mean(axis=1),
        log_width_sd=spread.std(axis=1, ddof=1),
    )


@pytest.fixture(scope="module")
def grid() -> pd.DataFrame:
    return made_grid(128, 100)


RECORD = {"planned": {"cells": 512, "worlds_a_cell": 100}, "digest": "sha256:made"}


def truly_needed(target: float) -> float:
    """Homes at which Phi(-1.96 + 3.92 effect / width) is the target: the width falls with their square root."""
    x = {name: np.array([value]) for name, value in (POINT | {"homes": 80.0}).items()}
    wanted = 3.92 * POINT["effect"] / ({0.8: 0.8416212, 0.5: 0.0}[target] + 1.96)
    return float(80 * (np.exp((width_terms(x) @ WIDTH)[0]) / wanted) ** 2)


@pytest.mark.parametrize("target", [0.5, 0.8])
def test_the_surface_finds_the_homes_of_a_known_one(grid, target) -> None:
    found = fit_surrogate(grid)
    homes, low, high = homes_needed(found, POINT, target)
    assert homes == pytest.approx(truly_needed(target), rel=0.05)
    assert low <= homes <= high
    assert high / low < 1.3


def test_held_out_cells_are_missed_by_chance_alone_and_lie_in_their_intervals(grid) -> None:
    """A right surface of 100 worlds a cell: what is missed is what 100 worlds make, and nine in ten lie within."""
    error = held_out(grid)
    assert error["error"] == pytest.approx(error["by_chance"], rel=0.25)
    assert error["beyond_chance"] < 0.02
    assert error["within"] > 0.85
    wrong = grid.assign(supported=np.random.default_rng(1).permutation(grid["supported"]))
    assert held_out(wrong)["beyond_chance"] > 0.2


def test_beyond_the_cells_there_is_no_answer(grid) -> None:
    found = fit_surrogate(grid)
    inside = found.inside({name: grid[name].to_numpy(float) for name in NAMES})
    assert inside.all()
    corner = {name: np.array([(found.high if k % 2 else found.low)[k]]) for k, name in enumerate(NAMES)}
    assert not found.inside(corner).any()  # within each range, but no cell is near
    middle = {**{k: np.array([v]) for k, v in POINT.items()}, "homes": np.array([80.0])}
    assert found.inside(middle).all()
    assert not found.inside(middle | {"days": np.array([1500.0])}).any()


def test_too_few_cells_are_refused(grid, tmp_path) -> None:
    with pytest.raises(InputError, match="too few"):
        explorer_page(grid.head(8), RECORD)
    path = tmp_path / "g.csv"
    grid.drop(columns="worlds").to_csv(path)
    with pytest.raises(InputError, match="no grid"):
        read_grid(path)
    path.with_suffix(".json").write_text(json.dumps(RECORD))
    with pytest.raises(InputError, match="worlds"):
        read_grid(path)


@pytest.fixture(scope="module")
def page(grid) -> str:
    return explorer_page(grid, RECORD)


def test_the_page_is_one_small_file_that_asks_for_nothing(page) -> None:
    assert len(page.encode()) < 1_000_000
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!data:)", page)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert "128 of 512 planned cells" in page
    assert "12,800 of 51,200 planned worlds" in page


def test_the_script_says_what_python_says(grid, page, tmp_path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node, which runs the page's script alone")
    data = re.search(r'id="data">(.*?)</script>', page, re.S)
    assert data is not None
    (tmp_path / "data.json").write_text(data[1])
    script = Path(__file__).parents[2] / "src/missingmodels/report/assets/explorer.js"
    shutil.copyfile(script, tmp_path / "explorer.cjs")
    x = columns(grid.head(20))
    points = [{name: float(x[name][k]) for name in NAMES} for k in range(20)]
    ends = fit_surrogate(grid)
    far = {name: float((ends.high if k % 2 else ends.low)[k]) for k, name in enumerate(NAMES)}
    program = f"""
const m = require("./explorer.cjs"), d = JSON.parse(require("fs").readFileSync("data.json"));
const points = {json.dumps(points)}, at = {json.dumps(POINT)};
console.log(JSON.stringify({{
  power: points.map((x) => m.power(d, x, d.width, d.power)), needed: m.needed(d, at, 0.8),
  inside: m.outside(d, {{...at, homes: 80}}), far: m.outside(d, {json.dumps(far)}),
  text: m.answer(d, at, 0.8).text, silent: m.answer(d, {{...at, days: 1500}}, 0.8).text,
  toml: m.toml(d, at, 0.8, 84), rounded: [7.2, 23, 84, 188.3, 217].map(m.rounded)
}}));
"""
    done = subprocess.run([node, "-e", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    found = fit_surrogate(grid)
    np.testing.assert_allclose(said["power"], found.supported(x), atol=2e-5)
    homes, low, high = homes_needed(found, POINT, 0.8)
    np.testing.assert_allclose([said["needed"][k] for k in ("homes", "low", "high")], [homes, low, high], rtol=0.02)
    assert said["inside"] == []
    assert said["far"] == ["this combination"]
    assert re.fullmatch(r"About \d+ homes \(\d+–\d+\) for 80 % power\.", said["text"])
    assert said["silent"].startswith("No answer: days of data")
    assert said["rounded"] == [8, 23, 84, 190, 215]
    study_of_the_page(said["toml"], tmp_path)


def study_of_the_page(text: str, folder: Path) -> None:
    """The file that the page prints is a study of the point."""
    from missingmodels.studies.questions.grid import read_study

    (folder / "s.toml").write_text(text)
    grid = read_study(folder / "s.toml")
    cell = grid.cells[2]
    assert cell.scenario.homes.count == 84
    assert (cell.scenario.days, cell.scenario.contagion.log_rate_ratio) == (393, 0.3)
    assert cell.scenario.recording.unseen_children_share == 0.1
    assert grid.study.solve is not None


def test_in_a_browser_the_sliders_answer(page, tmp_path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs chromium")
    (tmp_path / "power.html").write_text(page, encoding="utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--dump-dom", (tmp_path / "power.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    shown = re.search(r'id="answer"[^>]*>([^<]*)<', done.stdout)
    assert shown is not None
    assert re.fullmatch(r"(About|At most|More than) .* 80 % power.*", shown[1])
    assert done.stdout.count('type="range"') == len(FACTORS)  # all but homes, and the power wanted
    assert "polyline" in done.stdout


def test_the_packages_own_grid_is_what_its_record_says() -> None:
    cells, record = tracked_grid()
    assert (len(cells), int(cells["worlds"].sum())) == (record["cells"], record["worlds"])
    assert (cells["supported"] <= cells["fitted"]).all()
    assert (cells["fitted"] <= cells["worlds"]).all()
    explorer_page(cells, record)

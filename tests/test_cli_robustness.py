"""``missingmodels robustness`` as typed, on a small run of the fast engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from missingmodels.evidence.robustness.battery import BY_NAME, DROPPED
from missingmodels.evidence.robustness.frontier import frontier, frontier_is_whole
from missingmodels.studies.questions.grid import read_study
from missingmodels.tables import read_tables
from resealed import reseal
from test_cli import is_a_message, run

SCENARIO = """
name = "tiny"
days = 150
[homes]
count = 6
[onset]
rate_per_year = 6.0
"""
PLAN = """
name = "tiny"
models = ["M0", "M1"]
[exposure]
beside = []
[sampling]
method = "laplace"
draws = 250
[gate]
ess_min = 100
"""


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory, few_refits: None) -> Path:
    folder = tmp_path_factory.mktemp("robustness")
    (folder / "tiny.toml").write_text(SCENARIO)
    (folder / "plan.toml").write_text(PLAN)
    for seed, name in ((4, "tables"), (5, "others")):
        done = run("simulate", "--scenario", folder / "tiny.toml", "--seed", seed, "-o", folder / name)
        assert done.returncode == 0, done.stderr
    done = run("fit", folder / "tables", "--plan", folder / "plan.toml", "-o", folder / "run")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.sampled
def test_a_run_is_questioned(fitted: Path) -> None:
    release = fitted / "run" / "release"
    earlier = [release / name for name in ("specification_curve.csv", "figures/specification_curve.png")]
    for path in earlier:
        path.parent.mkdir(exist_ok=True)
        path.write_text("of an earlier call")
    done = run("robustness", fitted / "run", "--permutations", 39, "--no-curve")
    assert done.returncode == 0, done.stderr
    assert not any(path.exists() for path in earlier), "an earlier curve is none of this page's"
    kept = [check for name, check in BY_NAME.items() if name not in DROPPED]
    for check in kept:
        assert check.title.replace("'", "’") in done.stdout
    table = pd.read_csv(fitted / "run" / "release" / "robustness.csv")
    assert set(table["check"]) == {check.name for check in kept}
    assert table[["shows", "cannot", "how_often", "verdict"]].notna().all().all()
    primary = table[table["check"] == "primary"].iloc[0]
    evidence = json.loads((fitted / "run" / "private" / "evidence.json").read_text())
    (row,) = [r for r in evidence["rows"] if r["role"] == "primary" and r["estimand"] == "rate_ratio"]
    assert primary["estimate"] == pytest.approx(row["median"], rel=0.05)
    page = (fitted / "run" / "release" / "robustness.html").read_text(encoding="utf-8")
    # every line, and the frontier where its study is whole
    assert page.count("data:image/png;base64,") == 1 + frontier_is_whole(frontier())
    assert "Simulated data" in page
    assert (release / "figures" / "robustness.png").stat().st_size > 10_000
    assert (fitted / "run" / "release" / "report.html").is_file()  # what was there stays
    again = run("robustness", fitted / "run", "--permutations", 39, "--no-curve", "--json")
    lines = json.loads(again.stdout)["lines"]
    assert [(line["check"], line["line"], line["verdict"]) for line in lines] == list(
        table[["check", "line", "verdict"]].itertuples(index=False, name=None)
    )
    estimates = pd.Series([line["estimate"] for line in lines], dtype=float)
    assert estimates.to_numpy() == pytest.approx(table["estimate"].to_numpy(), nan_ok=True)  # the same seed


def test_other_tables_are_refused(fitted: Path) -> None:
    done = run("robustness", fitted / "run", "--tables", fitted / "others", "--permutations", 39)
    is_a_message(done, "not the tables that the run was fitted to", "--tables")


def test_tables_that_moved_are_asked_for(fitted: Path, tmp_path: Path) -> None:
    moved = tmp_path / "run"
    shutil.copytree(fitted / "run", moved)
    source = moved / "private" / "source.json"
    source.write_text(json.dumps({"tables": str(tmp_path / "gone")}))
    reseal(moved)
    is_a_message(run("robustness", moved), "no such folder", "gone")
    source.unlink()
    reseal(moved)
    is_a_message(run("robustness", moved), "does not say where its tables are", "--tables")


def test_a_run_without_an_answer_to_h1_cannot_be_questioned(fitted: Path, tmp_path: Path) -> None:
    bare = tmp_path / "run"
    shutil.copytree(fitted / "run", bare)
    evidence = json.loads((bare / "private" / "evidence.json").read_text())
    evidence["rows"] = [row for row in evidence["rows"] if row["hypothesis"] != "H1"]
    (bare / "private" / "evidence.json").write_text(json.dumps(evidence))
    reseal(bare)
    is_a_message(run("robustness", bare), "no answer to H1")


def test_no_run_is_a_message(tmp_path: Path) -> None:
    is_a_message(run("robustness", tmp_path / "nowhere"), "no such folder")


@pytest.mark.sampled
def test_a_runs_models_are_compared_again(fitted: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(fitted / "run", folder)
    before = json.loads((folder / "private" / "evidence.json").read_text())
    done = run("compare", folder, "--tables", fitted / "tables", "--refits", 1, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [c["unit"] for c in told["comparisons"]] == ["child", "home"]
    assert told["refits"] <= 1
    after = json.loads((folder / "private" / "evidence.json").read_text())
    assert after["comparisons"] == told["comparisons"]
    assert {k: v for k, v in after.items() if k != "comparisons"} == {
        k: v for k, v in before.items() if k != "comparisons"
    }
    assert "ever lived in a home left out" in (folder / "release" / "report.html").read_text()


@pytest.mark.sampled
def test_other_tables_are_not_compared(fitted: Path) -> None:
    done = run("compare", fitted / "run", "--tables", fitted / "others")
    is_a_message(done, "not the tables that the run was fitted to")


@pytest.mark.sampled
def test_a_run_becomes_a_study(fitted: Path, tmp_path: Path) -> None:
    done = run("power", "--from", fitted / "run")
    assert done.returncode == 0, done.stderr
    study = tmp_path / "study.toml"
    study.write_text(done.stdout, encoding="utf-8")
    grid = read_study(study)
    homes = len(read_tables(fitted / "tables")["homes"])
    assert grid.study.axes["homes.count"] == (homes, 2 * homes, 4 * homes)
    assert grid.study.draws["contagion.log_rate_ratio"]
    both = run("power", study, "--from", fitted / "run")
    assert (both.returncode, both.stdout) == (2, "")
    assert "name a study, or a run with --from" in both.stderr

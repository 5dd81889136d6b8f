"""``missingmodels fit-rows`` as typed."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from missingmodels.cli.options import table_text
from missingmodels.cli.rows import alike_ids, prior_texts, read_rows
from missingmodels.errors import InputError, RowsInvalid
from missingmodels.plan import Gate
from test_cli import is_a_message, run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(2)
    patient = np.repeat(np.arange(60), 3)
    frame = pd.DataFrame({"id": patient, "arm": np.where(patient % 2, "drug", "placebo"), "days": 30.0})
    mean = 0.04 * frame["days"] * np.where(frame["arm"] == "drug", 0.4, 1.0) * rng.gamma(1.5, 1 / 1.5, 60)[patient]
    frame["events"] = rng.poisson(mean)
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    return path


OPEN = ("--disclosure", "none")
QUESTION = ("--formula", "events ~ arm", "--child", "id", "--exposure", "days")


@pytest.mark.sampled
def test_a_file_becomes_a_table(file: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(file, dtype=str)
    frame.loc[4, "arm"] = None
    frame.to_csv(file, index=False)
    out = tmp_path / "out"
    done = run(
        "fit-rows", file, *QUESTION, "--prior", "arm[placebo]=normal(0, 1)", "--drop-unrecorded", "-o", out, *OPEN
    )
    assert done.returncode == 0, done.stderr
    assert "1 of 180 rows left out: arm is unrecorded in row 6" in done.stderr  # its line in the file
    table = pd.read_csv(out / "release" / "coefficients.csv", index_col="term")
    assert list(table.index) == ["intercept", "arm[placebo]", "sigma_child"]
    assert table.loc["arm[placebo]", "low"] < np.log(2.5) < table.loc["arm[placebo]", "high"]
    assert table.loc["intercept", "low"] < np.log(0.016) < table.loc["intercept", "high"]
    for word in ("arm[placebo]", "95 % interval", "R-hat", f"{table.loc['sigma_child', 'median']:.3f}"):
        assert word in done.stdout
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["certificate"]["rows_dropped"] == ["6"]
    assert manifest["certificate"]["priors"]["arm[placebo]"] == "normal(0, 1)"
    with xr.open_datatree(out / "private" / "draws.nc", engine="h5netcdf") as tree:
        draws = tree["posterior"]["coefficients"].to_numpy()
    assert np.median(draws) == pytest.approx(table.loc["arm[placebo]", "median"])
    is_a_message(run("fit-rows", file, *QUESTION, "-o", out), "earlier output", "--overwrite")


@pytest.mark.sampled
def test_a_fit_that_does_not_mix_is_refused(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("missingmodels.fitting.families.rows.Gate", lambda: Gate(ess_min=1e6))
    arguments = ("fit-rows", file, *QUESTION, "--draws", 50, "-o", tmp_path / "out")
    is_a_message(run(*arguments), "Not converged", "events ~ arm", "ESS", "below 1e+06", code=3)
    assert not (tmp_path / "out").exists()
    assert run(*arguments, "--allow-unconverged").returncode == 0
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["certificate"]["diagnostics"]["failed"]


def test_faults_are_told_by_line_and_nothing_is_written(file: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(file)
    frame["events"] = frame["events"].astype(float)
    frame.loc[0, "events"], frame.loc[178, "days"] = 0.5, -2
    frame.to_csv(file, index=False)
    done = run(
        "fit-rows", file, "--formula", "events ~ amr", "--child", "id", "--exposure", "days", "-o", tmp_path / "o"
    )
    is_a_message(done, str(file), "no column 'amr'", "in row 2", "in row 180", "What to do")
    assert not (tmp_path / "o").exists()
    is_a_message(
        run("fit-rows", tmp_path / "no.csv", *QUESTION, "-o", tmp_path / "o"), "no.csv", "there is no such file"
    )
    done = run("fit-rows", file, *QUESTION, "--prior", "normal(0, 1)", "-o", tmp_path / "o")
    is_a_message(done, "names no parameter", "--prior 'coefficients=normal(0, 2.5)'")


def test_keys_of_priors_may_hold_an_equals_sign() -> None:
    assert prior_texts(["bs(age, df=3)[0]=normal(0, 1)"], "brms") == {"use": "brms", "bs(age, df=3)[0]": "normal(0, 1)"}
    with pytest.raises(RowsInvalid):
        prior_texts(["flat()"], "weak")


def test_rows_are_labelled_by_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n\n3,4\n")
    assert list(read_rows(tmp_path / "a.csv").dropna().index) == [2, 4]


def test_titles_and_what_cannot_be_seen_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("My rows, as counted\n\nchild,events,x\n1\u200b,2,0.5\n01,0,\u00a00.7\n1,1,0.1\n")
    frame = read_rows(path, ("child", "events"))
    assert frame.index.tolist() == [4, 5, 6]
    assert frame.to_dict("list") == {"child": ["1", "01", "1"], "events": ["2", "0", "1"], "x": ["0.5", "0.7", "0.1"]}
    assert frame.attrs["notes"] == [
        "lines above the column names left unread: rows 1",
        "invisible characters were removed from 1 cells of child",
    ]
    (note,) = alike_ids(frame, ("child", "home"))
    assert note.startswith("1 of the different words of child differ")


def test_a_file_of_more_columns_than_any_table_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"c{n}" for n in range(150_000)) + "\n" + "," * 149_999 + "\n")
    with pytest.raises(InputError, match="150,000 columns"):
        read_rows(path)


def test_trials_may_be_a_number(file: Path, tmp_path: Path) -> None:
    """A binary outcome needs no column of ones; a count beyond it is told."""
    frame = pd.read_csv(file)
    frame["events"] = [7, *[0] * 179]
    frame.to_csv(file, index=False)
    done = run("fit-rows", file, "--formula", "events ~ arm", "--trials", 6, "-o", tmp_path / "o")
    is_a_message(done, "more events (events) than trials (trials of every row) in row 2")


@pytest.mark.sampled
def test_ids_with_zeros_are_children_of_their_own(shared: Path, tmp_path: Path) -> None:
    """'01', '1' and '001' are three; taken for one, the standard deviation between children read 0.79."""
    file = shared / "cases" / "rows" / "leading_zero_ids.csv"
    question = ("--formula", "events ~ x", "--child", "child", "--exposure", "days")
    done = run("fit-rows", file, *question, "--disclosure", "none", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "27 of child" in done.stdout
    table = pd.read_csv(tmp_path / "out" / "release" / "coefficients.csv", index_col="term")
    assert 1.28 < table.loc["sigma_child", "median"] < 2.04


@pytest.mark.parametrize(
    ("name", "formula", "words"),
    [
        ("dup_columns.csv", "events ~ x", ("columns named twice: x",)),
        ("dash_x.csv", "events ~ x", ("x is unrecorded in row 5",)),
        ("one_level.csv", "events ~ x + z", ("z has a single level (a)",)),
        ("one_level.csv", "events ~ x * z", ("z has a single level (a)",)),
        ("rows_ok.csv", "events ~ X", ("no column 'X'", "did you mean 'x'?")),
    ],
)
def test_files_that_must_be_refused(shared: Path, tmp_path: Path, name: str, formula: str, words: tuple[str]) -> None:
    file = shared / "cases" / "rows" / name
    done = run("fit-rows", file, "--formula", formula, "--child", "child", "-o", tmp_path / "out")
    is_a_message(done, name, *words)
    assert not (tmp_path / "out").exists()


def test_a_formula_that_calls_is_refused_before_anything_is_called(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = shared / "cases" / "rows" / "rows_ok.csv"
    for formula in (shared / "cases" / "footing" / "formulas.txt").read_text(encoding="utf-8").splitlines():
        done = run("fit-rows", file, "--child", "child", "--formula", formula, "-o", tmp_path / "out")
        is_a_message(done, "What to do", "^")
        assert "no column" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_family_of_other_software_is_told_how_it_is_asked_here(file: Path, tmp_path: Path) -> None:
    done = run("fit-rows", file, *QUESTION, "--family", "nbinom2", "-o", tmp_path / "o")
    is_a_message(done, "one level of effects per row", "child=")


def test_a_table_of_which_nothing_may_be_told_says_so():
    found = SimpleNamespace(decision=SimpleNamespace(interval_mass=0.95))
    assert "none may be told" in table_text(found, "term", pd.DataFrame(columns=["median", "low", "high"]))


def test_units_cut_to_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("child,events,x\n1.2E+11,2,0.5\n1.2E+11,0,0.7\n0013,1,0.1\n")
    done = run("fit-rows", path, "--formula", "events ~ x", "--child", "child", "-o", tmp_path / "o")
    is_a_message(done, "child is cut to a number in scientific notation in rows 2, 3", "as text")


def test_a_name_among_numbers_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("child,events,x\n1,2,0.5\n2,0,0.7\n3,1,Jordan Hill\n4,1,n/k\n5,1,0.2\n6,1,0.3\n")
    done = run("fit-rows", path, "--formula", "events ~ x", "--child", "child", "-o", tmp_path / "o")
    is_a_message(done, "x is not a number in rows 4, 5 (text that may hold a name, 'n/k')")
    assert "Jordan" not in done.stderr

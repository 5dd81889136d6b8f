"""The two places of a run: what each holds, runs of one place, and children who are not in the fits."""

from __future__ import annotations

import json
import re
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

from daily_cases import tables_of
from missingmodels.evidence.pool.likelihood import read_likelihood
from missingmodels.evidence.pool.pooled import pool
from missingmodels.fitting.children import completed, stored
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.stores.store import fit_bytes, fit_from_bytes, read_fit, write_fit
from missingmodels.runs.answer import Answer, answer
from missingmodels.runs.write import read_run, tables_folder, write_run
from missingmodels.tables import Tables, write_tables
from random_points import points_at_random
from resealed import reseal
from test_cli import run
from worlds import plan_of, small_world


@pytest.fixture(scope="module")
def made(few_refits: None) -> tuple[Tables, Answer]:
    tables = small_world(4, n_homes=6, days=150).tables
    sampling = {"method": "laplace", "draws": 250}
    plan = plan_of(models=["M0", "M1"], exposure={"beside": []}, sampling=sampling, gate={"ess_min": 100})
    return tables, answer(tables, plan, seed=1, allow_unconverged=True)


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def of_one_place(new: Path, old: Path) -> Path:
    """A run as versions before wrote it: all in one folder, and the path of its tables in the manifest."""
    shutil.copytree(new, old)
    shutil.rmtree(old / "release")
    for name in ("report.html", "figures"):
        shutil.move(new / "release" / name, old / name)
    source = json.loads((old / "private" / "source.json").read_text())["tables"]
    (old / "private" / "source.json").unlink()
    (old / "private" / "README.txt").unlink()
    for path in list((old / "private").iterdir()):
        path.rename(old / path.name)
    (old / "private").rmdir()
    manifest = json.loads((old / "manifest.json").read_text())
    for name in ("run_version", "keep_children", "disclosure"):
        del manifest[name]
    reseal(old, manifest | {"tables": source})
    return old


@pytest.mark.sampled
def test_private_is_for_its_owner_and_release_names_nobody(made: tuple[Tables, Answer], tmp_path: Path) -> None:
    tables, found = made
    place = tmp_path / "run"
    place.mkdir(mode=0o750)
    place.chmod(0o750)
    write_run(found, place, overwrite=False, tables=tables)
    assert stat.S_IMODE((place / "private").stat().st_mode) == 0o700
    assert stat.S_IMODE(place.stat().st_mode) == 0o750
    assert "must not leave" in (place / "private" / "README.txt").read_text()
    assert {"evidence.json", "report.html", "figures/forest.png"} <= names(place / "release")
    assert {"evidence.json", "fits/M0.nc", "fits/M1_peer_presence.nc", "tables/children.parquet"} <= names(
        place / "private"
    )
    assert {path.name for path in place.iterdir()} == {"manifest.json", "private", "release"}
    ids = {*map(str, tables["children"]["child_id"]), *map(str, tables["homes"]["home_id"])}
    for path in (place / "private" / "fits").iterdir():
        held = path.read_bytes()
        assert not [one for one in ids if re.search(rb"(?<![\w-])" + re.escape(one.encode()) + rb"(?![\w-])", held)]


@pytest.mark.sampled
def test_a_run_of_one_place_is_read_and_gets_two(made: tuple[Tables, Answer], tmp_path: Path) -> None:
    tables, found = made
    write_tables(tables, tmp_path / "tables")
    write_run(found, tmp_path / "new", overwrite=False, tables=tmp_path / "tables")
    old = of_one_place(tmp_path / "new", tmp_path / "old")
    assert read_run(old).rows == found.evidence.rows
    assert tables_folder(old) == tmp_path / "tables"
    shutil.copytree(old, tmp_path / "other")
    done = run("report", old)
    assert done.returncode == 0, done.stderr
    assert "has a private and a release place now" in done.stderr
    assert {path.name for path in old.iterdir()} == {"manifest.json", "private", "release"}
    assert stat.S_IMODE((old / "private").stat().st_mode) == 0o700
    assert {"fits/M0.nc", "evidence.json", "source.json", "README.txt"} <= names(old / "private")
    assert {"report.html", "evidence.json"} <= names(old / "release")
    assert tables_folder(old) == tmp_path / "tables"
    assert "tmp" not in str(json.loads((old / "manifest.json").read_text()).get("tables"))
    # and every other command on the old one
    for words in (
        ("robustness", tmp_path / "other", "--permutations", 39, "--no-curve"),
        ("compare", old, "--refits", 0),
    ):
        done = run(*words)
        assert done.returncode == 0, done.stderr
    assert {"robustness.html", "robustness.csv"} <= names(tmp_path / "other" / "release")


@pytest.mark.sampled
def test_children_come_back_as_they_were(made: tuple[Tables, Answer], tmp_path: Path) -> None:
    fast = made[1].fits[1]
    again = read_fit(write_fit(fast, tmp_path / "fit.nc"))
    for name in ("frailty", "log_density"):
        np.testing.assert_array_equal(again.values[name], fast.values[name], err_msg=name)
    kept = read_fit(write_fit(fast, tmp_path / "kept.nc", keep_children=True))
    np.testing.assert_array_equal(kept.values["frailty"], fast.values["frailty"])
    assert (again.certificate["children"], kept.certificate["children"]) == ("recomputed", "kept")
    assert (tmp_path / "fit.nc").stat().st_size < (tmp_path / "kept.nc").stat().st_size
    # nothing of a child stands in the file: neither draws nor a name
    held = stored(fast, keep_children=False)
    assert not {"frailty", "log_density"} & set(held.values)
    assert held.design.child_ids[0].startswith("child 0")
    assert fast.design.child_ids[0].encode() not in fit_bytes(fast)


@pytest.mark.parametrize(
    ("kind", "said"), [("kernel", "recomputed"), ("hawkes", "left out"), ("ornstein_uhlenbeck", "recomputed")]
)
def test_children_of_daily_models_come_back_where_their_frailty_was_integrated_out(kind: str, said: str) -> None:
    from missingmodels.fitting.families.daily import fit_daily

    plan = plan_of(
        models=["M0", "M1"],
        terms={"vulnerability": "male", "history": "own_1_7"},
    )
    with points_at_random():
        found = fit_daily(tables_of(), plan, kind=kind, seed=1)  # type: ignore[arg-type]
    check_children(found, said)


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"frailty": "gamma"}, "recomputed"), ({"frailty": "normal"}, "left out"), ({"child": None}, "recomputed")],
)
def test_children_of_rows_come_back_where_their_frailty_was_integrated_out(asked: dict[str, str], said: str) -> None:
    import pandas as pd

    from missingmodels.fitting.families.rows import fit_rows

    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"who": np.repeat(np.arange(20), 3), "site": np.tile(list("abc"), 20)})
    frame = frame.assign(x=rng.normal(size=60), y=rng.poisson(1.0, 60), days=rng.uniform(1, 3, 60))
    question = {"child": "who", "home": "site", "exposure": "days"} | asked
    with points_at_random():
        found = fit_rows(frame, formula="y ~ x", seed=1, **question)
    check_children(found, said)


def check_children(found: Fit, said: str) -> None:
    again = fit_from_bytes(fit_bytes(found))
    assert again.certificate["children"] == said
    if said == "left out":
        assert "log_density" not in again.values
        assert "log_likelihood" not in again.to_datatree().children
        return
    assert completed(again) is not None
    for name, values in found.values.items():
        if name == "child_effect":  # another draw of the same law
            assert again.values[name].shape == values.shape
            np.testing.assert_allclose(again.values[name].mean(), values.mean(), atol=0.15)
        else:
            np.testing.assert_allclose(again.values[name], values, rtol=1e-10, atol=1e-10, err_msg=name)


@pytest.mark.sampled
def test_a_run_sends_one_file_and_several_are_pooled(made: tuple[Tables, Answer], tmp_path: Path) -> None:
    tables, answered = made
    folder = tmp_path / "run"
    write_run(answered, folder, overwrite=False, tables=tables)
    ours, other = tmp_path / "ours.json", tmp_path / "other.json"
    done = run("summarise", folder, "-o", ours)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {
        "ours.json", "ours.disclosure.csv", "ours.disclosure.json",
    }  # fmt: skip
    told = json.loads(ours.read_text())
    assert not {*map(str, tables["children"]["child_id"]), *tables["homes"]["home_id"]} & {*ours.read_text().split('"')}
    fit = next(fit for fit in answered.fits if fit.exposure)
    draws = fit.parameters.coefficient("peer_presence")
    mean, sd = pool([read_likelihood(ours)], tau_sd=0).moments("peer_presence")
    assert mean == pytest.approx(draws.mean(), abs=draws.std() / 5)
    assert sd == pytest.approx(draws.std(), rel=0.1)
    assert run("summarise", folder, "-o", ours).returncode == 2
    blocked = run("summarise", folder, "-o", tmp_path / "none.json", "--disclosure", "generic")
    assert blocked.returncode == 2
    assert "blocks peer_presence" in blocked.stderr
    assert not (tmp_path / "none.json").exists()
    twice = run("pool", ours, ours, "-o", tmp_path / "pooled.json")
    assert twice.returncode == 2
    assert "same summary" in twice.stderr
    told["log_density"][0] -= 0.05
    other.write_text(json.dumps(told))
    done = run("pool", ours, other, "-o", tmp_path / "pooled.json", "--between", 0)
    assert done.returncode == 0, done.stderr
    pooled = json.loads((tmp_path / "pooled.json").read_text())["rows"][0]
    assert pooled["interval_low"] < pooled["median"] < pooled["interval_high"]
    assert "2 authorities, M1: one or more recently missing peers against none: rate ratio" in done.stdout

"""A question of one's own: in every world, by whichever process, and only by the function that the study began with."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import linecache
from pathlib import Path

import my_questions
import numpy as np
import pytest

import missingmodels as mm
from missingmodels.errors import ConfigInvalid, InputError
from missingmodels.studies.answers.summary import summarise
from missingmodels.studies.answers.text import summary_text
from missingmodels.studies.computing.batch import run_batch
from missingmodels.studies.computing.pool import Here, Pool
from missingmodels.studies.computing.store import Store, read_store, rows_digest
from missingmodels.studies.questions.own import Own
from missingmodels.studies.run import run_study
from studies import grid_of, study_of

ONE = {"axes": {"contagion.log_rate_ratio": [0.3]}, "replicates": {"batch": 2, "at_least": 4, "step": 4, "at_most": 4}}


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> tuple[Path, mm.Power]:
    folder = tmp_path_factory.mktemp("asked") / "study"
    values = study_of(**ONE, scenario={"set": {"homes.count": 6, "days": 100, "onset.rate_per_year": 8.0}})
    done = mm.power(values, folder, decide=my_questions.surely_above, measure=my_questions.sizes, workers=1)
    return folder, done


def test_a_function_is_a_rule_and_a_number_beside_the_studys_own(asked) -> None:
    folder, done = asked
    rows = read_store(folder).rows([(0, 0), (0, 1)])
    fitted = rows[(rows["rule"] == "plan") & (rows["status"] == "fitted")]
    own = rows[rows["rule"] == "surely_above"].set_index("replicate")
    assert len(own) == 4
    for _, row in fitted.iterrows():
        wanted = "supported" if row["probability_above"] > 0.9 else "the data cannot say"
        assert own.loc[row["replicate"], "verdict"] == wanted
        assert own.loc[row["replicate"], "estimate"] == row["estimate"]
    (cell,) = done.found["cells"]
    by_name = {n["name"]: n for n in cell["numbers"]}
    onsets = rows[(rows["quantity"] == "onsets") & (rows["rule"] == "measure")]["estimate"]
    assert by_name["onsets"]["value"] == pytest.approx(onsets.mean())
    assert by_name["onsets"]["count"] == len(onsets)
    (share,) = [m["power"]["value"] for m in cell["measures"] if m["rule"] == "surely_above"]
    assert share == pytest.approx((own["verdict"] == "supported").mean())
    assert "surely_above" in done.text()
    assert "onsets" in summary_text(done.found)
    assert {"surely_above", "measure", "plan"} <= set(done.to_frame()["rule"])
    assert len(repr(done)) < 1500
    assert "my_questions.sizes" in (folder / "study.html").read_text(encoding="utf-8")


def test_it_goes_on_only_with_the_function_that_it_was_begun_with(asked) -> None:
    folder, _ = asked
    grid = read_store(folder).grid
    assert grid.asked["decide"]["function"] == "my_questions.surely_above"
    assert summarise(read_store(folder))["complete"]  # reading needs no function
    plain = dataclasses.replace(grid, asked={})
    with pytest.raises(InputError, match="another study"):
        run_study(plain, folder, lambda: Here(plain.record()))
    with pytest.raises(InputError, match="another study"):
        mm.power(plain, folder, decide=my_questions.sizes, workers=1)
    with pytest.raises(InputError, match="functions of its own"):
        run_batch(grid.record(), 0, 0)


@pytest.mark.slow
def test_two_processes_import_it_and_give_the_same_rows(asked, tmp_path) -> None:
    folder, _ = asked
    grid = read_store(folder).grid
    own = Own(decide=my_questions.surely_above, measure=my_questions.sizes)
    assert own.travels
    run_study(grid, tmp_path / "two", lambda: Pool(grid.record(), 2, own))
    digests = [rows_digest(read_store(f).rows([(0, 0), (0, 1)])) for f in (folder, tmp_path / "two")]
    assert digests[0] == digests[1]


def test_what_cannot_be_handed_over_is_asked_here_or_refused(tmp_path) -> None:
    local = lambda fit: True  # noqa: E731
    assert not Own(decide=local).travels
    with pytest.raises(ConfigInvalid, match="cannot import"):
        mm.power(study_of(**ONE), tmp_path / "s", decide=local, workers=2)
    with pytest.raises(ConfigInvalid, match="not a function"):
        mm.power(study_of(**ONE), tmp_path / "s", decide="os.system")
    with pytest.raises(ConfigInvalid, match="has a rule"):
        mm.power(study_of(**ONE, rules={"own": {"supported_probability": 0.99}}), tmp_path / "s", decide=local)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("said", [1, "yes", None, np.array([True])])
def test_a_rule_says_yes_or_no(said) -> None:
    with pytest.raises(ConfigInvalid, match="not True or False"):
        Own(decide=lambda fit: said).decided(None)


@pytest.mark.parametrize("said", ["3", None, {"a": float("nan")}, {1: 2.0}, True, {"": 1.0}])
def test_a_measure_is_a_finite_number(said) -> None:
    with pytest.raises(ConfigInvalid, match="not a finite number"):
        Own(measure=lambda fit: said).measured(None)
    assert Own(measure=lambda fit: np.float64(2)).measured(None) == {"own": 2.0}


@pytest.mark.parametrize("key", ["asked", "decide", "own"])
def test_no_file_names_a_function(key) -> None:
    with pytest.raises(ConfigInvalid, match=key):
        grid_of(**{key: {"decide": {"function": "os.system", "text": ""}}})


def test_a_record_from_before_a_key_came_is_the_same_study(asked, tmp_path) -> None:
    """The digest is of what a record means, not of which keys it was written with."""
    from resealed import reseal

    grid = grid_of()
    store = Store(tmp_path / "s", grid)
    store.open()
    held = json.loads((tmp_path / "s/manifest.json").read_text())
    del held["study"]["looks"], held["study"]["points"]
    held["digest"] = "sha256:" + "0" * 64
    reseal(tmp_path / "s", held)
    assert store.require_same()["digest"] == "sha256:" + "0" * 64


def test_a_function_that_was_rewritten_under_its_name_is_another(tmp_path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    records = []
    for limit in ("1.1", "1.2"):
        (tmp_path / "rewritten.py").write_text(f"def sure(fit):\n    return fit.ratio > {limit}\n")
        spec = importlib.util.spec_from_file_location("rewritten", tmp_path / "rewritten.py")
        module = importlib.util.module_from_spec(spec)
        linecache.clearcache()
        spec.loader.exec_module(module)
        records.append(Own(decide=module.sure).record()["decide"])
    assert records[0]["function"] == records[1]["function"] == "rewritten.sure"
    assert records[0]["text"] != records[1]["text"]

"""A result that is not what the paper says it is stops the build, and so does a number that comes from nowhere."""

from __future__ import annotations

import json

import pytest
from paperbuild import numbers
from paperbuild.faults import PaperError
from paperbuild.numbers import Sources
from paperbuild.results import read_register, stale

METHODS = {"model": "2", "engine": "1"}
STUDY = 'name = "x"\nseed = 4\n[plan.set]\n"sampling.draws" = 500\n[axes]\nhomes = [40, 80]\n'
RECORD = {
    "recipe": "run x",
    "study": {
        "name": "x",
        "seed": 4,
        "plan": {"use": "", "set": {"sampling.draws": 500}},
        "axes": {"homes": [40, 80]},
    },
    "versions": {"model": "2", "engine": "1"},
}
ENTRY = '[x]\nabout = "A."\ncommand = "run x"\nstudy = "x.toml"\nmodel = 2\nengine = 1\nholds = { "study.seed" = 4 }\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "x.toml").write_text(STUDY)
    (tmp_path / "x.json").write_text(json.dumps(RECORD))
    (tmp_path / "x.csv").write_text("homes,line,said,error\n40,M1,-0.0612,0.01\n80,M1,0.5,0.02\n80,M3,,\n")
    (tmp_path / "results.toml").write_text(ENTRY)
    numbers.table.cache_clear()
    return tmp_path


def faults(folder, methods=METHODS):
    return stale(read_register(folder / "results.toml", folder), methods, folder)


def test_a_result_that_is_what_it_says_passes(folder):
    assert faults(folder) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("x.json", '"run x"', '"run x --worlds 9"', "made by “run x --worlds 9”"),
        ("x.json", '"seed": 4', '"seed": 5', "study.seed is 5 in the result and 4 in the entry"),
        ("x.toml", "500", "1000", "sampling.draws = 1000 and the result was made with 500: run it again"),
        ("x.toml", "[40, 80]", "[40]", "axes.homes = [40] and the result was made with [40, 80]"),
        ("x.toml", '"sampling.draws" = 500', "", "no longer says plan.set.sampling.draws"),
        ("x.json", '"model": "2"', '"model": "1"', "made under model 1, and the entry says 2"),
        ("x.json", '"engine": "1"', '"engine": "7"', "made under engine 7"),
    ],
)
def test_each_thing_that_may_differ_is_told(folder, file, old, new, told):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    assert any(told in fault for fault in faults(folder)), faults(folder)


def test_a_table_that_is_not_there_is_told(folder):
    (folder / "x.csv").unlink()
    assert "there is no x.csv" in faults(folder)[0]
    (folder / "x.json").unlink()
    with pytest.raises(PaperError, match=r"there is no x\.json"):
        read_register(folder / "results.toml", folder)


def test_an_older_model_needs_a_reason_that_was_judged_at_the_present_one(folder):
    newer = {"model": "3", "engine": "1"}
    assert "made under model 2, and the package has model 3: run it again" in faults(folder, newer)[0]
    reasoned = ENTRY + 'older = "Nothing in it has changed."\n'
    (folder / "results.toml").write_text("[judged]\nmodel = 3\nengine = 1\n" + reasoned)
    assert faults(folder, newer) == []
    assert "was judged at model 3, and the package has 4" in faults(folder, {"model": "4", "engine": "1"})[0]


CARDS = {"target": {"rate": {"value": "3.2", "status": "derived"}, "guess": {"value": "0.2", "status": "assumption"}}}


def sources(folder) -> Sources:
    return Sources(read_register(folder / "results.toml", folder).results, {"frame": {"period_days": 28}}, CARDS)


@pytest.mark.parametrize(
    ("entry", "text", "leads_to"),
    [
        (
            {"result": "x", "where": {"homes": 40}, "column": "said", "error": "error", "format": ".1%"},
            "−6.1\u00a0%\u00a0(1.0)",
            "x",
        ),
        ({"result": "x", "where": {"homes": 80, "line": "M1"}, "column": "said", "format": ".2f"}, "0.50", "x"),
        ({"result": "x", "where": {"homes": 40}, "column": "said", "format": ".0f"}, "0", "x"),
        ({"result": "x", "least": "said", "format": ".2f"}, "−0.06", "x"),
        ({"result": "x", "path": "study.seed", "format": "d"}, "4", "x"),
        ({"plan": "frame.period_days", "format": "d"}, "28", "plan"),
        ({"target": "rate", "format": ".1f"}, "3.2", "cards"),
        ({"target": "guess", "assumption": True, "format": ".1f"}, "0.2", "cards"),
    ],
)
def test_a_number_is_read_written_and_led_back(folder, entry, text, leads_to):
    found = numbers.number(entry, sources(folder))
    assert (found.text, found.leads_to) == (text, leads_to)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"result": "y", "path": "a", "format": "d"}, "y is not in results.toml"),
        ({"result": "x", "where": {"homes": 80}, "column": "said", "format": ".2f"}, "2 rows have"),
        ({"result": "x", "where": {"homes": 20}, "column": "said", "format": ".2f"}, "0 rows have"),
        ({"result": "x", "where": {"home": 40}, "column": "said", "format": ".2f"}, "home"),
        ({"result": "x", "path": "study.sed", "format": "d"}, r"there is no study\.sed"),
        ({"plan": "frame.days", "format": "d"}, r"there is no frame\.days"),
        ({"target": "guess", "format": ".1f"}, "may not be cited as fact"),
    ],
)
def test_a_number_that_comes_from_nowhere_is_refused(folder, entry, told):
    with pytest.raises((KeyError, ValueError), match=told):
        numbers.number(entry, sources(folder))

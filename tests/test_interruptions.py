"""A seeded slice of the campaign of interruptions: ``simulations/interruptions.py`` with few kills of one command."""

from __future__ import annotations

import json
import signal
import sys

import pytest

from recipes import recipe


@pytest.fixture(scope="module")
def interruptions():
    return recipe("interruptions")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_import_that_is_killed_is_made_whole_by_the_next_start(interruptions, tmp_path):
    found = interruptions.campaign(["import"], 2, 20, tmp_path)
    assert list(found["signal"]) == ["SIGKILL", "SIGTERM"]
    assert list(found["faults"]) == ["", ""], found.to_dict(orient="records")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"code": -15, "signal": signal.SIGKILL.name}, "code"),
        ({"traceback": True}, "traceback"),
        ({"found": "MIXED"}, "mixed"),
        ({"hidden_found": 1}, "left by SIGTERM"),
        ({"again": 2}, "again"),
        ({"same": False}, "same"),
        ({"hidden_left": 1}, "left"),
    ],
)
def test_each_fault_is_seen(interruptions, change, fault):
    good = {"signal": signal.SIGTERM.name, "code": 143, "traceback": False, "found": "old", "hidden_found": 0}
    good |= {"again": 0, "same": True, "hidden_left": 0}
    assert interruptions.faults(good) == []
    assert interruptions.faults(good | change) == [fault]


def test_pages_of_one_command_beside_another_are_a_mixture(interruptions, tmp_path):
    place, report = tmp_path / "place" / "out", interruptions.COMMANDS["report"]
    old, new = {"report.html": "old", "figures/a.png": "1"}, {"report.html": "a page", "figures/a.png": "2"}
    assert interruptions.state(place, report, old, new) == "nothing"
    (place / "figures").mkdir(parents=True)
    (place / "report.html").write_bytes(interruptions.OLD)
    (place / "figures" / "a.png").write_bytes(b"new")
    held = interruptions.content(place)
    assert held["report.html"] == "old"
    assert interruptions.state(place, report, held, new) == "old"
    assert interruptions.state(place, report, old, new) == "MIXED"
    (place / ".missingmodels.0123456789ab.part").mkdir()
    (place / ".missingmodels.0123456789ab.part" / "journal.json").write_text("{}")
    assert interruptions.state(place, report, old, new) == "completed by a journal"


def test_numbers_count_as_those_of_a_whole_run_up_to_rounding(interruptions, tmp_path):
    for name, value, digest in (("whole", 0.5, "a"), ("near", 0.5 * (1 + 1e-5), "b"), ("far", 0.51, "a")):
        (tmp_path / name).mkdir()
        told = {
            "median": value,
            "files": {"evidence.json": f"sha256:{digest}"},
            "seconds": value,
        }
        (tmp_path / name / "evidence.json").write_text(json.dumps(told))
    whole, near, far = (tmp_path / name for name in ("whole", "near", "far"))
    assert interruptions.content(near) != interruptions.content(whole)
    assert interruptions.content(near, whole) == interruptions.content(whole)
    assert interruptions.content(far, whole) != interruptions.content(whole)

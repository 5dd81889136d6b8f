"""What `simulations/obstacles.py` calls a fault, and one command that meets every obstacle."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SIMULATIONS = Path(__file__).resolve().parents[1] / "simulations"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"codes": [1]}, "code"),
        ({"codes": [2, 2], "told": ["a", "b"]}, "both failed"),
        ({"told": ["Traceback (most recent call last)"]}, "traceback"),
        ({"told": [" "]}, "nothing said"),
        ({"found": "MIXED"}, "mixed"),
        ({"again": 2}, "again"),
        ({"same": False}, "same"),
        ({"left": [".out.part"]}, "left"),
    ],
)
def test_each_fault_is_seen(monkeypatch, change, fault):
    monkeypatch.syspath_prepend(str(SIMULATIONS))
    obstacles = importlib.import_module("obstacles")
    good = {"codes": [2], "told": ["Error: no room"], "found": "old", "again": 0, "same": True, "left": []}
    assert obstacles.faults(**good) == []
    assert obstacles.faults(**(good | change)) == [fault]


def namespaces():
    return shutil.which("unshare") and not subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode


@pytest.mark.slow
@pytest.mark.skipif(not namespaces(), reason="no right to make a mount namespace, which small and read-only disks need")
def test_an_export_meets_every_obstacle(tmp_path):
    words = [sys.executable, str(SIMULATIONS / "obstacles.py"), "--commands", "export", "--output", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    found = json.loads((tmp_path / "obstacles.json").read_text())
    assert (found["obstacles"], found["wrong"]) == (9, 0)

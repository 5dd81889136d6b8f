"""The studies behind the packaged tables: what a stop leaves is kept, and the shares are counted as said."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

SIMULATIONS = Path(__file__).resolve().parents[2] / "simulations"


def study(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SIMULATIONS))
    return importlib.import_module(name)


def test_a_torn_line_is_left_out_and_closed_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    appended = study("appended", monkeypatch)
    path = tmp_path / "work" / "worlds.jsonl"
    assert appended.read_worlds(path) == []
    appended.append(path, {"index": 0})
    with path.open("a") as file:
        file.write('{"index": 1, "li')
    assert appended.read_worlds(path) == [{"index": 0}]
    appended.append(path, {"index": 2})
    appended.append(path, {"index": 3})
    assert [w["index"] for w in appended.read_worlds(path)] == [0, 2, 3]


def test_a_share_has_an_error_even_at_its_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    share = study("appended", monkeypatch).share
    assert share([True] * 30 + [False] * 70) == pytest.approx((0.3, (32 / 104 * 72 / 104 / 104) ** 0.5))
    assert share([False] * 200)[0] == 0
    assert share([False] * 200)[1] > 0.005


def _line(check: str, says: bool | None, verdict: str, *, kind: str = "influence", estimate: float = 1.2) -> dict:
    return {"check": check, "line": "x", "kind": kind, "says": says, "verdict": verdict, "estimate": estimate}


def test_shares_are_of_the_worlds_that_could_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    battery = study("battery", monkeypatch)
    worlds = [
        {"world": "null", "homes": 40, "lines": [_line("a", says, verdict), _line("size", None, "w", kind="size")]}
        for says, verdict in ((True, "supported"), (None, "not converged"), (False, "no"), (None, "nothing to compare"))
    ]
    table = battery.summarise(worlds).set_index("check")
    assert list(table.index) == ["a", "together"]  # a size is no verdict
    row = table.loc["a"]
    assert (row["worlds"], row["said"], row["failed"]) == (3, 0.3333, 0.3333)
    assert row["log_ratio"] == pytest.approx(0.1823, abs=1e-4)


def test_the_frontier_asks_every_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    frontier = study("frontier", monkeypatch)
    cells = frontier.cells()
    assert len(cells) == len(set(cells)) == 5 * 3 + 4
    for cell in cells:
        scenario = frontier.scenario_of(cell, 40)
        assert scenario.contagion.log_rate_ratio == 0
        assert scenario.dials.shock_sd == cell[1]
        assert scenario.dials.homophily == cell[2]
        assert not cell[1] or scenario.dials.shock_days == cell[0]


@pytest.mark.sampled
def test_one_world_of_the_frontier_gives_a_row_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    frontier = study("frontier", monkeypatch)
    monkeypatch.setattr(frontier, "PERMUTATIONS", 19)
    cell = (14.0, 0.5, 0.0)
    table = frontier.summarise([frontier.one_world(cell, 0, 8), frontier.one_world(cell, 1, 8)])
    assert list(table["line"]) == [
        *("home effects only", "home × 91 days", "home × 28 days", "home × 14 days"),
        "turned within home and period",
    ]
    assert (table["worlds"] == 2).all()
    assert (table["posterior_sd"].dropna() > 0.05).all()

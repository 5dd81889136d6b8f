"""Packaged operating characteristics: the tracked tables themselves, and how they are quoted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from missingmodels.evidence import battery_operating as operating
from missingmodels.evidence.battery import CHECKS, DROPPED
from missingmodels.plan import Decision

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "simulations" / "results"
PACKAGED = ROOT / "src" / "missingmodels" / "evidence"


@pytest.mark.parametrize(("study", "packaged"), [("battery.csv", "operating.csv"), ("frontier.csv", "frontier.csv")])
def test_the_packaged_table_is_the_tracked_result(study: str, packaged: str) -> None:
    assert (PACKAGED / packaged).read_bytes() == (RESULTS / study).read_bytes()


def test_every_kind_of_world_is_read() -> None:
    """``null`` is the name of a world, not of an absent value."""
    assert set(operating.operating()["world"]) == set(operating.WORLDS)


def test_every_line_that_can_be_wrong_has_figures() -> None:
    held = operating.operating()
    for check in CHECKS:
        if check.name in (*operating.AS_PRIMARY, "common_cause"):
            continue
        assert check.name in set(held["check"]), check.name
    assert {"together", "headline"} <= set(held["check"])


TABLE = pd.DataFrame(
    [
        ("primary", "as the plan asks", world, homes, 200, share, 0.01)
        for homes, shares in ((40, (0.03, 0.04, 0.05, 0.2)), (160, (0.02, 0.03, 0.06, 0.7)))
        for world, share in zip(operating.WORLDS, shares, strict=True)
    ],
    columns=["check", "line", "world", "homes", "worlds", "said", "mc_error"],
)


@pytest.mark.parametrize(("homes", "nearest"), [(10, 40), (70, 40), (90, 160), (3000, 160)])
def test_figures_come_from_the_nearest_size(homes: int, nearest: int) -> None:
    found = operating.how_often_wrong("primary", "as the plan asks", homes, table=TABLE)
    assert found is not None
    assert found.homes == nearest
    assert found.said["small"] == (0.2 if nearest == 40 else 0.7)


def test_the_sentence_names_every_world() -> None:
    found = operating.how_often_wrong("primary", "as the plan asks", 40, table=TABLE)
    assert found is not None
    told = found.sentence("influence")
    for share in ("3%", "4%", "5%", "20%"):
        assert share in told
    assert "rings" in found.sentence("alarm")


def test_recounts_stand_under_the_plans_own_question_and_others_under_none() -> None:
    stand_in = operating.how_often_wrong("boundaries", "rule: drop", 40, table=TABLE)
    assert stand_in is not None
    assert "own question" in stand_in.sentence("influence")
    assert operating.how_often_wrong("lags", "1–3 days ago", 40, table=TABLE) is None


def test_too_few_worlds_tell_nothing() -> None:
    few = TABLE.assign(worlds=20)
    assert operating.how_often_wrong("primary", "as the plan asks", 40, table=few) is None
    assert operating.frontier_is_whole(TABLE)
    assert not operating.frontier_is_whole(few)
    assert not operating.frontier_is_whole(TABLE.iloc[:0])


def _shares(kind: str, **said: float) -> pd.DataFrame:
    rows = [("a", "x", kind, world, share, 0.02) for world, share in said.items()]
    return pd.DataFrame(rows, columns=["check", "line", "kind", "world", "said", "mc_error"])


def test_a_check_is_informative_where_it_tells_worlds_apart() -> None:
    quiet = {"null": 0.03, "homophily_only": 0.03, "shocks_only": 0.03, "small": 0.03}
    for kind, world in (("influence", "small"), ("alarm", "shocks_only"), ("alarm", "homophily_only")):
        assert not operating.informative("a", table=_shares(kind, **quiet))
        assert operating.informative("a", table=_shares(kind, **quiet | {world: 0.2}))
        assert not operating.informative("a", table=_shares(kind, **quiet | {world: 0.08}))  # within two errors
    both = {"shocks_only": 0.3, "small": 0.3}
    assert not operating.informative("a", table=_shares("influence", **quiet | both))  # says so in shocks as well
    assert not operating.informative("a", table=_shares("alarm", **quiet | both))
    assert operating.informative("b", table=_shares("alarm", **quiet))  # never measured


def test_what_told_nothing_is_dropped() -> None:
    if operating.operating()["worlds"].median() < 150:
        pytest.skip("the study is not whole, so its errors are too wide to drop a check by")
    assert {check.name for check in CHECKS if not operating.informative(check.name)} == set(DROPPED)


def test_false_confidence_expected_of_an_effect() -> None:
    rule = Decision()
    assert operating.expected_false_confidence(0.0, 0.1, rule) == pytest.approx(0.025)
    assert operating.expected_false_confidence(0.196, 0.1, rule) == pytest.approx(0.5, abs=1e-3)
    assert operating.expected_false_confidence(0.2, 0.05, rule) > operating.expected_false_confidence(0.2, 0.1, rule)


def test_the_frontier_is_carried_to_the_precision_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        (40, days, size, 0.0, line, 200, 0.1, 0.02, effect)
        for days, size, effect in ((7, 0.5, 0.15), (28, 0.5, 0.02), (91, 0.5, 0.0))
        for line in ("home effects only", "home × 28 days")
    ]
    names = ["homes", "shock_days", "shock_sd", "homophily", "line", "worlds", "said", "mc_error", "log_ratio"]
    monkeypatch.setattr(operating, "frontier", lambda: pd.DataFrame(rows, columns=names))
    precise, vague = ((np.exp(-1.6449 * sd), np.exp(1.6449 * sd)) for sd in (0.05, 0.5))
    found = operating.frontier_for(*precise, 28, Decision())
    assert found["sd"].iloc[0] == pytest.approx(0.05, rel=1e-3)
    assert set(found["line"]) == {"home × 28 days"}
    told = operating.frontier_sentence(*precise, 28, Decision())
    assert "7 days" in told
    assert "91 days" not in told
    assert "no shock of the map" in operating.frontier_sentence(*vague, 28, Decision())
    assert "no estimate" in operating.frontier_sentence(None, None, 28, Decision())

"""The frontier carried to the precision of the data at hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from missingmodels.evidence.robustness import frontier
from missingmodels.evidence.robustness.operating import Measured, of_size
from missingmodels.plan import Plan
from worlds import plan_of

UNDER = Measured(plan=Plan(), model="M1", headline="M1")
COLUMNS = ["homes", "shock_days", "shock_sd", "homophily", "line", "worlds", "said", "mc_error", "posterior_sd"]


def table_of(*rows: tuple[int, int, float, float]) -> pd.DataFrame:
    """Rows of homes, shock days, share and posterior sd, for two models; shocks of sd 0.5, 198 worlds."""
    made = [
        (homes, days, 0.5, 0.0, line, 198, share, 0.02, sd)
        for homes, days, share, sd in rows
        for line in ("home effects only", "home × 28 days")
    ]
    return pd.DataFrame(made, columns=COLUMNS)


def ends(sd: float) -> tuple[float, float]:
    """Of a 95 % interval of the rate ratio with this sd of its log."""
    return float(np.exp(-1.96 * sd)), float(np.exp(1.96 * sd))


def expected(monkeypatch: pytest.MonkeyPatch, table: pd.DataFrame, sd: float) -> dict[int, float]:
    monkeypatch.setattr(frontier, "frontier", lambda: table)
    found = frontier.frontier_for(*ends(sd), Plan(), under=UNDER)
    assert set(found["line"]) == {"home × 28 days"}
    assert found["sd"].iloc[0] == pytest.approx(sd, rel=1e-3)
    return dict(zip(found["shock_days"], found["expected"], strict=True))


def test_false_confidence_expected_of_an_effect() -> None:
    rule = Plan().decision
    assert frontier.expected_false_confidence(0.0, 0.1, rule) == pytest.approx(0.025)
    assert frontier.expected_false_confidence(0.196, 0.1, rule) == pytest.approx(0.5, abs=1e-3)


def test_at_the_maps_own_precision_it_is_the_share_that_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of((40, 7, 0.3, 0.2), (40, 28, 0.08, 0.2), (40, 91, 0.02, 0.2))
    told = expected(monkeypatch, table, 0.2)
    assert [told[days] for days in (7, 28, 91)] == pytest.approx([0.302, 0.0842, 0.0248], abs=1e-4)


def test_more_precise_data_call_the_same_shock_influence_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A share of 0.0842 at sd 0.2 implies 0.2 (1.96 − 1.3773) = 0.1165, which is 1.165 sds of 0.1: 0.213."""
    table = table_of((40, 28, 0.08, 0.2))
    assert expected(monkeypatch, table, 0.1)[28] == pytest.approx(0.213, abs=0.002)
    assert expected(monkeypatch, table, 0.4)[28] < 0.0842


def test_between_two_sizes_the_effect_is_between_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of((40, 28, 0.08, 0.2), (160, 28, 0.5, 0.1))
    assert expected(monkeypatch, table, 0.1)[28] == pytest.approx(0.5, abs=1e-3)
    assert expected(monkeypatch, table, 0.05)[28] == pytest.approx(0.9750, abs=1e-3)  # 0.196 / 0.05 − 1.96 = 1.96
    middle = (0.1165 + 0.196) / 2 / 0.15 - 1.96
    assert expected(monkeypatch, table, 0.15)[28] == pytest.approx(float(frontier.norm.cdf(middle)), abs=1e-3)


def test_the_sentence_names_what_lies_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of((40, 7, 0.15, 0.2), (40, 28, 0.04, 0.2), (40, 91, 0.01, 0.2))
    monkeypatch.setattr(frontier, "frontier", lambda: table)
    precise, vague = ends(0.1), ends(0.8)
    told = frontier.frontier_sentence(*precise, Plan(), "M1", under=UNDER)
    assert "7 days" in told
    assert "91 days" not in told
    assert "no shock of the map" in frontier.frontier_sentence(*vague, Plan(), "M1", under=UNDER)
    assert "no estimate" in frontier.frontier_sentence(None, None, Plan(), "M1", under=UNDER)
    without = plan_of(effects={"home_process": "none"})
    assert set(frontier.frontier_for(*precise, without)["line"]) == {"home effects only"}
    assert "“home effects only”" in frontier.frontier_sentence(*precise, without, "M1", under=UNDER)
    wide = plan_of(exposure={"window_days": 14})
    assert "not measured for such a plan (window" in frontier.frontier_sentence(*precise, wide, "M1", under=UNDER)


def test_the_map_shown_is_that_of_the_nearest_size_and_whole() -> None:
    table = table_of((40, 7, 0.15, 0.2), (160, 7, 0.3, 0.1))
    assert set(of_size(table, 25)["homes"]) == {40}
    assert set(of_size(table, 100)["homes"]) == {160}
    assert frontier.frontier_is_whole(table)
    assert not frontier.frontier_is_whole(table.assign(worlds=20))
    assert not frontier.frontier_is_whole(table.iloc[:0])

"""H1 with unseen peers: which row answers, what stands beside it, and how completed fits are mixed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from missingmodels.evidence import unseen
from missingmodels.evidence.decisions import CANNOT_SAY, SUPPORTED
from missingmodels.evidence.unseen_rows import between
from missingmodels.pipeline import answer
from missingmodels.report.html import write_report
from worlds import plan_of, small_world

PLAN = {
    "models": ["M0", "M1"],
    "exposure": {"beside": []},
    "sampling": {"method": "laplace", "draws": 100},
    "gate": {"ess_min": 20, "k_hat_max": 1.0, "tail_share_max": 1.0},
}


@pytest.fixture(scope="module")
def world():
    return small_world(5, n_homes=25, days=240, recording={"unseen_children_share": 0.4})


@pytest.fixture(scope="module")
def answers(world):
    return {
        rule: answer(world.tables, plan_of(**PLAN, frame={"coverage_rule": rule}), seed=1, allow_unconverged=True)
        for rule in ("keep", "bound", "model")
    }


def rows_of(found):
    return [row for row in found.evidence.rows if row.hypothesis == "H1" and row.estimand == "rate_ratio"]


def test_the_plans_rule_decides_which_row_answers(answers, tmp_path):
    kept, bound, model = (rows_of(answers[rule]) for rule in ("keep", "bound", "model"))
    assert [row.role for row in kept] == ["primary"]
    for rows, words in ((bound, "unseen peers never to always recent: "), (model, "unseen peers modelled: ")):
        assert rows[0].role == "primary"
        assert rows[0].label == words + kept[0].label
        assert rows[1].role == "beside"
        assert rows[1].label == "as recorded: " + kept[0].label
        assert rows[1].median == kept[0].median, "the estimate as recorded is the same under every rule"
        assert {row.role for row in rows[2:]} == {"assumption"}
    assert "unseen peers modelled" in write_report(answers["model"].evidence, tmp_path / "r.html").read_text()
    assert any("75% of all places" in note for note in answers["model"].evidence.notes)
    low = next(row for row in bound if row.label.startswith("all never"))
    assert bound[0].interval_low <= low.interval_low
    assert bound[0].interval_high >= low.interval_high


def test_nothing_is_done_where_all_residents_are_seen(world):
    plan = plan_of(**PLAN, frame={"coverage_rule": "model"})
    found = answer(world.happened, plan, seed=1, allow_unconverged=True)
    assert [row.role for row in rows_of(found)] == ["primary"]
    assert any("unseen peers" in note for note in found.evidence.notes)


def test_an_imputed_history_is_drawn_given_what_the_visible_did(world):
    """Where a recent peer makes onsets certain to follow, kept histories agree with onsets more than free ones do."""
    plan = plan_of(**PLAN)
    risk = unseen.build_risk_set(world.tables, plan.frame)
    setting = unseen.setting_of(world.tables, risk, plan, model="M1", seed=1)
    low, _ = unseen.bounds(setting)
    theta = low.parameters[:1]
    theta = replace(theta, coefficients={**theta.coefficients, "peer_presence": np.array([2.0])})
    days = unseen._days(setting)
    onset = days.design.onsets > 0

    def agreement(candidates: int) -> float:
        shares = []
        for seed in range(10):
            made = unseen._imputed(setting, days, theta, candidates, np.random.default_rng(seed))
            recent = made.recent[days.design.home, days.day] > 0
            shares.append(recent[onset].mean() / recent[~onset].mean())
        return float(np.mean(shares))

    assert agreement(candidates=40) > 1.3 * agreement(candidates=1)


def test_mixing_follows_rubins_rules(monkeypatch):
    rng = np.random.default_rng(1)
    log = [rng.normal(mean, 0.1, 20_000) for mean in (0.1, 0.3, 0.2, 0.6)]
    monkeypatch.setattr(unseen, "rate_ratio", lambda parameters, contrast: np.exp(parameters))
    mixed = np.log(unseen.mixed_ratio([SimpleNamespace(parameters=draws) for draws in log], "peer_presence"))
    between_fits = np.var([0.1, 0.3, 0.2, 0.6], ddof=1)
    assert mixed.mean() == pytest.approx(0.3, abs=0.002)
    assert mixed.var() == pytest.approx(0.1**2 + (1 + 1 / 4) * between_fits, rel=0.02)


def test_bounds_agree_or_cannot_say(answers):
    rows = rows_of(answers["bound"])
    low = next(row for row in rows if row.label.startswith("all never"))
    high = replace(low, label=low.label.replace("never", "always"), interval_high=9.0)
    both = [replace(low, verdict=SUPPORTED), replace(high, verdict=SUPPORTED)]
    assert between(both, True)[0].verdict == SUPPORTED
    assert between([both[0], replace(high, verdict=CANNOT_SAY)], True)[0].verdict == CANNOT_SAY
    assert between(both[:1], False)[0].verdict == CANNOT_SAY
    assert between(both, True)[0].interval_high == 9.0

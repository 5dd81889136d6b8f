"""H1 with unseen peers: which row answers, what stands beside it, and how completed fits are mixed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from missingmodels.errors import DiagnosticsFailed
from missingmodels.evidence.decisions import CANNOT_SAY, NEGLIGIBLE, SUPPORTED
from missingmodels.evidence.unseen import assumptions as unseen
from missingmodels.evidence.unseen import rows as unseen_rows
from missingmodels.evidence.unseen.rows import between
from missingmodels.frame.unseen import with_places
from missingmodels.report.html import write_report
from missingmodels.report.lines import lines
from missingmodels.runs.answer import answer
from worlds import plan_of, remade, small_world

PLAN = {
    "models": ["M0", "M1"],
    "exposure": {"beside": []},
    "sampling": {"method": "laplace", "draws": 100},
    "gate": {"ess_min": 20, "k_hat_max": 1.0, "tail_share_max": 1.0},
}


pytestmark = [pytest.mark.sampled, pytest.mark.usefixtures("few_refits")]


@pytest.fixture(scope="module")
def world():
    return small_world(5, n_homes=25, days=240, recording={"unseen_children_share": 0.4})


@pytest.fixture(scope="module")
def told():
    """What progress was told, by rule: stage, done and total."""
    return {rule: [] for rule in ("keep", "bound", "model")}


@pytest.fixture(scope="module")
def answers(world, told, few_refits):
    def under(rule):
        plan = plan_of(**PLAN, frame={"coverage_rule": rule})
        progress = lambda *said: told[rule].append(said)  # noqa: E731
        return answer(world.tables, plan, seed=1, allow_unconverged=True, progress=progress)

    return {rule: under(rule) for rule in told}


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
    assert "modelled, every place filled" in {row.label.split(":")[0] for row in model[2:]}
    assert any("no bounds" in note for note in answers["bound"].evidence.notes)
    low = next(row for row in bound if row.label.startswith("all never"))
    assert bound[0].interval_low <= low.interval_low
    assert bound[0].interval_high >= low.interval_high


def test_every_fit_with_unseen_peers_is_told_with_a_measure(answers, told):
    steps = {rule: [said[1:] for said in told[rule] if said[0] == "Unseen peers"] for rule in answers}
    assert steps["keep"] == []
    for rule, most in (("bound", 3), ("model", 3 + 2 * unseen.CHAINS * unseen.ROUNDS)):
        assert [done for done, _ in steps[rule]] == sorted(done for done, _ in steps[rule])
        assert {done for done, _ in steps[rule]} == set(range(most + 1))
        assert {total for _, total in steps[rule]} == {most}
    factors = [said[1:] for said in told["keep"] if said[0].startswith("Bayes factors")]
    assert factors[0][0] == 0
    assert factors[-1][0] == factors[-1][1] > 0


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
    low = unseen.never_recent(setting)
    days = unseen._days(setting)
    onset = days.design.onsets > 0

    def agreement(candidates: int) -> float:
        shares = []
        for seed in range(20):
            theta = low.parameters[seed : seed + 1]
            theta = replace(theta, coefficients={**theta.coefficients, "peer_presence": np.array([2.0])})
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


@pytest.fixture
def extremes(answers):
    rows = rows_of(answers["bound"])
    low = next(row for row in rows if row.label.startswith("all never"))
    return low, replace(low, label=low.label.replace("never", "always"), interval_high=9.0)


def test_two_extremes_support_an_effect_together_or_cannot_say(extremes):
    low, high = extremes
    both = [replace(low, verdict=SUPPORTED), replace(high, verdict=SUPPORTED)]
    assert between(both)[0].verdict == SUPPORTED
    assert between([both[0], replace(high, verdict=CANNOT_SAY)])[0].verdict == CANNOT_SAY
    assert between(both[:1])[0].verdict == CANNOT_SAY
    assert between(both)[0].interval_high == 9.0
    assert between(both[1:])[0] is None, "without the lower there is nothing to say"


def test_two_extremes_never_call_an_effect_negligible(extremes):
    """Both are drawn towards 1 by peers misplaced, so that they agree on no effect tells nothing."""
    both = [replace(row, verdict=NEGLIGIBLE) for row in extremes]
    assert between(both)[0].verdict == CANNOT_SAY


def test_an_answer_on_fits_that_failed_the_gate_says_nothing_and_is_marked(world, monkeypatch):
    monkeypatch.setattr(unseen_rows, "modelled", partial(unseen.modelled, chains=2, rounds=1, candidates=2))
    strict = PLAN | {"gate": {"ess_min": 20, "k_hat_max": 0.01, "tail_share_max": 1.0}}
    for rule in ("bound", "model"):
        found = answer(
            world.tables, plan_of(**strict, frame={"coverage_rule": rule}), seed=1, allow_unconverged=True
        ).evidence
        shown = [line for line in lines(found) if line.row.hypothesis == "H1" and line.row.estimand == "rate_ratio"]
        assert shown[0].row.role == "primary"
        assert shown[0].row.verdict == CANNOT_SAY
        assert shown[0].row.remark.startswith("not converged")
        assert not any(line.converged for line in shown)
        labels = [c["unseen_peers"] for c in found.certificates if "unseen_peers" in c]
        assert "never recent" in labels
        assert any(label.startswith("modelled at 75%") for label in labels) == (rule == "model")
        assert all("unseen_peers" not in c for c in found.failed), "a banner speaks of the plan's own fits"
        assert len(found.failed) == 2


def test_where_the_fast_engine_finds_no_answer_the_run_is_kept_and_says_so(world, monkeypatch):
    def fails(setting):
        raise DiagnosticsFailed("no usable mode")

    monkeypatch.setattr(unseen_rows, "never_recent", fails)
    for rule in ("bound", "model"):
        plan = plan_of(**PLAN, frame={"coverage_rule": rule})
        found = answer(world.tables, plan, seed=1, allow_unconverged=True)
        first = rows_of(found)[0]
        assert (first.role, first.verdict) == ("primary", CANNOT_SAY)
        assert first.label.startswith("as recorded")
        assert any("no usable mode" in note for note in found.evidence.notes)


def test_the_unseen_have_the_law_of_frailty_of_the_plan(world):
    """A log-normal law has no gamma shape; the unseen go missing about as often as under the other law."""
    shares = {}
    for law in ("gamma", "log_normal", "low_risk"):
        plan = plan_of(**PLAN, effects={"frailty": law}, frame={"coverage_rule": "model"})
        risk = unseen.build_risk_set(world.tables, plan.frame)
        setting = unseen.setting_of(world.tables, risk, plan, model="M1", seed=1)
        try:
            start = unseen.never_recent(setting)
        except DiagnosticsFailed:
            assert law == "low_risk"  # of two modes the fast engine refuses one
            continue
        days, recent, residents = unseen._days(setting), 0.0, 0.0
        for i in range(0, start.parameters.draws, start.parameters.draws // 6):  # one draw may lie anywhere
            made = unseen._imputed(setting, days, start.parameters[i : i + 1], 10, np.random.default_rng(i))
            recent, residents = recent + made.recent[:, 40:].sum(), residents + made.residents[:, 40:].sum()
        shares[law] = recent / residents
    assert 0.3 < shares["log_normal"] / shares["gamma"] < 3


def test_occupancy_is_the_plans_or_else_that_of_england(world):
    for given, held in ((None, 0.75), (0.9, 0.9)):
        plan = plan_of(**PLAN, frame={"coverage_rule": "model", "occupancy": given})
        risk = unseen.build_risk_set(world.tables, plan.frame)
        assert unseen.setting_of(world.tables, risk, plan, model="M1", seed=1).occupancy == held


def test_days_without_recorded_places_are_left_out_of_the_answer_and_named(world):
    homes = world.tables["homes"].copy()
    homes["places"] = homes["places"].where(homes["home_id"] != world.tables["placements"]["home_id"].dropna().iloc[0])
    tables = remade(world.tables, {"homes": homes})
    plan = plan_of(**PLAN, frame={"coverage_rule": "bound"})
    found = answer(tables, plan, seed=1, allow_unconverged=True)
    share = with_places(unseen.build_risk_set(tables, plan.frame))[1]
    note = f"{share:.1%} of days at risk are in homes whose places are not recorded, and are left out"
    assert f"unseen peers: {note}" in found.evidence.notes
    nowhere = remade(world.tables, {"homes": homes.assign(places=np.nan)})
    kept = answer(nowhere, plan, seed=1, allow_unconverged=True)
    assert any("no home's registered places are recorded" in note for note in kept.evidence.notes)
    assert [row.role for row in rows_of(kept)] == ["primary"]

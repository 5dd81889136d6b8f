"""Own history against stable vulnerability: the rule, and one world of each kind."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from missingmodels.config import from_mapping
from missingmodels.evidence.own_history import (
    BOTH,
    CANNOT_TELL,
    HISTORY,
    NOT_COMPARED,
    VULNERABILITY,
    Asked,
    _contraction,
    own_histories,
    verdict,
)
from missingmodels.evidence.parts import OwnHistory
from missingmodels.evidence.schema import HISTORY_VERDICTS
from missingmodels.evidence.scores.comparison import comparisons, scores_of
from missingmodels.evidence.scores.elpd import child_scores
from missingmodels.fitting.fit import fit
from missingmodels.plan import Decision, Plan
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from worlds import plan_of


@pytest.mark.parametrize(
    ("probability", "gain", "said"),
    [
        (0.99, (20.0, 5.0), BOTH),
        (0.99, (9.0, 5.0), HISTORY),
        (0.97, (20.0, 5.0), VULNERABILITY),
        (0.97, (-3.0, 5.0), CANNOT_TELL),
        (0.99, None, NOT_COMPARED),
    ],
)
def test_the_rule(probability: float, gain: tuple[float, float] | None, said: str) -> None:
    found = verdict(probability, gain, Decision())
    assert found == said
    assert found in HISTORY_VERDICTS, "evidence that says so must be read again"


PLAN = plan_of(models=("M0", "M1"), exposure={"beside": ()}, sampling={"method": "laplace", "draws": 500})


def in_a_world(seed: int, **onset: float) -> OwnHistory:
    scenario = from_mapping({"homes": {"count": 40}, "onset": {"rate_per_year": 4.0} | onset}, Scenario)
    tables = simulate_world(scenario, seed=seed).tables
    prepared = prepare(tables, PLAN, fits=[("M1", "peer_presence")])
    whole = fit(prepared.designs["M1", "peer_presence"], PLAN, model="M1", exposure="peer_presence", seed=seed)
    found = own_histories(Asked.of(whole), whole.design, prepared.risk, PLAN).alone(whole)
    assert found is not None
    entered = tables["placements"].groupby("child_id")["start_date"].min().loc[list(prepared.risk.child_ids)]
    assert 0 < found.new_arrivals == (entered > tables.observed_from).sum() < len(entered)
    assert all(-1 < c < 0.2 for c in found.correlation)  # more of one leaves less for the other
    assert all(0 < c < 1 for c in found.contraction)
    return found


@pytest.mark.sampled
def test_children_who_differ_and_nothing_else() -> None:
    found = in_a_world(2, frailty_shape=0.5, own_1_7=0.0, own_8_28=0.0)
    assert found.verdict == VULNERABILITY
    assert found.without_history is not None
    assert found.without_history[0] < 4
    assert found.mended == found.k_hat_bad > 0, "scores that weights cannot give are from fits without the child"
    assert found.k_hat_max > 0.7


@pytest.mark.sampled
def test_episodes_that_bring_episodes_and_nothing_else() -> None:
    found = in_a_world(3, frailty_shape=50.0, own_1_7=1.2, own_8_28=0.6)
    assert found.verdict == HISTORY
    assert found.ratio > 2


def test_without_own_history_there_is_nothing_to_tell() -> None:
    plan = from_mapping(PLAN.model_dump(mode="json") | {"terms": {"history": "arrival_band"}}, Plan)
    prepared = prepare(simulate_world(from_mapping({"homes": {"count": 12}}, Scenario), seed=1).tables, plan)
    whole = fit(prepared.designs["M0", ""], plan, model="M0", seed=1, allow_unconverged=True)
    assert own_histories(Asked.of(whole), whole.design, prepared.risk, plan).alone(whole) is None


def test_scores_of_the_models_own_fit_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both, in the model's own fit, is that fit: nothing is fitted again, and its scores serve the comparisons too."""
    plan = PLAN.changed({"gate.ess_min": 50, "gate.k_hat_max": 1.0})
    prepared = prepare(simulate_world(from_mapping({"homes": {"count": 12}}, Scenario), seed=1).tables, plan)
    fits = [
        fit(prepared.designs[name, exposure], plan, model=name, exposure=exposure, seed=1)
        for name, exposure in (("M0", ""), ("M1", "peer_presence"))
    ]
    own = own_histories(Asked.of(fits[1]), fits[1].design, prepared.risk, plan, refits=0)
    told: list[tuple[int, int]] = []
    there = own.scores(fits[1], lambda *how_far: told.append(how_far))[0]
    assert there is not None
    # each fit and each of three scores is a step, so that a time left can be told, and the last is the end
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))
    assert there.elpd == pytest.approx(child_scores(fits[1]).elpd)
    told.clear()
    scores_of(fits, plan, [], lambda *how_far: told.append(how_far))
    assert told[:2] == [(1, told[0][1]), (2, told[0][1])]
    assert told[-1][0] == told[-1][1]
    moved = dataclasses.replace(there, elpd=there.elpd + 1.0)
    plain, shared = (comparisons(fits, plan, scores_of(fits, plan, held))[0] for held in ((), [moved]))
    assert shared.difference == pytest.approx(plain.difference + there.elpd.size)
    by_sampler = dataclasses.replace(fits[1], sample_stats={})
    anew = own.scores(by_sampler)[0]
    assert there.fit is fits[1]
    assert anew is not None
    assert "log_weight" in anew.fit.sample_stats, "made anew, by the engine of those that it is compared with"


def test_contraction_is_told_in_the_samplers_units() -> None:
    """Prior sd 1 of the sampler's column, which is raw over 2: a posterior sd of 0.05 per raw unit is 0.1 there."""
    design = SimpleNamespace(names=("own_count",), scale=np.array([2.0]))
    draws = 0.05 * np.tile([-1.0, 1.0], 50)
    fit = SimpleNamespace(design=design, parameters=SimpleNamespace(coefficient=lambda name: draws))
    assert _contraction(fit, PLAN, ("own_count",)) == (pytest.approx(0.99),)

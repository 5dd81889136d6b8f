"""A twin: made of what the gate lets out alone, like its data in what matters, and a return like any other."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from missingmodels.disclosure.margins import gated_mean, gated_number, gated_share, gated_shares
from missingmodels.disclosure.policy import load_policy
from missingmodels.disclosure.record import Judged
from missingmodels.disclosure.support import Behind
from missingmodels.errors import CannotAnswer
from missingmodels.evidence.support import support_of
from missingmodels.export.one_return import authorities, make_return, write_return
from missingmodels.extract.returns.ssda903 import read_ssda903
from missingmodels.fitting.fit import fit
from missingmodels.presets import load_scenario
from missingmodels.runs.answer import prepare
from missingmodels.simulate.world import simulate_world
from missingmodels.studies.twin import SCENARIO, twin_scenario, twin_tables, write_twin
from missingmodels.tables import check_tables, is_simulated, read_tables
from worlds import plan_of, small_world

GENERIC = load_policy("generic")
PLAN = plan_of(
    models=("M0", "M1"),
    exposure={"beside": ()},
    sampling={"method": "laplace", "draws": 100, "chains": 2},
    gate={"ess_min": 20, "k_hat_max": 1.0},
)


def test_margins_are_rounded_and_blocked_as_counts_are():
    judged = Judged(GENERIC)
    assert gated_number("homes", 42, judged) == 40
    assert gated_number("homes", 9, judged) is None
    assert gated_share("boys", 33, 97, judged) == 0.37, "35 of 95"
    assert gated_share("boys", 9, 97, judged) is None
    assert gated_share("boys", 90, 97, judged) is None, "seven are not"
    assert gated_mean("age", 14.347, 10, judged) == 14.0
    assert gated_mean("age", 14.347, 9, judged) is None
    assert [one.action for one in judged.outputs].count("blocked") == 4
    unrounded = Judged(load_policy("none"))
    assert gated_share("boys", 9, 97, unrounded) == 0.093
    assert gated_number("homes", 9, unrounded) == 9


def test_a_blocked_cell_is_as_usual_and_takes_another_with_it():
    """Of 100: 60, 30, 7, 3. The last two come to ten together; they share what is left by three to one."""
    judged = Judged(GENERIC)
    assert gated_shares("homes by places", [60, 30, 7, 3], [0.2, 0.2, 0.3, 0.1], judged) == [0.6, 0.3, 0.075, 0.025]
    assert gated_shares("homes by places", [60, 36, 4], [0.5, 0.3, 0.2], judged) == [0.6, 0.24, 0.16], "36 goes with 4"
    law = np.array([0.583, 0.417])
    assert gated_shares("stays", [52, 41], [0.5, 0.5], judged, shares=law) == pytest.approx(
        [55 / 95, 40 / 95], abs=1e-4
    )
    assert gated_shares("few", [3, 2], [0.7, 0.3], judged) == [0.7, 0.3]
    assert gated_shares("fewer than are rounded to anybody", [1, 1], [0.7, 0.3], judged) == [0.7, 0.3]
    assert gated_shares("nobody", [0, 0], [0.7, 0.3], judged, shares=np.array([0.5, 0.5])) == [0.7, 0.3]
    assert gated_shares("open", [3, 1], [0.7, 0.3], Judged(load_policy("none"))) == [0.75, 0.25]


@pytest.fixture(scope="module")
def private():
    """A sector that is treated as a return, its fit, and what stands behind it."""
    made = small_world(1, n_homes=30, days=393, start_date="2024-04-01", contagion={"log_rate_ratio": 0.4}).tables
    children = made["children"].assign(need_score=np.nan, prior_missing=pd.NA)
    placements = made["placements"].assign(distance_miles=np.nan)
    kept = {name: frame for name, frame in made.frames.items() if not name.startswith(("staff", "ties", "interviews"))}
    tables = replace(made, origin={"kind": "ssda903", "authority": "301"}, frames=kept)
    tables = tables.changed({"children": children, "placements": placements})
    prepared = prepare(tables, PLAN, fits=[("M1", "peer_presence")])
    found = fit(prepared.designs["M1", "peer_presence"], PLAN, model="M1", exposure="peer_presence", seed=1)
    evidence = SimpleNamespace(data={}, support=support_of([found]))
    return SimpleNamespace(tables=tables, risk=prepared.risk, fit=found, behind=Behind(evidence, GENERIC))


@pytest.fixture(scope="module")
def written(private, tmp_path_factory):
    judged = Judged(GENERIC)
    scenario = twin_scenario(private.fit, private.tables, private.risk, PLAN, private.behind, judged)
    made = twin_tables(scenario, 7, like=private.tables, policy=GENERIC)
    folder = tmp_path_factory.mktemp("twin") / "tables"
    write_twin(made, scenario, judged, folder, origin="ssda903", overwrite=False)
    return SimpleNamespace(scenario=scenario, tables=made, folder=folder, judged=judged)


@pytest.mark.sampled
def test_a_twin_is_like_its_data(private, written):
    draws = private.fit.parameters.coefficient("peer_presence")
    assert written.scenario.contagion.log_rate_ratio == pytest.approx(draws.mean(), rel=6e-3)
    assert written.scenario.homes.count == 30
    assert written.scenario.start_date == private.tables.observed_from.date()
    mine, theirs = (len(one["missing_episodes"]) for one in (written.tables, private.tables))
    assert mine == pytest.approx(theirs, rel=0.6)
    for table, column in (("children", "need_score"), ("children", "prior_missing"), ("placements", "distance_miles")):
        assert written.tables[table][column].isna().all(), "the extract does not record it"
    assert set(written.tables.frames) == set(private.tables.frames)
    assert written.tables.all_residents == private.tables.all_residents


def numbers_in(text: str) -> set[str]:
    """Whole numbers that stand alone: digests, times and decimals hold any three digits by chance."""
    return set(re.findall(r"(?<![\w.:+-])\d+(?![\w.:+-])", text))


@pytest.mark.sampled
def test_a_twin_says_what_it_is_and_nothing_of_where_it_came_from(private, written):
    found = read_tables(written.folder)
    assert is_simulated(found.origin)
    assert found.origin["of_what"].startswith("a twin")
    held = {p.name: p.read_bytes() for p in written.folder.iterdir()}
    assert {SCENARIO, "disclosure.csv", "disclosure.json", "manifest.json"} <= set(held)
    assert json.loads(held["disclosure.json"])["data"] == "ssda903"
    for name in (SCENARIO, "disclosure.csv", "disclosure.json", "manifest.json"):
        assert "301" not in numbers_in(held[name].decode()), name
    assert {f"effect {name}" for name in ("contagion.log_rate_ratio", "onset.rate_per_year")} <= {
        one.output for one in written.judged.outputs if one.action == "rounded"
    }


@pytest.mark.sampled
def test_a_twin_is_made_of_its_scenario_alone(private, written):
    """The file beside it, and the seed, give the same rows again: nothing else of the data went in."""
    again = simulate_world(load_scenario(str(written.folder / SCENARIO)), seed=7, log_exposures=False).tables
    pd.testing.assert_frame_equal(again["missing_episodes"], written.tables["missing_episodes"])
    pd.testing.assert_frame_equal(again["children"][["child_id", "birth_date", "sex"]],
                                  written.tables["children"][["child_id", "birth_date", "sex"]])  # fmt: skip


@pytest.mark.sampled
def test_one_child_that_is_recorded_otherwise_leaves_no_mark_in_a_twin(private, written):
    """Its birth alone is known to the month, it alone has an interview, or it is said to be sixty years old."""
    tables = private.tables
    children, precision = tables["children"].copy(), "birth_date_precision"
    children.loc[0, precision] = "month"
    interview = small_world(1, n_homes=4, days=100).tables["interviews"].iloc[:1]
    odd = tables.changed({"children": children}).changed({"interviews": interview})
    made = twin_tables(written.scenario, 7, like=odd, policy=GENERIC)
    assert set(made.frames) == set(written.tables.frames)
    pd.testing.assert_frame_equal(made["children"], written.tables["children"])
    many = tables.changed({"children": children.assign(**{precision: "month"})})
    assert (twin_tables(written.scenario, 7, like=many, policy=GENERIC)["children"][precision] == "month").all()
    came = tables["placements"].loc[tables["placements"]["start_date"] > tables.observed_from, "child_id"].iloc[0]
    old = tables["children"].copy()
    old.loc[old["child_id"] == came, "birth_date"] = pd.Timestamp("1964-05-01")
    asked = private.fit, tables.changed({"children": old}), private.risk, PLAN, private.behind, Judged(GENERIC)
    assert twin_scenario(*asked).children.age_at_entry_mean_years == written.scenario.children.age_at_entry_mean_years


@pytest.mark.sampled
def test_a_twin_passes_the_return_rules(written, tmp_path):
    (authority,) = authorities(written.tables)
    made = make_return(written.tables, authority=authority, year=2025)
    back = read_ssda903(write_return(made, tmp_path), authority=authority, year=2025).tables
    assert [one for one in check_tables(back) if one.severity == "error"] == []
    assert len(back["missing_episodes"]) > 100


@pytest.mark.sampled
def test_what_is_blocked_is_not_planted(private):
    few = [{**one, "children": 3} if one["column"] == "male" else one for one in support_of([private.fit])]
    judged = Judged(GENERIC)
    behind = Behind(SimpleNamespace(data={}, support=few), GENERIC)
    scenario = twin_scenario(private.fit, private.tables, private.risk, PLAN, behind, judged)
    assert scenario.onset.male == 0
    assert "effect male" in {one.output for one in judged.blocked}
    none = [{**one, "children": 3} for one in few]
    with pytest.raises(CannotAnswer, match="blocks peer_presence"):
        twin_scenario(
            private.fit, private.tables, private.risk, PLAN,
            Behind(SimpleNamespace(data={}, support=none), GENERIC), Judged(GENERIC),
        )  # fmt: skip


@pytest.mark.parametrize("failing", [0, 3], ids=["all fitted", "most not"])
def test_a_rehearsal_adds_what_its_fits_fall_short_by_hand(monkeypatch, failing):
    """Rates of 1.6 where 2 was told: 2.5. An effect of 0.2 where 0.3 was told: 0.4; one that is blocked stays 0."""
    from missingmodels.scenario import Scenario
    from missingmodels.studies import twin

    told = Scenario(onset={"rate_per_year": 2.0, "own_1_7": 0.3, "male": 0.0}, contagion={"log_rate_ratio": 0.0})
    again = {"onset.rate_per_year": 1.6, "onset.own_1_7": 0.2, "onset.male": 0.1, "contagion.log_rate_ratio": -0.1}
    seen = []

    def fitted(*_, seed, **__):
        seen.append(seed)
        if len(seen) <= failing:
            raise CannotAnswer("nothing", remedy="none")

    monkeypatch.setattr(twin, "twin_tables", lambda *_, **__: None)
    monkeypatch.setattr(twin, "prepare", lambda *_, **__: SimpleNamespace(designs={("M1", "peer_presence"): None}))
    monkeypatch.setattr(twin, "fit_model", fitted)
    monkeypatch.setattr(twin, "left_out", lambda _: {})
    monkeypatch.setattr(twin, "_means", lambda *_: again)
    whole = SimpleNamespace(model="M1", exposure="peer_presence")
    given = {"like": None, "policy": load_policy("none"), "seed": 1, "rehearsals": 4}
    made = twin.rehearsed(told, whole, PLAN, **given)
    assert len(set(seen)) == 4
    if failing:
        assert made == told
        return
    assert made.onset.rate_per_year == pytest.approx(2.5)
    assert (made.onset.own_1_7, made.onset.male) == (pytest.approx(0.4), 0.0)
    assert made.contagion.log_rate_ratio == pytest.approx(0.1), "peers' effect may be planted as 0, and is moved"

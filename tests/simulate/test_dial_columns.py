"""Every cause in the world has a column: what the process acted by is what the frame reads from the tables it wrote."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from missingmodels.formula import read_formula
from missingmodels.frame.columns.facts import fact_columns, fact_of
from missingmodels.frame.columns.library import COLUMNS
from missingmodels.intervals import to_day
from missingmodels.plan import STRUCTURE, Frame
from missingmodels.scenario.onset import Mechanisms, Onset
from missingmodels.simulate.associations import associations, dials
from missingmodels.simulate.records.facts import HAPPENED, MEASURED
from missingmodels.simulate.slow import manager_absent
from missingmodels.tables import check_tables
from missingmodels.tables.contract import TABLES
from own_cases import days_of
from worlds import small_world

ACTING = {
    "social_worker_change": 0.4, "conflict_3d": 0.3, "concurrent_missing": 0.3, "trusted_adult": -0.4,
    "manager_absent_share": 0.3, "manager_absent": 0.3, "interview": -0.3, "sanction": 0.3,
}  # fmt: skip
WRITTEN = 6e-4  # the quality of an interview is written with three digits


@pytest.fixture(scope="module")
def world():
    return small_world(
        5, n_homes=10, days=150, mechanisms=ACTING, aftermath={"sanctioned_share": 0.5},
        staff={"trust_after_shifts": 6}, children={"social_worker_changes_per_year": 2.0},
    )  # fmt: skip


@pytest.fixture(scope="module")
def days(world):
    tables = world.tables.changed({"staff_shifts": pd.concat([*world.shifts()], ignore_index=True)})
    return days_of(tables, frame=Frame(boundary="starting"))


def column(days, name):
    return fact_columns(days, [name])[name] if fact_of(name) else np.asarray(COLUMNS[name](days), dtype=float)


def logged(world, days, name):
    """(N,) what the process logged on each day."""
    grid = np.full(days.risk.residence.shape, np.nan)
    log = world.exposure_log
    child = pd.Index(days.risk.child_ids).get_indexer(log["child_id"])
    grid[child, to_day(log["date"]) - days.risk.first_day] = log[name]
    return days.taken(grid)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("concurrent_missing", lambda days: column(days, "concurrent_missing")),
        ("conflict_3d", lambda days: column(days, "event(conflict, 1, 3)")),
        ("trusted_adult", lambda days: column(days, "measure(trusted_adult)")),
        ("poorly_matched", lambda days: 1 - column(days, "well_matched")),
        ("disengaged_on_shift", lambda days: column(days, 'measure(disengaged, who="on_shift")')),
        ("untrained_on_shift", lambda days: 1 - column(days, 'measure(trained, who="on_shift")')),
        ("inexperienced_on_shift", lambda days: column(days, "new_staff_on_shift")),
        ("social_worker_change", lambda days: column(days, "social_worker_change")),
        ("interview", lambda days: column(days, "recent_interview")),
        ("sanction", lambda days: column(days, "recent_sanction")),
    ],
)
def test_what_acted_is_what_is_read(world, days, name, read):
    acted, found = logged(world, days, name), read(days)
    held = ~np.isnan(acted) & ~np.isnan(found)
    assert held.mean() > 0.98
    assert np.ptp(acted[held]) > 0, "it must have acted"
    np.testing.assert_allclose(found[held], acted[held], atol=WRITTEN)


def test_the_key_worker_is_whom_the_child_comes_to_trust(world, days):
    """Trust stands while the key worker stays, after as many shifts of theirs as the scenario says."""
    rows = world.tables["measures"]
    held = rows[rows["name"] == "key_worker"]
    assert held["staff_id"].isin(world.tables["staff_spells"]["staff_id"]).all()
    first = to_day(held["start_date"]) - days.risk.first_day
    last = np.where(held["end_date"].isna(), days.risk.days, to_day(held["end_date"]) - days.risk.first_day)
    child = pd.Index(days.risk.child_ids).get_indexer(held["child_id"])
    grid = np.full(days.risk.residence.shape, -1)
    staff, names = pd.factorize(held["staff_id"])
    for one, begin, end, who in zip(child, first, last, staff, strict=True):
        if one >= 0:
            assert (grid[one, max(begin, 0) : max(end, 0)] == -1).all(), "one key worker at a time"
            grid[one, max(begin, 0) : max(end, 0)] = who
    key = grid[days.child, days.day]
    trusts = column(days, "measure(trusted_adult)") == 1
    assert trusts.sum() > 100
    assert (key[trusts] >= 0).all()
    shifts = days.tables["staff_shifts"]
    worked = shifts[(shifts["status"] == "worked") & shifts["staff_id"].isin(names)]
    on = np.zeros((len(names), days.risk.days), dtype=bool)
    day = to_day(worked["start_time"].dt.normalize()) - days.risk.first_day
    inside = (day >= 0) & (day < days.risk.days)
    on[pd.Index(names).get_indexer(worked["staff_id"])[inside], day[inside]] = True
    np.testing.assert_array_equal(
        column(days, 'measure(key_worker, who="on_shift")') == 1, (key >= 0) & on[key, days.day]
    )
    # whoever came in the span and is trusted has worked as many shifts beside the child before
    for one, begin, end, who in zip(child, first, last, staff, strict=True):
        mine = trusts & (days.child == one) & (days.day >= begin) & (days.day < end)
        if begin > 0 and mine.any():
            assert on[who, begin : days.day[mine].min()].sum() >= 6


def test_a_key_worker_who_left_is_told_for_28_days(world, days):
    gone = column(days, 'measure(key_worker, who="left")')
    assert 0 < np.nanmean(gone) < 0.5
    spells, rows = world.tables["staff_spells"], world.tables["measures"]
    left = spells.dropna(subset=["end_date"]).set_index("staff_id")["end_date"]
    held = rows[(rows["name"] == "key_worker") & rows["staff_id"].isin(left.index)]
    held = held[held["end_date"] == left.reindex(held["staff_id"]).to_numpy()]  # the child was there to the last
    expected = np.zeros(days.risk.residence.shape, dtype=bool)
    for child, staff in zip(held["child_id"], held["staff_id"], strict=True):
        at = int(to_day(pd.Series([left[staff]]))[0]) - days.risk.first_day
        if child in days.risk.child_ids and at > 0:
            expected[days.risk.child_ids.index(child), at + 1 : at + 29] = True
    # a child who moved away meanwhile has left that home's staff behind
    here = expected[days.child, days.day]
    assert not ((gone == 1) & ~here).any()
    assert ((gone == 1) & here).sum() > 0.8 * here.sum()


def test_past_episodes_act_as_they_are_counted_a_step_a_period():
    names = [
        name
        for name, kind in Onset.model_fields.items()
        if kind.default != 0 and name not in ("rate_per_year", "frailty_shape")
    ]
    quiet = {name: 0.0 for name in names if not name.startswith("low_risk")}
    world = small_world(
        7, n_homes=8, days=200, onset=quiet, contagion={"log_rate_ratio": 0.0}, mechanisms={"past_episodes": 0.5}
    )
    days = days_of(world.tables, frame=Frame(boundary="starting"))
    left = logged(world, days, "log_rate") - 0.5 * np.log1p(column(days, "past_episodes"))
    spread = pd.Series(left).groupby(days.child).agg(np.ptp)
    assert column(days, "past_episodes").max() > 3
    np.testing.assert_allclose(spread, 0.0, atol=1e-9)


def test_homes_without_a_manager_are_those_of_the_process(world, days):
    vacant = column(days, "manager_absent")
    truth = manager_absent(world.run.scenario, world.run.sector.places.size, world.run.seed)
    at = pd.Index([f"home{i:05d}" for i in range(len(truth))]).get_indexer(np.array(days.risk.home_ids))
    before = truth[at[days.home], np.maximum(days.day - 1, 0) // world.run.scenario.period_days]
    held = ~np.isnan(vacant) & (days.day > 0)
    np.testing.assert_array_equal(vacant[held], before[held])
    assert 0 < before.mean() < 1
    assert (before[np.isnan(vacant)] == 1).all()  # a home that never had one is unrecorded


def test_a_simulated_data_set_keeps_the_contract_and_declares_what_it_holds(world):
    assert [f for f in check_tables(world.tables) if f.severity == "error"] == []
    assert set(world.tables["measures"]["name"]) == {one.name for one in MEASURED}
    assert set(world.tables["events"]["kind"]) == {one.name for one in HAPPENED}


def test_every_causal_dial_has_a_column():
    causal = set(Mechanisms.model_fields) - {"conflicts_per_year", "manager_absent_share"}
    assert len(causal) == 27
    held = dials()
    facts = {one.name for one in (*MEASURED, *HAPPENED)}
    structure = {f"{name}_{part}" for name in STRUCTURE for part in ("between", "within")}
    for name in causal:
        dial = held[f"mechanisms.{name}"]
        for behind in read_formula(dial.column).columns:
            call = fact_of(behind)
            assert behind in COLUMNS or behind in structure or (call and call.argument.name in facts), name
        assert set(dial.table.split()) <= set(TABLES), name


def test_every_setting_of_an_association_is_found_again_or_says_why_not():
    held = dials()
    named = {field for row in associations() for field in row.fields}
    assert named <= set(held)
    for dial in held.values():
        assert set(dial.table.split()) <= {*TABLES, "none"}, dial.field
        assert dial.estimand.startswith("none: ") == (dial.column == "none"), dial.field

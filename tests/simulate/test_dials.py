"""Each dial moves what it should and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from missingmodels.errors import ConfigInvalid
from missingmodels.scenario import Scenario
from missingmodels.simulate.associations import associations
from missingmodels.simulate.days.episodes import JOINT
from missingmodels.simulate.run import run_sector
from missingmodels.simulate.world import simulate_world
from worlds import scenario_of

STANDARD_ERRORS = 4
ALL = ("children", "placements", "homes", "staff_periods", "staff_spells", "ties", "social_worker_spells")


def run(seed=1, log=(), **parts):
    return run_sector(scenario_of(n_homes=30, days=200, **parts), seed, log=log)


def same_roster(one, other):
    for name in ("child", "home", "start", "end"):
        np.testing.assert_array_equal(getattr(one.stays, name), getattr(other.stays, name))
    for name in ("worked_hours", "agency_hours", "spell_start", "spell_end"):
        np.testing.assert_array_equal(getattr(one.staffing, name), getattr(other.staffing, name))
    np.testing.assert_array_equal(one.sector.home_effect, other.sector.home_effect)
    np.testing.assert_array_equal(one.period_effects, other.period_effects)


def events(found):
    return set(zip(found.episodes.child.tolist(), found.episodes.day.tolist(), strict=True))


# settings that act on onset and leave people, stays and staff alone
ONSET_ONLY = [
    *({"mechanisms": {name: 0.9}} for name in (
        "uasc", "prior_missing", "not_in_education", "family_pull", "community_pull", "unmet_need_pull",
        "trusted_adult", "poorly_matched", "emergency", "restrictiveness", "climate", "new_admission_7d",
        "conflict_3d", "concurrent_missing", "disengaged_on_shift", "inexperienced_on_shift", "social_worker_change",
        "past_episodes", "interview", "weekend", "summer", "trend_per_year", "size_per_place", "private_sector",
    )),
    {"mechanisms": {"manager_absent": 0.9, "manager_absent_share": 0.5}},
    {"mechanisms": {"sanction": 0.9}, "aftermath": {"sanctioned_share": 0.5}},
    {"contagion": {"log_rate_ratio": 1.0}},
    {"contagion": {"short_staffing": 1.5}},
    {"contagion": {"exposure": "peer_kernel"}},
    {"contagion": {"outside_log_rate_ratio": 1.5}, "homes": {"school_tie_share": 0.5}},
    {"contagion": {"joint_share": 0.3}},
    {"dials": {"shock_sd": 0.8}},
    {"dials": {"wave_sd": 0.8, "wave_scope": "authority"}},
    {"dials": {"shock_sd": 0.8, "shock_days": 14, "shock_drifts": True}},
    {"dials": {"authority_sd": 0.8}},
    {"dials": {"owner_sd": 0.8}},
]  # fmt: skip


@pytest.mark.parametrize("parts", ONSET_ONLY, ids=str)
def test_a_setting_of_onset_moves_episodes_and_nothing_else(parts):
    before, after = run(), run(**parts)
    same_roster(before, after)
    np.testing.assert_array_equal(before.traits.frailty, after.traits.frailty)
    if not parts.get("mechanisms", {}).get("uasc"):  # a child in a hundred: none may have an episode
        assert events(before) != events(after)


ADDED_BY_DAY = (
    "new_admission_7d", "concurrent_missing", "conflict_3d", "trusted_adult", "poorly_matched",
    "social_worker_change", "disengaged_on_shift", "inexperienced_on_shift", "untrained_on_shift", "interview",
    "sanction",
)  # fmt: skip


@pytest.mark.parametrize("name", ADDED_BY_DAY)
def test_a_mechanism_adds_its_log_rate_ratio_per_unit_of_its_logged_exposure(name):
    """Without own history and peers nothing else in the rate follows from what happened before."""
    alone = {
        "onset": {"rate_per_year": 20.0, "own_1_7": 0.0, "own_8_28": 0.0},
        "contagion": {"log_rate_ratio": 0.0},
        "aftermath": {"sanctioned_share": 0.5},
        "staff": {"trust_after_shifts": 5},
    }
    columns = ("log_rate", name)
    before, after = run(log=columns, **alone).log, run(log=columns, mechanisms={name: 0.7}, **alone).log
    assert np.unique(after.values[:, 1]).size > 1
    np.testing.assert_array_equal(before.child, after.child)
    expected = before.values[:, 0] + 0.7 * after.values[:, 1]
    np.testing.assert_allclose(after.values[:, 0], expected, rtol=1e-12)


def test_homophily_ties_propensity_to_the_home_and_leaves_its_distribution():
    seeds, tied, free = range(6), [], []
    for store, value in ((tied, 0.6), (free, 0.0)):
        for seed in seeds:
            found = run_sector(Scenario(days=60, homes={"count": 300}, dials={"homophily": value}), seed)
            first = np.searchsorted(found.stays.child, np.arange(found.child.size))
            own = np.log(found.traits.frailty)
            store.append((pd.Series(own).rank().corr(pd.Series(found.sector.match[found.stays.home[first]]).rank()),
                          found.traits.frailty.mean()))  # fmt: skip
    tied, free = np.array(tied), np.array(free)
    # moves mix children again, so the tie is a little below that of newcomers (Spearman's of 0.6 is 0.58)
    assert 0.4 < tied[:, 0].mean() < 0.62
    assert abs(free[:, 0].mean()) < STANDARD_ERRORS * 0.05 / np.sqrt(6)
    # children of one home are alike, so the mean of all varies more than that of independent ones
    assert abs(tied[:, 1].mean() - 1) < 0.15


def test_shared_shocks_have_the_size_and_length_asked_for():
    from missingmodels.simulate.slow import shocks

    scenario = Scenario(days=1000, dials={"shock_sd": 0.5, "shock_days": 50})
    steps = shocks(scenario, np.arange(400) // 10, 3)
    changes = (np.diff(steps, axis=1) != 0).sum(axis=1)
    assert abs(steps.std() - 0.5) < 0.02
    assert 19 <= changes.min() <= changes.max() <= 20
    drift = shocks(
        Scenario(days=1000, dials={"shock_sd": 0.5, "shock_days": 50, "shock_drifts": True}), np.arange(400) // 10, 3
    )
    lagged = np.mean(drift[:, :-50] * drift[:, 50:]) / np.mean(drift**2)
    assert abs(drift.std() - 0.5) < 0.02
    assert abs(lagged - np.exp(-1)) < 0.03


def test_a_wave_is_one_for_all_homes_that_share_it():
    from missingmodels.simulate.slow import shocks

    authority = np.repeat(np.arange(100), 4)
    dials = {"wave_sd": 0.5, "wave_days": 50}
    whole = shocks(Scenario(days=1000, dials=dials), authority, 3)
    assert (whole == whole[0]).all()
    assert whole[0].std() > 0.1
    parts = shocks(Scenario(days=1000, dials=dials | {"wave_scope": "authority"}), authority, 3)
    assert (parts[::4] == parts[3::4]).all()
    assert abs(parts.std() - 0.5) < 0.03
    assert abs(np.corrcoef(parts[0], parts[4])[0, 1]) < 0.7
    own = shocks(Scenario(days=1000, dials={"shock_sd": 0.4}), authority, 3)
    both = shocks(Scenario(days=1000, dials=dials | {"shock_sd": 0.4}), authority, 3)
    np.testing.assert_allclose(both, own + whole)


def test_exits_end_stays_on_return_and_move_the_child():
    before, after = run(), run(dials={"exit_per_episode": 1.0})
    assert after.stays.child.size > before.stays.child.size
    e, last = after.episodes, after.scenario.days
    ends = set(zip(after.stays.child.tolist(), after.stays.end.tolist(), strict=True))
    back = np.maximum(e.back, e.day + 1)
    inside = back < last
    # a stay that would have ended sooner anyway ends then
    stays = pd.DataFrame({"child": after.stays.child, "start": after.stays.start, "end": after.stays.end})
    held = pd.DataFrame({"child": e.child, "day": e.day, "back": back})[inside].merge(stays, on="child")
    held = held[(held["start"] <= held["day"]) & (held["day"] < held["end"])]
    assert len(held) > 30
    assert (held["end"] <= held["back"]).all()
    assert len(ends) == after.stays.child.size
    np.testing.assert_array_equal(before.staffing.worked_hours, after.staffing.worked_hours)


def test_joint_departures_share_home_and_day_with_another():
    found = run(contagion={"joint_share": 0.5}, onset={"rate_per_year": 20.0})
    e = pd.DataFrame({"home": found.episodes.home, "day": found.episodes.day, "joint": found.episodes.flags & JOINT})
    along = e[e["joint"] > 0]
    assert len(along) > 20
    others = e[e["joint"] == 0].set_index(["home", "day"]).index
    assert pd.MultiIndex.from_frame(along[["home", "day"]]).isin(others).all()
    assert not (run(onset={"rate_per_year": 20.0}).episodes.flags & JOINT).any()


def test_reporting_dials_leave_what_happened_alone():
    plain = simulate_world(scenario_of(n_homes=20, days=200), seed=4)
    parts = {"reported_log_odds": 0.0, "reported_home_sd": 1.0, "away_share": 0.5}
    written = simulate_world(scenario_of(n_homes=20, days=200, recording=parts), seed=4)
    for name, frame in plain.tables.frames.items():
        pd.testing.assert_frame_equal(written.happened[name], frame)
        if name in ALL:
            pd.testing.assert_frame_equal(written.tables[name], frame)
    assert len(written.tables["missing_episodes"]) < len(plain.tables["missing_episodes"])
    assert plain.tables is plain.happened


def derived_presence(tables):
    """Presence over 7 days by child and date, from placements and episodes alone."""
    stays = tables["placements"].assign(end=lambda f: f["end_date"].fillna(tables.observed_to))
    days = pd.DataFrame(
        [
            (row.child_id, row.home_id, day)
            for row in stays.itertuples()
            for day in pd.date_range(max(row.start_date, tables.observed_from), row.end, inclusive="left")
        ],
        columns=["child_id", "home_id", "date"],
    )
    left = tables["missing_episodes"][["child_id", "start_date"]].drop_duplicates()
    days = days.merge(left.rename(columns={"start_date": "date"}).assign(left=1), how="left").fillna({"left": 0})
    saw = days[days.groupby(["home_id", "date"])["left"].transform("sum") > days["left"]]
    lags = range(1, 8)
    later = pd.concat([saw.assign(date=saw["date"] + pd.Timedelta(days=lag)) for lag in lags])[["child_id", "date"]]
    days = days.merge(later.drop_duplicates().assign(presence=1.0), how="left").fillna({"presence": 0.0})
    return days.set_index(["child_id", "date"])["presence"]


def test_unseen_peers_are_not_in_the_record_and_still_act():
    parts = {"recording": {"unseen_children_share": 0.4}, "onset": {"rate_per_year": 20.0}}
    world = simulate_world(scenario_of(n_homes=20, days=200, **parts), seed=4)
    assert len(world.tables["children"]) < len(world.happened["children"])
    assert not world.tables.all_residents
    # children in the record are exposed to episodes that the record does not hold
    seen = world.exposure_log["child_id"].isin(world.tables["children"]["child_id"])
    found = derived_presence(world.tables)
    logged = world.exposure_log[seen].set_index(["child_id", "date"])["peer_presence"]
    both = logged.to_frame("acted").join(found.rename("seen"), how="inner")
    assert ((both["acted"] == 1) & (both["seen"] == 0)).sum() > 20
    assert not ((both["acted"] == 0) & (both["seen"] == 1)).any()


def test_away_settings_move_hours_and_returns_and_not_who_leaves_first():
    before, after = run(), run(away={"median_hours": 30.0})
    same_roster(before, after)
    first = min(before.episodes.day)
    assert {c for c, d in events(before) if d == first} == {c for c, d in events(after) if d == first}
    assert after.episodes.hours_away.mean() > before.episodes.hours_away.mean()


def test_homes_open_and_close_and_nobody_lives_in_a_closed_one():
    found = run_sector(Scenario(days=400, homes={"count": 200, "openings_per_year": 0.3, "closures_per_year": 0.2}), 5)
    sector, stays = found.sector, found.stays
    assert (sector.opened[stays.home] <= stays.start).all()
    assert (np.minimum(stays.end, 400) <= sector.closed[stays.home]).all()
    opened = (sector.opened >= 0).sum()
    assert abs(opened - 200 * 0.3 * 400 / 365.25) <= 1
    assert 20 < (sector.closed < 400).sum() < 70


def test_every_association_has_a_setting_or_a_reason():
    settings = {
        f"{section}.{key}" for section, values in Scenario().model_dump().items() if isinstance(values, dict)
        for key in values
    }  # fmt: skip
    rows = associations()
    assert [row.code for row in rows] == [f"A{i}" for i in range(1, 46)]
    assert {name for row in rows for name in row.fields} <= settings
    assert all(row.fields or row.reason for row in rows)
    assert all(row.reason.startswith("in part: ") for row in rows if row.fields and row.reason)


def test_every_field_of_a_scenario_is_documented():
    def fields(model, place=""):
        for name, field in model.model_fields.items():
            inner = field.annotation
            if isinstance(inner, type) and hasattr(inner, "model_fields"):
                yield from fields(inner, f"{place}{name}.")
            else:
                yield f"{place}{name}", field.description

    assert [name for name, meaning in fields(Scenario) if not meaning] == []


def test_all_contradictions_of_a_scenario_are_told_at_once():
    with pytest.raises(
        ConfigInvalid, match=r"shock_drifts.*wave_scope.*short_staffing.*manager_absent.*sanction"
    ) as caught:
        Scenario(
            contagion={"log_rate_ratio": 0.0, "short_staffing": 0.2},
            mechanisms={"manager_absent": 0.1, "sanction": 0.1},
            dials={"shock_drifts": True, "wave_scope": "authority"},
        )
    assert "outside" not in str(caught.value)

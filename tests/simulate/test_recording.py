"""The recording layer: each dial moves what it should and nothing else, by draws of its own."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from full_world import AUTHORITIES, full_tables

from missingmodels.config import Config, from_mapping
from missingmodels.errors import ConfigInvalid, InputError
from missingmodels.recording import Recording
from missingmodels.scenario import Recording as ScenarioRecording
from missingmodels.simulate.records.recording import KEY, Recorded, authority_view, record
from missingmodels.tables import Tables, check_tables, make_tables
from worlds import remade, small_world

SEED = 11
STANDARD_ERRORS = 4


@pytest.fixture(scope="module")
def world() -> Tables:
    """The full world with hours for three in four absences, and interviews."""
    tables = full_tables()
    missing = tables["missing_episodes"].copy()
    number = np.arange(len(missing))
    days = (missing["end_date"] - missing["start_date"]).dt.days
    missing["hours_away"] = np.where((number % 4 > 0) & days.notna(), 24 * days.fillna(0) + number % 12, np.nan)
    missing["start_hour"] = np.where(number % 4 > 0, 18.0, np.nan)
    missing["end_is_censored"] = missing["end_date"].notna() & (number % 13 == 0)
    held = missing.iloc[::3]
    interviews = pd.DataFrame(
        {"child_id": held["child_id"], "episode_start_date": held["start_date"], "sequence": held["sequence"]}
    ).assign(offered=True, quality=np.linspace(0, 1, len(held)))
    return make_tables(
        {**tables.frames, "missing_episodes": missing, "interviews": interviews},
        observed_from=tables.observed_from,
        observed_to=tables.observed_to,
        all_residents=True,
    )


def require_same(one: Tables, other: Tables, *, but: tuple[str, ...] = ()) -> None:
    assert list(one.frames) == list(other.frames)
    for name in one.frames:
        if name not in but:
            pd.testing.assert_frame_equal(one[name], other[name], obj=name)


def errors(tables: Tables) -> list[str]:
    return [f.rule for f in check_tables(tables) if f.severity == "error"]


def test_off_is_off(world: Tables) -> None:
    found = record(world, Recording(), seed=SEED)
    require_same(found.tables, world)
    assert found.tables.all_residents
    log = found.log
    assert log["reported"].all()
    assert log["seen"].all()
    assert (log["category"] == log["recorded_category"]).all()
    assert not log[["days_start_moved", "days_end_moved", "end_lost", "duplicated"]].any(axis=None)


def test_the_same_seed_writes_the_same(world: Tables) -> None:
    dials = Recording(reported_log_odds=0.0, late_end_share=0.5, lost_end_share=0.2, duplicate_share=0.1)
    one, same, other = (record(world, dials, seed=seed) for seed in (SEED, SEED, SEED + 1))
    require_same(one.tables, same.tables)
    assert not one.log.equals(other.log)


# Dial, columns of missing_episodes that it may change in rows that stay, and the log's column that tells of it.
DIALS = [
    (Recording(away_share=0.6), {"category"}, "recorded_category"),
    (Recording(no_away_authorities_share=0.8), {"category"}, "recorded_category"),
    (Recording(dates_only=True), {"start_hour", "hours_away"}, None),
    (Recording(late_end_share=0.4), {"end_date", "hours_away"}, "days_end_moved"),
    (Recording(lost_end_share=0.4), {"end_date", "hours_away"}, "end_lost"),
]


@pytest.mark.parametrize(("dial", "columns", "told"), DIALS)
def test_a_dial_changes_its_columns_only(world: Tables, dial: Recording, columns: set[str], told: str | None) -> None:
    found = record(world, dial, seed=SEED)
    require_same(found.tables, world, but=("missing_episodes",))
    before, after = world["missing_episodes"], found.tables["missing_episodes"]
    assert len(before) == len(after)
    changed = {name for name in before if not before[name].equals(after[name])}
    assert changed
    assert changed <= columns
    untold = [name for name in ("recorded_category", "days_end_moved", "end_lost") if name != told]
    plain = record(world, Recording(), seed=SEED).log
    for name in [*untold, "reported", "days_start_moved", "duplicated", "seen"]:
        pd.testing.assert_series_equal(found.log[name], plain[name])
    assert errors(found.tables) == []


def test_a_late_start_moves_start_and_interview(world: Tables) -> None:
    found = record(world, Recording(late_start_share=0.5), seed=SEED)
    require_same(found.tables, world, but=("missing_episodes", "interviews"))
    moved = found.log["days_start_moved"] == 1
    assert 0.1 < moved.mean() < 0.5
    true = world["missing_episodes"]
    assert (found.tables["missing_episodes"]["end_date"] >= found.tables["missing_episodes"]["start_date"]).sum() == (
        true["end_date"].notna().sum()
    )
    key = ["child_id", "start_date", "sequence"]
    written = found.tables["interviews"].rename(columns={"episode_start_date": "start_date"})
    assert len(written.merge(found.tables["missing_episodes"], on=key)) == len(world["interviews"])
    assert not written["start_date"].equals(world["interviews"]["episode_start_date"])
    assert errors(found.tables) == []


def overlaps(tables: Tables) -> int:
    return sum(f.count for f in check_tables(tables) if f.rule == "overlapping_episodes")


def test_slips_neither_overlap_nor_move_what_is_no_return(world: Tables) -> None:
    """With every start and every end a day late where there is room; a closed bed is no return to be late with."""
    found = record(world, Recording(late_start_share=1.0, late_end_share=1.0), seed=SEED)
    assert overlaps(found.tables) == overlaps(world)
    censored = world["missing_episodes"]["end_is_censored"].to_numpy(bool)
    assert censored.sum() > 20
    assert (found.log.loc[censored, "days_end_moved"] == 0).all()
    assert (found.log["days_end_moved"] == 1).mean() > 0.5
    lost = record(world, Recording(lost_end_share=1.0), seed=SEED)
    assert not lost.log.loc[censored, "end_lost"].any()


def test_duplicates_add_rows_and_change_none(world: Tables) -> None:
    found = record(world, Recording(duplicate_share=0.3), seed=SEED)
    require_same(found.tables, world, but=("missing_episodes", "interviews"))
    after = found.tables["missing_episodes"]
    twice = int(found.log["duplicated"].sum())
    assert twice > 20
    assert len(after) == len(world["missing_episodes"]) + twice
    columns = [name for name in after if name != "sequence"]
    kept = after[columns].drop_duplicates()
    truly = world["missing_episodes"][columns].drop_duplicates()
    pd.testing.assert_frame_equal(
        kept.sort_values(columns, ignore_index=True), truly.sort_values(columns, ignore_index=True)
    )
    assert errors(found.tables) == []


def test_what_is_not_reported_leaves_no_row(world: Tables) -> None:
    found = record(world, Recording(reported_log_odds=0.0), seed=SEED)
    require_same(found.tables, world, but=("missing_episodes", "interviews"))
    kept = found.log["reported"].to_numpy()
    before, after = world["missing_episodes"], found.tables["missing_episodes"]
    # another on the same day may now be the day's first
    columns = [name for name in before if name != "sequence"]
    pd.testing.assert_frame_equal(after[columns], before.loc[kept, columns].reset_index(drop=True))
    assert len(found.tables["interviews"]) < len(world["interviews"])
    lost = found.log.loc[~kept, KEY].rename(columns={"start_date": "episode_start_date"})
    held = world["interviews"].merge(lost, on=["child_id", "episode_start_date", "sequence"])
    assert len(found.tables["interviews"]) + len(held) == len(world["interviews"])


def test_unseen_children(world: Tables) -> None:
    found = record(world, Recording(unseen_children_share=0.3), seed=SEED)
    require_same(found.tables, world, but=tuple(set(world.frames) - {"homes", "staff_periods", "staff_spells"}))
    unseen = set(world["children"]["child_id"]) - set(found.tables["children"]["child_id"])
    assert 0.2 < len(unseen) / len(world["children"]) < 0.4
    for frame in found.tables.frames.values():
        if "child_id" in frame:
            assert not set(frame["child_id"]) & unseen
    assert not found.tables.all_residents
    assert set(found.log.loc[~found.log["seen"], "child_id"]) <= unseen
    assert errors(found.tables) == []


BESIDE = Recording(
    reported_log_odds=0.5,
    reported_home_sd=1.0,
    reported_authority_sd=0.5,
    short_log_odds=-1.0,
    away_share=0.5,
    late_start_share=0.3,
    late_end_share=0.3,
    lost_end_share=0.2,
    duplicate_share=0.2,
    unseen_children_share=0.2,
)


@pytest.mark.parametrize(
    ("dial", "column"),
    [
        (Recording(late_start_share=0.3), "days_start_moved"),
        (Recording(late_end_share=0.3, lost_end_share=0.2), "days_end_moved"),
        (Recording(lost_end_share=0.2), "end_lost"),
        (Recording(lost_end_share=0.2, duplicate_share=0.2), "duplicated"),
        (Recording(away_share=0.5), "recorded_category"),
    ],
)
def test_streams_are_apart(world: Tables, dial: Recording, column: str) -> None:
    """Of what is written at all, a dial picks the same rows alone as beside every other."""
    alone, beside = record(world, dial, seed=SEED).log, record(world, BESIDE, seed=SEED).log
    both = beside["reported"]
    assert both.any()
    assert (alone.loc[both, column] == beside.loc[both, column]).all()


def test_an_episode_has_its_fate_whatever_others_there_are(world: Tables) -> None:
    """Half of the children keep theirs when the other half is gone."""
    children = world["children"]["child_id"]
    half = remade(
        world,
        {
            name: frame[frame["child_id"].isin(children.iloc[::2])]
            for name, frame in world.frames.items()
            if "child_id" in frame
        },
    )
    whole, part = (record(tables, BESIDE, seed=SEED).log for tables in (world, half))
    kept = whole[whole["child_id"].isin(children.iloc[::2])].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, kept)


def share_is(found: np.ndarray, probability: float) -> None:
    error = np.sqrt(probability * (1 - probability) / found.size)
    assert abs(found.mean() - probability) < STANDARD_ERRORS * error


def test_reporting_probability_and_the_short_threshold(world: Tables) -> None:
    dial = Recording(reported_log_odds=1.0, short_log_odds=-2.0, short_hours=8)
    found = record(world, dial, seed=SEED)
    missing = world["missing_episodes"]
    by_hours = missing["hours_away"].notna().to_numpy()
    hours, same_day = (
        missing["hours_away"].to_numpy(float),
        (missing["end_date"] == missing["start_date"]).to_numpy(bool),
    )
    short = np.where(by_hours, hours < 8, same_day)
    reported = found.log["reported"].to_numpy()
    for which in (by_hours, ~by_hours):
        share_is(reported[which & ~short], 1 / (1 + np.exp(-1)))
        share_is(reported[which & short], 1 / (1 + np.exp(1)))


@pytest.mark.parametrize(("dial", "column"), [("reported_home_sd", "home_id"), ("reported_authority_sd", "authority")])
def test_reporting_differs_between_homes_and_authorities(world: Tables, dial: str, column: str) -> None:
    """With a vast spread each home, or each authority, reports all or nothing."""
    found = record(world, Recording(reported_log_odds=0.0, **{dial: 1e6}), seed=SEED)
    authority = world["children"].set_index("child_id")["authority"]
    log = found.log.assign(authority=found.log["child_id"].map(authority)).dropna(subset=["home_id"])
    shares = log.groupby(column)["reported"].mean()
    assert set(shares) == {0.0, 1.0}
    other = "authority" if column == "home_id" else "home_id"
    assert not set(log.groupby(other)["reported"].mean()) <= {0.0, 1.0}


def test_category_practice(world: Tables) -> None:
    """Some authorities write no A; the others write A for a share of the absences whose whereabouts are known."""
    children = world["children"]
    authorities = [f"L{number % 40:02d}" for number in range(len(children))]
    many = remade(world, {"children": children.assign(authority=authorities)})
    dial = Recording(away_share=0.5, whereabouts_known_share=0.4, no_away_authorities_share=0.3)
    log = record(many, dial, seed=SEED).log
    log["authority"] = log["child_id"].map(many["children"].set_index("child_id")["authority"])
    was_away = log["category"] == "A"
    away = log["recorded_category"] == "A"
    # an authority that leaves an A as it was practises A at all
    practises = away[was_away].groupby(log["authority"]).mean()
    assert set(practises) == {0.0, 1.0}
    share_is(practises.to_numpy() == 0, 0.3)
    assert not away[log["authority"].isin(practises.index[practises == 0])].any()
    share_is(away[~was_away & log["authority"].isin(practises.index[practises == 1])].to_numpy(), 0.5 * 0.4)


def test_one_authoritys_view(world: Tables) -> None:
    views = {code: authority_view(world, code) for code in AUTHORITIES}
    for name in ("children", "placements", "missing_episodes", "interviews", "social_worker_spells"):
        assert sum(len(view[name]) for view in views.values()) == len(world[name])
    for code, view in views.items():
        assert set(view["children"]["authority"]) == {code}
        assert set(view["placements"]["child_id"]) <= set(view["children"]["child_id"])
        pd.testing.assert_frame_equal(view["homes"], world["homes"])
        assert not view.all_residents
        assert errors(view) == []
    with pytest.raises(InputError, match="the authorities are: E10000001, E10000002"):
        authority_view(world, "E99")


def test_one_authority_alone_sees_all() -> None:
    world = small_world(2, days=100).tables
    view = authority_view(world, "SIM")
    require_same(view, world)
    assert view.all_residents


def test_a_view_holds_no_tie_to_a_child_it_does_not_hold() -> None:
    world = small_world(2, days=100).tables
    children = world["children"]
    two = remade(world, {"children": children.assign(authority=np.array(["L1", "L2"])[np.arange(len(children)) % 2])})
    view = authority_view(two, "L1")
    assert 0 < len(view["ties"]) < len(world["ties"])
    assert set(view["ties"]["child_a"]) | set(view["ties"]["child_b"]) <= set(view["children"]["child_id"])


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ConfigInvalid) as told:
        Recording(duplicate_share=1.5, reported_home_sd=-1.0, short_hours=float("nan"), short_log_odds=float("inf"))
    for name in ("duplicate_share", "reported_home_sd", "short_hours", "short_log_odds"):
        assert name in str(told.value)


def test_a_scenario_can_hold_the_dials() -> None:
    """Read from TOML as any other table of settings, unknown keys told with their place."""

    class Held(Config):
        recording: Recording = Recording()

    held = from_mapping({"recording": {"late_end_share": 0.5}}, Held)
    assert held.recording == Recording(late_end_share=0.5)
    assert from_mapping({}, Held).recording == Recording()
    with pytest.raises(ConfigInvalid, match=r"recording\.late_start"):
        from_mapping({"recording": {"late_start": 0.5}}, Held)


def test_the_log_has_a_row_an_episode(world: Tables) -> None:
    found: Recorded = record(world, BESIDE, seed=SEED)
    pd.testing.assert_frame_equal(found.log[KEY], world["missing_episodes"][KEY])
    assert int((found.log["reported"] * (1 + found.log["duplicated"])).sum()) == len(found.tables["missing_episodes"])
    assert not found.log.loc[~found.log["reported"], ["end_lost", "duplicated"]].any(axis=None)


def test_a_scenarios_recording_is_the_recorders_field_by_field() -> None:
    """The scenario bounds and documents the dials, the recorder takes them plain: names and defaults are one."""
    assert ScenarioRecording().model_dump() == dataclasses.asdict(Recording())

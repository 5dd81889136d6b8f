"""Homes that join late and leave early, and looks in time: the record cut by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from missingmodels.recording import Recording
from missingmodels.simulate.records.taking_part import drawn_spans, recorded_until, recorded_within
from missingmodels.tables import Tables, check_tables, make_tables
from worlds import small_world

BEGIN = pd.Timestamp("2024-01-01")


def day(number: float) -> pd.Timestamp:
    return BEGIN + pd.Timedelta(days=number)


@pytest.fixture
def tables() -> Tables:
    """100 days. A lives in home 1 throughout, B there to day 20 and then in home 2, C in home 2 to day 9."""
    world = small_world(3, n_homes=2, days=100).tables
    child = world["children"].iloc[:3].copy()
    child[["child_id", "recorded_from"]] = [["A", BEGIN], ["B", BEGIN], ["C", BEGIN]]
    stay = world["placements"].iloc[[0] * 4].copy().reset_index(drop=True)
    stay["child_id"] = ["A", "B", "B", "C"]
    stay["home_id"] = ["h1", "h1", "h2", "h2"]
    stay["start_date"] = [day(-30), day(0), day(20), day(0)]
    stay["end_date"] = [pd.NaT, day(20), day(80), day(9)]
    home = world["homes"].iloc[[0, 0]].copy().reset_index(drop=True)
    home["home_id"], home["valid_from"], home["valid_to"] = ["h1", "h2"], day(-500), pd.NaT
    missing = world["missing_episodes"].iloc[[0] * 5].copy().reset_index(drop=True)
    missing["child_id"] = ["A", "A", "A", "B", "B"]
    missing["start_date"] = [day(5), day(48), day(60), day(15), day(30)]
    missing["end_date"] = [day(6), day(55), day(61), day(16), day(31)]
    missing["end_is_censored"], missing["sequence"], missing["hours_away"] = False, 0, 30.0
    return make_tables(
        {"children": child, "placements": stay, "homes": home, "missing_episodes": missing},
        observed_from=BEGIN,
        observed_to=day(100),
        all_residents=True,
        origin=world.origin,
    )


def errors(tables: Tables) -> list[str]:
    return [f.rule for f in check_tables(tables) if f.severity == "error"]


def test_a_record_is_cut_to_the_days_that_its_home_takes_part(tables: Tables) -> None:
    """Home 1 from day 10 to 50, home 2 from day 10 on."""
    spans = pd.DataFrame({"begin": [day(10), day(10)], "end": [day(50), day(100)]}, index=["h1", "h2"])
    cut = recorded_within(tables, spans)
    stays = cut["placements"].set_index(["child_id", "home_id"])
    assert [*stays.index] == [("A", "h1"), ("B", "h1"), ("B", "h2")]  # C was there before home 2 joined
    assert stays.loc[("A", "h1"), ["start_date", "end_date"]].tolist() == [day(10), day(50)]
    assert stays["start_is_truncated"].tolist() == [True, True, False]
    assert stays.loc[("B", "h2"), ["start_date", "end_date"]].tolist() == [day(20), day(80)]
    missing = cut["missing_episodes"].set_index(["child_id", "start_date"])
    # A's of day 5 came before, of day 60 after; of day 48 the return is not seen
    assert [*missing.index] == [("A", day(48)), ("B", day(15)), ("B", day(30))]
    assert missing.loc[("A", day(48)), "end_date"] == day(50)
    assert missing["end_is_censored"].tolist() == [True, False, False]
    assert pd.isna(missing.loc[("A", day(48)), "hours_away"])
    children = cut["children"].set_index("child_id")
    assert children["recorded_from"].to_dict() == {"A": day(10), "B": day(10)}
    homes = cut["homes"].set_index("home_id")
    assert homes["valid_from"].tolist() == [day(10), day(10)]
    assert homes["valid_to"].isna().tolist() == [False, True]
    assert errors(cut) == []


def test_a_look_knows_what_was_written_by_then_and_the_rest_goes_on(tables: Tables) -> None:
    seen = recorded_until(tables, 50)
    assert seen.observed_to == day(50)
    stays = seen["placements"].set_index(["child_id", "home_id"])
    assert stays["end_date"].isna().tolist() == [True, False, True, False]  # A's and B's second stay go on
    missing = seen["missing_episodes"].set_index(["child_id", "start_date"])
    assert [*missing.index] == [("A", day(5)), ("A", day(48)), ("B", day(15)), ("B", day(30))]
    assert pd.isna(missing.loc[("A", day(48)), "end_date"])  # still away
    assert not missing["end_is_censored"].any()
    assert seen["children"]["recorded_from"].tolist() == [BEGIN] * 3
    assert errors(seen) == []


def test_a_look_at_the_last_day_sees_all(tables: Tables) -> None:
    seen = recorded_until(tables, 100)
    for name in ("children", "placements", "missing_episodes", "homes"):
        pd.testing.assert_frame_equal(seen[name], tables[name])


def test_homes_join_evenly_and_leave_at_the_rate() -> None:
    """1,000 homes: half join by half the time; at a rate of 1 a year a share exp(-1) is still there after a year.

    Within four standard errors of a share of a thousand (6 %).
    """
    world = small_world(3, n_homes=2, days=366).tables
    homes = pd.concat([world["homes"].iloc[[0]].assign(home_id=f"h{i:04d}") for i in range(1000)], ignore_index=True)
    many = world.changed({"homes": homes})
    joined = drawn_spans(many, Recording(joining_days=200), seed=1)
    assert (joined["begin"] < world.observed_from + pd.Timedelta(days=100)).mean() == pytest.approx(0.5, abs=0.063)
    assert (joined["end"] == world.observed_to).all()
    left = drawn_spans(many, Recording(leaving_per_year=1.0), seed=1)
    assert (left["end"] == world.observed_to).mean() == pytest.approx(np.exp(-1), abs=0.061)
    assert (left["begin"] == world.observed_from).all()


def test_a_world_of_homes_that_come_and_go_keeps_the_contract() -> None:
    world = small_world(3, n_homes=8, days=200, recording={"joining_days": 90.0, "leaving_per_year": 1.0})
    assert errors(world.tables) == []
    assert len(world.tables["missing_episodes"]) < len(world.happened["missing_episodes"])
    assert not world.happened["placements"]["start_is_truncated"].any()
    assert world.tables["placements"]["start_is_truncated"].any()

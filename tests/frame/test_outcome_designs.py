"""The designs of the other outcomes, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from years import gone, home, stay
from years import year as year_of

from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.frame.outcomes.counts import counts_rows
from missingmodels.frame.outcomes.design import choose_terms
from missingmodels.frame.outcomes.episodes import home_episodes, return_rows, serious_rows
from missingmodels.frame.outcomes.interview import interview_rows
from missingmodels.frame.outcomes.joint import joint_rows
from missingmodels.frame.outcomes.recording import recording_rows, two_sources
from missingmodels.plan import Plan

PLAN = Plan()
STAYS = [stay("a", "h1"), stay("b", "h1"), stay("c", "h2")]


def year(stays, episodes=(), **more):
    """Observed from 28 days before 2023 on, so that the window, burn-in left out, is the year."""
    return year_of(stays, episodes, observed_from="2022-12-04", **more)


def column(rows, name):
    return rows.matrix[:, rows.names.index(name)]


def met(child, start, **more):
    return {"child_id": child, "episode_start_date": start, "sequence": 0} | more


# counts


def test_a_home_month_holds_its_episodes_and_resident_days():
    episodes = [gone("a", "2023-01-10"), gone("a", "2023-01-10", sequence=1), gone("b", "2023-03-02", "2023-03-05")]
    homes = [home("h1", sector="private", places=4), home("h2", sector="voluntary", places=3)]
    rows = counts_rows(year([*STAYS, stay("d", "h2", "2023-03-11", "2023-03-21")], episodes, homes=homes), PLAN)
    assert rows.y.size == 24  # two homes, twelve months
    h1 = rows.units["home"].index == rows.units["home"].ids.index("h1")
    assert rows.y[h1].tolist() == [2, 0, 1, *[0] * 9]
    assert rows.size[h1][:3].tolist() == [62, 56, 62]
    assert rows.size[~h1][:3].tolist() == [31, 28, 31 + 10]
    assert set(column(rows, "private_sector")[h1]) == {1.0}
    assert column(rows, "summer")[h1].tolist() == [0.0] * 5 + [1.0] * 3 + [0.0] * 4


def test_days_before_a_childs_record_begins_are_no_exposure():
    late = {"c": {"recorded_from": "2023-02-15"}}
    rows = counts_rows(year(STAYS, [gone("a", "2023-01-10")], children=late), PLAN)
    h2 = rows.units["home"].index == rows.units["home"].ids.index("h2")
    assert rows.size[h2][:2].tolist() == [14, 31]  # half of February, March; January has no row


# return


def test_days_of_an_episode_fall_into_bands_and_end_where_the_record_does():
    episodes = [
        gone("a", "2023-02-01"),  # back the same day
        gone("a", "2023-03-01", "2023-03-04"),  # on day 3
        gone("b", "2023-04-01", "2023-04-03", end_is_censored=True),  # seen away on days 0 and 1
        gone("c", "2023-12-29", None),  # open: away on 29, 30, 31 December
    ]
    rows = return_rows(year(STAYS, episodes), PLAN, ())
    assert rows.names == ("days_away[1]", "days_away[2-6]")  # no episode reaches the others
    per_band = {
        band: (int(rows.y[at].sum()), float(rows.size[at].sum()))
        for band, at in {
            "0": ~rows.matrix.any(axis=1),
            "1": column(rows, "days_away[1]") == 1,
            "2-6": column(rows, "days_away[2-6]") == 1,
        }.items()
    }
    assert per_band == {"0": (1, 4.0), "1": (0, 3.0), "2-6": (1, 3.0)}
    assert rows.facts == {"episodes": 4, "returns": 2, "right-censored": 2}


def test_a_return_after_the_window_is_not_known():
    short = year(STAYS, [gone("a", "2023-06-01"), gone("b", "2023-12-30", "2024-01-05")])
    assert return_rows(short, PLAN).facts["right-censored"] == 1


def test_help_received_is_an_interview_of_the_28_days_before_the_onset():
    episodes = [gone("a", day) for day in ("2023-02-01", "2023-02-10", "2023-04-01")]
    interviews = [met("a", "2023-02-01", interview_date="2023-02-03", offered=True)]
    found, _ = home_episodes(year(STAYS, episodes, interviews=interviews), PLAN)
    assert found["helped_before"].tolist() == [0.0, 1.0, 0.0]
    same_day = [met("a", "2023-02-01", interview_date="2023-02-10", offered=True)]
    found, _ = home_episodes(year(STAYS, episodes, interviews=same_day), PLAN)
    assert found["helped_before"].tolist() == [0.0, 0.0, 0.0]


def test_a_sanction_counts_for_the_next_episode():
    episodes = [
        gone("a", "2023-02-01", sanctioned=True),
        gone("a", "2023-02-10", sanctioned=False),
        gone("b", "2023-03-01"),
    ]
    found, _ = home_episodes(year(STAYS, episodes), PLAN)
    assert found["sanctioned_before"].tolist() == [0.0, 1.0, 0.0]


def test_age_is_that_at_the_start_of_the_period_as_in_the_onset_model():
    """Born 1 June 2009. Periods of 28 days begin on 4 December 2022; 10 March 2023 lies in that of 26 February."""
    found, _ = home_episodes(year(STAYS, [gone("a", "2023-03-10"), gone("a", "2023-03-26")]), PLAN)
    starts = pd.to_datetime(["2023-02-26", "2023-03-26"])
    assert found["age_years"].to_numpy() == pytest.approx((starts - pd.Timestamp("2009-06-01")).days / 365.25)


# serious


def test_episodes_that_do_not_say_are_left_out_and_told():
    episodes = [gone("a", "2023-02-01", serious=True), gone("a", "2023-03-01", serious=False), gone("b", "2023-04-01")]
    rows = serious_rows(year(STAYS, episodes), PLAN)
    assert rows.facts == {"episodes": 2, "serious": 1}
    assert "1 episodes do not say" in rows.notes[-1]


@pytest.mark.parametrize("flags", [[None, None], [True, True]])
def test_harm_without_record_or_contrast_is_refused(flags):
    episodes = [gone("a", f"2023-0{2 + i}-01", serious=flag) for i, flag in enumerate(flags)]
    with pytest.raises(CannotAnswer):
        serious_rows(year(STAYS, episodes), PLAN)


# interview


def test_an_interview_counts_from_the_day_after_it_was_held_to_the_next_onset():
    episodes = [gone("a", "2023-02-01", "2023-02-03"), gone("a", "2023-02-20")]
    interviews = [met("a", "2023-02-01", offered=True, interview_date="2023-02-06", within_72h=False, quality=0.5)]
    rows = interview_rows(year(STAYS, episodes, interviews=interviews), PLAN, ("offered", "held", "held_quality"))
    held = column(rows, "held") == 1
    # 7 to 20 February, the onset on the last counting half
    assert rows.size[held].sum() == 13.5
    assert rows.y[held].sum() == 1
    assert (column(rows, "held_quality")[held] == 0.5).all()
    # from the return on 3 February (half a day) on; the second return had no offer
    offered = column(rows, "offered") == 1
    assert rows.size[offered].sum() == 0.5 + 16 + 0.5


def test_an_interview_acts_no_longer_than_asked():
    interviews = [met("a", "2023-02-01", offered=True, interview_date="2023-02-03")]
    tables = year(STAYS, [gone("a", "2023-02-01")], interviews=interviews)
    rows = interview_rows(tables, PLAN, effect_days=5)
    assert rows.size[column(rows, "held") == 1].sum() == 5


def test_a_return_on_the_day_of_onset_is_not_known_before_it():
    """Else every onset with a same-day return would fall into the first days since a return."""
    interviews = [met("a", "2023-02-01", offered=True, interview_date="2023-02-03")]
    rows = interview_rows(year(STAYS, [gone("a", "2023-02-01")], interviews=interviews), PLAN)
    first_week = column(rows, "since_return[0-7]") == 1
    assert rows.y[first_week].sum() == 0
    assert rows.y[~rows.matrix.any(axis=1)].sum() == 1
    assert rows.size[first_week].sum() == 7  # 2 to 8 February


def test_without_interviews_there_is_nothing_to_say():
    with pytest.raises(CannotAnswer, match="interview"):
        interview_rows(year(STAYS, [gone("a", "2023-02-01")]), PLAN)


# joint


def test_home_days_of_one_kind_are_added_up():
    episodes = [gone("a", "2023-05-01"), gone("b", "2023-05-01"), gone("a", "2023-09-04")]
    rows = joint_rows(year(STAYS, episodes), PLAN)
    assert rows.further["home_days"].sum() == 2 * 365
    assert rows.y.sum() == 3
    assert rows.further["extra"].sum() == 1
    assert rows.facts["home-days with two or more"] == 1
    days = rows.further["home_days"][rows.further["kind"]]
    child = np.array(rows.units["child"].ids)[rows.units["child"].index]
    assert {name: int(days[child == name].sum()) for name in "abc"} == {"a": 365, "b": 365, "c": 365}
    # 2 to 8 May, and 5 to 11 September
    assert days[(child == "a") & (column(rows, "own_1_7") == 1)].sum() == 14
    assert days[(child == "b") & (column(rows, "peer_presence") == 1)].sum() == 14
    assert rows.further["home_days"].size < 60


def exposed_days(rows, name):
    """Days at risk of all residents on which a column is 1."""
    return int(rows.further["home_days"][rows.further["kind"]][column(rows, name) == 1].sum())


@pytest.mark.parametrize(("window_days", "days"), [(7, 14 + 13), (14, 22 + 20)])
def test_peers_of_joint_departures_are_recent_for_as_long_as_the_plan_says(window_days, days):
    """Specification, section 3: an onset on one of the days d - w … d - 1.

    h1 holds a and b; c lives alone. a leaves on 1 and 11 March, back the same day, b from 20 to 23 March and on
    25 December. w = 7: b beside a on 2-8 and 12-18 March, 14 days; a beside b on 21-27 March and 26-31 December, where
    the record ends, 7 + 6. w = 14: b on 2-25 March without the 21st and 22nd, on which b is not at risk, 24 - 2; a on
    21 March to 3 April and 26-31 December, 14 + 6.
    """
    episodes = [gone("a", "2023-03-01"), gone("a", "2023-03-11"), gone("b", "2023-03-20", "2023-03-23")]
    tables = year(STAYS, [*episodes, gone("b", "2023-12-25")])
    rows = joint_rows(tables, Plan(exposure={"window_days": window_days}), ("peer_presence",))
    assert exposed_days(rows, "peer_presence") == days


@pytest.mark.parametrize("window_days", [7, 14])
def test_a_peer_whose_record_begins_late_is_unseen_to_joint_departures(window_days):
    """d comes on 1 June with a record that begins on the 11th: what d does on the first ten days would count for a and
    b until w days later, from the second day on. d's own history is unknown on 28 days."""
    tables = year([*STAYS, stay("d", "h1", "2023-06-01")], [gone("a", "2023-09-01"), gone("b", "2023-09-01")],
                  children={"d": {"recorded_from": "2023-06-11"}})  # fmt: skip
    rows = joint_rows(tables, Plan(exposure={"window_days": window_days}))
    assert exposed_days(rows, "peers_unseen") == 2 * (9 + window_days)
    assert exposed_days(rows, "history_unknown") == 28
    # by who lives there, whatever d did before w days of record counts
    rows = joint_rows(tables, Plan(exposure={"window_days": window_days, "witnessed": False}))
    assert exposed_days(rows, "peers_unseen") == 2 * (10 + window_days)
    # one whose record begins on arrival hides nothing that a and b were there to see
    tables = year([*STAYS, stay("d", "h1", "2023-06-01")], [gone("a", "2023-09-01"), gone("b", "2023-09-01")],
                  children={"d": {"recorded_from": "2023-06-01"}})  # fmt: skip
    rows = joint_rows(tables, Plan(exposure={"window_days": window_days}))
    assert "peers_unseen" not in rows.names


def test_periods_of_joint_departures_are_the_plans():
    tables = year(STAYS, [gone("a", "2023-05-01"), gone("b", "2023-05-01")])
    for period_days, periods in ((28, 14), (91, 5)):  # of 28 + 365 days, the first 28 before the window
        rows = joint_rows(tables, Plan(frame={"period_days": period_days}), ())
        of_h1 = np.array(rows.units["home"].ids)[rows.units["home"].index] == "h1"
        assert np.unique(rows.units["period"].index[of_h1]).size == periods


def test_a_resident_who_is_away_makes_another_kind_of_day():
    rows = joint_rows(year(STAYS, [gone("a", "2023-05-01", "2023-05-03")]), PLAN, ())
    h1 = np.array(rows.units["home"].ids)[rows.units["home"].index] == "h1"
    half = rows.size == 0.5
    assert rows.further["home_days"][rows.further["kind"]][h1 & half].tolist() == [1]  # the return day
    members = np.bincount(rows.further["kind"][h1], minlength=rows.further["home_days"].size)
    assert rows.further["home_days"][members == 1].tolist() == [1]  # 2 May, b alone


def test_three_who_leave_together_are_two_beyond_the_first():
    episodes = [gone(child, "2023-05-01") for child in "abd"]
    rows = joint_rows(year([*STAYS, stay("d", "h1")], episodes), PLAN)
    assert rows.further["extra"].sum() == 2
    assert rows.facts["home-days with two or more"] == 1


# recording


def sources(a, b, **more):
    return year(STAYS, a, **more), year(STAYS, b, **more)


def test_episodes_are_linked_by_child_and_day_nearest_first():
    a, b = sources(
        [gone("a", "2023-02-01"), gone("a", "2023-02-03"), gone("b", "2023-03-01"), gone("c", "2023-05-01")],
        [gone("a", "2023-02-02"), gone("a", "2023-02-03"), gone("b", "2023-03-03"), gone("b", "2023-06-01")],
    )
    found = two_sources(a, b, tolerance_days=1).episodes
    assert list(zip(found["child_id"], found["in_a"], found["in_b"], found["apart_days"], strict=True)) == [
        ("a", True, True, 1),
        ("a", True, True, 0),
        ("b", True, False, 0),
        ("b", False, True, 0),
        ("b", False, True, 0),
        ("c", True, False, 0),
    ]
    assert two_sources(a, b, tolerance_days=2).episodes["in_a"].sum() == 4
    wide = two_sources(a, b, tolerance_days=2).episodes
    assert (wide["in_a"] & wide["in_b"]).sum() == 3


def test_no_episode_is_linked_twice():
    a, b = sources([gone("a", "2023-02-01"), gone("a", "2023-02-02")], [gone("a", "2023-02-01")])
    found = two_sources(a, b).episodes
    assert found[["in_a", "in_b"]].to_numpy().tolist() == [[True, True], [True, False]]


def test_cells_hold_what_each_source_has():
    a, b = sources(
        [gone("a", "2023-02-01"), gone("b", "2023-03-01"), gone("c", "2023-05-01")],
        [gone("a", "2023-02-01"), gone("c", "2023-07-01")],
        children={"b": {"authority": "A2"}},
    )
    rows = recording_rows(a, PLAN, other=b)
    cells = {
        (rows.units["home"].ids[h], rows.units["authority"].ids[t]): (int(x), int(y), int(z), float(n))
        for h, t, x, y, z, n in zip(
            rows.units["home"].index,
            rows.units["authority"].index,
            rows.further["both"],
            rows.further["only_a"],
            rows.further["only_b"],
            rows.size,
            strict=True,
        )
    }
    assert cells == {("h1", "A1"): (1, 0, 0, 365), ("h1", "A2"): (0, 1, 0, 365), ("h2", "A1"): (0, 1, 1, 365)}


def test_records_that_share_nothing_are_refused():
    a, b = sources([gone("a", "2023-02-01")], [gone("a", "2023-04-01")])
    with pytest.raises(CannotAnswer, match="both sources"):
        recording_rows(a, PLAN, other=b)
    apart = year([stay("z", "h1")], [gone("z", "2023-02-01")])
    with pytest.raises(CannotAnswer, match="share no child"):
        two_sources(a, apart)
    with pytest.raises(ConfigInvalid):
        two_sources(a, b, tolerance_days=-1)


# terms


def test_terms_that_cannot_be_held_are_left_out_or_refused():
    held = {"x": np.array([0.0, 1.0, np.nan]), "flat": np.ones(3), "lost": np.full(3, np.nan)}
    found = choose_terms(held, None, ("x", "flat", "lost"), unit="rows")
    assert found.names == ("x",)
    assert found.keep.tolist() == [True, True, False]
    assert len(found.notes) == 3
    with pytest.raises(CannotAnswer, match="lost is unrecorded"):
        choose_terms(held, ("lost",), ("x",), unit="rows")
    with pytest.raises(ConfigInvalid, match="known terms: x"):
        choose_terms({"x": held["x"]}, ("y",), ("x",), unit="rows")


@pytest.mark.parametrize("build", [counts_rows, return_rows, serious_rows, joint_rows])
def test_no_episode_at_all_is_refused(build):
    with pytest.raises(CannotAnswer):
        build(year(STAYS), PLAN)


def test_order_of_rows_does_not_matter():
    episodes = [gone("a", "2023-02-01", "2023-02-03"), gone("b", "2023-02-01"), gone("c", "2023-04-01", "2023-04-09")]
    one, other = year(STAYS, episodes), year(STAYS[::-1], episodes[::-1])
    for build in (counts_rows, return_rows, joint_rows):
        left, right = build(one, PLAN), build(other, PLAN)
        for name in ("matrix", "y"):
            pd.testing.assert_frame_equal(pd.DataFrame(getattr(left, name)), pd.DataFrame(getattr(right, name)))

"""Columns of one's own, measures and events, worked by hand; and no column of a day reads that day or later."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.frame.columns.facts import fact_columns
from missingmodels.frame.columns.library import COLUMNS
from missingmodels.frame.columns.of_peers.peers import peer_columns
from missingmodels.frame.columns.own import own_columns
from missingmodels.frame.columns.structure import MIX, mix_measures, staff_measures
from missingmodels.frame.columns.told import tables_behind
from missingmodels.frame.design import build_design
from missingmodels.frame.forward import FOLLOWING
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows, columns_behind, model_terms
from missingmodels.plan import EXPOSURES, OUTSIDE, STRUCTURE, Frame
from missingmodels.tables import Tables
from missingmodels.vocabulary import QUANTITIES, column_label
from own_cases import DAYS, by_day, date, days_of, with_own
from worlds import day_rows, plan_of


@pytest.fixture(scope="module")
def tables() -> Tables:
    return with_own()


@pytest.fixture(scope="module")
def days(tables: Tables):
    return days_of(tables, frame=with_holidays(tables))


def with_holidays(tables: Tables) -> Frame:
    """The plan's frame with a calendar, which one of the columns reads."""
    start = tables.observed_from.date()
    return Frame(school_holidays={"all": ((start, start + dt.timedelta(days=9)), (dt.date(2099, 1, 1),) * 2)})


def fact(days, name):
    return fact_columns(days, [name])[name]


def nan_equal(one, other):
    return math.isclose(one, other, abs_tol=1e-12) or (math.isnan(one) and math.isnan(other))


def test_columns_of_the_tables_by_hand(days):
    made = {name: make(days) for name, make in COLUMNS.items()}
    assert by_day(days, made["in_education"], "ben")[30] == 0
    assert by_day(days, made["prior_missing"], "dan")[30] == 1
    assert by_day(days, made["ethnicity"], "cat")[30] == "BCRB"
    assert list(made["ethnicity"].categories) == ["WBRI", "BCRB", "unrecorded"]
    assert math.isnan(by_day(days, made["well_matched"], "cat")[49])
    assert by_day(days, made["well_matched"], "cat")[50] == 0
    assert by_day(days, made["distance_miles"], "dan")[3] == 40
    places = by_day(days, made["places"], "ann")  # changes on day 40, told from the next period on
    assert [places[day] for day in (0, 39, 40, 55, 56)] == [4, 4, 4, 4, 3]
    assert by_day(days, made["sector"], "dan")[0] == "local_authority"
    past = by_day(days, made["past_episodes"], "cat")
    assert [past[day] for day in (0, 27, 28, 55, 56, 99)] == [0, 0, 1, 1, 2, 3]
    away = by_day(days, made["concurrent_missing"], "ann")  # ben is out from 33, back on 35; cat from 45 to 47, in A
    assert [away[day] for day in (33, 34, 35, 36, 45, 46, 47, 48, 70, 71)] == [0, 1, 1, 0, 0, 1, 1, 0, 0, 0]
    change = by_day(days, made["social_worker_change"], "ann")
    assert [change[day] for day in (34, 35, 36, 99)] == [0, 0, 1, 1]
    assert by_day(days, made["social_worker_change"], "ben")[50] == 0
    assert math.isnan(by_day(days, made["social_worker_change"], "dan")[50])
    interview = by_day(days, made["recent_interview"], "ann")
    # she left again on day 41, so that the interview of day 35 acts no longer
    assert [interview[day] for day in (35, 36, 41, 42, 46, 47, 74, 75)] == [0, 0.5, 0.5, 0, 0, 0.75, 0.75, 0]
    sanction = by_day(days, made["recent_sanction"], "ben")  # gone on days 33 and 60, back on 35 and 62
    assert [sanction[day] for day in (35, 36, 60, 61, 62, 63, 90, 91)] == [0, 1, 1, 0, 0, 1, 1, 0]
    vacant = by_day(days, made["manager_absent"], "ben")
    assert [vacant[day] for day in (39, 40, 41, 50, 51)] == [0, 0, 1, 1, 0]
    assert math.isnan(by_day(days, made["manager_absent"], "dan")[50])
    evening = by_day(days, made["friday_saturday"], "ann")  # 1 January 2024 was a Monday
    assert [evening[day] for day in range(7)] == [0, 0, 0, 0, 1, 1, 0]
    agency = by_day(days, made["agency_on_shift"], "ann")
    assert [agency[day] for day in (3, 24, 25, 26)] == [1 / 2, 1 / 3, 0, 0]
    known = by_day(
        days, made["known_staff_on_shift"], "ann"
    )  # s1 daily from day 0; s2 on even days from 20; x1 on thirds
    assert math.isnan(known[27])
    # ann is out from 30, back on 32: she misses s1 on 31; s2's tenth day with her is 38, x1's is 27
    assert [known[day] for day in (28, 29, 40, 42)] == [1 / 2, 1, 1, 1]
    fresh = by_day(days, made["new_staff_on_shift"], "ben")  # s2 came on day 20, x1 is of an agency
    assert [fresh[day] for day in (1, 3, 24, 26)] == [0, 1 / 2, 2 / 3, 1 / 2]


def test_own_columns_by_hand(days):
    made = own_columns(days, ["adhd", "reason", "staff_trained", "male"])
    assert set(made) == {"adhd", "reason", "staff_trained"}
    assert by_day(days, made["adhd"], "ann")[5] == 1
    assert math.isnan(by_day(days, made["adhd"], "cat")[5])
    assert [by_day(days, made["reason"], "cat")[day] for day in (49, 50)] == ["planned", "return"]
    assert list(made["reason"].categories) == ["planned", "crisis", "return"]
    trained = by_day(days, made["staff_trained"], "ann")
    assert [trained[day] for day in (0, 40, 55, 56)] == [0.2, 0.2, 0.2, 0.6]


MEASURED = [
    # a share of a month, told on day 29, acts from day 30 and until the next is known
    ("measure(attendance)", "ann", {29: np.nan, 30: 0.8, 57: 0.8, 58: 0.4, 99: 0.4}),
    ("measure(attendance, lag=7)", "ann", {35: np.nan, 36: 0.8, 63: 0.8, 64: 0.4}),
    ("measure(attendance, days=10)", "ann", {30: 0.8, 39: 0.8, 40: np.nan, 57: np.nan, 58: 0.4}),
    # of a home: of whoever lives there
    ("measure(climate)", "cat", {10: np.nan, 11: 6.0, 49: 6.0, 50: 3.0, 99: 3.0}),
    ("measure(climate)", "ann", {62: 6.0, 63: 8.0}),
    ('measure(climate, part="between")', "ann", {20: np.nan, 28: 6.0, 83: 6.0, 84: 20 / 3}),
    ('measure(climate, part="within")', "ann", {30: 0.0, 62: 0.0, 63: 2.0, 84: 4 / 3}),
    # a state that ended on day 40, which was known then
    ("measure(grade)", "cat", {10: np.nan, 11: 3.0, 40: 3.0, 41: np.nan}),
    ("measure(grade)", "dan", {11: 1.0, 99: 1.0}),
    # of a child in one home
    ("measure(belonging)", "cat", {1: 2.0, 49: 2.0, 50: np.nan, 55: np.nan, 56: 5.0}),
    # of a child and an adult: the mean over adults, or over those on shift (s2 works on even days)
    ("measure(trusts)", "ann", {1: 0.0, 30: 0.0, 31: 0.5}),
    ('measure(trusts, who="on_shift")', "ann", {30: 0.0, 31: 0.0, 32: 0.5, 33: 0.0}),
    # of adults: of those on shift
    ("measure(engaged)", "ben", {18: 1.0, 22: 0.5, 23: 1.0}),
    ("measure(support)", "dan", {0: np.nan, 1: 2.0, 50: 2.0, 51: 4.0}),
    ("event(conflict, 1, 3)", "ann", {31: 0, 32: 1, 35: 1, 36: 0}),
    ("event_count(conflict, 1, 3)", "ann", {31: 0, 32: 1, 33: 2, 34: 2, 35: 1, 36: 0}),
    ("event(conflict, 2, 2)", "ben", {32: 0, 33: 1, 34: 1, 35: 0}),
    ("event(conflict, 1, 28)", "cat", {49: 1, 50: 0, 55: 0, 56: 1}),  # of the home lived in today
    ("event(police, 1, 7)", "ann", {0: 1, 4: 1, 5: 0, 40: 0, 41: 1, 47: 1, 48: 0}),
    # ann had the police on day 40, cat twice on day 49 in A; ann and ben stay in A, cat goes to B on day 50
    ("peers(police, 1, 7)", "ben", {40: 0, 41: 1, 47: 1, 48: 0, 49: 0, 50: 0}),
    ("peers(police, 1, 7)", "dan", {49: 0, 50: 1, 56: 1, 57: 0}),
    ('peers(police, 2, 3, how="density")', "ben", {41: 0, 42: 0.5, 43: 0.5, 44: 0}),
    ('peers(police, 1, 3, how="network")', "ben", {41: 1.0, 44: 0}),
    ('peers(missing, 1, 7, how="count")', "ben", {30: 0, 31: 1, 37: 1, 38: 0, 46: 2, 48: 2, 49: 1}),
    ("event_count(police, 1, 7)", "cat", {49: 0, 50: 2, 56: 2, 57: 0}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "child", "expected"), MEASURED)
def test_facts_by_hand(days, name, child, expected):
    found = by_day(days, fact(days, name), child)
    assert all(nan_equal(found[day], value) for day, value in expected.items()), {d: found[d] for d in expected}


def test_an_adult_who_left_by_hand(tables):
    """m1 leaves A on day 40, where cat trusts them and ben does not; s4 goes on from day 60 in another contract.

    cat lives in A until day 50; dan has no adult on record, so nothing is known of his.
    """
    spells, measures = tables["staff_spells"], tables["measures"]
    again = spells.iloc[[0, 0]].assign(
        staff_id="s4", start_date=[date(-90), date(60)], end_date=pd.to_datetime([date(60), None])
    )
    trust = measures[(measures["name"] == "trusts") & (measures["staff_id"] == "s2")]
    said = [("cat", "m1", 10, 1.0), ("ben", "m1", 5, 0.0), ("ben", "s4", 5, 1.0)]
    more = pd.concat(
        trust.assign(child_id=child, staff_id=staff, start_date=date(day), known_date=date(day), value=value)
        for child, staff, day, value in said
    )
    held = tables.changed(
        {
            "staff_spells": pd.concat([spells, again], ignore_index=True),
            "measures": pd.concat([measures, more], ignore_index=True),
        }
    )
    days = days_of(held)
    name = 'measure(trusts, who="left")'
    cat = by_day(days, fact(days, name), "cat")
    expected = {10: np.nan, 11: 0, 39: 0, 40: 0, 41: 1, 49: 1, 50: 0, 99: 0}
    assert all(nan_equal(cat[day], value) for day, value in expected.items()), cat
    assert {by_day(days, fact(days, name), "ben")[day] for day in (6, 40, 41, 60, 61, 99)} == {0.0}
    assert all(math.isnan(value) for value in by_day(days, fact(days, name), "dan").values())
    short = by_day(days, fact(days, 'measure(trusts, days=3, who="left")'), "cat")
    assert [short[day] for day in (40, 41, 43, 44)] == [0, 1, 1, 0]
    plan = plan_of(terms={"vulnerability": name})
    label = column_label(name, build_rows(held, days.risk, plan).told)
    assert label == "the child trusts the adult, above 0 with an adult who left the home in the 28 days before"
    assert tables_behind(name) == {"measures", "staff_spells"}


def test_a_fact_is_called_in_one_way(days):
    name = "event(conflict, 1, 3)"
    assert plan_of(contrast={"event(conflict,last=3,first=1)": [0, 1]}).contrast == {name: (0, 1)}
    assert column_label(name, build_rows_told(days)) == "a conflict in the home (1 to 3 days before)"


def build_rows_told(days):
    plan = plan_of(terms={"vulnerability": "event(conflict, 1, 3)"})
    return build_rows(days.tables, days.risk, plan).told


@pytest.mark.parametrize(
    ("formula", "kind", "words"),
    [
        ("event(conflikt, 1, 3)", ConfigInvalid, "hold no conflikt"),
        ('event(conflict, 1, 3, of="child")', ConfigInvalid, "no conflict of a child"),
        ("measure(conflict)", ConfigInvalid, "hold no conflict"),
        ("event(police, 1, 60)", ConfigInvalid, "longer than frame.burn_in_days"),
        ('measure(climate, who="on_shift")', ConfigInvalid, "only values of staff"),
        ('measure(engaged, who="left")', ConfigInvalid, "only values of a child with staff"),
        ('measure(grade, part="within")', ConfigInvalid, "only a value of homes"),
        ("event(conflict, 90, 95)", ConfigInvalid, "longer than"),
        ("adhd + colour", ConfigInvalid, "'colour', which no column gives"),
        ("adhd + `os.system('x')`", ConfigInvalid, "which no column gives"),
        ("adhd + `event(conflict`", ConfigInvalid, "which no column gives"),
        ("adhd + climate", ConfigInvalid, r"did you mean 'measure\(climate\)'"),
        ("adhd + conflict", ConfigInvalid, r"did you mean 'event\(conflict, 1, 7\)'"),
    ],
)
def test_what_no_column_gives_is_said(tables, formula, kind, words):
    plan = plan_of(terms={"vulnerability": formula})
    with pytest.raises(kind, match=words):
        build_rows(tables, build_risk_set(tables, plan.frame), plan)


def test_a_column_that_does_not_tell_is_an_error_where_a_formula_uses_it(tables):
    plan = plan_of(terms={"vulnerability": "adhd + reason"})
    risk = build_risk_set(tables, plan.frame)
    same = tables["children"].assign(adhd=True)
    with pytest.raises(CannotAnswer, match=r"adhd .* is True wherever"):
        build_rows(tables.changed({"children": same}), risk, plan)
    fewer = tables["placements"].assign(reason=tables["placements"]["reason"].replace("return", "crisis"))
    with pytest.raises(CannotAnswer, match="never has the level return"):
        build_rows(tables.changed({"placements": fewer}), risk, plan)


ALL_FACTS = sorted({name for name, _, _ in MEASURED})


def everything(tables: Tables) -> dict[str, np.ndarray]:
    """(C, D) of every column that a formula may name and structure is made of, NaN in no home."""
    days = days_of(tables, frame=with_holidays(tables))
    plan = plan_of(exposure={"primary": "peer_kernel", "beside": [*EXPOSURES[:4]], "outside": "outside_presence"})
    needed = {*EXPOSURES, *OUTSIDE, "no_peers", "peers_unseen", "kernel_unseen", "no_outside_ties", "outside_unseen"}
    columns = {name: make(days) for name, make in COLUMNS.items()}
    columns |= own_columns(days, ["adhd", "reason", "staff_trained"])
    columns |= fact_columns(days, ALL_FACTS)
    columns |= peer_columns(tables, days.risk, plan, days.child, days.day, needed)
    columns |= {name: days.taken(grid) for name, grid in mix_measures(tables, days.risk).items()}
    columns |= {name: grid[days.home, days.period] for name, grid in staff_measures(tables, days.risk).items()}
    out = {}
    for name, values in columns.items():
        if isinstance(values, pd.Categorical):  # which level stands first is no matter of one day
            values = [sum(map(ord, level)) for level in values.astype(str)]
        out[name] = np.full(days.risk.residence.shape, np.nan)
        out[name][days.child, days.day] = values
    return out


def cut(tables: Tables, today: int) -> Tables:
    """The same up to yesterday, and something else from today on; who lives where, and today's rota, stay."""
    now = date(today)
    frames = {}
    episodes = tables["missing_episodes"]
    kept = episodes[episodes["start_date"] < now].copy()
    # who had not come back by today comes back a week later than he did
    kept["end_date"] = kept["end_date"].where(kept["end_date"] < now, kept["end_date"] + pd.Timedelta(days=7))
    more = episodes.iloc[:2].assign(start_date=now, end_date=now + pd.Timedelta(days=1), child_id=["dan", "ben"])
    frames["missing_episodes"] = pd.concat([kept, more])
    measures = tables["measures"]
    late = measures["known_date"] >= now
    frames["measures"] = measures.assign(
        value=measures["value"].where(~late, 99.0),
        end_date=measures["end_date"].where(measures["end_date"] < now, now + pd.Timedelta(days=50)),
    )
    events = tables["events"]
    more = events.iloc[[0, 3]].assign(day=now, sequence=7)
    frames["events"] = pd.concat([events[events["day"] < now], more])
    for name, start in (
        ("social_worker_spells", "start_date"),
        ("staff_spells", "start_date"),
        ("homes", "valid_from"),
    ):
        frames[name] = tables[name][tables[name][start] < now]
    interviews = tables["interviews"]
    frames["interviews"] = interviews.assign(
        quality=interviews["quality"].where(interviews["interview_date"] < now, 1.0)
    )
    shifts = tables["staff_shifts"]
    frames["staff_shifts"] = shifts[shifts["start_time"] < now + pd.Timedelta(days=1)]
    periods = tables["staff_periods"]
    frames["staff_periods"] = periods[periods["end_date"] <= now]
    return dataclasses.replace(tables, frames={**tables.frames, **frames})


@pytest.mark.parametrize("today", [34, 47, 56, 63, 84])
def test_no_column_of_a_day_reads_what_comes(tables, today):
    """The whole register: what is perturbed from today on leaves every column up to today as it was."""
    was, now = everything(tables), everything(cut(tables, today))
    assert set(was) >= {*COLUMNS, *ALL_FACTS, *EXPOSURES, *OUTSIDE, *MIX, "staff_ratio", "turnover", "agency_share"}
    for name, values in was.items():
        upto = values[:, : today + 1]
        assert np.array_equal(upto, now[name][:, : today + 1], equal_nan=True), name
    moved = [name for name, values in was.items() if not np.array_equal(values, now[name], equal_nan=True)]
    assert len(moved) > 15, moved  # the perturbation is one


def test_every_column_stands_in_the_register(tables):
    assert set(COLUMNS) <= set(QUANTITIES)
    assert all(QUANTITIES[name].needs for name in COLUMNS)
    assert set(STRUCTURE) <= set(QUANTITIES)


def test_a_column_of_ones_own_may_blunt_the_peers_effect(tables):
    plan = plan_of(exposure={"modified_by": "adhd", "beside": []}, models=["M0", "M1"], terms={"structure": []})
    risk = build_risk_set(tables, plan.frame)
    rows_ = build_rows(tables, risk, plan)
    design = build_design(rows_, model_terms(plan, "M1"))
    assert {"adhd", "peer_presence", "peer_presence:adhd"} <= set(design.names)
    product = design.column("peer_presence") * design.column("adhd")
    np.testing.assert_array_equal(design.column("peer_presence:adhd"), product)
    assert "adhd" not in build_design(rows_, model_terms(plan, "M0")).names
    assert plan_of(contrast={"peer_presence:adhd": [0, 1]}, models=["M0", "M1"]).contrast


def test_columns_that_follow_from_episodes_are_not_held_while_episodes_move():
    assert {
        "past_episodes", "concurrent_missing", "outside_recent", "authority_recent", "recent_interview",
        "recent_sanction",
    } == FOLLOWING  # fmt: skip


def test_rows_of_own_columns_are_the_days_added_up(tables):
    formula = (
        "adhd + reason + staff_trained + in_education + past_episodes + event(conflict, 1, 3) + measure(climate)"
        " + concurrent_missing + adhd:event(police, 1, 7)"
    )
    plan = plan_of(terms={"vulnerability": formula, "structure": []}, models=["M0", "M1"])
    risk = build_risk_set(tables, plan.frame)
    designs = [
        build_design(rows, model_terms(plan, "M1"))
        for rows in (build_rows(tables, risk, plan), day_rows(tables, risk, plan))
    ]
    assert designs[0].onsets.size < designs[1].onsets.size / 2
    for at, name in enumerate(designs[0].names):
        sums = [np.bincount(one.child, one.days * one.matrix[:, at]) for one in designs]
        np.testing.assert_allclose(sums[0], sums[1], err_msg=name)
        np.testing.assert_allclose(*(one.onsets @ one.matrix[:, at] for one in designs))
    assert columns_behind("measure(climate)_unrecorded") == {"measure(climate)_unrecorded"}
    assert {
        "adhd",
        "adhd_unrecorded",
        "measure(climate)_unrecorded",
        "reason[crisis]",
        "reason[return]",
        "adhd:event(police, 1, 7)",
    } <= set(designs[0].names)
    assert risk.days == DAYS

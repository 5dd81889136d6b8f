"""Any event as outcome, and as what a peer exposes by: over which days, by which weight, witnessed or not. By hand."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from missingmodels.config import from_mapping
from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.frame.columns.facts import fact_columns
from missingmodels.frame.columns.happened import happened
from missingmodels.frame.columns.library import COLUMNS
from missingmodels.frame.columns.told import asked_of
from missingmodels.frame.daily import daily_design
from missingmodels.frame.outcomes.counts import counts_rows
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows
from missingmodels.plan import Exposure, Frame, Plan
from missingmodels.tables import Tables
from missingmodels.vocabulary import defined, subject, worded
from own_cases import CHILDREN, base, by_day, date, days_of, rows

ANN, BEN, CAT, DAN = range(4)
RESTRAINED = (
    ("ann", "A", 35), ("cat", "A", 35), ("ann", "A", 42), ("ben", None, 43), ("cat", "A", 50), ("dan", "B", 55),
    (None, "A", 60),
)  # fmt: skip


@cache
def tables(recorded_from: str = "") -> Tables:
    """Restraints, and a girl of another age and boys among the children."""
    people = base()["children"].copy()
    people["sex"] = ["F", "M", "F", "M"]
    people.loc[people["child_id"] == "ann", "birth_date"] = pd.Timestamp("2007-05-01")
    held = rows("kind child_id home_id day", *(("restraint", who, home, date(day)) for who, home, day in RESTRAINED))
    declare = {"restraint": {"meaning": "a restraint", **({"recorded_from": recorded_from} if recorded_from else {})}}
    return base().changed({"children": people}).with_events(held, declare=declare)


OUTCOME = Frame(outcome="restraint")


def test_the_outcome_may_be_any_event_of_a_child() -> None:
    risk = build_risk_set(tables(), OUTCOME)
    assert risk.child_ids == CHILDREN
    found = {(risk.child_ids[child], int(day)) for child, day in np.argwhere(risk.onset)}
    assert found == {("ann", 35), ("cat", 35), ("ben", 43), ("cat", 50), ("dan", 55)}  # ann is missing on day 42
    assert {(int(child), int(day)) for child, day in np.argwhere(risk.joint)} == {(ANN, 35), (CAT, 35)}
    assert risk.home_ids[risk.residence[CAT, 50]] == "A"  # on a moving day it belongs to the home left, as onsets do
    assert risk.days_at_risk[ANN, 30:34].tolist() == [1, 0, 0.5, 1]  # missing on 30 to 32: on no other day
    assert np.flatnonzero(risk.missing[ANN]).tolist() == [30, 41, 80]
    assert risk.notes["episodes in the tables"] == 7
    assert risk.notes["episodes of a home alone, which name no child"] == 1
    assert risk.notes["onsets"] == 5
    dropped = build_risk_set(tables(), OUTCOME.model_copy(update={"boundary": "drop"}))
    assert (dropped.days_at_risk[CAT, 50], dropped.onset[CAT].sum()) == (0, 1)


def test_nobody_is_at_risk_before_the_event_was_recorded() -> None:
    risk = build_risk_set(tables("2024-02-10"), OUTCOME)  # day 40
    assert not risk.days_at_risk[:, :40].any()
    assert risk.days_at_risk[BEN, 40] == 1
    assert risk.known_days[BEN, 38:43].tolist() == [0, 0, 0, 1, 2]
    assert not risk.onset[:, :40].any()


def test_history_is_of_the_outcome_and_what_speaks_of_missing_stays_so() -> None:
    days, of_missing = days_of(tables(), frame=OUTCOME), days_of(tables())
    own = by_day(days, COLUMNS["own_1_7"](days), "ann")
    assert [day for day, held in own.items() if held] == [*range(36, 50)]  # after 35 and, though missing, after 42
    past, before = (by_day(each, COLUMNS["past_episodes"](each), "ann") for each in (days, of_missing))
    assert past == before
    lately = fact_columns(of_missing, ["event(missing, 1, 7)"])["event(missing, 1, 7)"]
    np.testing.assert_array_equal(lately, COLUMNS["own_1_7"](of_missing))
    name = 'event(restraint, 1, 7, of="child")'
    assert by_day(days, fact_columns(days, [name])[name], "ann") == own


def exposed(child: str, **asked: Any) -> dict[int, float]:
    """The days on which the exposure is not 0, and it; of a plan's own and of the same as a formula's column."""
    exposure = from_mapping({"beside": (), **asked}, Exposure)
    plan = Plan(models=("M0", "M1"), exposure=exposure)
    made = build_rows(tables(), build_risk_set(tables(), plan.frame), plan, by_day=True)
    held = made.frame[made.frame["child"] == made.child_ids.index(child)]
    found = dict(zip(held["day"].tolist(), held[exposure.primary].astype(float).tolist(), strict=True))
    if "(" in asked.get("primary", ""):
        days = days_of(tables())
        column = by_day(days, fact_columns(days, [asked["primary"]])[asked["primary"]], child)
        assert {day: column[day] for day in found} == found
    return {day: value for day, value in found.items() if value}


def test_an_exposure_says_which_event_over_which_days_by_which_weight() -> None:
    count = 'peers(restraint, 2, 4, how="count", witnessed=True)'
    assert exposed("ben", primary=count) == {
        37: 2, 38: 2, 39: 2, 44: 1, 45: 1, 46: 1,
    }  # fmt: skip
    keys = {"event": "restraint", "first_day": 2, "window_days": 4, "witnessed": True}
    assert exposed("ben", primary="peer_count", **keys) == exposed("ben", primary=count)
    assert exposed("ben", primary="peer_presence", **keys) == dict.fromkeys((37, 38, 39, 44, 45, 46), 1)
    assert exposed("ben", primary="peer_density", **keys) == {
        37: 1, 38: 1, 39: 1, 44: 0.5, 45: 0.5, 46: 0.5,
    }  # fmt: skip
    # cat was restrained in B on day 50; dan alone lived there
    assert {day for day in exposed("dan", primary=count) if day < 60} == {52, 53, 54}
    here = 'peers(restraint, 2, 4, how="count")'
    assert exposed("ben", primary=here)[45] == 1


def test_a_later_event_of_a_peer_takes_over_only_once_it_counts() -> None:
    # ann's of 35 and 42 are 7 days apart: with days 2 to 8 the first counts to 43, the second from 44 on
    found = exposed("ben", primary='peers(restraint, 2, 8, how="count", witnessed=True)')
    assert found == {
        **dict.fromkeys(range(37, 44), 2), **dict.fromkeys(range(44, 51), 1),
    }  # fmt: skip


def test_ties_may_be_of_one_sex_or_of_nearness_in_age() -> None:
    same = 'peers(restraint, 1, 3, how="same_sex", witnessed=True)'
    assert exposed("ann", primary=same) == dict.fromkeys((36, 37, 38), 1)  # cat is the one other girl
    assert not exposed("ben", primary=same)  # of the boys none lives with him
    near = 1 / (1 + 731 / 365.25)  # ann and cat are two years apart, one of them of 366 days; ben and cat not a day
    found = exposed("cat", primary='peers(restraint, 1, 3, how="age_gap", witnessed=True)')
    assert found[36] == pytest.approx(near / (1 + near))
    assert found[44] == pytest.approx((1 + near) / (1 + near))  # ann's of 42 and ben's of 43
    assert asked_of(tables(), Plan(exposure=from_mapping({"primary": same, "beside": ()}, Exposure)))["ties"]


def test_what_is_asked_is_said_in_its_words() -> None:
    assert asked_of(tables(), Plan()) == {}
    spreads = Plan(frame=OUTCOME)
    assert asked_of(tables(), spreads) == {"outcome": "a restraint", "peers": "a restraint"}
    later = Plan(exposure=from_mapping({"primary": "peers(restraint, 2, 4)", "beside": ()}, Exposure))
    asked = asked_of(tables(), later)
    assert asked == {"peers": "a restraint 2 to 4 days before"}
    label = worded("one or more recently missing peers against none", asked)
    assert label == "one or more peers with a restraint 2 to 4 days before against none"
    assert worded("share of episodes attributable to peers' recent episodes", asked_of(tables(), spreads)) == (
        "share of episodes attributable to peers with a restraint"
    )
    assert subject(asked_of(tables(), spreads)) == "A restraint"
    assert "An episode is here a day on which this is recorded of the child: a restraint." in defined(
        asked_of(tables(), spreads)
    )
    assert (subject(None), defined(None), worded("recently missing peers", {})) == (
        "Missing from care", "", "recently missing peers",
    )  # fmt: skip


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="no arrest among their events"):
        build_risk_set(tables(), Frame(outcome="arrest"))
    alone = base().with_events(rows("kind home_id day", ("fire", "A", date(40))), declare={"fire": {"meaning": "fire"}})
    with pytest.raises(ConfigInvalid, match="no fire of a child"):
        build_risk_set(alone, Frame(outcome="fire"))
    for wrong, said in (
        ({"primary": "peers(restraint, 1, 3)", "window_days": 5}, "says window_days already"),
        ({"primary": "event(restraint, 1, 3)"}, "is no exposure"),
        ({"first_day": 9}, "first_day comes after window_days"),
        ({"first_day": 2, "primary": "peer_kernel"}, "does not go with peer_kernel"),
        ({"event": "Police contact"}, "event"),
    ):
        with pytest.raises(ConfigInvalid, match=said):
            from_mapping({"beside": (), **wrong}, Exposure)
    with pytest.raises(ConfigInvalid, match="knows missing episodes alone"):
        from_mapping({"frame": {"outcome": "restraint", "coverage_rule": "bound"}}, Plan)
    with pytest.raises(ConfigInvalid, match="speaks of missing episodes"):
        counts_rows(tables(), Plan(frame=OUTCOME))
    with pytest.raises(ConfigInvalid, match="speaks of missing episodes"):
        daily_design(tables(), Plan(exposure=Exposure(event="restraint")), kind="kernel", checked=True)


def test_an_event_that_may_not_be_reported_is_no_outcome() -> None:
    held = rows("kind child_id day", ("restraint", "ann", date(40)))
    hidden = base().with_events(held, declare={"restraint": {"meaning": "a restraint", "reportable": False}})
    with pytest.raises(ConfigInvalid, match="declared not to be reported"):
        asked_of(hidden, Plan(frame=OUTCOME))


def test_happened_is_wherever_the_child_lives() -> None:
    risk = build_risk_set(tables(), Frame())
    grid = happened(tables(), risk, "restraint")
    assert np.argwhere(grid).tolist() == [[ANN, 35], [ANN, 42], [BEN, 43], [CAT, 35], [CAT, 50], [DAN, 55]]
    assert happened(tables(), risk, "missing") is risk.onset_anywhere
    other = build_risk_set(tables(), OUTCOME)
    np.testing.assert_array_equal(happened(tables(), other, "missing"), risk.onset_anywhere)
    with pytest.raises(CannotAnswer, match="needs ties"):
        exposed_without_ties()


def exposed_without_ties() -> None:
    bare = tables().changed({"ties": tables()["ties"].iloc[:0]})
    days = days_of(bare)
    fact_columns(days, ['peers(restraint, 1, 3, how="network")'])

"""One night: two homes, four children and sixty days, worked by hand through every stage up to the likelihood.

Day 0 is 1 January 2024. Residence, [from, to):

    home A   ann -100 … open;  ben -10 … 20;  cat -200 … 30 and 35 … open (a temporary absence lies between)
    home B   ben 20 … open;    dan 10 … open

so home A has 3 residents on days 0-19, 2 on 20-29, 1 on 30-34 and 2 on 35-59; home B has none on 0-9, 1 on 10-19 and
2 on 20-59. Onset → day of return:

    ann 12 → 12 (back the same day), 40 → 41        ben 18 → 19
    cat 14 → 16, 16 → 17 (out again on the day of return), 40 → 43 (the same day as ann: a joint departure)
    dan 24 → 25
"""

from __future__ import annotations

from math import lgamma, log

import numpy as np
import pandas as pd
import pytest

from missingmodels.frame.columns.of_peers.exposure import own_history
from missingmodels.frame.columns.structure import mix_measures, split_between_within, staff_measures
from missingmodels.frame.design import build_design
from missingmodels.frame.riskset import NO_HOME, build_risk_set
from missingmodels.frame.rows import build_rows, model_terms
from missingmodels.tables import check_tables, make_tables
from plain import reference
from worlds import day_rows, plan_of, remade

DAYS = 60
CHILDREN = ("ann", "ben", "cat", "dan")
NEED = {"ann": 1.0, "ben": -0.5, "cat": 0.25, "dan": 2.0}


def date(day):
    return pd.NaT if day is None else pd.Timestamp("2024-01-01") + pd.Timedelta(days=day)


def rows_of(columns, *rows):
    return pd.DataFrame([dict(zip(columns.split(), row, strict=True)) for row in rows])


def placements():
    columns = "child_id start_date end_date home_id placement_type out_of_area"
    return rows_of(
        columns,
        ("ann", date(-100), date(None), "A", "K2", True),
        ("ben", date(-10), date(20), "A", "K2", False),
        ("ben", date(20), date(None), "B", "K2", True),
        ("cat", date(-200), date(30), "A", "K2", False),
        ("cat", date(30), date(35), None, "T1", None),
        ("cat", date(35), date(None), "A", "K2", False),
        ("dan", date(10), date(None), "B", "K2", False),
    ).assign(start_is_truncated=False)


def episodes(*more):
    columns = "child_id start_date end_date category"
    return rows_of(
        columns,
        ("ann", date(12), date(12), "M"),
        ("ann", date(40), date(41), "M"),
        ("ben", date(18), date(19), "M"),
        ("cat", date(14), date(16), "M"),
        ("cat", date(16), date(17), "A"),
        ("cat", date(40), date(43), "M"),
        ("dan", date(24), date(25), "M"),
        *more,
    ).assign(sequence=0, end_is_censored=False)


def staff_periods():
    # Hours are chosen to give round numbers on duty: 24 hours a day are one person on duty at all times.
    return rows_of(
        "home_id start_date end_date worked_hours agency_hours",
        ("A", date(-28), date(0), 28 * 24 * 9.0, 0.0),
        ("A", date(0), date(28), 28 * 24 * 1.5, 252.0),
        ("A", date(28), date(42), 14 * 24 * 1.0, 84.0),
        ("A", date(42), date(56), 14 * 24 * 2.0, 168.0),
        ("A", date(56), date(84), 28 * 24 * 9.0, 0.0),
        ("B", date(0), date(42), 42 * 24 * 1.0, 504.0),
        ("B", date(42), date(70), 28 * 24 * 2.0, 0.0),
    )


def staff_spells():
    return rows_of(
        "home_id staff_id start_date end_date employment role",
        ("A", "s1", date(-800), date(None), "permanent", "care"),
        ("A", "s2", date(-800), date(-100), "permanent", "senior_care"),
        ("A", "s3", date(-100), date(None), "permanent", None),
        ("A", "s4", date(-400), date(30), "permanent", "night_care"),
        ("A", "s5", date(-400), date(10), "agency", "care"),
        # neither looks after children, so neither is a leaver nor counts as staff
        ("A", "s6", date(-400), date(20), "permanent", "manager"),
        ("A", "s7", date(-400), date(-20), "permanent", "other"),
        ("B", "t1", date(-100), date(None), "permanent", "team_leader"),
        ("B", "t2", date(-100), date(-10), "permanent", "care"),
    )


def ties():
    return rows_of(
        "child_a child_b start_date end_date strength kind",
        ("ann", "cat", date(0), date(None), 2.0, "home"),
        ("ben", "ann", date(0), date(20), 1.0, "home"),
        ("ben", "cat", date(0), date(15), 3.0, "home"),
        ("dan", "ben", date(22), date(None), 0.5, "home"),
        ("ann", "dan", date(0), date(None), 5.0, "school"),
    )


@pytest.fixture(scope="module")
def tables():
    born = {"ann": "2009-01-01", "ben": "2010-01-01", "cat": "2010-01-01", "dan": "2008-01-01"}
    children = rows_of(
        "child_id sex recorded_from",
        ("ann", "F", date(-100)),
        ("ben", "M", date(-10)),
        ("cat", "F", date(-200)),
        ("dan", "M", date(15)),  # five days after he came: his record begins late, and so does his time at risk
    ).assign(authority="301", birth_date_precision="day", exploitation_risk=False)
    children["birth_date"] = pd.to_datetime(children["child_id"].map(born))
    children["need_score"] = children["child_id"].map(NEED)
    homes = rows_of("home_id valid_from places", ("A", date(-900), 4), ("B", date(-900), 3)).assign(weak_key=False)
    made = make_tables(
        {
            "children": children,
            "placements": placements(),
            "missing_episodes": episodes(),
            "homes": homes,
            "staff_periods": staff_periods(),
            "staff_spells": staff_spells(),
            "ties": ties(),
        },
        observed_from=date(0),
        observed_to=date(DAYS),
        all_residents=True,
    )
    assert check_tables(made) == []
    return made


@pytest.fixture(scope="module")
def plan():
    return plan_of(
        exposure={"beside": ["peer_count", "peer_density", "peer_network"], "window_days": 7},
        terms={
            "structure": [
                "staff_ratio",
                "turnover",
                "agency_share",
                "mix_need",
                "mix_spread",
                "new_admission_7d",
                "size",
            ]
        },
        frame={"burn_in_days": 14},
    )


@pytest.fixture(scope="module")
def risk(tables, plan):
    return build_risk_set(tables, plan.frame)


@pytest.fixture(scope="module")
def by_day(tables, risk, plan):
    """Day rows under (child, day)."""
    return days_of(tables, risk, plan)


def days_of(tables, risk, plan):
    rows = day_rows(tables, risk, plan)
    frame = rows.frame.assign(who=np.array(rows.child_ids)[rows.frame["child"]])
    return frame.set_index(["who", "day"])


def grid(spans, *, elsewhere=0.0):
    """(4, 60) values from {child: {(first day, last day): value}}, both days included."""
    out = np.full((4, DAYS), elsewhere, dtype=float)
    for child, parts in spans.items():
        for (first, last), value in parts.items():
            out[CHILDREN.index(child), first : last + 1] = value
    return out


RESIDENT = grid(
    {"ann": {(0, 59): 1}, "ben": {(0, 59): 1}, "cat": {(0, 29): 1, (35, 59): 1}, "dan": {(10, 59): 1}}
).astype(bool)

# 1 on a resident day, 0 while missing, 1/2 on a return day; 0 while an episode would not be recorded (dan on 10-14).
# Ann is back on the 12th itself, so she loses nothing there.
# Cat is away on the 15th only: on the 16th she returns and may leave again, on the 17th she returns once more.
AT_RISK = np.where(
    RESIDENT,
    grid(
        {
            "ann": {(41, 41): 0.5},
            "ben": {(19, 19): 0.5},
            "cat": {(15, 15): 0, (16, 17): 0.5, (41, 42): 0, (43, 43): 0.5},
            "dan": {(10, 14): 0, (25, 25): 0.5},
        },
        elsewhere=1.0,
    ),
    0.0,
)
ONSET = grid(
    {
        "ann": {(12, 12): 1, (40, 40): 1},
        "ben": {(18, 18): 1},
        "cat": {(14, 14): 1, (16, 16): 1, (40, 40): 1},
        "dan": {(24, 24): 1},
    }
)


def test_residence_risk_and_onsets(risk):
    assert risk.child_ids == CHILDREN
    assert risk.home_ids == ("A", "B")
    home = grid({"ann": {(0, 59): 0}, "ben": {(0, 19): 0, (20, 59): 1}, "cat": {(0, 59): 0}, "dan": {(0, 59): 1}})
    np.testing.assert_array_equal(risk.residence, np.where(RESIDENT, home, NO_HOME))
    np.testing.assert_array_equal(risk.days_at_risk, AT_RISK)
    np.testing.assert_array_equal(risk.onset, ONSET > 0)
    np.testing.assert_array_equal(risk.joint, grid({"ann": {(40, 40): 1}, "cat": {(40, 40): 1}}) > 0)
    assert not risk.same_day_repeats.any()
    assert risk.before_window.tolist() == [True] * 14 + [False] * 46
    in_a = [3] * 20 + [2] * 10 + [1] * 5 + [2] * 25
    in_b = [0] * 10 + [1] * 10 + [2] * 40
    np.testing.assert_array_equal(risk.occupancy, [in_a, in_b])
    # Days at risk by child: 60 - 1/2; 60 - 1/2; 55 - 3 - 3/2; 45 - 1/2.
    assert risk.days_at_risk.sum(axis=1).tolist() == [59.5, 59.5, 50.5, 44.5]


# An onset of day s counts on days s+1 … s+7 and not on s itself, for those who lived with the child on s:
# ann 13-19 and 41-47, ben 19-25, cat 15-23 (from 14 and 16) and 41-47, dan 25-31.
PEERS = {
    "peer_count": {
        # ann sees cat leave (cat counts as a resident while she is missing) and ben, whose moving changes nothing
        "ann": {(15, 18): 1, (19, 23): 2, (24, 25): 1, (41, 47): 1},
        # ben sees ann and cat, and takes that along to B; there he sees dan
        "ben": {(13, 14): 1, (15, 19): 2, (20, 23): 1, (25, 31): 1},
        "cat": {(13, 18): 1, (19, 19): 2, (20, 25): 1, (41, 47): 1},
        # dan was not there when ben left, nor any other: nobody of B leaves but he
    },
    "peer_density": {  # each over occupancy - 1 on its own day: 2 in A until day 19, 1 in both homes afterwards
        "ann": {(15, 18): 0.5, (19, 23): 1, (24, 25): 0.5, (41, 47): 1},
        "ben": {(13, 14): 0.5, (15, 19): 1, (20, 23): 0.5, (25, 31): 1},
        "cat": {(13, 18): 0.5, (19, 19): 1, (20, 25): 0.5, (41, 47): 1},
    },
    "peer_network": {  # by the ties of its own day; the tie to dan at school is no tie within the home
        "ann": {(15, 18): 2 / 3, (19, 23): 1, (24, 25): 1 / 3, (41, 47): 1},  # cat has 2 of 2 + 1 and ben 1
        # ann has 1 of 1 + 3 and cat 3, until cat leaves anew on 16, when the tie to her has ended
        "ben": {(13, 14): 1 / 4, (15, 16): 1, (17, 19): 1 / 4, (25, 31): 1},
        "cat": {(13, 19): 2 / 5, (41, 47): 1},  # ann has 2 of 2 + 3; ben, without tie on 18, adds nothing
    },
    "no_peers": {"ann": {(30, 34): 1}, "dan": {(10, 19): 1}},
    # a day of the window before the record; that dan's begins on day 15, he is alone until 20, hides nothing
    "peers_unseen": {"ann": {(0, 6): 1}, "ben": {(0, 6): 1}, "cat": {(0, 6): 1}},
}
PEERS["peer_presence"] = {who: dict.fromkeys(spans, 1) for who, spans in PEERS["peer_count"].items()}

# The same by who lives there: one who is moved stops counting, and brings what was before along.
WHO_LIVES_THERE = {
    "peer_count": {
        # ann sees cat on 15-23 (cat counts as a resident while she is missing), and ben on 19, his last day in A
        "ann": {(15, 18): 1, (19, 19): 2, (20, 23): 1, (41, 47): 1},
        # ben sees ann from 13 and cat from 15, until he moves; then dan
        "ben": {(13, 14): 1, (15, 19): 2, (25, 31): 1},
        "cat": {(13, 18): 1, (19, 19): 2, (41, 47): 1},
        # ben brings his onset of day 18 along: it is in its window until 25
        "dan": {(20, 25): 1},
    },
    "peer_density": {  # over occupancy - 1, which is 2 in A until day 19 and 1 in both homes afterwards
        "ann": {(15, 18): 0.5, (19, 23): 1, (41, 47): 1},
        "ben": {(13, 14): 0.5, (15, 19): 1, (25, 31): 1},
        "cat": {(13, 18): 0.5, (19, 19): 1, (41, 47): 1},
        "dan": {(20, 25): 1},
    },
    "peer_network": {  # the tie to dan at school is no tie within the home
        "ann": {(15, 18): 2 / 3, (19, 23): 1, (41, 47): 1},  # cat has 2 of 2 + 1
        "ben": {(13, 14): 1 / 4, (15, 19): 1, (25, 31): 1},  # ann has 1 of 1 + 3 until the tie to cat ends on day 15
        "cat": {(13, 14): 2 / 5, (15, 19): 1, (41, 47): 1},  # ann has 2 of 2 + 3; ben, without tie on 19, adds nothing
        "dan": {(22, 25): 1},  # no tie before day 22
    },
    "no_peers": {"ann": {(30, 34): 1}, "dan": {(10, 19): 1}},
    # fewer than 7 days of a peer's record: everybody's on days 0-6, and dan's (from day 15) on days 20 and 21
    "peers_unseen": {"ann": {(0, 6): 1}, "ben": {(0, 6): 1, (20, 21): 1}, "cat": {(0, 6): 1}},
}
WHO_LIVES_THERE["peer_presence"] = {
    who: dict.fromkeys(spans, 1) for who, spans in WHO_LIVES_THERE["peer_count"].items()
}


@pytest.fixture(scope="module")
def by_day_unwitnessed(tables, risk, plan):
    """Day rows under (child, day), by who lives there."""
    return days_of(tables, risk, plan.changed({"exposure.witnessed": False}))


@pytest.mark.parametrize("name", sorted(PEERS))
def test_peer_exposures(by_day, by_day_unwitnessed, name):
    for found, expected in ((by_day, PEERS), (by_day_unwitnessed, WHO_LIVES_THERE)):
        values = grid(expected[name])
        for (who, day), value in found[name].items():
            assert value == pytest.approx(values[CHILDREN.index(who), day]), (who, day)


def test_the_day_rows_are_the_days_at_risk(by_day):
    assert set(by_day.index) == {(CHILDREN[i], d) for i, d in zip(*np.nonzero(AT_RISK), strict=True)}


HISTORY = {
    "own_1_7": {
        "ann": {(13, 19): 1, (41, 47): 1},
        "ben": {(19, 25): 1},
        "cat": {(15, 23): 1, (41, 47): 1},
        "dan": {(25, 31): 1},
    },
    "own_8_28": {
        "ann": {(20, 40): 1, (48, 59): 1},
        "ben": {(26, 46): 1},
        "cat": {(22, 44): 1, (48, 59): 1},  # 22-42 from day 14, 24-44 from day 16
        "dan": {(32, 52): 1},
    },
    # fewer than 28 known days; nothing before day 0 is on record
    "history_unknown": {"ann": {(0, 27): 1}, "ben": {(0, 27): 1}, "cat": {(0, 27): 1}, "dan": {(0, 42): 1}},
}
ARRIVAL = {
    "ann": ["90+"] * 60,
    # ten days in A on day 0; in B anew from day 20
    "ben": ["7-27"] * 18 + ["28-89"] * 2 + ["0-6"] * 7 + ["7-27"] * 21 + ["28-89"] * 12,
    "cat": ["90+"] * 60,  # the temporary absence does not start it anew
    "dan": [""] * 10 + ["0-6"] * 7 + ["7-27"] * 21 + ["28-89"] * 22,
}


def test_own_history(by_day, risk):
    for name, spans in HISTORY.items():
        expected = grid(spans)
        for (who, day), value in by_day[name].items():
            assert value == expected[CHILDREN.index(who), day], (name, who, day)
    for (who, day), band in by_day["arrival_band"].items():
        assert band == ARRIVAL[who][day], (who, day)
    # A missing child has a history too: cat on day 15.
    assert own_history(risk.onset_anywhere, risk.since_arrival, risk.known_days)["own_1_7"][2, 15] == 1


# Mean residents of A: 76/28 in period 0 (3 on 20 days, 2 on 8) and 51/28 in period 1 (2 on 2 days, 1 on 5, 2 on 21).
# Of B: 26/28 (1 on 10 days, 2 on 8) and 2.
# On duty in A: 1.5 and 1.5 (14 days of 1, 14 of 2). In B: 1 in period 0; in period 1, 14 days of 1 and 14 of 2: 1.5.
STAFF_RATIO = {"A": (np.nan, log(1.5 * 28 / 76), log(1.5 * 28 / 51)), "B": (np.nan, log(28 / 26), log(1.5 / 2))}
# A: 252 of 1008 hours; 84 + 168 of 1008. B: 12 hours a day of 24 until day 42, so 1/2; then 168 of 336 + 672.
AGENCY_SHARE = {"A": (np.nan, 0.25, 0.25), "B": (np.nan, 0.5, 168 / 1008)}
# A, 365 days before days 0, 28, 56: s2 left on day -100; s4 left on day 30; the agency worker does not count.
# Headcount days: 365 + 265 + 100 + 365 = 1095; 365 + 237 + 128 + 365 = 1095; 365 + 209 + 156 + 339 = 1069.
# B is on record from day -100 only: one leaver in 100 + 90, 128 + 90, 156 + 90 headcount days, put per year.
TURNOVER = {"A": (1 / 3, 1 / 3, 2 * 365 / 1069), "B": (365 / 190, 365 / 218, 365 / 246)}


def test_staffing_is_that_of_the_period_before_and_turnover_of_the_year_before(tables, risk):
    staff = staff_measures(tables, risk)
    for name, expected in (("staff_ratio", STAFF_RATIO), ("agency_share", AGENCY_SHARE), ("turnover", TURNOVER)):
        np.testing.assert_allclose(staff[name], [expected["A"], expected["B"]], rtol=1e-12, err_msg=name)
    np.testing.assert_array_equal(staff["turnover_short"], [[0, 0, 0], [1, 1, 1]])


# Needs: ann 1, ben -1/2, cat 1/4, dan 2. Others' mean; undefined for a child alone.
MIX_NEED = {
    "ann": {(0, 19): -0.125, (20, 29): 0.25, (35, 59): 0.25},
    "ben": {(0, 19): 0.625, (20, 59): 2.0},
    "cat": {(0, 19): 0.25, (20, 29): 1.0, (35, 59): 1.0},
    "dan": {(20, 59): -0.5},
}
# Standard deviation, self included: of (1, -1/2, 1/4) sqrt(3/8); of (1, 1/4) 3/8; of (-1/2, 2) 5/4.
SPREAD_A = {(0, 19): 0.375**0.5, (20, 29): 0.375, (35, 59): 0.375}
MIX_SPREAD = {"ann": SPREAD_A, "cat": SPREAD_A, "ben": {(0, 19): 0.375**0.5, (20, 59): 1.25}, "dan": {(20, 59): 1.25}}
# Birth on 1 January of 2009, 2010, 2010, 2008 in days before 1 January 2010: 365, 0, 0, 731.
AGE_SPREAD_A = {(0, 19): 365 / 365.25 * 2**0.5 / 3, (20, 29): 182.5 / 365.25, (35, 59): 182.5 / 365.25}
MIX_AGE_SPREAD = {
    "ann": AGE_SPREAD_A,
    "cat": AGE_SPREAD_A,
    "ben": {(0, 19): 365 / 365.25 * 2**0.5 / 3, (20, 59): 365.5 / 365.25},
    "dan": {(20, 59): 365.5 / 365.25},
}
SIZE_A = {(0, 19): 3, (20, 29): 2, (30, 34): 1, (35, 59): 2}
SIZE = {"ann": SIZE_A, "cat": SIZE_A, "ben": {(0, 19): 3, (20, 59): 2}, "dan": {(10, 19): 1, (20, 59): 2}}
# ben is new in B on days 20-26, beside dan; he is not new to himself, and nobody is new in A.
NEW_ADMISSION = {"dan": {(20, 26): 1}}


def test_mix_of_residents(tables, risk):
    mix = mix_measures(tables, risk)
    undefined = {"mix_need": MIX_NEED, "mix_spread": MIX_SPREAD, "mix_age_spread": MIX_AGE_SPREAD}
    for name, spans in undefined.items():
        expected = np.where(RESIDENT, grid(spans, elsewhere=np.nan), np.nan)
        np.testing.assert_allclose(mix[name], expected, rtol=1e-9, err_msg=name)
    for name, spans in (("size", SIZE), ("new_admission_7d", NEW_ADMISSION)):
        np.testing.assert_array_equal(mix[name], np.where(RESIDENT, grid(spans), np.nan), err_msg=name)


def test_mix_out_of_area_is_that_of_the_others_on_the_day(tables, risk):
    # ann is out of area in A, ben is not in A but is in B, cat and dan are not. So ann sees 0 of 2, then cat;
    # ben sees ann of two, then dan; cat sees ann of two, then ann alone; dan sees ben.
    expected = {
        "ann": {(0, 29): 0, (35, 59): 0},
        "ben": {(0, 19): 0.5, (20, 59): 0},
        "cat": {(0, 19): 0.5, (20, 29): 1, (35, 59): 1},
        "dan": {(20, 59): 1},
    }
    found = mix_measures(tables, risk)["mix_out_of_area"]
    np.testing.assert_allclose(found, np.where(RESIDENT, grid(expected, elsewhere=np.nan), np.nan))


# Resident-days: A 60 + 20 + 5 + 50 = 135 (76 in period 0, 51 in 1, 8 in 2), B 10 + 80 = 90 (26, 56, 8).
# Over the periods before, in periods 0, 1 and 2; "own": each day's own value, a day without one at the period's mean.
OWN = "own"
PAST = {
    "staff_ratio": {
        "A": (np.nan, STAFF_RATIO["A"][1], STAFF_RATIO["A"][1]),
        "B": (np.nan, STAFF_RATIO["B"][1], STAFF_RATIO["B"][1]),
    },
    "turnover": {
        "A": (1 / 3, 1 / 3, 1 / 3),
        "B": (365 / 190, 365 / 190, (26 * 365 / 190 + 56 * 365 / 218) / 82),
    },
    "agency_share": {"A": (np.nan, 0.25, 0.25), "B": (np.nan, 0.5, 0.5)},
    # A has a value on 60 + 16 resident-days of period 0: 20 days of 0.75 and 8 of 1.25; in period 1 on 23 days of two
    "mix_need": {"A": (OWN, (20 * 0.75 + 8 * 1.25) / 76, (20 * 0.75 + 31 * 1.25) / 122), "B": (OWN, 0.75, 0.75)},
    "mix_spread": {
        "A": (OWN, (60 * 0.375**0.5 + 16 * 0.375) / 76, (60 * 0.375**0.5 + 62 * 0.375) / 122),
        "B": (OWN, 1.25, 1.25),
    },
    "new_admission_7d": {"A": (0.0, 0.0, 0.0), "B": (OWN, 7 / 26, 7 / 82)},
    "size": {"A": (OWN, (180 + 32) / 76, (180 + 32 + 8 + 5 + 84) / 127), "B": (OWN, 42 / 26, (42 + 112) / 82)},
}
FIRST_MEAN = {"mix_need": 0.75, "mix_spread": 1.25}  # of B in period 0, where dan is alone until ben comes
# Over the whole window.
BETWEEN = {
    # a day without a value has no part in the mean: A has 59 with a ratio, B 64
    "staff_ratio": {
        "A": (51 * STAFF_RATIO["A"][1] + 8 * STAFF_RATIO["A"][2]) / 59,
        "B": (56 * STAFF_RATIO["B"][1] + 8 * STAFF_RATIO["B"][2]) / 64,
    },
    "turnover": {
        "A": (127 / 3 + 8 * 730 / 1069) / 135,
        "B": (26 * 365 / 190 + 56 * 365 / 218 + 8 * 365 / 246) / 90,
    },
    "agency_share": {"A": 0.25, "B": (56 * 0.5 + 8 * 168 / 1008) / 64},
    # A: 20 days of -0.125 + 0.625 + 0.25, 10 + 25 days of 0.25 + 1, over 60 + 20 + 50 days; B: 40 of 2 - 0.5 over 80
    "mix_need": {"A": (20 * 0.75 + 35 * 1.25) / 130, "B": 0.75},
    "mix_spread": {"A": (60 * 0.375**0.5 + 70 * 0.375) / 130, "B": 1.25},
    "new_admission_7d": {"A": 0.0, "B": 7 / 90},
    "size": {"A": (180 + 40 + 5 + 100) / 135, "B": 170 / 90},
}


def home_on(who, day):
    return "B" if who == "dan" or (who == "ben" and day >= 20) else "A"


@pytest.fixture(scope="module")
def by_means(tables, risk, plan, by_day):
    window = plan.changed({"terms.structure_means": "window"})
    return {"past": by_day, "window": days_of(tables, risk, window)}


def mean_of(name, home, period, value, means):
    """What the home stands at on the day, and where a day without a value does."""
    if means == "window":
        return BETWEEN[name][home]
    held = PAST[name][home][period]
    return held if held != OWN else FIRST_MEAN[name] if np.isnan(value) else value


@pytest.mark.parametrize("means", ["past", "window"])
@pytest.mark.parametrize("name", sorted(BETWEEN))
def test_structure_between_and_within_homes(by_means, name, means):
    by_day = by_means[means]
    staff = {"staff_ratio": STAFF_RATIO, "turnover": TURNOVER, "agency_share": AGENCY_SHARE}
    mix = {"mix_need": MIX_NEED, "mix_spread": MIX_SPREAD}
    whole = {"size": SIZE, "new_admission_7d": NEW_ADMISSION}
    for who, day in by_day.index:
        home = home_on(who, day)
        if name in staff:
            value = staff[name][home][day // 28]
        else:
            spans = grid(mix[name], elsewhere=np.nan) if name in mix else grid(whole[name])
            value = spans[CHILDREN.index(who), day]
        between = mean_of(name, home, day // 28, value, means)
        found = by_day.loc[(who, day)]
        assert found[f"{name}_between"] == pytest.approx(between, rel=1e-12, nan_ok=True), (who, day)
        # a day without a value stands at its home's mean
        within = between * 0.0 if np.isnan(value) else value - between
        assert found[f"{name}_within"] == pytest.approx(within, abs=1e-12, nan_ok=True), (who, day)


def test_split_between_within_of_days_without_a_value():
    values = np.array([1.0, 3.0, np.nan, np.nan, np.nan])
    home = np.array([0, 0, 0, 1, 2])
    undefined = np.array([False, False, True, True, False])
    between, within = split_between_within(values, home, homes=3, undefined=undefined)
    # home 0: mean of 1 and 3; home 1 never holds two children and stands at the mean of all; home 2 is unrecorded
    np.testing.assert_array_equal(between, [2, 2, 2, 2, np.nan])
    np.testing.assert_array_equal(within, [-1, 1, 0, 0, np.nan])


# Onsets, likelihood days Σ e (1 - y/2), days at risk. cat's onsets cost 1/2 + 1/4 (a return day) + 1/2.
SUMS = {"ann": (2, 58.5, 59.5), "ben": (1, 59.0, 59.5), "cat": (3, 49.25, 50.5), "dan": (1, 44.0, 44.5)}


@pytest.fixture(scope="module")
def rows(tables, risk, plan):
    return build_rows(tables, risk, plan)


def test_rows_add_up(rows):
    who = np.array(rows.child_ids)[rows.frame["child"]]
    for child, sums in SUMS.items():
        own = rows.frame[who == child]
        assert tuple(own[["onsets", "days", "days_at_risk"]].sum()) == sums
    # before the window (days 0-13): ann, ben and cat 14 days each and ann's onset; dan is not recorded yet
    before = rows.frame[rows.frame["before_window"]]
    assert before["onsets"].sum() == 1
    assert before["days_at_risk"].sum() == 14 * 3
    covariates = [name for name in rows.frame if name not in ("onsets", "days", "days_at_risk")]
    assert not rows.frame.duplicated(covariates).any()


def test_the_row_of_one_night(rows):
    """ann on day 19: cat (onset 16) and ben (onset 18) are recent, her own onset of day 12 is on its last day."""
    who = np.array(rows.child_ids)[rows.frame["child"]]
    own = rows.frame[(who == "ann") & (rows.frame["peer_count"] == 2) & (rows.frame["own_1_7"] == 1)]
    assert len(own) == 1
    night = own.iloc[0]
    expected = {
        "home": 0,
        "period": 0,
        "before_window": False,
        "onsets": 0,
        "days": 1.0,
        "days_at_risk": 1.0,
        # at the start of the period: 1 January 2009 to 2024 is 15 years with three leap days
        "age_years": (15 * 365 + 3) / 365.25,
        "male": 0.0,
        "need_score": 1.0,
        "exploitation_risk": 0.0,
        "out_of_area": 1.0,
        "own_1_7": 1.0,
        "own_8_28": 0.0,
        "arrival_band": "90+",
        "history_unknown": 1.0,
        "peer_presence": 1.0,
        "peer_density": 1.0,
        "peer_network": 1.0,
        "no_peers": 0.0,
        "peers_unseen": 0.0,
        # the first 28 days have no past: their staffing is unrecorded, and their mix is what it is
        "staff_ratio_between": np.nan,
        "staff_ratio_within": np.nan,
        "mix_need_between": -0.125,
        "mix_need_within": 0.0,
        "size_between": 3.0,
        "size_within": 0.0,
    }
    assert {name: night[name] for name in expected} == pytest.approx(expected, nan_ok=True)


def test_cats_second_onset_stands_on_a_return_day(by_day):
    day = by_day.loc[("cat", 16)]
    assert (day["onsets"], day["days_at_risk"], day["days"]) == (1, 0.5, 0.25)
    # she left beside ann, recent since day 13; on the 40th neither sees the other's onset of the day
    assert day["peer_presence"] == 1
    assert by_day.loc[("cat", 40), "peer_presence"] == by_day.loc[("ann", 40), "peer_presence"] == 0


def test_design_and_likelihood(rows, plan):
    design = build_design(rows, model_terms(plan, "M3"))
    assert design.child_ids == CHILDREN
    # the same for every day at risk, and named as left out: nobody is known to be at risk of exploitation
    assert "exploitation_risk" not in design.names
    assert any("exploitation_risk" in note for note in design.notes)
    bands = {name for name in design.names if name.startswith("arrival_band")}
    assert bands == {"arrival_band[0-6]", "arrival_band[7-27]", "arrival_band[28-89]"}
    # Days at risk with a recent peer: ann 11 + 6 1/2, ben 6 1/2 + 4 + 7, cat 1+1+0+1/2+1/2+1+1+6 and 0+0+1/2+4
    at = design.names.index("peer_presence")
    assert design.centre[at] == pytest.approx((17.5 + 17.5 + 15.5) / 214)
    assert design.scale[at] == 1
    # need scores by days at risk, in standard deviations
    at = design.names.index("need_score")
    mean = (59.5 * 1 - 59.5 * 0.5 + 50.5 * 0.25 + 44.5 * 2) / 214
    square = (59.5 * 1 + 59.5 * 0.25 + 50.5 * 0.0625 + 44.5 * 4) / 214
    assert design.centre[at] == pytest.approx(mean)
    assert design.scale[at] == pytest.approx((square - mean**2) ** 0.5)
    # with 0.02 a day for everybody and k = 1/2, Λ is a fiftieth of the likelihood days
    found = reference.onset_log_density_by_child(
        onsets=design.onsets,
        days=design.days,
        eta=np.full(design.onsets.size, log(0.02)),
        child=design.child,
        n_children=4,
        frailty_shape=0.5,
        before_window=design.before_window,
    )
    for child, value in zip(CHILDREN, found, strict=True):
        y, n, _ = SUMS[child]
        by_hand = y * log(0.02) + lgamma(0.5 + y) - lgamma(0.5) + 0.5 * log(0.5) - (0.5 + y) * log(0.5 + n / 50)
        assert value == pytest.approx(by_hand, rel=1e-12), child


@pytest.mark.parametrize(("rule", "home", "at_risk"), [("ending", 0, 1.0), ("starting", 1, 1.0), ("drop", 1, 0.0)])
def test_an_onset_on_a_moving_day(tables, rule, home, at_risk):
    """ben is last seen on day 20, the day he moves from A to B."""
    changed = remade(tables, {"missing_episodes": episodes(("ben", date(20), date(20), "M"))})
    risk = build_risk_set(changed, plan_of(frame={"boundary": rule}).frame)
    ben = CHILDREN.index("ben")
    assert risk.residence[ben, 20] == home
    assert risk.days_at_risk[ben, 20] == at_risk
    assert risk.onset[ben, 20] == (at_risk > 0)
    assert risk.onset_anywhere[ben, 20]
    expected = np.array([59.5, 58.5 + at_risk, 50.5, 44.5])
    np.testing.assert_array_equal(risk.days_at_risk.sum(axis=1), expected)


@pytest.mark.parametrize("category", ["M", "A"])
def test_an_episode_of_another_category_is_no_onset_but_no_time_at_risk(tables, category):
    risk = build_risk_set(tables, plan_of(frame={"categories": [category]}).frame)
    cat = CHILDREN.index("cat")
    assert np.flatnonzero(risk.onset[cat]).tolist() == ([14, 40] if category == "M" else [16])
    np.testing.assert_array_equal(risk.days_at_risk, AT_RISK)

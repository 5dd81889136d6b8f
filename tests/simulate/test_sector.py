"""The sector as a whole: it is settled, as large as asked for, owned as published, and time runs one way in it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from missingmodels.scenario import Scenario
from missingmodels.simulate.days.episodes import ACCEPTED
from missingmodels.simulate.entrants import ADULT_DAYS
from missingmodels.simulate.homes import SECTORS
from missingmodels.simulate.run import run_sector
from worlds import scenario_of


@pytest.mark.parametrize("move_share", [0.0, 0.3, 0.85])
def test_occupancy_is_what_is_asked_for_from_the_first_day_to_the_last(move_share):
    scenario = Scenario(days=1400, homes={"count": 500, "occupancy": 0.8}, children={"move_share": move_share})
    found = run_sector(scenario, 1)
    stays, beds = found.stays, found.sector.places.sum()
    held = [((stays.start <= day) & (stays.end > day)).sum() / beds for day in (0, 350, 700, 1050, 1399)]
    # about 1,800 beds: the binomial error is 0.01; days share residents
    assert np.abs(np.array(held) - 0.8).max() < 0.04
    age = (found.sector.places.size and [np.mean(-found.birth[stays.child[(stays.start <= d) & (stays.end > d)]] + d)
                                         for d in (0, 1399)])  # fmt: skip
    assert abs(age[1] - age[0]) / 365.25 < 0.35


@pytest.mark.parametrize("scale", [1.0, 3.0, 10.0])
def test_nobody_stays_beyond_18_however_long_stays_are(scale):
    found = run_sector(Scenario(days=300, homes={"count": 200}, children={"stay_scale": scale}), 2)
    assert (found.stays.end - found.birth[found.stays.child] <= ADULT_DAYS).all()


def test_owners_are_as_many_and_as_large_as_published():
    """Published at March 2025: 1,296 owners, 661 of them with one home, the ten largest with 14 % of homes."""
    sector = run_sector(Scenario(days=29, homes={"count": 3822}), 1).sector
    size = np.bincount(sector.owner[sector.kind != SECTORS.index("local_authority")])
    size = np.sort(size[size > 0])[::-1]
    assert 1000 < size.size < 1600
    assert 500 < (size == 1).sum() < 1100
    assert 0.10 < size[:10].sum() / sector.places.size < 0.18


def test_sizes_follow_the_published_shares_and_those_of_sectors_their_means():
    sector = run_sector(Scenario(days=29, homes={"count": 20_000}), 3).sector
    shares = np.bincount(sector.places, minlength=10)[1:] / 20_000
    np.testing.assert_allclose(shares, Scenario().homes.place_shares, atol=0.015)
    for kind, mean in ((0, 3.39), (1, 4.69), (2, 5.28)):
        assert abs(sector.places[sector.kind == kind].mean() - mean) < 0.25


def test_nobody_is_hired_before_the_home_opens_and_turnover_shortens_tenure():
    scenario = Scenario(
        days=365, homes={"count": 400, "openings_per_year": 0.3}, staff={"turnover_between_sd_log": 1.0}
    )
    found = run_sector(scenario, 4)
    staff = found.staffing
    assert (staff.spell_start >= found.sector.opened[staff.spell_home]).all()
    settled = run_sector(
        scenario.model_copy(update={"homes": scenario.homes.model_copy(update={"openings_per_year": 0.0})}), 4
    )
    staff = settled.staffing
    here = (staff.spell_start <= 0) & (staff.spell_end > 0)
    tenure = np.bincount(staff.spell_home[here], -staff.spell_start[here]) / np.bincount(staff.spell_home[here])
    left = np.bincount(staff.spell_home[(staff.spell_end > 0) & (staff.spell_end < 365)], minlength=400)
    quarter = np.argsort(left / np.diff(staff.first_post))
    assert tenure[quarter[:100]].mean() > 2 * tenure[quarter[-100:]].mean()


def test_hours_run_forwards_within_a_day():
    """A child who comes back and leaves again on one date leaves after the return."""
    found = run_sector(scenario_of(n_homes=60, days=300, onset={"rate_per_year": 60.0}), 5).episodes
    follows = (
        (found.child[1:] == found.child[:-1]) & (found.day[1:] == found.back[:-1]) & (found.day[:-1] < found.back[:-1])
    )
    returned = (found.start_hour + found.hours_away)[:-1] % 24
    assert follows.sum() > 50
    assert (found.start_hour[1:] >= returned)[follows].all()
    assert ((found.start_hour >= 0) & (found.start_hour < 24)).all()


def test_an_interview_comes_before_the_next_absence_and_helps_only_from_then_on():
    parts = {"onset": {"rate_per_year": 40.0}, "aftermath": {"delay_mean_days": 10.0}}
    found = run_sector(scenario_of(n_homes=60, days=300, **parts), 5, log=("interview",))
    e = found.episodes
    held = (e.flags & ACCEPTED) > 0
    following = np.append(np.where(e.child[1:] == e.child[:-1], e.day[1:], 10**6), 10**6)
    assert held.sum() > 100
    assert (e.interview_day[held] >= e.back[held]).all()
    assert (e.interview_day[held] < following[held]).all()
    log = pd.DataFrame({"child": found.log.child, "day": found.log.day, "help": found.log.values[:, 0]})
    for child, day, after, quality in list(zip(e.child, e.interview_day, following, e.quality, strict=True))[:200]:
        span = log[(log["child"] == child) & (log["day"] <= min(after, day + 28)) & (log["day"] >= day - 3)]
        if day == 0 or quality == 0:
            continue
        inside = (span["day"] > day) & (span["day"] <= day + 28)
        assert (span["help"][inside] == quality).all()
        assert (span["help"][span["day"] == day] != quality).all()


def test_a_co_resident_is_missing_as_the_day_begins_by_the_dates_of_the_episodes():
    found = run_sector(scenario_of(n_homes=25, days=150, onset={"rate_per_year": 30.0}), 7, log=("concurrent_missing",))
    days, children = 150, found.child.size
    away = np.zeros((children, days), dtype=bool)
    for child, day, back in zip(found.episodes.child, found.episodes.day, found.episodes.back, strict=True):
        away[child, day + 1 : min(back, days - 1) + 1] = True
    home = np.full((children, days), -1)
    for child, where, start, end in zip(*found.stays, strict=True):
        home[child, max(start, 0) : min(end, days)] = where
    expected = [
        bool((away[:, day] & (home[:, day] == home[child, day]) & (np.arange(children) != child)).any())
        for child, day in zip(found.log.child, found.log.day, strict=True)
    ]
    np.testing.assert_array_equal(found.log.values[:, 0] > 0, expected)
    assert sum(expected) > 50


@pytest.mark.parametrize("homophily", [0.1, 0.3, 0.6])
def test_homophily_is_a_dial_for_children_who_move_too(homophily):
    found = [
        run_sector(
            Scenario(days=500, homes={"count": 600}, children={"move_share": 0.85}, dials={"homophily": value}), 8
        )
        for value in (0.0, homophily)
    ]

    def later(run):
        moved = np.append(False, run.stays.child[1:] == run.stays.child[:-1])
        own = pd.Series(np.log(run.traits.frailty[run.stays.child[moved]])).rank()
        return own.corr(pd.Series(run.sector.match[run.stays.home[moved]]).rank())

    assert abs(later(found[0])) < 0.1
    # the nearest of a few empty beds is near, not at, the aim
    assert 0.5 * homophily < later(found[1]) < 1.1 * homophily + 0.05

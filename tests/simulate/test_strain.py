"""Staffing that answers to episodes: those of a period strain the next, and nothing earlier."""

from __future__ import annotations

import numpy as np
import pytest

from missingmodels.errors import ConfigInvalid
from missingmodels.simulate.days.episodes import room_for
from missingmodels.simulate.run import run_sector
from missingmodels.simulate.staffing import AGENCY, WORKED, shifts_of
from missingmodels.simulate.strain import days_until, leaving_factor, sickness, strain_of
from worlds import scenario_of

EQUAL = {"staff_ratio_between": -0.4, "staff_ratio_within": -0.4, "rate_per_year": 9.0}


def test_onsets_strain_the_period_after_by_hand():
    """Two homes, periods of 28 days of which two come before day 0; of five rows three hold."""
    episodes = room_for(5)
    episodes.home[:] = (0, 1, 1, 0, 0)
    episodes.day[:] = (-1, 27, 28, 0, 0)
    found = strain_of(episodes, 3, np.zeros((2, 5)), 2, 28)
    np.testing.assert_array_equal(found, [[0, 0, 1, 0, 0], [0, 0, 0, 1, 1]])
    # day -1 is of the period before day 0, so it strains the first observed one; none strains its own


def test_a_time_without_memory_runs_faster_where_more_leave():
    """A wait of 30 ordinary days from day -10: 10 pass until day 0, then 20 at three a day; in home 1 none is fast."""
    factor = np.array([[1.0, 3.0, 1.0], [1.0, 1.0, 1.0]])
    since, wait = np.array([-10, -10, 40]), np.array([30.0, 30.0, 5.5])
    found = days_until(since, wait, np.array([0, 1, 0]), factor, -28, 28)
    np.testing.assert_allclose(found, [10 + 20 / 3, 30.0, 5.5])
    far = days_until(np.array([-400]), np.array([390.0]), np.array([0]), factor, -28, 28)
    np.testing.assert_allclose(far, [390.0])


def test_sickness_grows_by_episodes_and_never_takes_everybody():
    np.testing.assert_allclose(sickness(0.05, 0.1, np.array([[0.0, 2.0, 20.0]])), [[0.05, 0.25, 0.95]])
    np.testing.assert_allclose(leaving_factor(0.5, np.array([[0.0, 2.0, 40.0]])), [[1.0, np.e, 20.0]])


@pytest.fixture(scope="module")
def strained():
    return {
        name: run_sector(scenario_of(n_homes=20, days=200, onset=EQUAL, dials=dials), 5)
        for name, dials in (("none", {}), ("sick", {"sick_per_episode": 0.15}), ("leave", {"leaving_per_episode": 1.0}))
    }


def test_a_world_has_the_staff_that_its_episodes_leave(strained):
    assert not strained["none"].staffing.strain.any()
    for name in ("sick", "leave"):
        run = strained[name]
        onsets = np.zeros((20, 10))
        np.add.at(onsets, (run.episodes.home, run.episodes.day // 28 + 2), 1)
        np.testing.assert_array_equal(run.staffing.strain, onsets[:, :9])


def test_where_episodes_were_hours_fall_agency_rises_and_people_leave(strained):
    plain, sick, leave = (strained[name].staffing for name in ("none", "sick", "leave"))
    had = sick.strain > 0
    assert sick.worked_hours[had].sum() < 0.97 * plain.worked_hours[had].sum()
    assert sick.agency_hours[had].sum() > 1.3 * plain.agency_hours[had].sum()
    np.testing.assert_array_equal(sick.worked_hours[:, :2], plain.worked_hours[:, :2])
    assert leave.spell_home.size > plain.spell_home.size + 10


@pytest.mark.parametrize("name", ["sick", "leave"])
def test_shifts_are_written_as_they_were_worked(strained, name):
    """The rota is gone through again for the tables, under the same strain."""
    run = strained[name]
    hours, first = np.zeros_like(run.staffing.worked_hours), run.staffing.first_day
    for shifts in shifts_of(run.scenario, run.sector, run.staffing, run.seed):
        done = np.isin(shifts.kind, (WORKED, AGENCY))
        np.add.at(hours, (shifts.home[done], (shifts.day[done] - first) // 28), 12.0)
    np.testing.assert_array_equal(hours, run.staffing.worked_hours)


@pytest.mark.parametrize(
    ("onset", "contagion", "word"),
    [
        ({"staff_ratio_between": 0.1}, {}, "staff_ratio"),
        ({"turnover_within": 0.1}, {}, "turnover"),
        ({}, {"short_staffing": 0.5}, "short_staffing"),
    ],
)
def test_what_would_act_by_the_future_is_refused(onset, contagion, word):
    with pytest.raises(ConfigInvalid, match=word):
        scenario_of(n_homes=4, onset=onset, contagion=contagion, dials={"sick_per_episode": 0.1})

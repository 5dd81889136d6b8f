"""Which batches are needed: fixed looks, no matter who computes them and in which order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from missingmodels.studies.answers.measures import share_error
from missingmodels.studies.computing.schedule import Schedule, Tally, looks, mine
from missingmodels.studies.questions.study import Replicates, Study

SETTINGS = Replicates(batch=10, at_least=20, step=20, at_most=80, target_error=0.05)
STUDY = Study(replicates=SETTINGS)


def tally(supported: int) -> Tally:
    return Tally(replicates=10, supported={("peer_presence", "plan"): supported})


def test_looks_end_at_the_most():
    assert looks(SETTINGS) == [20, 40, 60, 80]
    assert looks(Replicates(batch=10, at_least=20, step=50, at_most=80)) == [20, 70, 80]
    assert looks(Replicates(batch=10, at_least=80, step=10, at_most=80)) == [80]


@pytest.mark.parametrize(
    ("each", "stop"),
    # by the plus-four rule: none in 20 has error 0.056, none in 40 0.031; 5 in 10 never comes below 0.054
    [(0, 40), (5, 80)],
)
def test_a_cell_stops_at_the_first_look_that_is_precise_enough(each, stop):
    schedule = Schedule(STUDY, 1)
    while missing := schedule.missing(0):
        for task in missing:
            schedule.add(task, tally(each))
    assert len(schedule.counted(0)) * 10 == stop
    assert schedule.complete
    assert share_error(0, 20) > SETTINGS.target_error >= share_error(0, 40)
    assert share_error(40, 80) > SETTINGS.target_error


def test_batches_that_come_in_any_order_stop_at_the_same_look():
    rng = np.random.default_rng(0)
    drawn = rng.binomial(10, 0.04, 8)
    ends = set()
    for order in itertools.islice(itertools.permutations(range(8)), 0, 40320, 997):
        schedule = Schedule(STUDY, 1)
        for batch in order:
            schedule.add((0, batch), tally(int(drawn[batch])))
        ends.add(tuple(schedule.counted(0)))
    assert len(ends) == 1  # batches beyond the look, however they came there, are not counted


def test_a_batch_between_two_looks_does_not_end_a_cell():
    schedule = Schedule(STUDY, 1)
    for batch in range(3):
        schedule.add((0, batch), tally(0))
    assert schedule.missing(0) == [(0, 3)]


def test_every_quantity_and_rule_must_be_precise():
    schedule = Schedule(STUDY, 1)
    both = {("peer_presence", "plan"): 0, ("size_between", "plan"): 5}
    for batch in range(4):
        schedule.add((0, batch), Tally(replicates=10, supported=both))
    assert schedule.missing(0) == [(0, 4), (0, 5)]


def test_a_batch_done_twice_counts_once():
    schedule = Schedule(STUDY, 1)
    for _ in range(2):
        schedule.add((0, 0), tally(0))
    assert schedule.missing(0) == [(0, 1)]
    assert schedule.left() == (10, 70)


def test_a_calibration_runs_to_the_end():
    schedule = Schedule(Study(kind="calibration", replicates=SETTINGS), 1)
    done = 0
    while missing := schedule.missing(0):
        for task in missing:
            schedule.add(task, Tally(replicates=10, supported={("any", "plan"): 0}))
            done += 1
    assert done == 8


def test_slices_share_all_batches_out_once():
    tasks = list(itertools.product(range(5), range(8)))
    for n in (1, 3, 7, 100):
        owners = [[i for i in range(1, n + 1) if mine(task, (i, n), STUDY)] for task in tasks]
        assert all(len(held) == 1 for held in owners)
        if n <= 8:
            assert len({held[0] for held in owners}) == n

"""Work in several processes: in order, the same as in one, and whole although a worker dies."""

from __future__ import annotations

import functools
import os
import time
from multiprocessing.connection import wait

import pytest

from missingmodels import side_by_side as module
from missingmodels.errors import CannotAnswer
from missingmodels.side_by_side import begun, each, side_by_side


def process_of(_):
    time.sleep(0.2)
    return os.getpid()


def doubled(x):
    return 2 * x


def dies_elsewhere(home, x):
    if os.getpid() != home:
        os._exit(9)
    time.sleep(0.05)
    return x


def slow_at_first(item):
    time.sleep(0.5 * (item == 0))
    return os.getpid()


def refuses(_):
    raise CannotAnswer("nothing to say", where="here", remedy="ask another")


def test_what_is_asked_comes_back_in_order_from_other_processes():
    with side_by_side(2):
        assert list(each(doubled, range(9))) == [2 * x for x in range(9)]
        assert next(each(process_of, range(3))) != os.getpid()


def test_this_process_takes_its_share_from_the_end():
    with side_by_side(1):
        places = list(each(process_of, range(8)))
    assert places[0] != os.getpid()
    assert places[-1] == os.getpid()
    assert len(set(places)) == 2


def test_nothing_waits_behind_what_a_process_is_at():
    """Of three pieces, the first long: the other two are done here, not laid in a queue where nobody can take them."""
    with side_by_side(1):
        list(each(process_of, range(2)))  # the process is there
        first, *rest = each(slow_at_first, range(3))
    assert first != os.getpid()
    assert rest == [os.getpid()] * 2


def test_what_is_begun_fills_what_is_left_of_every_process():
    """The other process turns to it when nothing awaited waits, and this one when it would wait for the other."""
    with side_by_side(1):
        list(each(process_of, range(2)))  # the process is there
        later = begun(process_of, range(8))
        awaited = list(each(process_of, range(4)))
        assert len(set(awaited)) == 2, "the awaited goes first, on both"
        assert len(later.here) + len(later.elsewhere) < 8
        places = list(later.results())
        assert len(set(places)) == 2
    assert list(begun(doubled, range(3)).results()) == [0, 2, 4]


def test_who_would_wait_for_another_process_does_what_is_begun_meanwhile():
    with side_by_side(1):
        list(each(process_of, range(2)))
        awaited = begun(slow_at_first, [0], awaited=True)
        later = begun(process_of, range(4))
        assert list(awaited.results()) != [os.getpid()]
        assert later.here, "done here while the other process was at what was awaited"


def test_what_is_begun_and_not_read_before_the_processes_end_is_done_here():
    with side_by_side(1):
        later = begun(process_of, range(2))
    assert set(later.results()) == {os.getpid()}


def test_nothing_more_is_begun_of_what_is_dropped():
    with side_by_side(1):
        list(each(process_of, range(2)))
        later = begun(process_of, range(5))
        later.drop()
        assert len(list(each(process_of, range(2)))) == 2
        assert len(later.elsewhere) == 1
        assert not later.here
        assert not module._others.works, "nothing is held of what was read or dropped"


def test_without_processes_all_is_done_here():
    with side_by_side(0):
        assert set(each(process_of, range(2))) == {os.getpid()}
        assert list(each(doubled, [4])) == [8]


def test_a_worker_that_dies_costs_time_and_no_answer():
    with side_by_side(2):
        assert list(each(functools.partial(dies_elsewhere, os.getpid()), range(3))) == [0, 1, 2]
        assert list(each(doubled, range(3))) == [0, 2, 4]  # the others are gone too


def test_a_worker_that_dies_while_much_waits_stops_nothing():
    with side_by_side(1):
        list(each(process_of, range(2)))  # the process is there
        later = begun(doubled, range(3))
        assert list(each(functools.partial(dies_elsewhere, os.getpid()), range(9))) == list(range(9))
        assert list(later.results()) == [0, 2, 4]


@pytest.mark.parametrize("processes", [0, 2])
def test_an_error_comes_back_as_it_was_raised(processes):
    with side_by_side(processes), pytest.raises(CannotAnswer, match="nothing to say") as found:
        list(each(refuses, [1]))
    assert found.value.remedy == "ask another"


def test_processes_end_with_the_block_and_a_block_inside_starts_none():
    with side_by_side(2):
        first = module._others
        with side_by_side(2):
            assert module._others is first
        running = list(first.executor._processes.values())
    assert module._others is None
    # not is_alive, which answers wrongly for a moment when the pool's own thread has just reaped the process
    assert len(wait([process.sentinel for process in running], 0)) == 2


def test_where_no_process_can_be_started_all_is_done_here(monkeypatch):
    def refuse(_):
        raise OSError("no semaphores")

    monkeypatch.setattr(module, "executor_of", refuse)
    with side_by_side(2):
        assert list(each(process_of, [1])) == [os.getpid()]

"""Recent onsets of others parted by likeness: by hand, and both kinds together are the presence of any."""

from __future__ import annotations

import types

import numpy as np
import pandas as pd
import pytest

from missingmodels.frame.columns.lives import Lives
from missingmodels.frame.dyads import LIKENESS, by_likeness, near_in_age
from missingmodels.frame.placebo import lagged_presence
from missingmodels.frame.riskset import build_risk_set
from worlds import plan_of, remade, small_world


def made(residence, onsets):
    """Four children on eight days in two homes."""
    onset = np.zeros((4, 8), dtype=bool)
    for child, day in onsets:
        onset[child, day] = True
    return types.SimpleNamespace(
        residence=residence, onset_anywhere=onset, days=8, home_ids=("A", "B"), lives=Lives.of(residence, 2)
    )


SEX = np.array([0, 0, 1, -1])  # of the last it is not recorded


def sexes(a, b):
    return SEX[a] == SEX[b], (SEX[a] >= 0) & (SEX[b] >= 0)


def days(grid):
    return {child: list(np.flatnonzero(row)) for child, row in enumerate(grid) if row.any()}


def test_by_hand():
    """Child 1 leaves on day 1 and is moved on day 2; child 2 leaves on day 4, when 0 and 3 live beside it. What an
    unrecorded child saw, or did, is of neither kind."""
    residence = np.zeros((4, 8), dtype=np.int64)
    residence[1, 2:] = 1
    risk = made(residence, [(1, 1), (2, 4), (3, 5)])
    alike, unlike = by_likeness(risk, sexes, first_lag=1, last_lag=2, witnessed=True)
    assert days(alike) == {0: [2, 3]}
    assert days(unlike) == {0: [5, 6], 2: [2, 3]}
    alike, unlike = by_likeness(risk, sexes, first_lag=1, last_lag=2, witnessed=False)
    assert days(alike) == {}, "who has moved is no peer any more"
    assert days(unlike) == {0: [5, 6]}


@pytest.mark.parametrize("witnessed", [True, False])
@pytest.mark.parametrize("kind", LIKENESS)
def test_either_kind_is_any_peer(kind, witnessed):
    world = small_world(3, n_homes=10, days=150, dials={"exit_per_episode": 0.4})
    risk = build_risk_set(world.tables, plan_of().frame)
    span = {"first_lag": 1, "last_lag": 7, "witnessed": witnessed}
    alike, unlike = by_likeness(risk, LIKENESS[kind](world.tables, risk), **span)
    np.testing.assert_array_equal(np.maximum(alike, unlike), lagged_presence(risk, **span))
    assert (alike > unlike).sum() > 100
    assert (unlike > alike).sum() > 100
    column = {"of one's own sex": "sex", "born within a year": "birth_date"}[kind]
    children = world.tables["children"].copy()
    children[column] = None
    bare = remade(world.tables, {"children": children})
    assert not any(grid.any() for grid in by_likeness(risk, LIKENESS[kind](bare, risk), **span))


def test_near_in_age_is_born_within_a_year_to_the_day():
    tables = small_world(3, n_homes=4, days=60).tables
    children = tables["children"].copy()
    first = pd.Timestamp("2010-01-01")
    children["birth_date"] = first
    ids = children["child_id"].to_numpy()
    for child, away in ((1, 365), (2, 366)):
        children.loc[children["child_id"] == ids[child], "birth_date"] = first + pd.Timedelta(days=away)
    tables = remade(tables, {"children": children})
    risk = build_risk_set(tables, plan_of().frame)
    at = [risk.child_ids.index(ids[child]) for child in range(3) if ids[child] in risk.child_ids]
    assert len(at) == 3
    alike, known = near_in_age(tables, risk)(np.array([at[0], at[0]]), np.array(at[1:]))
    assert alike.tolist() == [True, False]
    assert known.all()

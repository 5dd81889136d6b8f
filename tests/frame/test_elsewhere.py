"""Recent onsets in other homes, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from missingmodels.frame.columns.days import Days
from missingmodels.frame.columns.of_peers.elsewhere import authority_recent, outside_recent

DAYS = 12
HOMES = ("g", "h", "k")
# two residents of g, one of h, one of k from day 6 on, who lives nowhere before
RESIDENCE = np.array([[0] * DAYS, [0] * DAYS, [1] * DAYS, [-1] * 6 + [2] * 6])


def days(authority: tuple[str | None, ...] = ("A", "A", "B")) -> Days:
    onset = np.zeros(RESIDENCE.shape, dtype=bool)
    onset[0, 2] = onset[2, 1] = onset[2, 8] = onset[3, 3] = onset[3, 9] = True  # that on day 3 in no home
    risk = SimpleNamespace(
        home_ids=HOMES, first_day=0, days=DAYS, period_days=28, periods=1, residence=RESIDENCE, onset_anywhere=onset
    )
    homes = pd.DataFrame({"home_id": HOMES, "authority": authority, "valid_from": pd.to_datetime(["1970-01-01"] * 3)})
    child, day = np.nonzero(RESIDENCE >= 0)
    return Days(tables={"homes": homes}, risk=risk, settings=None, child=child, day=day)


def of(made: np.ndarray, child: int, held: Days) -> np.ndarray:
    return made[held.child == child]


def test_onsets_of_all_other_homes_a_resident_week() -> None:
    held = days()
    g = of(outside_recent(held), 0, held)
    # day 2: one onset in two resident-days of h; day 8: that of day 1, and h seven and k two days
    assert (g[0], g[1], g[2], g[8]) == pytest.approx((0, 0, 7 / 2, 7 / 9))
    assert g[9] == pytest.approx(7 / (7 + 3)), "that of day 8 counts from day 9; that of day 1 no more"
    assert g[10] == pytest.approx(2 * 7 / (7 + 4))
    h = of(outside_recent(held), 2, held)
    assert (h[2], h[3]) == pytest.approx((0, 7 / 6)), "own onsets do not count"
    np.testing.assert_array_equal(of(outside_recent(held), 1, held), g)


def test_onsets_of_the_authority_alone() -> None:
    held = days()
    made = authority_recent(held)
    assert of(made, 0, held)[10] == pytest.approx(7 / 7), "k stands in another authority"
    assert np.isnan(of(made, 3, held)).all(), "no other home in its authority"
    unrecorded = authority_recent(days(("A", None, "A")))
    assert np.isnan(of(unrecorded, 2, held)).all()
    assert of(unrecorded, 0, held)[10] == pytest.approx(7 / 4)

"""Which values stand among others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from missingmodels.tables.keys import stands_in

VALUES = pd.Series(["a", None, "b", "a", ""], index=[7, 3, 5, 1, 0], dtype="str")


@pytest.mark.parametrize("known", [["a", "c"], ["a", None], ["", "b", "b"], []])
@pytest.mark.parametrize("kind", [pd.Series, pd.Index, np.array])
def test_it_says_what_isin_says_but_for_what_is_unrecorded(known, kind):
    asked = kind(known, dtype=object) if kind is np.array else kind(known, dtype="str")
    expected = VALUES.isin([word for word in known if word is not None])
    pd.testing.assert_series_equal(stands_in(VALUES, asked), expected)


def test_numbers_days_and_an_empty_column():
    assert stands_in(pd.Series([1, 2, 3]), pd.Series([2])).tolist() == [False, True, False]
    days = pd.Series(pd.to_datetime(["2024-01-01", None, "2024-01-02"]))
    assert stands_in(days, days[[0]]).tolist() == [True, False, False]
    assert stands_in(VALUES[:0], VALUES).tolist() == []

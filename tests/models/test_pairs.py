"""Pairs of residents who leave on one day, against the sum over every set of residents."""

from __future__ import annotations

import numpy as np
import pytest

from missingmodels.models.outcomes.models import pairs_of


def test_pairs_are_those_of_all_sets_of_residents():
    log_odds, theta = np.array([-1.0, 0.2, -2.0, 0.4, -0.7]), 0.9
    kind, home_days = np.array([0, 0, 0, 1, 1]), np.array([3, 5])
    pairs = product = chances = 0.0
    for k, days in enumerate(home_days):
        own = log_odds[kind == k]
        sets = np.array([[c >> i & 1 for i in range(own.size)] for c in range(2**own.size)])
        weight = np.exp(sets @ own + theta * np.maximum(sets.sum(axis=1) - 1, 0))
        both = np.einsum("s,si,sj->ij", weight / weight.sum(), sets, sets)
        alone = np.diag(both)
        pairs += days * (both.sum() - alone.sum())
        product += days * (alone.sum() ** 2 - (alone**2).sum())
        chances += days * alone.sum() * (own.size - 1)
    ratio, along = pairs_of(log_odds, kind, home_days, theta)
    assert ratio == pytest.approx(pairs / product, rel=1e-12)
    assert along == pytest.approx(pairs / chances, rel=1e-12)
    assert pairs_of(log_odds, kind, home_days, 0.0)[0] == pytest.approx(1.0)

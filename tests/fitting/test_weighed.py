"""Proposals weighed: one fluke among them must not set the answer."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from missingmodels.fitting.laplace.approximation import Weighed


def test_one_heavy_proposal_does_not_set_the_marginal_likelihood():
    raw = np.random.default_rng(5).normal(0, 0.3, 2000)
    made = SimpleNamespace(log_target=raw + 3, log_proposal=np.full(2000, 3.0))
    plain = float(np.log(np.exp(raw).mean()))
    assert Weighed.of(made, np.zeros(1)).log_mean == pytest.approx(plain, abs=0.002)
    made.log_target[0] = 3 + 8.0  # e^8 of 2,000 weights of about 1: 0.9 on the log of their mean
    assert np.log(np.exp(made.log_target - 3).mean()) > plain + 0.8
    assert Weighed.of(made, np.zeros(1)).log_mean == pytest.approx(plain, abs=0.1)
    made.log_target[1] = -np.inf  # where the target has no density
    assert np.isfinite(Weighed.of(made, np.zeros(1)).log_mean)

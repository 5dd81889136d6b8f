"""Pooling authorities by what each may send: by hand, and against the product of the likelihoods themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from missingmodels.errors import CannotAnswer, InputError
from missingmodels.evidence.pool.likelihood import Likelihood, likelihood_file, read_likelihood
from missingmodels.evidence.pool.pooled import pool, require_alike
from missingmodels.plan import Plan

PEERS = "peer_presence"


def summary(mean: Any, sd: Any, *, names: Any = (PEERS,), correlation: Any = None, **changes: Any) -> Likelihood:
    size = len(names)
    values: dict[str, Any] = {
        "format": 1, "package": "1.0", "simulated": True, "policy": "none", "model": "M1", "exposure": PEERS,
        "plan": Plan(models=("M0", "M1")).model_dump(mode="json"), "names": list(names), "mean": list(mean),
        "sd": list(sd), "correlation": np.eye(size).tolist() if correlation is None else correlation,
        "prior_mean": [0.0] * size, "prior_sd": [1.0] * size,
    }  # fmt: skip
    return Likelihood.model_validate(values | changes)


def test_the_prior_is_taken_out_of_each_and_put_in_once() -> None:
    # a likelihood N(0.4, 0.5²) under N(0, 1) has the posterior precision 5 and mean 0.32
    one = summary([0.32], [5**-0.5])
    precision, information = one.natural()
    assert precision[0, 0] == pytest.approx(4)
    assert information[0] == pytest.approx(1.6)
    # twice that and the prior: precision 9, mean 3.2 / 9
    found = pool([one, one], tau_sd=0)
    assert found.moments(PEERS) == (pytest.approx(3.2 / 9), pytest.approx(1 / 3))
    shifted = summary([0.32 + 2], [5**-0.5], prior_mean=[2.0])
    assert pool([shifted, shifted], tau_sd=0).moments(PEERS)[0] == pytest.approx(2 + 3.2 / 9)


def test_what_was_not_learnt_adds_nothing() -> None:
    nothing, one = summary([0.01], [1.02]), summary([0.32], [5**-0.5])
    assert nothing.natural()[0][0, 0] == 0
    assert pool([one, nothing], tau_sd=0).moments(PEERS) == (pytest.approx(0.32), pytest.approx(5**-0.5))


def test_two_correlated_coefficients_and_one_that_an_authority_lacks() -> None:
    names, rng = (PEERS, "male"), np.random.default_rng(1)
    held, precision, information = [], np.eye(2), np.zeros(2)
    for _ in range(3):
        root = rng.normal(size=(2, 2)) + 2 * np.eye(2)
        likelihood, centre = root @ root.T, rng.normal(size=2)
        covariance = np.linalg.inv(likelihood + np.eye(2))
        sd = np.sqrt(np.diag(covariance))
        mean = covariance @ likelihood @ centre
        correlation = np.clip(covariance / np.outer(sd, sd), -1, 1).tolist()
        held.append(summary(mean, sd, names=names, correlation=correlation))
        precision, information = precision + likelihood, information + likelihood @ centre
    alone = summary([0.32], [5**-0.5])
    precision[0, 0], information[0] = precision[0, 0] + 4, information[0] + 1.6
    found = pool([*held, alone], tau_sd=0)
    np.testing.assert_allclose(found.covariance[0], np.linalg.inv(precision), rtol=1e-4)
    np.testing.assert_allclose(found.mean[0], np.linalg.solve(precision, information), rtol=1e-4)


def test_effects_that_differ_between_authorities_are_a_random_effects_analysis() -> None:
    effects, sds = np.array([-0.4, 0.1, 0.9, 0.5]), np.array([0.3, 0.2, 0.4, 0.25])
    wide = 100.0  # a prior that says nothing
    held = []
    for effect, sd in zip(effects, sds, strict=True):
        spread = 1 / (sd**-2 + wide**-2)
        held.append(summary([effect * spread * sd**-2], [spread**0.5], prior_sd=[wide]))
    found = pool(held, tau_sd=0.5)
    grid, beta = np.linspace(0, 2, 61), np.linspace(-6, 6, 4001)
    log = np.array([
        stats.norm.logpdf(effects[:, None], beta, np.sqrt(sds**2 + t**2)[:, None]).sum(axis=0) - 0.5 * (t / 0.5) ** 2
        for t in grid
    ]) + stats.norm.logpdf(beta, 0, wide)  # fmt: skip
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    np.testing.assert_allclose(found.weight, weight.sum(axis=1), atol=1e-4)
    mean = float((weight.sum(axis=0) * beta).sum())
    assert found.moments(PEERS)[0] == pytest.approx(mean, abs=1e-3)
    assert found.moments(PEERS)[1] > pool(held, tau_sd=0).moments(PEERS)[1]
    rng = np.random.default_rng(2)
    draws = [found.draws(PEERS, 20_000, rng, of_new=new) for new in (False, True)]
    assert draws[0].mean() == pytest.approx(mean, abs=0.02)
    assert draws[1].std() > 1.3 * draws[0].std()


def test_only_one_question_and_each_authority_once() -> None:
    one, other = summary([0.32], [0.4]), summary([0.1], [0.4])
    require_alike([("a.json", one), ("b.json", other)])
    with pytest.raises(CannotAnswer, match=r"b\.json is the same summary as a\.json"):
        require_alike([("a.json", one), ("b.json", one)])
    longer = Plan(models=("M0", "M1")).changed({"exposure.window_days": 14}).model_dump(mode="json")
    with pytest.raises(CannotAnswer, match=r"another question than a\.json: exposure\.window_days"):
        require_alike([("a.json", one), ("b.json", summary([0.1], [0.4], plan=longer))])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 2}, "this version reads 1"),
        ({"sd": [0.0]}, "sd"),
        ({"correlation": [[0.5]]}, "diagonal"),
        ({"mean": [0.1, 0.2]}, "as many values"),
        ({"names": ["male"]}, "lack the exposure"),
        ({"draws": [0.1]}, "draws"),
        ({"mean": ["a"]}, "mean"),
    ],
)
def test_a_file_that_is_no_summary_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = tmp_path / "one.json"
    content = json.loads(likelihood_file(summary([0.32], [0.4])))
    path.write_text(json.dumps(content))
    assert read_likelihood(path) == summary([0.32], [0.4])
    path.write_text(json.dumps(content | changes))
    with pytest.raises(InputError, match=said):
        read_likelihood(path)

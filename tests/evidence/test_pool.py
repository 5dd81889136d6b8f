"""Pooling authorities by what each may send: by hand, and against the product of the likelihoods themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from missingmodels.errors import CannotAnswer, InputError
from missingmodels.evidence.pool.likelihood import Likelihood, likelihood_file, likelihood_of, read_likelihood
from missingmodels.evidence.pool.pooled import pool, require_alike
from missingmodels.fitting.fit import Fit, fit
from missingmodels.plan import Plan
from missingmodels.runs.answer import prepare
from worlds import plan_of, small_world

PEERS = "peer_presence"


def summary(mean: Any, sd: Any, *, names: Any = (PEERS,), correlation: Any = None, **changes: Any) -> Likelihood:
    """A summary without a grid, as those of format 1 are read."""
    size = len(names)
    matrix = np.eye(size) if correlation is None else np.array(correlation)
    values: dict[str, Any] = {
        "format": 2, "package": "1.0", "simulated": True, "policy": "none", "model": "M1", "exposure": PEERS,
        "plan": Plan(models=("M0", "M1")).model_dump(mode="json"), "names": list(names), "axes": {},
        "log_density": [0.0], "mean": [list(mean)], "sd": [list(sd)],
        "correlation": [matrix[np.tril_indices(size, -1)].tolist()],
        "prior_mean": [0.0] * size, "prior_sd": [1.0] * size,
    }  # fmt: skip
    return Likelihood.model_validate(values | changes)


def test_the_prior_is_taken_out_of_each_and_put_in_once() -> None:
    # a likelihood N(0.4, 0.5²) under N(0, 1) has the posterior precision 5 and mean 0.32
    one = summary([0.32], [5**-0.5])
    constant, information, precision = one.natural()
    assert precision[0, 0, 0] == pytest.approx(4)
    assert information[0, 0] == pytest.approx(1.6)
    # ∫ N(b; 0, 1) exp(c + 1.6 b - 2 b²) db = exp(c + 1.6² / (2 · 5)) / √5 is the density that the file has, exp(0)
    assert constant[0] == pytest.approx(0.5 * np.log(5) - 0.256)
    # twice that and the prior: precision 9, mean 3.2 / 9
    found = pool([one, one], tau_sd=0)
    assert found.moments(PEERS) == (pytest.approx(3.2 / 9), pytest.approx(1 / 3))
    shifted = summary([0.32 + 2], [5**-0.5], prior_mean=[2.0])
    assert pool([shifted, shifted], tau_sd=0).moments(PEERS)[0] == pytest.approx(2 + 3.2 / 9)


def test_what_was_not_learnt_adds_nothing() -> None:
    nothing, one = summary([0.01], [1.02]), summary([0.32], [5**-0.5])
    assert nothing.natural().precision[0, 0, 0] == 0
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
        ({"format": 3}, "this version reads 1 and 2"),
        ({"sd": [[0.0]]}, "sd"),
        ({"correlation": [[0.5]]}, "correlation needs 0 values at each of 1 points"),
        ({"mean": [[0.1, 0.2]]}, "mean needs 1 values"),
        ({"mean": [[0.1], [0.2]]}, "at each of 1 points"),
        ({"log_density": [0.0, 0.0]}, "log_density needs 1 values"),
        ({"axes": {"sigma_home": [0.1, 0.3, 0.2, 0.4]}}, "at each of 4 points"),
        ({"prior_sd": [1.0, 1.0]}, "as many priors"),
        ({"names": ["male"]}, "lack the exposure"),
        ({"draws": [0.1]}, "draws"),
        ({"mean": [["a"]]}, "mean"),
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


def test_a_file_of_format_1_is_read_as_a_grid_without_an_axis(tmp_path: Path) -> None:
    names, matrix = (PEERS, "male", "age_years"), [[1.0, 0.1, 0.2], [0.1, 1.0, 0.3], [0.2, 0.3, 1.0]]
    wanted = summary([0.3, 0.1, 0.0], [0.4, 0.2, 0.5], names=names, correlation=matrix)
    old = json.loads(likelihood_file(wanted))
    old |= {"format": 1, "mean": old["mean"][0], "sd": old["sd"][0], "correlation": matrix}
    del old["axes"], old["log_density"]
    path = tmp_path / "one.json"
    path.write_text(json.dumps(old))
    assert read_likelihood(path) == wanted
    path.write_text(json.dumps(old | {"correlation": [[1.0]]}))
    with pytest.raises(InputError, match="correlation needs 3 values at each of 1 points"):
        read_likelihood(path)


AXES = {"sigma_home": [0.1, 0.2, 0.4, 0.8, 1.4], "frailty_shape": [0.2, 0.5, 1.0, 2.0, 4.0]}


def over_grid(effect: float, sd: float, home: float, shape: float, *, width: float = 0.3, **changes: Any) -> Likelihood:
    """What data say that know a spread to ``width`` in its coordinate, and of which the effect hangs on it."""
    x = np.arcsinh(np.array(AXES["sigma_home"]) / 0.15)[:, None] - np.arcsinh(home / 0.15)
    y = np.log(np.array(AXES["frailty_shape"]))[None, :] - np.log(shape)
    log = -0.5 * (x**2 + y**2) / width**2
    mean = effect - 0.3 * x + 0 * y
    kept = {
        "axes": AXES, "log_density": log.ravel().tolist(), "mean": mean.reshape(-1, 1).tolist(),
        "sd": [[sd]] * log.size, "correlation": [[]] * log.size, "prior_sd": [100.0],
    }  # fmt: skip
    return Likelihood.model_validate(summary([0.0], [1.0]).model_dump(mode="json") | kept | changes)


def test_what_authorities_say_of_the_scales_is_pooled_before_the_effect_is_told() -> None:
    """Each alone knows the spread of homes poorly; both together know it, and the effect follows it.

    By hand: with u the coordinate of the spread and a flat prior of the effect, each says b ~ N(-0.3 (u - u_k), s²) and
    u ~ N(u_k, w²), times the prior of u; so b given u is N(-0.3 (u - ū), s² / 2), and u's own density gains
    N(u_1 - u_2; 0, ...) that does not hang on u where both slopes are alike.
    """
    low, high = (over_grid(0.0, 0.1, home, 0.8, width=0.6) for home in (0.25, 0.5))
    found = pool([low, high], tau_sd=0)
    u = np.linspace(np.arcsinh(0.1 / 0.15), np.arcsinh(1.4 / 0.15), 4001)
    centres = np.arcsinh(np.array([0.25, 0.5]) / 0.15)
    s = 0.15 * np.sinh(u)
    log = -0.5 * ((u[:, None] - centres) ** 2).sum(axis=1) / 0.36 - 0.5 * s**2 + np.log(np.cosh(u))
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    mean = -0.3 * (u - centres.mean())
    expected = float(weight @ mean)
    variance = 0.1**2 / 2 + float(weight @ mean**2) - expected**2
    assert found.moments(PEERS)[0] == pytest.approx(expected, abs=0.004)
    assert found.moments(PEERS)[1] == pytest.approx(variance**0.5, rel=0.03)
    middle = float(s[np.searchsorted(np.cumsum(weight), 0.5)])
    assert found.quantiles(found.scales["sigma_home"])[1] == pytest.approx(middle, rel=0.08)


def test_a_summary_without_a_grid_says_nothing_of_the_scales() -> None:
    one = over_grid(0.3, 0.1, 0.4, 0.8)
    alone = pool([one], tau_sd=0)
    both = pool([one, summary([0.3], [0.1], prior_sd=[100.0])], tau_sd=0)
    assert both.moments(PEERS)[1] < 0.8 * alone.moments(PEERS)[1]
    mine, theirs = (found.quantiles(found.scales["frailty_shape"]) for found in (alone, both))
    assert mine == pytest.approx(theirs, rel=0.05)


def test_grids_that_differ_or_end_too_early_are_refused() -> None:
    one = over_grid(0.3, 0.1, 0.4, 0.8)
    other = over_grid(0.3, 0.1, 0.4, 0.8, axes=AXES | {"frailty_shape": [0.2, 0.5, 1.0, 2.0, 3.0]})
    with pytest.raises(CannotAnswer, match="different grids"):
        pool([one, other], tau_sd=0)
    for home, shape, name in ((1.3, 0.8, "sigma_home"), (0.4, 0.21, "frailty_shape"), (0.4, 3.9, "frailty_shape")):
        with pytest.raises(CannotAnswer, match=f"{name} lies at the end"):
            pool([over_grid(0.3, 0.1, home, shape)], tau_sd=0)
    pool([over_grid(0.3, 0.1, 0.11, 0.8)], tau_sd=0)  # a spread of 0 is a natural end


@pytest.fixture(scope="module")
def fitted() -> Fit:
    plan = plan_of(models=("M0", "M1"), exposure={"beside": ()}, sampling={"method": "laplace", "draws": 1000})
    world = small_world(3, n_homes=14, days=365)
    design = prepare(world.tables, plan, fits=[("M1", PEERS)], checked=True).designs["M1", PEERS]
    return fit(design, plan, model="M1", exposure=PEERS, seed=1, allow_unconverged=True, with_children=False)


def test_one_summary_alone_is_its_fit(fitted: Fit) -> None:
    """The grid, its rounding and its normals lose next to nothing of what the weighted draws say, scales included."""
    told: dict[str, Any] = {"simulated": True, "policy": "none", "package": "1.0", "rng": np.random.default_rng(1)}
    one = likelihood_of(fitted, allowed=fitted.design.names, **told)
    assert (max(one.log_density), min(one.log_density)) == (0.0, -10.0)
    assert len(one.log_density) == np.prod([len(values) for values in one.axes.values()])
    found = pool([one], tau_sd=0)
    draws = fitted.parameters
    for name in one.names:
        mean, sd = found.moments(name)
        of_fit = draws.coefficient(name)
        assert abs(mean - of_fit.mean()) < 0.12 * of_fit.std(), name
        assert sd == pytest.approx(of_fit.std(), rel=0.08), name
    for name in one.axes:
        mean, of_fit = float(found.weight @ found.scales[name]), getattr(draws, name)
        assert abs(mean - of_fit.mean()) < 0.2 * of_fit.std(), name


def test_what_the_gate_blocks_is_integrated_out(fitted: Fit) -> None:
    told: dict[str, Any] = {"simulated": True, "policy": "none", "package": "1.0"}
    whole, part = (
        likelihood_of(fitted, allowed=allowed, rng=np.random.default_rng(1), **told)
        for allowed in (fitted.design.names, (PEERS, "own_1_7"))
    )
    assert set(part.names) == {PEERS, "own_1_7"}
    assert pool([part], tau_sd=0).moments(PEERS) == pytest.approx(pool([whole], tau_sd=0).moments(PEERS), rel=0.02)

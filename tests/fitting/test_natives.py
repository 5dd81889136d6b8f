"""A fit as ArviZ knows one: its functions run on every family as they come, and what they are given is the model's own.

Draws here are points at random: ArviZ does not ask where draws come from, and densities are compared with those of the
PyMC model at the very same points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pytensor.compile.mode import Mode
from test_laplace import made_design

from daily_cases import tables_of
from missingmodels.extract.published.statistics import read_official
from missingmodels.fitting.children import stored
from missingmodels.fitting.families import daily, official, outcomes, rows
from missingmodels.fitting.fit import fit
from missingmodels.fitting.result import Fit
from missingmodels.fitting.stores.store import fit_bytes, fit_from_bytes
from missingmodels.frame.published.official import build_official
from missingmodels.plan import Plan
from missingmodels.tables import Tables
from official import made_up
from random_points import points_at_random
from worlds import plan_of, remade

QUICK = Mode(linker="py", optimizer=None)
FAST = plan_of(sampling={"draws": 200, "chains": 4, "method": "laplace"}, gate={"ess_min": 20})
DAILY = plan_of(models=["M0", "M1"], terms={"vulnerability": "male + age_years", "history": "own_1_7"})
# Points at random are no posterior, so that leaving a unit out moves far: ArviZ says so.
pytestmark = pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto distribution")


@dataclass(frozen=True, kw_only=True)
class Made:
    """A fit, and the PyMC model and points behind it."""

    fit: Fit
    model: Any = None
    points: Any = None


def by_outcome(name: str, **settings: Any) -> Callable[[Path], Fit]:
    return lambda _: outcomes.fit_outcome(partly_serious(), Plan(), outcome=name, seed=1, **settings)


@cache
def partly_serious() -> Tables:
    tables = tables_of()
    episodes = tables["missing_episodes"]
    some = episodes.assign(serious=pd.array(np.arange(len(episodes)) % 3 == 0, dtype="boolean"))
    return remade(tables, {"missing_episodes": some})


def by_daily(kind: Any) -> Callable[[Path], Fit]:
    return lambda _: daily.fit_daily(tables_of(n_homes=3, days=90), DAILY, kind=kind, seed=1)


def by_rows(**settings: Any) -> Callable[[Path], Fit]:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"id": np.repeat(np.arange(12), 3), "site": list("abcd") * 9, "x": rng.normal(size=36)})
    frame["y"], frame["n"] = rng.poisson(1.5, 36), rng.uniform(1, 9, 36)
    return lambda _: rows.fit_rows(frame, formula="y ~ x", home="site", seed=1, **settings)


def by_official(folder: Path) -> Fit:
    made_up(folder, authorities=25)
    return official.fit_official(build_official(read_official(folder).panel), seed=1)


CASES: dict[str, Callable[[Path], Fit]] = {
    "onset": lambda _: fit(made_design(2, homes=6, children=40, movers=5), FAST, model="M0", seed=3),
    **{name: by_outcome(name) for name in ("counts", "return", "serious", "joint", "interview")},
    "recording": lambda _: outcomes.fit_outcome(
        partly_serious(), Plan(), outcome="recording", seed=1, other=tables_of()
    ),
    **{kind: by_daily(kind) for kind in ("kernel", "ornstein_uhlenbeck", "hawkes")},
    "rows": by_rows(child="id", exposure="n"),
    "rows of trials": by_rows(trials=9, priors={"sigma_home": "exponential(2)", "x": "student_t(4, 0.1, 2)"}),
    "official": by_official,
}


@pytest.fixture(scope="module", params=list(CASES))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    spread = 0.02 if request.param == "official" else 0.3  # thousands of incidents know what they say
    with points_at_random(spread) as drive:
        found = CASES[request.param](tmp_path_factory.mktemp("made"))
    return Made(fit=found, model=getattr(drive, "model", None), points=getattr(drive, "points", None))


@pytest.mark.sampled
def test_arviz_runs_on_it_as_it_comes(made: Made) -> None:
    import arviz as az  # with its plots seconds to import: not while tests are collected
    import matplotlib as mpl

    mpl.use("agg")
    tree = made.fit.to_datatree()
    scalars = [name for name, held in tree["posterior"].data_vars.items() if held.ndim == 2]
    table = az.summary(tree)
    assert set(scalars) <= set(table.index)
    assert np.isfinite(az.summary(tree, var_names=scalars, round_to="none")["ess_bulk"]).all()
    loo = az.loo(tree, pointwise=True)
    assert np.isfinite(loo.elpd)
    assert loo.n_data_points == tree["log_likelihood"].to_dataset().to_array().shape[-1]
    assert list(az.compare({"a": tree, "b": tree}, round_to="none")["elpd"]) == [pytest.approx(loo.elpd)] * 2
    moved = az.psense_summary(tree, var_names=scalars)
    assert np.isfinite(moved[["prior", "likelihood"]].to_numpy()).all()
    with mpl.rc_context({"figure.max_open_warning": 0}):
        az.plot_trace(tree, var_names=scalars)
        az.plot_trace_dist(tree, var_names=scalars)
        az.plot_forest(tree)
    mpl.pyplot.close("all")


def test_every_dimension_says_what_its_places_are(made: Made) -> None:
    tree = made.fit.to_datatree()
    for group in tree.children.values():
        assert set(group.sizes) == set(group.coords) & set(group.sizes), group.name
    names = getattr(getattr(made.fit.design, "design", made.fit.design), "names", ())
    if names:
        assert tuple(tree["posterior"]["covariate"].to_numpy()) == tuple(names)
    (name,) = tree["log_likelihood"].data_vars
    assert tree["observed_data"][name].sizes[tree["log_likelihood"][name].dims[-1]] > 1
    assert {"chain", "draw"} <= set(tree["log_prior"].sizes)


def test_likelihood_and_priors_are_the_models_own(made: Made) -> None:
    """Of the likelihood the sum over units; of the priors, which are up to a constant, differences between draws.

    A log-normal is stated as the density of the log.
    """
    if made.model is None:
        pytest.skip("the onset model is held against its own reference in test_marginal and test_engines")
    tree, model = made.fit.to_datatree(), made.model
    given = {"inputs": model.value_vars, "mode": QUICK, "on_unused_input": "ignore"}
    by_unit = tree["log_likelihood"][_only(tree)]
    told = by_unit.sum(by_unit.dims[-1])
    likelihood = model.compile_fn(model.datalogp, **given)
    scaled = [v for v in model.free_RVs if not v.name.endswith(("_z", "_x")) and v.name not in ("authority", "child")]
    prior = model.compile_fn(model.logp(vars=scaled, jacobian=False), **given)
    stated = sum(v.sum([d for d in v.dims if d not in ("chain", "draw")]) for v in tree["log_prior"].data_vars.values())
    priors = []
    for draw in range(3):
        point = {}
        for free in model.free_RVs:
            value = made.points[free.name].to_numpy()[0, draw]
            inner = model.rvs_to_values[free]
            point[inner.name] = np.log(value) if inner.name.endswith("_log__") else value
        assert float(told[0, draw]) == pytest.approx(float(likelihood(point)), rel=1e-9)
        of_logs = sum(
            np.log(made.points[v.name].to_numpy()[0, draw])
            for v in scaled
            if type(v.owner.op).__name__ == "LogNormalRV"
        )
        priors.append(float(prior(point)) + float(of_logs) - float(stated[0, draw]))
    assert priors == pytest.approx([priors[0]] * 3, rel=1e-9)


def _only(tree: xr.DataTree) -> str:
    (name,) = tree["log_likelihood"].data_vars
    return str(name)


def test_it_comes_back_from_its_file_as_it_was(made: Made) -> None:
    content = fit_bytes(made.fit, keep_children=True)
    again, held = fit_from_bytes(content), stored(made.fit, keep_children=True)
    # densities that follow from the rest may be far larger than it, and are not in the file
    assert (b"log_likelihood" in content) == ("log_density" in made.fit.values)
    assert set(again.values) == set(made.fit.values)
    for name, values in made.fit.values.items():
        np.testing.assert_array_equal(again.values[name], values, err_msg=name)
    assert {n: d for n, d in again.dims.items() if d} == {n: d for n, d in made.fit.dims.items() if d}
    assert set(again.sample_stats) == set(made.fit.sample_stats)
    for name, values in made.fit.sample_stats.items():
        np.testing.assert_array_equal(again.sample_stats[name], values)
        assert again.sample_stats[name].dtype == values.dtype
    xr.testing.assert_identical(again.to_datatree(), held.to_datatree())  # units have numbers for names


def test_weighted_draws_are_worth_to_arviz_what_their_weights_say() -> None:
    """And no more: shuffled, copies of one proposal would pass for independent draws."""
    import arviz as az

    plan = replace_sampling(FAST, draws=1000)
    found = fit(made_design(2, homes=8, children=60, movers=5), plan, model="M0", seed=3)
    tree = found.to_datatree()
    stats, posterior = tree["sample_stats"], tree["posterior"].to_dataset()
    copies = np.unique(stats["proposal"], return_counts=True)[1]
    worth = copies.sum() ** 2 / (copies**2).sum()
    assert worth < 0.9 * copies.sum()
    names = ["home", "coefficients", "sigma_home", "frailty_shape", "intercept"]
    told = np.median(np.concatenate([np.ravel(v) for v in az.ess(tree, var_names=names).values()]))
    assert told == pytest.approx(worth, rel=0.15)
    shuffled = np.median(np.concatenate([np.ravel(v) for v in az.ess(found.draws, var_names=names).values()]))
    assert shuffled > 1.1 * worth
    # a proposal is kept as often as its weight says, within one
    expected = np.exp(stats["log_weight"].to_numpy()) * copies.sum()
    of_each = copies[np.unique(stats["proposal"], return_inverse=True)[1]].reshape(expected.shape)
    assert (np.abs(of_each - expected) < 1 + 1e-9).all()
    same = np.diff(stats["proposal"].to_numpy().ravel()) == 0
    assert (np.diff(posterior["intercept"].to_numpy().ravel())[same] == 0).all()
    assert (tree["posterior"].attrs["weights"], posterior.sizes["chain"]) == ("equal", 4)


def replace_sampling(plan: Plan, **values: Any) -> Plan:
    return plan.model_copy(update={"sampling": plan.sampling.model_copy(update=values)})


def test_what_a_plan_fixes_is_no_unknown() -> None:
    plan = FAST.model_copy(update={"priors": Plan(priors={"replace": {"sigma_home": {"fixed": 0.0}}}).priors})
    found = fit(made_design(2, homes=6, children=40, movers=5), plan, model="M0", seed=3, allow_unconverged=True)
    tree = found.to_datatree()
    assert "sigma_home" not in tree["posterior"]
    assert "home" not in tree["posterior"]
    assert float(tree["constant_data"]["fixed_sigma_home"]) == 0.0
    assert "sigma_home" not in tree["log_prior"]
    again = fit_from_bytes(fit_bytes(found))
    np.testing.assert_array_equal(again.values["home"], found.values["home"])


def test_a_child_without_a_day_in_the_window_is_not_scored() -> None:
    design = made_design(2, homes=6, children=40, movers=5)
    before = design.before_window | (design.child == 3)
    found = fit(replace(design, before_window=before), FAST, model="M0", seed=3, allow_unconverged=True)
    tree = found.to_datatree()
    assert "c3" in tree["posterior"]["child"]
    assert "c3" not in tree["log_likelihood"]["child"]
    np.testing.assert_array_equal(fit_from_bytes(fit_bytes(found)).log_density[:, 4:], found.log_density[:, 4:])

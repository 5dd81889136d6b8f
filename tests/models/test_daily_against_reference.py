"""The daily models against loops over single child-days: lags, collapse, kernel, drift and density at random points.

The engines hold days by lag and add up the others; the reference sees every child-day, and walks who lived with whom.
"""

from __future__ import annotations

import math
from math import log

import numpy as np
import pytest

from daily_cases import single_days, tables_of
from missingmodels.frame.daily import daily_design
from missingmodels.models.daily import daily_model
from missingmodels.models.priors.daily import KERNEL, daily_priors
from plain import daily_reference, reference
from worlds import exposures_of, plan_of

MEMORY, GRID = 25, 5
REPLACE = {
    "intercept": {"mean": -3.5, "sd": 0.8},
    "sigma_home": {"mean": 0.0, "sd": 0.6},
    "frailty_shape": {"median": math.exp(-0.4), "sd_log": 0.7},
    "kernel_days": {"median": math.exp(1.1), "sd_log": 0.4},
    "peer_kernel": {"mean": 0.1, "sd": 0.35},
    "need_score": {"fixed": -0.25},
    "male": {"mean": 0.2, "sd": 0.7},
}
PROCESS = {"sigma_process": {"mean": 0.0, "sd": 0.35}, "process_days": {"median": math.exp(2.2), "sd_log": 0.8}}
PERIOD = {"sigma_period": {"mean": 0.0, "sd": 0.25}}
# kind, primary exposure of the plan, initial, replacements
CASES = {
    "kernel, joint": ("kernel", "peer_presence", "joint", REPLACE | PERIOD),
    "kernel, conditional": ("kernel", "peer_presence", "conditional", REPLACE | PERIOD),
    "drift beside a window": ("ornstein_uhlenbeck", "peer_density", "joint", REPLACE | PROCESS),
    "drift beside a kernel, conditional": ("ornstein_uhlenbeck", "peer_kernel", "conditional", REPLACE | PROCESS),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    kind, primary, initial, replace = CASES[request.param]
    lagged = kind == "kernel" or primary == "peer_kernel"
    held = {name: value for name, value in replace.items() if lagged or name not in KERNEL}
    plan = plan_of(
        models=["M0", "M1"],
        exposure={"primary": primary, "beside": [], "kernel_days": 4.0},
        terms={"vulnerability": "age_years + male + need_score"},
        frame={"initial": initial, "burn_in_days": 30, "period_days": 20},
        priors={"replace": held},
    )
    tables = tables_of()
    daily = daily_design(tables, plan, kind=kind, memory_days=MEMORY, grid_days=GRID)
    priors = daily_priors(plan)
    compiled = daily_model(daily, priors).build().compile_logp(mode="FAST_COMPILE")
    return daily, priors, held, compiled, single_days(tables, plan, daily)


def point_of(daily, priors, seed):
    rng = np.random.default_rng(seed)
    fixed = priors.base.of_columns(daily.names, daily.scale)[2]
    homes, (_, steps) = len(daily.home_ids), (daily.units["cell"].index, daily.steps)
    point = {
        "intercept": rng.normal(-3.5, 0.5),
        "coefficients": rng.normal(0, 0.4, int((~fixed).sum())),
        "sigma_home": rng.uniform(0.2, 1.5) * (-1) ** seed,
        "frailty_shape_log__": rng.normal(-0.5, 0.6),
        "home_z": rng.standard_normal(homes),
        "home_period_z": rng.standard_normal(homes * steps),
    }
    if daily.knot is None:
        point["sigma_period"] = rng.uniform(0.1, 0.8) * (-1) ** (seed // 2)
    else:
        point |= {"sigma_process": -rng.uniform(0.1, 0.8), "process_days_log__": rng.normal(2.2, 0.8)}
    if daily.peers is not None:
        point |= {"peer_kernel": rng.normal(0, 0.4), "kernel_days_log__": rng.normal(1.2, 0.5)}
    return point


def innovations_to_paths(z, sd, time_scale, step):
    """Paths whose innovations are ``z``, by the recursion; and the log determinant of that map, a home."""
    keep = np.exp(-step / time_scale)
    paths = np.empty(z.shape)
    for home in range(z.shape[0]):
        for t in range(z.shape[1]):
            before = 0.0 if t == 0 else keep * paths[home, t - 1]
            paths[home, t] = before + (sd if t == 0 else sd * np.sqrt(1 - keep**2)) * z[home, t]
    return paths, z.shape[1] * log(abs(sd)) + 0.5 * (z.shape[1] - 1) * log(1 - keep**2)


@pytest.mark.parametrize("seed", range(3))
def test_log_density(case, seed):
    daily, priors, _, compiled, (risk, design, child, day) = case
    point = point_of(daily, priors, seed)
    homes, (_, steps) = len(design.home_ids), (daily.units["cell"].index, daily.steps)
    mean, sd, fixed = priors.base.of_columns(daily.names, daily.scale)
    coefficients = mean.copy()
    coefficients[~fixed] = point["coefficients"]
    k, s = np.exp(point["frailty_shape_log__"]), point["sigma_home"]
    home_effects = s * point["home_z"]
    z = point["home_period_z"].reshape(homes, steps)
    if daily.knot is None:
        size = point["sigma_period"]
        cells, step = size * z, day // 20
        of_cells = reference.normal_log_density(cells.ravel(), sd=abs(size)) + z.size * log(abs(size))
        of_cells += reference.half_normal_log_density(abs(size), sd=0.25) - log(2)
    else:
        size, scale = point["sigma_process"], np.exp(point["process_days_log__"])
        cells, jacobian = innovations_to_paths(z, size, scale, GRID)
        step = day // GRID
        of_cells = daily_reference.drift_log_density(cells, sd=size, time_scale=scale, step=GRID) + homes * jacobian
        of_cells += reference.half_normal_log_density(abs(size), sd=0.35) - log(2)
        of_cells += reference.lognormal_log_density(scale, mu=2.2, sigma=0.8) + log(scale)
    eta = reference.linear_predictor(
        design_matrix=(design.matrix - daily.centre) / daily.scale,
        intercept=point["intercept"],
        coefficients=coefficients,
        home=design.home,
        home_effects=home_effects,
        home_period=design.home * steps + step,
        home_period_effects=cells.ravel(),
    )
    of_kernel = 0.0
    if daily.peers is not None:
        tau, delta = np.exp(point["kernel_days_log__"]), point["peer_kernel"]
        fading = np.array([np.exp(-lag / tau) for lag in range(1, MEMORY + 1)])
        for row in range(len(eta)):
            eta[row] += delta * daily_reference.faded_onsets_of_others(
                residence=risk.residence,
                onset=risk.onset_anywhere,
                child=child[row],
                day=day[row],
                fading=fading,
                witnessed=True,
            )
        of_kernel += reference.lognormal_log_density(tau, mu=1.1, sigma=0.4) + log(tau)
        of_kernel += reference.normal_log_density(delta, mean=0.1, sd=0.35)
    by_child = reference.onset_log_density_by_child(
        onsets=design.onsets,
        days=design.days,
        eta=eta,
        child=design.child,
        n_children=len(design.child_ids),
        frailty_shape=k,
        before_window=design.before_window,
    )
    expected = (
        by_child.sum()
        + of_cells
        + of_kernel
        + reference.normal_log_density(home_effects, sd=abs(s))
        + point["home_z"].size * log(abs(s))
        + reference.half_normal_log_density(abs(s), sd=0.6)
        - log(2)
        + reference.lognormal_log_density(k, mu=-0.4, sigma=0.7)
        + log(k)
        + reference.normal_log_density(point["intercept"], mean=-3.5, sd=0.8)
        + reference.normal_log_density(point["coefficients"], mean=mean[~fixed], sd=sd[~fixed])
    )
    assert float(compiled(point)) == pytest.approx(expected, rel=1e-9)


def test_the_case_moves_what_it_says(case):
    daily, priors, _, _, (_, design, _, _) = case
    mean, _, fixed = priors.base.of_columns(daily.names, daily.scale)
    at = daily.names.index("need_score")
    assert fixed[at]
    assert mean[at] == pytest.approx(-0.25 * daily.scale[at])
    assert daily.onsets[~daily.before_window].sum() > 30
    assert daily.onsets.size < design.onsets.size  # days were added up
    if daily.peers is not None:
        assert np.unique(daily.peers.lag).size == MEMORY
        # several onsets behind one day, and some by a child who has lived elsewhere since
        assert np.bincount(daily.peers.row).max() > 2


def test_kernel_of_known_time_scale_is_that_of_the_rows():
    plan, tables = plan_of(models=["M0", "M1"], frame={"burn_in_days": 30}, exposure={"kernel_days": 4.0}), tables_of()
    # a memory as long as the record leaves nothing out
    whole = daily_design(tables, plan, kind="kernel", memory_days=200)
    risk, design, child, day = single_days(tables, plan, whole)
    held = whole.peers.exposure(np.exp(-np.arange(1, 201) / 4.0), whole.onsets.size)
    grid = exposures_of(risk, witnessed=True, kernel_days=4.0)["peer_kernel"]
    on_days = np.bincount(design.child, grid[child, day] * design.days_at_risk)
    by_rows = np.bincount(whole.child, held * whole.days_at_risk)
    np.testing.assert_allclose(by_rows, on_days, rtol=1e-10)

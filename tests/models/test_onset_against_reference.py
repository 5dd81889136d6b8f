"""The PyMC onset model against the NumPy reference density, at random points and with every argument off its default.

The model samples each scale s of a half-normal prior with a sign and each effect as z ~ Normal(0, 1), so against the
reference, which holds |s| and the effects v = s z themselves, its log density differs by known terms:
log 2 for each half-normal scale (half the mass lies on either sign), the Jacobian log |s| of each effect, and log k for
the frailty shape, which is sampled as log k.
"""

from __future__ import annotations

import math
from math import log

import numpy as np
import pytest

from missingmodels.fitting.nuts.coordinates import Posterior
from missingmodels.frame.design import build_design
from missingmodels.frame.riskset import build_risk_set
from missingmodels.frame.rows import build_rows, model_terms
from missingmodels.models.onset import onset_model
from missingmodels.models.priors.of_plan import prior_set
from plain import reference
from worlds import EXPOSURES, plan_of, small_world

POINTS = range(4)
FIXED = {"peer_density": 0.4, "need_score": -0.25}
MOVED = {"male": (0.2, 0.7), "age_years": (0.1, 0.05), "size_between": (-0.1, 0.4)}
REPLACE = {
    "intercept": {"mean": -3.5, "sd": 0.8},
    "sigma_home": {"mean": 0.0, "sd": 0.6},
    "sigma_period": {"mean": 0.0, "sd": 0.25},
    "frailty_shape": {"median": math.exp(-0.4), "sd_log": 0.7},
    **{name: {"fixed": value} for name, value in FIXED.items()},
    **{name: {"mean": mean, "sd": sd} for name, (mean, sd) in MOVED.items()},
}


def from_range(low, centre, high):
    """Mean and sd of a log rate ratio whose 95 % range is (low, high)."""
    return log(centre), (log(high) - log(low)) / 3.92


# The informed set, per raw unit, as its reasons state it; everything else is Normal(0, 0.3) on the sampler's columns.
INFORMED = {
    "peer_presence": from_range(1.0, 1.3, 2.2),
    "own_1_7": from_range(1.2, 1.8, 3.0),
    "out_of_area": from_range(0.55, 0.75, 1.0),
    "exploitation_risk": from_range(0.8, 1.5, 2.8),
    # per log unit of the staff ratio; the range is that of a quarter fewer staff
    "peer_presence:short_staffing": tuple(value / log(4 / 3) for value in from_range(0.9, 1.15, 1.6)),
}
RATE = log(3.2 / 365.25)  # the national rate, episodes per resident-year
# intercept mean and sd; sd of the half-normal scales; mean and sd of log k
CASES = {
    "joint, informed, every prior replaced": ("joint", "informed", REPLACE, ((-3.5, 0.8), 0.6, 0.25, (-0.4, 0.7))),
    "conditional, informed, three fixed": (
        "conditional",
        "informed",
        {name: {"fixed": value} for name, value in (FIXED | {"sigma_period": 0.35}).items()},
        ((RATE - 0.5, 0.5), 0.4, 0.3, (log(0.3), 0.4)),
    ),
    "joint, weak": ("joint", "weak", {}, ((RATE, 1.5), 1.0, 0.5, (log(0.5), 1.0))),
}


@pytest.fixture(scope="session", params=CASES, ids=list(CASES))
def case(request):
    """Design, the settings of its priors, and the model's log density compiled once."""
    initial, use, replace, scales = CASES[request.param]
    beyond = {"homes": {"school_tie_share": 0.3}, "children": {"move_share": 0.6}}
    tables = small_world(6, n_homes=5, days=130, onset={"rate_per_year": 20.0}, **beyond).tables
    plan = plan_of(
        exposure={
            "beside": [*EXPOSURES[1:], "peer_kernel"],
            "moderation": "staff_ratio_within",
            "outside": "outside_density",
        },
        frame={"initial": initial, "burn_in_days": 40},
        priors={"use": use, "replace": replace},
    )
    formula = model_terms(plan, "M3") + " + peer_density + peer_kernel"
    rows = build_rows(tables, build_risk_set(tables, plan.frame), plan)
    design = build_design(rows, formula, conditional=initial == "conditional")
    assert design.before_window.any() == (initial == "conditional")
    assert {"peer_kernel", "peer_presence:short_staffing", "outside_density"} <= set(design.names)
    model = onset_model(design, prior_set(plan.priors)).build()
    # The graph as written: no rewriting for speed, and no compiler.
    return design, use, replace, scales, model, model.compile_logp(mode="FAST_COMPILE")


def priors_of(design, use, replace):
    """(P,) mean and sd on the sampler's columns, and the fixed coefficients on them (NaN where free)."""
    mean, fixed = np.zeros(len(design.names)), np.full(len(design.names), np.nan)
    sd = np.full(len(design.names), 1.0 if use == "weak" else 0.3)
    raw = dict(INFORMED) | {"age_years": from_range(1.08, 1.18, 1.28)} if use == "informed" else {}
    raw |= {name: (change["mean"], change["sd"]) for name, change in replace.items() if "mean" in change}
    for i, name in enumerate(design.names):
        # a coefficient of (x - centre) / scale is the scale times that of x
        if name in raw:
            mean[i], sd[i] = raw[name][0] * design.scale[i], raw[name][1] * design.scale[i]
        if "fixed" in replace.get(name, {}):
            fixed[i] = replace[name]["fixed"] * design.scale[i]
    return mean, sd, fixed


def random_point(seed, design, fixed):
    rng = np.random.default_rng(seed)
    homes, periods = len(design.home_ids), design.periods
    return {
        "intercept": rng.normal(-3.5, 0.5),
        "coefficients": rng.normal(0, 0.4, int(np.isnan(fixed).sum())),
        "sigma_home": rng.uniform(0.2, 1.5) * (-1) ** seed,
        "sigma_period": rng.uniform(0.1, 0.8) * (-1) ** (seed // 2),
        "frailty_shape_log__": rng.normal(-0.5, 0.6),
        "home_z": rng.standard_normal(homes),
        "home_period_z": rng.standard_normal(homes * periods),
    }


def joint_at(case, intercept, coefficients, home, home_period, s, t, k):
    """The reference's log joint density, without what it gives to fixed values. Coefficients (P,) of the standardised
    columns, fixed ones included; effects (H,) and (H * T,); scales in either sign."""
    design, use, replace, scales, _, _ = case
    mean, sd, fixed = priors_of(design, use, replace)
    free = np.isnan(fixed)
    intercept_prior, home_sd, period_sd, shape = scales
    joint = reference.joint_log_density(
        onsets=design.onsets,
        days=design.days,
        child=design.child,
        n_children=len(design.child_ids),
        before_window=design.before_window,
        design_matrix=(design.matrix - design.centre) / design.scale,
        intercept=intercept,
        coefficients=coefficients,
        home=design.home,
        home_effects=home,
        home_period=design.home * design.periods + design.period,
        home_period_effects=home_period,
        sigma_home=abs(s),
        sigma_period=abs(t),
        frailty_shape=k,
        priors=reference.ReferencePriors(
            intercept_mean=intercept_prior[0],
            intercept_sd=intercept_prior[1],
            coefficients_mean=np.where(free, mean, coefficients),
            coefficients_sd=np.where(free, sd, 1.0),
            sigma_home_sd=home_sd,
            sigma_period_sd=period_sd,
            frailty_shape_mu=shape[0],
            frailty_shape_sigma=shape[1],
        ),
    )
    # a fixed coefficient has no prior: take out its Normal(0, 1) at the mean
    joint += (~free).sum() * log(2 * np.pi) / 2
    return joint - reference.half_normal_log_density(t, sd=period_sd) if period_fixed(case) is not None else joint


def period_fixed(case):
    """The home-period scale that the plan fixes, or None."""
    return case[2].get("sigma_period", {}).get("fixed")


@pytest.mark.parametrize("seed", POINTS)
def test_log_density(case, seed):
    design, use, replace, _, _, compiled = case
    _, _, fixed = priors_of(design, use, replace)
    point = random_point(seed, design, fixed)
    coefficients = fixed.copy()
    coefficients[np.isnan(fixed)] = point["coefficients"]
    given = period_fixed(case)
    if given is not None:
        point["sigma_period"] = given
    s, t, k = point["sigma_home"], point["sigma_period"], np.exp(point["frailty_shape_log__"])
    home, period = s * point["home_z"], t * point["home_period_z"]
    expected = (
        joint_at(case, point["intercept"], coefficients, home, period, s, t, k)
        - log(2) * (1 if given is not None else 2)
        + home.size * log(abs(s))
        + period.size * log(abs(t))
        + np.log(k)
    )
    if given is not None:
        del point["sigma_period"]
    assert float(compiled(point)) == pytest.approx(expected, rel=1e-9)


def test_whitened_log_density(case):
    """The sampler's compiled density is that of the reference times the Jacobian of its coordinates, by differences."""
    design, _, replace, _, _, _ = case
    posterior = Posterior(design, prior_set(plan_of(priors={"use": case[1], "replace": replace}).priors))
    work = posterior.workplace()
    free = [i for i, name in enumerate(design.names) if "fixed" not in replace.get(name, {})]

    def natural(x):
        v = posterior.values(x)
        scales = [v["sigma_home"], np.log(v["frailty_shape"])] + (
            [v["sigma_period"]] if period_fixed(case) is None else []
        )
        return np.concatenate([[v["intercept"]], v["coefficients"][free], v["home"], v["home_period"], scales])

    gaps = []
    for seed in POINTS:
        x = np.random.default_rng(seed).normal(0, 0.7, posterior.size)
        v = posterior.values(x)
        given = (v["intercept"], v["coefficients"], v["home"], v["home_period"])
        k = float(v["frailty_shape"])
        expected = joint_at(case, *given, float(v["sigma_home"]), float(v["sigma_period"]), k) + np.log(k)
        steps = np.eye(x.size) * 1e-6
        slopes = np.array([(natural(x + step) - natural(x - step)) / 2e-6 for step in steps])
        gaps.append(posterior.log_density(x, work)[0] - expected - np.linalg.slogdet(slopes)[1])
    # what is left is one constant
    assert np.ptp(gaps) < 1e-7
    assert np.isfinite(gaps).all()


def test_whitened_gradient(case):
    design, use, replace, _, _, _ = case
    posterior = Posterior(design, prior_set(plan_of(priors={"use": use, "replace": replace}).priors))
    work = posterior.workplace()
    x = np.random.default_rng(1).normal(0, 0.7, posterior.size)
    steps = np.eye(x.size) * 1e-5
    slopes = [(posterior.log_density(x + s, work)[0] - posterior.log_density(x - s, work)[0]) / 2e-5 for s in steps]
    np.testing.assert_allclose(posterior.log_density(x, work)[1], slopes, rtol=1e-5, atol=1e-5)


def test_the_free_variables_are_those_of_the_specification(case):
    design, _, replace, _, model, _ = case
    fixed = sum("fixed" in change for name, change in replace.items() if name in design.names)
    sizes = {variable.name: int(np.prod(variable.type.shape)) for variable in model.free_RVs}
    homes = len(design.home_ids)
    scales = {"sigma_home", "sigma_period", "frailty_shape"}
    assert sizes == {
        "intercept": 1,
        "coefficients": len(design.names) - fixed,
        **{name: 1 for name in scales if "fixed" not in replace.get(name, {})},
        "home_z": homes,
        "home_period_z": homes * design.periods,
    }
    assert [variable.name for variable in model.observed_RVs] == ["onset"]


def test_the_case_moves_what_it_says(case):
    design, _, replace, _, _, _ = case
    assert set(replace) - {"intercept", "sigma_home", "sigma_period", "frailty_shape"} <= set(design.names)
    assert {"peer_presence", "peer_density", "own_1_7", "need_score"} <= set(design.names)
    assert design.onsets[~design.before_window].sum() > 30
    assert len(design.home_ids) * design.periods > 15


@pytest.mark.parametrize("seed", [0, 3])
def test_raw_and_standardised_coefficients_give_the_same_rows(case, seed):
    design = case[0]
    rng = np.random.default_rng(seed)
    intercept, coefficients = rng.normal(size=2), rng.normal(size=(2, len(design.names)))
    raw_intercept, raw = design.to_raw(intercept, coefficients)
    by_sampler = intercept[:, None] + coefficients @ ((design.matrix - design.centre) / design.scale).T
    np.testing.assert_allclose(raw_intercept[:, None] + raw @ design.matrix.T, by_sampler, rtol=1e-9, atol=1e-9)
    back = design.to_standardised(raw_intercept, raw)
    np.testing.assert_allclose(back[0], intercept, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(back[1], coefficients, rtol=1e-12)

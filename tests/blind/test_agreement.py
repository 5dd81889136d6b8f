"""The onset models of the package against the blind densities, every argument off its default: sampler and referees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from made_onsets import empty_design
from missingmodels.fitting import log_normal
from missingmodels.fitting.laplace.child import ChildLaw
from missingmodels.fitting.nuts.coordinates import Posterior
from missingmodels.models.frailty import RICH, expected_onsets
from missingmodels.models.onset import onset_model
from missingmodels.models.priors.law import FURTHER, SCALES
from missingmodels.models.priors.of_plan import plan_priors, prior_set
from plain import reference, reference_frailty
from worlds import plan_of

from . import laws, onset_gamma, onset_log_normal, onset_low_risk, onset_rate
from .agreement import columns_and_coefficients, natural, random_point, table

EFFECTS = {
    "home": ("home_z", "sigma_home"),
    "home_period": ("home_period_z", "sigma_period"),
    "authority": ("authority_z", "sigma_authority"),
    "owner": ("owner_z", "sigma_owner"),
    "peer_slope": ("peer_slope_z", "sigma_peer_slope"),
}
REPLACE = {
    "intercept": {"mean": -3.5, "sd": 0.8},
    "sigma_home": {"mean": 0.0, "sd": 0.6},
    "need_score": {"fixed": -0.25},
    "exploitation_risk": {"mean": 0.2, "sd": 0.7},
}
SHARES = {"low_risk_share": {"mean": 0.35, "sd": 0.15}, "low_risk_ratio": {"mean": 0.2, "sd": 0.1}}
ALL = {"authority": True, "owner": True, "peer_slope_by_home": True}
# effects of the plan, what is done about rows before the window, prior set and replacements
CASES = {
    "gamma, weak": ({}, "joint", "weak", {}),
    "gamma, informed, all effects, conditional": (ALL, "conditional", "informed", REPLACE),
    "gamma, no periods": ({"home_process": "none", "owner": True}, "joint", "informed", {}),
    "log-normal, weak, all effects": ({"frailty": "log_normal", **ALL}, "joint", "weak", REPLACE),
    "log-normal, informed": ({"frailty": "log_normal"}, "joint", "informed", {}),
    "low risk, weak, fixed ratio, all effects": ({"frailty": "low_risk", **ALL}, "joint", "weak", {}),
    "low risk, informed, conditional": ({"frailty": "low_risk"}, "conditional", "informed", REPLACE | SHARES),
}
BLIND = {"gamma": onset_gamma, "log_normal": onset_log_normal, "low_risk": onset_low_risk}


def made_design(plan, seed=4):
    """Rich and thin children, unrecorded owners and authorities, rows before the window, every kind of column."""
    rng = np.random.default_rng(seed)
    design = empty_design(rng, homes=5, per_home=3, periods=3, authorities=3, owners=2)
    size = design.child.size
    names = (*design.names, "age_years", "exploitation_risk", "own_8_28")
    more = [rng.normal(15, 2, size), rng.integers(0, 2, size), rng.integers(0, 2, size)]
    matrix = np.column_stack([design.matrix, *more]).astype(float)
    unrecorded = {"authority": 1, "owner": 2}
    groups = {
        name: replace(group, index=np.where(design.home == unrecorded[name], -1, group.index))
        for name, group in design.groups.items()
        if getattr(plan.effects, name)
    }
    burn_in = rng.random(size) < 0.3
    return replace(
        design, names=names, matrix=matrix, groups=groups, burn_in=burn_in,
        centre=matrix.mean(axis=0) + 0.1, scale=np.array([1.0, 1.3, 2.1, 1.0, 1.0]),
        before_window=burn_in & (plan.frame.initial == "conditional"),
        onsets=rng.poisson(np.where(design.child < 4, 1.5, 0.1)),
        slope_of="peer_presence" if plan.effects.peer_slope_by_home else "",
    )  # fmt: skip


def data_of(design, plan, base, free):
    """What the blind densities read of a design, with the coefficients and the gain of their units."""
    columns, coefficients, gain = columns_and_coefficients(design, base, free)
    scalars = {name: getattr(base, name) for name in ("intercept", "coefficient", *SCALES, *FURTHER)}
    del scalars["sigma_sector"]  # of the fast engine alone, and not of the page
    data = {
        "child": design.child, "children": len(design.child_ids), "home": design.home,
        "home_period": design.home * design.periods + design.period,
        **{name: group.index for name, group in design.groups.items()},
        "peer_exposure": design.matrix[:, 0], "columns": columns, "names": list(design.names),
        "onset": design.onsets, "days": design.days, "before": design.before_window,
        "child_scaled": expected_onsets(design) > RICH,
        "prior_set": plan.priors.use, "priors": table(scalars | base.coefficients),
    }  # fmt: skip
    return data, coefficients, gain


@pytest.fixture(scope="module", params=CASES, ids=list(CASES))
def case(request):
    effects, initial, use, changes = CASES[request.param]
    plan = plan_of(frame={"initial": initial}, effects=effects, priors={"use": use, "replace": changes})
    design = made_design(plan)
    base = plan_priors(plan)
    model = onset_model(design, base, plan.effects).build()
    return design, plan, base, model, model.compile_logp(mode="FAST_COMPILE")


def blind_at(case, point):
    """Values and data of the blind density at a sampler's point, and the gain of its scale."""
    design, plan, base, _, _ = case
    held = {name: value for name, value in point.items() if name != "coefficients"}
    values, gain = natural(held, EFFECTS)
    data, coefficients, of_units = data_of(design, plan, base, point["coefficients"])
    values |= {"coefficients": coefficients}
    if plan.effects.frailty == "log_normal":
        values["child"] = values.pop("child_x")
    if base.low_risk_ratio.law == "fixed":
        values["low_risk_ratio"] = base.low_risk_ratio.mean
    return values, data, gain + of_units


@pytest.mark.parametrize("seed", range(3))
def test_the_sampler_has_the_blind_density(case, seed):
    point = random_point(case[3], seed)
    values, data, gain = blind_at(case, point)
    expected = BLIND[case[1].effects.frailty].log_density(values, data) + gain
    assert float(case[4](point)) == pytest.approx(expected, rel=1e-9)


def test_the_referees_have_the_blind_likelihood(case):
    design, plan, _, model, _ = case
    values, data, _ = blind_at(case, random_point(model, 7))
    eta = onset_rate.log_rate(values, data)
    rows = {"onsets": design.onsets, "days": design.days, "eta": eta, "child": design.child}
    rows |= {"n_children": len(design.child_ids)}
    law, before = plan.effects.frailty, {"before_window": design.before_window}
    if law == "gamma":
        found = reference.onset_log_density_by_child(**rows, **before, frailty_shape=values["frailty_shape"])
    elif law == "low_risk":
        held = {name: values[name] for name in ("frailty_shape", "low_risk_share", "low_risk_ratio")}
        found = reference_frailty.low_risk_log_density_by_child(**rows, **before, **held)
    else:
        log_u = onset_log_normal.log_frailty(values, data)
        found = reference_frailty.sampled_log_density_by_child(**rows, log_frailty=log_u)
    assert found.sum() == pytest.approx(BLIND[law].log_likelihood(values, data), rel=1e-9)


@pytest.mark.parametrize("use", ["weak", "informed"])
def test_the_joint_referee_has_the_blind_density(use):
    plan = plan_of(frame={"initial": "conditional"}, priors={"use": use})
    design, base = made_design(plan), plan_priors(plan)
    values, data, _ = blind_at((design, plan, base, None, None), random_point(onset_model(design, base).build(), 5))
    held = [table({"of": base.coefficients.get(name, base.coefficient)})["of"] for name in design.names]
    found = reference.joint_log_density(
        onsets=design.onsets, days=design.days, child=design.child, n_children=len(design.child_ids),
        before_window=design.before_window, design_matrix=data["columns"], intercept=values["intercept"],
        coefficients=values["coefficients"], home=design.home, home_effects=values["home"],
        home_period=data["home_period"], home_period_effects=values["home_period"],
        sigma_home=values["sigma_home"], sigma_period=values["sigma_period"], frailty_shape=values["frailty_shape"],
        priors=reference.ReferencePriors(
            intercept_mean=base.intercept.mean, intercept_sd=base.intercept.sd,
            coefficients_mean=np.array([mean for _, mean, _ in held]),
            coefficients_sd=np.array([sd for *_, sd in held]),
            sigma_home_sd=base.sigma_home.sd, sigma_period_sd=base.sigma_period.sd,
            frailty_shape_mu=base.frailty_shape.mean, frailty_shape_sigma=base.frailty_shape.sd,
        ),
    )  # fmt: skip
    assert found == pytest.approx(onset_gamma.log_density(values, data), rel=1e-9)


def test_the_compiled_sampler_has_the_blind_density():
    """The whitened posterior by differences, with the Jacobian of its coordinates by finite steps."""
    plan = plan_of(frame={"initial": "conditional"}, priors={"use": "informed"})
    design, base = made_design(plan), plan_priors(plan)
    posterior = Posterior(design, base)
    work = posterior.workplace()

    def moved(x):
        v = posterior.values(x)
        scales = [v["sigma_home"], v["sigma_period"], v["frailty_shape"]]
        return np.concatenate([[v["intercept"]], v["coefficients"], v["home"], v["home_period"], scales])

    gaps = []
    for seed in range(3):
        x = np.random.default_rng(seed).normal(0, 0.7, posterior.size)
        v = posterior.values(x)
        data, coefficients, of_units = data_of(design, plan, base, v["coefficients"])
        names = ("intercept", "home", "home_period", "sigma_home", "sigma_period", "frailty_shape")
        values = {name: v[name] for name in names} | {"coefficients": coefficients}
        step = 1e-6 * np.eye(x.size)
        slopes = np.array([(moved(x + h) - moved(x - h)) / 2e-6 for h in step])
        expected = onset_gamma.log_density(values, data) + of_units + np.linalg.slogdet(slopes)[1]
        gaps.append(posterior.log_density(x, work)[0] - expected)
    assert np.ptp(gaps) < 1e-7  # the finite steps cost the digits beyond


@pytest.mark.parametrize(("y", "n", "s"), [([0], [300.0], 2.3), ([7, 6], [200.0, 10.0], 1.05), ([1], [3.0], 0.3)])
def test_every_way_of_integrating_a_log_normal_child_is_the_blind_one(y, n, s):
    eta = np.full(len(y), -1.3)
    expected = onset_log_normal.log_likelihood_of_child(y, n, eta, s)
    linear, total, mean = np.sum(y * eta), np.full((1, 1), np.sum(y)), np.full((1, 1), np.sum(n * np.exp(eta)))
    referee = reference_frailty.log_normal_log_density_by_child(
        onsets=y, days=n, eta=eta, child=np.zeros(len(y), int), n_children=1, sd_log=s
    )
    assert referee[0] == pytest.approx(expected, rel=1e-9)
    by_draw, _, _ = log_normal.integrated(total, mean, np.array([s]), np.random.default_rng(1))
    assert by_draw[0, 0] + linear == pytest.approx(expected, rel=1e-8)
    fast = ChildLaw("log_normal", {"frailty_sd_log": np.array([s])}).log_density(total, mean)
    assert fast[0, 0] + linear == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("use", ["weak", "informed"])
def test_the_printed_priors_are_those_of_the_code(use):
    base = prior_set(plan_of(priors={"use": use}).priors)
    scalars = {name: getattr(base, name) for name in ("intercept", "coefficient", *SCALES, *FURTHER)}
    del scalars["sigma_sector"]  # of the fast engine alone, and not of the page
    agree(laws.ONSET[use], table(scalars | base.coefficients))


def agree(printed, held):
    """The page prints three digits."""
    assert set(printed) == set(held)
    for name, (law, *numbers) in held.items():
        assert printed[name][0] == law, name
        assert printed[name][1:] == pytest.approx(tuple(numbers), rel=5e-3), name

"""Laws of frailty and added effects in the PyMC model, against the NumPy reference, every argument off its default.

The differences between the two densities are those of ``test_onset_against_reference``: log 2 for each half-normal
scale, the Jacobian log |s| of each effect that is sampled as z, log k and log s for what is sampled as a log, and
log(x (1 - x)) for a share that is sampled as its log odds.
"""

from __future__ import annotations

import math
from dataclasses import replace
from math import log

import numpy as np
import pytest

from missingmodels.frame.columns.groups import Group
from missingmodels.frame.design import Design
from missingmodels.models.frailty import RICH, expected_onsets
from missingmodels.models.onset import onset_model
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.plan import Plan
from plain import reference, reference_frailty
from worlds import plan_of

CHILDREN, HOMES, PERIODS, AUTHORITIES, OWNERS, ROWS = 9, 4, 3, 3, 2, 70
CHANGES = {
    "intercept": {"mean": -3.5, "sd": 0.8},
    "sigma_home": {"mean": 0.0, "sd": 0.6},
    "sigma_period": {"mean": 0.0, "sd": 0.25},
    "frailty_shape": {"median": math.exp(-0.4), "sd_log": 0.7},
    "frailty_sd_log": {"median": math.exp(0.1), "sd_log": 0.4},
    "low_risk_share": {"mean": 0.35, "sd": 0.15},
    "sigma_authority": {"mean": 0.0, "sd": 0.35},
    "sigma_owner": {"mean": 0.0, "sd": 0.45},
    "sigma_peer_slope": {"mean": 0.0, "sd": 0.55},
}
ALL = {"authority": True, "owner": True, "peer_slope_by_home": True}
CASES = {
    "gamma, all effects": ({"frailty": "gamma", **ALL}, "joint", {}),
    "gamma, all effects, conditional": ({"frailty": "gamma", **ALL}, "conditional", {}),
    "gamma, no periods": ({"home_process": "none", "owner": True}, "joint", {}),
    "log-normal, all effects": ({"frailty": "log_normal", **ALL}, "joint", {}),
    "low risk, fixed ratio, all effects": ({"frailty": "low_risk", **ALL}, "joint", {"low_risk_ratio": {"fixed": 0.1}}),
    "low risk, conditional": ({"frailty": "low_risk"}, "conditional", {"low_risk_ratio": {"mean": 0.2, "sd": 0.1}}),
}
MINE = {"sigma_authority": "authority", "sigma_owner": "owner", "sigma_peer_slope": "peer_slope_by_home"}


def made_design(seed: int, plan: Plan) -> Design:
    """A design with rich and thin children, an unrecorded owner, and onsets before the window."""
    rng = np.random.default_rng(seed)
    child = np.sort(rng.integers(0, CHILDREN, ROWS))
    home = (child + rng.integers(0, 2, ROWS)) % HOMES
    days = rng.uniform(0.5, 28, ROWS)
    burn_in = rng.random(ROWS) < 0.3
    groups = {
        "authority": Group(index=np.array([0, 1, 2, 1])[home], ids=("a", "b", "c")),
        "owner": Group(index=np.array([1, -1, 0, 1])[home], ids=("p", "q")),
    }
    return Design(
        formula="peer_presence + x", names=("peer_presence", "x"),
        matrix=np.column_stack([rng.random(ROWS) < 0.4, rng.normal(2, 3, ROWS)]).astype(float),
        centre=np.array([0.3, 1.5]), scale=np.array([1.0, 2.5]),
        child=child, home=home, period=rng.integers(0, PERIODS, ROWS),
        onsets=rng.poisson(np.where(child < 3, 2.0, 0.1)), days=days, days_at_risk=days + 0.5, burn_in=burn_in,
        before_window=burn_in & (plan.frame.initial == "conditional"),
        child_ids=tuple("abcdefghi"), home_ids=tuple("wxyz"), periods=PERIODS, notes=(),
        groups={name: group for name, group in groups.items() if getattr(plan.effects, name)},
        slope_of="peer_presence" if plan.effects.peer_slope_by_home else "",
    )  # fmt: skip


@pytest.fixture(scope="module", params=CASES, ids=list(CASES))
def case(request):
    effects, initial, changes = CASES[request.param]
    frailty = effects.get("frailty", "gamma")
    in_model = {
        "frailty_shape": frailty != "log_normal", "frailty_sd_log": frailty == "log_normal",
        "low_risk_share": frailty == "low_risk", "sigma_period": effects.get("home_process") != "none",
        **{scale: effects.get(name, False) for scale, name in MINE.items()},
    }  # fmt: skip
    priors = {name: change for name, change in CHANGES.items() if in_model.get(name, True)} | changes
    plan = plan_of(frame={"initial": initial}, effects=effects, priors={"replace": priors})
    design = made_design(3, plan)
    assert 0 < (expected_onsets(design) > RICH).sum() < CHILDREN  # both ways of sampling a child are met
    model = onset_model(design, plan_priors(plan), plan.effects).build()
    return design, plan, model, model.compile_logp(mode="FAST_COMPILE")


def half_normal_and_effects(point, scale, name, sd):
    """The reference's density of a scale and its effects, and by how much the sampled form differs."""
    s, z = point[scale], point[f"{name}_z"]
    expected = reference.half_normal_log_density(abs(s), sd=sd) + reference.normal_log_density(s * z, sd=abs(s))
    return expected - log(2) + z.size * log(abs(s))


@pytest.mark.parametrize("seed", range(3))
def test_log_density(case, seed):
    design, plan, model, compiled = case
    rng = np.random.default_rng(seed)
    point = {
        v.name: rng.normal(0, 0.5, tuple(v.type.shape)) if v.type.ndim else rng.normal(0, 0.4)
        for v in model.value_vars
    }  # fmt: skip
    sign = {name: (-1) ** (seed + i) for i, name in enumerate(point)}
    point |= {name: sign[name] * (0.2 + abs(v)) for name, v in point.items() if name.startswith("sigma_")}
    prior = plan.priors.replace
    effects = {}
    total = reference.normal_log_density(
        point["intercept"], mean=prior["intercept"].mean, sd=prior["intercept"].sd
    ) + reference.normal_log_density(point["coefficients"], sd=1.0)
    for scale, name in (
        ("sigma_home", "home"), ("sigma_period", "home_period"), ("sigma_authority", "authority"),
        ("sigma_owner", "owner"), ("sigma_peer_slope", "peer_slope"),
    ):  # fmt: skip
        if scale in point:
            effects[name] = point[scale] * point[f"{name}_z"]
            total += half_normal_and_effects(point, scale, name, prior[scale].sd)
    eta = reference.linear_predictor(
        design_matrix=(design.matrix - design.centre) / design.scale,
        intercept=point["intercept"],
        coefficients=point["coefficients"],
        home=design.home,
        home_effects=effects["home"],
        home_period=design.home * PERIODS + design.period,
        home_period_effects=effects.get("home_period", np.zeros(HOMES * PERIODS)),
    )
    for name, group in design.groups.items():
        eta = eta + reference_frailty.added_effects(group.index, effects[name])
    if design.slope_of:
        eta = eta + reference_frailty.added_effects(design.home, effects["peer_slope"], design.matrix[:, 0])
    rows = {"onsets": design.onsets, "days": design.days, "eta": eta, "child": design.child, "n_children": CHILDREN}
    total += child_part(rows, design, plan, point)
    assert float(compiled(point)) == pytest.approx(total, rel=1e-9)


def child_part(rows, design, plan, point):
    """The children's densities, and the densities of what their law is made of."""
    prior, law = plan.priors.replace, plan.effects.frailty
    if law == "log_normal":
        s = np.exp(point["frailty_sd_log_log__"])
        rich = expected_onsets(design) > RICH
        effect = np.where(rich, point["child_x"], s * point["child_x"])
        return (
            reference.lognormal_log_density(
                s, mu=log(prior["frailty_sd_log"].median), sigma=prior["frailty_sd_log"].sd_log
            )
            + log(s)
            + reference.normal_log_density(effect - s**2 / 2, mean=-(s**2) / 2, sd=s)
            + (~rich).sum() * log(s)
            + sum(reference_frailty.sampled_log_density_by_child(**rows, log_frailty=effect - s**2 / 2))
        )
    k = np.exp(point["frailty_shape_log__"])
    of_shape = log(k) + reference.lognormal_log_density(
        k, mu=log(prior["frailty_shape"].median), sigma=prior["frailty_shape"].sd_log
    )
    rows |= {"frailty_shape": k, "before_window": design.before_window}
    if law == "gamma":
        return of_shape + sum(reference.onset_log_density_by_child(**rows))
    found = {"low_risk_ratio": prior["low_risk_ratio"].fixed}
    for name in ("low_risk_share", "low_risk_ratio"):
        if f"{name}_logodds__" in point:
            found[name] = 1 / (1 + np.exp(-point[f"{name}_logodds__"]))
            x = found[name]
            of_shape += log(x * (1 - x)) + reference_frailty.beta_log_density(
                x, mean=prior[name].mean, sd=prior[name].sd
            )
    return of_shape + sum(reference_frailty.low_risk_log_density_by_child(**rows, **found))


def test_a_model_has_the_scalars_of_its_effects_and_no_other(case):
    design, plan, model, _ = case
    held = {v.name for v in model.free_RVs}
    assert ("home_period_z" in held) == (plan.effects.home_process == "periods")
    assert ("child_x" in held) == (plan.effects.frailty == "log_normal")
    assert ("peer_slope_z" in held) == bool(design.slope_of)


def test_the_referee_normalises_what_it_integrates():
    """Two rows of one child: the low-risk law is the mixture that quadrature over u gives, and the log-normal's too."""
    rows = {
        "onsets": [2, 1],
        "days": [20.0, 9.0],
        "eta": np.array([-2.0, -3.0]),
        "child": np.zeros(2, int),
        "n_children": 1,
    }
    k, share, ratio = 0.6, 0.3, 0.15
    found = reference_frailty.low_risk_log_density_by_child(
        **rows, frailty_shape=k, low_risk_share=share, low_risk_ratio=ratio, before_window=np.zeros(2, bool)
    )[0]  # fmt: skip
    rng = np.random.default_rng(1)
    middle = share * ratio + 1 - share
    u = rng.gamma(k, size=2_000_000) / k * np.where(rng.random(2_000_000) < share, ratio, 1.0) / middle
    assert u.mean() == pytest.approx(1.0, abs=0.005)
    eta, days, onsets = rows["eta"], np.array(rows["days"]), np.array(rows["onsets"])
    values = np.exp(onsets @ eta + 3 * np.log(u) - u * (days @ np.exp(eta)))
    assert np.exp(found) == pytest.approx(values.mean(), abs=4 * values.std() / np.sqrt(u.size))
    found = reference_frailty.log_normal_log_density_by_child(**rows, sd_log=1.3)[0]
    u = np.exp(1.3 * rng.standard_normal(2_000_000) - 1.3**2 / 2)
    values = np.exp(onsets @ eta + 3 * np.log(u) - u * (days @ np.exp(eta)))
    assert np.exp(found) == pytest.approx(values.mean(), abs=4 * values.std() / np.sqrt(u.size))


def test_a_log_normal_frailty_is_not_updated_by_rows_before_the_window():
    plan = plan_of(effects={"frailty": "log_normal"})
    design = made_design(3, plan_of(frame={"initial": "conditional"}))
    with pytest.raises(ValueError, match="no closed form"):
        onset_model(design, plan_priors(plan), plan.effects).build()


def test_a_design_without_a_slope_has_no_scale_of_it():
    plan = plan_of(effects={"peer_slope_by_home": True})
    design = replace(made_design(3, plan), slope_of="")
    model = onset_model(design, plan_priors(plan), plan.effects).build()
    assert "sigma_peer_slope" not in {v.name for v in model.free_RVs}

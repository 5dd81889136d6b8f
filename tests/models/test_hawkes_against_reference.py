"""The self- and cross-exciting intensity against loops over single child-days, at random points."""

from __future__ import annotations

import math
from math import log

import numpy as np
import pytest

from daily_cases import single_days, tables_of
from missingmodels.errors import ConfigInvalid
from missingmodels.frame.daily import daily_design
from missingmodels.models.daily import daily_model
from missingmodels.models.priors.daily import daily_priors
from plain import daily_reference, reference
from worlds import plan_of

MEMORY = 25
REPLACE = {
    "intercept": {"mean": -3.5, "sd": 0.8},
    "sigma_home": {"mean": 0.0, "sd": 0.6},
    "sigma_period": {"mean": 0.0, "sd": 0.25},
    "frailty_sd_log": {"median": math.exp(0.1), "sd_log": 0.3},
    "own_branching": {"mean": 0.0, "sd": 0.4},
    "peer_branching": {"mean": 0.0, "sd": 0.35},
    "kernel_days": {"median": math.exp(1.1), "sd_log": 0.4},
    "need_score": {"fixed": -0.25},
}


def plan():
    return plan_of(
        models=["M0", "M1"],
        exposure={"kernel_days": 4.0},
        terms={"vulnerability": "age_years + male + need_score"},
        frame={"burn_in_days": 30, "period_days": 20},
        priors={"replace": REPLACE},
    )


@pytest.fixture(scope="module")
def case():
    tables = tables_of()
    daily = daily_design(tables, plan(), kind="hawkes", memory_days=MEMORY)
    priors = daily_priors(plan())
    return (
        daily,
        priors,
        daily_model(daily, priors).build().compile_logp(mode="FAST_COMPILE"),
        single_days(tables, plan(), daily),
    )


@pytest.mark.parametrize("seed", range(3))
def test_log_density(case, seed):
    daily, priors, compiled, (risk, design, child, day) = case
    rng = np.random.default_rng(seed)
    mean, sd, fixed = priors.base.of_columns(daily.names, daily.scale)
    homes, children, periods = len(design.home_ids), len(design.child_ids), design.periods
    own, peer, tau, s = rng.uniform(0.05, 0.6), rng.uniform(0.02, 0.4), rng.uniform(1.0, 9.0), rng.uniform(0.5, 2.0)
    point = {
        "intercept": rng.normal(-3.5, 0.5),
        "coefficients": rng.normal(0, 0.4, int((~fixed).sum())),
        "sigma_home": rng.uniform(0.2, 1.5) * (-1) ** seed,
        "sigma_period": rng.uniform(0.1, 0.8),
        "frailty_sd_log_log__": log(s),
        "own_branching_log__": log(own),
        "peer_branching_log__": log(peer),
        "kernel_days_log__": log(tau),
        "home_z": rng.standard_normal(homes),
        "home_period_z": rng.standard_normal(homes * periods),
        "child_z": rng.standard_normal(children),
    }
    coefficients = mean.copy()
    coefficients[~fixed] = point["coefficients"]
    home_effects, cells = point["sigma_home"] * point["home_z"], point["sigma_period"] * point["home_period_z"]
    frailty = np.exp(s * point["child_z"] - s**2 / 2)
    eta = reference.linear_predictor(
        design_matrix=(design.matrix - daily.centre) / daily.scale,
        intercept=point["intercept"],
        coefficients=coefficients,
        home=design.home,
        home_effects=home_effects,
        home_period=design.home * periods + day // 20,
        home_period_effects=cells,
    )
    share = daily_reference.exponential_shares(time_scale=tau, memory=MEMORY)
    excitation = np.zeros(len(eta))
    for row in range(len(eta)):
        i, d = child[row], day[row]
        excitation[row] = own * daily_reference.faded_own_onsets(
            onset=risk.onset_anywhere, child=i, day=d, fading=share
        ) + peer * daily_reference.faded_onsets_of_others(
            residence=risk.residence,
            onset=risk.onset_anywhere,
            child=i,
            day=d,
            fading=share,
            witnessed=True,
            occupancy=risk.occupancy,
        )
    by_child = daily_reference.additive_log_density_by_child(
        onsets=design.onsets,
        days=design.days,
        baseline_eta=eta,
        excitation=excitation,
        child=design.child,
        frailty=frailty,
    )
    # a row with y onsets holds y log n in the engine's rates of neither; the reference leaves it out as well
    expected = (
        by_child.sum()
        + daily_reference.unit_lognormal_log_density(frailty, log_sd=s)
        + np.log(s * frailty).sum()
        + reference.normal_log_density(home_effects, sd=abs(point["sigma_home"]))
        + homes * log(abs(point["sigma_home"]))
        + reference.normal_log_density(cells, sd=point["sigma_period"])
        + cells.size * log(point["sigma_period"])
        + reference.half_normal_log_density(abs(point["sigma_home"]), sd=0.6)
        + reference.half_normal_log_density(point["sigma_period"], sd=0.25)
        - 2 * log(2)
        + reference.lognormal_log_density(s, mu=0.1, sigma=0.3)
        + reference.lognormal_log_density(tau, mu=1.1, sigma=0.4)
        + reference.half_normal_log_density(own, sd=0.4)
        + reference.half_normal_log_density(peer, sd=0.35)
        + log(s * tau * own * peer)
        + reference.normal_log_density(point["intercept"], mean=-3.5, sd=0.8)
        + reference.normal_log_density(point["coefficients"], mean=mean[~fixed], sd=sd[~fixed])
    )
    assert float(compiled(point)) == pytest.approx(expected, rel=1e-9)


def test_the_case_has_excited_and_added_up_days(case):
    daily, _, _, (_, design, _, _) = case
    assert not {"own_1_7", "own_8_28", "peer_presence"} & set(daily.names)
    assert daily.onsets.size < design.onsets.size
    at_onset = daily.onsets[daily.peers.row]
    assert at_onset.sum() > 20
    assert daily.onsets[daily.own.row].sum() > 20
    assert np.unique(daily.peers.weight).size > 2  # homes of several sizes


def test_frailties_that_are_sampled_cannot_be_conditioned_on_the_burn_in():
    conditional = plan_of(frame={"initial": "conditional"})
    with pytest.raises(ConfigInvalid, match="joint"):
        daily_design(tables_of(), conditional, kind="hawkes")

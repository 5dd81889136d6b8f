"""Priors of the laws and effects that a plan may choose: their moments, their replacement, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from missingmodels.errors import ConfigInvalid
from missingmodels.models.priors.daily import daily_priors
from missingmodels.models.priors.law import Prior, draw_prior
from missingmodels.models.priors.of_plan import plan_priors, prior_set, require_known, scales_of
from missingmodels.plan import Effects, Plan
from worlds import plan_of

DRAWS = 200_000


@pytest.mark.parametrize(
    ("prior", "mean", "sd"),
    [
        (Prior(law="normal", mean=-1.0, sd=2.0), -1.0, 2.0),
        (Prior(law="half_normal", sd=0.5), 0.5 * np.sqrt(2 / np.pi), 0.5 * np.sqrt(1 - 2 / np.pi)),
        (Prior(law="log_normal", mean=0.1, sd=0.4), np.exp(0.1 + 0.08), np.exp(0.18) * np.sqrt(np.expm1(0.16))),
        (Prior(law="beta", mean=0.35, sd=0.15), 0.35, 0.15),
        (Prior(law="fixed", mean=0.05), 0.05, 0.0),
    ],
)
def test_draws_have_the_moments_that_are_stated(prior: Prior, mean: float, sd: float) -> None:
    draws = draw_prior(prior, DRAWS, np.random.default_rng(1))
    assert draws.mean() == pytest.approx(mean, abs=5 * sd / np.sqrt(DRAWS) + 1e-12)
    assert draws.std() == pytest.approx(sd, rel=0.02, abs=1e-12)


@pytest.mark.parametrize(("mean", "sd"), [(0.5, 0.5), (1.2, 0.1), (0.1, 0.4)])
def test_a_share_that_no_beta_has_is_refused(mean: float, sd: float) -> None:
    plan = plan_of(effects={"frailty": "low_risk"}, priors={"replace": {"low_risk_share": {"mean": mean, "sd": sd}}})
    with pytest.raises(ConfigInvalid, match="no beta prior has mean"):
        prior_set(plan.priors)


def test_a_fixed_ratio_becomes_a_share_with_a_prior() -> None:
    assert prior_set(plan_of().priors).low_risk_ratio.law == "fixed"
    given = plan_of(priors={"replace": {"low_risk_ratio": {"mean": 0.1, "sd": 0.05}}})
    assert prior_set(given.priors).low_risk_ratio.law == "beta"


def test_without_a_home_process_its_scale_is_0_whatever_is_replaced() -> None:
    plan = plan_of(effects={"home_process": "none"})
    assert plan.priors.replace == {}
    found = plan_priors(plan).sigma_period
    assert (found.law, found.mean) == ("fixed", 0.0)
    assert plan_priors(plan_of()).sigma_period.law == "half_normal"


@pytest.mark.parametrize(
    ("effects", "name"),
    [
        (Effects(), "sigma_owner"),
        (Effects(), "frailty_sd_log"),
        (Effects(frailty="log_normal"), "frailty_shape"),
        (Effects(home_process="none"), "sigma_period"),
    ],
)
def test_a_prior_of_what_no_model_has_is_refused(effects: Effects, name: str) -> None:
    plan = plan_of(priors={"replace": {name: {"mean": 0.0, "sd": 0.3}}})
    with pytest.raises(ConfigInvalid, match=f"names '{name}', which is in no model"):
        require_known(plan.priors, ["male"], effects)
    with_it = Effects(owner=True, frailty="log_normal" if name == "frailty_sd_log" else "gamma")
    require_known(plan.priors, ["male"], with_it)


def test_scalars_of_all_effects() -> None:
    every = Effects(frailty="low_risk", authority=True, owner=True, peer_slope_by_home=True)
    assert set(scales_of(every)) == {
        "sigma_home", "sigma_period", "frailty_shape", "low_risk_share", "low_risk_ratio",
        "sigma_authority", "sigma_owner", "sigma_peer_slope", "sigma_sector",
    }  # fmt: skip
    assert scales_of(Effects()) == ("sigma_home", "sigma_period", "frailty_shape", "sigma_sector")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("sigma_home", {"fixed": -0.5}, "0 or above"),
        ("frailty_shape", {"fixed": 0.0}, "above 0"),
        ("low_risk_share", {"fixed": 1.5}, "between 0 and 1"),
        ("frailty_shape", {"mean": 0.3, "sd": 0.1}, "median and sd_log"),
        ("kernel_days", {"mean": 5.0, "sd": 1.0}, "median and sd_log"),
        ("sigma_home", {"median": 0.3, "sd_log": 0.1}, "mean and sd"),
        ("male", {"median": 1.3, "sd_log": 0.1}, "mean and sd"),
    ],
)
def test_a_replacement_that_does_not_fit_its_parameter_is_refused(name, change, words):
    plan = Plan(priors={"replace": {name: change}}, effects={"frailty": "low_risk"})
    with pytest.raises(ConfigInvalid) as error:
        daily_priors(plan)
    assert name in error.value.what
    assert words in error.value.remedy


def test_a_log_normal_is_given_in_its_parameters_own_unit():
    prior = prior_set(Plan(priors={"replace": {"frailty_shape": {"median": 0.3, "sd_log": 0.2}}}).priors).frailty_shape
    assert np.median(draw_prior(prior, 20_000, np.random.default_rng(1))) == pytest.approx(0.3, rel=0.01)

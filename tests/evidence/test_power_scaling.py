"""Power scaling against ArviZ on the same draws, and in a case whose diagnosis is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xarray as xr
from tests.made_onsets import EXPOSURE, empty_design, truth_of, with_onsets

from missingmodels.evidence.scores.power_scaling import (
    CONFLICT,
    FINE,
    POWERS,
    STRONG,
    diagnosis,
    log_prior,
    power_scaling,
    sensitivity,
)
from missingmodels.fitting.fit import Fit, fit
from missingmodels.fitting.pareto import smooth
from missingmodels.plan import Plan
from worlds import plan_of

ASKED = [("H1", EXPOSURE, "peers")]


def made(**prior: float) -> tuple[Fit, Plan]:
    rng = np.random.default_rng(6)
    design = dataclasses.replace(empty_design(rng, homes=20, per_home=4, periods=3), groups={}, slope_of="")
    design = with_onsets(design, truth_of(design, rng, rate=12.0, peer=0.45), rng)
    replaced = {"priors": {"replace": {EXPOSURE: prior}}} if prior else {}
    plan = plan_of(sampling={"method": "laplace", "draws": 1000}, **replaced)
    return fit(design, plan, model="M1", exposure=EXPOSURE, seed=1), plan


def test_sensitivities_are_those_of_arviz() -> None:
    import arviz as az

    found, _ = made()
    (ours,) = power_scaling(found, ASKED)
    tree = found.to_datatree()
    theirs = {
        group: float(az.psense(tree, group=group)["coefficients"].sel(covariate=EXPOSURE))
        for group in ("prior", "likelihood")
    }
    assert ours.prior == pytest.approx(theirs["prior"], rel=0.05, abs=0.002)
    assert ours.likelihood == pytest.approx(theirs["likelihood"], rel=0.05, abs=0.002)
    assert ours.diagnosis == FINE


@pytest.mark.parametrize("side", [1, -1])
def test_a_law_with_one_long_tail_moves_as_far_whichever_side_it_is(side: int) -> None:
    import arviz as az

    rng = np.random.default_rng(9)
    draws = side * rng.lognormal(0, 1, 4000)
    log_density = -0.5 * (np.abs(draws) - 1) ** 2
    tree = xr.DataTree.from_dict(
        {
            "/posterior": xr.Dataset({"b": (("chain", "draw"), draws[None])}),
            "/log_prior": xr.Dataset({"p": (("chain", "draw"), log_density[None])}),
        }
    )
    weights = [np.exp(smooth((power - 1) * log_density)[0]) for power in POWERS]
    assert sensitivity(draws, weights) == pytest.approx(float(az.psense(tree, group="prior")["b"]), rel=0.05)


def test_a_prior_that_the_data_contradict_is_told() -> None:
    found, _ = made(mean=-1.5, sd=0.2)
    (told,) = power_scaling(found, ASKED)
    assert told.diagnosis == CONFLICT


@pytest.mark.parametrize(
    ("prior", "likelihood", "said"), [(0.01, 0.3, FINE), (0.2, 0.3, CONFLICT), (0.2, 0.01, STRONG), (0.0, 0.0, FINE)]
)
def test_the_diagnosis_is_that_of_the_paper(prior: float, likelihood: float, said: str) -> None:
    assert diagnosis(prior, likelihood) == said


def test_a_fixed_value_moves_with_nothing() -> None:
    weights = [np.full(50, 0.02), np.full(50, 0.02)]
    assert sensitivity(np.full(50, 0.3), weights) == 0.0


def test_the_prior_is_the_plans_to_a_constant() -> None:
    """Differences between draws, by hand, in the sampler's units: an indicator counts in its own."""
    found, plan = made(mean=0.2, sd=0.5)
    p, design = found.parameters, found.design
    b = p.coefficient(EXPOSURE)
    need = p.coefficient("need_score") * design.scale[1]
    middle = p.intercept + b * design.centre[0] + p.coefficient("need_score") * design.centre[1]
    rate = np.log(p.frailty_shape / 0.5)
    expected = -0.5 * (
        ((b - 0.2) / 0.5) ** 2 + need**2 + ((middle - _intercept_mean(plan)) / 1.5) ** 2
        + p.sigma_home**2 + (p.sigma_period / 0.5) ** 2 + rate**2
    )  # fmt: skip
    values = log_prior(found)
    np.testing.assert_allclose(values - values[0], expected - expected[0], atol=1e-9)


def _intercept_mean(plan: Plan) -> float:
    from missingmodels.models.priors.of_plan import plan_priors

    return plan_priors(plan).intercept.mean

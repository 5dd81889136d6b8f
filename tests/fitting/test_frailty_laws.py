"""Every law of frailty is known wherever a law is asked for by name: none is taken for a gamma in silence."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from missingmodels.fitting import marginal
from missingmodels.fitting.laplace.child import CONCAVE, LAWS
from missingmodels.fitting.marginal import log_variance
from missingmodels.models.frailty import FRAILTY_LAWS
from missingmodels.models.priors.law import FURTHER, SCALES
from missingmodels.parameters import Parameters
from missingmodels.plan.sections import Effects
from missingmodels.scenario.onset import Onset
from missingmodels.vocabulary.frailty import FRAILTY


def test_every_place_knows_every_law():
    laws = set(FRAILTY)
    assert set(get_args(Effects.model_fields["frailty"].annotation)) == laws
    assert set(FRAILTY_LAWS) == laws
    assert set(marginal._LAWS) == laws
    assert set(LAWS) <= laws, "the fast engine may lack one"
    assert set(CONCAVE) <= set(LAWS)
    for law in FRAILTY.values():
        assert set(law.scalars) <= {*SCALES, *FURTHER}, "each has a prior"
        assert set(law.scalars) <= set(Onset.model_fields), "a world can have it"


def parameters(law: str, **scalars: float) -> Parameters:
    one = np.ones(1)
    held = {name: np.full(1, value) for name, value in scalars.items()}
    return Parameters(
        intercept=one, coefficients={}, home_ids=("h",), home=np.zeros((1, 1)), home_period=np.zeros((1, 1, 1)),
        child_ids=("c",), frailty=np.ones((1, 1)), sigma_home=one, sigma_period=one,
        frailty_shape=held.pop("frailty_shape", np.full(1, np.nan)), frailty_law=law, further=held,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("law", "scalars", "known"),
    [
        ("gamma", {"frailty_shape": 1.0}, np.pi**2 / 6),  # ψ'(1)
        ("log_normal", {"frailty_sd_log": 0.5}, 0.25),
        ("low_risk", {"frailty_shape": 1.0, "low_risk_share": 0.5, "low_risk_ratio": np.exp(-2)}, np.pi**2 / 6 + 1),
    ],
)
def test_the_variance_of_log_u(law, scalars, known):
    assert log_variance(parameters(law, **scalars))[0] == pytest.approx(known, rel=1e-12)


def test_a_law_that_nobody_knows_is_an_error_everywhere():
    unknown = parameters("inverse_gaussian", frailty_shape=1.0)
    with pytest.raises(KeyError):
        log_variance(unknown)
    with pytest.raises(KeyError):
        marginal.draw_frailty(unknown, 3, np.random.default_rng(1))

"""Each child's density and frailty from draws, against the reference written blind from the specification."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from missingmodels.fit.marginal import child_sums, log_density_and_frailty
from missingmodels.frame.design import Design
from missingmodels.models import reference
from missingmodels.parameters import Parameters

ROWS, CHILDREN, HOMES, PERIODS, DRAWS = 60, 9, 3, 4, 7


def random_case(seed: int) -> tuple[Design, Parameters]:
    """A design with every argument off its default, and draws for it. Child 4 has no row."""
    rng = np.random.default_rng(seed)
    child = np.sort(rng.choice([0, 1, 2, 3, 5, 6, 7, 8], ROWS))
    days = rng.uniform(0.5, 28, ROWS)
    burn_in = rng.random(ROWS) < 0.3
    design = Design(
        formula="a + b", names=("a", "b"), matrix=rng.normal(size=(ROWS, 2)), centre=np.zeros(2), scale=np.ones(2),
        child=child, home=rng.integers(0, HOMES, ROWS), period=rng.integers(0, PERIODS, ROWS),
        onsets=rng.poisson(0.4, ROWS), days=days, days_at_risk=days + 0.5, burn_in=burn_in, before_window=burn_in,
        child_ids=tuple("abcdefghi"), home_ids=("x", "y", "z"), periods=PERIODS, notes=(),
    )  # fmt: skip
    parameters = Parameters(
        intercept=rng.normal(-4, 0.3, DRAWS), coefficients={"a": rng.normal(size=DRAWS), "b": rng.normal(size=DRAWS)},
        home_ids=design.home_ids, home=rng.normal(0, 0.5, (DRAWS, HOMES)),
        home_period=rng.normal(0, 0.3, (DRAWS, HOMES, PERIODS)), child_ids=design.child_ids,
        frailty=np.ones((DRAWS, CHILDREN)), sigma_home=np.full(DRAWS, 0.5), sigma_period=np.full(DRAWS, 0.3),
        frailty_shape=rng.uniform(0.2, 2, DRAWS),
    )  # fmt: skip
    return design, parameters


def eta_by_reference(design: Design, parameters: Parameters, draw: int) -> np.ndarray:
    return reference.linear_predictor(
        design_matrix=design.matrix,
        intercept=float(parameters.intercept[draw]),
        coefficients=np.array([parameters.coefficients[name][draw] for name in design.names]),
        home=design.home,
        home_effects=parameters.home[draw],
        home_period=design.home * design.periods + design.period,
        home_period_effects=parameters.home_period[draw].ravel(),
    )


def test_density_and_frailty_equal_the_reference() -> None:
    for seed in range(3):
        design, parameters = random_case(seed)
        density, shape, rate = log_density_and_frailty(design, parameters)
        for draw in range(DRAWS):
            case = {
                "onsets": design.onsets,
                "days": design.days,
                "eta": eta_by_reference(design, parameters, draw),
                "child": design.child,
                "n_children": CHILDREN,
                "frailty_shape": float(parameters.frailty_shape[draw]),
                "before_window": design.before_window,
            }
            np.testing.assert_allclose(
                density[draw], reference.onset_log_density_by_child(**case), rtol=1e-9, atol=1e-12
            )
            expected = reference.frailty_posterior(**case)
            np.testing.assert_allclose(shape[draw], expected[0], rtol=1e-12)
            np.testing.assert_allclose(rate[draw], expected[1], rtol=1e-12)


def test_drawn_frailties_have_the_posterior_mean() -> None:
    design, parameters = random_case(0)
    many = replace(
        parameters,
        **{
            name: np.repeat(getattr(parameters, name)[:1], 4000, axis=0)
            for name in ("intercept", "home", "home_period", "frailty", "sigma_home", "sigma_period", "frailty_shape")
        },
        coefficients={name: np.repeat(v[:1], 4000) for name, v in parameters.coefficients.items()},
    )
    _, shape, rate = log_density_and_frailty(design, many)
    _, drawn, _ = log_density_and_frailty(design, many, np.random.default_rng(3))
    error = (drawn.mean(axis=0) - (shape / rate)[0]) / (np.sqrt(shape)[0] / rate[0] / np.sqrt(4000))
    assert np.abs(error).max() < 4.5  # nine children: passed by chance less than once in 15,000 runs


def test_child_sums_keep_children_without_rows() -> None:
    sums = child_sums(np.array([[1.0, 2.0, 4.0]]), np.array([0, 0, 3]), 5)
    np.testing.assert_array_equal(sums, [[3, 0, 0, 4, 0]])

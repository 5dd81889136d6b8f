"""Each child's density and frailty from draws, against the reference written blind from the specification."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from missingmodels.fitting.marginal import child_sums, draw_frailty, log_density_and_frailty
from missingmodels.frame.design import Design
from missingmodels.parameters import Parameters
from plain import reference, reference_frailty

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


LAWS = {
    "low_risk": {"low_risk_share": (0.2, 0.8), "low_risk_ratio": (0.02, 0.4)},
    "log_normal": {"frailty_sd_log": (0.2, 2.5)},
}


def case_of(law: str, seed: int, *, before: bool) -> tuple[Design, Parameters]:
    """The random case with another law of frailty; a log-normal knows nothing before the window."""
    design, parameters = random_case(seed)
    rng = np.random.default_rng(seed + 100)
    further = {name: rng.uniform(*bounds, DRAWS) for name, bounds in LAWS[law].items()}
    window = design.before_window & before
    return replace(design, before_window=window), replace(parameters, frailty_law=law, further=further)


def rows_of(design: Design, parameters: Parameters, draw: int) -> dict[str, object]:
    rows = {"onsets": design.onsets, "days": design.days, "eta": eta_by_reference(design, parameters, draw)}
    return rows | {"child": design.child, "n_children": CHILDREN}


def test_the_low_risk_density_and_mean_equal_the_reference() -> None:
    design, parameters = case_of("low_risk", 1, before=True)
    density, _, mean = log_density_and_frailty(design, parameters, np.random.default_rng(1))
    for draw in range(DRAWS):
        rows = rows_of(design, parameters, draw)
        law = {name: float(values[draw]) for name, values in parameters.further.items()}
        law["frailty_shape"] = float(parameters.frailty_shape[draw])
        expected = reference_frailty.low_risk_log_density_by_child(**rows, **law, before_window=design.before_window)
        np.testing.assert_allclose(density[draw], expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(mean[draw], reference_frailty.low_risk_posterior(**rows, **law)[1], rtol=1e-9)


def test_the_log_normal_density_equals_quadrature() -> None:
    design, parameters = case_of("log_normal", 2, before=False)
    density, _, _ = log_density_and_frailty(design, parameters, np.random.default_rng(1))
    for draw in range(DRAWS):
        sd = float(parameters.further["frailty_sd_log"][draw])
        expected = reference_frailty.log_normal_log_density_by_child(**rows_of(design, parameters, draw), sd_log=sd)
        np.testing.assert_allclose(density[draw], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("law", LAWS)
def test_drawn_frailties_follow_their_law(law: str) -> None:
    """Their mean and second moment given the rest; without data, those of the law itself, whose mean is 1."""
    design, parameters = case_of(law, 3, before=False)
    draws = 40_000
    one = parameters[:1]
    many = replace(
        one,
        **{
            name: np.repeat(getattr(one, name), draws, axis=0)
            for name in ("intercept", "home", "home_period", "frailty", "sigma_home", "sigma_period", "frailty_shape")
        },
        coefficients={name: np.repeat(v, draws) for name, v in one.coefficients.items()},
        further={name: np.repeat(v, draws) for name, v in one.further.items()},
    )
    _, drawn, mean = log_density_and_frailty(design, many, np.random.default_rng(4))
    error = (drawn.mean(axis=0) - mean[0]) / (drawn.std(axis=0) / np.sqrt(draws))
    assert np.abs(error).max() < 4.5
    # child 4 has no row, so it is drawn from the law itself, as children of whom nothing is known are
    unknown = draw_frailty(many, 1, np.random.default_rng(5))[:, 0]
    for values in (drawn[:, 4], unknown):
        assert values.mean() == pytest.approx(1.0, abs=4.5 * values.std() / np.sqrt(draws))
    # two samples of one law: their quantiles agree
    for q in (0.1, 0.5, 0.9):
        share = (drawn[:, 4] < np.quantile(unknown, q)).mean()
        assert share == pytest.approx(q, abs=4.5 * np.sqrt(2 * q * (1 - q) / draws))


def test_a_law_that_is_no_gamma_is_only_drawn() -> None:
    with pytest.raises(ValueError, match="hand over rng"):
        log_density_and_frailty(*case_of("low_risk", 1, before=True))

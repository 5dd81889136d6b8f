"""Estimands on a design small enough to work by hand; truth and draws go through the same functions."""

from __future__ import annotations

import numpy as np
import pytest

from missingmodels.evidence.effects.estimands import (
    attributable_fraction,
    child_variance_explained,
    expected_episodes,
    expected_rate,
    median_rate_ratio,
    rate_ratio,
    slope_spread,
    variance_explained,
)
from missingmodels.frame.columns.groups import Group
from missingmodels.frame.design import Design
from missingmodels.parameters import Effect, Parameters


def small_design(**changes: object) -> Design:
    """Two children in two homes; the last row is burn-in, which no estimand may count."""
    values: dict[str, object] = {
        "formula": "peer_presence + size_between",
        "names": ("peer_presence", "size_between"),
        "matrix": np.array([[0.0, 2.0], [1.0, 2.0], [1.0, 5.0], [1.0, 5.0]]),
        "centre": np.zeros(2),
        "scale": np.ones(2),
        "child": np.array([0, 0, 1, 1]),
        "home": np.array([0, 0, 1, 1]),
        "period": np.array([0, 0, 0, 0]),
        "onsets": np.array([0, 1, 2, 5]),
        "days": np.array([100.0, 49.5, 19.0, 7.5]),
        "days_at_risk": np.array([100.0, 50.0, 20.0, 10.0]),
        "burn_in": np.array([False, False, False, True]),
        "before_window": np.array([False, False, False, True]),
        "child_ids": ("a", "b"),
        "home_ids": ("g", "h"),
        "periods": 1,
        "notes": (),
    }
    return Design(**(values | changes))  # type: ignore[arg-type]


def parameters(**changes: object) -> Parameters:
    """Two draws; the second has no peer effect."""
    values: dict[str, object] = {
        "intercept": np.log([0.01, 0.02]),
        "coefficients": {"peer_presence": np.log([2.0, 1.0]), "size_between": np.array([0.0, 0.1])},
        "home_ids": ("h", "g"),  # not the design's order: labels decide
        "home": np.log([[3.0, 1.0], [1.0, 1.0]]),
        "home_period": np.zeros((2, 2, 1)),
        "child_ids": ("b", "a"),
        "frailty": np.array([[0.5, 1.0], [1.0, 1.0]]),
        "sigma_home": np.array([0.5, 0.0]),
        "sigma_period": np.zeros(2),
        "frailty_shape": np.ones(2),
    }
    return Parameters(**(values | changes))  # type: ignore[arg-type]


def test_expected_episodes_by_hand() -> None:
    # first draw, child a in home g: 100 days at 0.01 and 50 at 0.02; child b in h: 20 days at 0.01 * 2 * 3 * 0.5 = 0.03
    expected = 100 * -np.expm1(-0.01) + 50 * -np.expm1(-0.02) + 20 * -np.expm1(-0.03)
    assert expected_episodes(parameters(), small_design())[0] == pytest.approx(expected, rel=1e-12)


def test_attributable_fraction_by_hand() -> None:
    # without exposure: 150 days at 0.01 and 20 at 0.015
    with_peers = 100 * -np.expm1(-0.01) + 50 * -np.expm1(-0.02) + 20 * -np.expm1(-0.03)
    without = 150 * -np.expm1(-0.01) + 20 * -np.expm1(-0.015)
    found = attributable_fraction(parameters(), small_design(), "peer_presence")
    assert found[0] == pytest.approx(1 - without / with_peers, rel=1e-12)
    assert found[1] == pytest.approx(0.0, abs=1e-15)


def test_rates_are_per_resident_year_at_risk() -> None:
    episodes = expected_episodes(parameters(), small_design())
    np.testing.assert_allclose(expected_rate(parameters(), small_design()), episodes / (170 / 365.25))


def test_burn_in_never_counts() -> None:
    changed = small_design(days_at_risk=np.array([100.0, 50.0, 20.0, 9999.0]))
    for estimand in (expected_episodes, expected_rate):
        np.testing.assert_array_equal(estimand(parameters(), changed), estimand(parameters(), small_design()))
    assert changed.interquartile_range("size_between") == small_design().interquartile_range("size_between")


def test_rate_ratio_by_hand() -> None:
    np.testing.assert_allclose(rate_ratio(parameters(), {"peer_presence": 1.0, "size_between": 2.0}), [2, np.exp(0.2)])


def test_an_effect_that_is_not_stated_is_not_zero() -> None:
    with pytest.raises(KeyError, match="peer_density"):
        rate_ratio(parameters(), {"peer_density": 1.0})


def test_parameters_of_another_model_are_refused() -> None:
    other = parameters(coefficients=dict(parameters().coefficients) | {"peer_density": np.array([0.1, 0.0])})
    with pytest.raises(ValueError, match="peer_density"):
        expected_episodes(other, small_design())
    with pytest.raises(ValueError, match="periods"):
        expected_episodes(parameters(home_period=np.zeros((2, 2, 5))), small_design())


def test_a_column_left_out_keeps_its_constant_effect() -> None:
    with_constant = small_design(constants={"male": 1.0})
    stated = parameters(coefficients=dict(parameters().coefficients) | {"male": np.log([1.5, 1.0])})
    plain = parameters(intercept=np.log([0.015, 0.02]))
    np.testing.assert_allclose(
        expected_episodes(stated, with_constant), expected_episodes(plain, small_design()), rtol=1e-12
    )


def test_variance_between_children_by_hand() -> None:
    # child a is at 2, b at 5 throughout: at a slope of 0.1 their log rates differ by 0.3, so the variance is 0.0225
    design = small_design()
    left = {"gamma": np.pi**2 / 6, "log_normal": 0.49, "low_risk": np.pi**2 / 6 + 0.24 * np.log(0.1) ** 2}
    further = {"frailty_sd_log": np.full(2, 0.7), "low_risk_share": np.full(2, 0.4), "low_risk_ratio": np.full(2, 0.1)}
    for law, variance in left.items():
        found = child_variance_explained(
            parameters(frailty_law=law, further=further), design, ("size_between",)
        )  # ψ'(1) = π²/6
        assert found == pytest.approx([0.0, 0.0225 / (0.0225 + variance)])


def test_variance_explained_by_hand() -> None:
    # second draw: homes at 2 and 5, effect 0.1: means 0.2 and 0.5, variance 0.0225; nothing is left to sigma_home
    found = variance_explained(parameters(), small_design(), ("size_between",))
    assert found[0] == 0.0
    assert found[1] == pytest.approx(1.0)
    half = parameters(sigma_home=np.array([0.5, 0.15]))
    assert variance_explained(half, small_design(), ("size_between",))[1] == pytest.approx(0.5)


def test_median_rate_ratio_against_simulation() -> None:
    rng = np.random.default_rng(5)
    pairs = 0.5 * rng.standard_normal((400_000, 2))
    simulated = np.median(np.exp(np.abs(pairs[:, 0] - pairs[:, 1])))
    # the median of 400,000 pairs has a relative error near 0.001; five of them are never passed by chance
    assert median_rate_ratio(parameters())[0] == pytest.approx(simulated, rel=0.005)


def test_interquartile_range_weighs_days() -> None:
    # 150 of 170 days at size 2: both quartiles are there, whatever the number of rows
    assert small_design().interquartile_range("size_between") == (2.0, 2.0)
    even = small_design(days_at_risk=np.array([50.0, 25.0, 75.0, 0.0]))
    assert even.interquartile_range("size_between") == (2.0, 5.0)


def with_effects() -> tuple[Design, Parameters]:
    """Home g stands in authority X and has no owner recorded, h in Y with owner P; the peer slope differs by home."""
    design = small_design(
        groups={
            "authority": Group(index=np.array([0, 0, 1, 1]), ids=("X", "Y")),
            "owner": Group(index=np.array([-1, -1, 0, 0]), ids=("P",)),
        },
        slope_of="peer_presence",
    )
    values = parameters(
        effects={
            "authority": Effect(ids=("Y", "X"), values=np.log([[2.0, 1.5], [1.0, 1.0]])),
            "owner": Effect(ids=("P",), values=np.log([[1.1], [1.0]])),
            "peer_slope": Effect(ids=("h", "g"), values=np.log([[0.5, 1.2], [1.0, 1.0]])),
        },
        further={
            "sigma_authority": np.array([1.2, 0.0]),
            "sigma_owner": np.array([0.0, 0.0]),
            "sigma_peer_slope": np.array([0.7, 0.0]),
        },
    )
    return design, values


def test_added_effects_enter_the_rate_by_hand() -> None:
    design, values = with_effects()
    # home g: 0.01 * 1.5, exposed twice that times its own 1.2; home h: 0.01 * 3 * 2 * 1.1, exposed twice times its 0.5
    rows = [0.015, 0.015 * 2 * 1.2, 0.066 * 2 * 0.5, 0.066 * 2 * 0.5]
    np.testing.assert_allclose(np.exp(design.log_rate(values)[0]), rows, rtol=1e-12)
    frailties = np.array([1.0, 1.0, 0.5])
    expected = -np.expm1(-np.array(rows[:3]) * frailties) @ np.array([100.0, 50.0, 20.0])
    assert expected_episodes(values, design)[0] == pytest.approx(expected, rel=1e-12)


def test_without_exposure_no_home_has_a_slope_left() -> None:
    design, values = with_effects()
    none = np.array([0.015, 0.015, 0.066])
    without = -np.expm1(-none * np.array([1.0, 1.0, 0.5])) @ np.array([100.0, 50.0, 20.0])
    found = attributable_fraction(values, design, "peer_presence")[0]
    assert found == pytest.approx(1 - without / expected_episodes(values, design)[0], rel=1e-12)


def test_homes_differ_by_their_authorities_too() -> None:
    _, values = with_effects()
    np.testing.assert_allclose(values.home_sd, [1.3, 0.0])  # 0.5 and 1.2
    same = parameters(sigma_home=np.array([1.3, 0.0]))
    np.testing.assert_allclose(median_rate_ratio(values), median_rate_ratio(same))
    np.testing.assert_allclose(
        variance_explained(values, small_design(), ("size_between",)),
        variance_explained(same, small_design(), ("size_between",)),
    )


def test_the_spread_of_slopes_is_that_of_the_ninth_decile() -> None:
    _, values = with_effects()
    draws = np.exp(0.7 * np.random.default_rng(8).standard_normal(400_000))
    assert slope_spread(values)[0] == pytest.approx(np.quantile(draws, 0.9), rel=0.01)
    assert slope_spread(values)[1] == 1.0


def test_effects_that_the_design_does_not_hold_are_refused() -> None:
    design, values = with_effects()
    with pytest.raises(ValueError, match="authority, owner"):
        expected_episodes(values, small_design(slope_of="peer_presence"))
    with pytest.raises(ValueError, match="peer_slope"):
        expected_episodes(values, small_design(groups=design.groups))


def test_some_of_the_draws_hold_some_of_the_effects() -> None:
    design, values = with_effects()
    np.testing.assert_array_equal(design.log_rate(values[1:])[0], design.log_rate(values)[1])

"""The home's integral against a product rule of Gauss and Hermite over effects that the marginal density evaluates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp
from tests.made_onsets import empty_design, truth_of, with_onsets

from missingmodels.evidence.scores.held_out import children_of, rows_of, some_rows
from missingmodels.evidence.scores.home_integral import cells_of, log_child_given_others, log_integral
from missingmodels.fitting.marginal import log_density_and_frailty
from missingmodels.frame.design import Design
from missingmodels.parameters import Parameters

HOME = 1
NODES = 15  # a dimension
LAWS = {
    "gamma": {},
    "log_normal": {"frailty_sd_log": 1.1},
    "low_risk": {"low_risk_share": 0.4, "low_risk_ratio": 0.1},
}


def made(law: str = "gamma", *, conditional: bool = False) -> tuple[Design, Parameters]:
    """Three homes, two periods, four children each; two moved into the home asked about, one from both others."""
    rng = np.random.default_rng(5)
    design = empty_design(rng, homes=3, per_home=4, periods=2)
    home = design.home.copy()
    home[(design.child == 0) & (design.period == 1)] = HOME
    home[(design.child == 9) & (design.period == 0)] = HOME
    home[(design.child == 9) & (design.period == 1) & (design.column("peer_presence") > 0)] = 0
    truth = truth_of(design, rng, law=law, rate=40.0, sigma_home=0.6, sigma_period=0.5, **LAWS[law])
    design = with_onsets(replace(design, home=home), truth, rng)
    if conditional:
        design = replace(design, before_window=(design.period == 0) & (design.column("peer_presence") > 0))
    return design, truth


def by_product_rule(design: Design, truth: Parameters) -> float:
    """log I_h with v, w₁ and w₂ on a grid, everything else at the truth."""
    node, weight = np.polynomial.hermite_e.hermegauss(NODES)
    grid = np.stack(np.meshgrid(node, node, node, indexing="ij")).reshape(3, -1)
    log_weight = np.log(weight / weight.sum())
    total = sum(axis.ravel() for axis in np.meshgrid(log_weight, log_weight, log_weight, indexing="ij"))
    size = grid.shape[1]

    def repeated(values: np.ndarray) -> np.ndarray:
        return np.repeat(values, size, axis=0)

    home, period = repeated(truth.home), repeated(truth.home_period)
    home[:, HOME] = truth.sigma_home * grid[0]
    period[:, HOME] = (truth.sigma_period * grid[1:]).T
    many = replace(
        truth,
        intercept=repeated(truth.intercept),
        coefficients={name: repeated(values) for name, values in truth.coefficients.items()},
        home=home,
        home_period=period,
        frailty=repeated(truth.frailty),
        sigma_home=repeated(truth.sigma_home),
        sigma_period=repeated(truth.sigma_period),
        frailty_shape=repeated(truth.frailty_shape),
        further={name: repeated(values) for name, values in truth.further.items()},
    )
    children = children_of(design, HOME)
    density, _, _ = log_density_and_frailty(design, many, np.random.default_rng(0))
    return float(logsumexp(density[:, children].sum(axis=1) + total))


def many_integrals(design: Design, truth: Parameters) -> tuple[float, float]:
    """Mean of the estimate over 400 sets of nodes, and the error of that mean."""
    values, share = log_integral(cells_of(design, repeated(truth)), HOME, np.random.default_rng(1))
    assert share.min() > 0.1
    ratio = np.exp(values - values.max())
    return float(np.log(ratio.mean()) + values.max()), float(ratio.std() / ratio.mean() / 20)


def repeated(truth: Parameters) -> Parameters:
    """400 times the same draw."""
    return replace(
        truth,
        **{
            name: np.repeat(getattr(truth, name), 400, axis=0)
            for name in ("intercept", "home", "home_period", "frailty", "sigma_home", "sigma_period", "frailty_shape")
        },
        coefficients={name: np.repeat(values, 400) for name, values in truth.coefficients.items()},
        further={name: np.repeat(values, 400) for name, values in truth.further.items()},
    )


@pytest.mark.parametrize("law", LAWS)
def test_the_integral_is_that_of_a_product_rule(law: str) -> None:
    design, truth = made(law)
    found, error = many_integrals(design, truth)
    assert error < 0.02
    assert found == pytest.approx(by_product_rule(design, truth), abs=4 * error + 1e-4)


def test_known_onsets_before_the_window_are_conditions() -> None:
    design, truth = made(conditional=True)
    found, error = many_integrals(design, truth)
    assert found == pytest.approx(by_product_rule(design, truth), abs=4 * error + 1e-4)
    without, _ = many_integrals(replace(design, before_window=np.zeros_like(design.before_window)), truth)
    assert abs(found - without) > 1  # the conditions matter here


def test_rows_of_movers_in_other_homes_belong_to_the_score() -> None:
    design, truth = made()
    only_here = some_rows(design, design.home == HOME)
    assert many_integrals(design, truth)[0] < many_integrals(only_here, truth)[0] - 0.5


def test_the_effects_at_which_the_draw_stands_do_not_matter() -> None:
    design, truth = made()
    moved = replace(truth, home=truth.home + np.array([[0.0, 1.5, 0.0]]))
    both = [log_integral(cells_of(design, p), HOME, np.random.default_rng(2))[0] for p in (truth, moved)]
    np.testing.assert_allclose(*both, rtol=1e-9)


def test_without_home_effects_the_integral_is_the_density_itself() -> None:
    design, truth = made()
    none = np.zeros(1)
    bare = replace(truth, sigma_home=none, sigma_period=none, home=0 * truth.home, home_period=0 * truth.home_period)
    density, _, _ = log_density_and_frailty(design, bare, np.random.default_rng(0))
    expected = density[0, children_of(design, HOME)].sum()
    found, _ = log_integral(cells_of(design, bare), HOME, np.random.default_rng(3))
    # the one dimension that is left is the prior's own, met by a Student t
    assert found[0] == pytest.approx(expected, abs=0.3)


def test_the_rows_and_effects_of_a_homes_own_children_are_all_that_it_needs() -> None:
    design, truth = made()
    design = some_rows(design, design.child != 9)  # who lived in all homes
    others = [rows_of(design, children_of(design, home)) for home in range(len(design.home_ids))]
    home, own = min(enumerate(others), key=lambda one: len(one[1].home_ids))
    assert len(own.home_ids) < len(design.home_ids)
    at, there = own.home_ids.index(design.home_ids[home]), truth.at_homes((*own.home_ids, "no home of these"))
    assert (there.home_ids, there.child_ids) == (own.home_ids, ())
    found = log_integral(cells_of(own, there), at, np.random.default_rng(2))[0]
    np.testing.assert_allclose(found, log_integral(cells_of(design, truth), home, np.random.default_rng(2))[0])


def test_a_child_given_the_others_of_its_home_is_the_ratio_of_two_integrals() -> None:
    design, truth = made()
    child = int(children_of(design, HOME)[0])
    left = some_rows(design, design.child != child)
    many = [many_integrals(one, truth)[0] for one in (design, left)]
    copies = cells_of(design, repeated(truth))
    found = log_child_given_others(copies, HOME, child, np.random.default_rng(4))
    assert np.log(np.exp(found - found.max()).mean()) + found.max() == pytest.approx(many[0] - many[1], abs=0.05)


def test_nobody_in_a_home_has_no_score() -> None:
    design, truth = made()
    with pytest.raises(ValueError, match="nobody"):
        log_integral(cells_of(some_rows(design, design.home != HOME), truth), HOME, np.random.default_rng(0))


def test_finer_cells_and_what_all_homes_share_leave_the_integral_as_it_is() -> None:
    """Each period cut in two cells whose effects are the home's period's own and, in all homes, a share of the time."""
    design, truth = made()
    rng = np.random.default_rng(3)
    half = rng.integers(0, 2, design.period.size)
    fine = replace(design, period=2 * design.period + half, periods=2 * design.periods)
    period_of = np.arange(fine.periods) // 2
    shared = np.array([[0.3, -0.2, 0.1, 0.4]])
    cells = replace(
        truth, home_period=truth.home_period[:, :, period_of] + shared[:, None], shared=shared, period_of=period_of
    )
    # the same rates under the coarse design: what is shared goes into the days of the rows
    lifted = replace(design, days=design.days * np.exp(shared[0, fine.period]))
    (found, _), (expected, _) = (
        log_integral(cells_of(d, p), HOME, np.random.default_rng(1)) for d, p in ((fine, cells), (lifted, truth))
    )
    inside = np.isin(design.child, children_of(design, HOME))
    # days are an offset that stands in no log rate, so onsets gain there what they have here
    moved = float((design.onsets * shared[0, fine.period])[inside].sum())
    assert found[0] == pytest.approx(expected[0] + moved, abs=1e-9)

"""Scores of what is left out, from one fit and mended, against the marginal likelihoods of fits with and without."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.made_onsets import empty_design, truth_of, with_onsets

from missingmodels.evidence.scores.elpd import (
    GOOD_K,
    Scores,
    child_scores,
    elpd_difference,
    home_scores,
    leave_one_child_out,
)
from missingmodels.evidence.scores.held_out import Refits, children_of, refitted, some_rows
from missingmodels.fitting.fit import Fit, fit
from missingmodels.fitting.pareto import smooth
from missingmodels.frame.design import Design
from missingmodels.plan import Plan
from missingmodels.side_by_side import side_by_side
from worlds import plan_of

PLAN = plan_of(sampling={"method": "laplace", "draws": 500})
WILD = 7  # a child with many more onsets than its kind


def made(*, homes: int = 12) -> Design:
    rng = np.random.default_rng(8)
    design = empty_design(rng, homes=homes, per_home=4, periods=4)
    home = design.home.copy()
    home[(design.child == 0) & (design.period == 1)] = 2
    home[(design.child == 5) & (design.period == 3)] = 4
    design = dataclasses.replace(design, home=home, groups={}, slope_of="")
    design = with_onsets(design, truth_of(design, rng, rate=12.0), rng)
    onsets = design.onsets.copy()
    onsets[(design.child == WILD) & (design.period == 2)] += 9
    return dataclasses.replace(design, onsets=onsets)


@pytest.fixture(scope="module")
def whole() -> Fit:
    return fit(made(), PLAN, model="M1", exposure="peer_presence", seed=3)


def by_marginal_likelihood(whole: Fit, children: np.ndarray, plan: Plan = PLAN) -> float:
    """log density of children given the others, from two fits of their own."""
    plan = plan.changed({"sampling.draws": 2000})
    left = some_rows(whole.design, ~np.isin(whole.design.child, children))
    found = [
        fit(design, plan, model="M1", seed=seed, with_children=False).certificate["log_marginal_likelihood"]
        for seed, design in ((10, whole.design), (11, left))
    ]
    return float(found[0] - found[1])


def test_a_bad_child_is_mended_by_a_refit(whole: Fit) -> None:
    bare, refits = child_scores(whole), Refits(PLAN, most=1)
    mended = child_scores(whole, refits)
    assert bare.shape[WILD] == bare.shape.max() > GOOD_K
    assert refits.left == 0
    assert list(np.flatnonzero(mended.mended)) == [WILD]  # the worst first
    truth = by_marginal_likelihood(whole, np.array([WILD]))
    assert mended.elpd[WILD] == pytest.approx(truth, abs=4 * mended.error[WILD] + 0.15)
    rest = np.arange(bare.elpd.size) != WILD
    np.testing.assert_array_equal(mended.elpd[rest], bare.elpd[rest])


def test_children_who_moved_their_homes_are_scored_without_those_effects() -> None:
    """Where children differ little by themselves, what one did is laid to its home, and one fit cannot undo that."""
    plan = plan_of(sampling={"method": "laplace", "draws": 1000}, priors={"replace": {"frailty_shape": {"fixed": 2.0}}})
    whole = fit(made(homes=30), plan, model="M1", exposure="peer_presence", seed=3)
    (bare, shape), scores = leave_one_child_out(whole), child_scores(whole)
    moved = np.flatnonzero((shape > GOOD_K) & (np.arange(shape.size) != WILD))
    assert moved.size > 8
    assert scores.shape[moved].max() < 0.5
    assert not scores.mended.any()
    truth = np.array([by_marginal_likelihood(whole, np.array([child]), plan) for child in moved[:5]])
    assert scores.elpd[moved[:5]] == pytest.approx(truth, abs=0.1)
    assert np.abs(bare[moved[:5]] - truth).max() > 1
    np.testing.assert_array_equal(scores.elpd[shape <= GOOD_K], bare[shape <= GOOD_K])


def test_a_good_child_needs_no_refit(whole: Fit) -> None:
    bare = child_scores(whole)
    child = int(np.argmin(np.where(np.bincount(whole.design.child, whole.design.onsets) > 1, bare.shape, 9)))
    assert bare.shape[child] < 0.5
    assert bare.elpd[child] == pytest.approx(by_marginal_likelihood(whole, np.array([child])), abs=0.2)


def test_a_home_is_scored_from_the_one_fit(whole: Fit) -> None:
    """Home 2 has a mover, so rows in another home are left out with it."""
    scores = home_scores(whole)
    children = children_of(whole.design, 2)
    assert 0 in children
    for home in (2, 5):
        assert scores.shape[home] < GOOD_K
        truth = by_marginal_likelihood(whole, children_of(whole.design, home))
        assert scores.elpd[home] == pytest.approx(truth, abs=0.3)


def test_a_bad_home_is_mended_by_a_refit() -> None:
    """The worst first, and a home's own children with all their rows, also those in another home."""
    whole = fit(made(), PLAN, model="M1", exposure="peer_presence", seed=6)
    mended = home_scores(whole, Refits(PLAN, most=2))
    homes = np.flatnonzero(mended.mended)
    assert set(homes) == set(np.argsort(mended.shape)[-2:])
    assert mended.shape[homes].min() > GOOD_K
    elsewhere = [
        (whole.design.onsets * (np.isin(whole.design.child, children_of(whole.design, h)) & (whole.design.home != h)))
        for h in homes
    ]
    assert max(own.sum() for own in elsewhere) > 2
    for home in homes:
        truth = by_marginal_likelihood(whole, children_of(whole.design, home))
        assert mended.elpd[home] == pytest.approx(truth, abs=4 * mended.error[home] + 0.15)


def test_what_was_bad_and_what_was_mended_is_told(whole: Fit) -> None:
    bare, mended = child_scores(whole), child_scores(whole, Refits(PLAN, most=1))
    told = elpd_difference(mended, bare, hypothesis="H1")
    assert (told.k_hat_bad, told.mended) == (int(bare.bad.sum()), 0)  # one side is not mended
    told = elpd_difference(mended, mended, hypothesis="H1")
    assert (told.k_hat_bad, told.mended, told.difference) == (int(bare.bad.sum()), 1, 0.0)
    assert told.refit_error == pytest.approx(np.sqrt(2) * mended.error[WILD])


def test_the_standard_error_is_that_of_a_sum_over_units(whole: Fit) -> None:
    """Differences of 1, 2 and 4: variance 7/3, of the sum of three 7."""
    kept = np.zeros(3)
    a, b = (
        Scores(fit=whole, unit="child", elpd=x, shape=kept, error=kept * np.nan) for x in (np.array([1.0, 2, 4]), kept)
    )
    told = elpd_difference(a, b, hypothesis="")
    assert (told.difference, told.standard_error) == (7.0, pytest.approx(np.sqrt(7)))


def test_draws_that_hang_together_have_a_longer_tail_smoothed(whole: Fit) -> None:
    bound = dataclasses.replace(whole.diagnostics, importance_ess=whole.parameters.draws / 9)
    found = leave_one_child_out(dataclasses.replace(whole, diagnostics=bound))[1][WILD]
    assert found == pytest.approx(smooth(-whole.log_density[:, WILD], efficiency=1 / 9)[1])
    assert found != pytest.approx(smooth(-whole.log_density[:, WILD])[1], abs=1e-3)


def test_homes_are_linked_by_children_who_moved(whole: Fit) -> None:
    scores = home_scores(whole)
    assert elpd_difference(scores, scores, hypothesis="").linked == 2
    with pytest.raises(ValueError, match="do not compare"):
        elpd_difference(scores, child_scores(whole), hypothesis="")


def test_a_refit_beyond_the_fast_engine_is_not_made() -> None:
    design = dataclasses.replace(made(), slope_of="peer_presence")
    refits = Refits(PLAN, most=1)
    unfit = type("Whole", (), {"design": design})
    assert refits.without(unfit, [0]) is None
    assert refits.left == 1


def test_refits_side_by_side_are_those_made_one_by_one(whole: Fit) -> None:
    """Each without its own children, in the order asked for, and no more of them than are left."""
    groups, found = [[WILD], [0, 5], [3], [1]], {}
    for processes in (0, 2):
        with side_by_side(processes):
            refits = Refits(PLAN, most=3)
            found[processes] = list(refitted([(refits, whole, group, as_it_is) for group in groups]))
        assert refits.left == 0
        assert [one is None for one in found[processes]] == [False, False, False, True]
    for children, one, other in zip(groups[:3], found[0], found[2], strict=False):
        assert one is not None
        assert other is not None
        assert not set(children) & set(other.design.child.tolist())
        np.testing.assert_array_equal(one.parameters.intercept, other.parameters.intercept)
        np.testing.assert_array_equal(one.parameters.home_period, other.parameters.home_period)


def as_it_is(found: Fit) -> Fit:
    return found


@pytest.mark.slow
def test_every_home_of_a_sector_agrees_with_its_refit() -> None:
    """Forty homes with children who move: where k allows the one fit, it is the refit's score."""
    from missingmodels.evidence.scores.bridge import log_ratio
    from missingmodels.evidence.scores.home_integral import cells_of, log_integral
    from missingmodels.presets import load_scenario
    from missingmodels.runs.answer import prepare
    from missingmodels.simulate.world import simulate_world

    design = prepare(simulate_world(load_scenario("small"), seed=1).tables, PLAN, fits=[("M0", "")]).designs["M0", ""]
    whole = fit(design, PLAN, model="M0", seed=1)
    scores, homes = home_scores(whole), np.unique(design.home)
    refits, rng, off = Refits(PLAN, most=homes.size), np.random.default_rng(1), []
    for at in np.flatnonzero(scores.shape <= GOOD_K):
        children = children_of(design, int(homes[at]))
        without = refits.without(whole, children)
        if without is not None:
            own = some_rows(design, np.isin(design.child, children))
            sides = (log_integral(cells_of(own, f.parameters), int(homes[at]), rng)[0] for f in (whole, without))
            off.append(scores.elpd[at] - log_ratio(*sides)[0])
    assert len(off) > 20
    assert abs(np.mean(off)) < 0.05
    assert np.sqrt(np.mean(np.square(off))) < 0.2

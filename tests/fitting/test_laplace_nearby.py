"""A search that begins where that of all data ended: the same posterior from fewer points, or a search of its own."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from test_laplace import made_design, priors_with

from missingmodels.fitting.laplace import approximation as engine
from missingmodels.fitting.laplace import explore, nearby
from missingmodels.fitting.laplace.approximation import laplace, search

ROWS = ("matrix", "child", "home", "period", "onsets", "days", "days_at_risk", "burn_in", "before_window")


def without(design, children):
    keep = ~np.isin(design.child, children)
    return dataclasses.replace(design, **{name: getattr(design, name)[keep] for name in ROWS})


def both(design, known, priors, draws=4000):
    return (laplace(design, priors, draws=draws, rng=np.random.default_rng(1), known=held) for held in (None, known))


@pytest.mark.parametrize("out", [[0], [3, 7, 11]], ids=["a mover", "a home's children"])
def test_without_some_children_it_is_the_same_posterior_from_fewer_points(out):
    design, priors = made_design(7, children=24), priors_with()
    alone, near = both(without(design, out), search(design, priors), priors)
    assert near.grid_points < 0.7 * alone.grid_points
    assert max(near.k_hat, alone.k_hat) < 0.7
    error = 1 / np.sqrt(near.ess) + 1 / np.sqrt(alone.ess)
    assert near.log_marginal == pytest.approx(alone.log_marginal, abs=3 * error)
    for name in ("intercept", "sigma_home", "sigma_period", "frailty_shape"):
        a, b = getattr(alone, name), getattr(near, name)
        assert a.mean() == pytest.approx(b.mean(), abs=4 * error * a.std()), name


def test_the_same_data_give_the_same_region_at_the_same_places():
    design, priors = made_design(7), priors_with()
    data, space, surface = engine._surface(design, priors, "gamma", None)
    region = engine._explored(data, space, surface)
    found = nearby.explore_near(engine._surface(design, priors, "gamma", None)[2], nearby.Known.of(region))
    assert found.centre == pytest.approx(region.centre, abs=0.02)
    assert found.root @ found.root.T == pytest.approx(region.root @ region.root.T, abs=0.02)
    assert len(found.arms) == len(region.arms)
    for new, old in zip(found.arms, region.arms, strict=True):
        assert new.log_density == pytest.approx(old.log_density, abs=0.05, nan_ok=True)


def test_where_the_top_has_moved_away_it_looks_for_itself():
    """Homes of which one half of the children went missing daily are not homes of which nobody did."""
    design, priors = made_design(7), priors_with()
    wild = dataclasses.replace(design, onsets=np.where(design.home == 0, 25, 0))
    known = search(design, priors)
    assert nearby.explore_near(engine._surface(wild, priors, "gamma", None)[2], known) is None
    alone, near = both(wild, known, priors, draws=400)
    assert np.array_equal(near.intercept, alone.intercept)


def test_nothing_free_is_no_search_at_all():
    design, priors = made_design(5), priors_with(sigma_home=0.0, sigma_period=0.0, frailty_shape=0.8)
    alone, near = both(without(design, [0]), search(design, priors), priors, draws=400)
    assert np.array_equal(near.intercept, alone.intercept)


def test_corners_are_foretold_from_the_stars_as_they_would_be_found():
    """Without a child of many onsets: density, mode and factor at each corner, which nobody evaluates."""
    design, priors = made_design(7, children=24), priors_with()
    stayed = [child for child in range(24) if np.unique(design.home[design.child == child]).size == 1]
    out = max(stayed, key=lambda child: design.onsets[design.child == child].sum())
    known, fewer = search(design, priors), without(design, [out])
    surface = engine._surface(fewer, priors, "gamma", None)[2]
    region = nearby.explore_near(surface, known)
    corners = nearby.corners_of(explore.shifts_of(known.sd.size))
    assert len(corners) == 2**known.sd.size
    for at in corners:
        foretold, found = region.around[at], surface.node(region.around[at].at)
        assert foretold.log_density == pytest.approx(found.log_density, abs=0.15)
        np.testing.assert_allclose(foretold.b, found.b, atol=0.02)
        for part, other in zip(foretold.parts, found.parts, strict=True):
            assert np.linalg.norm(part - other) <= 0.25 * np.linalg.norm(other)
    moved = max(abs(known.around[at].log_density - region.around[at].log_density) for at in corners)
    assert moved > 1.0, "else the other search's own would have done"

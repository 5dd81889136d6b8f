"""The fast engine where a scale may be next to nothing: held against a grid of fits with that scale fixed.

Few periods a home confound its own effect with theirs: the marginal likelihood of ``sigma_home`` is then nearly flat
down to 0, six standard deviations from its mode in the coordinates of the search.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.interpolate import PchipInterpolator

import missingmodels as mm
from missingmodels.fitting.fit import fit
from missingmodels.fitting.laplace import proposal
from missingmodels.runs.answer import prepare

GRID = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1.1, 1.4, 1.8])
FINE = np.linspace(0, 1.8, 1801)


def plan_with(replaced=(), draws=1000):
    return mm.Plan.model_validate(
        {
            "models": ["M0", "M1"],
            "exposure": {"beside": []},
            "frame": {"period_days": 183},
            "sampling": {"method": "laplace", "draws": draws},
            "priors": {"replace": dict(replaced)},
        }
    )


@pytest.fixture(scope="module")
def design():
    tables = mm.simulate_world(mm.load_scenario("small"), seed=3).tables
    return prepare(tables, plan_with(), fits=[("M1", "peer_presence")]).designs["M1", "peer_presence"]


def fitted(design, plan, seed=1):
    return fit(
        design, plan, model="M1", exposure="peer_presence", seed=seed, with_children=False, allow_unconverged=True
    )


@pytest.fixture(scope="module")
def posterior(design):
    """(1801,) weights over FINE: the marginal likelihood at fixed values times the prior, a half-normal of sd 1."""
    held = [
        fitted(design, plan_with({"sigma_home": {"fixed": float(x)}}, 300)).certificate["log_marginal_likelihood"]
        for x in GRID
    ]
    density = PchipInterpolator(GRID, held)(FINE) + stats.halfnorm.logpdf(FINE)
    weight = np.exp(density - density.max())
    return weight / weight.sum()


def test_the_mass_near_zero_is_there(design, posterior):
    below, total = posterior[FINE < 0.1].sum(), np.cumsum(posterior)
    assert below > 0.04  # or there is nothing to lose
    for seed in (1, 2):
        found = fitted(design, plan_with(), seed)
        draws, size = found.parameters.sigma_home, found.diagnostics.importance_ess
        assert found.diagnostics.passed
        assert found.diagnostics.edge_loss < 0.02
        # five standard errors of a share of so many draws
        assert (draws < 0.1).mean() == pytest.approx(below, abs=5 * np.sqrt(below * (1 - below) / size))
        error = 5 * np.sqrt(0.025 / size)
        low, high = np.interp([max(0.025 - error, 0.001), 0.025 + error], total, FINE)
        assert low < np.quantile(draws, 0.025) < high


def test_the_gate_sees_what_was_never_proposed(design, monkeypatch):
    """Proposals of ``sigma_home``, the first axis, that keep away from 0: their weights are as even as ever."""
    whole = proposal._propose_scales

    def away_from_zero(*given):
        at, density = whole(*given)
        return np.column_stack([np.maximum(at[:, 0], 1.0), at[:, 1:]]), density

    monkeypatch.setattr(proposal, "_propose_scales", away_from_zero)
    found = fitted(design, plan_with())
    assert (found.parameters.sigma_home < 0.1).sum() == 0
    assert found.diagnostics.edge_loss > 0.03
    assert any("near 0 of a standard deviation" in text for text in found.diagnostics.failed)


def test_no_arm_where_the_normal_reaches(design):
    """A scale whose density at 0 is negligible asks for no proposals there."""
    plan = plan_with({"sigma_home": {"fixed": 0.5}, "sigma_period": {"fixed": 0.0}, "frailty_shape": {"fixed": 1.0}})
    assert fitted(design, plan).diagnostics.edge_loss == 0

"""Processes over time in the fast engine: a home's that drifts, and one that all homes share."""

from __future__ import annotations

import numpy as np
import pytest

import missingmodels as mm
from missingmodels.errors import ConfigInvalid
from missingmodels.fitting.fit import fit
from missingmodels.fitting.laplace import gaussian
from missingmodels.fitting.laplace.data import laplace_data
from missingmodels.fitting.laplace.mode import climb, start
from missingmodels.fitting.laplace.point import at_point
from missingmodels.fitting.laplace.process import Process, drift, periods
from missingmodels.fitting.laplace.scales import ScaleSpace
from missingmodels.models.priors import plan_priors
from missingmodels.runs.answer import prepare

BOTH = {"home_process": "drift", "sector_process": "drift"}


def plan_with(effects=(), frame=(), draws=500, **more):
    return mm.Plan.model_validate(
        {
            "models": ["M0", "M1"],
            "exposure": {"beside": []},
            "frame": dict(frame),
            "effects": dict(effects),
            "sampling": {"method": "laplace", "draws": draws},
            **more,
        }
    )


@pytest.fixture(scope="module")
def tables():
    return mm.simulate_world(mm.load_scenario("small").model_copy(update={"days": 365}), seed=4).tables


def design_of(tables, plan):
    return prepare(tables, plan, fits=[("M1", "peer_presence")]).designs["M1", "peer_presence"]


def test_a_drift_has_the_precision_of_the_page():
    """By hand for four weeks: ρ = exp(-7 / 14), σ = 0.6."""
    rho, sigma = np.exp(-0.5), 0.6
    root = sigma * drift(4, 7, 14)
    c = 1 / (sigma**2 * (1 - rho**2))
    by_hand = c * np.array([[1, -rho, 0, 0], [-rho, 1 + rho**2, -rho, 0], [0, -rho, 1 + rho**2, -rho], [0, 0, -rho, 1]])
    np.testing.assert_allclose(np.linalg.inv(root @ root.T), by_hand, atol=1e-12)
    assert np.diag(root @ root.T) == pytest.approx(np.full(4, 0.36))


def test_periods_take_their_cells():
    np.testing.assert_array_equal(periods(5, 7, 14), [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]])


def test_independent_periods_on_cells_of_their_own_length_need_no_process():
    assert Process.of(plan_with(), 13) is None
    assert Process.of(plan_with(frame={"cell_days": 28}), 13) is None
    assert Process.of(plan_with(frame={"cell_days": 7}), 52).home.shape == (52, 13)


@pytest.mark.parametrize("compiled", [True, False])
def test_gradient_and_curvature_agree_with_differences(tables, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(gaussian, "kernels", None)
    plan = plan_with(BOTH, {"cell_days": 7})
    design, priors = design_of(tables, plan), plan_priors(plan)
    process = Process.of(plan, design.periods)
    data = laplace_data(design, priors, process.sector.shape[1])
    space = ScaleSpace(priors, "gamma", process)
    scales = space.scales(space.first()[0])
    assert scales.sigma_sector > 0.1
    mode = climb(data, scales, *start(data, scales), tolerance=1e-8)
    rng = np.random.default_rng(1)
    b = mode.b + 0.05 * rng.standard_normal(mode.b.size)
    z = mode.z + 0.05 * rng.standard_normal(mode.z.shape)
    point, step = at_point(data, scales, b, z), 1e-5
    along_b, along_z = rng.standard_normal(b.size), rng.standard_normal(z.shape)
    up, down = (at_point(data, scales, b + s * along_b, z + s * along_z) for s in (step, -step))
    slope = point.gradient_b @ along_b + (point.gradient_z * along_z).sum()
    assert (up.value - down.value) / (2 * step) == pytest.approx(slope, rel=1e-6)
    bend = [(down.gradient_b - up.gradient_b) / (2 * step), (down.gradient_z - up.gradient_z) / (2 * step)]
    back_b, back_z = gaussian.factorise(data, scales, point).solve(*bend)
    np.testing.assert_allclose(back_b, along_b, atol=1e-6)
    np.testing.assert_allclose(back_z, along_z, atol=1e-6)


def found(tables, plan, seed=1):
    design = design_of(tables, plan)
    return fit(
        design, plan, model="M1", exposure="peer_presence", seed=seed, with_children=False, allow_unconverged=True
    )


def marginal(tables, plan):
    return found(tables, plan).certificate["log_marginal_likelihood"]


FIXED = {"sigma_home": {"fixed": 0.6}, "sigma_period": {"fixed": 0.3}, "frailty_shape": {"fixed": 0.5}}


def test_a_drift_without_memory_is_independent_periods(tables):
    """Cells of 14 days, correlated by exp(-14 / 0.1) = 0, against periods of 14 days: the same marginal likelihood."""
    apart = plan_with(
        {"home_process": "drift", "home_process_days": 0.1}, {"period_days": 14}, priors={"replace": FIXED}
    )
    same = plan_with(frame={"period_days": 14}, priors={"replace": FIXED})
    assert marginal(tables, apart) == pytest.approx(marginal(tables, same), abs=0.05)


def test_a_drift_that_never_changes_is_a_home_effect(tables):
    """A home's process with a memory of centuries adds its variance to the home's own."""
    replaced = FIXED | {"sigma_home": {"fixed": 0.6}}
    still = plan_with(
        {"home_process": "drift", "home_process_days": 365.0}, {"cell_days": 7, "period_days": 28},
        priors={"replace": replaced},
    )  # fmt: skip
    process = Process.of(still, 10)
    long = Process(home=drift(10, 7, 1e6), sector=process.sector)
    np.testing.assert_allclose(long.home @ long.home.T, np.ones((10, 10)), atol=1e-4)


def test_finer_cells_alone_change_nothing(tables):
    """Periods of 28 days on cells of 7: the effects are the same, so is the likelihood."""
    fine = plan_with(frame={"cell_days": 7}, priors={"replace": FIXED})
    coarse = plan_with(priors={"replace": FIXED})
    assert marginal(tables, fine) == pytest.approx(marginal(tables, coarse), abs=0.05)


def test_a_wave_of_the_sector_is_taken_up_by_what_all_homes_share():
    scenario = mm.load_scenario("null")
    scenario = scenario.model_copy(update={"dials": scenario.dials.model_copy(update={"wave_sd": 1.0})})
    world = mm.simulate_world(scenario, seed=2)
    plan = plan_with({"sector_process": "drift"}, {"cell_days": 7}, draws=250)
    shared = found(world.tables, plan)
    without = found(world.tables, plan_with(frame={"cell_days": 7}, draws=250))
    sd = shared.parameters.further["sigma_sector"]
    assert np.quantile(sd, 0.05) > 0.3
    assert shared.certificate["log_marginal_likelihood"] > without.certificate["log_marginal_likelihood"] + 5


@pytest.mark.parametrize(
    ("effects", "frame", "sampling", "said"),
    [
        ({"home_process": "drift"}, {}, {"method": "laplace"}, "give frame.cell_days"),
        ({"sector_process": "drift"}, {"cell_days": 21, "period_days": 42}, {"method": "laplace"}, "at most 14 days"),
        ({"sector_process": "drift"}, {"cell_days": 7}, {"method": "nuts"}, "only the fast engine"),
        ({}, {"cell_days": 5}, {}, "does not divide"),
    ],
)
def test_a_plan_that_cannot_drift_is_refused(effects, frame, sampling, said):
    with pytest.raises((ConfigInvalid, ValueError), match=said):
        mm.Plan.model_validate({"effects": effects, "frame": frame, "sampling": sampling})

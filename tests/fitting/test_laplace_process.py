"""Processes over time, a home's and one that all homes share: fast engine, whitened sampler, PyMC model."""

from __future__ import annotations

import numpy as np
import pytensor
import pytest

import missingmodels as mm
from missingmodels.errors import ConfigInvalid
from missingmodels.fitting.fit import fit
from missingmodels.fitting.laplace import gaussian
from missingmodels.fitting.laplace.data import laplace_data
from missingmodels.fitting.laplace.mode import climb, start
from missingmodels.fitting.laplace.point import Scales, at_point
from missingmodels.fitting.laplace.scales import ScaleSpace
from missingmodels.fitting.nuts.coordinates import Posterior
from missingmodels.fitting.nuts.whitening import SCALES
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.models.process import Process, drift
from missingmodels.runs.answer import prepare

BOTH = {"home_process": "drift", "sector_process": "drift"}
APART = {"sector_process": "none"}


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
    process = Process(period=np.array([0, 0, 1, 1, 2]), drifts=None, sector=np.zeros((5, 0)))
    normals = np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(process.of_home(normals), [[1, 1, 2, 2, 3]])
    np.testing.assert_array_equal(process.to_home(np.arange(5.0)[None]), [[1, 5, 4]])


def test_independent_periods_on_cells_of_their_own_length_need_no_process():
    apart = {"sector_process": "none"}
    assert Process.of(plan_with(apart), 13) is None
    assert Process.of(plan_with(apart, frame={"cell_days": 28}), 13) is None
    assert Process.of(plan_with(apart, frame={"cell_days": 7}), 52).size == 13
    # a cell belongs to the period of its first day
    odd = Process.of(plan_with(apart, frame={"cell_days": 7, "period_days": 30}), 10)
    assert odd.period.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1, 2]


def test_a_process_that_drifts_stands_on_weeks_unless_the_plan_says_otherwise():
    assert plan_with({"sector_process": "drift"}).frame.cell_days == 7
    assert plan_with({"sector_process": "drift"}, {"cell_days": 14}).frame.cell_days == 14
    assert plan_with({"sector_process": "none"}).frame.cell_days is None


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
        APART | {"home_process": "drift", "home_process_days": 0.1},
        {"cell_days": 14, "period_days": 14},
        priors={"replace": FIXED},
    )
    same = plan_with(APART, frame={"period_days": 14}, priors={"replace": FIXED})
    assert marginal(tables, apart) == pytest.approx(marginal(tables, same), abs=0.05)


def test_a_drift_with_a_memory_of_centuries_is_one_effect_of_the_home():
    root = drift(10, 7, 1e6)
    np.testing.assert_allclose(root @ root.T, np.ones((10, 10)), atol=1e-4)


def test_finer_cells_alone_change_nothing(tables):
    """Periods of 28 days on cells of 7: the effects are the same, so is the likelihood."""
    fine = plan_with(APART, frame={"cell_days": 7}, priors={"replace": FIXED})
    coarse = plan_with(APART, priors={"replace": FIXED})
    assert marginal(tables, fine) == pytest.approx(marginal(tables, coarse), abs=0.05)


def test_a_wave_of_the_sector_is_taken_up_by_what_all_homes_share():
    scenario = mm.load_scenario("null")
    scenario = scenario.model_copy(update={"dials": scenario.dials.model_copy(update={"wave_sd": 1.0})})
    world = mm.simulate_world(scenario, seed=2)
    plan = plan_with({"sector_process": "drift"}, {"cell_days": 7}, draws=250)
    shared = found(world.tables, plan)
    without = found(world.tables, plan_with(APART, frame={"cell_days": 7}, draws=250))
    sd = shared.parameters.further["sigma_sector"]
    assert np.quantile(sd, 0.05) > 0.3
    assert shared.certificate["log_marginal_likelihood"] > without.certificate["log_marginal_likelihood"] + 5


@pytest.mark.parametrize(
    ("effects", "frame", "sampling", "said"),
    [
        ({"home_process": "drift"}, {"cell_days": 28}, {"method": "nuts"}, "give frame.cell_days"),
        ({"sector_process": "drift"}, {"cell_days": 21, "period_days": 42}, {"method": "laplace"}, "at most 14 days"),
    ],
)
def test_a_plan_that_cannot_drift_is_refused(effects, frame, sampling, said):
    with pytest.raises((ConfigInvalid, ValueError), match=said):
        mm.Plan.model_validate({"effects": effects, "frame": frame, "sampling": sampling})


EFFECTS = {
    "both drift": BOTH,
    "periods and a sector": {"sector_process": "drift"},
    "a sector alone": {"home_process": "none", "sector_process": "drift"},
    "a home's drift alone": {"home_process": "drift", "sector_process": "none"},
}


def joint_at(design, plan, rng):
    """The fast engine's log joint density at a point of its unknowns, that point, and the scales there."""
    priors, process = plan_priors(plan), Process.of(plan, design.periods)
    data = laplace_data(design, priors, process.sector.shape[1])
    space = ScaleSpace(priors, "gamma", process)
    scales = space.scales(space.first()[0] * rng.uniform(0.7, 1.3, len(space.free)))
    b, z = start(data, scales)
    b, z = b + 0.2 * rng.standard_normal(b.size), 0.5 * rng.standard_normal(z.shape)
    return data, scales, b, z, at_point(data, scales, b, z).value


@pytest.mark.parametrize("effects", EFFECTS.values(), ids=EFFECTS)
def test_the_model_of_pymc_has_the_density_of_the_fast_engine(tables, effects):
    """At two points, the difference: what each leaves out is the same at both."""
    plan = plan_with(effects)
    design = design_of(tables, plan)
    model, process = mm.build_model(design, plan), Process.of(plan, design.periods)
    scalars = [v for v in model.free_RVs if v.name.startswith(("sigma", "frailty"))]
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        logp = model.compile_logp(vars=[*model.free_RVs, *model.observed_RVs], sum=True)
        prior = model.compile_logp(vars=scalars)
    gaps = []
    for seed in (1, 2):
        data, scales, b, z, value = joint_at(design, plan, np.random.default_rng(seed))
        columns, k = data.linear.size, process.sector.shape[1]
        point = {"intercept": b[0], "coefficients": b[1:columns], "home_z": z[:, 0]}
        point |= {"frailty_shape_log__": np.log(scales.frailty_shape), "sigma_home": scales.sigma_home}
        if effects.get("home_process") != "none":
            point |= {"home_period_z": z[:, 1:].ravel(), "sigma_period": scales.sigma_period}
        if k:
            point |= {"sector_z": b[columns:], "sigma_sector": scales.sigma_sector}
        gaps.append(logp(point) - prior(point) - value)
    assert gaps[0] == pytest.approx(gaps[1], abs=1e-6)


@pytest.mark.parametrize("name", ["periods and a sector", "a sector alone"])
def test_whitened_coordinates_have_the_density_of_the_fast_engine(tables, name):
    """Turned back to the engine's unknowns, with the Jacobian that the page states; and the gradient by differences."""
    plan = plan_with(EFFECTS[name])
    design = design_of(tables, plan)
    process = Process.of(plan, design.periods)
    posterior = Posterior(design, plan_priors(plan), process)
    at, homes = posterior.map, len(design.home_ids)
    work, gaps = posterior.workplace(), []
    for seed in (3, 4):
        x = np.random.default_rng(seed).normal(0, 0.5, posterior.size)
        value, gradient = posterior.log_density(x, work)
        along = np.random.default_rng(seed + 10).standard_normal(x.size)
        up, down = (posterior.log_density(x + s * along, work)[0] for s in (1e-5, -1e-5))
        assert (up - down) / 2e-5 == pytest.approx(gradient @ along, rel=1e-5)
        held = posterior.values(x)
        b = at.centre + at.root @ x[: at.centre.size]
        begin = x.size - homes - at.period_information.size
        signed = {n: held[n] * (1 if i < 0 else np.sign(x[i])) for n, i in zip(SCALES, at.scale_at, strict=True)}
        parts = [(signed["sigma_home"], at.information, at.score - at.coupling @ (b - at.centre), x[begin:][:homes])]
        parts += [(signed["sigma_period"], at.period_information, at.period_score, x[begin + homes :])]
        z, jacobian = [], 0.0
        for s, information, score, xi in parts:
            shrink = 1 / (1 + s**2 * information)
            z.append(s * score * shrink + xi * np.sqrt(shrink))
            jacobian += 0.5 * np.log(shrink).sum()
        data = laplace_data(design, plan_priors(plan), process.sector.shape[1])
        scales = Scales(
            sigma_home=signed["sigma_home"], sigma_period=signed["sigma_period"], frailty_shape=held["frailty_shape"],
            period_on=at.period_information.size > 0, sigma_sector=signed["sigma_sector"], process=process,
        )  # fmt: skip
        stacked = np.column_stack([part.reshape(homes, -1) for part in z if part.size])
        away = [(x[i] - m) / s for i, m, s in zip(at.scale_at, at.scale_mean, at.scale_sd, strict=True) if i >= 0]
        prior = -0.5 * float(np.square(away).sum())
        gaps.append(value - at_point(data, scales, b, stacked).value - jacobian - prior)
        effects = scales.effects(stacked, design.periods) - scales.sigma_home * stacked[:, :1, None][..., 0]
        np.testing.assert_allclose(held["home_period"].reshape(homes, -1), effects + scales.shared(b), atol=1e-10)
    assert gaps[0] == pytest.approx(gaps[1], abs=1e-7)

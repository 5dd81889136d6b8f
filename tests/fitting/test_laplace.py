"""The fast engine: its derivatives, its linear algebra, and its posterior where quadrature can say what is right."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from rounding import rounding
from scipy.special import gammaln

from missingmodels.fitting.laplace import approximation as engine
from missingmodels.fitting.laplace import gaussian as laplace_gaussian
from missingmodels.fitting.laplace import point as laplace_point
from missingmodels.fitting.laplace.approximation import laplace
from missingmodels.fitting.laplace.child import ChildLaw
from missingmodels.fitting.laplace.data import laplace_data
from missingmodels.fitting.laplace.gaussian import factorise
from missingmodels.fitting.laplace.point import Scales, at_point
from missingmodels.fitting.laplace.weights import log_joint, mean_gradient
from missingmodels.fitting.pareto import fit_pareto, resample, smooth
from missingmodels.frame.design import Design
from missingmodels.models.priors.of_plan import prior_set
from missingmodels.plan import Priors
from plain import reference

SCALES = Scales(sigma_home=0.5, sigma_period=0.3, frailty_shape=0.7)


def made_design(
    seed=0, *, homes=4, periods=3, children=14, columns=3, before=False, movers=4, empty_home=False, effect=0.3
):
    """A design with rows at random: each child in one home, or two for the first ``movers`` of them."""
    rng = np.random.default_rng(seed)
    used = homes - 1 if empty_home else homes
    rows = []
    for child in range(children):
        stays = [child % used, (child + 1) % used] if child < movers else [child % used]
        for period in range(periods):
            rows += [(child, stays[period * len(stays) // periods], period) for _ in range(2)]
    child, home, period = np.array(rows).T
    matrix = rng.normal(size=(len(rows), columns)) * np.linspace(0.5, 2.0, columns)
    days = rng.uniform(3, 20, len(rows))
    rate = np.exp(-2.5 + effect * (matrix.sum(axis=1) if columns else 0)) * rng.gamma(1.0, size=children)[child]
    first = (period == 0) & before
    return Design(
        formula="made",
        names=tuple(f"x{i}" for i in range(columns)),
        matrix=matrix,
        centre=np.full(columns, 0.1),
        scale=np.linspace(0.5, 2.0, columns),
        child=child,
        home=home,
        period=period,
        onsets=rng.poisson(rate * days),
        days=days,
        days_at_risk=days,
        burn_in=first,
        before_window=first,
        child_ids=tuple(f"c{i}" for i in range(children)),
        home_ids=tuple(f"h{i}" for i in range(homes)),
        periods=periods,
        notes=(),
    )


def priors_with(**replace):
    """The weak set, with scales and columns replaced: a number fixes, a pair is mean and sd."""
    changes = {n: {"fixed": v} if np.isscalar(v) else {"mean": v[0], "sd": v[1]} for n, v in replace.items()}
    return prior_set(Priors(replace=changes))


def at_random(data, scales, seed=1):
    rng = np.random.default_rng(seed)
    b = data.prior_mean + rng.normal(0, 0.3, data.prior_sd.size)
    return b, rng.normal(0, 0.7, (data.homes, scales.of_blocks(data.periods).size))


CASES = {
    "joint": ({}, {}),
    "fixed column": ({}, {"x1": 0.4}),
    "conditional": ({"before": True}, {"x0": 0.2}),
    "no movers": ({"movers": 0}, {}),
    "no coefficients": ({"columns": 0}, {}),
    "nothing free": ({"columns": 0}, {"intercept": -3.0}),
    "empty home": ({"empty_home": True}, {}),
    "one child": ({"children": 1, "movers": 0}, {}),
    "everyone moves": ({"movers": 14}, {}),
}


@pytest.fixture(params=CASES, ids=list(CASES))
def case(request):
    shape, replace = CASES[request.param]
    design, priors = made_design(**shape), priors_with(**replace)
    return design, priors, laplace_data(design, priors)


def joined(b, z):
    return np.append(b, z.ravel())


def test_gradient_and_hessian_against_finite_differences(case):
    _, _, data = case
    b, z = at_random(data, SCALES)
    x0, size = joined(b, z), b.size

    def point(x):
        return at_point(data, SCALES, x[:size], x[size:].reshape(z.shape))

    def gradient(x):
        found = point(x)
        return joined(found.gradient_b, found.gradient_z)

    steps = 1e-5 * np.eye(x0.size)
    numeric = np.array([(point(x0 + e).value - point(x0 - e).value) / 2e-5 for e in steps])
    np.testing.assert_allclose(gradient(x0), numeric, rtol=1e-6, atol=1e-6)
    hessian = -np.array([(gradient(x0 + e) - gradient(x0 - e)) / 2e-5 for e in steps])
    factor = factorise(data, SCALES, point(x0))
    assert factor.log_determinant == pytest.approx(np.linalg.slogdet(hessian)[1], abs=1e-6)
    right = np.random.default_rng(2).normal(size=x0.size)
    solved = joined(*factor.solve(right[:size], right[size:].reshape(z.shape)))
    np.testing.assert_allclose(solved, np.linalg.solve(hessian, right), rtol=1e-6, atol=1e-7)


def test_draws_have_the_density_they_state(case):
    """Each draw's stated log density is that of the dense normal, up to the constants that are left out."""
    _, _, data = case
    b, z = at_random(data, SCALES)
    factor = factorise(data, SCALES, at_point(data, SCALES, b, z))
    draws = 400
    away_b, away_z, density = factor.draw_with(factor.parts(), factor.mover_shape, draws, np.random.default_rng(3))
    x = np.concatenate([away_b, away_z.reshape(-1, draws)])
    inverse = np.array([joined(*factor.solve(e[: b.size], e[b.size :].reshape(z.shape))) for e in np.eye(len(x))])
    form = np.einsum("is,ij,js->s", x, np.linalg.inv(inverse), x)
    np.testing.assert_allclose(density, 0.5 * factor.log_determinant - 0.5 * form, rtol=1e-7, atol=1e-7)
    assert form.mean() == pytest.approx(len(x), abs=6 * np.sqrt(2 * len(x) / draws))


@pytest.mark.parametrize("before", [False, True])
def test_joint_density_against_the_reference(before):
    design, priors = made_design(before=before), priors_with(x1=0.4)
    data, homes, periods = laplace_data(design, priors), 4, 3
    rng = np.random.default_rng(4)
    draws = 5
    b, z = rng.normal(0, 0.5, (data.prior_sd.size, draws)), rng.normal(0, 1, (homes, periods + 1, draws))
    b[0] -= 3
    k = rng.gamma(2.0, size=draws)
    effects = SCALES.effects(z, periods)
    ours = log_joint(data, b, effects, z, ChildLaw("gamma", {"frailty_shape": k}))
    mean, sd, fixed = priors.of_columns(design.names, design.scale)
    for s in range(draws):
        coefficients = mean.copy()
        coefficients[~fixed] = b[1:, s]
        eta = reference.linear_predictor(
            design_matrix=design.standardised,
            intercept=b[0, s],
            coefficients=coefficients,
            home=design.home,
            home_effects=SCALES.sigma_home * z[:, 0, s],
            home_period=design.home * periods + design.period,
            home_period_effects=SCALES.sigma_period * z[:, 1:, s].ravel(),
        )
        by_child = reference.onset_log_density_by_child(
            onsets=design.onsets,
            days=design.days,
            eta=eta,
            child=design.child,
            n_children=len(design.child_ids),
            frailty_shape=k[s],
            before_window=design.before_window,
        )
        away = (joined(b[0, s], b[1:, s]) - joined(priors.intercept.mean, mean[~fixed])) / joined(
            priors.intercept.sd, sd[~fixed]
        )
        expected = by_child.sum() - 0.5 * away @ away - 0.5 * (z[..., s] ** 2).sum()
        assert ours[s] == pytest.approx(expected, rel=1e-10)
        own = Scales(sigma_home=0.5, sigma_period=0.3, frailty_shape=float(k[s]))
        assert at_point(data, own, b[:, s], z[..., s]).value == pytest.approx(expected, rel=1e-10)


def test_two_dimensions_against_quadrature():
    """Without home effects and with k known, intercept and one slope are all there is."""
    design = made_design(5, columns=1, homes=2, children=8, movers=0, effect=0.6)
    priors = priors_with(sigma_home=0.0, sigma_period=0.0, frailty_shape=0.8)
    found = laplace(design, priors, draws=40_000, rng=np.random.default_rng(1))
    a, c = np.meshgrid(np.linspace(-7.5, 2.0, 401), np.linspace(-2.5, 3.0, 401), indexing="ij")
    eta = a[..., None] + c[..., None] * design.standardised[:, 0]
    rate = np.exp(eta) * design.days
    log_density = (eta * design.onsets).sum(axis=-1)
    for child in range(8):
        mine = design.child == child
        y = design.onsets[mine].sum()
        log_density += gammaln(0.8 + y) - gammaln(0.8) + 0.8 * np.log(0.8)
        log_density -= (0.8 + y) * np.log(0.8 + rate[..., mine].sum(axis=-1))
    intercept = priors.intercept
    for x, mean, sd in ((a, intercept.mean, intercept.sd), (c, 0.0, 1.0)):
        log_density += -0.5 * ((x - mean) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))
    weight = np.exp(log_density - log_density.max())
    cell = (9.5 / 400) * (5.5 / 400)
    assert found.log_marginal == pytest.approx(log_density.max() + np.log(weight.sum() * cell), abs=0.01)
    assert found.k_hat < 0.7
    weight /= weight.sum()
    for draws, x in ((found.intercept, a), (found.coefficients[:, 0], c)):
        mean = (weight * x).sum()
        sd = np.sqrt((weight * (x - mean) ** 2).sum())
        assert draws.mean() == pytest.approx(mean, abs=5 * sd / np.sqrt(found.ess))
        assert draws.std() == pytest.approx(sd, rel=5 / np.sqrt(found.ess))
    assert np.all(found.home == 0)
    assert np.all(found.home_period == 0)


def test_a_scale_at_zero_against_quadrature():
    """The home sd alone, its posterior piled up at 0: the fold meets no boundary."""
    design = made_design(6, columns=0, homes=3, children=9, movers=0)
    priors = priors_with(intercept=-2.5, sigma_period=0.0, frailty_shape=1.0, sigma_home=(0.0, 0.5))
    found = laplace(design, priors, draws=20_000, rng=np.random.default_rng(1))
    sigma, node = np.linspace(0.0005, 2.5, 600), np.linspace(-8, 8, 321)
    log_density = -0.5 * (sigma / 0.5) ** 2
    for home in range(3):
        eta = -2.5 + sigma[:, None] * node
        inside = -0.5 * node**2 + np.zeros_like(eta)
        for child in np.unique(design.child[design.home == home]):
            mine = design.child == child
            y, days = design.onsets[mine].sum(), design.days[mine].sum()
            inside = inside + y * eta - (1 + y) * np.log(1 + days * np.exp(eta))
        log_density = log_density + np.logaddexp.reduce(inside, axis=1)
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    mean, square = weight @ sigma, weight @ sigma**2
    assert found.sigma_home.mean() == pytest.approx(mean, abs=5 * np.sqrt((square - mean**2) / found.ess))
    near = weight[sigma < 0.05].sum()
    assert (found.sigma_home < 0.05).mean() == pytest.approx(near, abs=5 * np.sqrt(near / found.ess))


def shuffled_and_split(design):
    """The same design with every row in two halves, in another order."""
    order = np.random.default_rng(0).permutation(np.repeat(np.arange(design.child.size), 2))
    half = np.arange(order.size)[np.argsort(order, kind="stable")][::2]
    onsets = np.zeros(order.size, dtype=int)
    onsets[half] = design.onsets
    by_row = {name: getattr(design, name)[order] for name in ("matrix", "child", "home", "period", "burn_in")}
    return dataclasses.replace(
        design,
        **by_row,
        onsets=onsets,
        days=design.days[order] / 2,
        days_at_risk=design.days[order] / 2,
        before_window=design.before_window[order],
    )


@pytest.mark.parametrize("precision", [np.float32, np.float64], ids=["single", "double"])
def test_order_and_splitting_of_rows_do_not_matter(monkeypatch, precision):
    """To the rounding of the proposals, whatever their precision: in double nothing else is left to differ."""
    monkeypatch.setattr(engine, "laplace_data", lambda *of: dataclasses.replace(laplace_data(*of), precision=precision))
    design, priors = made_design(7), prior_set(Priors())
    first, second = (
        laplace(rows, priors, draws=200, rng=np.random.default_rng(1)) for rows in (design, shuffled_and_split(design))
    )
    limits = rounding(laplace_data(shuffled_and_split(design), priors), first, precision)
    assert second.log_marginal == pytest.approx(first.log_marginal, abs=limits.log_density)
    for name in ("intercept", "coefficients", "home", "home_period"):
        np.testing.assert_allclose(getattr(second, name), getattr(first, name), rtol=0, atol=limits.draw)
    for name in ("sigma_home", "sigma_period", "frailty_shape"):  # proposed in double, whatever the others are
        np.testing.assert_allclose(getattr(second, name), getattr(first, name), rtol=limits.scale)


def test_shapes_and_determinism(case):
    design, priors, _ = case
    first, second = (laplace(design, priors, draws=150, rng=np.random.default_rng(2)) for _ in range(2))
    homes, periods = len(design.home_ids), design.periods
    assert first.coefficients.shape == (150, len(design.names))
    assert first.home.shape == (150, homes)
    assert first.home_period.shape == (150, homes * periods)
    for one in dataclasses.fields(first):
        value = getattr(first, one.name)
        if isinstance(value, np.ndarray):
            assert np.isfinite(value).all(), one.name
            np.testing.assert_array_equal(value, getattr(second, one.name))
    assert np.isfinite(first.k_hat)
    assert 1 <= first.ess <= 150
    mean, _, fixed = priors.of_columns(design.names, design.scale)
    assert np.all(first.coefficients[:, fixed] == mean[fixed])


def test_conditional_with_moves_before_the_window():
    """Their curvature is left out of the proposal; the weights make up for it."""
    design = made_design(8, before=True, periods=4, children=40)
    moved = dataclasses.replace(design, before_window=design.period < 3, burn_in=design.period < 3)
    assert not laplace_data(moved, prior_set(Priors())).settled.all()
    found = [laplace(moved, prior_set(Priors()), draws=1000, rng=np.random.default_rng(i)) for i in range(8)]
    # Pareto k has an error of about 0.1 at 1,000 draws, and this case lies near its limit
    assert np.median([f.k_hat for f in found]) < 0.7
    # so its weights have heavy tails, and one run in ten strays
    assert np.subtract(*np.percentile([f.log_marginal for f in found], [75, 25])) < 0.25


def test_pareto_fit_and_smoothing():
    rng = np.random.default_rng(3)
    for shape in (0.2, 0.8):
        excess = np.sort((rng.uniform(size=4000) ** -shape - 1) / shape)
        assert fit_pareto(excess)[0] == pytest.approx(shape, abs=0.08)
    even, k_hat = smooth(np.zeros(100))
    np.testing.assert_allclose(even, -np.log(100))
    assert k_hat < 0.5
    log_weights, k_hat = smooth(2.5 * rng.standard_normal(1000))
    assert np.exp(log_weights).sum() == pytest.approx(1.0)
    assert k_hat > 0.4
    kept = np.bincount(resample(log_weights, 1000, rng), minlength=1000)
    assert np.all(np.abs(kept - 1000 * np.exp(log_weights)) < 1 + 1e-9)


def test_needs_neither_pymc_nor_pandas():
    import subprocess
    import sys

    engine = "missingmodels.fitting.laplace.approximation"
    code = f"import sys, {engine}; print(sorted({{'pymc', 'pandas', 'arviz'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_compiled_loops_and_numpy_agree(case, monkeypatch):
    _, _, data = case
    b, z = at_random(data, SCALES)
    right = np.random.default_rng(5).normal(size=b.size), np.random.default_rng(6).normal(size=z.shape)

    def everything():
        point = at_point(data, SCALES, b, z)
        factor = factorise(data, SCALES, point)
        values = [point.value, point.gradient_b, point.gradient_z, factor.log_determinant]
        return [*values, *factor.parts(), *factor.solve(*right)]

    assert laplace_gaussian.kernels is not None
    compiled = everything()
    for module in (laplace_gaussian, laplace_point):
        monkeypatch.setattr(module, "kernels", None)
    for ours, theirs in zip(compiled, everything(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("before", [False, True])
def test_the_mean_of_gradients_of_many_points_is_that_of_each(before):
    data = laplace_data(made_design(before=before), prior_set(Priors()))
    rng = np.random.default_rng(7)
    b, z = rng.normal(0, 0.3, (data.prior_sd.size, 6)), rng.normal(0, 0.7, (data.homes, data.periods + 1, 6))
    b[0] -= 3
    points = [at_point(data, SCALES, b[:, i], z[..., i]) for i in range(6)]
    of_b, of_z = mean_gradient(data, SCALES, b, z)
    np.testing.assert_allclose(of_b, np.mean([p.gradient_b for p in points], axis=0), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(of_z, np.mean([p.gradient_z for p in points], axis=0), rtol=1e-10, atol=1e-10)


def test_stretched_draws_have_the_density_they_state():
    """Coefficients are stretched first, and the effects' means then follow the stretched ones."""
    data = laplace_data(made_design(movers=0), prior_set(Priors()))
    b, z = at_random(data, SCALES)
    factor = factorise(data, SCALES, at_point(data, SCALES, b, z))
    stretch = np.random.default_rng(8).normal(0, 0.2, (b.size + z.size, 300))
    rng = np.random.default_rng(9)
    away_b, away_z, density = factor.draw_with(factor.parts(), factor.mover_shape, 300, rng, stretch)
    eye = np.eye(b.size + z.size)
    covariance = np.array([joined(*factor.solve(e[: b.size], e[b.size :].reshape(z.shape))) for e in eye])
    precision = np.linalg.inv(covariance)
    inner, outer = precision[b.size :, b.size :], np.linalg.inv(covariance[: b.size, : b.size])
    slope = -np.linalg.solve(inner, precision[b.size :, : b.size])
    x_b = away_b / np.exp(stretch[: b.size])
    x_z = away_z.reshape(z.size, -1) / np.exp(stretch[b.size :]) - slope @ away_b
    form = np.einsum("is,ij,js->s", x_b, outer, x_b) + np.einsum("is,ij,js->s", x_z, inner, x_z)
    expected = 0.5 * factor.log_determinant - 0.5 * form - stretch.sum(axis=0)
    np.testing.assert_allclose(density, expected, rtol=1e-7, atol=1e-7)


def test_stretched_draws_of_movers_weigh_one_on_average():
    """Against the plain normal: with movers the stated density is that of the draws and the auxiliary variables."""
    data = laplace_data(made_design(), prior_set(Priors()))
    b, z = at_random(data, SCALES)
    factor = factorise(data, SCALES, at_point(data, SCALES, b, z))
    stretch = np.full((b.size + z.size, 40_000), 0.05)
    rng = np.random.default_rng(9)
    away_b, away_z, density = factor.draw_with(factor.parts(), factor.mover_shape, 40_000, rng, stretch)
    eye = np.eye(b.size + z.size)
    covariance = np.array([joined(*factor.solve(e[: b.size], e[b.size :].reshape(z.shape))) for e in eye])
    x = np.concatenate([away_b, away_z.reshape(z.size, -1)])
    form = np.einsum("is,is->s", x, np.linalg.solve(covariance, x))
    weight = np.exp(0.5 * factor.log_determinant - 0.5 * form - density)
    assert weight.mean() == pytest.approx(1.0, abs=5 * weight.std() / 200)
    assert weight.std() < 1


def test_more_proposals_join_the_first_while_they_are_too_few():
    design, priors = made_design(7), prior_set(Priors())
    plain = laplace(design, priors, draws=200, rng=np.random.default_rng(1))
    seen = []

    def again(found):
        seen.append((found.proposals, found.ess))
        return found.proposals < 800

    more = laplace(design, priors, draws=200, rng=np.random.default_rng(1), again=again)
    assert [count for count, _ in seen] == [200, 400, 800]
    assert seen[0][1] == plain.ess
    assert more.proposals == 800
    assert more.intercept.size == 200
    assert more.ess > 2 * plain.ess
    assert more.log_marginal == pytest.approx(plain.log_marginal, abs=0.3)

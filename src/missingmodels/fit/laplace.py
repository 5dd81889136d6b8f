"""The fast engine: a nested Laplace approximation of the onset model, put right by importance weights.

For given scales (sigma_home, sigma_period, frailty shape k) the posterior of coefficients and home effects is close to a
normal at its mode. As in INLA (Rue, Martino and Chopin 2009, J. R. Stat. Soc. B 71) that normal gives the marginal of
the scales at a few points; as in TMB (Kristensen et al. 2016, J. Stat. Softw. 70) the mode comes from exact derivatives
and the structure of the problem. Here a Student t around the mode of the scales proposes their values, and the normal
of the nearest point, its mean moved along, proposes everything else. Every proposal is weighed against the exact joint
density. Pareto smoothing steadies the weights, and its k-hat says whether they can be trusted (PSIS: Vehtari, Simpson,
Gelman, Yao and Gabry 2024, J. Mach. Learn. Res. 25). So nothing of the approximation stays in the draws, in particular
not the shrinkage of slopes that profiling them with the effects would leave.

The module needs numpy and scipy alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from missingmodels.fit.laplace_data import Array, LaplaceData, laplace_data
from missingmodels.fit.laplace_scales import Node, Region, ScaleSpace, Surface, explore, quadratic_basis
from missingmodels.fit.laplace_weights import log_joint, resample, smooth

if TYPE_CHECKING:
    from missingmodels.frame.design import Design
    from missingmodels.models.priors import PriorSet

PROPOSALS_PER_DRAW = 1.5
DEGREES = 8.0  # of freedom of the scales' proposal: its tails lie above those of the posterior
TOLERANCE = 0.01  # gain of log density below which Newton's next step is the last
FURTHEST = 2.5  # standard deviations of the scales beyond which the mode is no longer foretold


@dataclass(frozen=True, kw_only=True)
class LaplaceDraws:
    """S equally weighted draws from the posterior, and what they rest on.

    Attributes
    ----------
    intercept : (S,) of the standardised columns
    coefficients : (S, P) of the standardised columns, fixed ones included
    home : (S, H) log rate
    home_period : (S, H * T) log rate
    sigma_home, sigma_period, frailty_shape : (S,)
    k_hat : shape of the weights' tail; above 0.7 the draws are not to be trusted
    ess : effective number of proposals behind the draws
    newton_iterations : Newton steps over all points of the scales
    grid_points : points of the scales at which the mode was found
    seconds : wall clock
    log_marginal : log density of the onsets in the window, without the constant sum(y log n - log y!)
    """

    intercept: Array
    coefficients: Array
    home: Array
    home_period: Array
    sigma_home: Array
    sigma_period: Array
    frailty_shape: Array
    k_hat: float
    ess: float
    newton_iterations: int
    grid_points: int
    seconds: float
    log_marginal: float


def laplace(design: Design, priors: PriorSet, *, draws: int, rng: np.random.Generator) -> LaplaceDraws:
    """Draw from the posterior of one onset model.

    The same design, priors and generator give the same draws. Raises FloatingPointError where Newton's steps do not
    settle, and numpy's LinAlgError where a curvature is not positive definite: the posterior has no usable mode then.
    """
    begin = time.perf_counter()
    data, space = laplace_data(design, priors), ScaleSpace(priors)
    surface = Surface(data, space, TOLERANCE)
    region = explore(surface)
    at, log_proposal = propose_scales(region, space, int(np.ceil(PROPOSALS_PER_DRAW * draws)), rng)
    made = _propose_effects(data, space, region, at, rng)
    log_weights = made.log_target + space.log_prior(at) - log_proposal - made.log_proposal
    smoothed, k_hat = smooth(log_weights)
    top = log_weights.max()
    chosen = resample(smoothed, draws, rng)
    return _collect(
        data,
        made,
        {name: values[chosen] for name, values in space.values(at).items()},
        chosen,
        k_hat=k_hat,
        ess=float(1 / np.exp(2 * smoothed).sum()),
        newton_iterations=surface.steps,
        grid_points=len(surface.nodes),
        seconds=time.perf_counter() - begin,
        log_marginal=float(top + np.log(np.exp(log_weights - top).mean())),
    )


def propose_scales(
    region: Region, space: ScaleSpace, count: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """(N, F) folded coordinates from a Student t around the mode of the scales, and (N,) their log density."""
    size = region.centre.size
    stretch = np.sqrt(DEGREES / rng.chisquare(DEGREES, count))
    at = region.centre + (rng.standard_normal((count, size)) * stretch[:, None]) @ region.root.T
    at = space.fold(at)
    total = np.full(count, -np.inf)
    for flip in _reflections(space.folded):
        total = np.logaddexp(total, _log_student(region, at * flip))
    return at, total


def _reflections(folded: Array) -> Array:
    """(2^folded, F) of signs: the points that fold into one."""
    signs = [np.ones(folded.size)]
    for i in np.flatnonzero(folded):
        signs += [np.where(np.arange(folded.size) == i, -sign, sign) for sign in signs]
    return np.array(signs)


def _log_student(region: Region, at: Array) -> Array:
    size = region.centre.size
    if size == 0:
        return np.zeros(len(at))
    apart = np.linalg.solve(region.root, (at - region.centre).T)
    constant = gammaln((DEGREES + size) / 2) - gammaln(DEGREES / 2) - 0.5 * size * np.log(DEGREES * np.pi)
    constant -= np.log(np.abs(np.diag(region.root))).sum()
    return np.asarray(constant - 0.5 * (DEGREES + size) * np.log1p((apart**2).sum(axis=0) / DEGREES))


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """N proposals of all unknowns given the scales; densities without the constants that cancel."""

    b: Array
    effects_home: Array
    effects_period: Array
    log_target: Array
    log_proposal: Array


def _propose_effects(
    data: LaplaceData, space: ScaleSpace, region: Region, at: Array, rng: np.random.Generator
) -> Proposals:
    """Coefficients and home effects from the normal of each proposal's nearest node."""
    nearest = _nearest(region, at)
    foretell = Foretold.through(region)
    values = space.values(at)
    count, homes, periods = len(at), data.homes, data.periods
    b, home, period = np.empty((data.prior_sd.size, count)), np.zeros((homes, count)), np.zeros((homes, periods, count))
    target, proposal = np.empty(count), np.empty(count)
    for i, node in enumerate(region.nodes):
        mine = np.flatnonzero(nearest == i)
        if not mine.size:
            continue
        centre_b, centre_z = foretell.modes(at[mine])
        away_b, away_z, form = node.mode.factor.sample(mine.size, rng)
        z = centre_z + away_z
        b[:, mine] = centre_b + away_b
        scales = node.mode.scales
        if scales.home_on:
            home[:, mine] = values["sigma_home"][mine] * z[:, 0]
        if scales.period_on:
            period[:, :, mine] = values["sigma_period"][mine] * z[:, scales.home_on :]
        effects = home[:, None, mine] + period[:, :, mine]
        target[mine] = log_joint(data, b[:, mine], effects, z, values["frailty_shape"][mine])
        proposal[mine] = 0.5 * (node.mode.factor.log_determinant - form)
    return Proposals(
        b=b,
        effects_home=home,
        effects_period=period,
        log_target=target - np.log(data.prior_sd).sum(),
        log_proposal=proposal,
    )


def _nearest(region: Region, at: Array) -> Array:
    """(N,) node nearest to each point, in standard deviations of the scales."""
    if region.centre.size == 0:
        return np.zeros(len(at), dtype=np.int64)
    places = np.linalg.solve(region.root, np.array([node.at for node in region.nodes]).T)
    points = np.linalg.solve(region.root, at.T)
    apart = (places**2).sum(axis=0)[:, None] - 2 * places.T @ points
    return np.asarray(apart.argmin(axis=0))


@dataclass(frozen=True)
class Foretold:
    """Modes between and around the nodes: a quadratic in the scales' coordinates through the nodes' modes."""

    region: Region
    coefficients: Array
    shape: tuple[int, int]

    @classmethod
    def through(cls, region: Region) -> Foretold:
        """Fit by least squares, the nodes where the density is high counting most."""
        first: Node = region.nodes[0]
        stacked = np.array([np.append(node.mode.b, node.mode.z) for node in region.nodes])
        if region.centre.size == 0:
            return cls(region, stacked, first.mode.z.shape)
        density = np.array([node.log_density for node in region.nodes])
        weight = np.exp(0.25 * np.clip(density - density.max(), -12, 0))[:, None]
        basis = quadratic_basis(cls._coordinates(region, np.array([node.at for node in region.nodes])))
        found = np.linalg.lstsq(basis * weight, stacked * weight, rcond=None)[0]
        return cls(region, found, first.mode.z.shape)

    @staticmethod
    def _coordinates(region: Region, at: Array) -> Array:
        away = np.linalg.solve(region.root, (at - region.centre).T)
        length = np.sqrt((away**2).sum(axis=0))
        return np.asarray((away * np.minimum(1, FURTHEST / np.maximum(length, 1e-12))).T)

    def modes(self, at: Array) -> tuple[Array, Array]:
        """(B, N) and (H, D, N) modes at (N, F)."""
        basis = quadratic_basis(self._coordinates(self.region, at)) if at.shape[1] else np.ones((len(at), 1))
        found = self.coefficients.T @ basis.T
        size = self.coefficients.shape[1] - self.shape[0] * self.shape[1]
        return found[:size], found[size:].reshape(*self.shape, len(at))


def _collect(
    data: LaplaceData, made: Proposals, scales: dict[str, Array], chosen: Array, **measured: float
) -> LaplaceDraws:
    """The draws chosen, under the names and in the shapes of the model."""
    b = made.b[:, chosen].T
    coefficients = np.broadcast_to(data.fixed_mean, (chosen.size, data.fixed.size)).copy()
    if data.intercept is None:
        intercept, b = b[:, 0], b[:, 1:]
    else:
        intercept = np.full(chosen.size, data.intercept)
    coefficients[:, ~data.fixed] = b
    return LaplaceDraws(
        intercept=intercept,
        coefficients=coefficients,
        home=made.effects_home[:, chosen].T,
        home_period=made.effects_period.reshape(-1, made.log_target.size)[:, chosen].T,
        **scales,
        **measured,  # type: ignore[arg-type]
    )

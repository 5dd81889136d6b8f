"""Proposals of all unknowns from the nodes: scales from a smoothed surface, the rest from normals between the nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaln

from missingmodels.fitting.laplace.data import Array, LaplaceData
from missingmodels.fitting.laplace.explore import Arm, Region
from missingmodels.fitting.laplace.gaussian import Factor
from missingmodels.fitting.laplace.mode import Mode
from missingmodels.fitting.laplace.scales import ScaleSpace
from missingmodels.fitting.laplace.weights import log_joint, mean_gradient

DEGREES = 8.0  # of freedom of the Student t below the surface: its tails lie above those of the posterior
ARM = 0.15  # candidates about each place of an arm, for each about the centre
FLOOR = 0.1  # share of the Student t in the proposal of the scales, so that no value is left out
CANDIDATES = 5  # points tried for each one kept
REACH = 2.0  # standard deviations over which the surface's departure from the Student t is smooth
FURTHEST = 6.0  # standard deviations beyond which, and beyond all nodes, modes and factors are no longer foretold
NEGLIGIBLE = 12.0  # log density below the top at which a node says nothing of shape
PAIRS = 16  # of opposite deviations over which the gradient is averaged
CHUNK_CELLS = 6_000_000  # 48 MB of foretold factors at a time
GROUPS = 128  # of proposals that share one factor, stretched to the scales of each
SMALLEST_GROUP = 8


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """N proposals of all unknowns; densities without the constants that cancel between the two.

    ``b`` (B, N), ``home`` (H, N), ``period`` (H, T, N), ``shared`` (T', N) what all homes have of it, ``adult`` (G, N),
    T' and G 0 where there is no such thing, ``values`` of the scales (N,), ``log_target``, ``log_proposal`` (N,).
    """

    b: Array
    home: Array
    period: Array
    shared: Array
    adult: Array
    values: dict[str, Array]
    log_target: Array
    log_proposal: Array


def joined(first: Proposals, second: Proposals) -> Proposals:
    """The proposals of both."""
    arrays = {
        name: np.concatenate([getattr(first, name), getattr(second, name)], axis=-1)
        for name in ("b", "home", "period", "shared", "adult", "log_target", "log_proposal")
    }
    values = {name: np.concatenate([own, second.values[name]]) for name, own in first.values.items()}
    return Proposals(**arrays, values=values)


@dataclass(frozen=True, kw_only=True)
class Proposer:
    """Makes proposals from what the search found; ``shift`` (B,) and (H, D) from the modes to their centres."""

    data: LaplaceData
    space: ScaleSpace
    region: Region
    between: _Between
    shift: tuple[Array, Array]

    @classmethod
    def of(cls, data: LaplaceData, space: ScaleSpace, region: Region, rng: np.random.Generator) -> Proposer:
        """From the nodes of a region, whose factors it takes over."""
        shift = mean_shift(data, region.middle, rng)
        return cls(data=data, space=space, region=region, between=_Between.nodes(data, region), shift=shift)

    def propose(self, count: int, rng: np.random.Generator) -> Proposals:
        """Draw scales, then coefficients and effects given them, with both densities."""
        data, between = self.data, self.between
        at, log_scales = _propose_scales(self.region, self.space, count, rng)
        together = groups(self.region.standardise(at), max(SMALLEST_GROUP, -(-count // GROUPS)))
        order = np.concatenate(together)  # so that a group is a slice
        at, log_scales = at[order], log_scales[order]
        values = self.space.values(at)
        b, z, log_effects = between.draw(
            at, [len(part) for part in together], values.get("frailty_shape"), self.shift, rng
        )
        scales = self.region.middle.scales
        home = np.zeros((data.homes, count), data.precision)
        period = np.zeros((data.homes, data.periods, count), data.precision)
        if scales.home_on:
            home = values["sigma_home"].astype(data.precision) * z[:, 0]
        if scales.period_on:
            own = z[:, scales.home_on : z.shape[1] - (0 if scales.rotas is None else scales.rotas.size)]
            period = own.copy() if scales.process is None else scales.process.of_home(own)
            period *= values["sigma_period"].astype(data.precision)
        shared = np.zeros((0, count), data.precision)
        if scales.process is not None and scales.process.sector.size:
            unit = np.asarray(replace(scales, sigma_sector=1.0).shared(b))
            shared = values["sigma_sector"].astype(data.precision) * unit
            period += shared
        adult = np.zeros((0, count), data.precision)
        if data.rotas is not None:
            own = z[data.rotas.home, z.shape[1] - data.rotas.size + data.rotas.place]
            adult = values["sigma_adult"].astype(data.precision) * own
        target = self._log_target(b, home[:, None] + period, z, values)
        return Proposals(
            adult=adult,
            b=b,
            home=home,
            period=period,
            shared=shared,
            values=values,
            log_target=target + self.space.log_prior(at) - float(np.log(data.prior_sd).sum()),
            log_proposal=log_scales + log_effects,
        )

    def _log_target(self, b: Array, of_time: Array, z: Array, values: dict[str, Array]) -> Array:
        """(N,) log joint density, some proposals at a time where cells are many."""
        data, scales, count = self.data, self.region.middle.scales, b.shape[1]
        step = count if data.rotas is None else max(1, CHUNK_CELLS // (data.homes * data.cells))
        parts = []
        for begin in range(0, count, step):
            part = slice(begin, begin + step)
            held = {name: own[part] for name, own in values.items()}
            sigma = held.get("sigma_adult", np.zeros(1)).astype(data.precision)
            effects = scales.on_cells(of_time[..., part], sigma, z[..., part])
            parts.append(log_joint(data, b[:, part], effects, z[..., part], self.space.child(held)))
        return np.concatenate(parts)


def mean_shift(data: LaplaceData, mode: Mode, rng: np.random.Generator) -> tuple[Array, Array]:
    """(B,) and (H, D) from the mode to the mean: one Newton step on the gradient averaged over the normal.

    The step of variational Bayes that keeps the Laplace covariance (van Niekerk and Rue 2024, J. Mach. Learn. Res. 25).
    Pairs of opposite deviations leave the even part of the gradient alone, which is what moves the mean.
    """
    factor = mode.factor
    away_b, away_z, _ = factor.draw_with(factor.parts(), factor.mover_shape, PAIRS, rng)
    b = mode.b[:, None] + np.concatenate([away_b, -away_b], axis=1)
    z = mode.z[..., None] + np.concatenate([away_z, -away_z], axis=2)
    return factor.solve(*mean_gradient(data, mode.scales, b, z))


def _propose_scales(region: Region, space: ScaleSpace, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """(N, F) folded coordinates from the smoothed surface of the nodes, and (N,) their log density.

    Candidates from a Student t are kept in proportion to the surface over it. The surface's constant is the mean of
    that ratio, so it carries the error of so many candidates, which touches the marginal density alone.
    """
    size = region.centre.size
    if size == 0:
        return np.zeros((count, 0)), np.zeros(count)
    stretch = np.sqrt(DEGREES / rng.chisquare(DEGREES, CANDIDATES * count))
    places: list[Region | Arm] = [region, *region.arms]
    which = rng.choice(len(places), size=stretch.size, p=_shares(region))
    noise, at = rng.standard_normal((stretch.size, size)) * stretch[:, None], np.empty((stretch.size, size))
    for i, place in enumerate(places):
        at[which == i] = place.centre + noise[which == i] @ place.root.T
    at = space.fold(at)
    ratio = np.exp(_departure(region, space, at))
    weight = FLOOR + (1 - FLOOR) * ratio / ratio.mean()
    ladder = (np.arange(count) + rng.uniform()) / count
    kept = np.minimum(np.searchsorted(np.cumsum(weight) / weight.sum(), ladder), stretch.size - 1)
    return at[kept], _log_candidate(region, space, at[kept]) + np.log(weight[kept])


def _shares(region: Region) -> Array:
    """(1 + A,) share of the candidates that each place gets: the arms, none of which is the rule, an equal part."""
    arms = len(region.arms)
    return np.append(1.0, np.full(arms, ARM)) / (1 + ARM * arms)


def _log_candidate(region: Region, space: ScaleSpace, at: Array) -> Array:
    """(N,) log density of a candidate: Student's t about the centre and about each arm's place, folded."""
    places: list[Region | Arm] = [region, *region.arms]
    parts = [_log_student(place.centre, place.root, space, at) for place in places]
    return np.asarray(np.logaddexp.reduce(np.array(parts) + np.log(_shares(region))[:, None], axis=0))


def _log_student(centre: Array, root: Array, space: ScaleSpace, at: Array) -> Array:
    """(N,) log density of the folded Student t: the sum over all points that fold into one."""
    size = centre.size
    signs = [np.ones(size)]
    for i in np.flatnonzero(space.folded):
        signs += [np.where(np.arange(size) == i, -sign, sign) for sign in signs]
    constant = gammaln((DEGREES + size) / 2) - gammaln(DEGREES / 2) - 0.5 * size * np.log(DEGREES * np.pi)
    constant -= np.log(np.abs(np.diag(root))).sum()
    squares = np.array([(np.linalg.solve(root, (at * sign - centre).T) ** 2).sum(axis=0) for sign in signs])
    parts = -0.5 * (DEGREES + size) * np.log1p(squares / DEGREES)
    return np.asarray(constant + np.logaddexp.reduce(parts, axis=0))


def _departure(region: Region, space: ScaleSpace, at: Array) -> Array:
    """(N,) smoothed log ratio of the nodes' density to the Student t; 0 far from every node.

    A Gaussian process through the nodes. Nodes far below the top count for little: they say where the density is
    negligible, not what its shape is.
    """
    places = np.array([node.at for node in region.nodes])
    density = np.array([node.log_density for node in region.nodes])
    drop = density.max() - density
    near = drop < NEGLIGIBLE
    places, drop = places[near], drop[near]
    ratio = density[near] - _log_candidate(region, space, places)
    ratio = ratio - np.average(ratio, weights=np.exp(-drop / 2))
    noise = (0.03 + 0.1 * np.maximum(drop - 2, 0)) ** 2
    inner = region.standardise(places)
    solved = np.linalg.solve(_kernel(inner, inner) + np.diag(noise), ratio)
    return np.clip(_kernel(region.standardise(at), inner) @ solved, -4.0, 4.0)


def _kernel(x: Array, y: Array) -> Array:
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T
    return np.asarray(np.exp(-0.5 * squares / REACH**2))


def groups(places: Array, size: int) -> list[Array]:
    """Positions of (N, F) in groups of at most ``size`` that lie together: halves along the widest axis."""
    waiting, done = [np.arange(len(places))], []
    while waiting:
        part = waiting.pop()
        if part.size <= size or places.shape[1] == 0:
            done.append(part)
            continue
        axis = int(np.ptp(places[part], axis=0).argmax())
        part = part[np.argsort(places[part, axis], kind="stable")]
        waiting += [part[: part.size // 2], part[part.size // 2 :]]
    return done


@dataclass(frozen=True)
class _Kriging:
    """Weights of the nodes for a value at another point: a smooth surface through them over a plane or quadratic."""

    region: Region
    places: Array
    solver: Array

    @classmethod
    def of(cls, region: Region, at: Array, drop: Array) -> _Kriging:
        """Nodes at (J, F), ``drop`` (J,) their log density below the top: lower ones need not be met as closely."""
        places = region.standardise(at)
        trend = cls._trend(places)
        size = len(places) + trend.shape[1]
        system = np.zeros((size, size))
        system[: len(places), : len(places)] = _kernel(places, places) + np.diag(1e-6 + 1e-4 * drop**2)
        system[: len(places), len(places) :] = trend
        system[len(places) :, : len(places)] = trend.T
        return cls(region, places, np.linalg.pinv(system)[:, : len(places)])

    @staticmethod
    def _trend(places: Array) -> Array:
        return np.column_stack([np.ones(len(places)), places])

    def weights(self, at: Array) -> Array:
        """(N, J) of (N, F); far away the value no longer changes."""
        away = self.region.standardise(at)
        length = np.sqrt((away**2).sum(axis=1, keepdims=True))
        reach = max(FURTHEST, float(np.sqrt((self.places**2).sum(axis=1)).max()))
        away = away * np.minimum(1, reach / np.maximum(length, 1e-12))
        return np.column_stack([_kernel(away, self.places), self._trend(away)]) @ self.solver


@dataclass(frozen=True, kw_only=True)
class _Between:
    """Modes and factors between and around the nodes, each number by kriging.

    A triangular factor whose entries are interpolated, or rounded to single precision, is still a factor: densities
    are exact whatever the error.
    """

    kriging: _Kriging
    modes_at: Array
    sds_at: Array
    parts_at: tuple[Array, ...]
    shapes: tuple[tuple[int, ...], ...]
    first: Factor
    onsets: Array
    homes: int

    @classmethod
    def nodes(cls, data: LaplaceData, region: Region) -> _Between:
        """Over all nodes whose density is not negligible."""
        density = np.array([node.log_density for node in region.nodes])
        drop = density.max() - density
        held = [node for node, low in zip(region.nodes, drop, strict=True) if low < NEGLIGIBLE]
        shapes = tuple(part.shape for part in region.middle.factor.parts())
        parts_at = tuple(reversed([np.array([node.parts.pop() for node in held]) for _ in held[0].parts[:]]))
        inverse, outer = (parts_at[i].reshape(len(held), *shapes[i]) for i in (0, 2))
        coefficients = (outer[:, :, : shapes[4][1]] ** 2).sum(axis=1)
        effects = (inverse**2).sum(axis=2).reshape(len(held), inverse.shape[1] * inverse.shape[2])
        return cls(
            kriging=_Kriging.of(region, np.array([node.at for node in held]), drop[drop < NEGLIGIBLE]),
            modes_at=np.array([np.append(node.b, node.z) for node in held], dtype=data.precision),
            sds_at=0.5 * np.log(np.concatenate([coefficients, effects], axis=1)),
            parts_at=parts_at,
            shapes=shapes,
            first=region.middle.factor,
            onsets=(data.onsets_before + data.onsets_now)[data.mover_child],
            homes=data.homes,
        )

    def modes(self, at: Array, shift: tuple[Array, Array]) -> tuple[Array, Array]:
        """(B, N) and (H, D, N) modes at (N, F), shifted alike."""
        found = self.modes_at.T @ self._weights(at).T
        found += np.append(*shift)[:, None].astype(found.dtype)
        free = self.first.mover_b.shape[1]
        return found[:free], found[free:].reshape(self.homes, -1, len(at))

    def log_stretch(self, at: Array) -> Array:
        """(B + H * D, N) log standard deviations at (N, F), those of the effects given the coefficients.

        Their change within a group of proposals stretches the deviations that the group's one factor gives.
        """
        return self.sds_at.T @ self._weights(at).T

    def draw(
        self, at: Array, sizes: Sequence[int], shape: Array | None, shift: tuple[Array, Array], rng: np.random.Generator
    ) -> tuple[Array, Array, Array]:
        """(B, N) and (H, D, N) draws at (N, F), which lie in groups of ``sizes``, and (N,) their log density."""
        ends = np.cumsum(sizes)
        slices = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
        middles = np.array([at[mine].mean(axis=0) for mine in slices])
        stretch = self.log_stretch(at) - np.repeat(self.log_stretch(middles), sizes, axis=1)
        b, z = self.modes(at, shift)
        density = np.empty(len(at))
        fast = np.random.Generator(np.random.SFC64(int(rng.integers(2**63))))  # a third faster, and of this stream
        for mine, size, parts in zip(slices, sizes, self.factors(middles), strict=True):
            # any precision of the auxiliary variables does; this is the gamma's own
            after = self.first.mover_shape if shape is None else float(shape[mine].mean()) + self.onsets
            made = self.first.draw_with(parts, after, size, fast, stretch[:, mine])
            b[:, mine] += made[0]
            z[..., mine] += made[1]
            density[mine] = made[2]
        return b, z, density

    def _weights(self, at: Array) -> Array:
        return self.kriging.weights(at).astype(self.modes_at.dtype)  # in the precision of the proposals

    def factors(self, at: Array) -> Iterator[tuple[Array, ...]]:
        """The factor's parts at each of (N, F), foretold many at a time: one product of matrices for all."""
        weights = self._weights(at)
        step = max(1, CHUNK_CELLS // max(sum(own.shape[1] for own in self.parts_at), 1))
        for begin in range(0, len(at), step):
            chunk = [weights[begin : begin + step] @ own for own in self.parts_at]
            for i in range(len(chunk[0])):
                yield tuple(own[i].reshape(shape) for own, shape in zip(chunk, self.shapes, strict=True))

"""Where the posterior of the scales lies: a search for its mode, and a small design of points around it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import log_ndtr

from missingmodels.fitting.laplace.data import Array, LaplaceData
from missingmodels.fitting.laplace.mode import Mode, climb, start
from missingmodels.fitting.laplace.scales import SHARES, ScaleSpace

MOST_ROUNDS = 8
ANOTHER_MODE, NO_MASS = 4.0, 8.0  # standard deviations away, and log density below the top
FAR = 4.0  # standard deviations at which an axis without an end is looked at for a tail
HEAVY = 2.0  # log density above that of the normal at which a tail needs proposals of its own
NO_TAIL = 6.5  # log density below the top at which a tail holds less than a hundredth of the posterior
FURTHEST_TOP = 1.5  # steps from the middle of a design to the top that it is believed to show
APART = 2.2  # standard deviations between the points of an arm


@dataclass(frozen=True)
class Node:
    """One evaluated value of the scales: (F,) coordinates, the mode there, log density of scales and data.

    ``parts`` are those of the mode's factor in the precision of the proposals, flat.
    Who stacks them takes them out, so that they are held once.
    """

    at: Array
    b: Array
    z: Array
    parts: list[Array]
    log_density: float


@dataclass
class Surface:
    """Evaluates nodes, each from the mode that its neighbours foretell, and counts Newton's steps.

    ``middle`` is the mode of the last node that the search moved to; its factor guides the steps of all others.
    """

    data: LaplaceData
    space: ScaleSpace
    tolerance: float
    steps: int = 0
    nodes: list[Node] = field(default_factory=list)
    middle: Mode | None = None

    def node(self, at: Array, foretold: tuple[Array, Array] | None = None, *, move: bool = False) -> Node:
        """The node at a point, folded back if need be; with ``move`` it becomes the middle."""
        at = self.space.fold(at)
        scales = self.space.scales(at)
        b, z = foretold if foretold is not None else start(self.data, scales)
        guide = None if self.middle is None else self.middle.factor
        mode = climb(self.data, scales, b, z, tolerance=self.tolerance, guide=guide)
        self.steps += mode.steps
        if move:
            self.middle = mode
        parts = [part.ravel().astype(self.data.precision) for part in mode.factor.parts()]
        made = Node(at, mode.b, mode.z, parts, mode.log_density + float(self.space.log_prior(at)))
        self.nodes.append(made)
        return made


@dataclass(frozen=True)
class Arm:
    """A tail that the normal does not reach, as one more place for proposals: (F,) and (F, F) as of a region.

    At the end of an axis that has one, ``log_density`` is that of the axis there, the other scales integrated out by
    the normal across the crest; NaN elsewhere.
    """

    centre: Array
    root: Array
    axis: int
    log_density: float = float("nan")


@dataclass(frozen=True)
class Region:
    """Where the posterior of the scales lies: nodes, and the normal that matches mode and curvature there.

    ``centre`` (F,), ``root`` (F, F) with root root' the covariance. ``middle`` is the mode at the node nearest to the
    top, and ``nodes`` all that the search evaluated. ``arms`` lead to where a tail is heavier than the normal's: a
    standard deviation near 0, a share near 0 or 1, a law of frailty near its limit. ``around`` are the nodes of the
    design about the middle, laid with steps ``sd`` (F,).
    """

    middle: Mode
    nodes: tuple[Node, ...]
    centre: Array
    root: Array
    arms: tuple[Arm, ...] = ()
    around: tuple[Node, ...] = ()
    sd: Array = field(default_factory=lambda: np.zeros(0))

    def standardise(self, at: Array) -> Array:
        """(N, F) in standard deviations from the centre."""
        if self.centre.size == 0:
            return np.zeros(at.shape)
        return np.linalg.solve(self.root, (at - self.centre).T).T


def explore(surface: Surface) -> Region:
    """Find the mode, then lay a central composite design around it."""
    centre, step = surface.space.first()
    middle = surface.node(centre, move=True)
    if not centre.size:
        return _region(surface, centre, np.zeros((0, 0)))
    region = _composite(surface, *search(surface, middle, step))
    sides = [(i, side) for i in range(centre.size) for side in _sides(surface.space, i)]
    arms = [arm for i, side in sides for arm in _arms(surface, region, i, side)]
    return replace(region, nodes=tuple(surface.nodes), arms=tuple(arms))


def require_one_mode(data: LaplaceData, space: ScaleSpace, region: Region, tolerance: float) -> None:
    """Raise FloatingPointError where the search ends elsewhere from either side of a share.

    Nobody in a low-risk class, and everybody in it, are nearly the same model: proposals about one of two modes know
    nothing of the other, and neither do their weights.
    """
    top = max(node.log_density for node in region.nodes)
    for i, name in enumerate(space.free):
        for side in (-2.5, 2.5) if name in SHARES else ():
            begin, step = space.first()
            begin[i] = side
            surface = Surface(data, space, tolerance)
            found, *_ = search(surface, surface.node(begin, move=True), step)
            away = region.standardise(found.at[None])[0]
            if np.abs(away).max() > ANOTHER_MODE and found.log_density > top - NO_MASS:
                raise FloatingPointError(f"the posterior has two modes in {name}")


def _sides(space: ScaleSpace, i: int) -> tuple[float, ...]:
    """Which ways an axis goes on: one that is folded ends at 0, and high up its prior bounds it."""
    return (-1.0,) if space.folded[i] else (-1.0, 1.0)


def _arms(surface: Surface, region: Region, i: int, side: float) -> list[Arm]:
    """Along one axis to its end, or far out: nodes on the crest of the density there, and proposals about each.

    None where the density there is no more than the normal's.
    """
    covariance = region.root @ region.root.T
    sd = np.sqrt(np.diag(covariance))
    crest = covariance[:, i] / covariance[i, i]
    end = 0.0 if surface.space.folded[i] else region.centre[i] + side * FAR * sd[i]
    away = abs(region.centre[i] - end) / sd[i]
    top = max(node.log_density for node in region.nodes)
    if away < APART:
        return []  # the normal reaches it, folded or not
    held = np.arange(sd.size) == i
    begin = np.where(held, end, region.centre + np.clip(crest * (end - region.centre[i]), -3 * sd, 3 * sd))
    nearest = min(region.nodes, key=lambda node: float((((node.at - begin) / sd) ** 2).sum()))
    last, step = surface.node(begin, (nearest.b, nearest.z)), sd
    if last.log_density < top - NO_TAIL - 2:
        return []
    if sd.size > 1:
        last, step, _ = search(surface, last, np.where(held, sd, 0.7 * sd), held=held, rounds=2)
    if last.log_density < top - min(NO_TAIL, 0.5 * away**2 - HEAVY):
        return []
    count = int(np.ceil(away / APART))
    made = []
    for part in range(1, count + 1):
        share = part / count
        at = region.centre + share * (last.at - region.centre)
        if part < count:
            surface.node(at, (last.b, last.z) if share > 0.5 else None)
        width = np.where(held, away * sd / count, sd ** (1 - share) * np.where(held, sd, step) ** share)
        ends = part == count and bool(surface.space.folded[i])
        across = float(_log_normal_mass(last.at, step, surface.space.folded)[~held].sum())
        made.append(Arm(at, np.diag(width), i, last.log_density + across if ends else float("nan")))
    return made


def _log_normal_mass(top: Array, sd: Array, folded: Array) -> Array:
    """(F,) log integral of the normal across each axis, over its height at the top; beyond a fold there is nothing."""
    return np.asarray(0.5 * np.log(2 * np.pi) + np.log(sd) + np.where(folded, log_ndtr(top / sd), 0.0))


def search(
    surface: Surface, middle: Node, step: Array, *, held: Array | None = None, rounds: int = MOST_ROUNDS
) -> tuple[Node, Array, Slopes | None]:
    """Near the mode by separate parabolas along the axes: the node, steps of one sd, and slopes of the mode there.

    Axes that are ``held`` (F,) stay where they are: what is found then is the crest of the density across them.
    """
    axes, slopes = [i for i in range(step.size) if held is None or not held[i]], None
    for _ in range(rounds):
        pairs = [_pair(surface, middle, step, i, slopes) for i in axes]
        move, sd = np.zeros(step.size), step.copy()
        move[axes], sd[axes] = _parabolas(middle, pairs, step[axes])
        slopes = _slopes(pairs, step, surface.space) if held is None else None
        near = np.all(np.abs(move) < 1.0 * sd) and np.all((sd < 2 * step) & (sd > 0.4 * step) | (sd == step))
        target = surface.space.fold(middle.at + move)
        step = sd
        if near and np.all(np.abs(move) < 0.25 * sd):
            break
        middle = surface.node(target, _foretell(middle, target, slopes), move=held is None)
        if near:
            break
    return middle, step, slopes


Slopes = tuple[Array, Array]


def _pair(surface: Surface, middle: Node, step: Array, i: int, slopes: Slopes | None) -> tuple[Node, Node]:
    made = []
    for sign in (1.0, -1.0):
        at = middle.at.copy()
        at[i] += sign * step[i]
        made.append(surface.node(at, _foretell(middle, surface.space.fold(at), slopes)))
    return made[0], made[1]


def _foretell(middle: Node, at: Array, slopes: Slopes | None) -> tuple[Array, Array]:
    """The mode at another point, along the slopes if they are known."""
    b, z = middle.b, middle.z
    if slopes is None:
        return b, z
    away = at - middle.at
    return b + slopes[0] @ away, z + slopes[1] @ away


def _slopes(pairs: list[tuple[Node, Node]], step: Array, space: ScaleSpace) -> Slopes:
    """(B, F) and (H, D, F) change of the mode along each axis; 0 where folding made both points one."""
    b, z = [], []
    for i, (up, down) in enumerate(pairs):
        gap = up.at[i] - down.at[i]
        scale = 0.0 if abs(gap) < 0.05 * step[i] else 1 / gap
        b.append((up.b - down.b) * scale)
        z.append((up.z - down.z) * scale)
    return np.stack(b, axis=-1), np.stack(z, axis=-1)


def _parabolas(middle: Node, pairs: list[tuple[Node, Node]], step: Array) -> tuple[Array, Array]:
    """(F,) move to the top of each axis' parabola, and its (F,) standard deviation, both within limits."""
    up, down = (np.array([pair[j].log_density for pair in pairs]) - middle.log_density for j in (0, 1))
    slope, bend = (up - down) / 2, up + down
    hollow = bend > -0.05
    bend = np.where(hollow, -0.05, bend)
    move = np.clip(np.where(hollow, 1.5 * np.sign(slope), -slope / bend), -2.5, 2.5)
    return move * step, step * np.clip(1 / np.sqrt(-bend), 0.2, 2.0)


def _composite(surface: Surface, middle: Node, sd: Array, slopes: Slopes | None) -> Region:
    """Corners at one and stars at 1.7 standard deviations; a full quadratic through them gives mode and covariance."""
    nodes = [middle]
    around = [middle.at + shift * sd for shift in shifts_of(sd.size)[1:]]
    for at in around + _edges(surface.space, middle.at, sd):
        nodes.append(surface.node(at, _foretell(middle, surface.space.fold(at), slopes)))
    return region_of(surface, nodes, sd)


def region_of(surface: Surface, around: list[Node], sd: Array) -> Region:
    """The region from the nodes of the design: the middle, corners, stars, and edges, which the quadratic leaves out.

    A top ``FURTHEST_TOP`` steps from the middle is a bound that was met, and no top.
    """
    middle, shifts = around[0], shifts_of(sd.size)
    values = np.array([node.log_density for node in around[: len(shifts)]]) - middle.log_density
    top, covariance = _quadratic(shifts, values)
    root = sd[:, None] * np.linalg.cholesky(covariance)
    return replace(_region(surface, middle.at + top * sd, root), around=tuple(around), sd=sd)


def shifts_of(size: int) -> Array:
    """(N, F) of the design about a middle, itself the first, in steps."""
    corners = np.array(list(itertools.product((-1.0, 1.0), repeat=size)))
    stars = np.concatenate([np.eye(size), -np.eye(size)]) * 1.7
    shifts = np.concatenate([corners, stars]) if size > 1 else np.array([[-1.7], [-0.8], [0.8], [1.7]])
    return np.concatenate([np.zeros((1, size)), shifts])


def _region(surface: Surface, centre: Array, root: Array) -> Region:
    assert surface.middle is not None  # the search begins by moving to its first node
    return Region(surface.middle, tuple(surface.nodes), centre, root)


def _edges(space: ScaleSpace, middle: Array, sd: Array) -> list[Array]:
    """Points for the tails of the standard deviations, where the mode and its curvature change fastest.

    High up, one for each and all together; and at 0, if that is within reach, likewise.
    """
    reached = np.flatnonzero(space.folded & (middle < 6 * sd))
    out = [middle + 2.7 * sd * (np.arange(middle.size) == i) for i in np.flatnonzero(space.folded)]
    if len(out) > 1:
        out.append(middle + 1.9 * sd * space.folded)
    for which in [[i] for i in reached] + ([list(reached)] if reached.size > 1 else []):
        at = middle.copy()
        at[which] = 0.0
        out.append(at)
    return out


def _quadratic_basis(x: Array) -> Array:
    """(N, 1 + F + F(F+1)/2) of (N, F): one, each, each product."""
    size = x.shape[1]
    products = [x[:, i] * x[:, j] for i in range(size) for j in range(i, size)]
    return np.column_stack([np.ones(len(x)), x, *products])


def _quadratic(x: Array, values: Array) -> tuple[Array, Array]:
    """(F,) top and (F, F) covariance of the quadratic that fits best where the density is high."""
    size = x.shape[1]
    weight = np.exp(0.25 * np.clip(values - values.max(), -12, 0))
    found = np.linalg.lstsq(_quadratic_basis(x) * weight[:, None], values * weight, rcond=None)[0]
    bend = np.zeros((size, size))
    bend[np.triu_indices(size)] = found[1 + size :]
    bend = -(bend + bend.T)
    roots, turn = np.linalg.eigh(bend)
    roots = np.clip(roots, 0.15, 8.0)  # flat or hollow along some direction: the proposal stays wide, not endless
    top = turn @ ((turn.T @ found[1 : 1 + size]) / roots)
    return np.clip(top, -FURTHEST_TOP, FURTHEST_TOP), (turn / roots) @ turn.T

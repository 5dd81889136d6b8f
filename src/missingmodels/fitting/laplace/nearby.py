"""A search that begins where that of nearly the same data ended: of all data, for data without a child or a home.

Every proposal is weighed against the exact density of the data at hand, so what is taken over from the other search is
never believed: it only says where to look, and saves the looking about. So of the design about the top only the middle,
the stars and the edges are evaluated; at a corner mode, factor and density are the other search's, moved by what moved
them at the stars that it lies between.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from missingmodels.fitting.laplace.data import Array
from missingmodels.fitting.laplace.explore import FURTHEST_TOP, Arm, Node, Region, Surface, region_of, shifts_of


@dataclass(frozen=True)
class Known:
    """Of a region, what another search can begin from: its design, (F,) steps, arms and nodes without factors there."""

    around: tuple[Node, ...]
    sd: Array
    arms: tuple[tuple[Arm, Node], ...]

    @classmethod
    def of(cls, region: Region) -> Known:
        """Of a region that ``explore`` found."""
        arms = tuple((arm, _bare(_nearest(region.nodes, arm.centre))) for arm in region.arms)
        return cls(region.around, region.sd, arms)


def explore_near(surface: Surface, known: Known) -> Region | None:
    """The region from nodes at the known places; None where the top has moved beyond them, or no scale is free."""
    if not known.around:
        return None
    old = known.around
    middle = surface.node(old[0].at, (old[0].b, old[0].z), move=True)
    shifts = shifts_of(known.sd.size)
    # a child who moved has factors of its own: without one they are of another shape, and are not to be foretold
    alike = [part.size for part in middle.parts] == [part.size for part in old[0].parts]
    corners = corners_of(shifts) if alike else []
    found = {0: middle}
    for at in [at for at in range(1, len(old)) if at not in corners]:
        found[at] = surface.node(old[at].at, _foretold(old[at], old[0], middle))
    for at in corners:
        found[at] = _between(at, old, found, shifts)
        surface.nodes.append(found[at])
    region = region_of(surface, [found[at] for at in range(len(old))], known.sd)
    if np.any(np.abs(region.centre - middle.at) >= FURTHEST_TOP * known.sd):
        return None
    arms = []
    for arm, there in known.arms:
        new = surface.node(there.at, _foretold(there, old[0], middle))
        arms.append(replace(arm, log_density=arm.log_density + new.log_density - there.log_density))
    return replace(region, nodes=tuple(surface.nodes), arms=tuple(arms))


def corners_of(shifts: Array) -> list[int]:
    """Places of a design at which more than one scale is moved."""
    return [int(at) for at in np.flatnonzero((shifts != 0).sum(axis=1) > 1)]


def _between(corner: int, old: Sequence[Node], new: Mapping[int, Node], shifts: Array) -> Node:
    """A corner of the design as the other search found it, moved as the stars were on its side of each axis."""
    was, moves = old[corner], [(1.0, 0)]
    for axis, shift in enumerate(shifts[corner]):
        star = next(at for at in np.flatnonzero(shifts[:, axis] * shift > 0) if at not in corners_of(shifts))
        share = float(shift / shifts[star, axis])
        moves += [(share, int(star)), (-share, 0)]

    def moved(part: Callable[[Node], Array]) -> Array:
        return np.asarray(part(was) + sum(share * (part(new[at]) - part(old[at])) for share, at in moves))

    return Node(
        was.at,
        moved(lambda node: node.b),
        moved(lambda node: node.z),
        [moved(functools.partial(_part, which)) for which in range(len(was.parts))],
        float(moved(lambda node: np.asarray(node.log_density))),
    )


def _part(which: int, node: Node) -> Array:
    return node.parts[which]


def _foretold(old: Node, old_middle: Node, new_middle: Node) -> tuple[Array, Array]:
    """The mode at a known place, moved as the middle's was."""
    return old.b + new_middle.b - old_middle.b, old.z + new_middle.z - old_middle.z


def _nearest(nodes: Iterable[Node], at: Array) -> Node:
    return min(nodes, key=lambda node: float(abs(node.at - at).max()))


def _bare(node: Node) -> Node:
    return replace(node, parts=[])

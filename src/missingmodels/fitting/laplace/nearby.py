"""A search that begins where that of nearly the same data ended: of all data, for data without a child or a home.

Every proposal is weighed against the exact density of the data at hand, so what is taken over from the other search is
never believed: it only says where to look, and saves the looking about.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from missingmodels.fitting.laplace.data import Array
from missingmodels.fitting.laplace.explore import FURTHEST_TOP, Arm, Node, Region, Surface, region_of


@dataclass(frozen=True)
class Known:
    """Of a region, what another search can begin from: nodes without factors, (F,) steps, arms and nodes at them."""

    around: tuple[Node, ...]
    sd: Array
    arms: tuple[tuple[Arm, Node], ...]

    @classmethod
    def of(cls, region: Region) -> Known:
        """Of a region that ``explore`` found."""
        arms = tuple((arm, _bare(_nearest(region.nodes, arm.centre))) for arm in region.arms)
        return cls(tuple(_bare(node) for node in region.around), region.sd, arms)


def explore_near(surface: Surface, known: Known) -> Region | None:
    """The region from nodes at the known places; None where the top has moved beyond them, or no scale is free."""
    if not known.around:
        return None
    around: list[Node] = []
    for old in known.around:
        foretold = _foretold(old, known.around[0], around[0] if around else None)
        around.append(surface.node(old.at, foretold, move=not around))
    found = region_of(surface, around, known.sd)
    if np.any(np.abs(found.centre - around[0].at) >= FURTHEST_TOP * known.sd):
        return None
    arms = []
    for arm, old in known.arms:
        new = surface.node(old.at, _foretold(old, known.around[0], around[0]))
        arms.append(replace(arm, log_density=arm.log_density + new.log_density - old.log_density))
    return replace(found, nodes=tuple(surface.nodes), arms=tuple(arms))


def _foretold(old: Node, old_middle: Node, new_middle: Node | None) -> tuple[Array, Array]:
    """The mode at a known place, moved as the middle's was."""
    if new_middle is None:
        return old.b, old.z
    return old.b + new_middle.b - old_middle.b, old.z + new_middle.z - old_middle.z


def _nearest(nodes: Iterable[Node], at: Array) -> Node:
    return min(nodes, key=lambda node: float(abs(node.at - at).max()))


def _bare(node: Node) -> Node:
    return replace(node, parts=[])

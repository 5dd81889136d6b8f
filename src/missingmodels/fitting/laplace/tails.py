"""How much of the posterior lies where the proposals hardly reach: of a coefficient's tails, and of scales near 0.

Importance weights put right what proposals miss only where there are proposals, and Pareto's k sees only what was
proposed: under a prior that lets a coefficient without events run away, a twentieth of its posterior can lie beyond the
outermost of thousands of proposals while k stays below 0.7. So the exact log density is followed along each
coefficient, the other unknowns moving with it as the normal has it, to 4.5 standard deviations on both sides. This
needs no draws and has no noise.

Of a standard deviation whose density at 0 is not negligible, that density is known without proposals: from the mode at
0, by Laplace. ``edge_loss`` holds the draws against it.
"""

from __future__ import annotations

import numpy as np

from missingmodels.fitting.laplace.data import Array, LaplaceData
from missingmodels.fitting.laplace.explore import Region
from missingmodels.fitting.laplace.mode import Mode
from missingmodels.fitting.laplace.scales import KNEE, NOTHING, ScaleSpace
from missingmodels.fitting.laplace.weights import log_joint

REACH = 2.5  # standard deviations of the proposals, beyond which 0.6 % of them lie
PLACES = np.array([1.5, 3.0, 4.5])  # at which the density is evaluated, on either side
HALF = 0.5  # of the mass that a normal across the other scales promises: it may be off by a quarter
LINE = (np.arange(480) + 0.5) / 40  # midpoints over which it is summed


def tail_shares(data: LaplaceData, mode: Mode, shift: tuple[Array, Array]) -> Array:
    """(B,) share of each coefficient's posterior beyond REACH, on the side where that is larger; 0.006 for a normal.

    ``shift`` from the mode to the centre of the proposals. Between the places evaluated the fall of log density over
    distance is taken as linear, which is exact for a normal, and beyond the last as constant: an exponential tail.
    """
    free, at = data.linear.size, np.concatenate([-PLACES[::-1], [0.0], PLACES])
    if not free:
        return np.zeros(0)
    b = np.empty((mode.b.size, free, at.size), data.precision)
    z = np.empty((*mode.z.shape, free, at.size), data.precision)
    for j in range(free):
        along_b, along_z = mode.factor.solve(np.eye(mode.b.size)[j], np.zeros_like(mode.z))
        sd = np.sqrt(along_b[j])
        b[:, j] = (mode.b + shift[0])[:, None] + along_b[:, None] / sd * at
        z[:, :, j] = (mode.z + shift[1])[..., None] + along_z[..., None] / sd * at
    points = free * at.size
    flat_b, flat_z = b.reshape(mode.b.size, points), z.reshape(*mode.z.shape, points)
    effects = mode.scales.log_rates(flat_b, flat_z, data.periods).astype(data.precision)
    density = log_joint(data, flat_b, effects, flat_z, mode.scales.child).reshape(free, at.size)
    fall = density[:, [PLACES.size]] - density
    sides = np.stack([_side(fall[:, PLACES.size - 1 :: -1]), _side(fall[:, PLACES.size + 1 :])])
    return np.asarray((sides[..., LINE > REACH].sum(axis=2) / sides.sum(axis=(0, 2))).max(axis=0))


def _side(fall: Array) -> Array:
    """(B, L) density over LINE from its (B, 3) fall of log density at the places."""
    speed = fall / PLACES
    speed = np.column_stack([speed[:, 0] - PLACES[0] / 2, speed])
    between = np.array([np.interp(LINE, np.append(0.0, PLACES), own) for own in speed])
    return np.exp(-np.maximum(between * LINE, -50.0))


def edge_loss(
    space: ScaleSpace, region: Region, values: dict[str, Array], log_weights: Array, log_mean: float
) -> float:
    """The largest share of the posterior that the density at 0 of a scale promises near there, and the draws lack.

    ``values`` and ``log_weights`` (N,) are the proposals', ``log_mean`` their log marginal density. Near: a standard
    deviation below ``NOTHING``, over which the density is taken as constant. The promise is a rough one, so draws with
    half of it lose nothing.
    """
    lost = 0.0
    for arm in region.arms:
        if np.isnan(arm.log_density):
            continue
        name = space.free[arm.axis]
        width = float(np.arcsinh(NOTHING / KNEE))
        promised = min(1.0, width * float(np.exp(arm.log_density - log_mean)))
        held = float(np.exp(log_weights)[values[name] < NOTHING].sum())
        lost = max(lost, promised - held if held < HALF * promised else 0.0)
    return lost

"""The mode for given scales, by Newton's steps, and the Laplace value of the marginal there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from missingmodels.fitting.laplace.data import Array, LaplaceData
from missingmodels.fitting.laplace.gaussian import Factor, factorise
from missingmodels.fitting.laplace.point import Point, Scales, at_point

MOST_STEPS = 60
MOST_GUIDED = 6


@dataclass(frozen=True, kw_only=True)
class Mode:
    """Mode (B,) and (H, D), the factor near it, and the log density of the data given the scales by Laplace."""

    scales: Scales
    b: Array
    z: Array
    factor: Factor
    log_density: float
    steps: int


def start(data: LaplaceData, scales: Scales) -> tuple[Array, Array]:
    """(B,) and (H, D) where to begin without a neighbour: prior means, the crude rate as intercept, effects of 0."""
    b = data.prior_mean.copy()
    if data.intercept is None:
        days, onsets = np.exp(data.log_days).sum(), data.onsets_now.sum() + data.onsets_before.sum()
        b[0] = np.log((onsets + 0.5) / (days + 1.0))
    return b, np.zeros((data.homes, scales.of_blocks(data.periods).size))


def climb(
    data: LaplaceData, scales: Scales, b: Array, z: Array, *, tolerance: float, guide: Factor | None = None
) -> Mode:
    """Newton to the mode, the step halved where it does not ascend.

    Ends once the next step would gain less than ``tolerance``; that step is taken and its gain counted, so the error
    is of a higher order. The factor of a mode nearby may ``guide`` the first steps, which then cost a tenth. Raises
    FloatingPointError if it does not settle.
    """
    point = at_point(data, scales, b, z)
    if not np.isfinite(point.value):
        point = at_point(data, scales, *start(data, scales))
    elif guide is not None:
        point = _guided(data, scales, point, guide, tolerance)
    constant = float(np.log(data.prior_sd).sum())
    for step in range(1, MOST_STEPS + 1):
        factor, settled = _factor(data, scales, point)
        move_b, move_z = factor.solve(point.gradient_b, point.gradient_z)
        gain = 0.5 * float(point.gradient_b @ move_b + (point.gradient_z * move_z).sum())
        if gain < tolerance and settled:
            value = point.value + gain - constant - 0.5 * factor.log_determinant
            return Mode(
                scales=scales, b=point.b + move_b, z=point.z + move_z, factor=factor, log_density=value, steps=step
            )
        point = _ascend(data, scales, point, move_b, move_z)
    raise FloatingPointError(f"Newton's steps to the mode did not settle in {MOST_STEPS}")


def _guided(data: LaplaceData, scales: Scales, point: Point, guide: Factor, tolerance: float) -> Point:
    """Steps by a neighbour's factor while they gain what they promise."""
    for _ in range(MOST_GUIDED):
        move_b, move_z = guide.solve(point.gradient_b, point.gradient_z)
        promised = 0.5 * float(point.gradient_b @ move_b + (point.gradient_z * move_z).sum())
        if promised < 0.2 * tolerance:
            break
        with np.errstate(over="ignore", invalid="ignore"):
            new = at_point(data, scales, point.b + move_b, point.z + move_z)
        if not (np.isfinite(new.value) and new.value > point.value):
            break
        enough, point = new.value - point.value > 0.5 * promised, new
        if not enough:
            break
    return point


def _factor(data: LaplaceData, scales: Scales, point: Point) -> tuple[Factor, bool]:
    """The factor, and whether it may stand for the mode's: far away the curvature may be indefinite."""
    try:
        return factorise(data, scales, point), True
    except np.linalg.LinAlgError:
        factor = factorise(data, scales, point, convex=True)
        small = abs(point.gradient_b).max(initial=0) + abs(point.gradient_z).max(initial=0) < 1e-3
        return factor, bool(small)


def _ascend(data: LaplaceData, scales: Scales, point: Point, move_b: Array, move_z: Array) -> Point:
    size = 1.0
    for _ in range(40):
        with np.errstate(over="ignore", invalid="ignore"):
            new = at_point(data, scales, point.b + size * move_b, point.z + size * move_z)
        if np.isfinite(new.value) and new.value >= point.value - 1e-9 * abs(point.value):
            return new
        size *= 0.5
    return point

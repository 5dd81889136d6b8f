"""How far the fast engine's answers may differ by rounding alone: between orders of summation, and processors.

Proposals are sums of products, in single precision, and the rates that weigh them too. A sum of n products rounds n
times; taken as independent, the roundings stay within λ √n u of the largest product, with chance 1 - 2 exp(-λ²/2)
(Higham and Mary 2019, SIAM J. Sci. Comput. 41, A2815). Nothing here is found by trying.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LAMBDA = 6.0  # so that one bound in thirty million fails by chance
DOUBLE = np.finfo(np.float64).eps / 2
NUGGET = 1e-6  # what ``Kriging`` adds to its diagonal: solving multiplies roundings by at most its inverse
FACTOR = 2.0  # both of two answers are rounded


@dataclass(frozen=True)
class Limits:
    """Of a proposal's log density, and so of the mean over them; of an unknown; of a scale, relative to it."""

    log_density: float
    draw: float
    scale: float


def rounding(data, found, precision):
    """Limits for the answer ``found`` on the data, its proposals in this precision."""
    unit = np.finfo(precision).eps / 2
    b = np.column_stack([found.intercept, found.coefficients])
    effects = np.column_stack([found.home, found.home_period])
    free = np.abs(b[:, -data.columns.shape[1] :]).max(axis=0)
    # a coordinate: kriging between the nodes, then its home's factor and border, and the stretch
    block, border = data.periods + 1, data.columns.shape[1] + data.mover_slot.shape[1]
    per_unknown = found.grid_points + block + border + 2
    unknown = max(free.max(), np.abs(effects).max())
    solved = LAMBDA * DOUBLE / NUGGET * np.sqrt(found.grid_points)
    draw = FACTOR * unknown * (LAMBDA * unit * np.sqrt(per_unknown) + solved)
    # a log rate: its columns' products, two effects and the log of days; then exp, and the sum over a child's rows
    product = max((np.abs(data.columns).max(axis=0) * free).max(), np.abs(data.log_days).max(), unknown)
    per_rate = per_unknown + data.columns.shape[1] + 4 + data.row_sizes.max()
    # a relative change of a child's expectation moves its log density by no more than k + Y times as much
    pull = np.sqrt(((found.frailty_shape.mean() + data.onsets_before + data.onsets_now) ** 2).sum())
    count = free.size + effects.shape[1]
    squares = np.sqrt(count) * (count + LAMBDA * np.sqrt(2 * count))  # of as many standard normals, summed
    rates = pull * product * (LAMBDA * unit * np.sqrt(per_rate) + solved)
    # scales come from the modes of the nodes and a process through them, all in double
    return Limits(rates * FACTOR + FACTOR * LAMBDA * unit * squares, draw, solved)

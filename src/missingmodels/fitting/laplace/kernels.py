"""Loops of the fast engine, compiled by numba: the sums over rows, and the homes' small blocks.

Each has a twin of numpy beside its caller, which stands in where numba is absent, and a test holds both to one another.
The arrays are small, and the loops save what many short calls cost. All stay in this file: numba keeps compiled loops
by the file of the function called, and would not see a change in another.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np
from numba import njit

from missingmodels.parameters import Array

_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})


@_compiled
def frailty_sums(
    rate: Array,
    before: Array,
    conditional: bool,
    row_starts: Array,
    child_at: Array,
    k: float,
    onsets_before: Array,
    onsets_now: Array,
    home_period: Array,
    m: Array,
    cells: Array,
    share_now: Array,
    share_before: Array,
) -> float:
    """Sum of shape log(scale) - after log(total); fills ``m`` (R,), ``cells`` (H * T,) and the shares (C,)."""
    value = 0.0
    for n in range(row_starts.size):
        first = row_starts[n]
        last = row_starts[n + 1] if n + 1 < row_starts.size else rate.size
        child = child_at[n]
        scale, total = k, k
        for r in range(first, last):
            total += rate[r]
        if conditional:
            for r in range(first, last):
                if before[r]:
                    scale += rate[r]
        shape = k + onsets_before[child]
        after = shape + onsets_now[child]
        value += shape * log(scale) - after * log(total)
        now, known = after / total, shape / scale
        share_now[child], share_before[child] = now, known
        for r in range(first, last):
            m[r] = rate[r] * now
            if conditional and before[r]:
                m[r] -= rate[r] * known
            cells[home_period[r]] += m[r]
    return value


@_compiled
def cell_sums(
    columns: Array,
    m: Array,
    cell_bounds: Array,
    cell_child: Array,
    cell_place: Array,
    cell_slot: Array,
    child_b: Array,
    slots: Array,
    border: Array,
    held: Array,
) -> None:
    """Fill ``child_b`` (C + 1, B), ``slots`` (H * K * T,), ``border`` (H * T, B), ``held`` (H * T,), all 0 before."""
    free = columns.shape[1]
    for n in range(cell_child.size):
        own, total = child_b[cell_child[n]], border[cell_place[n]]
        here = 0.0
        for r in range(cell_bounds[n], cell_bounds[n + 1]):
            here += m[r]
            for j in range(free):
                own[j] += m[r] * columns[r, j]
                total[j] += m[r] * columns[r, j]
        slots[cell_slot[n]] = here
        held[cell_place[n]] += here


@_compiled
def shared_border(held: Array, root: Array, period: Array, first: int, out: Array) -> None:
    """Fill ``out`` (H, ``first`` + Q, K), 0 before, with ``held`` (H, T) times ``root`` (T, K) summed over each period.

    With ``first`` of 1 their sum over all cells stands before.
    """
    for h in range(held.shape[0]):
        for t in range(held.shape[1]):
            line, weight = out[h, first + period[t]], held[h, t]
            for k in range(root.shape[1]):
                line[k] += weight * root[t, k]
        for q in range(first, out.shape[1] * first):
            for k in range(root.shape[1]):
                out[h, 0, k] += out[h, q, k]


@_compiled
def eliminate(
    block: Array,
    border: Array,
    slots: Array,
    mover_slot: Array,
    mover_at: Array,
    sd: Array,
    inverse: Array,
    full: Array,
    moving: Array,
    left: Array,
) -> bool:
    """Factor each home's block and take it out of ``left``, whose lower triangle is read later.

    Fills ``inverse`` (H, D, D), ``full`` (H, D, B + M) and ``moving`` (H, D, M), all 0 before; False where a block is
    not positive definite. What ``full`` takes from the coefficients' own part of ``left`` is left to the caller.
    """
    homes, size = block.shape[0], sd.size
    free, most = border.shape[2], mover_slot.shape[1]
    width, movers = slots.shape[1], left.shape[0] - free
    a = np.empty((size, size))
    root = np.empty((size, size))
    raw = np.empty((size, free + most))
    for h in range(homes):
        raw[:] = 0.0
        for t in range(size):
            for u in range(t + 1):
                a[t, u] = block[h, t, u]
            for j in range(free):
                raw[t, j] = border[h, t, j]
            for g in range(most):
                slot = mover_slot[h, g]
                if slot < width:
                    raw[t, free + g] = slots[h, slot, t]
        for i in range(size):
            for j in range(i + 1):
                a[i, j] *= sd[i] * sd[j]
            a[i, i] += 1.0
            for j in range(free + most):
                raw[i, j] *= sd[i]
            for g in range(most):
                moving[h, i, g] = raw[i, free + g]
        for i in range(size):
            for j in range(i + 1):
                total = a[i, j]
                for u in range(j):
                    total -= root[i, u] * root[j, u]
                if i == j:
                    if not total > 0.0:
                        return False
                    root[i, i] = sqrt(total)
                else:
                    root[i, j] = total / root[j, j]
        own = inverse[h]
        for i in range(size):
            for u in range(i):
                pull = root[i, u]
                for j in range(u + 1):
                    own[i, j] -= pull * own[u, j]
            for j in range(i):
                own[i, j] /= root[i, i]
            own[i, i] = 1.0 / root[i, i]
        whole = full[h]
        for i in range(size):
            for u in range(i + 1):
                pull = own[i, u]
                for j in range(free + most):
                    whole[i, j] += pull * raw[u, j]
        for g in range(most):
            at = mover_at[h, g]
            if at >= movers:
                continue
            line = left[free + at]
            for i in range(size):
                pull = whole[i, free + g]
                for j in range(free):
                    line[j] -= pull * whole[i, j]
            for f in range(most):
                other = mover_at[h, f]
                if other > at or other >= movers:
                    continue
                total = 0.0
                for i in range(size):
                    total += whole[i, free + g] * whole[i, free + f]
                line[free + other] -= total
    return True


@_compiled
def solve(
    inverse: Array, border: Array, index: Array, schur: Array, b: Array, z: Array, outer: Array, inner: Array
) -> None:
    """Fill ``outer`` (B + G + 1,) and ``inner`` (H, D) with the inverse times (b, z); all 0 before."""
    homes, size = z.shape
    wide, n = index.shape[1], schur.shape[0]
    y = np.zeros((homes, size))
    for h in range(homes):
        for i in range(size):
            total = 0.0
            for j in range(i + 1):
                total += inverse[h, i, j] * z[h, j]
            y[h, i] = total
            for j in range(wide):
                outer[index[h, j]] -= total * border[h, i, j]
    for j in range(b.size):
        outer[j] += b[j]
    for i in range(n):
        total = outer[i]
        for j in range(i):
            total -= schur[i, j] * outer[j]
        outer[i] = total / schur[i, i]
    for i in range(n - 1, -1, -1):
        outer[i] /= schur[i, i]
        for j in range(i):
            outer[j] -= schur[i, j] * outer[i]
    outer[n] = 0.0
    for h in range(homes):
        for i in range(size):
            total = y[h, i]
            for j in range(wide):
                total -= border[h, i, j] * outer[index[h, j]]
            for j in range(i + 1):
                inner[h, j] += inverse[h, i, j] * total

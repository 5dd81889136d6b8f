"""Log likelihood of the onset model and its gradient, in one pass over the rows, compiled once and for all.

With η_r = log n_r + X_r b + e_{cell r}, λ_r = exp(η_r) and Λ_i their sum over the rows of child i, section 2 gives

    log L = Σ_r y_r η_r + Σ_i [lgamma(k + Y_i) − lgamma(k) + k log k − (k + Y_i) log(k + Λ_i)]

and d log L / dη_r = y_r − λ_r (k + Y_i) / (k + Λ_i). Rows before the window enter as conditions: k + Y₀ and k + Λ₀,
their sums, stand in place of k. Σ y η is linear, so the rows matter through λ alone: one pass makes λ and Λ for a block
of whole children, a second one the derivatives while the block is still in the cache. Memory traffic and the
exponential are the floor. So columns that never change within a child, or within a home's period, are summed over those
and not over rows, the others lie by columns, and the exponential is one that the compiler can vectorise.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numba
import numpy as np

from missingmodels.fitting.exponential_kernel import exp
from missingmodels.fitting.laplace.data import Array, LaplaceData

BLOCK_ROWS = 2048
MOST = 700.0  # beyond it a log rate makes the density useless anyway, and its sums infinite
_FAST = {"contract", "reassoc", "nsz", "arcp"}
_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": _FAST}
reordered = numba.njit(**_OPTIONS)
# What such a loop calls is put into it, always: else the process that compiles the loop calls one copy of it and every
# later one, which reads the loop from disk, another, with sums in another order; draws at one seed would then differ.
put_in = numba.njit(**_OPTIONS, forceinline=True)


class Columns(NamedTuple):
    """Columns by the longest stretch over which they never change: a row, a child, or a home's period.

    ``row`` (B', R), ``child`` (C, B''), ``cell`` (H * T, B''') and, for each, which of the B they are.
    """

    row: Array
    child: Array
    cell: Array
    at_row: Array
    at_child: Array
    at_cell: Array


class Rows(NamedTuple):
    """Rows sorted by child and cell, a home's period.

    ``log_days`` (R,); ``before`` (R,) 1 before the window, empty if none is; ``run_bounds`` (N + 1,) first row of each
    run of a child's rows in one cell, ``run_cell`` (N,) that cell; ``child_bounds`` (C + 1,) first run of each child;
    ``shapes`` (2, C) Y₀ and Y₀ + Y; ``block_ends`` last child of each block, plus one.
    """

    log_days: Array
    before: Array
    run_bounds: Array
    run_cell: Array
    child_bounds: Array
    shapes: Array
    block_ends: Array


class Onsets(NamedTuple):
    """Sums of the onsets in the window: times columns (B,), by cell (H * T,), times fixed parts, and in steps.

    ``steps`` (J,): how many children had an onset in the window that was their j-th (from 0), those before the window
    counted, since Σ lgamma(k + Y₀ + Y) − lgamma(k + Y₀) = Σ_j steps_j log(k + j).
    """

    columns: Array
    cells: Array
    fixed: float
    steps: Array


class Work(NamedTuple):
    """What one thread writes on: ``scratch`` (2, rows of the longest block), ``child`` (2, C), ``cell`` (2, H * T)."""

    scratch: Array
    child: Array
    cell: Array


def placed(data: LaplaceData) -> tuple[Columns, Rows, Onsets]:
    """The arrays of a design, in the order in which they are read."""
    bounds = np.append(data.row_starts, data.child.size)
    children = data.child_at.size
    old, new = data.onsets_before[data.child_at], data.onsets_now[data.child_at]
    rows = Rows(
        log_days=data.log_days,
        before=np.zeros(0) if data.now.all() else (~data.now).astype(float),
        run_bounds=data.cell_bounds,
        run_cell=data.home_period[data.cell_bounds[:-1]],
        child_bounds=np.searchsorted(data.cell_bounds, bounds),
        shapes=np.stack([old, old + new]),
        block_ends=_blocks(bounds),
    )
    j = np.arange(int((old + new).max(initial=0)))[:, None]
    onsets = Onsets(
        columns=data.linear,
        cells=data.cell_onsets.ravel(),
        fixed=data.offset_linear,
        steps=((j >= old) & (j < old + new)).sum(axis=1).astype(float),
    )
    child = np.repeat(np.arange(children), np.diff(bounds))
    return _columns(data.columns, child, data.home_period, bounds[:-1], onsets.cells.size), rows, onsets


def workplace(rows: Rows, cells: int) -> Work:
    """Room for one thread."""
    first_rows = rows.run_bounds[rows.child_bounds[np.append(0, rows.block_ends)]]
    longest, children = int(np.diff(first_rows).max(initial=1)), rows.child_bounds.size - 1
    return Work(scratch=np.empty((2, longest)), child=np.empty((2, children)), cell=np.empty((2, cells)))


def _columns(columns: Array, child: Array, cell: Array, first: Array, cells: int) -> Columns:
    by_child, by_cell = columns[first], np.zeros((cells, columns.shape[1]))
    by_cell[cell] = columns
    held = (columns == by_child[child]).all(axis=0)
    shared = ~held & (columns == by_cell[cell]).all(axis=0)
    own = ~held & ~shared
    return Columns(
        row=np.ascontiguousarray(columns[:, own].T),
        child=np.ascontiguousarray(by_child[:, held]),
        cell=np.ascontiguousarray(by_cell[:, shared]),
        at_row=np.flatnonzero(own),
        at_child=np.flatnonzero(held),
        at_cell=np.flatnonzero(shared),
    )


def _blocks(bounds: Array) -> Array:
    """Ends of blocks of whole children, of about ``BLOCK_ROWS`` rows each, from each child's first row (C + 1,)."""
    ends, first = [], 0
    while first < bounds.size - 1:
        last = int(np.searchsorted(bounds, bounds[first] + BLOCK_ROWS, side="right")) - 1
        first = max(first + 1, last)
        ends.append(first)
    return np.array(ends, dtype=np.int64)


@put_in
def _add_product(matrix: Array, b: Array, at: Array, out: Array) -> None:
    """out += matrix @ b[at]."""
    for i in range(out.size):
        total = 0.0
        for c in range(at.size):
            total += matrix[i, c] * b[at[c]]
        out[i] += total


@put_in
def _add_transposed(matrix: Array, weight: Array, at: Array, out: Array) -> None:
    """out[at] += weight @ matrix."""
    for i in range(weight.size):
        for c in range(at.size):
            out[at[c]] += weight[i] * matrix[i, c]


@put_in
def log_likelihood(
    columns: Columns,
    rows: Rows,
    onsets: Onsets,
    b: Array,
    effects: Array,
    k: float,
    gradient_b: Array,
    gradient_cell: Array,
    work: Work,
) -> tuple[float, float]:
    """The log likelihood at (B,) coefficients, (H * T,) effects and k, without Σ(y log n − log y!), and its slope in k.

    The gradient is written over ``gradient_b`` (B,) and ``gradient_cell`` (H * T,).
    """
    of_child, slope_of_child, of_cell, slope_of_cell = work.child[0], work.child[1], work.cell[0], work.cell[1]
    of_child[:], slope_of_child[:], slope_of_cell[:], of_cell[:] = 0.0, 0.0, 0.0, effects
    _add_product(columns.child, b, columns.at_child, of_child)
    _add_product(columns.cell, b, columns.at_cell, of_cell)
    gradient_b[:] = onsets.columns
    total, slope_k = _pass(columns.row, columns.at_row, rows, b, k, gradient_b, work)
    _add_transposed(columns.child, slope_of_child, columns.at_child, gradient_b)
    _add_transposed(columns.cell, slope_of_cell, columns.at_cell, gradient_b)
    total += onsets.fixed
    for c in range(b.size):
        total += onsets.columns[c] * b[c]
    for cell in range(effects.size):
        total += onsets.cells[cell] * effects[cell]
        gradient_cell[cell] = onsets.cells[cell] + slope_of_cell[cell]
    for j in range(onsets.steps.size):
        total += onsets.steps[j] * math.log(k + j)
        slope_k += onsets.steps[j] / (k + j)
    return total, slope_k


@put_in
def _pass(columns: Array, at: Array, rows: Rows, b: Array, k: float, slopes: Array, work: Work) -> tuple[float, float]:
    """Σ of all terms that hold Λ, and its derivative by k where it stands beside Λ or as a factor."""
    log_days, before, run_bounds, run_cell = rows.log_days, rows.before, rows.run_bounds, rows.run_cell
    bounds, shapes = rows.child_bounds, rows.shapes
    of_child, slope_of_child, of_cell, slope_of_cell = work.child[0], work.child[1], work.cell[0], work.cell[1]
    total, slope_k, first = 0.0, 0.0, 0
    for last in rows.block_ends:
        low, high = run_bounds[bounds[first]], run_bounds[bounds[last]]
        size = high - low
        eta, rate = work.scratch[0, :size], work.scratch[1, :size]
        for child in range(first, last):
            for run in range(bounds[child], bounds[child + 1]):
                add = of_child[child] + of_cell[run_cell[run]]
                for r in range(run_bounds[run], run_bounds[run + 1]):
                    eta[r - low] = log_days[r] + add
        for c in range(at.size):
            column, slope = columns[c, low:high], b[at[c]]
            for r in range(size):
                eta[r] += slope * column[r]
        for r in range(size):
            rate[r] = exp(MOST if eta[r] > MOST else eta[r])
        for child in range(first, last):
            begin, end = run_bounds[bounds[child]] - low, run_bounds[bounds[child + 1]] - low
            all_rate, old_rate = 0.0, 0.0
            for r in range(begin, end):
                all_rate += rate[r]
            if before.size:
                for r in range(begin, end):
                    old_rate += rate[r] * before[low + r]
            old_shape, shape = k + shapes[0, child], k + shapes[1, child]
            old_share, share = old_shape / (k + old_rate), shape / (k + all_rate)
            old_log, log = math.log(k + old_rate), math.log(k + all_rate)
            total += old_shape * old_log - shape * log
            slope_k += old_log + old_share - log - share
            slope_of_child[child] += old_share * old_rate - share * all_rate
            for run in range(bounds[child], bounds[child + 1]):
                of_run = 0.0
                if before.size:
                    for r in range(run_bounds[run] - low, run_bounds[run + 1] - low):
                        rate[r] *= old_share * before[low + r] - share
                        of_run += rate[r]
                else:
                    for r in range(run_bounds[run] - low, run_bounds[run + 1] - low):
                        rate[r] *= -share
                        of_run += rate[r]
                slope_of_cell[run_cell[run]] += of_run
        for c in range(at.size):
            column, slope = columns[c, low:high], 0.0
            for r in range(size):
                slope += rate[r] * column[r]
            slopes[at[c]] += slope
        first = last
    return total, slope_k

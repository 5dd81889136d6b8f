"""The Gaussian at the mode of coefficients and home effects, for given scales, by the structure of the model.

Unknowns are ``b`` (B + K,), the free coefficients and what all homes share, and ``z`` (H, D), standard normal effects
of each home: its own, then those of its periods or process. With m_r = a_i n_r exp(eta_r), a_i = E[u_i] given the data,
child i adds to the negative Hessian Z'diag(m)Z - v_i g_i g_i', g_i the sum of its rows m_r z_r and v_i the squared
coefficient of variation of u_i given the data. For a gamma a_i = (k + Y_i) / (k + Λ_i) and 1 / v_i = k + Y_i. Rows
before the window add the same with the other sign and with k + Y₀, Λ₀ (over them alone).

Homes are blocks of D, bordered by the coefficients and by one auxiliary variable t_i a mover: precision k + Y_i, and
g_i against the rest. Integrating t_i out gives the rank-one term back, so the augmented matrix is factorised by blocks
and nothing else in the homes is ever dense.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dtrtri
from scipy.sparse import csr_array

from missingmodels.fitting.laplace.data import Array, LaplaceData
from missingmodels.fitting.laplace.point import Point, Scales
from missingmodels.models.process import Process

try:
    from missingmodels.fitting.laplace import kernels
except ImportError:  # no numba: the same sums by numpy, several times as slow
    kernels = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class Factor:
    """Factor of the negative Hessian, bordered by coefficients and movers.

    Attributes
    ----------
    inverse : (H, D, D) inverse of the lower Cholesky factor of each home's block
    border : (H, D, B + M) the border times that inverse; M movers' places a home
    schur : (B + G, B + G) lower Cholesky factor of what is left for coefficients and movers
    index : (H, B + M) place in ``schur`` of each column of ``border``; the last, one too far, is for empty ones
    mover_columns : (H, D, M) and ``mover_b`` (G, B), ``mover_shape`` (G,): the movers' g and k + Y
    log_determinant : of the negative Hessian itself
    """

    inverse: Array
    border: Array
    schur: Array
    index: Array
    mover_columns: Array
    mover_b: Array
    mover_shape: Array
    log_determinant: float

    @cached_property
    def ties(self) -> csr_array:
        """(G, H * M) sparse of ones that sums what stands at each mover's places in the homes.

        Single, so that it widens no product.
        """
        mover = self.index[:, self.mover_b.shape[1] :].ravel() - self.mover_b.shape[1]
        at = np.flatnonzero(mover < self.mover_shape.size)
        ones = np.ones(at.size, np.float32)
        return csr_array((ones, (mover[at], at)), shape=(self.mover_shape.size, mover.size))

    def solve(self, b: Array, z: Array) -> tuple[Array, Array]:
        """(B,) and (H, D) of the negative Hessian's inverse times a vector in its two parts."""
        if kernels is not None:
            outer, inner = np.zeros(self.schur.shape[0] + 1), np.zeros(z.shape)
            kernels.solve(self.inverse, self.border, self.index, self.schur, b, z, outer, inner)
            return outer[: b.size], inner
        y = np.matmul(self.inverse, z[..., None])[..., 0]
        pulled = np.matmul(y[:, None, :], self.border)[:, 0]
        right = np.zeros(self.schur.shape[0] + 1)
        right -= np.bincount(self.index.ravel(), pulled.ravel(), right.size)
        right[: b.size] += b
        half = solve_triangular(self.schur, right[:-1], lower=True, check_finite=False)
        outer = np.append(solve_triangular(self.schur, half, lower=True, trans=1, check_finite=False), 0.0)
        y -= np.matmul(self.border, outer[self.index][..., None])[..., 0]
        return outer[: b.size], np.matmul(y[:, None, :], self.inverse)[:, 0]

    def parts(self) -> tuple[Array, ...]:
        """What varies smoothly with the scales: (H, D, D) inverse factors, (H, D, …) border, and what ties movers to
        the rest.
        """
        size = self.schur.shape[0]
        outer = dtrtri(self.schur, lower=1)[0] if size else self.schur
        return self.inverse, self.border, outer, self.mover_columns, self.mover_b

    def draw_with(
        self,
        parts: Sequence[Array],
        mover_shape: Array,
        draws: int,
        rng: np.random.Generator,
        log_stretch: Array | None = None,
    ) -> tuple[Array, Array, Array]:
        """(B, S) and (H, D, S) deviations from the mode by a factor of the same layout, and (S,) their log density.

        ``log_stretch`` (B + H * D, S) stretches each deviation of each draw. All in the precision of the parts. The
        auxiliary variables are drawn too. Their density given the rest is normal in the exact model, so it is divided
        out, and what is left is that of the deviations. Constants that cancel against the target are left out.
        """
        inverse, border, outer, mover_columns, mover_b = parts
        homes, size, _ = inverse.shape
        free, kind = mover_b.shape[1], inverse.dtype.type
        noise = rng.standard_normal((outer.shape[0], draws), dtype=kind)
        inner = rng.standard_normal((homes, size, draws), dtype=kind)
        flat = inner.reshape(-1, draws)
        density = -0.5 * (np.einsum("is,is->s", noise, noise) + np.einsum("is,is->s", flat, flat)).astype(float)
        density -= float(np.log(np.abs(np.diag(outer))).sum())
        density -= float(np.log(np.abs(np.diagonal(inverse, axis1=1, axis2=2))).sum())
        wide = np.concatenate([outer.T @ noise, np.zeros((1, draws), dtype=kind)])
        b, t = wide[:free], wide[free:-1]
        if log_stretch is not None:
            density -= log_stretch.sum(axis=0)
            b *= np.exp(log_stretch[:free])
        flat -= border[..., :free].reshape(homes * size, free) @ b
        if t.size:
            inner -= np.matmul(border[..., free:], wide[self.index[:, free:]])
        z = np.matmul(inverse.transpose(0, 2, 1), inner)
        if log_stretch is not None:
            z *= np.exp(log_stretch[free:]).reshape(z.shape)
        if t.size:
            tied = self.ties @ np.matmul(mover_columns.transpose(0, 2, 1), z).reshape(-1, draws)
            c = mover_shape[:, None]
            density += 0.5 * (c * (t + (tied + mover_b @ b) / c) ** 2).sum(axis=0) - 0.5 * np.log(c).sum()
        return b, z, density


def factorise(data: LaplaceData, scales: Scales, point: Point, *, convex: bool = False) -> Factor:
    """Factor of the negative Hessian. Raises LinAlgError where it is not positive definite.

    With ``convex`` the curvature of the rows before the window is left out, which is never indefinite and still gives
    ascending steps. A child who moved before the window always has it left out: it would tie homes with the wrong
    sign. Steps are then not quite Newton's, and importance weights make up for the draws.
    """
    free = data.prior_sd.size
    m = point.rate * point.share_now[data.child]
    moved = np.zeros(data.children, dtype=bool)
    moved[data.mover_child] = True
    dense, block, border, slots, child_b = _term(data, scales, m, np.where(moved, 0.0, point.spread_now))
    if data.conditional and not convex:
        known = np.where(data.before, point.rate * (point.share_before * data.settled)[data.child], 0.0)
        other = _term(data, scales, known, point.spread_before)
        dense, block, border = dense - other[0], block - other[1], border - other[2]
    dense[np.diag_indices(free)] += 1 / data.prior_sd**2
    d = scales.of_blocks(data.periods)
    movers, mover_b, shape = data.mover_child.size, child_b[data.mover_child], 1 / point.spread_now[data.mover_child]
    index = np.column_stack([np.broadcast_to(np.arange(free), (data.homes, free)), free + data.mover_at])
    left = np.zeros((free + movers,) * 2)
    left[:free, :free] = dense
    left[free:, :free] = mover_b
    at = np.arange(free, free + movers)
    left[at, at] = shape
    inverse, full, mover_columns = _eliminate(data, scales, block, border, slots, index, left)
    inner = full.reshape(data.homes * d.size, full.shape[2])[:, :free]
    left[:free, :free] -= inner.T @ inner
    schur = np.linalg.cholesky(left)
    diagonal = inverse[:, np.arange(d.size), np.arange(d.size)]
    return Factor(
        inverse=inverse,
        border=full,
        schur=schur,
        index=index,
        mover_columns=mover_columns,
        mover_b=mover_b,
        mover_shape=shape,
        log_determinant=float(2 * np.log(np.diag(schur)).sum() - 2 * np.log(diagonal).sum() - np.log(shape).sum()),
    )


def _eliminate(
    data: LaplaceData, scales: Scales, block: Array, border: Array, slots: Array, index: Array, left: Array
) -> tuple[Array, Array, Array]:
    """Inverse factors (H, D, D), the border times them (H, D, B + M) and the movers' columns (H, D, M).

    Takes the homes out of the movers' rows of ``left``, of which the lower triangle counts.
    """
    d, free, most = scales.of_blocks(data.periods), border.shape[2], data.mover_slot.shape[1]
    if kernels is not None:
        inverse, full = np.zeros((data.homes, d.size, d.size)), np.zeros((data.homes, d.size, free + most))
        moving = np.empty((data.homes, d.size, most))
        if not kernels.eliminate(
            block, border, slots, data.mover_slot, data.mover_at, d, inverse, full, moving, left,
        ):  # fmt: skip
            raise np.linalg.LinAlgError("a home's block is not positive definite")
        return inverse, full, moving
    block = block * d * d[:, None]
    block[:, np.arange(d.size), np.arange(d.size)] += 1
    padded = np.concatenate([slots, np.zeros((data.homes, 1, d.size))], axis=1)
    moving = np.take_along_axis(padded, data.mover_slot[..., None], axis=1).transpose(0, 2, 1) * d[:, None]
    inverse = np.linalg.inv(np.linalg.cholesky(block)) if d.size else block
    full = np.matmul(inverse, np.concatenate([border * d[:, None], moving], axis=2))
    if most:
        cross = np.matmul(full[..., free:].transpose(0, 2, 1), full)
        wide = len(left) + 1  # one place too far, for empty ones
        at = index[:, free:, None] * wide + index[:, None, :]
        left -= np.bincount(at.ravel(), cross.ravel(), wide**2).reshape(wide, wide)[:-1, :-1]
    return inverse, full, moving


def _term(
    data: LaplaceData, scales: Scales, m: Array, inverse_shape: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """One term's sums: coefficients and what homes share (B + K,) squared, homes (H, D, D), border (H, D, B + K).

    Then slots (H, K', D) and children (C, B + K). ``inverse_shape`` is 0 for children whose rank-one part is left to
    the caller. The normals of a process that homes share are K columns more, whose values are those of the cells.
    """
    half = data.columns * np.sqrt(m)[:, None]
    dense = half.T @ half
    child_b, slots, of_cells, held = _cell_sums(data, m)
    border = scales.to_blocks(of_cells)
    if scales.process is not None and scales.process.sector.size:
        root = scales.sigma_sector * scales.process.sector
        across = scales.over_time(of_cells).sum(axis=0).T @ root
        dense = np.block([[dense, across], [across.T, (root.T * scales.over_time(held).sum(axis=0)) @ root]])
        border = np.concatenate([border, _shared_border(scales, scales.process, held, root)], axis=2)
        slots_over_time = scales.over_time(slots.transpose(0, 2, 1)).transpose(0, 2, 1)
        of_shared = data.slots_of_child @ (slots_over_time.reshape(-1, data.periods) @ root)
        child_b = np.concatenate([child_b, of_shared], axis=1)
    inverse = np.append(inverse_shape, 0.0)
    of_slots = scales.to_blocks(slots.transpose(0, 2, 1))
    pulled = of_slots * inverse[data.slot_child][:, None]
    block = scales.to_squares(held) - np.matmul(pulled, of_slots.transpose(0, 2, 1))
    border -= np.matmul(pulled, child_b[data.slot_child])
    dense -= child_b.T @ (child_b * inverse[:, None])
    return dense, block, border, np.ascontiguousarray(of_slots.transpose(0, 2, 1)), child_b[:-1]


def _shared_border(scales: Scales, process: Process, held: Array, root: Array) -> Array:
    """(H, D, K) of the effects of homes against what all homes share, whose ``root`` is (T, K); ``held`` is (H, N)."""
    if scales.rotas is not None:
        of_adults = scales.rotas.over_time(scales.rotas.weight * held[..., None])
        plain = _shared_border(replace(scales, rotas=None), process, scales.over_time(held), root)
        return np.concatenate([plain, of_adults.transpose(0, 2, 1) @ root], axis=1)
    if kernels is None or process.drifts is not None or not scales.period_on:
        return scales.to_blocks(held[..., None] * root)
    out = np.zeros((held.shape[0], int(scales.home_on) + process.size, root.shape[1]))
    kernels.shared_border(held, root, process.period, int(scales.home_on), out)
    return out


def _cell_sums(data: LaplaceData, m: Array) -> tuple[Array, Array, Array, Array]:
    """Sums of ``m`` times the columns by child (C + 1, B) and cell (H, N, B); of ``m`` by slot (H, K', N) and cell."""
    homes, periods, free = data.homes, data.cells, data.linear.size
    child_b, slots = np.zeros((data.children + 1, free)), np.zeros(data.slot_child.size * periods)
    if kernels is not None:
        border, held = np.zeros((homes * periods, free)), np.zeros(homes * periods)
        kernels.cell_sums(
            data.columns, m, data.cell_bounds, data.cell_child, data.cell_place, data.cell_slot,
            child_b, slots, border, held,
        )  # fmt: skip
    else:
        rows = csr_array((m, data.row_places, data.cell_bounds), shape=(data.cell_child.size, m.size))
        cell_m, cell_b = rows @ data.ones, rows @ data.columns
        child_b[:-1] = data.cells_of_child @ cell_b
        slots[data.cell_slot] = cell_m
        border, held = data.cells_of_home @ cell_b, data.cells_of_home @ cell_m
    at = (homes, -1, periods)
    return child_b, slots.reshape(at), border.reshape(homes, periods, free), held.reshape(homes, periods)

"""What the fast engine reads of a design: rows sorted by child, home and cell, and where their sums go.

Sums run in three steps, each far shorter than the one before: rows to *cells of a child* (a child in one home in one
period), those to children, and those to the homes' blocks. A child who lived in several homes is a *mover*: the only
link between homes besides the coefficients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array
from scipy.special import gammaln

from missingmodels.frame.design_matrix import Membership
from missingmodels.models.process import Rotas

if TYPE_CHECKING:
    from missingmodels.frame.design import Design
    from missingmodels.models.priors.law import PriorSet

Array = np.ndarray


@dataclass(frozen=True, kw_only=True)
class LaplaceData:
    """R rows, B free columns (intercept first if it is free), C children, N cells of a child, J child-homes.

    K is the number of standard normals that all homes share, 0 as a rule.

    Attributes
    ----------
    columns : (R, B) free columns of the standardised matrix, the intercept's ones first
    log_days : (R,) log exposure plus whatever the plan fixes
    prior_mean, prior_sd : (B + K,)
    intercept : fixed value, None where it is estimated
    fixed, fixed_mean : (P,) which coefficients the plan fixes, and at what
    cell_child, cell_slot, cell_place : (N,) its child, its place in ``home slots x cells`` and in ``homes x cells``
    cells_of_child, cells_of_home : sparse (C, N) and (H * T, N) of ones; ``row_places`` (R,), ``cell_bounds`` (N + 1,)
        and ``ones`` (R,) make the sparse (N, R) of a row weight
    row_starts : (C',) first row of each child with rows, ``child_at`` (C',) that child
    now : (R,) rows whose onsets are modelled; the others only update the frailties
    onsets_now, onsets_before : (C,)
    linear : (B,) sum of onsets times columns over the rows now; ``cell_onsets`` (H, T); ``offset_linear`` the rest
    slot_child : (H, K) child in each slot of a home, C where the slot is empty
    slot_mover : (H, K) True where that child is a mover
    mover_child : (G,) ; ``mover_slot`` (H, K') slots of movers in each home, K where empty; ``mover_at`` (H, K') which
        mover that is, G where empty
    settled : (C,) children whose rows before the window lie in one home
    precision : of the proposals and of the rates that weigh them. Single is enough for weights, and twice as fast;
        double is there to tell rounding from a fault
    """

    columns: Array
    log_days: Array
    child: Array
    home_period: Array
    prior_mean: Array
    prior_sd: Array
    intercept: float | None
    fixed: Array
    fixed_mean: Array
    cell_child: Array
    cell_slot: Array
    cell_place: Array
    cells_of_child: csr_array
    cells_of_home: csr_array
    row_places: Array
    cell_bounds: Array
    ones: Array
    row_starts: Array
    child_at: Array
    now: Array
    onsets_now: Array
    onsets_before: Array
    linear: Array
    cell_onsets: Array
    offset_linear: float
    slot_child: Array
    slot_mover: Array
    mover_child: Array
    mover_slot: Array
    mover_at: Array
    settled: Array
    homes: int
    periods: int
    children: int
    rotas: Rotas | None = None
    precision: type[np.floating[Any]] = np.float32

    @property
    def cells(self) -> int:
        """N, of each home: its periods, T, or where adults have effects what ``rotas`` makes of them."""
        return self.periods if self.rotas is None else int(self.rotas.time.shape[1])

    @cached_property
    def before(self) -> Array:
        """(R,) rows that only update the frailties."""
        return ~self.now

    @cached_property
    def conditional(self) -> bool:
        """Whether there is any such row."""
        return bool(self.before.any())

    @cached_property
    def slots_of_child(self) -> csr_array:
        """Sparse (C + 1, H * K) of ones where a slot is a child's; the last row is of empty ones."""
        at = self.slot_child.ravel()
        return _indicator(at, np.arange(at.size), self.children + 1)

    @cached_property
    def row_sizes(self) -> Array:
        """(C',) rows of each child with rows."""
        return np.diff(np.append(self.row_starts, self.child.size))

    @cached_property
    def count_pairs(self) -> tuple[Array, Array]:
        """(N, 2) onsets before, and before and now, of children with rows, each once; and (N,) how many have it."""
        counts = np.column_stack([self.onsets_before, self.onsets_before + self.onsets_now])[self.child_at]
        pairs, times = np.unique(counts, axis=0, return_counts=True)
        return pairs, times

    def gamma_part(self, frailty_shape: Any) -> Any:
        """Sum of lgamma(k + Y₀ + Y) - lgamma(k + Y₀) at one k or at each of (S,)."""
        pairs, times = self.count_pairs
        low, high = pairs[:, :1], pairs[:, 1:]
        out = times @ (gammaln(high + frailty_shape) - gammaln(low + frailty_shape))
        return out if np.ndim(frailty_shape) else float(out[0])

    def child_blocks(self, cells: int) -> Iterator[tuple[slice, slice]]:
        """Slices of children with rows, and of their rows, of about ``cells`` rows each: no child is cut in two."""
        starts = self.row_starts
        ends = np.append(starts[1:], self.child.size)
        first = 0
        while first < starts.size:
            last = max(first + 1, int(np.searchsorted(ends, starts[first] + cells, side="right")))
            yield slice(first, last), slice(int(starts[first]), int(ends[last - 1]))
            first = last

    def sums(self, children: slice, rows: slice, weight: Array, kind: Any) -> csr_array:
        """Sparse (C', R') of ``weight`` that sums a block's rows by child: its product is faster than reduceat."""
        bounds = np.append(self.row_starts[children], rows.stop) - rows.start
        size = rows.stop - rows.start
        return csr_array((weight.astype(kind), self.row_places[:size], bounds), shape=(bounds.size - 1, size))


def laplace_data(design: Design, priors: PriorSet, shared: int = 0) -> LaplaceData:
    """The sorted rows of a design and the index of every sum; ``shared`` is K, the normals that all homes share."""
    rotas, cell = rotas_of(design) if "adult" in design.groups else (None, np.asarray(design.period))
    order = np.lexsort((cell, design.home, design.child))
    child, home, period = (np.asarray(values)[order] for values in (design.child, design.home, cell))
    now = ~design.before_window[order]
    children, homes = len(design.child_ids), len(design.home_ids)
    periods = design.periods if rotas is None else int(rotas.time.shape[1])
    onsets = design.onsets[order].astype(float)
    out: dict[str, Any] = _columns(design, priors, order)
    out["prior_mean"] = np.append(out["prior_mean"], np.zeros(shared))
    out["prior_sd"] = np.append(out["prior_sd"], np.ones(shared))
    out |= _cells(child, home, period, homes, periods, children)
    counted = np.where(now, onsets, 0.0)
    home_period = home * periods + period
    before = np.unique(np.column_stack([child[~now], home[~now]]), axis=0)[:, 0].astype(np.int64)
    return LaplaceData(
        child=child,
        home_period=home_period,
        now=now,
        onsets_now=np.bincount(child, counted, children),
        onsets_before=np.bincount(child, onsets - counted, children),
        linear=counted @ out["columns"],
        cell_onsets=np.bincount(home_period, counted, homes * periods).reshape(homes, periods),
        offset_linear=float(counted @ out.pop("offset")),
        settled=np.bincount(before, minlength=children) <= 1,
        homes=homes,
        periods=design.periods,
        children=children,
        rotas=rotas,
        **out,
    )


def rotas_of(design: Design) -> tuple[Rotas, Array]:
    """The rotas of a design whose rows have adults on shift, and (R,) the cell of each row in its home."""
    held = design.groups["adult"]
    assert isinstance(held, Membership)
    key = (design.home * design.periods + design.period) * (len(held.members) + 1) + held.index + 1
    cells, at = np.unique(key, return_inverse=True)
    home_period, rota = np.divmod(cells, len(held.members) + 1)
    home, time = np.divmod(home_period, design.periods)
    homes = len(design.home_ids)
    place, seat = _rank_within(home, homes), _rank_within(held.home, homes)
    shape = (homes, int(place.max(initial=-1)) + 1)
    times, weight = np.full(shape, design.periods - 1), np.zeros((*shape, int(seat.max(initial=-1)) + 1))
    times[home, place] = time
    cell, other = np.nonzero(np.concatenate([np.zeros((1, held.members.shape[1])), held.weight])[rota])
    row = rota[cell] - 1
    weight[home[cell], place[cell], seat[held.members[row, other]]] = held.weight[row, other]
    return Rotas(time=times, times=design.periods, weight=weight, home=held.home, place=seat), place[at]


def _columns(design: Design, priors: PriorSet, order: Array) -> dict[str, Any]:
    """Free columns, and the part of the linear predictor that the plan fixes."""
    mean, sd, fixed = priors.of_columns(design.names, design.scale)
    matrix = design.standardised[order]
    offset = matrix[:, fixed] @ mean[fixed]
    columns, prior_mean, prior_sd = matrix[:, ~fixed], mean[~fixed], sd[~fixed]
    intercept = priors.intercept
    if intercept.law == "fixed":
        offset = offset + intercept.mean
    else:
        columns = np.column_stack([np.ones(order.size), columns])
        prior_mean, prior_sd = np.append(intercept.mean, prior_mean), np.append(intercept.sd, prior_sd)
    with np.errstate(divide="ignore"):
        log_days = np.log(design.days[order])
    return {
        "columns": np.ascontiguousarray(columns),
        "log_days": log_days + offset,
        "offset": offset,
        "prior_mean": prior_mean,
        "prior_sd": prior_sd,
        "intercept": intercept.mean if intercept.law == "fixed" else None,
        "fixed": fixed,
        "fixed_mean": mean,
    }


def _cells(child: Array, home: Array, period: Array, homes: int, periods: int, children: int) -> dict[str, Any]:
    """Cells of a child, and the slots of children in homes."""
    key = (child * homes + home) * periods + period
    cell_starts = _starts(key)
    cell_child, cell_home = child[cell_starts], home[cell_starts]
    pair_key = cell_child * homes + cell_home
    pair_starts = _starts(pair_key)
    pair_of_cell = np.cumsum(np.isin(np.arange(key[cell_starts].size), pair_starts)) - 1
    pair_child, pair_home = cell_child[pair_starts], cell_home[pair_starts]
    mover = np.bincount(pair_child, minlength=children) > 1
    rank = _rank_within(pair_home, homes)
    width = int(rank.max(initial=0)) + 1
    slot_child = np.full((homes, width), children)
    slot_child[pair_home, rank] = pair_child
    slot_mover = np.append(mover, False)[slot_child]
    mover_child = np.flatnonzero(mover)
    moves = slot_mover.sum(axis=1)
    most = int(moves.max(initial=0))
    mover_slot, mover_at = np.full((homes, most), width), np.full((homes, most), mover_child.size)
    at_home, at_slot = np.nonzero(slot_mover)
    place = _rank_within(at_home, homes)
    mover_slot[at_home, place] = at_slot
    mover_at[at_home, place] = np.searchsorted(mover_child, slot_child[at_home, at_slot])
    cells = np.arange(cell_child.size)
    row_starts = _starts(child)
    return {
        "cell_child": cell_child,
        "cell_slot": (cell_home * width + rank[pair_of_cell]) * periods + period[cell_starts],
        "cell_place": cell_home * periods + period[cell_starts],
        "cells_of_child": _indicator(cell_child, cells, children),
        "cells_of_home": _indicator(cell_home * periods + period[cell_starts], cells, homes * periods),
        "row_places": np.arange(child.size),
        "cell_bounds": np.append(cell_starts, child.size),
        "ones": np.ones(child.size),
        "row_starts": row_starts,
        "child_at": child[row_starts],
        "slot_child": slot_child,
        "slot_mover": slot_mover,
        "mover_child": mover_child,
        "mover_slot": mover_slot,
        "mover_at": mover_at,
    }


def _starts(key: Array) -> Array:
    return np.flatnonzero(np.append(True, key[1:] != key[:-1])) if key.size else np.zeros(0, dtype=np.int64)


def _indicator(group: Array, items: Array, groups: int) -> csr_array:
    """(groups, items) of ones where an item belongs to a group."""
    return csr_array((np.ones(items.size), (group, items)), shape=(groups, items.size))


def _rank_within(group: Array, groups: int) -> Array:
    """Position of each item among those of its group, in the order given."""
    order = np.argsort(group, kind="stable")
    first = np.cumsum(np.bincount(group, minlength=groups)) - np.bincount(group, minlength=groups)
    rank = np.empty(group.size, dtype=np.int64)
    rank[order] = np.arange(group.size) - first[group[order]]
    return rank

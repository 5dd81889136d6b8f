"""A home's joint likelihood given coefficients and scales, its own effects integrated out.

All rows of every child who ever lived in home h depend on its effects f_t = v_h + w_ht. Given everything else,

    I_h = E[ prod_i L_i(f) ],    v_h ~ Normal(0, sigma_home²),  w_ht ~ Normal(0, sigma_period²),

over as many dimensions as the home has periods, and one. The integrand is near a normal at its mode, since log L_i is
concave in the effects. Newton's steps find the mode and curvature for every draw, and importance sampling from a
Student t there removes the error of that approximation (Geweke 1989, Econometrica 57; a quadrature whose nodes are
drawn, because a product grid would need too many of them).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, logsumexp

from missingmodels.fitting.exponential import exponential
from missingmodels.fitting.laplace.child import LAWS, ChildLaw
from missingmodels.frame.design import Design
from missingmodels.parameters import Array, Parameters

NODES = 16  # of each integral, in pairs about the mode
DEGREES = 10.0  # of freedom of the proposals
MOST_STEPS, TOLERANCE = 40, 1e-3  # of Newton, and the gain of log density below which a step is the last


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """Sums of a design's rows over cells, N: a child in a home in a period; at S draws.

    Attributes
    ----------
    child, home, period, onsets : (N,) of one period of a home, of which each has an effect; onsets in the window
    now, before : (N, S) expected onsets at u = 1, in the window and before it, home effects included
    linear : (C, S) sum of onsets times log rate in the window
    onsets_before : (C,)
    effects : (S, H, Q) of homes in their periods, without what all homes share
    """

    child: np.ndarray
    home: np.ndarray
    period: np.ndarray
    onsets: Array
    now: Array
    before: Array
    linear: Array
    onsets_before: Array
    effects: Array
    parameters: Parameters


def cells_of(design: Design, parameters: Parameters) -> _Cells:
    """The sums, in one pass over the rows."""
    period_of = np.arange(design.periods) if parameters.period_of is None else parameters.period_of
    key = np.stack([design.child, design.home, period_of[design.period]])
    (child, home, period), cell = np.unique(key, axis=1, return_inverse=True)
    cell, cells, children = cell.ravel(), child.size, len(design.child_ids)
    in_window = ~design.before_window
    now, before = (np.zeros((cells, parameters.draws)) for _ in range(2))
    linear = np.zeros((children, parameters.draws))
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], np.arange(cells))
    with_onset = np.flatnonzero(design.onsets * in_window)
    for part, block in parameters.blocks(cell.size):
        eta = design.log_rate(block).T
        for row in with_onset:
            linear[design.child[row], part] += design.onsets[row] * eta[row]
        rate = exponential(eta)[order]
        days = design.days[order, None]
        for out, mine in ((now, in_window), (before, ~in_window)):
            if mine.any() and cells:
                out[:, part] = np.add.reduceat(rate * days * mine[order, None], starts, axis=0)
    return _Cells(
        child=child,
        home=home,
        period=period,
        onsets=np.bincount(cell, design.onsets * in_window, cells),
        now=now,
        before=before,
        linear=linear,
        onsets_before=np.bincount(design.child, design.onsets * ~in_window, children),
        effects=_own_effects(design, parameters, period_of),
        parameters=parameters,
    )


def _own_effects(design: Design, parameters: Parameters, period_of: np.ndarray) -> Array:
    """(S, H, Q) what a home has in each of its periods, alone."""
    own = parameters.home_period_of(design.home_ids)
    if parameters.shared is not None:
        held = np.isin(design.home_ids, parameters.home_ids)  # a home without draws has effects of 0
        own = own - parameters.shared[:, None] * held[:, None]
    first = np.searchsorted(period_of, np.arange(period_of.max(initial=-1) + 1))
    return np.asarray(parameters.home_of(design.home_ids)[:, :, None] + own[:, :, first])


@dataclass(frozen=True, kw_only=True)
class _Home:
    """One home as a function of its effects f (T, S): C children, T periods in which they lived there, S draws.

    ``base`` (2, C, T, S) expected onsets in the window and before it without the effects; ``rest`` (2, C, S) in other
    homes; ``onsets`` (C, T); ``counts`` (2, C, 1) before the window, and before and in it; ``linear`` (C, S).
    """

    base: Array
    rest: Array
    onsets: Array
    counts: Array
    linear: Array
    law: ChildLaw
    conditional: bool

    def log_likelihood(self, f: Array) -> Array:
        """(..., S) at (T, ..., S)."""
        rise = exponential(np.array(f))
        total = self.linear.sum(axis=0) + np.tensordot(self.onsets.sum(axis=0), f, axes=1)
        known, new = self._expected(rise)
        whole = self.law.log_density(_like(self.counts[1], new), new + known).sum(axis=0)
        return total + whole - (self.law.log_density(_like(self.counts[0], known), known).sum(axis=0)
                                if self.conditional else 0.0)  # fmt: skip

    def _expected(self, rise: Array) -> tuple[Array, Array]:
        """(C, ..., S) expected onsets before the window and in it."""
        middle = (1,) * (rise.ndim - 2)
        now, old = (
            rest.reshape(rest.shape[0], *middle, rest.shape[1]) + np.einsum("cts,t...s->c...s", base, rise)
            for base, rest in zip(self.base, self.rest, strict=True)
        )
        return old, now

    def derivatives(self, f: Array) -> tuple[Array, Array]:
        """(T, S) gradient and (S, T, T) negative Hessian at (T, S), the latter of the concave part alone."""
        rise = exponential(np.array(f))
        known, new = self._expected(rise)
        m_new, m_old = self.base * rise
        m = m_new + m_old
        _, share, spread = self.law.moments(np.broadcast_to(self.counts[1], new.shape), new + known)
        g = share[:, None] * m
        gradient = self.onsets.sum(axis=0)[:, None] - g.sum(axis=0)
        if self.conditional:
            gradient = gradient + (self.law.mean(self.counts[0], known)[:, None] * m_old).sum(axis=0)
        hessian = -np.einsum("cts,cus,cs->stu", g, g, spread, optimize=True)
        at = np.arange(len(f))
        hessian[:, at, at] += g.sum(axis=0).T
        return gradient, hessian


def _like(counts: Array, expected: Array) -> Array:
    """(C, 1) counts with as many dimensions as (C, ..., S)."""
    return counts.reshape(counts.shape[0], *(1,) * (expected.ndim - 1))


def _home(cells: _Cells, home: int, without: int | None) -> tuple[_Home, np.ndarray]:
    """A home and its periods. Raises ValueError for one in which nobody has a row."""
    inside = np.flatnonzero((cells.home == home) & (True if without is None else cells.child != without))
    if not inside.size:
        raise ValueError("nobody has a row in this home")
    children, child = np.unique(cells.child[inside], return_inverse=True)
    periods, period = np.unique(cells.period[inside], return_inverse=True)
    draws = cells.now.shape[1]
    effects = cells.effects[:, home, periods].T
    base, rest = np.zeros((2, children.size, periods.size, draws)), np.zeros((2, children.size, draws))
    onsets = np.zeros((children.size, periods.size))
    onsets[child, period] = cells.onsets[inside]
    outside = np.flatnonzero(np.isin(cells.child, children) & (cells.home != home))
    for i, sums in enumerate((cells.now, cells.before)):
        base[i, child, period] = sums[inside] * np.exp(-effects[period])
        np.add.at(rest[i], np.searchsorted(children, cells.child[outside]), sums[outside])
    in_all = np.bincount(cells.child, cells.onsets, cells.linear.shape[0])[children]
    old = cells.onsets_before[children]
    p = cells.parameters
    return _Home(
        base=base,
        rest=rest,
        onsets=onsets,
        counts=np.stack([old, old + in_all])[:, :, None],
        linear=cells.linear[children] - onsets @ effects,
        law=ChildLaw(p.frailty_law, {name: p.scalar(name) for name in LAWS[p.frailty_law]}),
        conditional=bool(cells.before.any()),
    ), periods


def log_child_given_others(cells: _Cells, home: int, child: int, rng: np.random.Generator) -> Array:
    """(S,) log density of all rows of a child given those of the others who ever lived in a home of its own.

    The home's effects are integrated out, so that the child no longer tells them what it was; those of other homes in
    which it lived are at their draws.
    """
    whole, _ = log_integral(cells, home, rng)
    alone = not ((cells.home == home) & (cells.child != child)).any()
    return whole if alone else whole - log_integral(cells, home, rng, without=child)[0]


def log_integral(
    cells: _Cells, home: int, rng: np.random.Generator, *, without: int | None = None
) -> tuple[Array, Array]:
    """(S,) log I_h at every draw, and (S,) what share of the nodes of each integral counts.

    A child that it is to do ``without`` is as if it had never lived there.
    """
    of_home, periods = _home(cells, home, without)
    p = cells.parameters
    spread = np.stack([p.sigma_home, p.sigma_period])[:, None]  # (2, 1, S)
    dimensions = 1 + (periods.size if p.sigma_period.any() else 0)

    def effects(z: Array) -> Array:
        """(T, ..., S) of standard normal (D, ..., S)."""
        middle = (1,) * (z.ndim - 2)
        sd_home, sd_period = (s.reshape(1, *middle, -1) for s in spread)
        f = np.broadcast_to(sd_home * z[:1], (periods.size, *z.shape[1:]))
        return f + sd_period * z[1:] if dimensions > 1 else f

    def log_density(z: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            value = of_home.log_likelihood(effects(z)) - 0.5 * (z**2).sum(axis=0)
        return np.where(np.isfinite(value), value, -np.inf)

    mode, factor = _climb(of_home, effects, log_density, dimensions, spread)
    node = _nodes(p.draws, dimensions, rng)
    z = mode[:, None] + (np.swapaxes(np.linalg.inv(factor), 1, 2) @ node).transpose(1, 2, 0)
    log_proposal = (
        _t_constant(dimensions)
        - 0.5 * (DEGREES + dimensions) * np.log1p((node**2).sum(axis=1) / DEGREES).T
        + np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    )
    log_weight = log_density(z) - 0.5 * dimensions * np.log(2 * np.pi) - log_proposal
    found = logsumexp(log_weight, axis=0)
    share = np.exp(2 * found - logsumexp(2 * log_weight, axis=0)) / NODES
    return found - np.log(NODES), share


def _climb(
    of_home: _Home,
    effects: Callable[[Array], Array],
    log_density: Callable[[Array], Array],
    dimensions: int,
    spread: Array,
) -> tuple[Array, Array]:
    """(D, S) mode of every draw's integrand, and (S, D, D) lower Cholesky factor of the negative Hessian there."""
    draws = spread.shape[-1]
    z = np.zeros((dimensions, draws))
    value = log_density(z)
    for _ in range(MOST_STEPS):
        gradient_f, hessian_f = of_home.derivatives(effects(z))
        gradient, hessian = _in_units(gradient_f, hessian_f, spread[:, 0], dimensions)
        gradient -= z
        factor = np.linalg.cholesky(hessian)
        step = np.linalg.solve(hessian, gradient.T[..., None])[..., 0].T
        gain = 0.5 * (gradient * step).sum(axis=0)
        if gain.max(initial=0.0) < TOLERANCE:
            return z + step, factor
        size = np.ones(draws)
        for _ in range(MOST_STEPS):
            new = log_density(z + size * step)
            worse = new < value - 1e-9 * np.abs(value)
            if not worse.any():
                break
            size[worse] *= 0.5
        z, value = z + size * step, new
    return z, factor


def _in_units(gradient: Array, hessian: Array, spread: Array, dimensions: int) -> tuple[Array, Array]:
    """(D, S) and (S, D, D) in standard normal effects, the prior's own curvature added, from (T, S) and (S, T, T)."""
    sd_home, sd_period = spread
    rows = hessian.sum(axis=2)
    out = np.zeros((sd_home.size, dimensions, dimensions))
    out[:, 0, 0] = sd_home**2 * rows.sum(axis=1)
    units = [sd_home * gradient.sum(axis=0)]
    if dimensions > 1:
        out[:, 0, 1:] = out[:, 1:, 0] = (sd_home * sd_period)[:, None] * rows
        out[:, 1:, 1:] = (sd_period**2)[:, None, None] * hessian
        units += list(sd_period * gradient)
    at = np.arange(dimensions)
    out[:, at, at] += 1.0
    return np.array(units), out


def _nodes(draws: int, dimensions: int, rng: np.random.Generator) -> Array:
    """(S, D, K) of a Student t, in opposite pairs; other ones for every draw, so that their errors average out."""
    half = rng.standard_normal((draws, dimensions, NODES // 2))
    half *= np.sqrt(DEGREES / rng.chisquare(DEGREES, (draws, 1, NODES // 2)))
    return np.concatenate([half, -half], axis=2)


def _t_constant(dimensions: int) -> float:
    half = 0.5 * (DEGREES + dimensions)
    return float(gammaln(half) - gammaln(0.5 * DEGREES) - 0.5 * dimensions * np.log(DEGREES * np.pi))

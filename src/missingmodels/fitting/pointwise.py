"""What a likelihood is a product over, for each family: log densities by child, row or kind of home-day, at every draw.

A frailty that is integrated out makes the child the unit; where rows are given all there is, the unit is the row as the
design holds it, equal rows added up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit, gammaln, logsumexp
from scipy.stats import nbinom

from missingmodels.fitting.children import ENTRY
from missingmodels.fitting.marginal import integrated_frailty
from missingmodels.frame.design import Design
from missingmodels.frame.design_matrix import EventRows
from missingmodels.parameters import Array

if TYPE_CHECKING:
    from missingmodels.fitting.result import Fit


MOST_DENSITIES = 50_000_000  # numbers worked out at once: 400 MB


@dataclass(frozen=True, kw_only=True)
class Units:
    """U units of one likelihood.

    Attributes
    ----------
    name : of the outcome, in ``log_likelihood`` and ``observed_data`` alike
    dim, labels : of the units; no labels where they have none
    density : (S, U) log density
    observed : (U,) what was seen, NaN where it is known between two numbers only
    """

    name: str
    dim: str
    labels: tuple[str, ...] = ()
    density: Array
    observed: np.ndarray


def units_of(fit: Fit) -> Units | None:
    """The units of a fit; None where its children were not asked for, or left out of its file, or their densities are
    too many to hold.
    """
    return None if fit.certificate.get(ENTRY) == "left out" else _OF[fit.family](fit)


def _summed(values: Array, index: np.ndarray, size: int) -> Array:
    """(S, size) sums of (S, R) values over the rows of each unit."""
    rows = index.size
    held = csr_array((np.ones(rows), (index, np.arange(rows))), shape=(size, rows))
    return np.asarray((held @ values.T).T)


def _children(fit: Fit) -> Units | None:
    """Those with a day in the window: others have density 1 at every draw."""
    design = fit.design
    assert isinstance(design, Design)
    if not fit.log_density.size:
        return None
    now = ~design.before_window
    seen = np.bincount(design.child, now, len(design.child_ids)) > 0
    onsets = np.bincount(design.child, design.onsets * now, len(design.child_ids))
    return Units(
        name="child_onsets",
        dim="child",
        labels=tuple(np.array(design.child_ids, dtype=str)[seen]),
        density=fit.log_density[:, seen],
        observed=onsets[seen],
    )


def _rows(fit: Fit) -> Units | None:
    counts, density = fit.design, fit.values.get("log_density")
    assert isinstance(counts, EventRows)
    if density is None:
        return None
    child = counts.units.get("child")
    if child is not None and fit.certificate["frailty"] == "gamma":
        ids = tuple(map(str, child.ids))
        y = np.bincount(child.index, counts.y, len(ids))
        return Units(name="child_y", dim="child", labels=ids, density=density, observed=y)
    return Units(name="y", dim="row", density=density, observed=counts.y)


def _too_many(fit: Fit, rows: int) -> bool:
    return fit.values["intercept"].size * rows > MOST_DENSITIES


def _outcome(fit: Fit) -> Units | None:
    assert isinstance(fit.design, EventRows)
    if _too_many(fit, fit.design.y.size):
        return None
    return _OUTCOMES[fit.model](fit.design, fit.values)


def _linear(rows: EventRows, values: Mapping[str, Array], *groups: str) -> Array:
    """(S, R) linear predictor, without an exposure; the intercept stands where columns are at their centre."""
    eta = np.broadcast_to(values["intercept"][:, None], (values["intercept"].size, rows.y.size)).copy()
    if rows.names:
        eta += values["coefficients"] @ (rows.matrix - rows.centre).T
    for name in groups:
        if name in values:
            eta += values[name][:, rows.units[name].index]
    return eta


def _counts(rows: EventRows, values: Mapping[str, Array]) -> Units:
    eta, phi = _linear(rows, values, "home") + np.log(rows.size), values["dispersion_shape"][:, None]
    density = rows.y * eta + integrated_frailty(phi, phi, rows.y, np.exp(eta)) - gammaln(rows.y + 1)
    return Units(name="y", dim="row", density=density, observed=rows.y)


def _return(rows: EventRows, values: Mapping[str, Array]) -> Units:
    hazard = np.exp(_linear(rows, values, "home", "child"))
    density = rows.y * np.log(-np.expm1(-hazard)) - (rows.size - rows.y) * hazard
    return Units(name="y", dim="row", density=density, observed=rows.y)


def _serious(rows: EventRows, values: Mapping[str, Array]) -> Units:
    eta = _linear(rows, values, "home", "child")
    return Units(name="y", dim="row", density=rows.y * eta - rows.size * np.logaddexp(0, eta), observed=rows.y)


def _interview(rows: EventRows, values: Mapping[str, Array]) -> Units:
    eta, k = _linear(rows, values, "home") + np.log(rows.size), values["frailty_shape"][:, None]
    index, children = rows.units["child"].index, len(rows.units["child"].ids)
    y, expected = np.bincount(index, rows.y, children), _summed(np.exp(eta), index, children)
    density = _summed(rows.y * eta - gammaln(rows.y + 1), index, children) + integrated_frailty(k, k, y, expected)
    return Units(name="child_y", dim="child", labels=rows.units["child"].ids, density=density, observed=y)


def _joint(rows: EventRows, values: Mapping[str, Array]) -> Units | None:
    """By kind of home-day, all days of the kind together."""
    kind, home_days, extra = (rows.further[name] for name in ("kind", "home_days", "extra"))
    if np.ndim(extra) == 0:
        return None  # a file of format 3 holds their sum alone
    log_odds = _linear(rows, values, "home", "period", "child") + np.log(rows.size)
    theta, kinds = values["log_joint"][:, None], home_days.size
    total = _summed(np.logaddexp(0, log_odds + theta), kind, kinds)
    constant = np.log1p(np.exp(-theta) * np.expm1(total))
    density = _summed(rows.y * log_odds, kind, kinds) + theta * extra - home_days * constant
    return Units(name="kind_y", dim="kind_of_day", density=density, observed=np.bincount(kind, rows.y, kinds))


def _recording(rows: EventRows, values: Mapping[str, Array]) -> Units:
    hold = {}
    both, only_a, only_b = (rows.further[name] for name in ("both", "only_a", "only_b"))
    for source in ("a", "b"):
        log_odds = values[f"report_{source}"][:, None] + values[f"authority_{source}"][:, rows.units["authority"].index]
        hold[source] = log_odds + values[f"home_{source}"][:, rows.units["home"].index]
    log_a, log_b, not_a, not_b = (-np.logaddexp(0, x) for x in (-hold["a"], -hold["b"], hold["a"], hold["b"]))
    seen, phi = rows.y, values["dispersion_shape"][:, None]
    log_mean = values["intercept"][:, None] + np.log(rows.size)
    split = both * (log_a + log_b) + only_a * (log_a + not_b) + only_b * (not_a + log_b)
    # of those that some source holds
    expected = np.exp(log_mean) * (1 - expit(-hold["a"]) * expit(-hold["b"]))
    constant = sum(gammaln(part + 1) for part in (both, only_a, only_b))
    density = split + seen * log_mean + integrated_frailty(phi, phi, seen, expected) - constant
    return Units(name="seen", dim="row", density=density, observed=seen)


def _official(fit: Fit) -> Units | None:
    design, values = fit.design, fit.values
    assert isinstance(design, EventRows)
    if _too_many(fit, design.y.size):
        return None
    mean = values["intercept"][:, None] + np.log(design.size) + values["region"][:, design.units["region"].index]
    mean = mean + values["authority"][:, design.units["authority"].index]
    mean += np.pad(values["year"], ((0, 0), (1, 0)))[:, design.units["year"].index]
    mean += values["coefficients"] @ (design.matrix - design.centre).T
    mean, size = np.exp(mean), values["dispersion_shape"]
    density = np.empty_like(mean)
    for at, (low, high) in enumerate(zip(design.y, design.further["high"], strict=True)):
        law = nbinom(size, size / (size + mean[:, at]))
        if np.isfinite(high):
            counts = np.arange(int(low), int(high) + 1)
            density[:, at] = logsumexp([law.logpmf(count) for count in counts], axis=0)
        else:
            density[:, at] = law.logsf(low - 1)
    exact = np.where(design.y == design.further["high"], design.y, np.nan)
    return Units(name="incidents", dim="row", density=density, observed=exact)


_OUTCOMES: Mapping[str, Callable[[EventRows, Mapping[str, Array]], Units | None]] = {
    "counts": _counts,
    "return": _return,
    "serious": _serious,
    "interview": _interview,
    "joint": _joint,
    "recording": _recording,
}
_OF: Mapping[str, Callable[[Fit], Units | None]] = {
    "onset": _children,
    "daily": _children,
    "rows": _rows,
    "outcome": _outcome,
    "official": _official,
}

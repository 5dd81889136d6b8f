"""Whether a fit that was read is one: its parts fit each other, and all that is told of a fit can be told of it.

The digest of a file says that it is as it was written, not who wrote it.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from missingmodels.errors import InputError
from missingmodels.fitting.result import Family, Fit
from missingmodels.fitting.stores.natives import tree_and_skeleton
from missingmodels.frame.design import Design
from missingmodels.frame.design_matrix import DesignMatrix, Membership

DRAWS = 8  # of which everything is told once
MOST_STEPS = 100_000  # of a design in time: a day each would be 270 years


def require_agreeing(fit: Fit) -> None:
    """Raise InputError for a fit whose parts do not belong together."""
    _agree(fit.family in get_args(Family), "its family is unknown")
    for name, kind in (("divergences", int), ("worst", str)):
        held = getattr(fit.diagnostics, name)
        _agree(held is None or isinstance(held, kind), f"the diagnostic {name} is of another type")
    _agree(all(isinstance(why, str) for why in fit.diagnostics.failed), "what failed the gate is no text")
    for name in ("exposure", "model"):
        _agree(isinstance(fit.certificate.get(name, ""), str), f"{name} in its certificate is no text")
    _design(fit.design)
    _draws(fit)


def require_told(fit: Fit) -> None:
    """Tell all that is told of a fit of a few of its draws: raises whatever that raises."""
    draws = _draws(fit)
    at = np.linspace(0, draws - 1, min(draws, DRAWS)).astype(int)
    values = {name: held[at] for name, held in fit.values.items()}
    stats = {name: held.ravel()[at][None] for name, held in fit.sample_stats.items()}
    few = replace(fit, values=values, sample_stats=stats, chains=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # eight draws are few for effective sample sizes
        few.summary()
        few.sentences()
        few.probabilities()
        repr(few)
        tree_and_skeleton(few)


def _design(design: Any) -> None:
    """Indices lie among what they point to: what reads them later is compiled, and looks no further."""
    _agree(isinstance(design, DesignMatrix), "it holds no design")
    for name in ("periods", "knots"):
        steps = getattr(design, name, 1)
        whole = isinstance(steps, int) and 0 <= steps <= MOST_STEPS
        _agree(whole, f"the design's number of {name} is not between 0 and {MOST_STEPS:,}")
    rows = len(design.matrix)
    _agree(design.matrix.shape == (rows, len(design.names)), "the design's columns are not those that it names")
    for name in ("centre", "scale"):
        _agree(getattr(design, name).shape == (len(design.names),), f"the design's {name} is not that of its columns")
    if isinstance(design, Design):
        for name in ("onsets", "days", "days_at_risk", "burn_in", "before_window", "child", "home", "period"):
            _agree(np.shape(getattr(design, name)) == (rows,), f"the design's {name} is not of its rows")
    for name, group in design.units.items():
        _between(name, group.index, -1, len(group.members) if isinstance(group, Membership) else len(group.ids))
        if isinstance(group, Membership):
            _members(name, group, len(design.home_ids))
    for lags in (getattr(design, name, None) for name in ("peers", "own")):
        if lags is not None:
            _between("lagged rows", lags.row, 0, rows)
            _between("lags", lags.lag, 1, lags.memory + 1)


def _members(name: str, group: Membership, homes: int) -> None:
    _between(f"combinations of {name}", group.members, 0, len(group.ids) + 1)
    _between(f"homes of {name}", group.home, 0, homes)
    weight = group.weight
    of_members = weight.shape == group.members.shape and weight.ndim == 2 and group.home.shape == (len(group.ids),)
    fit = of_members and weight.dtype.kind == "f" and np.isfinite(weight).all()
    nobody = fit and not weight[group.members == len(group.ids)].any()
    _agree(fit and nobody, f"the design's weights of {name} are not those of its combinations")


def _between(name: str, index: Any, low: int, end: int) -> None:
    whole = isinstance(index, np.ndarray) and index.dtype.kind in "iu"
    inside = whole and (not index.size or (index.min() >= low and index.max() < end))
    _agree(inside, f"the design's {name} point outside what it holds")


def _draws(fit: Fit) -> int:
    """The number of draws, once every quantity has as many and is of its dimensions."""
    sizes = {len(values) for values in (*fit.values.values(), *map(np.ravel, fit.sample_stats.values()))}
    _agree(len(sizes) == 1 and min(sizes) > 0, "its quantities have different numbers of draws")
    (draws,) = sizes
    _agree(isinstance(fit.chains, int) and fit.chains > 0 and draws % fit.chains == 0, "its draws are no whole chains")
    for name, values in fit.values.items():
        dims = fit.dims.get(name, ())
        _agree(values.dtype.kind in "fiu" and values.ndim == 1 + len(dims), f"{name} is not of its dimensions")
        for dim, size in zip(dims, values.shape[1:], strict=True):
            _agree(size == len(fit.labels.get(dim, range(size))), f"{name} is not of the length of its labels")
        finite = np.isfinite(values)  # what a law of frailty lacks is no number in every draw
        _agree(finite.all() or not finite.any(), f"some draws of {name} are no numbers")
    return draws


def _agree(kept: Any, what: str) -> None:
    if not kept:
        raise InputError(f"its parts do not fit each other: {what}")

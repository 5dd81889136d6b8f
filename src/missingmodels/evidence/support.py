"""How many children and homes stand behind each estimate, and how much of it is a few of them: for who may see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from missingmodels.fitting.result import Fit
from missingmodels.frame.design_matrix import EventRows

WHOLE = "*"  # stands for an estimate on all children and homes of a fit


def support_of(fits: Iterable[Fit]) -> list[dict[str, Any]]:
    """One entry a fit and column, and one for what rests on the whole of it.

    ``children``, ``homes``: fewest on either side of a contrast; a column of more than two values has those for whom it
    is not at its commonest. ``largest_children``, ``largest_homes``: shares of the three largest in what tells the
    estimate, the column's squared deviations weighted by days, or the onsets of the whole. ``low``, ``high``: between
    these a column has as many children beyond either end as ``tail`` says.
    """
    return [entry for fit in fits for entry in support_of_fit(fit)]


TAIL = 10


def support_of_fit(fit: Fit, *, only: str | None = None) -> list[dict[str, Any]]:
    """The same of one fit, of any family. Rows without children are their own; without homes ``homes`` is None.

    ``only`` names the one column that is wanted beside the whole.
    """
    design, key = fit.design, {"model": fit.model, "exposure": fit.exposure}
    if isinstance(design, EventRows):
        weight = np.broadcast_to(np.asarray(design.size, dtype=float), design.y.shape)
        child, home = (design.units.get(name, design.units.get(f"{name}0")) for name in ("child", "home"))
        who = {"children": np.arange(design.y.size) if child is None else child.index}
        who |= {} if home is None else {"homes": home.index}
        events = np.nan_to_num(np.asarray(design.y, dtype=float))
    else:
        weight = design.window_days
        who, events = {"children": design.child, "homes": design.home}, design.onsets.astype(float)
    inside = weight > 0
    who = {name: units[inside] for name, units in who.items()}
    whole = {name: int(np.unique(units).size) for name, units in who.items()}
    lacking: dict[str, Any] = {"homes": None, "largest_homes": []} if "homes" not in who else {}
    found = [key | {"column": WHOLE} | lacking | whole | shares_of_largest(who, events[inside])]
    for at, name in enumerate(design.names):
        if only is not None and name != only:
            continue
        values = design.matrix[inside, at]
        found.append(key | {"column": name} | lacking | _of_column(who, values, weight[inside]))
    return found


def _of_column(who: dict[str, np.ndarray], values: np.ndarray, days: np.ndarray) -> dict[str, Any]:
    levels, at = np.unique(values, return_inverse=True)
    usual = levels[np.argmax(np.bincount(at, days))] if levels.size else 0.0
    off = values != usual
    counts = {name: int(np.unique(units[off]).size) for name, units in who.items()}
    if levels.size <= 2:
        counts = {name: min(n, int(np.unique(who[name][~off]).size)) for name, n in counts.items()}
    mean = np.average(values, weights=days) if days.sum() else 0.0
    told = days * (values - mean) ** 2
    return counts | shares_of_largest(who, told) | _ends(who["children"], values)


def shares_of_largest(who: dict[str, np.ndarray], told: np.ndarray) -> dict[str, list[float]]:
    """Of each kind of unit the shares of the three largest, largest first; nothing where there is nothing to share."""
    found = {}
    for name, units in who.items():
        sums = np.sort(np.bincount(units, told))[::-1] if units.size else np.zeros(0)
        total = sums.sum()
        found[f"largest_{name}"] = [float(s / total) for s in sums[:3]] if total > 0 else []
    return found


def _ends(child: np.ndarray, values: np.ndarray) -> dict[str, float | None]:
    """Ends of a column with ``TAIL`` children at or beyond them; None where there are fewer children."""
    if not child.size:
        return {"low": None, "high": None}
    size = int(child.max()) + 1
    most, least = np.full(size, -np.inf), np.full(size, np.inf)
    np.maximum.at(most, child, values)
    np.minimum.at(least, child, values)
    seen = np.isfinite(most)
    if seen.sum() < TAIL:
        return {"low": None, "high": None}
    return {"low": float(np.sort(least[seen])[TAIL - 1]), "high": float(np.sort(most[seen])[::-1][TAIL - 1])}

"""What the other outcomes are fitted to: rows of named columns with their groups. Plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.frame.design_matrix import EventRows, Group, standardisation


def outcome_rows(
    outcome: str, names: Sequence[str], matrix: np.ndarray, *, notes: Sequence[str] = (), **parts: Any
) -> EventRows:
    """Rows of one outcome; ``parts`` are the fields of ``EventRows``.

    A column of two values keeps its unit and its zero, so that no outcome moves the intercept's meaning.
    """
    two = np.array([np.unique(column).size <= 2 for column in matrix.T], dtype=bool)
    # column by column, as sums of columns that lie apart are rounded otherwise
    centre, scale = standardisation(np.asfortranarray(matrix), two, centred=~two)
    return EventRows(
        outcome=outcome,
        names=tuple(names),
        matrix=matrix,
        centre=centre,
        scale=scale,
        notes=tuple(notes),
        **parts,
    )


@dataclass(frozen=True, kw_only=True)
class _Terms:
    """Columns that stand, rows that have a value in all of them, and what was left out."""

    names: tuple[str, ...]
    matrix: np.ndarray
    keep: np.ndarray
    notes: tuple[str, ...]


def choose_terms(
    available: Mapping[str, np.ndarray],
    asked: Sequence[str] | None,
    default: Sequence[str],
    *,
    always: Sequence[str] = (),
    unit: str,
) -> _Terms:
    """The columns of a model. One of the default that is unrecorded, or the same in every row, is left out with a note.

    Raises ConfigInvalid for a term that is not known, CannotAnswer for one asked for that the data cannot hold.
    """
    unknown = [name for name in asked or () if name not in available]
    if unknown:
        raise ConfigInvalid(
            f"terms name {', '.join(map(repr, unknown))}, which no column gives",
            where="terms",
            remedy=f"known terms: {', '.join(name for name in available if name not in always)}",
        )
    names, notes = [], []
    for name in dict.fromkeys([*always, *(default if asked is None else asked)]):
        values = available[name][~np.isnan(available[name])]
        fault = "is unrecorded" if not values.size else "is the same everywhere" if np.ptp(values) == 0 else ""
        if not fault:
            names.append(name)
        elif asked is not None and name in asked:
            raise CannotAnswer(f"{name} {fault}, so it has no effect to estimate", remedy="leave the term out")
        elif name not in always:
            notes.append(f"{name} {fault} and was left out")
    rows = next(iter(available.values())).size
    matrix = np.column_stack([available[name] for name in names]) if names else np.zeros((rows, 0))
    keep = ~np.isnan(matrix).any(axis=1)
    if not keep.all():
        notes.append(f"{(~keep).sum()} of {keep.size} {unit} have an unrecorded term and were left out")
    return _Terms(names=tuple(names), matrix=matrix[keep], keep=keep, notes=tuple(notes))


def group_of(index: np.ndarray, ids: Sequence[str]) -> Group:
    """The clusters that occur, numbered anew in their order."""
    held, at = np.unique(index, return_inverse=True)
    return Group(ids=tuple(str(ids[i]) for i in held), index=at)


def added_up(
    matrix: np.ndarray, y: np.ndarray, size: np.ndarray, **groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """(R, P) columns, (R,) events, sizes and groups: equal rows as one, events and sizes added: nothing is lost, given
    the columns.
    """
    key = pd.DataFrame({**{f"column{i}": column for i, column in enumerate(matrix.T)}, **groups})
    code, _ = pd.factorize(pd.MultiIndex.from_frame(key))
    first = np.unique(code, return_index=True)[1]
    return (
        matrix[first],
        np.bincount(code, y).astype(y.dtype),
        np.bincount(code, size),
        {name: index[first] for name, index in groups.items()},
    )


def bands(values: np.ndarray, edges: Sequence[int], prefix: str) -> dict[str, np.ndarray]:
    """(N,) an indicator for each band ``edges[k] … edges[k + 1] - 1`` of whole days, the last one open."""
    out = {}
    for k, low in enumerate(edges):
        high = edges[k + 1] if k + 1 < len(edges) else None
        out[f"{prefix}[{band_label(low, high)}]"] = (values >= low) & (True if high is None else values < high)
    return {name: found.astype(float) for name, found in out.items()}


def band_label(low: int, high: int | None) -> str:
    """``0``, ``2-6`` or ``28+``."""
    return f"{low}+" if high is None else str(low) if high == low + 1 else f"{low}-{high - 1}"

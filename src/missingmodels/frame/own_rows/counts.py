"""Anybody's rows of counts as a design: outcome, exposure, clusters and the matrix of a formula.

The road of published data sets, beside the one from ``Tables``: nothing here knows of children's homes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from missingmodels.formula import Formula
from missingmodels.frame.design_matrix import EventRows, Group, indicators, standardisation
from missingmodels.frame.formula_columns import FormulaUnfit, term_columns
from missingmodels.frame.own_rows.asked import Asked, rows_invalid
from missingmodels.frame.own_rows.check import faults_of_data, faults_of_question, names_of, read_question, row_list
from missingmodels.frame.own_rows.columns import faults_of_columns, notes_of_levels

MOST_GIVERS = 8  # of a collinear column that a message names


def build_counts(frame: pd.DataFrame, asked: Asked) -> EventRows:
    """Check rows and question, and lay them out, sorted by child. Raises RowsInvalid with every fault found.

    Units are ``child``, and ``home0``, ``home1`` … for each home column. Columns stand about the mean of the rows, so
    that the intercept's prior speaks of the average row. ``further``: ``spread`` (P,), the sample standard deviations
    by which ``autoscale`` divides, and ``rows`` (R,), labels of the frame's index.
    """
    formula, faults = read_question(asked.formula)
    faults += faults_of_question(frame, asked, formula)
    if not frame.columns.is_unique:
        raise rows_invalid(faults)
    # values are looked at even where a name is wrong, so that all faults are told at once
    known = asked.restricted_to(frame.columns)
    outcome = formula.outcome if formula is not None and formula.outcome in frame else None
    used = [name for name in dict.fromkeys([*names_of(formula), *asked.columns()]) if name in frame]
    kept, dropped, unrecorded = _recorded(frame, used)
    data_faults, notes = faults_of_data(kept, known, outcome) if len(frame) else ([], ())
    if dropped and asked.unrecorded == "refuse":
        faults += [f"{text}; give unrecorded='drop' (--drop-unrecorded) to leave those rows out" for text in unrecorded]
    elif dropped:
        notes = (f"{len(dropped)} of {len(frame)} rows left out: {'; '.join(unrecorded)}", *notes)
    faults += data_faults
    if formula is not None:
        faults += faults_of_columns(kept, formula)
    if faults or formula is None or outcome is None:
        raise rows_invalid(faults)
    if asked.exposure is not None:
        kept = kept[kept[asked.exposure].astype(float) > 0]  # rows without exposure and events say nothing
    if asked.child is not None:
        kept = kept.iloc[np.argsort(kept[asked.child].astype(str).to_numpy(), kind="stable")]
    notes += notes_of_levels(frame, kept, formula)
    table = _table(kept, formula)
    return _lay_out(kept, table, asked, outcome, tuple(dropped), notes)


def _recorded(frame: pd.DataFrame, used: list[str]) -> tuple[pd.DataFrame, list[object], list[str]]:
    """Rows in which every used column is recorded, the labels of the others, and where values are unrecorded."""
    lost = frame[used].isna()
    text = [
        f"{name} is unrecorded in {row_list(frame.index[lost[name]].tolist())}" for name in used if lost[name].any()
    ]
    any_lost = lost.any(axis=1).to_numpy()
    return frame[~any_lost], frame.index[any_lost].tolist(), text


def _table(kept: pd.DataFrame, formula: Formula) -> pd.DataFrame:
    """The design columns without the intercept."""
    try:
        table = term_columns(formula.terms, kept[list(formula.columns)])
    except FormulaUnfit as error:
        raise rows_invalid([str(error)]) from error
    matrix = table.to_numpy(dtype=float)
    bad = ~np.isfinite(matrix)
    if bad.any():
        raise rows_invalid(
            [
                f"column {name} is not finite in {row_list(kept.index[bad[:, i]].tolist())}"
                for i, name in enumerate(table.columns)
                if bad[:, i].any()
            ]
        )
    faults = collinear(matrix, [str(name) for name in table.columns])
    if faults:
        raise rows_invalid(faults)
    return table


def collinear(matrix: np.ndarray, names: Sequence[str], tolerance: float = 1e-8) -> list[str]:
    """Every column that the intercept and the columns before it already give, with the columns that give it.

    Columns are compared about their means, so that one far from 0 is not taken for the intercept: only what rounding
    has left of its spread counts.
    """
    faults: list[str] = []
    held, labels, means = [np.zeros(matrix.shape[0])], ["the intercept"], [1.0]
    for column, name in zip(matrix.T, names, strict=True):
        top = np.abs(column).max(initial=0.0)
        mean = float(column.mean())
        size = np.abs(column - mean).max(initial=0.0)
        rounding = 8 * np.finfo(float).eps * top
        scaled = (column - mean) / (size if size > rounding else np.inf)
        base = np.column_stack(held)
        found, *_ = np.linalg.lstsq(base, scaled, rcond=None)
        if size <= rounding or np.abs(base @ found - scaled).max() < max(tolerance, rounding / size):
            # what the others leave of the mean is the intercept's part
            found[0] = (mean - size * (found[1:] @ means[1:])) / (top or 1.0)
            givers = [label for label, value in zip(labels, found, strict=True) if abs(value) > 1e-6]
            more = f" and {len(givers) - MOST_GIVERS} more" if len(givers) > MOST_GIVERS else ""
            what = f"is a combination of {', '.join(givers[:MOST_GIVERS])}{more}" if givers else "is 0 in every row"
            faults.append(f"column {name} {what}: leave it out of the formula")
        else:
            held.append(scaled)
            labels.append(name)
            means.append(mean / size)
    return faults


def _lay_out(
    kept: pd.DataFrame,
    table: pd.DataFrame,
    asked: Asked,
    outcome: str,
    dropped: tuple[object, ...],
    notes: tuple[str, ...],
) -> EventRows:
    matrix = np.ascontiguousarray(table.to_numpy(dtype=float))
    several = matrix.shape[0] > 1 and matrix.shape[1] > 0
    spread = matrix.std(axis=0, ddof=1) if several else np.ones(matrix.shape[1])
    centre, scale = standardisation(matrix, indicators(matrix) | (not several), ddof=int(several))
    size = asked.exposure if asked.trials is None else asked.trials
    clusters = {} if asked.child is None else {"child": asked.child}
    clusters |= {f"home{i}": name for i, name in enumerate(asked.homes())}
    return EventRows(
        formula=asked.formula,
        outcome=outcome,
        names=tuple(str(name) for name in table.columns),
        matrix=matrix,
        centre=centre,
        scale=scale,
        y=kept[outcome].to_numpy(dtype=float).astype(np.int64),
        size=np.ones(len(kept)) if size is None else kept[size].to_numpy(dtype=float),
        trials=asked.trials is not None,
        units={name: _units(kept, column) for name, column in clusters.items()},
        further={"spread": spread, "rows": kept.index.to_numpy()},
        dropped=dropped,
        notes=notes,
    )


def _units(frame: pd.DataFrame, column: str) -> Group:
    index, ids = pd.factorize(frame[column].astype(str), sort=True)
    return Group(column=column, index=index.astype(np.int64), ids=tuple(map(str, ids)))

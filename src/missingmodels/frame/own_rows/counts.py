"""Anybody's rows of counts as a design: outcome, exposure, clusters and the matrix of a formula.

The road of published data sets, beside the one from ``Tables``: nothing here knows of children's homes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaln

from missingmodels.formula import Formula
from missingmodels.frame.formula_columns import FormulaUnfit, term_columns
from missingmodels.frame.own_rows.asked import Asked, rows_invalid
from missingmodels.frame.own_rows.check import faults_of_data, faults_of_question, names_of, read_question, row_list
from missingmodels.frame.own_rows.columns import faults_of_columns, notes_of_levels

MOST_GIVERS = 8  # of a collinear column that a message names


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Clusters of rows: the column's name, (R,) indices and the G names that they point to."""

    column: str
    index: np.ndarray
    ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Rows of counts, sorted by child. R rows, P columns.

    Attributes
    ----------
    outcome : name of the column of counts
    names : P design columns, the intercept not among them
    matrix : (R, P) columns as the formula gives them
    centre, scale : (P,) the sampler sees ``(matrix - centre) / scale``: the mean of the rows, so that the intercept's
        prior speaks of the average row, and the standard deviation (1 for indicators)
    spread : (P,) sample standard deviation of every column, by which ``autoscale`` divides
    y : (R,) events
    exposure : (R,) its logarithm is the offset; 1 where none is given
    trials : (R,) trials of a binomial outcome, None for counts
    child, homes : clusters; None and empty if there are none
    rows : (R,) labels of the frame's index, to trace a row back
    dropped : labels of rows left out because a value is unrecorded
    """

    formula: str
    outcome: str
    names: tuple[str, ...]
    matrix: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    spread: np.ndarray
    y: np.ndarray
    exposure: np.ndarray
    trials: np.ndarray | None
    child: Groups | None
    homes: tuple[Groups, ...]
    rows: np.ndarray
    dropped: tuple[object, ...]
    notes: tuple[str, ...]

    @property
    def standardised(self) -> np.ndarray:
        """(R, P) what the sampler sees."""
        return (self.matrix - self.centre) / self.scale

    @property
    def constant(self) -> np.ndarray:
        """(R,) what the likelihood holds beside its kernel: y log n - log y!, or the log binomial coefficient.

        It depends on how rows are merged: two rows that become one keep their kernel and change this.
        """
        if self.trials is None:
            return np.asarray(self.y * np.log(self.exposure) - gammaln(self.y + 1))
        return np.asarray(gammaln(self.trials + 1) - gammaln(self.y + 1) - gammaln(self.trials - self.y + 1))

    @property
    def average_log_rate(self) -> float:
        """Log of events over exposure, or the log odds of events in all trials."""
        if self.trials is None:
            return float(np.log(self.y.sum() / self.exposure.sum()))
        return float(np.log(self.y.sum() / (self.trials.sum() - self.y.sum())))

    def to_raw(self, intercept: np.ndarray, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Intercept (...) where every column is 0 and coefficients (..., P) of the columns as they are."""
        raw = coefficients / self.scale
        return intercept - raw @ self.centre, raw

    def to_standardised(self, intercept: np.ndarray, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Intercept (...) and coefficients (..., P): the inverse of ``to_raw``."""
        return intercept + coefficients @ self.centre, coefficients * self.scale


def build_counts(frame: pd.DataFrame, asked: Asked) -> Counts:
    """Check rows and question, and lay them out. Raises RowsInvalid with every fault found."""
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
        faults += [f"{text}; give unrecorded='drop' to leave those rows out" for text in unrecorded]
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
) -> Counts:
    matrix = np.ascontiguousarray(table.to_numpy(dtype=float))
    several = matrix.shape[0] > 1 and matrix.shape[1] > 0
    spread = matrix.std(axis=0, ddof=1) if several else np.ones(matrix.shape[1])
    indicator = np.isin(matrix, (0.0, 1.0)).all(axis=0)
    exposure = kept[asked.exposure].to_numpy(dtype=float) if asked.exposure is not None else np.ones(len(kept))
    return Counts(
        formula=asked.formula,
        outcome=outcome,
        names=tuple(str(name) for name in table.columns),
        matrix=matrix,
        centre=matrix.mean(axis=0),
        scale=np.where(indicator, 1.0, spread),
        spread=spread,
        y=kept[outcome].to_numpy(dtype=float).astype(np.int64),
        exposure=exposure,
        trials=None if asked.trials is None else kept[asked.trials].to_numpy(dtype=float).astype(np.int64),
        child=None if asked.child is None else _groups(kept, asked.child),
        homes=tuple(_groups(kept, name) for name in asked.homes()),
        rows=kept.index.to_numpy(),
        dropped=dropped,
        notes=notes,
    )


def _groups(frame: pd.DataFrame, column: str) -> Groups:
    index, ids = pd.factorize(frame[column].astype(str), sort=True)
    return Groups(column=column, index=index.astype(np.int64), ids=tuple(map(str, ids)))

"""A formula's columns: unrecorded values filled and flagged, indicators of levels, curves, units for the sampler."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from missingmodels.errors import ConfigInvalid
from missingmodels.formula import Name, Term
from missingmodels.frame.columns.splines import curve_columns, is_curve
from missingmodels.frame.design_matrix import indicators, standardisation
from missingmodels.frame.formula_columns import FormulaUnfit, term_columns
from missingmodels.frame.rows import TERMS_REMEDY, variables

# Exposures and indicators keep their own unit, so that their prior speaks of "one recent peer against none".
NATURAL_UNIT_PREFIXES = ("peer_", "outside_")


def complete(frame: pd.DataFrame, formula: str) -> tuple[pd.DataFrame, list[str]]:
    """Rows without unrecorded values: partly unrecorded ones stand at their mean and get an indicator."""
    frame, notes, indicators, absent, flags = frame.copy(), [], [], set(), set()
    weight = frame["days_at_risk"].to_numpy(dtype=float)
    for name in sorted(variables(formula) & set(frame.columns)):
        if not pd.api.types.is_float_dtype(frame[name]):
            continue
        values = frame[name].to_numpy(dtype=float)
        lost = np.isnan(values)
        if lost.all():
            absent.add(name)
            notes.append(f"{name} is unrecorded throughout and left out")
        elif lost.any():
            share = weight[lost].sum() / weight.sum()
            flags |= {name} if np.isin(values[~lost], (0.0, 1.0)).all() else set()
            notes.append(
                f"{name} is unrecorded on {share:.1%} of days at risk: they stand at its mean, with an indicator"
            )
            frame[name] = np.where(lost, np.average(values[~lost], weights=weight[~lost]), values)
            frame[f"{name}_unrecorded"] = lost.astype(float)
            indicators.append(f"{name}_unrecorded")
    frame.attrs = {"absent": absent, "indicators": indicators, "filled_flags": flags}
    return frame, notes


def columns_of(frame: pd.DataFrame, terms: Sequence[Term], weight: np.ndarray) -> pd.DataFrame:
    """The columns of all terms, curves last."""
    curves = [term for term in terms if is_curve(term)]
    table = _design_frame(frame, tuple(term for term in terms if term not in curves))
    return pd.concat([table, *(curve_columns(term, frame, weight) for term in curves)], axis=1)


def _design_frame(frame: pd.DataFrame, terms: tuple[Term, ...]) -> pd.DataFrame:
    alone = [term.factors[0].name for term in terms if len(term.factors) == 1 and isinstance(term.factors[0], Name)]
    if len(alone) == len(terms) and all(_is_plain(frame[name].dtype) for name in alone):
        held = {name: values for column in alone for name, values in _plain(frame[column]).items()}
        return pd.DataFrame(held, index=frame.index)
    where = " + ".join(term.text for term in terms)
    try:
        table = term_columns(terms, frame).set_axis(frame.index)
    except FormulaUnfit as error:
        raise ConfigInvalid(str(error), where=where, remedy=TERMS_REMEDY) from error
    bad = [str(name) for name, lost in (~np.isfinite(table)).any().items() if lost]
    if bad:
        raise ConfigInvalid(
            f"not finite on some days at risk: {', '.join(bad)}",
            where=where,
            remedy="a logarithm takes no 0: write log1p(x) or log(x + 1)",
        )
    return table


def _is_plain(dtype: object) -> bool:
    return dtype == np.float64 or (isinstance(dtype, pd.CategoricalDtype) and bool(dtype.ordered))


def _plain(column: pd.Series) -> dict[str, np.ndarray]:
    """What formulae makes of a column that stands alone: itself, or an indicator of each level but the first."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return {str(column.name): column.to_numpy()}
    codes = column.cat.codes.to_numpy()
    levels = list(column.cat.categories)[1:]
    return {f"{column.name}[{level}]": (codes == i + 1).astype(float) for i, level in enumerate(levels)}


def varying(table: pd.DataFrame, weight: np.ndarray) -> tuple[list[str], dict[str, float]]:
    """Columns that vary where ``weight`` is above 0, and the others with their value there."""
    held = table[weight > 0]
    spread = held.max() - held.min()
    keep = [str(name) for name in table.columns if spread[name] > 1e-12]
    return keep, {str(name): float(held[name].iloc[0]) for name in table.columns if str(name) not in keep}


def onset_standardisation(
    matrix: np.ndarray, names: list[str], weight: np.ndarray, filled_flags: set[str]
) -> tuple[np.ndarray, np.ndarray]:
    """(P,) day-weighted centre and scale of each column: indicators and exposures keep their own unit."""
    own = indicators(matrix) | np.isin(names, list(filled_flags))
    own |= np.array([name.startswith(NATURAL_UNIT_PREFIXES) for name in names], dtype=bool)
    return standardisation(matrix, own, weight=weight)

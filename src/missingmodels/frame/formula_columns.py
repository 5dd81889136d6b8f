"""A formula's terms as columns of numbers. The one place that calls formulae, and what it is given.

Arithmetic is done here, by the functions of the list and no others. formulae sees a formula of columns in backquotes,
``+``, ``:``, ``bs`` and ``poly``, which this module writes, and an environment without a name in it, so that no text
of a user's formula reaches what it resolves and calls.
"""

from __future__ import annotations

import contextlib
import io
import operator
from collections.abc import Callable, Mapping
from math import prod

import numpy as np
import pandas as pd
from formulae import design_matrices
from formulae.environment import Environment

from missingmodels.formula import Call, Name, Node, Number, Term, Text

MAX_COLUMNS = 2000
MOST_WORDS = 8  # of levels that a message lists


class FormulaUnfit(ValueError):
    """A formula that reads but does not work on these columns."""


_FUNCTIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "I": np.asarray,
    "log": np.log,
    "log1p": np.log1p,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "center": lambda x: x - np.mean(x),
    "scale": lambda x: (x - np.mean(x)) / np.std(x),
}
_OPERATORS: Mapping[str, Callable[..., np.ndarray]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
INTERCEPT = "Intercept"  # what formulae calls its own column
_SEVERAL = ("bs", "poly")  # calls that give several columns, which formulae makes


def term_columns(terms: tuple[Term, ...], frame: pd.DataFrame) -> pd.DataFrame:
    """(R, P) design columns of the terms, without the intercept but coded beside one.

    Raises FormulaUnfit where the terms do not work on the columns of ``frame``; every value must be recorded. Where a
    function has no value the columns that lack one come back alone.
    """
    held: dict[str, pd.Series] = {}
    with np.errstate(all="ignore"):  # what is not finite is the caller's to tell
        written = [":".join(_written(factor, frame, held) for factor in term.factors) for term in terms]
    data = pd.DataFrame(held, index=pd.RangeIndex(len(frame)))
    if not written:
        return data[[]]
    absent = data.columns[data.isna().any()]
    if len(absent):  # a function has no value there, as a root of what is below 0: the caller knows the rows' names
        return data[absent]
    _require_few(terms, data)
    # formulae prints where a term fails
    with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        try:
            made = design_matrices(" + ".join(written), data, na_action="error", env=Environment([]))
            table = made.common.as_dataframe().drop(columns=INTERCEPT, errors="ignore")
        except Exception as error:  # formulae and scipy raise many kinds
            raise FormulaUnfit(f"the formula does not work on these rows ({error})") from error
    alike = sorted({str(name) for name in table.columns[table.columns.duplicated()]})
    if alike:
        raise FormulaUnfit(f"the formula gives two columns of one name: {', '.join(alike)}; rename a column")
    return table


def is_category(column: pd.Series) -> bool:
    """Whether a formula takes a column by its levels: text or a category."""
    return not (pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype))


def levels_of(column: pd.Series) -> list[object]:
    """The levels of a column in their order: the categories that have rows, or the sorted values."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.remove_unused_categories().cat.categories)
    values = pd.unique(column).tolist()
    try:
        return sorted(values)
    except TypeError:  # numbers beside texts
        return sorted(values, key=str)


def _written(factor: Name | Call, frame: pd.DataFrame, held: dict[str, pd.Series]) -> str:
    """How formulae is told of a factor; ``held`` gets the columns that it then needs."""
    if isinstance(factor, Call) and factor.function in _SEVERAL:
        options = [
            _literal(value) if i < factor.placed else f"{key}={_literal(value)}"
            for i, (key, value) in enumerate(factor.options)
        ]
        name = _hold(factor.argument, pd.Series(_numbers(factor.argument, frame)), held)
        return f"{factor.function}({', '.join([name, *options])})"
    return _hold(factor, _column(factor, frame), held)


def _hold(node: Node, values: pd.Series, held: dict[str, pd.Series]) -> str:
    """Keep a column under its name, and give the name in backquotes, between which formulae reads no further."""
    name = _label(node)
    if name == INTERCEPT:  # formulae would hold the two for one
        raise FormulaUnfit(f"a column called {INTERCEPT} would be taken for the model's own; rename it")
    if name in held and not held[name].equals(values):
        raise FormulaUnfit(f"the formula gives two columns of one name: {name}; rename a column")
    held[name] = values
    return f"`{name}`"


def _label(node: Node) -> str:
    return (node.name if isinstance(node, Name) else node.text).replace("`", "")


def _literal(value: float | int | bool | str) -> str:
    """A number or flag as formulae reads it: it knows no exponents."""
    return np.format_float_positional(value, trim="0") if isinstance(value, float) else str(value)


def _column(factor: Name | Call, frame: pd.DataFrame) -> pd.Series:
    """A factor as numbers or as an ordered category whose first level is the reference."""
    by_level = isinstance(factor, Call) and factor.function in ("C", "T")
    if isinstance(factor, Name) and not is_category(frame[factor.name]):
        return pd.Series(_numbers(factor, frame))
    if isinstance(factor, Call) and not by_level:
        return pd.Series(_numbers(factor, frame))
    source = factor.argument if isinstance(factor, Call) else factor
    values = frame[source.name] if isinstance(source, Name) else pd.Series(_numbers(source, frame))
    levels = levels_of(values)
    options = dict(factor.options) if isinstance(factor, Call) else {}
    if "ref" in options:
        first = next((level for level in levels if level == options["ref"]), None)
        if first is None:
            raise FormulaUnfit(f"{options['ref']!r} is no level of {source.text} ({_listed(levels)})")
        levels = [first, *(level for level in levels if level != first)]
    if len(levels) < 2:
        raise FormulaUnfit(
            f"{source.text} has a single level ({_listed(levels)}), so it tells nothing: take it out of the formula"
        )
    kind = pd.CategoricalDtype(levels, ordered=True)
    return pd.Series(pd.Categorical(values.to_numpy(dtype=object), dtype=kind))


def _listed(levels: list[object]) -> str:
    more = f", … {len(levels) - MOST_WORDS} more" if len(levels) > MOST_WORDS else ""
    return ", ".join(map(str, levels[:MOST_WORDS])) + more


def _numbers(node: Node, frame: pd.DataFrame) -> np.ndarray:
    """(R,) values of arithmetic in double precision; a comparison gives 1 and 0."""
    values = np.asarray(_value(node, frame))
    if values.dtype == object or values.dtype.kind in "USO":
        raise FormulaUnfit(f"{node.text} is text where the formula needs numbers")
    return np.array(np.broadcast_to(values, len(frame)), dtype=float)


def _value(node: Node, frame: pd.DataFrame) -> np.ndarray:
    if isinstance(node, Name):
        column = frame[node.name]
        return column.to_numpy(dtype=object if is_category(column) else float)
    if isinstance(node, Number):
        return np.array(node.value)
    if isinstance(node, Text):
        return np.array(node.value, dtype=object)
    if isinstance(node, Call):
        return _FUNCTIONS[node.function](_numbers(node.argument, frame))
    if node.symbol in ("==", "!="):
        return np.asarray(_OPERATORS[node.symbol](*(_value(part, frame) for part in node.parts)))
    parts = [_numbers(part, frame) for part in node.parts]
    if len(parts) == 1:
        return -parts[0] if node.symbol == "-" else parts[0]
    return _OPERATORS[node.symbol](*parts)


def _require_few(terms: tuple[Term, ...], data: pd.DataFrame) -> None:
    """Raise FormulaUnfit before an interaction of many levels is laid out."""
    number = sum(prod(_width(factor, data) for factor in term.factors) for term in terms)
    if number > MAX_COLUMNS:
        raise FormulaUnfit(f"the formula would have some {number} columns, of {MAX_COLUMNS} allowed")


def _width(factor: Name | Call, data: pd.DataFrame) -> int:
    if isinstance(factor, Call) and factor.function in _SEVERAL:
        return max(int(value) for key, value in (("", 1), *factor.options) if key in ("", "df", "degree"))
    column = data[_label(factor)]
    return len(column.cat.categories) if isinstance(column.dtype, pd.CategoricalDtype) else 1

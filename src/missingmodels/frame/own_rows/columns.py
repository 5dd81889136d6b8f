"""Columns of anybody's rows: which are numbers and which are levels, by what their cells say, never by a guess.

In a column of ids or levels only a blank cell is unrecorded: ``NA``, ``None`` or ``-`` there is an id or a level like
any other. Where all else are numbers, such words are unrecorded too. A column mostly of numbers with other words among
them is refused, unless the formula takes every cell as a level by ``C(x)`` or ``T(x, ref="a")``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from missingmodels.formula import Call, Formula, Name, Term
from missingmodels.frame.formula_columns import is_category, levels_of
from missingmodels.frame.own_rows.check import row_list
from missingmodels.vocabulary.plain_words import names_nobody
from missingmodels.vocabulary.unrecorded import NULL_WORDS

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_CODE = re.compile(r"[+-]?0[0-9]")  # a number that loses a zero
_DRESS = re.compile(r"[£$€%<>~,'\s]")  # what people write about and inside numbers
MOSTLY = 0.5  # of the different cells of a column
SHOWN = 8


def columns_from_text(frame: pd.DataFrame, formula: Formula | None, ids: tuple[str, ...]) -> pd.DataFrame:
    """The columns of a file, all text with blanks unrecorded: those that hold nothing but numbers become numbers.

    ``ids`` stay text, and so does what the formula takes by its levels alone if a number would lose a leading zero.
    """
    by_level = {name for name, level in _uses(formula) if level} - {name for name, level in _uses(formula) if not level}
    held = {}
    for name in frame.columns:
        cells = frame[name]
        words = [str(word) for word in cells.dropna().unique()]
        numbers = [word for word in words if word.casefold() not in NULL_WORDS]
        plain = name not in by_level or not any(map(_CODE.match, numbers))
        if name in ids or not plain or not numbers or not all(map(_NUMBER.fullmatch, numbers)):
            held[name] = cells
        else:
            held[name] = pd.to_numeric(cells.where(cells.isin(numbers)), errors="coerce")
    return pd.DataFrame(held, index=frame.index)


def faults_of_columns(frame: pd.DataFrame, formula: Formula) -> list[str]:
    """What is wrong with the recorded cells of the columns that the terms name."""
    faults = []
    for name, by_level in dict.fromkeys(_uses(formula)):
        if name not in frame or not is_category(frame[name]) or not len(frame):
            continue
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            continue
        cells = column.astype(object)
        if not cells.map(lambda cell: isinstance(cell, str | int | float | np.number)).all():
            kind = type(next(cell for cell in cells if not isinstance(cell, str))).__name__
            faults.append(f"{name} holds {kind} values, which are neither numbers nor text")
        elif not by_level:
            faults += _mixed(name, cells.map(str))
    return faults


def _mixed(name: str, cells: pd.Series) -> list[str]:
    """What is wrong with a column of text that stands for itself, if most of its different cells look like numbers."""
    words = cells.unique()
    number = {word: bool(_NUMBER.fullmatch(word)) for word in words}
    like = [word for word in words if _NUMBER.fullmatch(_DRESS.sub("", word))]
    if len(like) < MOSTLY * len(words):
        return []
    bad = cells[~cells.map(number)]
    if bad.empty:
        return [f"{name} is text, and every cell of it is a number: give it as numbers, or write C({name}) for levels"]
    shown = ", ".join(dict.fromkeys(shown_word(word) for word in bad.unique()[:SHOWN]))
    return [
        f"{name} is not a number in {row_list(bad.index.tolist())} ({shown}): correct those cells or leave them blank, "
        f"or write C({name}) if every cell is a level"
    ]


def shown_word(word: str) -> str:
    """A cell for a message, unless it may name somebody."""
    return repr(word) if names_nobody(word) else "text that may hold a name"


def notes_of_levels(frame: pd.DataFrame, kept: pd.DataFrame, formula: Formula) -> tuple[str, ...]:
    """What has to be said about levels: those without a row, and words for nothing that are taken for levels."""
    notes = []
    for name in formula.columns:
        if not is_category(frame[name]):
            continue
        column = frame[name]
        every = (
            list(column.cat.categories) if isinstance(column.dtype, pd.CategoricalDtype) else column.dropna().unique()
        )
        here = set(kept[name])
        gone = [str(level) for level in every if level not in here]
        if gone:
            notes.append(f"no row left is of {name} {_listed(gone)}, so the model has no column of it")
        words = [str(level) for level in levels_of(kept[name]) if str(level).casefold() in NULL_WORDS]
        if words:
            notes.append(f"{_listed(words)} of {name} is a level like any other: only a blank cell is unrecorded")
    return tuple(notes)


def _listed(words: list[str]) -> str:
    return ", ".join(map(repr, words[:SHOWN])) + (f" and {len(words) - SHOWN} more" if len(words) > SHOWN else "")


def _uses(formula: Formula | None) -> Iterator[tuple[str, bool]]:
    """Each column that a term names, and whether it is there by its levels."""
    for term in formula.terms if formula is not None else ():
        for factor in term.factors:
            by_level = isinstance(factor, Call) and factor.function in ("C", "T") and isinstance(factor.argument, Name)
            for name in sorted(Term((factor,)).columns):
                yield name, by_level

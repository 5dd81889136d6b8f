"""What can be wrong with anybody's rows of counts and with the question asked of them, found all at once."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd

from missingmodels.formula import Formula, FormulaFault, read_formula
from missingmodels.frame.own_rows.asked import FRAILTIES, Asked

LARGEST_COUNT = 2**53  # beyond it double precision skips whole numbers
_OTHER_WORDS = {"log_normal": "lognormal", "log-normal": "lognormal", "gaussian": "normal"}


def read_question(formula: str) -> tuple[Formula | None, list[str]]:
    """The formula's outcome and terms, or what is wrong with it."""
    try:
        found = read_formula(formula)
    except FormulaFault as error:
        return None, [str(error)]
    if found.outcome is None:
        return None, [f"the formula {formula!r} names no outcome: write it as 'outcome ~ terms'"]
    faults = []
    if not found.intercept:
        faults.append("the formula leaves the intercept out, but it is in every model: remove '0 +' or '- 1'")
    if found.outcome in found.columns:
        faults.append(f"the outcome {found.outcome} is also among the terms")
    return found, faults


def names_of(formula: Formula | None) -> tuple[str, ...]:
    """Every column that a formula mentions, the outcome first."""
    return () if formula is None else tuple(dict.fromkeys([*filter(None, [formula.outcome]), *formula.columns]))


def faults_of_question(frame: pd.DataFrame, asked: Asked, formula: Formula | None) -> list[str]:
    """What is wrong before any value is looked at."""
    if not frame.columns.is_unique:
        return [
            f"columns named twice: {', '.join(sorted({str(c) for c in frame.columns[frame.columns.duplicated()]}))}"
        ]
    faults = [] if len(frame) else ["there are no rows"]
    known = [str(name) for name in frame.columns]
    for name in dict.fromkeys([*names_of(formula), *asked.columns()]):
        if name not in known:
            near = [k for k in known if k.lower() == name.lower()] or get_close_matches(name, known, n=1)
            hint = f", did you mean {near[0]!r}?" if near else ""
            faults.append(f"there is no column {name!r}{hint} (columns: {', '.join(known)})")
    parts = asked.columns() + names_of(formula)[:1]
    faults += [f"column {n!r} plays two parts" for n in dict.fromkeys(parts) if parts.count(n) > 1]
    if asked.exposure is not None and asked.trials is not None:
        faults.append("exposure= belongs to counts and trials= to a binomial outcome: give one of them")
    if asked.frailty not in FRAILTIES:
        word = str(asked.frailty)
        near = [_OTHER_WORDS[word]] if word in _OTHER_WORDS else get_close_matches(word, FRAILTIES, n=1)
        hint = f", did you mean {near[0]!r}?" if near else ""
        faults.append(f"frailty {asked.frailty!r} is not known{hint}; known: {', '.join(FRAILTIES)}")
    elif asked.child is not None and asked.trials is not None and asked.frailty in ("gamma", "lognormal"):
        faults.append(f"a binomial outcome has no {asked.frailty} frailty: give frailty='normal', or counts")
    if asked.unrecorded not in ("refuse", "drop"):
        faults.append(f"unrecorded {asked.unrecorded!r} is not known; known: refuse, drop")
    return faults


def faults_of_data(frame: pd.DataFrame, asked: Asked, outcome: str | None) -> tuple[list[str], tuple[str, ...]]:
    """What is wrong with the recorded values, row by row, and what has to be said about them."""
    if not len(frame):
        return ["no row has every value recorded"], ()
    notes: list[str] = []
    y, faults = (np.zeros(len(frame)), []) if outcome is None else _numbers(frame, outcome, whole=True)
    if asked.exposure is not None:
        n, wrong = _numbers(frame, asked.exposure)
        faults += wrong
        empty = n == 0
        if (empty & (y > 0)).any():
            faults.append(f"events without exposure ({asked.exposure} is 0) in {_rows(frame, empty & (y > 0))}")
        elif empty.any():
            notes.append(f"rows without exposure and events say nothing and are left out: {_rows(frame, empty)}")
    if asked.trials is not None:
        trials, wrong = _numbers(frame, asked.trials, whole=True)
        faults += wrong
        if (y > trials).any():
            faults.append(f"more events ({outcome}) than trials ({asked.trials}) in {_rows(frame, y > trials)}")
        if not faults and np.nansum(y) == np.nansum(trials):
            faults.append("every trial is an event: nothing can be estimated")
    if outcome is not None and not faults and np.nansum(y) == 0:
        faults.append(f"there are no events: {outcome} is 0 in every row")
    return faults + _cluster_faults(frame, asked), tuple(notes)


def _cluster_faults(frame: pd.DataFrame, asked: Asked) -> list[str]:
    faults: list[str] = []
    seen: dict[str, np.ndarray] = {}
    for name in (*((asked.child,) if asked.child else ()), *asked.homes()):
        index, ids = pd.factorize(frame[name].astype(str))
        if len(ids) < 2:
            faults.append(
                f"{name} holds a single cluster ({ids[0]}), so its variance cannot be estimated: leave it out"
            )
            continue
        twin = next((other for other, held in seen.items() if np.array_equal(held, index)), None)
        if twin is not None:
            faults.append(f"{name} and {twin} group the rows alike: leave one of them out")
        seen[name] = index
    return faults


def _numbers(frame: pd.DataFrame, name: str, *, whole: bool = False) -> tuple[np.ndarray, list[str]]:
    """(R,) values, NaN where they are none, and what is wrong with them."""
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    faults = []
    for broken, what in (
        (~np.isfinite(values), "is not a finite number"),
        (values < 0, "is negative"),
        (whole & np.isfinite(values) & (values != np.floor(values)), "is not a whole number"),
        (whole & np.isfinite(values) & (values > LARGEST_COUNT), "is beyond 2^53, more than any count,"),
    ):
        if broken.any():
            faults.append(f"{name} {what} in {_rows(frame, broken)}")
    return values, faults


def _rows(frame: pd.DataFrame, chosen: np.ndarray, most: int = 8) -> str:
    return row_list(frame.index[chosen].tolist(), most)


def row_list(labels: Sequence[object], most: int = 8) -> str:
    """Labels of rows in words."""
    shown = ", ".join(map(str, labels[:most]))
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return f"row{'s' if len(labels) > 1 else ''} {shown}{more}"

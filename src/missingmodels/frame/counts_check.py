"""What can be wrong with anybody's rows of counts and with the question asked of them, found all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

import numpy as np
import pandas as pd
from formulae import model_description

FRAILTIES = ("gamma", "lognormal", "normal", "none")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The question asked of a frame: which column plays which part.

    ``formula`` is ``outcome ~ terms``. ``exposure`` and ``trials`` exclude each other. ``home`` may be several columns.
    """

    formula: str
    child: str | None = None
    home: str | tuple[str, ...] | None = None
    exposure: str | None = None
    trials: str | None = None
    frailty: str = "gamma"
    unrecorded: Literal["refuse", "drop"] = "refuse"

    def homes(self) -> tuple[str, ...]:
        """Columns with a random intercept beside the child's."""
        return () if self.home is None else (self.home,) if isinstance(self.home, str) else self.home

    def columns(self) -> tuple[str, ...]:
        """Every column that plays a part outside the formula."""
        return tuple(n for n in (self.child, *self.homes(), self.exposure, self.trials) if n is not None)

    def restricted_to(self, known: Iterable[object]) -> Asked:
        """The same question without the columns that do not exist."""
        names = set(known)
        child, exposure, trials = (n if n in names else None for n in (self.child, self.exposure, self.trials))
        home = tuple(name for name in self.homes() if name in names)
        return replace(self, child=child, home=home, exposure=exposure, trials=trials)


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """A formula that reads: its outcome and every column that it mentions, the outcome first."""

    outcome: str
    names: tuple[str, ...]


def read_formula(formula: str) -> tuple[Parsed | None, list[str]]:
    """The formula's parts, or what is wrong with it."""
    if "~" not in formula or not formula.split("~")[0].strip():
        return None, [f"the formula {formula!r} names no outcome: write it as 'outcome ~ terms'"]
    try:
        found = model_description(formula)
    except Exception as error:  # formulae raises many kinds for a formula that does not read
        return None, [f"the formula {formula!r} does not read ({error})"]
    faults = []
    if found.group_terms:
        shown = ", ".join(f"({term.name})" for term in found.group_terms)
        faults.append(f"group terms do not belong in the formula ({shown}): give child= or home= instead")
    outcome = str(found.response.term.name)
    if not any(term.name == "Intercept" for term in found.common_terms):
        faults.append("the formula leaves the intercept out, but it is in every model: remove '0 +' or '- 1'")
    if any(term.name.startswith("offset(") for term in found.common_terms):
        faults.append("an offset does not belong in the formula: give its exponential as exposure=")
    if "(" in outcome:
        faults.append(f"the outcome {outcome!r} is a call: name a column of counts, and give trials= if there are some")
        return None, faults
    names = sorted(str(name) for name in found.var_names if name)
    if outcome in {n for term in found.common_terms if hasattr(term, "var_names") for n in term.var_names}:
        faults.append(f"the outcome {outcome} is also among the terms")
    return Parsed(outcome=outcome, names=(outcome, *(n for n in names if n != outcome))), faults


def faults_of_question(frame: pd.DataFrame, asked: Asked, parsed: Parsed | None) -> list[str]:
    """What is wrong before any value is looked at."""
    if not frame.columns.is_unique:
        return [
            f"columns named twice: {', '.join(sorted({str(c) for c in frame.columns[frame.columns.duplicated()]}))}"
        ]
    faults = [] if len(frame) else ["there are no rows"]
    known = [str(name) for name in frame.columns]
    for name in dict.fromkeys([*(parsed.names if parsed else ()), *asked.columns()]):
        if name not in known:
            near = [k for k in known if k.lower() == name.lower()] or get_close_matches(name, known, n=1)
            hint = f", did you mean {near[0]!r}?" if near else ""
            faults.append(f"there is no column {name!r}{hint} (columns: {', '.join(known)})")
    parts = asked.columns() + ((parsed.outcome,) if parsed else ())
    faults += [f"column {n!r} plays two parts" for n in dict.fromkeys(parts) if parts.count(n) > 1]
    if asked.exposure is not None and asked.trials is not None:
        faults.append("exposure= belongs to counts and trials= to a binomial outcome: give one of them")
    if asked.frailty not in FRAILTIES:
        faults.append(f"frailty {asked.frailty!r} is not known; known: {', '.join(FRAILTIES)}")
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

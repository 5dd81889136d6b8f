"""The question asked of anybody's rows, from arguments as people type them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from numbers import Real
from typing import Any, Literal

import pandas as pd

from missingmodels.errors import RowsInvalid

FRAILTIES = ("gamma", "lognormal", "normal", "none")
FAMILIES = ("poisson", "binomial", "bernoulli")
LINKS = {"poisson": "log", "binomial": "logit", "bernoulli": "logit"}
TRIALS = "trials of every row"
# Words of lme4, glmmTMB, brms, rstanarm, MASS and statsmodels for counts and trials that vary more than by chance.
OVERDISPERSED_COUNTS = (
    "nbinom", "nbinom1", "nbinom2", "nbinom12", "nb", "nb1", "nb2", "negbin", "negbinomial", "negbinomial2",
    "negativebinomial", "negativebinomial2", "negbinom", "negbinom2", "quasipoisson", "compois", "genpois",
    "negativebinomialp", "glmernb", "glmnb",
)  # fmt: skip
OVERDISPERSED_TRIALS = ("betabinomial", "betabinomial2", "quasibinomial")
_FAMILY = re.compile(r"(?:sm\.families\.|[A-Za-z][A-Za-z0-9.]*::)?([A-Za-z_.0-9 -]+?)\s*(?:\(([^()]*)\))?", re.ASCII)
_LINK = re.compile(r"(?:link\s*=\s*)?[\"']?(\w+)[\"']?")


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


def ask(frame: Any, *, family: str | None = None, **given: Any) -> tuple[pd.DataFrame, Asked]:
    """Frame and question from the arguments of ``fit_rows``. Raises RowsInvalid with every argument of a wrong kind.

    A number of trials becomes a column of its own, and so does the 1 of ``bernoulli``.
    """
    table, faults = _frame(frame)
    trials = given.pop("trials", None)
    one_column = ("child", "exposure")
    faults += [f for name in one_column if (f := _not_a_column(name, given.get(name)))]
    home = given.get("home")
    homes = home if home is None or isinstance(home, str) else _names(home)
    if homes is None and home is not None:
        faults.append(f"home= takes a column's name or several, found {_shown(home)}")
    if not isinstance(given.get("formula"), str):
        faults.append(f"formula= takes a text, 'outcome ~ terms', found {_shown(given.get('formula'))}")
    kind, wrong = read_family(family)
    faults += wrong
    if kind == "bernoulli" and trials is None:
        trials = 1
    number = isinstance(trials, Real) and not isinstance(trials, bool)
    if number and not (float(trials) == int(trials) and trials >= 1):
        faults.append(f"trials= takes a column's name or a whole number from 1, found {_shown(trials)}")
    elif not number and (wrong_name := _not_a_column("trials", trials)):
        faults.append(wrong_name.replace("one column's name", "a column's name or a whole number from 1"))
    if kind == "poisson" and trials is not None:
        faults.append("family='poisson' has no trials: leave trials= out, or ask for 'binomial'")
    if kind == "binomial" and trials is None:
        faults.append("family='binomial' needs trials=: their column, or their number in every row")
    if faults or table is None:
        raise rows_invalid(faults)
    if number:
        table, trials = table.assign(**{TRIALS: int(trials)}), TRIALS
    frailty = given.pop("frailty", None) or ("normal" if trials is not None else "gamma")
    return table, Asked(**{**given, "home": homes, "trials": trials, "frailty": frailty})


def read_family(given: object) -> tuple[str | None, list[str]]:
    """``poisson``, ``binomial``, ``bernoulli`` or None, from the word that other software has, or what is wrong."""
    if given is None:
        return None, []
    read = _FAMILY.fullmatch(given.strip()) if isinstance(given, str) else None
    word = re.sub(r"[^a-z0-9]", "", read[1].lower()) if read else ""
    if read is not None and word in FAMILIES:
        link = _LINK.fullmatch(read[2].strip()) if read[2] and read[2].strip() else None
        if not (read[2] or "").strip() or (link and link[1] == LINKS[word]):
            return word, []
        return None, [f"family {given!r}: the link of {word} is {LINKS[word]}, and there is no other"]
    return None, [_no_family(given, word)]


def _no_family(given: object, word: str) -> str:
    if word in OVERDISPERSED_COUNTS:
        return (
            f"family {given!r} is no family of its own: an overdispersed count is a Poisson with one level of effects "
            "per row. Add a column that numbers the rows and give it as child= (a gamma frailty of each row is the "
            "negative binomial, nbinom2, with frailty_shape its shape) or, beside a child, as home= (a normal effect)"
        )
    if word in OVERDISPERSED_TRIALS:
        return (
            f"family {given!r} is no family of its own: overdispersed trials are binomial with one level of effects "
            "per row. Add a column that numbers the rows and give it as home= (a normal effect on the logit scale)"
        )
    near = get_close_matches(word, FAMILIES, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    zeros = "extra zeros are not modelled. " if re.match(r"zero|hurdle|zi[pn]|trunc", word) else ""
    return (
        f"family {_shown(given)} is not known: {hint}{zeros}known: poisson (counts), binomial and bernoulli (trials=)"
    )


def rows_invalid(faults: Sequence[str]) -> RowsInvalid:
    """The error that lists every fault."""
    text = faults[0] if len(faults) == 1 else f"{len(faults)} faults:\n  - " + "\n  - ".join(faults)
    return RowsInvalid(text, remedy="correct what is named; nothing was fitted or written")


def _frame(given: Any) -> tuple[pd.DataFrame | None, list[str]]:
    if isinstance(given, Mapping):
        try:
            given = pd.DataFrame(dict(given))
        except (TypeError, ValueError) as error:
            return None, [f"the frame is a mapping that is no table ({error})"]
    if not isinstance(given, pd.DataFrame):
        return None, [f"the frame is {type(given).__name__}: give a pandas.DataFrame, or a dict of equal columns"]
    return given.set_axis([str(name) for name in given.columns], axis=1).infer_objects(), []


def _not_a_column(name: str, value: object) -> str:
    return "" if value is None or isinstance(value, str) else f"{name}= takes one column's name, found {_shown(value)}"


def _names(value: Any) -> tuple[str, ...] | None:
    """Several names, None if they are none."""
    listed = tuple(value) if isinstance(value, Sequence | pd.Index) else ()
    return listed if listed and all(isinstance(name, str) for name in listed) else None


def _shown(value: object) -> str:
    text = " ".join(repr(value).split())
    return f"{text[:60]}{'…' if len(text) > 60 else ''} ({type(value).__name__})"

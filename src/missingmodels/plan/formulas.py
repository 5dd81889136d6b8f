"""Formulas of a plan: what they may hold, and the columns and exposures that are named like them."""

from __future__ import annotations

from typing import Any

from missingmodels.formula import Call, Fact, Formula, FormulaFault, Name, Term, read_formula
from missingmodels.plan.words import EXPOSURES, TIES

CURVE_DEGREE = 3  # of a curve's polynomials, and the fewest columns that it can have


def terms_of(text: str) -> Formula:
    """A formula of a plan, read. Raises FormulaFault, also for an outcome, a lost intercept or another curve."""
    found = read_formula(text)
    if found.outcome is not None:
        raise FormulaFault("a plan's outcome is onset, so its formulas have no ~", text, text.index("~"))
    if not found.intercept:
        raise FormulaFault("the intercept is in every model: remove '0 +' or '- 1'", text, 0)
    for term in found.terms:
        for call in term.factors:
            if isinstance(call, Call) and call.function == "bs":
                _require_curve(term, call, text)
    return found


def _require_curve(term: Term, call: Call, text: str) -> None:
    columns = dict(call.options)["df"]
    if len(term.factors) > 1 or [name for name, _ in call.options] != ["df"] or not isinstance(call.argument, Name):
        what = "a curve of a plan is one column, alone in its term"
    elif int(columns) < CURVE_DEGREE:
        what = f"the curve {term.text!r} has too few columns"
    else:
        return
    raise FormulaFault(f"{what}: write bs(age_years, df=4), with df at least {CURVE_DEGREE}", text, text.index("bs"))


def column_named(text: str, *, products: bool = False) -> str:
    """A column's name as formulas have it, however a fact was written. Raises ValueError for anything else."""
    terms = terms_of(text).terms
    names = bool(terms) and all(isinstance(factor, Name) for factor in terms[0].factors)
    if len(terms) != 1 or not names or (len(terms[0].factors) > 1 and not products):
        raise ValueError(f"{text!r} is no single column")
    return terms[0].text


def peers_expression(text: str) -> dict[str, Any]:
    """The keys of an exposure that ``peers(kind, first, last, …)`` stands for. Raises ValueError for anything else."""
    terms = terms_of(text).terms
    factor = terms[0].factors[0] if len(terms) == 1 and len(terms[0].factors) == 1 else None
    if not isinstance(factor, Fact) or factor.call.function != "peers" or not isinstance(factor.call.argument, Name):
        raise ValueError(f"{text!r} is no exposure: write peers(police, 1, 7), or one of {', '.join(EXPOSURES)}")
    options = dict(factor.call.options)
    how = str(options.get("how", "presence"))
    found: dict[str, Any] = {
        "primary": f"peer_{'network' if how in TIES else how}",
        "event": factor.call.argument.name,
        "first_day": int(options["first"]),
        "window_days": int(options["last"]),
        "witnessed": bool(options.get("witnessed", False)),
    }
    return found | ({"tie": how} if how in TIES else {})

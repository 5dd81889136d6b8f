"""Each quantity of the specification once: code name, symbol, unit, support and meaning."""

from __future__ import annotations

from collections.abc import Mapping

from missingmodels.vocabulary.asked import asked_words, defined, subject, worded
from missingmodels.vocabulary.axes import axis_name
from missingmodels.vocabulary.daily import DAILY, DAILY_EQUATIONS
from missingmodels.vocabulary.further import FURTHER
from missingmodels.vocabulary.official import OFFICIAL, OFFICIAL_EQUATION
from missingmodels.vocabulary.onset import (
    CALENDAR,
    HISTORY,
    MODERATION,
    OUTCOME,
    PARAMETERS,
    SCALARS,
    STRUCTURE,
    VULNERABILITY,
)
from missingmodels.vocabulary.outcomes import OTHER_OUTCOMES, OUTCOME_COLUMNS, OUTCOME_EQUATIONS
from missingmodels.vocabulary.peers import OUTSIDE, PEERS, PEERS_NOTE
from missingmodels.vocabulary.quantity import Quantity
from missingmodels.vocabulary.unseen import UNSEEN, UNSEEN_EQUATION

__all__ = [
    "GROUPS",
    "OUTCOME_EQUATIONS",
    "QUANTITIES",
    "SCALARS",
    "STRUCTURE",
    "Quantity",
    "asked_words",
    "axis_name",
    "column_label",
    "defined",
    "fit_name",
    "notation_page",
    "subject",
    "unit_label",
    "worded",
]

GROUPS = {
    "Outcome and exposure to risk": OUTCOME,
    "Parameters": PARAMETERS,
    "Vulnerability": VULNERABILITY,
    "History": HISTORY,
    "Peers (H1)": PEERS,
    "Ties beyond the home": OUTSIDE,
    "Structure (H2)": STRUCTURE,
    "Moderation (A3)": MODERATION,
    "Calendar": CALENDAR,
    "Further columns": FURTHER,
    "Other outcomes": OTHER_OUTCOMES,
    "Columns of the other outcomes": OUTCOME_COLUMNS,
    "Daily models": DAILY,
    "Unseen peers": UNSEEN,
    "Official statistics": OFFICIAL,
}
EQUATIONS = {
    "Peers (H1)": PEERS_NOTE,
    "Unseen peers": UNSEEN_EQUATION,
    "Official statistics": OFFICIAL_EQUATION,
}
QUANTITIES = {q.name: q for group in GROUPS.values() for q in group}


def fit_name(model: str, exposure: str) -> str:
    """A fit by its model and exposure."""
    return f"{model} ({exposure})" if exposure else model


def column_label(name: str, told: Mapping[str, Quantity] | None = None) -> str:
    """A few words for a design column, whatever suffix or level it carries; the name itself if it is not known.

    ``told`` says what columns of one's own are. The factors of an interaction are joined by ×.
    """
    known = {**QUANTITIES, **(told or {})}
    if name.startswith("bs("):
        variable, part = name[3:].rpartition(", df=")[0], int(name.rpartition("[")[2].rstrip("]")) + 1
        return f"{column_label(variable, told)}, curve, part {part}"
    if ":" in name:
        return " × ".join(column_label(part, told) for part in name.split(":"))
    stem, _, level = name.partition("[")
    for suffix, words in (
        ("_between", ", between homes"),
        ("_within", ", within a home"),
        ("_unrecorded", " unrecorded"),
    ):
        if stem.removesuffix(suffix) != stem and stem.removesuffix(suffix) in known:
            return known[stem.removesuffix(suffix)].label + words
    if stem not in known:
        return name
    return known[stem].label + (f" {level.rstrip(']')}" if level else "")


def unit_label(name: str) -> str:
    """The contrast that one unit of a column is, or a few words for the column where none is stated."""
    return (QUANTITIES[name].one_unit if name in QUANTITIES else "") or column_label(name)


def notation_page() -> str:
    """The notation page as Markdown."""
    lines = ["# Notation", "", "Made from `missingmodels.vocabulary`; code uses these names.", ""]
    for title, group in GROUPS.items():
        lines += [f"## {title}", "", "| code | symbol | unit | values | meaning |", "|---|---|---|---|---|"]
        lines += [f"| `{q.name}` | {q.symbol} | {q.unit} | {q.support} | {q.meaning} |" for q in group]
        lines += ["", EQUATIONS[title]] if title in EQUATIONS else [""]
    lines += ["## Equations of the other outcomes", "", "Symbols as above; a_i ~ Normal(0, σ_child²).", ""]
    for name, (equation, meaning) in OUTCOME_EQUATIONS.items():
        lines += [f"* `{name}`: {equation}", f"  ({meaning})"]
    return "\n".join([*lines, "", "## Equations of the daily models", "", DAILY_EQUATIONS])

"""The catalogue of models: every model as named terms with one equation each. ``docs/models.md`` is made from it.

A model is added as a ``ModelRecord`` in a module ``catalogue_NAME.py`` of its own, named here on a line of its own.
"""

from __future__ import annotations

from missingmodels.models.catalogue.daily import HAWKES, KERNEL, ORNSTEIN_UHLENBECK
from missingmodels.models.catalogue.official import OFFICIAL
from missingmodels.models.catalogue.onset import ONSET
from missingmodels.models.catalogue.outcomes import OUTCOME_RECORDS
from missingmodels.models.catalogue.records import ModelRecord, law_text
from missingmodels.models.catalogue.rows import ROWS
from missingmodels.models.term import Term
from missingmodels.vocabulary import QUANTITIES

CATALOGUE: tuple[ModelRecord, ...] = (
    ONSET,
    KERNEL,
    ORNSTEIN_UHLENBECK,
    HAWKES,
    *OUTCOME_RECORDS,
    ROWS,
    OFFICIAL,
)  # fmt: skip

OPENING = (
    "Made from `missingmodels.models.catalogue.models`. Every model is a list of named terms with one equation each, "
    "in the symbols of [notation.md](notation.md). A term whose line names a key of the plan is there if the plan asks "
    "for it."
)


def models_page() -> str:
    """The catalogue as Markdown."""
    lines = ["# Models", "", OPENING, ""]
    for record in CATALOGUE:
        lines += _model(record)
    return "\n".join(lines)


def _model(record: ModelRecord) -> list[str]:
    lines = [f"## {record.title}", "", record.asks, ""]
    lines += [
        f"Built by `{record.code}` from the terms below; `tests/blind` holds it against a density written apart.",
        "",
    ]
    lines += ["| term | equation | code | where | why |", "|---|---|---|---|---|"]
    lines += [_term(term) for term in record.terms]
    lines += ["", *_priors(record), ""]
    for heading, sentences in (
        ("Reported", record.estimands),
        ("Fitted", record.fitted),
        ("Refused", record.refused),
    ):
        lines += [f"### {heading}", "", *(f"* {sentence}" for sentence in sentences), ""]
    return lines


def _term(term: Term) -> str:
    where = f"`{term.chosen}`" if term.chosen else "always"
    equation = term.equation.replace("|", "\\|")
    return f"| {term.name} | `{equation}` | `{term.code}` | {where} | {term.meaning} |"


def _priors(record: ModelRecord) -> list[str]:
    if record.priors_elsewhere:
        return ["### Priors", "", record.priors_elsewhere]
    scalars = {parameter for term in record.terms for parameter in term.parameters}
    lines = ["### Priors", "", *([record.units, ""] if record.units else [])]
    lines += ["| set | parameter | symbol | prior | reason | source |", "|---|---|---|---|---|---|"]
    for name, held in record.priors.items():
        for parameter, prior in held.items():
            symbol = QUANTITIES[parameter].symbol if parameter in scalars else _coefficient(parameter)
            lines.append(
                f"| `{name}` | `{parameter}` | {symbol} | {law_text(prior)} | {prior.reason} | {prior.source} |"
            )
    return lines


def _coefficient(column: str) -> str:
    """Symbol of the coefficient of a column, by the part of the linear predictor that holds it."""
    if ":" in column:
        return "δ_s"
    part = QUANTITIES[column].symbol if column in QUANTITIES else ""
    return {"q": "γ", "p": "δ", "z": "ζ", "c": "κ"}.get(part, "β")

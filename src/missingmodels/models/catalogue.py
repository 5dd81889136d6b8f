"""The catalogue of models: every model as named terms with one equation each. ``docs/models.md`` is made from it.

A model is added as a ``ModelRecord`` in a module ``catalogue_NAME.py`` of its own, named here on a line of its own.
"""

from __future__ import annotations

import math

from missingmodels.models.catalogue_daily import HAWKES, KERNEL, ORNSTEIN_UHLENBECK
from missingmodels.models.catalogue_onset import ONSET
from missingmodels.models.catalogue_outcomes import OUTCOME_RECORDS
from missingmodels.models.catalogue_rows import ROWS
from missingmodels.models.priors import Prior
from missingmodels.models.records import ModelRecord, Term
from missingmodels.vocabulary import QUANTITIES

CATALOGUE: tuple[ModelRecord, ...] = (
    ONSET,
    KERNEL,
    ORNSTEIN_UHLENBECK,
    HAWKES,
    *OUTCOME_RECORDS,
    ROWS,
)  # fmt: skip

OPENING = (
    "Made from `missingmodels.models.catalogue`. Every model is a list of named terms with one equation each, in the "
    "symbols of [notation.md](notation.md). A term whose line names a key of the plan is there if the plan asks for it."
)


def models_page() -> str:
    """The catalogue as Markdown."""
    lines = ["# Models", "", OPENING, ""]
    for record in CATALOGUE:
        lines += _model(record)
    return "\n".join(lines)


def _model(record: ModelRecord) -> list[str]:
    lines = [f"## {record.title}", "", record.asks, ""]
    lines += [f"Built by `{record.code}`, held against `{record.reference}`.", ""]
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
    lines = ["### Priors", "", "| set | parameter | symbol | prior | reason | source |", "|---|---|---|---|---|---|"]
    for name, held in record.priors.items():
        for parameter, prior in held.items():
            symbol = QUANTITIES[parameter].symbol if parameter in scalars else "β"
            lines.append(
                f"| `{name}` | `{parameter}` | {symbol} | {law_text(prior)} | {prior.reason} | {prior.source} |"
            )
    return lines


def law_text(prior: Prior) -> str:
    """A prior in words and figures."""
    if prior.law == "fixed":
        return f"fixed at {prior.mean:g}"
    if prior.law == "half_normal":
        return f"half-normal, sd {prior.sd:.3g}"
    if prior.law == "log_normal":
        return f"log-normal, median {math.exp(prior.mean):.3g}, sd of the log {prior.sd:.3g}"
    if prior.law == "beta":
        return f"beta({prior.mean:g}, {prior.sd:g})"
    return f"normal, mean {prior.mean:.3g}, sd {prior.sd:.3g}"

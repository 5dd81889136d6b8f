"""Rows of evidence beside the fit they come from, so that a row of a failed fit is never shown unmarked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from missingmodels.report import words

if TYPE_CHECKING:
    from missingmodels.evidence.decisions import Row
    from missingmodels.evidence.evidence import Evidence

# H2 as practitioners put it, in three parts; each structure variable belongs to one.
H2_PARTS = {
    "Staffing levels": ("staff_ratio",),
    "Staff turnover": ("turnover", "agency_share"),
    "Placement mix": ("mix_need", "mix_spread", "mix_age_spread", "mix_out_of_area", "new_admission_7d", "size"),
}
COEFFICIENT = "rate_ratio_per_unit"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row and its fit. ``exposure`` is None where the evidence does not say which fit of the model is meant."""

    row: Row
    exposure: str | None
    converged: bool

    @property
    def fit(self) -> str:
        return words.fit_name(self.row.model, self.exposure)


def lines(evidence: Evidence) -> tuple[Line, ...]:
    """Every row with its fit, in the order of the evidence.

    Rows name only their model, and one model may be fitted with several exposures; the rows of each fit stand together
    in the order of the certificates. Where that order does not hold, a row counts as converged only if every fit of
    its model is.
    """
    blocks = _blocks(evidence.rows)
    certificates = evidence.certificates
    if [block[0].model for block in blocks] == [c["model"] for c in certificates]:
        return tuple(
            Line(row=row, exposure=c["exposure"], converged=c["diagnostics"]["passed"])
            for block, c in zip(blocks, certificates, strict=True)
            for row in block
        )
    failed = set(evidence.unconverged)
    return tuple(Line(row=row, exposure=None, converged=row.model not in failed) for row in evidence.rows)


def judged(found: Sequence[Line], hypothesis: str) -> list[Line]:
    """Lines with a verdict on the hypothesis, the fullest model first."""
    held = [line for line in found if line.row.hypothesis == hypothesis and line.row.verdict]
    return sorted(held, key=lambda line: line.row.model, reverse=True)


def headline(found: Sequence[Line], hypothesis: str, primary: str = "") -> list[Line]:
    """The lines that answer the hypothesis: one for each effect, from the fullest model; the primary exposure first."""
    first: dict[str, Line] = {}
    for line in judged(found, hypothesis):
        first.setdefault(line.row.name, line)
    return sorted(first.values(), key=lambda line: line.row.name != primary)


def variable(name: str) -> str:
    """The structure variable of a column such as ``turnover_within``."""
    return name.removesuffix("_between").removesuffix("_within")


def _blocks(rows: Sequence[Row]) -> list[list[Row]]:
    """Runs of rows of one fit: its coefficients come last."""
    blocks = [[rows[0]]] if rows else []
    for before, row in pairwise(rows):
        if row.model != before.model or (before.estimand == COEFFICIENT and row.estimand != COEFFICIENT):
            blocks.append([])
        blocks[-1].append(row)
    return blocks

"""Rows of evidence beside the state of their fit, so that a row of a failed fit is never shown unmarked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from missingmodels.evidence.decisions import NOT_CONVERGED
from missingmodels.evidence.effects.contrasts import CONTRAST
from missingmodels.evidence.parts import Row
from missingmodels.evidence.record import Evidence
from missingmodels.vocabulary import QUANTITIES, fit_name

# H2 as practitioners put it, in three parts; each structure variable belongs to one.
H2_PARTS = {
    "Staffing levels": ("staff_ratio",),
    "Staff turnover": ("turnover", "agency_share"),
    "Placement mix": ("mix_need", "mix_spread", "mix_age_spread", "mix_out_of_area", "new_admission_7d", "size"),
}
COEFFICIENT = "rate_ratio_per_unit"
# A ratio is shown as such, though it stands in the model as its log; children and years are told by their names.
_UNITS = {"sd": ", in standard deviations of the need score", "per year": ", per year"}
_ORDER = ("primary", "beside")  # of roles; any other role comes after


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row, and whether its fit passed the diagnostics gate."""

    row: Row
    converged: bool

    @property
    def fit(self) -> str:
        """Model and exposure of the line's fit, in words."""
        return fit_name(self.row.model, self.row.exposure)


def lines(evidence: Evidence) -> tuple[Line, ...]:
    """Every row with the state of its fit. A fit without a certificate counts as not converged."""
    sound = {(c["model"], c["exposure"]) for c in evidence.certificates if c["diagnostics"]["passed"]}
    return tuple(
        Line(row=row, converged=(row.model, row.exposure) in sound and not row.remark.startswith(NOT_CONVERGED))
        for row in evidence.rows
    )


def judged(found: Sequence[Line], hypothesis: str) -> list[Line]:
    """Lines with a verdict on the hypothesis: those that answer it, then those beside, then smaller models."""
    held = [line for line in found if line.row.hypothesis == hypothesis and line.row.verdict]
    return sorted(held, key=lambda line: _ORDER.index(line.row.role) if line.row.role in _ORDER else len(_ORDER))


def headline(found: Sequence[Line], hypothesis: str) -> list[Line]:
    """The lines that answer the hypothesis, and other exposures that the plan sets beside the primary one."""
    return [line for line in judged(found, hypothesis) if line.row.role in _ORDER]


def contrasts(found: Sequence[Line]) -> list[Line]:
    """Rate ratios of the contrasts that the plan states, by the fullest fit."""
    held = [line for line in found if line.row.hypothesis == CONTRAST and line.row.estimand == "rate_ratio"]
    return [line for line in held if line.row.role == "primary"]


def contrasts_withheld(evidence: Evidence, found: Sequence[Line]) -> list[str]:
    """Columns of contrasts that the plan states and of which the policy of disclosure lets nothing out.

    By the plan's own word for the column, which tells no level of it.
    """
    told = {line.row.name.partition("[")[0] for line in contrasts(found)}
    hidden = (evidence.disclosure or {}).get("active", False)
    return [name for name in evidence.plan.get("contrast", {}) if hidden and name not in told]


def variable(name: str) -> str:
    """The structure variable of a column such as ``turnover_within``."""
    return name.removesuffix("_between").removesuffix("_within")


def measured(found: Sequence[Line]) -> list[str]:
    """How each structure variable that answers H2 is measured, with its unit, in words."""
    names = dict.fromkeys(variable(line.row.name) for line in headline(found, "H2"))
    known = [QUANTITIES[name] for name in names if name in QUANTITIES]
    return [f"{one.label}, {one.meaning.removeprefix('log of ')}{_UNITS.get(one.unit, '')}" for one in known]

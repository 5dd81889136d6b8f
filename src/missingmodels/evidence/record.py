"""Evidence as a record: rows, comparisons, figure arrays; written to and read from ``evidence.json``.

What reads it needs no sampler and no model, so this module imports neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from missingmodels.errors import InputError
from missingmodels.provenance import versions

FORMAT = "missingmodels-evidence-1"
EVIDENCE = "evidence.json"  # its name in a run's folder


@dataclass(frozen=True, kw_only=True)
class Row:
    """One reported quantity.

    Attributes
    ----------
    exposure : the peer exposure of the fit, empty for none
    role : ``primary`` rows answer their hypothesis; ``beside`` rows show another exposure or what moderates the primary
        one, ``smaller model`` and ``other exposure`` rows the same quantity with fewer terms, or with another exposure;
        ``assumption`` rows the same quantity under another assumption on unseen peers
    null : the value that means no effect; ``probability_above_null`` is the posterior mass above it
    expected : the direction that the hypothesis states, ``above`` or ``below`` the null; empty if it states none
    rope_low, rope_high : region of practical equivalence, with its posterior mass
    """

    hypothesis: str
    model: str
    exposure: str
    role: str
    estimand: str
    name: str
    label: str
    mean: float
    median: float
    sd: float
    interval_low: float
    interval_high: float
    interval_mass: float
    interval_kind: str
    null: float | None
    probability_above_null: float | None
    expected: str
    rope_low: float | None
    rope_high: float | None
    rope_probability: float | None
    verdict: str
    remark: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class ElpdDifference:
    """``model`` minus ``against``: log predictive density of a child left out, summed over children.

    ``k_hat_max`` is the largest Pareto shape in either model and ``k_hat_bad`` the number of children above 0.7, for
    whom the estimate is not reliable.
    """

    hypothesis: str
    model: str
    against: str
    difference: float
    standard_error: float
    children: int
    k_hat_max: float
    k_hat_bad: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Rows of estimates and verdicts, comparisons of models, and figure arrays.

    Attributes
    ----------
    rows : every reported quantity; those with a verdict answer a hypothesis
    comparisons : differences in expected log predictive density
    data : counts that describe the data
    figures : arrays by figure name
    certificates : birth certificate of each fit
    """

    plan: Mapping[str, Any]
    rule: str
    rows: tuple[Row, ...]
    comparisons: tuple[ElpdDifference, ...]
    data: Mapping[str, Any]
    notes: tuple[str, ...]
    figures: Mapping[str, Any]
    certificates: tuple[Mapping[str, Any], ...]
    origin: Mapping[str, Any]

    @property
    def unconverged(self) -> tuple[str, ...]:
        """Models of the plan whose fit did not pass the diagnostics gate."""
        return tuple(c["model"] for c in self.failed)

    @property
    def failed(self) -> tuple[Mapping[str, Any], ...]:
        """Certificates of the plan's own fits that did not pass the gate.

        A fit under an assumption on unseen peers speaks through its row alone, which then has no verdict.
        """
        return tuple(c for c in self.certificates if not c["diagnostics"]["passed"] and "unseen_peers" not in c)

    def verdicts(self) -> list[Row]:
        """The rows that answer a hypothesis, and those of exposures that the plan sets beside the primary one."""
        return [row for row in self.rows if row.verdict and row.role in ("primary", "beside")]

    def as_dict(self) -> dict[str, Any]:
        """The content of ``evidence.json``; its schema is in the documentation."""
        return {
            "format": FORMAT,
            "versions": versions(),
            "plan": dict(self.plan),
            "rule": self.rule,
            "data": dict(self.data),
            "rows": [row.as_dict() for row in self.rows],
            "comparisons": [c.as_dict() for c in self.comparisons],
            "notes": list(self.notes),
            "figures": dict(self.figures),
            "certificates": [dict(c) for c in self.certificates],
            "origin": dict(self.origin),
        }


def write_evidence(evidence: Evidence, path: Path) -> Path:
    """Write ``evidence.json``."""
    path = Path(path)
    path.write_text(json.dumps(evidence.as_dict(), indent=1) + "\n", encoding="utf-8")
    return path


def read_evidence(path: Path) -> Evidence:
    """Read what ``write_evidence`` wrote. Raises InputError for any other file."""
    path = Path(path)
    remedy = "name the folder of a run made by `missingmodels fit` or `missingmodels demo`"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["format"] != FORMAT:
            raise InputError(f"not of format {FORMAT}", where=str(path), remedy=remedy)
        return Evidence(
            plan=held["plan"],
            rule=held["rule"],
            rows=tuple(Row(**row) for row in held["rows"]),
            comparisons=tuple(ElpdDifference(**c) for c in held["comparisons"]),
            data=held["data"],
            notes=tuple(held["notes"]),
            figures=held["figures"],
            certificates=tuple(held["certificates"]),
            origin=held["origin"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"cannot be read as evidence ({error!r})", where=str(path), remedy=remedy) from error

"""Evidence as a record: rows, comparisons, figure arrays; written to and read from ``evidence.json``.

What reads it needs no sampler and no model, so this module imports neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from missingmodels.errors import InputError
from missingmodels.evidence.parts import BayesFactor, ElpdDifference, OwnHistory, PowerScaling, Row, Withstood
from missingmodels.provenance import versions
from missingmodels.records import checked, read_json
from missingmodels.writing import write_whole

if TYPE_CHECKING:
    import pandas as pd

FORMATS = tuple(f"missingmodels-evidence-{n}" for n in (2, 3, 4, 5, 6))  # that are read; the last is written
FORMAT = FORMATS[-1]
Part = Literal["rows", "comparisons", "bayes_factors", "power_scaling", "fits"]
MOST_LINES = 8  # of a repr
EVIDENCE = "evidence.json"  # its name in a run's folder


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Rows of estimates and verdicts, comparisons of models, and figure arrays.

    Attributes
    ----------
    rows : every reported quantity; those with a verdict answer a hypothesis
    comparisons : differences in expected log predictive density
    data : counts that describe the data
    bayes_factors, power_scaling : of the coefficients that answer a hypothesis
    own_history : own history against stable vulnerability; None where no model holds own history
    withstood : what shared shocks the answer to H1 withstands; None where it is not supported, or that is not asked
    figures : arrays by figure name
    certificates : birth certificate of each fit
    support : children and homes behind each estimate, by ``evidence.support``; None in what was released
    disclosure : the policy that it was released under and what that blocked; None before
    frozen : the plan fixed beforehand that the run was held against, with each departure; None where there was none
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
    bayes_factors: tuple[BayesFactor, ...] = ()
    power_scaling: tuple[PowerScaling, ...] = ()
    own_history: OwnHistory | None = None
    support: Sequence[Mapping[str, Any]] | None = None
    disclosure: Mapping[str, Any] | None = None
    withstood: Withstood | None = None
    frozen: Mapping[str, Any] | None = None

    @property
    def unconverged(self) -> tuple[str, ...]:
        """Models of the plan whose fit did not pass the diagnostics gate."""
        return tuple(c["model"] for c in self.failed)

    @property
    def fitted(self) -> tuple[Mapping[str, Any], ...]:
        """Certificates of the plan's own fits, which a run keeps; those on assumptions on the unseen, and
        those that failed the gate and were left out, it does not.
        """
        return tuple(c for c in self.certificates if "unseen_peers" not in c and not c.get("absent"))

    @property
    def failed(self) -> tuple[Mapping[str, Any], ...]:
        """Certificates of the plan's own fits that did not pass the gate.

        A fit under an assumption on unseen peers speaks through its row alone, which then has no verdict.
        """
        own = (c for c in self.certificates if "unseen_peers" not in c)
        return tuple(c for c in own if c.get("absent") or not c["diagnostics"]["passed"])

    def to_frame(self, part: Part = "rows") -> pd.DataFrame:
        """One row each of the ``rows`` of estimates and verdicts, the ``comparisons``, ``bayes_factors``,
        ``power_scaling``, or the ``fits`` with what their diagnostics say.
        """
        import pandas as pd

        if part == "fits":
            named = ("model", "exposure", "method")
            return pd.DataFrame([{n: c.get(n, "") for n in named} | dict(c["diagnostics"]) for c in self.certificates])
        return pd.DataFrame([one.as_dict() for one in getattr(self, part)])

    def __repr__(self) -> str:
        return "\n".join([f"Evidence under the plan {self.plan.get('name', '')!r}", *self._lines()])

    def _repr_html_(self) -> str:
        shown = ["model", "label", "median", "interval_low", "interval_high", "probability_above_null", "verdict"]
        rows = self.to_frame()
        held = rows[rows["verdict"].ne("") & rows["role"].isin(["primary", "beside"])] if len(rows) else rows
        return str(held[shown].round(3).to_html(index=False)) if len(held) else f"<pre>{self!r}</pre>"

    def _lines(self) -> list[str]:
        """A line a verdict, the first few of them, and what did not pass the gate."""
        told = self.verdicts()
        lines = [
            f"  {row.hypothesis} {row.label}: {row.median:.2f} ({row.interval_low:.2f} to {row.interval_high:.2f}), "
            f"{row.verdict}"
            for row in told[:MOST_LINES]
        ]
        lines += [f"  and {len(told) - MOST_LINES} more: to_frame() has all rows"] if len(told) > MOST_LINES else []
        return lines + ([f"  not converged: {', '.join(self.unconverged)}"] if self.unconverged else [])

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
            "bayes_factors": [b.as_dict() for b in self.bayes_factors],
            "power_scaling": [s.as_dict() for s in self.power_scaling],
            "own_history": None if self.own_history is None else self.own_history.as_dict(),
            "support": None if self.support is None else [dict(one) for one in self.support],
            "disclosure": None if self.disclosure is None else dict(self.disclosure),
            "withstood": None if self.withstood is None else self.withstood.as_dict(),
            "frozen": None if self.frozen is None else dict(self.frozen),
        }


def write_evidence(evidence: Evidence, path: Path) -> Path:
    """Write ``evidence.json``."""
    return write_whole(path, evidence_file(evidence))


def evidence_file(evidence: Evidence) -> bytes:
    """What ``evidence.json`` holds."""
    return (json.dumps(evidence.as_dict(), indent=1) + "\n").encode("utf-8")


def read_evidence(path: Path) -> Evidence:
    """Read what ``write_evidence`` wrote. Raises InputError, with each place at fault, for any other file."""
    from missingmodels.evidence.schema import EvidenceFile

    path = Path(path)
    remedy = "name the folder of a run made by `missingmodels fit` or `demo`; fit again what another version made"
    held = read_json(path, what="the evidence", remedy=remedy)
    if held.get("format") not in FORMATS:
        raise InputError(f"not of a format that is read ({', '.join(FORMATS)})", where=str(path), remedy=remedy)
    found = checked(held, EvidenceFile, what="the evidence", where=str(path), remedy=remedy)
    return Evidence(
        plan=found.plan,
        rule=found.rule,
        rows=found.rows,
        comparisons=found.comparisons,
        data=held["data"],
        notes=found.notes,
        figures=held["figures"],
        certificates=tuple(held["certificates"]),
        origin=held["origin"],
        bayes_factors=found.bayes_factors,
        power_scaling=found.power_scaling,
        own_history=found.own_history,
        support=held.get("support"),
        disclosure=held.get("disclosure"),
        withstood=found.withstood,
        frozen=held.get("frozen"),
    )

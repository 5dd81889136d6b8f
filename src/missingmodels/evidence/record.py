"""Evidence as a record: rows, comparisons, figure arrays; written to and read from ``evidence.json``.

What reads it needs no sampler and no model, so this module imports neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, with_config

from missingmodels.errors import InputError
from missingmodels.provenance import versions
from missingmodels.records import STRICT, checked, read_json
from missingmodels.writing import write_whole

if TYPE_CHECKING:
    import pandas as pd

# scores of prediction, their errors and Pareto k may be infinite
UNBOUNDED = ConfigDict(extra="forbid", strict=True, allow_inf_nan=True)
FORMATS = tuple(f"missingmodels-evidence-{n}" for n in (2, 3, 4, 5))  # that are read; the last is written
FORMAT = FORMATS[-1]
Part = Literal["rows", "comparisons", "bayes_factors", "power_scaling", "fits"]
MOST_LINES = 8  # of a repr
DISPERSION = "dispersion"  # the one of these that is no count
TIMING = ("gaps", "pairs", "arrival", "tenths", DISPERSION)  # what is counted of when onsets come
EVIDENCE = "evidence.json"  # its name in a run's folder


@with_config(STRICT)
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
    exaggeration : of what is supported: by how much such answers exceed the truth on the log scale if that is half the
        estimate; None elsewhere, and before format 5
    family_wise : chance that any of the ``family_size`` contrasts judged together lies as far on its stated side where
        none has an effect; None where it stands alone, and before format 5
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
    exaggeration: float | None = None
    family_wise: float | None = None
    family_size: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


@with_config(UNBOUNDED)
@dataclass(frozen=True, kw_only=True)
class ElpdDifference:
    """``model`` minus ``against``: log predictive density of what is left out, summed over all units.

    Attributes
    ----------
    unit : ``child``: all rows of a child; ``home``: all rows of every child who ever lived in the home, jointly. In
        both, onsets of those left out still stand in the covariates of others
    standard_error : over units
    units : number of them
    k_hat_max, k_hat_bad : largest Pareto k in either model, and number of units above 0.7 in either; these and the
        counts below are None where a policy of disclosure blocks them
    mended : how many of those have scores from a fit without the unit instead; the rest are not reliable
    refit_error : Monte Carlo standard error of the mended scores' part of the difference
    linked : children who lived in several homes, and so stand in the scores of each; 0 where the unit is a child
    """

    hypothesis: str
    model: str
    against: str
    unit: str
    difference: float
    standard_error: float
    units: int
    k_hat_max: float | None
    k_hat_bad: int | None
    mended: int | None
    refit_error: float
    linked: int | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


@with_config(UNBOUNDED)
@dataclass(frozen=True, kw_only=True)
class BayesFactor:
    """Savage-Dickey Bayes factor of one coefficient against 0, over widths of its normal prior.

    Attributes
    ----------
    name : column; all that follows is of its log rate ratio per raw unit
    log_bf10 : natural log of the factor for an effect over none, under the plan's prior, with its Monte Carlo error
    null_distance : of 0 from the posterior mean, in posterior sds; beyond 4 the density there is that of a normal tail
    prior_mean, prior_sd : the plan's prior
    widths, log_bf10_by_width, k_hat_by_width : other sds of the prior, the factor under each, and the Pareto k of the
        weights that carry the draws over
    expected, log_bf_stated : the side that the hypothesis states, and the factor for an effect on that side over none;
        empty and None where it states none, and before format 5
    """

    hypothesis: str
    model: str
    exposure: str
    name: str
    label: str
    log_bf10: float
    mc_error: float
    null_distance: float
    prior_mean: float
    prior_sd: float
    widths: tuple[float, ...]
    log_bf10_by_width: tuple[float, ...]
    k_hat_by_width: tuple[float, ...]
    expected: str = ""
    log_bf_stated: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


@with_config(STRICT)
@dataclass(frozen=True, kw_only=True)
class PowerScaling:
    """How far the posterior of one coefficient moves per doubling of the power of ``prior`` and ``likelihood``.

    Cumulative Jensen-Shannon distance; above 0.05 is sensitive, and ``diagnosis`` says what the two mean together.
    """

    hypothesis: str
    model: str
    exposure: str
    name: str
    label: str
    prior: float
    likelihood: float
    diagnosis: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


@with_config(UNBOUNDED)
@dataclass(frozen=True, kw_only=True)
class OwnHistory:
    """Whether the data tell a child's own recent episodes from stable vulnerability.

    Attributes
    ----------
    columns : own-history columns
    correlation : posterior correlation of each with the log spread of the frailty
    contraction : 1 minus posterior over prior variance, of each
    without_history, without_frailty : elpd per child of both together minus that of frailty alone and of history
        alone, each with its standard error; None where a fit failed
    k_hat_max, k_hat_bad, mended : of the latter, on which the verdict rests: largest Pareto k of a child's weights, how
        many are above 0.7, and how many of those have scores from a fit without the child instead
    ratio, ratio_low, ratio_high, probability : rate ratio of the first column with the plan's interval, and its
        probability above 1, among all children
    new_arrivals : how many children arrived within the record; ``new_ratio`` and so on are of them alone
    """

    model: str
    exposure: str
    columns: tuple[str, ...]
    correlation: tuple[float, ...]
    contraction: tuple[float, ...]
    without_history: tuple[float, float] | None
    without_frailty: tuple[float, float] | None
    k_hat_max: float | None
    k_hat_bad: int | None
    mended: int | None
    ratio: float
    ratio_low: float
    ratio_high: float
    probability: float
    new_arrivals: int | None
    new_ratio: float | None
    new_ratio_low: float | None
    new_ratio_high: float | None
    new_probability: float | None
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


@with_config(STRICT)
@dataclass(frozen=True, kw_only=True)
class Withstood:
    """Under which shocks, shared by a home's children, the rule on H1 would still say supported.

    Attributes
    ----------
    model, exposure : of the fit that answers H1
    sd, days : sizes (sd of the log rate) and lengths (days until the correlation is exp(-1)) that were tried, in pairs
    probability : that the rate ratio is above 1, at each of them
    log_density : of the data at each of them, less the highest
    tipping_sd : the least size, at the worst length, at which the rule no longer holds; None where it holds at all
    tipping_days : that length
    tipping_log_density : of the size next to it that was tried, less the highest
    """

    model: str
    exposure: str
    sd: tuple[float, ...]
    days: tuple[float, ...]
    probability: tuple[float, ...]
    log_density: tuple[float, ...]
    tipping_sd: float | None
    tipping_days: float | None
    tipping_log_density: float | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


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

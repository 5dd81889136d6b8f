"""What ``evidence.json`` must hold, all of it: types, ranges, lengths that go together, words that pages know."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from missingmodels.evidence.decisions import (
    BOTH,
    CANNOT_TELL,
    HISTORY,
    NOT_COMPARED,
    VULNERABILITY,
    is_verdict,
)
from missingmodels.evidence.parts import BayesFactor, ElpdDifference, OwnHistory, PowerScaling, Row, Withstood
from missingmodels.evidence.record import FORMATS
from missingmodels.evidence.schema_figures import (
    Count,
    Curve,
    Day,
    Finite,
    Gate,
    Homes,
    Network,
    NotNegative,
    Open,
    Share,
    Traces,
    _as_long,
    _Dose,
    _Predictive,
    _Timing,
)
from missingmodels.plan import kept_plan
from missingmodels.records import Json, Name, Record, Text

HISTORY_VERDICTS = (BOTH, VULNERABILITY, HISTORY, CANNOT_TELL, NOT_COMPARED, "")
UNITS = ("child", "home", "future")


class Data(Open):
    """Counts that describe the data."""

    observed_from: Day
    observed_to: Day
    burn_in_days: Count
    # null where a policy of disclosure blocks them
    homes: Count | None
    children: Count | None
    resident_years: NotNegative | None
    onsets: Count | None
    children_with_onset: Count | None
    same_day_repeats: Count | None
    joint_onsets: Count | None
    onsets_per_year_at_risk: NotNegative | None
    share_of_days_exposed: Share | None
    median_coverage: NotNegative | None
    rows: Count | None
    episodes: dict[Name, Count | None]
    # from format 3 on
    observed_days: Count | None = None
    days_exposed: NotNegative | None = None
    onsets_exposed: Count | None = None
    share_of_days_in_weak_homes: Share | None = None
    share_of_rows_repaired: Share | None = None
    coverage: dict[Name, Share | None] | None = None
    # only where outcome or peers' events are other than missing episodes
    asked: dict[Name, Name] | None = None


class Certificate(Open):
    """The birth certificate of a fit."""

    model: Name
    exposure: Name
    diagnostics: Gate
    method: Name = ""
    why_not_laplace: Name = ""
    compile_seconds: NotNegative = 0.0
    sample_seconds: NotNegative = 0.0


class Figures(Open):
    """Arrays behind the figures; what is absent is not drawn, and what is not known is left."""

    dose: _Dose | None = None
    curves: Annotated[list[Curve], Field(max_length=50)] = Field(default_factory=list)
    homes: Homes | None = None
    network: Network | None = None
    predictive: _Predictive | None = None
    timing: _Timing | None = None
    diagnostics: Annotated[list[Traces], Field(max_length=100)] = Field(default_factory=list)


def _plan(values: dict[str, Any]) -> dict[str, Any]:
    """The plan with all its keys: what came later means what was done before it."""
    try:
        return kept_plan(values).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"no plan: {place}: {first['msg']}") from error


def _row(row: Row) -> Row:
    if not is_verdict(row.verdict):
        raise ValueError(f"no verdict: {row.verdict!r}")
    _one_of("expected", row.expected, ("above", "below", ""))
    for name in ("interval_mass", "probability_above_null", "rope_probability", "family_wise"):
        _share(name, getattr(row, name))
    if row.estimand.startswith("rate_ratio") and min(row.median, row.interval_low, row.interval_high) <= 0:
        raise ValueError("a rate ratio is above 0")
    return row


def _factor(factor: BayesFactor) -> BayesFactor:
    _as_long("widths", len(factor.widths), list(factor.log_bf10_by_width), list(factor.k_hat_by_width))
    _one_of("expected", factor.expected, ("above", "below", ""))
    if min(factor.prior_sd, *factor.widths) <= 0:
        raise ValueError("a prior has no width of 0 or below")
    return factor


def _history(held: OwnHistory) -> OwnHistory:
    _as_long("columns", len(held.columns), list(held.correlation), list(held.contraction))
    _one_of("verdict", held.verdict, HISTORY_VERDICTS)
    _share("probability", held.probability)
    _share("new_probability", held.new_probability)
    return held


def _withstood(held: Withstood) -> Withstood:
    _as_long("shocks", len(held.sd), *map(list, (held.days, held.probability, held.log_density)))
    for value in held.probability:
        _share("probability", value)
    if min(held.sd, default=0.0) < 0 or min(held.days, default=1.0) <= 0:
        raise ValueError("a shock has no size or length below 0")
    return held


def _comparison(held: ElpdDifference) -> ElpdDifference:
    _one_of("unit", held.unit, UNITS)
    if min(n for n in (held.units, held.k_hat_bad, held.mended, held.linked) if n is not None) < 0:
        raise ValueError("a count is below 0")
    if (held.unit == "future") != (held.last_days is not None) or (held.last_days or 1) < 1:
        raise ValueError("last_days is 1 or more where the unit is future, and null elsewhere")
    return held


def _one_of(what: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise ValueError(f"{what} is none of {', '.join(map(repr, known))}")


def _share(what: str, value: float | None) -> None:
    if value is not None and not -1e-9 <= value <= 1 + 1e-9:
        raise ValueError(f"{what} is no share: {value}")


class Support(Record):
    """Children and homes behind an estimate."""

    model: Name
    exposure: Name
    column: Name
    children: Count
    homes: Count
    largest_children: list[Share]
    largest_homes: list[Share]
    low: Finite | None = None
    high: Finite | None = None


class Disclosure(Open):
    """The policy that evidence was released under, and what it blocked."""

    policy: Name
    policy_digest: Name
    active: bool
    blocked: list[dict[Name, Name]]


class _Departure(Record):
    """A key that a run had otherwise than the plan fixed beforehand."""

    key: Name
    planned: Json = None
    used: Json = None


class Frozen(Record):
    """The plan fixed beforehand, and what the run departs from it in."""

    digest: Name
    version: Name
    frozen_at: Name
    commit: Name
    record_digest: Name
    departures: Annotated[list[_Departure], Field(max_length=1_000)]


class EvidenceFile(Record):
    """The whole file."""

    format: Literal[*FORMATS]  # type: ignore[valid-type]
    versions: dict[Name, Name]
    plan: Annotated[dict[Name, Json], AfterValidator(_plan)]
    rule: Text
    data: Data
    rows: tuple[Annotated[Row, AfterValidator(_row)], ...]
    comparisons: tuple[Annotated[ElpdDifference, AfterValidator(_comparison)], ...]
    notes: tuple[Text, ...]
    figures: Figures
    certificates: tuple[Certificate, ...]
    origin: dict[Name, Json]
    bayes_factors: tuple[Annotated[BayesFactor, AfterValidator(_factor)], ...]
    power_scaling: tuple[PowerScaling, ...]
    own_history: Annotated[OwnHistory, AfterValidator(_history)] | None
    # from format 4 on
    support: tuple[Support, ...] | None = None
    disclosure: Disclosure | None = None
    withstood: Annotated[Withstood, AfterValidator(_withstood)] | None = None
    # from format 5 on
    frozen: Frozen | None = None

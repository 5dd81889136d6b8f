"""What ``evidence.json`` must hold, all of it: types, ranges, lengths that go together, words that pages know."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, ValidationError, model_validator

from missingmodels.evidence.decisions import (
    BOTH,
    CANNOT_TELL,
    HISTORY,
    VULNERABILITY,
    is_verdict,
)
from missingmodels.evidence.record import (
    FORMATS,
    TIMING,
    BayesFactor,
    ElpdDifference,
    OwnHistory,
    PowerScaling,
    Row,
    Withstood,
)
from missingmodels.plan import kept_plan
from missingmodels.records import Json, Name, Record, Text

# Beyond these no axis can be drawn and no number printed in its column.
Finite = Annotated[float, Field(ge=-1e15, le=1e15)]
NotNegative = Annotated[float, Field(ge=0, le=1e15)]
Share = Annotated[float, Field(ge=-1e-9, le=1 + 1e-9)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Numbers = Annotated[list[Finite], Field(max_length=1_000_000)]
NotNegatives = Annotated[list[NotNegative], Field(max_length=1_000_000)]
HISTORY_VERDICTS = (BOTH, VULNERABILITY, HISTORY, CANNOT_TELL, "")
UNITS = ("child", "home")


def _day(text: str) -> str:
    if not 1900 <= dt.date.fromisoformat(text).year <= 2200:
        raise ValueError("no day between 1900 and 2200")
    return text


Day = Annotated[Name, AfterValidator(_day)]


class Open(Record):
    """A record that may hold more than is named."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]


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
    coverage: dict[Name, Share] | None = None
    # only where outcome or peers' events are other than missing episodes
    asked: dict[Name, Name] | None = None


class Gate(Open):
    """What the diagnostics gate said of a fit; the numbers that an engine has not are null."""

    failed: list[Name]
    passed: bool
    worst: Name = ""
    rhat_max: float | None = None
    rhat_effects_max: float | None = None
    ess_bulk_min: float | None = None
    ess_tail_min: float | None = None
    divergences: float | None = None
    bfmi_min: float | None = None
    tree_depth_share: float | None = None
    k_hat: float | None = None
    importance_ess: float | None = None
    tail_share_max: float | None = None
    edge_loss: float | None = None

    model_config = ConfigDict(extra="allow", allow_inf_nan=True)


class Certificate(Open):
    """The birth certificate of a fit."""

    model: Name
    exposure: Name
    diagnostics: Gate
    method: Name = ""
    why_not_laplace: Name = ""
    compile_seconds: NotNegative = 0.0
    sample_seconds: NotNegative = 0.0


class _Bands(Record):
    """Median and interval at several places."""

    median: NotNegatives
    low: NotNegatives
    high: NotNegatives
    mass: Share

    def at(self, places: int) -> None:
        """Raise ValueError unless there is one of each at every place."""
        _as_long("bands", places, self.median, self.low, self.high)


class Effects(_Bands):
    """Bands on the log scale."""

    median: Numbers
    low: Numbers
    high: Numbers


def _as_long(what: str, places: int, *held: list[Any]) -> None:
    if any(len(values) != places for values in held):
        raise ValueError(f"{what}: lists of {', '.join(str(len(v)) for v in held)} values go with {places} places")


class _Dose(Record):
    """Onsets over those expected, by number of recently missing peers."""

    bins: Annotated[list[Name], Field(min_length=1, max_length=100)]
    onsets: NotNegatives
    days_at_risk: NotNegatives
    ratio: _Bands
    model: Name
    # from format 3 on
    expected: NotNegatives | None = None
    all_onsets: NotNegative | None = None

    @model_validator(mode="after")
    def _together(self) -> Self:
        _as_long("dose", len(self.bins), self.onsets, self.days_at_risk, self.expected or self.onsets)
        self.ratio.at(len(self.bins))
        return self


class Curve(Record):
    """Rate ratio over the range of an exposure."""

    exposure: Name
    model: Name
    x: Annotated[NotNegatives, Field(min_length=2)]
    ratio: _Bands

    @model_validator(mode="after")
    def _together(self) -> Self:
        self.ratio.at(len(self.x))
        return self


class Homes(Record):
    """Home effects against the resident-years that they rest on."""

    years_at_risk: NotNegatives
    effect: Effects
    sigma: _Bands
    model: Name
    exposure: Name = ""

    @model_validator(mode="after")
    def _together(self) -> Self:
        self.effect.at(len(self.years_at_risk))
        self.sigma.at(1)
        return self


class _NetworkChild(Record):
    """A resident in the week of the network."""

    label: Name
    onset_days: list[Count]
    resident_days: list[Count]
    away_days: list[Count]


class _NetworkTie(Record):
    """Two residents and the strength of their tie."""

    a: Name
    b: Name
    strength: NotNegative


class Network(Record):
    """A simulated home in its busiest week."""

    days: Annotated[list[Day], Field(min_length=1, max_length=31)]
    children: Annotated[list[_NetworkChild], Field(max_length=200)]
    ties: Annotated[list[_NetworkTie], Field(max_length=20_000)]

    @model_validator(mode="after")
    def _together(self) -> Self:
        labels = {child.label for child in self.children}
        if len(labels) < len(self.children) or any({tie.a, tie.b} - labels for tie in self.ties):
            raise ValueError("its ties are not between its children, or two children have one label")
        days = [d for c in self.children for d in (*c.onset_days, *c.resident_days, *c.away_days)]
        if any(day >= len(self.days) for day in days):
            raise ValueError("a day lies outside the week")
        return self


class _Predictive(Record):
    """Share of children by number of onsets, observed and replicated."""

    bins: Annotated[list[Name], Field(min_length=1, max_length=100)]
    observed: list[Share]
    replicated: _Bands
    model: Name
    exposure: Name = ""

    @model_validator(mode="after")
    def _together(self) -> Self:
        _as_long("predictive", len(self.bins), self.observed)
        self.replicated.at(len(self.bins))
        return self


class _TimingPart(Record):
    """Counts of when onsets come, observed and replicated."""

    name: Literal[*TIMING]  # type: ignore[valid-type]
    bins: Annotated[list[Name], Field(min_length=1, max_length=100)]
    observed: NotNegatives
    replicated: _Bands

    @model_validator(mode="after")
    def _together(self) -> Self:
        _as_long("timing", len(self.bins), self.observed)
        self.replicated.at(len(self.bins))
        return self


class _Timing(Record):
    """When onsets come."""

    parts: Annotated[list[_TimingPart], Field(max_length=100)]
    model: Name
    exposure: Name


class Traces(Record):
    """Gate and thinned draws of a fit."""

    model: Name
    exposure: Name
    gate: Gate
    traces: Annotated[dict[Name, Annotated[list[Annotated[Numbers, Field(min_length=1)]], Field(max_length=1_000)]],
                      Field(max_length=100)]  # fmt: skip


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
    return row


def _factor(factor: BayesFactor) -> BayesFactor:
    _as_long("widths", len(factor.widths), list(factor.log_bf10_by_width), list(factor.k_hat_by_width))
    _one_of("expected", factor.expected, ("above", "below", ""))
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

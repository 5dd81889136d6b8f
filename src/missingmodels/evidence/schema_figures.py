"""What the figures' part of ``evidence.json`` must hold: numbers in range, lists that go together."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, model_validator

from missingmodels.evidence.parts import EARLIER_TIMING, TIMING
from missingmodels.records import Name, Record

# Beyond these no axis can be drawn and no number printed in its column.
Finite = Annotated[float, Field(ge=-1e15, le=1e15)]


NotNegative = Annotated[float, Field(ge=0, le=1e15)]


Share = Annotated[float, Field(ge=-1e-9, le=1 + 1e-9)]


Count = Annotated[int, Field(ge=0, le=10**12)]


Numbers = Annotated[list[Finite], Field(max_length=1_000_000)]


NotNegatives = Annotated[list[NotNegative], Field(max_length=1_000_000)]


def _day(text: str) -> str:
    if not 1900 <= dt.date.fromisoformat(text).year <= 2200:
        raise ValueError("no day between 1900 and 2200")
    return text


Day = Annotated[Name, AfterValidator(_day)]


class Open(Record):
    """A record that may hold more than is named."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]


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

    name: Literal[*TIMING, *EARLIER_TIMING]  # type: ignore[valid-type]
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


class Traces(Record):
    """Gate and thinned draws of a fit."""

    model: Name
    exposure: Name
    gate: Gate
    traces: Annotated[dict[Name, Annotated[list[Annotated[Numbers, Field(min_length=1)]],
                                           Field(min_length=1, max_length=1_000)]],
                      Field(max_length=100)]  # fmt: skip

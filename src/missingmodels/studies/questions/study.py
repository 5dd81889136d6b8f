"""Study: one TOML file that fixes a grid of scenarios, the plan, what is asked, the rules and when to stop."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from missingmodels.config import Config
from missingmodels.plan import METHODS, Method, ModelName

SIZES = ("homes.count", "days")
Size = Literal["homes.count", "days"]
AT_A_LOOK, MEASURED = "at a look", "measure"  # rules of rows that no file names
BEGINNINGS = "plan."  # of an axis over a field of the plan; other axes are over fields of the scenario


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested tables as dotted names, so that a TOML key reads the same with and without quotes.

    Replaced priors stay a table: their names are no fields.
    """
    out: dict[str, Any] = {}
    for name, value in values.items():
        place = f"{before}{name}"
        nested = isinstance(value, Mapping) and place != "priors.replace"
        out |= flat(value, f"{place}.") if nested else {place: value}
    return out


class Part(Config):
    """A scenario or plan by name or file, and the fields that the study sets in it."""

    use: str = Field(default="", description="a preset's name, or a TOML file beside the study")
    set: dict[str, Any] = Field(default_factory=dict, description="dotted field = value")

    @field_validator("set", mode="before")
    @classmethod
    def _dotted(cls, values: Any) -> Any:
        return flat(values) if isinstance(values, Mapping) else values


class Law(Config):
    """What a field is thought to be before the study: normal (mean, sd) or uniform (low, high)."""

    law: Literal["normal", "uniform"] = "normal"
    mean: float | None = None
    sd: float | None = Field(default=None, gt=0)
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        normal, uniform = (self.mean, self.sd), (self.low, self.high)
        asked, other = (normal, uniform) if self.law == "normal" else (uniform, normal)
        if None in asked or other != (None, None):
            raise ValueError("give mean and sd for a normal law, low and high for a uniform one")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must be below high")
        return self


class _Ask(Config):
    """Which model is fitted, and which of its columns are judged by the rules."""

    model: ModelName = Field(default="M3", description="the model that is fitted")
    exposure: str = Field(default="", description="peer exposure of the model; the plan's primary one if left out")
    quantities: tuple[str, ...] = Field(
        default=("peer_presence",), min_length=1, description="columns judged; the first one is the study's main one"
    )
    estimands: tuple[Literal["attributable_fraction", "expected_rate", "median_rate_ratio"], ...] = Field(
        default=(), description="estimands by name, whose bias, coverage and width are measured; no rule judges them"
    )


class Replicates(Config):
    """How many worlds a cell gets. It is looked at after ``at_least`` and every ``step`` more, never between.

    A cell that may stop early stops a little sooner where chance has made its power extreme, so that a power near 0 or
    1 comes out up to half a point too extreme. With ``at_least = at_most`` there is one look, and no such bias.
    """

    batch: int = Field(default=10, ge=1, le=10_000, description="worlds of one task, which should last over a second")
    at_least: int = Field(default=100, ge=1, description="worlds before the first look")
    step: int = Field(default=100, ge=1, description="worlds between looks")
    at_most: int = Field(default=400, ge=1, description="worlds of a cell that never meets the target")
    target_error: float = Field(
        default=0.03, ge=0, lt=1, description="a cell stops once the Monte Carlo error of every power is at most this"
    )

    @model_validator(mode="after")
    def _whole_batches(self) -> Self:
        bad = [name for name in ("at_least", "step", "at_most") if getattr(self, name) % self.batch]
        if bad:
            raise ValueError(f"{', '.join(bad)} must be multiples of batch ({self.batch})")
        if self.at_most < self.at_least:
            raise ValueError("at_most is below at_least")
        return self


class Looks(Config):
    """Looks at the data in time: collection ends at the first at which the rule says supported."""

    days: tuple[int, ...] = Field(min_length=1, description="observed days at each look before the last day")
    rule: str = Field(default="plan", description="the rule of the looks: the plan's, or one of ``rules``")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if sorted({*self.days}) != [*self.days] or self.days[0] < 29:
            raise ValueError("days of looks rise from 29 on")
        return self


class Solve(Config):
    """Ask for the smallest size that has a stated assurance: of being supported, or of an interval that is narrow."""

    size: Size = "homes.count"
    assurance: float = Field(default=0.8, gt=0.05, lt=1)
    interval_mass: float = Field(default=0.9, gt=0, lt=1)
    width: float | None = Field(
        default=None,
        gt=0,
        description="precision as the goal: the rule's interval is at most so wide (log rate ratio), whatever it says",
    )


class Cost(Config):
    """Prices, in any currency: of the study, of each home and its months, of each child and its days in the record."""

    fixed: float = Field(default=0.0, ge=0)
    per_home: float = Field(default=0.0, ge=0)
    per_home_month: float = Field(default=0.0, ge=0)
    per_child: float = Field(default=0.0, ge=0, description="of each child that the record holds")


class Study(Config):
    """A study: a grid of scenarios, one plan, the rules of decision and a design prior."""

    name: str = Field(default="study", description="what the study is called")
    question: str = Field(default="", description="what the study is to answer, in a sentence")
    kind: Literal["power", "calibration"] = Field(
        default="power", description="power of decisions, or simulation-based calibration of the posterior"
    )
    seed: int = Field(default=1, ge=0, description="root seed; every replicate has a stream of its own below it")
    method: Method = Field(default="laplace", description=f"engine: {', '.join(METHODS)}")
    scenario: Part = Part(use="small")
    plan: Part = Part(use="default")
    axes: dict[str, tuple[Any, ...]] = Field(
        default_factory=dict, description="scenario field, or plan. and a plan's field = values of the grid"
    )
    points: dict[str, tuple[Any, ...]] = Field(
        default_factory=dict,
        description="as axes, with as many values of each, taken together: a list of points, as of a space-filling "
        "design, each crossed with the axes",
    )
    prior: dict[str, Law] = Field(
        default_factory=dict, description="design prior: scenario field = law; power averaged over it is assurance"
    )
    draws: dict[str, tuple[float, ...]] = Field(
        default_factory=dict,
        description="scenario field = values, as many of each: joint draws of a design prior, one for every world "
        "(`missingmodels power --from RUN` writes them)",
    )
    ask: _Ask = _Ask()
    rules: dict[str, dict[str, float]] = Field(
        default_factory=dict, description="further rules by name: changes to the plan's decision, judged beside it"
    )
    looks: Looks | None = Field(
        default=None, description="looks at the data before the last day, at which collection may end"
    )
    replicates: Replicates = Replicates()
    solve: Solve | None = Field(
        default=None, description="the smallest `size` (homes.count or days) with this `assurance`, with an interval"
    )
    cost: Cost | None = Field(
        default=None,
        description="prices: `fixed`, `per_home`, `per_home_month`, `per_child`; with axes of homes and days, the "
        "cheapest",
    )

    @property
    def averaged(self) -> bool:
        """Whether power is averaged over a design prior, and so is assurance."""
        return bool(self.prior or self.draws)

    @property
    def grid_fields(self) -> dict[str, tuple[Any, ...]]:
        """Values of the grid by field: of the axes, and of the points."""
        return self.axes | self.points

    @field_validator("axes", "points", "draws", mode="before")
    @classmethod
    def _axes(cls, values: Any) -> Any:
        return flat(values) if isinstance(values, Mapping) else values

    @model_validator(mode="after")
    def _agree(self) -> Self:
        faults = [f"axes.{name} has no value" for name, values in self.axes.items() if not values]
        faults += [f"axes.{n} names a value twice" for n, v in self.axes.items() if len({*map(repr, v)}) < len(v)]
        sources = {
            "an axis": {*self.axes},
            "among the points": {*self.points},
            "in the prior": {*self.prior},
            "among the draws": {*self.draws},
        }
        for one, other in itertools.combinations(sources, 2):
            faults += [f"{name} is both {one} and {other}" for name in sorted(sources[one] & sources[other])]
        for name, held in (("draws", self.draws), ("points", self.points)):
            if len({len(values) for values in held.values()} - {0}) > 1 or not all(held.values()):
                faults.append(f"{name} needs as many values of each field, at least one")
        if self.solve and len(self.axes.get(self.solve.size, ())) < 2:
            faults.append(f"solve.size = {self.solve.size!r} needs an axis of at least two values")
        if self.looks and self.looks.rule not in ("plan", *self.rules):
            faults.append(f"looks.rule = {self.looks.rule!r} is no rule; known: {', '.join(('plan', *self.rules))}")
        if taken := {*self.rules} & {AT_A_LOOK, MEASURED}:
            faults.append(f"rules.{min(taken)}: the name is taken; choose another")
        if self.cost and not self.solve:
            faults.append("cost has prices, but nothing is solved for: add [solve]")
        if self.kind == "calibration" and (
            self.averaged or self.rules or self.solve or self.looks or self.ask.estimands
        ):
            faults.append(
                "a calibration draws from the plan's priors: it takes no prior, draws, rules, looks, estimands or solve"
            )
        if faults:
            raise ValueError("; ".join(faults))
        return self

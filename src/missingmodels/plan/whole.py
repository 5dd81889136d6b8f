"""The whole plan, and the plans of runs that were made before a key was there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from missingmodels.config import Config, from_mapping, nearest, with_what_was_meant
from missingmodels.errors import ConfigInvalid
from missingmodels.plan.formulas import column_named
from missingmodels.plan.sections import Decision, Effects, Exposure, Frame, Gate, Priors, Sampling, Scores, Terms
from missingmodels.plan.words import COUNTED, METHODS, MISSING, ModelName
from missingmodels.provenance import digest_json
from missingmodels.vocabulary.frailty import FRAILTY

WEEK = 7
FINEST_DRIFT = 14  # days of a cell at most: a week's wave in longer ones is called influence
KERNEL_MEMORY = 3  # times kernel_days, when 5 % of an onset's exposure is left; a shorter record is unseen


class Plan(Config):
    """What is asked of the data, and by which rule it is answered.

    ``contrast`` states a difference of any column of the models, for which the evidence has a rate ratio, a verdict
    where the column has a direction, and the expected rates at both ends: ``adhd = [0, 1]``, ``reason = ["planned",
    "crisis"]``, ``"event(conflict, 1, 3)" = [0, 1]``. Of a product, ``"peer_presence:adhd" = [0, 1]``, it is the factor
    on a rate ratio.
    """

    name: str = "default"
    models: tuple[ModelName, ...] = ("M0", "M1", "M2", "M3")
    exposure: Exposure = Exposure()
    terms: Terms = Terms()
    frame: Frame = Frame()
    effects: Effects = Effects()
    priors: Priors = Priors()
    decision: Decision = Decision()
    sampling: Sampling = Sampling()
    scores: Scores = Scores()
    gate: Gate = Gate()
    contrast: dict[str, tuple[float | str, float | str]] = Field(default_factory=dict)

    @field_validator("contrast")
    @classmethod
    def _contrasts(cls, held: dict[str, tuple[float | str, float | str]]) -> dict[str, tuple[float | str, float | str]]:
        """Names as formulas have them, whatever way a fact was written."""
        out = {}
        for name, (low, high) in held.items():
            if low == high or isinstance(low, str) != isinstance(high, str):
                raise ValueError(f"contrast {name!r} needs two different numbers, or two different levels")
            out[column_named(name, products=True)] = (low, high)
        return out

    @model_validator(mode="after")
    def _can_compare(self) -> Self:
        if "M0" not in self.models:
            raise ValueError("models must contain 'M0', the model that the others are compared with")
        if self.exposure.window_days > self.frame.burn_in_days:
            raise ValueError("exposure.window_days is longer than frame.burn_in_days, so early exposure is unknown")
        kernel = "peer_kernel" in (self.exposure.primary, *self.exposure.beside)
        if kernel and KERNEL_MEMORY * self.exposure.kernel_days > self.frame.burn_in_days:
            raise ValueError(
                f"{KERNEL_MEMORY} times exposure.kernel_days is longer than frame.burn_in_days, so early exposure to "
                "peer_kernel is unknown"
            )
        if self.exposure.outside and not {"M1", "M3"} & set(self.models):
            raise ValueError("exposure.outside needs a model with peers, 'M1' or 'M3'")
        self._can_complete()
        if self.exposure.moderation and ("M3" not in self.models or "staff_ratio" not in self.terms.structure):
            raise ValueError("exposure.moderation needs the model 'M3', and 'staff_ratio' in terms.structure")
        if self.exposure.modified_by and not {"M1", "M3"} & set(self.models):
            raise ValueError("exposure.modified_by needs a model with peers, 'M1' or 'M3'")
        if self.effects.peer_slope_by_home and not {"M1", "M3"} & set(self.models):
            raise ValueError("effects.peer_slope_by_home needs a model with peers, 'M1' or 'M3'")
        self._can_drift()
        if self.frame.initial == "conditional" and not FRAILTY[self.effects.frailty].conditional:
            able = " and ".join(repr(name) for name, law in FRAILTY.items() if law.conditional)
            raise ValueError(
                f"effects.frailty = {self.effects.frailty!r} needs frame.initial = 'joint': what is known before the "
                f"window updates {able} in closed form, and no other law"
            )
        return self

    @property
    def peer_event(self) -> str:
        """What peers are exposed by."""
        return self.exposure.event or self.frame.outcome

    @property
    def of_missing(self) -> bool:
        """Whether outcome and peers' events are missing episodes, as they are from the day after on."""
        return (self.frame.outcome, self.peer_event, self.exposure.first_day) == (MISSING, MISSING, 1)

    def require_missing(self, what: str) -> None:
        """Raise ConfigInvalid unless the plan speaks of missing episodes alone."""
        if not self.of_missing:
            raise ConfigInvalid(
                f"{what} speaks of missing episodes, and the plan has another outcome or event of peers",
                where=f"plan {self.name!r}",
                remedy="leave out frame.outcome, exposure.event and exposure.first_day",
            )

    @property
    def cell_days(self) -> int:
        """Days of a cell of time."""
        return self.frame.cell_days or self.frame.period_days

    @property
    def tail_share_limit(self) -> float:
        """The largest share of a coefficient's posterior that may lie where proposals hardly reach."""
        stated = self.gate.tail_share_max
        return (1 - self.decision.interval_mass) / 2 if stated is None else stated

    @property
    def digest(self) -> str:
        """What tells this plan from every other; it stands in each certificate."""
        return digest_json(self.model_dump(mode="json"))

    def changed(self, values: Mapping[str, Any]) -> Self:
        """The plan with dotted keys set, as ``{"frame.period_days": 91}``. Raises ConfigInvalid where it refuses them.

        Keys within ``priors.replace`` are set as a whole.
        """
        out = self.model_dump()
        for name, value in values.items():
            at, *path = out, *str(name).split(".")
            for part in path[:-1]:
                if not isinstance(at.get(part), dict):
                    raise ConfigInvalid(f"a plan has no key {name!r}", remedy="docs/plans.md lists them")
                at = at[part]
            at[path[-1]] = value
        return from_mapping(out, type(self))

    def _can_drift(self) -> None:
        """Give a process that drifts its cells. Raises ValueError for cells that do not serve it."""
        if self.effects.drifts and self.frame.cell_days is None:
            object.__setattr__(self, "frame", self.frame.model_copy(update={"cell_days": WEEK}))
        if self.effects.drifts and self.cell_days > FINEST_DRIFT:
            raise ValueError(
                f"a process that drifts needs cells of at most {FINEST_DRIFT} days: give frame.cell_days, 7 for weeks"
            )

    def _can_complete(self) -> None:
        """Raise ValueError where unseen peers are to be bounded or modelled and that cannot be done.

        The exposure must be made of counts, and the fast engine must know the model's effects.
        """
        rule = self.frame.coverage_rule
        if rule not in ("bound", "model"):
            return
        if not self.of_missing:
            raise ValueError(f"frame.coverage_rule = {rule!r} knows missing episodes alone, from the day after on")
        if self.exposure.primary not in COUNTED:
            raise ValueError(f"frame.coverage_rule = {rule!r} needs exposure.primary to be one of {', '.join(COUNTED)}")
        for key in ("moderation", "modified_by"):
            if getattr(self.exposure, key):
                raise ValueError(f"frame.coverage_rule = {rule!r} does not go with exposure.{key}")
        if rule == "model" and self.exposure.outside:
            raise ValueError(
                "frame.coverage_rule = 'model' does not go with exposure.outside: episodes drawn would not know of it"
            )
        for name in ("authority", "owner", "peer_slope_by_home"):
            if getattr(self.effects, name):
                raise ValueError(
                    f"frame.coverage_rule = {rule!r} refits by the fast engine, which does not know effects.{name}"
                )


# What a key meant before it was there, where that is not its default of today.
BEFORE: Mapping[str, Any] = {
    "exposure.witnessed": False,
    "terms.structure_means": "window",
    "effects.sector_process": "none",
    "decision.withstands": {"sd": 0.0},
    "scores.last_days": 0,
    "gate.tail_share_max": 0.05,
}


def kept_plan(values: Mapping[str, Any], *, where: str = "") -> Plan:
    """The plan that a run, a fit or a study holds, which wrote every key that there was.

    A key that it lacks came later, and means what was done before. Raises ConfigInvalid. A plan of a user's file, where
    a key left out takes today's default, is read by ``presets.load_plan``.
    """
    return from_mapping(with_what_was_meant(values, BEFORE), Plan, where=where)


def require_plan(plan: object) -> None:
    """Raise ConfigInvalid for what is no plan, such as the name of one."""
    if not isinstance(plan, Plan):
        given = f"the name {plan!r}" if isinstance(plan, str) else type(plan).__name__
        raise ConfigInvalid(f"{given} is given where a plan belongs", where="plan", remedy="mm.load_plan(…) reads one")


def with_method(plan: Plan, method: str | None) -> Plan:
    """The plan with another engine, itself if none is named. Raises ConfigInvalid for one that is not known."""
    if method is None:
        return plan
    if method not in METHODS:
        raise ConfigInvalid(
            f"method {method!r} is not known{nearest(method, METHODS)}", remedy=f"choose one of {', '.join(METHODS)}"
        )
    return plan.model_copy(update={"sampling": plan.sampling.model_copy(update={"method": method})})

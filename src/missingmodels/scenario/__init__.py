"""Scenario: the settings of a simulated sector. Defaults that speak of the world come from cards in ``sources.csv``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from missingmodels.config import Config, from_mapping, with_what_was_meant
from missingmodels.scenario.after import Aftermath, Away
from missingmodels.scenario.children import Children, Dials, Ties
from missingmodels.scenario.homes import Homes, Staff
from missingmodels.scenario.onset import Contagion, Mechanisms, Onset
from missingmodels.scenario.own import OwnDrawn
from missingmodels.scenario.recording import Recording

__all__ = [
    "Aftermath",
    "Away",
    "Children",
    "Contagion",
    "Dials",
    "Homes",
    "Mechanisms",
    "Onset",
    "OwnDrawn",
    "Recording",
    "Scenario",
    "Staff",
    "Ties",
    "kept_scenario",
]


class Scenario(Config):
    """A simulated sector. ``days`` counts the observed span, its burn-in included."""

    name: str = Field(default="small", description="what the scenario is called")
    start_date: dt.date = Field(default=dt.date(2024, 4, 1), description="first observed day")
    days: int = Field(default=393, ge=29, le=20_000, description="observed days")
    lead_days: int = Field(
        default=0, ge=0, le=2000, description="days the episodes run before the first observed day, unrecorded"
    )
    period_days: int = Field(default=28, ge=7, le=365, description="length of the periods of slow covariates")
    homes: Homes = Homes()
    staff: Staff = Staff()
    children: Children = Children()
    ties: Ties = Ties()
    onset: Onset = Onset()
    mechanisms: Mechanisms = Mechanisms()
    contagion: Contagion = Contagion()
    away: Away = Away()
    aftermath: Aftermath = Aftermath()
    dials: Dials = Dials()
    recording: Recording = Recording()
    own: dict[str, OwnDrawn] = Field(
        default_factory=dict,
        description="variables of one's own: see [own.NAME]",
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        faults = []
        if self.dials.shock_drifts and self.dials.shock_sd == 0:
            faults.append("dials.shock_drifts asks for a drift, but dials.shock_sd is 0")
        if self.dials.wave_scope == "authority" and self.dials.wave_sd == 0:
            faults.append("dials.wave_scope names the homes of a wave, but dials.wave_sd is 0")
        if self.contagion.short_staffing and self.contagion.log_rate_ratio == 0:
            faults.append("contagion.short_staffing moderates an influence that contagion.log_rate_ratio sets to 0")
        if self.mechanisms.manager_absent and self.mechanisms.manager_absent_share == 0:
            faults.append("mechanisms.manager_absent has an effect, but mechanisms.manager_absent_share is 0")
        if self.mechanisms.sanction and self.aftermath.sanctioned_share == 0:
            faults.append("mechanisms.sanction has an effect, but aftermath.sanctioned_share is 0")
        if self.contagion.outside_log_rate_ratio and not (
            self.homes.school_tie_share or self.homes.area_tie_share or self.children.move_share
        ):
            faults.append("contagion.outside_log_rate_ratio has no ties beyond the home to act along")
        faults += self._feedback_faults()
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _feedback_faults(self) -> list[str]:
        """Where staffing answers to episodes it acts by its value alone: a home's mean would know the future."""
        if not self.dials.feeds_back:
            return []
        asked = "dials.sick_per_episode and dials.leaving_per_episode ask for"
        faults = [
            f"{asked} onset.{name}_between = onset.{name}_within, as a home's mean over all days knows what comes later"
            for name in ("staff_ratio", "turnover")
            if getattr(self.onset, f"{name}_between") != getattr(self.onset, f"{name}_within")
        ]
        short = f"{asked} contagion.short_staffing = 0, as it acts by the deviation from such a mean"
        return faults + ([short] if self.contagion.short_staffing else [])


# What a key meant before it was there, where that is not its default of today.
BEFORE: Mapping[str, Any] = {"contagion.witnessed": False}


def kept_scenario(values: Mapping[str, Any], *, where: str = "") -> Scenario:
    """The scenario that a study holds, which wrote every key that there was; one that is lacking means what was done
    before it came. Raises ConfigInvalid.
    """
    return from_mapping(with_what_was_meant(values, BEFORE), Scenario, where=where)

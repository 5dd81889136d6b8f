"""Scenario: the settings of a simulated sector. Defaults that speak of the world come from cards in ``sources.csv``."""

from __future__ import annotations

import datetime as dt
import math
from typing import Literal, Self

from pydantic import Field, model_validator

from missingmodels.config import Config
from missingmodels.sources import card


def _from_card(name: str, *, log: bool = False) -> float:
    return math.log(card(name).value) if log else card(name).value


class Homes(Config):
    """Homes and their staff. Staffing is in mean care staff on duty per registered place."""

    count: int = Field(default=40, ge=1, le=100_000)
    place_shares: tuple[float, ...] = card("home_places_shares").values
    occupancy: float = Field(default=_from_card("occupancy"), gt=0, le=0.98)
    private_share: float = Field(default=_from_card("home_private_share"), ge=0, le=1)
    staff_on_duty_per_place: float = Field(default=0.6, gt=0)
    staff_between_sd_log: float = Field(default=0.25, ge=0)
    staff_within_sd_log: float = Field(default=0.2, ge=0)
    staff_per_place: float = Field(default=_from_card("staff_per_place"), gt=0)
    turnover_per_year: float = Field(default=_from_card("staff_turnover_annual"), ge=0)
    turnover_between_sd_log: float = Field(default=0.5, ge=0)
    agency_share: float = Field(default=0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if min(self.place_shares) < 0 or not math.isclose(sum(self.place_shares), 1, abs_tol=0.005):
            raise ValueError(f"place_shares must be shares that sum to 1 (sum {sum(self.place_shares):.3f})")
        return self


class Children(Config):
    """Children and their stays."""

    age_at_entry_mean_years: float = Field(default=14.3, ge=6, le=17)
    age_at_entry_sd_years: float = Field(default=1.6, gt=0)
    male_share: float = Field(default=_from_card("residents_male_share"), ge=0, le=1)
    out_of_area_share: float = Field(default=_from_card("residents_out_of_area_share"), ge=0, le=1)
    exploitation_risk_share: float = Field(default=0.2, ge=0, le=1)
    emergency_share: float = Field(default=_from_card("emergency_admission_share"), ge=0, le=1)
    first_in_care_share: float = Field(default=_from_card("first_in_care_share"), ge=0, le=1)
    stay_median_days: float = Field(default=_from_card("placement_days_median"), gt=0)
    stay_mean_days: float = Field(default=_from_card("placement_days_mean"), gt=0)
    move_share: float = Field(default=0.3, ge=0, le=1)

    @model_validator(mode="after")
    def _skewed(self) -> Self:
        if self.stay_mean_days <= self.stay_median_days:
            raise ValueError("stay_mean_days must be above stay_median_days: stays are skewed to the right")
        return self


class Onset(Config):
    """The intensity of onset: log rate ratios per unit, and sizes of the random effects (specification, section 2)."""

    rate_per_year: float = Field(default=1.9, gt=0)
    age_years: float = _from_card("age_rate_ratio_per_year", log=True)
    male: float = 0.0
    need_score: float = 0.3
    exploitation_risk: float = 0.4
    out_of_area: float = math.log(0.75)
    own_1_7: float = _from_card("own_recent_rate_ratio", log=True)
    own_8_28: float = 0.3
    arrival_0_6: float = 0.4
    arrival_7_27: float = 0.2
    arrival_28_89: float = 0.0
    staff_ratio_between: float = -0.2
    staff_ratio_within: float = -0.2
    turnover_between: float = 0.5
    turnover_within: float = 0.5
    mix_need_between: float = _from_card("mixed_need_rate_ratio", log=True)
    mix_need_within: float = _from_card("mixed_need_rate_ratio", log=True)
    home_sd: float = Field(default=_from_card("home_sd_log"), ge=0)
    home_period_sd: float = Field(default=0.2, ge=0)
    frailty_shape: float = Field(default=_from_card("frailty_shape"), gt=0)


class Contagion(Config):
    """Peer influence: the log rate ratio per unit of one exposure."""

    exposure: Literal["peer_presence", "peer_count", "peer_density", "peer_network"] = "peer_presence"
    log_rate_ratio: float = Field(default=_from_card("peer_effect_rate_ratio", log=True), ge=-3, le=3)
    window_days: int = Field(default=7, ge=1, le=90)


class Scenario(Config):
    """A simulated sector. ``days`` counts the observed span, its burn-in included."""

    name: str = "small"
    start_date: dt.date = dt.date(2024, 4, 1)
    days: int = Field(default=393, ge=29, le=20_000)
    period_days: int = Field(default=28, ge=7, le=365)
    homes: Homes = Homes()
    children: Children = Children()
    onset: Onset = Onset()
    contagion: Contagion = Contagion()

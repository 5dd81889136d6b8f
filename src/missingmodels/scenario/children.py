"""Children, their stays, and the ties between them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from missingmodels.config import Config
from missingmodels.scenario.fields import amount, from_card, positive, share
from missingmodels.scenario.homes import _one
from missingmodels.sources import card


class Children(Config):
    """Children: who they are, how they come, how long they stay, where they go."""

    age_at_entry_mean_years: float = Field(
        default=14.3,
        ge=6,
        le=17,
        description="mean age at the first stay, before those too old for its length are left out",
    )
    age_at_entry_sd_years: float = positive(1.9, "spread of that age")
    male_share: float = share(from_card("residents_male_share"), "boys")
    uasc_share: float = share(from_card("residents_uasc_share"), "unaccompanied asylum-seeking children")
    exploitation_risk_share: float = share(0.2, "known to be at risk of exploitation on entry")
    not_in_education_share: float = share(0.2, "not on a school or college roll, or not attending")
    prior_missing_share: float = share(from_card("prior_missing_share"), "went missing before this record begins")
    family_pull_share: float = share(0.15, "whose family encourages absence")
    emergency_share: float = share(from_card("emergency_admission_share"), "admitted in an emergency")
    first_in_care_share: float = share(from_card("first_in_care_share"), "in care for the first time")
    well_matched_share: float = share(from_card("well_matched_share"), "well matched to the home; emergencies less so")
    out_of_area_share: float = share(
        from_card("residents_out_of_area_share"), "placed outside the responsible authority's boundary"
    )
    distance_in_area_miles: float = positive(9.0, "median distance from the child's own home, placed inside")
    distance_out_of_area_miles: float = positive(27.0, "the same, placed outside")
    distance_sd_log: float = positive(0.75, "spread of log distance")
    stay_band_shares: tuple[float, ...] = Field(
        default=card("placement_length_bands").values,
        description="share of stays of 1–7 days, 8–30, to 3 months, 6, 12, 2 years, 5 years, longer",
    )
    stay_scale: float = positive(1.0, "factor on every length of stay", le=20)
    move_share: float = share(0.3, "of stays that end before 18, those followed by another home of the sector")
    social_worker_changes_per_year: float = amount(
        from_card("social_worker_changes_per_year"), "rate at which a child's social worker changes", le=20
    )

    @model_validator(mode="after")
    def _bands(self) -> Self:
        if len(self.stay_band_shares) != 8:
            raise ValueError(f"stay_band_shares needs 8 shares (found {len(self.stay_band_shares)})")
        _one("stay_band_shares", self.stay_band_shares)
        return self


class Ties(Config):
    """Ties: they grow with time lived together, and fade after parting."""

    sd_log: float = amount(0.5, "spread of log affinity between pairs", le=3)
    first_day_share: float = share(0.4, "strength on the first day together, of the strength at last")
    growth_days: float = positive(60.0, "days together after which 63 % of the growth is reached")
    decay_days: float = positive(60.0, "days after parting after which strength is down to 37 %")
    school_strength: float = amount(0.5, "strength of a tie by school")
    area_strength: float = amount(0.3, "strength of a tie by area")


class Dials(Config):
    """What an identification study turns: each imitates influence or hides it, and is 0 by default."""

    homophily: float = share(0.0, "correlation (copula) of a child's own propensity with the home's")
    shock_sd: float = amount(0.0, "size (sd of log rate) of shocks shared by a home", le=3)
    shock_days: float = positive(91.0, "how long a shared shock lasts", le=3650)
    shock_drifts: bool = Field(default=False, description="a shock drifts (Ornstein–Uhlenbeck) instead of stepping")
    wave_sd: float = amount(0.0, "size (sd of log rate) of waves that homes share", le=3)
    wave_days: float = positive(28.0, "how long a wave lasts", le=3650)
    wave_drifts: bool = Field(default=True, description="a wave drifts (Ornstein–Uhlenbeck) instead of stepping")
    wave_scope: Literal["sector", "authority"] = Field(
        default="sector", description="which homes share a wave: all, or those of an authority"
    )
    exit_per_episode: float = share(0.0, "chance that an episode ends the stay on return and moves the child")
    sick_per_episode: float = share(
        0.0, "added to the chance that a person on the rota is away, per episode in the home in the period before"
    )
    leaving_per_episode: float = Field(
        default=0.0, ge=-3, le=3, description="log rate ratio on leaving of staff, per such episode; twentyfold at most"
    )
    authority_sd: float = amount(0.0, "spread of log rate between the homes' authorities", le=3)
    owner_sd: float = amount(0.0, "spread of log rate between owners", le=3)

    @property
    def feeds_back(self) -> bool:
        """Whether staffing answers to episodes."""
        return bool(self.sick_per_episode or self.leaving_per_episode)

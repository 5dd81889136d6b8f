"""Homes and their staff."""

from __future__ import annotations

import math
from typing import Self

from pydantic import Field, model_validator

from missingmodels.config import Config
from missingmodels.scenario.fields import amount, from_card, positive, share
from missingmodels.sources import card


def _one(name: str, shares: tuple[float, ...]) -> None:
    if min(shares) < 0 or not math.isclose(sum(shares), 1, abs_tol=0.005):
        raise ValueError(f"{name} must be shares that sum to 1 (sum {sum(shares):.3f})")


class Homes(Config):
    """Homes: how many, how large, whose, where, and when they open and close."""

    count: int = Field(default=40, ge=1, le=100_000, description="homes open on the first day")
    authorities: int = Field(default=1, ge=1, le=400, description="local authorities that the homes stand in")
    place_shares: tuple[float, ...] = Field(
        default=card("home_places_shares").values, description="share of homes with 1, 2, 3, … places"
    )
    occupancy: float = positive(from_card("occupancy"), "residents per registered place, on average", le=0.98)
    sector_shares: tuple[float, ...] = Field(
        default=card("home_sector_shares").values,
        description="share of homes that are private, local authority, voluntary, health",
    )
    type_shares: tuple[float, ...] = Field(
        default=card("home_type_shares").values,
        description="share of children's homes, residential special schools registered as homes, secure homes",
    )
    sector_mean_places: tuple[float, ...] = Field(
        default=card("home_sector_mean_places").values,
        description="mean places in each sector; sizes are tilted towards these means",
    )
    owner_discount: float = Field(
        default=0.6, ge=0, lt=1, description="how heavy the tail of large owners is (discount of a Pitman–Yor process)"
    )
    owner_strength: float = positive(100.0, "how many owners there are (strength of that process)")
    openings_per_year: float = amount(0.0, "homes that open in a year, per home", le=2)
    closures_per_year: float = amount(0.0, "rate at which a home closes", le=2)
    short_break_share: float = share(0.0, "homes for short breaks only, listed beside the others; nobody lives there")
    homes_per_area: int = Field(default=4, ge=1, le=50, description="homes whose children share schools and streets")
    school_tie_share: float = share(0.0, "chance that two children of an area, both in education, are tied by school")
    area_tie_share: float = share(0.0, "chance that two other children of an area know each other")

    @model_validator(mode="after")
    def _shares(self) -> Self:
        _one("place_shares", self.place_shares)
        _one("sector_shares", self.sector_shares)
        _one("type_shares", self.type_shares)
        if len(self.type_shares) != 3:
            raise ValueError("type_shares needs 3 numbers: children's home, residential special school, secure")
        for name in ("sector_shares", "sector_mean_places"):
            if len(getattr(self, name)) != 4:
                raise ValueError(f"{name} needs 4 numbers: private, local authority, voluntary, health")
        if self.authorities > self.count:
            raise ValueError(f"authorities ({self.authorities}) cannot exceed count ({self.count})")
        return self


class Staff(Config):
    """Care staff as people in posts, on a rota of 12-hour day and waking-night shifts."""

    on_duty_per_place: float = positive(
        0.6, "care staff on duty per registered place, planned mean over the day; at least one by day and one by night"
    )
    between_sd_log: float = amount(0.25, "spread between homes of the log planned level")
    within_sd_log: float = amount(0.2, "spread between 28-day periods of a home's log planned level")
    night_share: float = share(0.3, "share of shifts that are nights")
    people_per_place: float = positive(from_card("staff_per_place"), "posts per registered place")
    turnover_per_year: float = amount(from_card("staff_turnover_annual"), "leavers a year per person in post", le=20)
    turnover_between_sd_log: float = amount(0.5, "spread between homes of the log rate of leaving")
    vacancy_mean_days: float = amount(30.0, "mean days until a post is filled again", le=1000)
    sickness_share: float = share(0.05, "chance that a person on the rota is away")
    agency_cover_share: float = share(0.8, "chance that an open shift is covered by agency or bank staff")
    disengaged_share: float = share(0.15, "share of permanent people who are disengaged; agency staff count as such")
    trained_share: float = share(0.5, "share of permanent people trained in depth; agency staff count as not")
    new_starter_days: int = Field(default=182, ge=0, description="days in post below which a person is inexperienced")
    trust_share: float = share(0.6, "chance that a child and a key person come to trust each other")
    trust_after_shifts: int = Field(default=24, ge=1, description="shared shifts after which that trust stands")
    adult_sd_log: float = amount(
        0.0,
        "spread between adults of the log rate of onset in their care; the day's shifts act by their mean",
    )

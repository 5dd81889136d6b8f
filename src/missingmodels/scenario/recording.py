"""What is written down of what happened."""

from __future__ import annotations

from pydantic import Field

from missingmodels.config import Config
from missingmodels.scenario.fields import amount, share


class Recording(Config):
    """The record: by default all is reported, as it was. Log-odds and spreads act on the chance of being reported."""

    reported_log_odds: float | None = Field(
        default=None, ge=-10, le=10, description="log-odds that an absence is reported; unset = all are"
    )
    reported_home_sd: float = amount(0.0, "spread of those log-odds between homes", le=5)
    reported_authority_sd: float = amount(0.0, "spread of those log-odds between the children's authorities", le=5)
    short_hours: float = amount(6.0, "an absence of fewer hours is short")
    short_log_odds: float = Field(default=0.0, ge=-10, le=10, description="added to the log-odds of a short absence")
    away_share: float = share(
        0.0, "of absences with known whereabouts, those that the usual authority writes as A (unauthorised)"
    )
    whereabouts_known_share: float = share(0.5, "of reported absences, those with known whereabouts (an assumption)")
    no_away_authorities_share: float = share(0.0, "authorities that write no A at all")
    dates_only: bool = Field(default=False, description="hours are not written down")
    late_start_share: float = share(0.0, "absences written as beginning a day late")
    late_end_share: float = share(0.0, "returns written a day late")
    lost_end_share: float = share(0.0, "returns not written, so that the absence stays open")
    duplicate_share: float = share(0.0, "absences written twice")
    unseen_children_share: float = share(0.0, "children not in the record; their homes hold residents nobody sees")
    joining_days: float = amount(
        0.0, "homes begin to be recorded at days drawn evenly from the first so many; 0: all on the first", le=3650
    )
    leaving_per_year: float = amount(0.0, "rate at which a home that is recorded stops being so, and goes on", le=20)

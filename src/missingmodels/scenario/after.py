"""Time away, and what follows a return."""

from __future__ import annotations

from pydantic import Field

from missingmodels.config import Config
from missingmodels.scenario.fields import amount, from_card, positive, ratio, share


class Away(Config):
    """How long a child is away. Hours are drawn; dates follow from them, as in a return that holds dates only."""

    median_hours: float = positive(from_card("hours_away_median"), "median hours away")
    sd_log: float = positive(from_card("hours_away_sd_log"), "spread of log hours away")
    evening_share: float = share(0.75, "onsets about the evening peak; the others fall evenly over the day")
    evening_hour: float = Field(default=20.0, ge=0, lt=24, description="hour of that peak")
    evening_sd_hours: float = positive(2.5, "spread about the peak")
    long_share: float = share(0.0, "absences of a heavier tail")
    long_ratio: float = ratio(10.0, "on the hours of those")
    trusted_adult: float = ratio(1.0, "on hours away where an adult in the home is trusted")
    out_of_area: float = ratio(1.0, "on hours away of children placed out of area")
    sanction: float = ratio(1.0, "on hours away where the last return met a sanction")
    family_pull: float = ratio(1.0, "on hours away where the family encourages absence")
    disengaged_on_shift: float = ratio(1.0, "on hours away per share of disengaged or agency staff on shift")
    untrained_on_shift: float = ratio(1.0, "on hours away per share of staff on shift who are not trained in depth")
    protocol: float = ratio(1.0, "on hours away in homes that share profiles by a protocol")
    protocol_share: float = share(0.0, "homes that have adopted such a protocol")
    serious_share: float = share(0.04, "absences of ordinary length in which the child comes to serious harm")
    serious_log_hours: float = Field(default=0.5, ge=-3, le=3, description="log odds of that per unit of log hours")
    serious_out_of_area: float = Field(default=0.0, ge=-3, le=3, description="log odds of that out of area")
    serious_exploitation: float = Field(
        default=0.0, ge=-3, le=3, description="log odds of that at risk of exploitation"
    )


class Aftermath(Config):
    """Return home interviews and reception."""

    offered_share: float = share(0.8, "returns after which an interview is offered")
    offered_between_sd: float = amount(0.0, "spread between the homes' authorities of its log odds", le=5)
    accepted_share: float = share(
        from_card("interview_take_up_share"),
        "offered interviews that the child accepts; one overtaken by the next absence is not held",
    )
    accepted_trusted: float = Field(default=0.0, ge=-3, le=3, description="log odds of that where an adult is trusted")
    accepted_after_change: float = Field(
        default=0.0, ge=-3, le=3, description="log odds of that after a change of social worker"
    )
    within_72h_share: float = share(from_card("interview_within_72h_share"), "of those, held within 72 hours")
    delay_mean_days: float = positive(6.0, "mean further days of the others")
    quality_mean: float = share(0.5, "mean quality, as the share of good-practice items met")
    sanctioned_share: float = share(0.0, "returns met with a sanction or new restriction")

"""The intensity of onset, and peer influence."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from missingmodels.config import Config
from missingmodels.scenario.fields import amount, effect, from_card, positive, share

_MIXED = from_card("mixed_need_rate_ratio", log=True)


class Onset(Config):
    """The intensity of onset that the default model knows (specification, section 2)."""

    rate_per_year: float = positive(1.9, "onsets a year of an ordinary child, settled, with no recent episode", le=400)
    age_years: float = effect(from_card("age_rate_ratio_per_year", log=True), "per year of age")
    male: float = effect(0.0, "of boys")
    need_score: float = effect(0.3, "per standard deviation of need")
    exploitation_risk: float = effect(0.4, "of known risk of exploitation")
    out_of_area: float = effect(math.log(0.75), "of a placement out of area")
    own_1_7: float = effect(from_card("own_recent_rate_ratio", log=True), "of an own onset 1–7 days ago")
    own_8_28: float = effect(0.3, "of an own onset 8–28 days ago")
    arrival_0_6: float = effect(0.4, "in days 0–6 of a stay")
    arrival_7_27: float = effect(0.2, "in days 7–27")
    arrival_28_89: float = effect(0.0, "in days 28–89")
    staff_ratio_between: float = effect(-0.2, "per unit of a home's mean log staff ratio")
    staff_ratio_within: float = effect(-0.2, "per unit of a period's deviation from it")
    turnover_between: float = effect(0.5, "per unit of a home's mean turnover")
    turnover_within: float = effect(0.5, "per unit of a period's deviation from it")
    mix_need_between: float = effect(_MIXED, "per unit of a home's mean need of the others")
    mix_need_within: float = effect(_MIXED, "per unit of a day's deviation from it")
    home_sd: float = amount(from_card("home_sd_log"), "spread of log rate between homes", le=5)
    home_period_sd: float = amount(0.2, "spread between 28-day periods of a home", le=5)
    frailty_shape: float = positive(from_card("frailty_shape"), "shape k of the children's gamma frailty")
    frailty_sd_log: float = amount(
        0.0, "above 0 the frailty is log-normal with this sd of its log, and frailty_shape is not used", le=5
    )
    low_risk_share: float = Field(
        default=0.0, ge=0, lt=1, description="children of a low-risk class; the frailty drawn is that of the others"
    )
    low_risk_ratio: float = share(0.05, "rate of the low-risk class over the mean rate of the others")


class Mechanisms(Config):
    """Further causes of onset, each 0 by default, so that the default model is true by default."""

    uasc: float = effect(0.0, "of unaccompanied asylum-seeking children")
    prior_missing: float = effect(0.0, "of episodes before the record begins")
    not_in_education: float = effect(0.0, "of being out of education, on a weekday")
    family_pull: float = effect(0.0, "of a family that encourages absence")
    community_pull: float = effect(0.0, "per standard deviation of what the area offers")
    unmet_need_pull: float = effect(0.0, "of risk of exploitation while no adult is trusted, on top")
    trusted_adult: float = effect(0.0, "of an adult in the home whom the child trusts")
    poorly_matched: float = effect(0.0, "of a stay not well matched")
    emergency: float = effect(0.0, "of an emergency admission")
    restrictiveness: float = effect(0.0, "per standard deviation of a home's restrictiveness")
    climate: float = effect(0.0, "per standard deviation of a home's warmth")
    manager_absent: float = effect(0.0, "while the home has no registered manager")
    new_admission_7d: float = effect(0.0, "of another child admitted in the last 7 days")
    conflict_3d: float = effect(0.0, "of a conflict in the home on one of the 3 days before")
    concurrent_missing: float = effect(0.0, "of a co-resident who is missing as the day begins")
    disengaged_on_shift: float = effect(0.0, "per share of disengaged or agency staff on the day's shifts")
    inexperienced_on_shift: float = effect(0.0, "per share of new starters on the day's shifts")
    untrained_on_shift: float = effect(0.0, "per share of staff on the day's shifts who are not trained in depth")
    social_worker_change: float = effect(0.0, "of a change of social worker on one of the 182 days before")
    past_episodes: float = effect(
        0.0, "per unit of log(1 + episodes before the period), by police contact and distrust"
    )
    interview: float = effect(0.0, "in the 28 days after an interview up to the next episode, of one of full quality")
    sanction: float = effect(0.0, "in the 28 days after return up to the next episode, of a punitive reception")
    weekend: float = effect(0.0, "on Friday and Saturday")
    summer: float = effect(0.0, "from June to August")
    trend_per_year: float = effect(0.0, "per year from the first day")
    size_per_place: float = effect(0.0, "per registered place above the mean")
    private_sector: float = effect(0.0, "of a private home beyond its staffing")
    conflicts_per_year: float = amount(12.0, "conflicts in a home in a year", le=365)
    manager_absent_share: float = share(0.0, "share of time without a registered manager")


class Contagion(Config):
    """Peer influence: the log rate ratio per unit of one exposure."""

    exposure: Literal["peer_presence", "peer_count", "peer_density", "peer_network", "peer_kernel"] = Field(
        default="peer_presence", description="which exposure acts (specification, section 3)"
    )
    log_rate_ratio: float = Field(
        default=from_card("peer_effect_rate_ratio", log=True), ge=-3, le=3, description="log rate ratio per unit of it"
    )
    window_days: int = Field(default=7, ge=1, le=90, description="an onset counts as recent for so many days")
    witnessed: bool = Field(
        default=True,
        description="an onset acts on those who lived with the child on its day, wherever either lives by then; else "
        "on whoever lives with the child now",
    )
    kernel_days: float = positive(5.77, "time scale τ of peer_kernel; 5.77 halves an influence in 4 days", le=365)
    short_staffing: float = Field(
        default=0.0, ge=-3, le=3, description="added to log_rate_ratio per unit of staff ratio below the home's mean"
    )
    outside_log_rate_ratio: float = effect(0.0, "per unit of outside_network: recent peers beyond the home")
    joint_share: float = share(0.0, "chance that a tied co-resident at risk leaves along, on the same day")

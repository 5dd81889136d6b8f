"""A scenario's numbers and keys in the form that the compiled loops take: named tuples of scalars."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

import numpy as np

from missingmodels.simulate.chance import key_of
from missingmodels.simulate.days.flow import Rules
from missingmodels.simulate.days.intensity import LOGGED
from missingmodels.simulate.entrants import empty_days
from missingmodels.simulate.homes import DAYS_PER_YEAR

if TYPE_CHECKING:
    from missingmodels.scenario import Scenario

_ONSET = ("own_1_7", "own_8_28", "arrival_0_6", "arrival_7_27", "arrival_28_89")
# mechanisms that act day by day in the loops; the others belong to a child or a home (see run.py, slow.py)
_DAILY = (
    "not_in_education",
    "unmet_need_pull",
    "trusted_adult",
    "poorly_matched",
    "new_admission_7d",
    "conflict_3d",
    "concurrent_missing",
    "disengaged_on_shift",
    "inexperienced_on_shift",
    "untrained_on_shift",
    "social_worker_change",
    "past_episodes",
    "interview",
    "sanction",
    "weekend",
    "summer",
)
Effects = namedtuple(
    "Effects",
    """
    age mix_between mix_within outside trend own_1_7 own_8_28 arrival_0_6 arrival_7_27 arrival_28_89
    not_in_education unmet_need_pull trusted_adult poorly_matched new_admission_7d conflict_3d
    concurrent_missing disengaged_on_shift inexperienced_on_shift untrained_on_shift social_worker_change
    past_episodes interview sanction weekend summer
    """,
)
Settings = namedtuple(
    "Settings",
    """
    period first_day first_column window witnessed acting networked kernelled outside further kernel_days affinity_scale
    tie_first tie_growth tie_decay school_share area_share school_strength area_strength joint_share
    trust_after trust_share change_rate matched_emergency matched_planned weekday lead_periods shift_share
    conflict_chance evening_share evening_hour evening_sd log_median_hours hours_sd long_share log_long
    away_trusted away_family away_out_of_area away_sanction away_uneasy away_untrained sanctioned_share accepted_share
    accepted_trusted accepted_changed prompt_share delay_days quality_mean onset_key affinity_key area_key
    joint_key key_person_key trust_key change_key match_key conflict_key hours_key long_key evening_key
    hour_key late_key settling_key near_key sanction_key offer_key accept_key prompt_key quality_key exit_key
    """,
)

# a poorly matched stay is likelier after an emergency; the overall share stays as stated
EMERGENCY_MATCHED = 2 / 3
LOGISTIC_SD = float(np.pi / np.sqrt(3))


def rules_of(scenario: Scenario, in_a_row: int, seed: int) -> Rules:
    """Settings of the flow of children."""
    return Rules(
        scenario.children.move_share,
        scenario.dials.homophily,
        scenario.dials.exit_per_episode,
        in_a_row,
        key_of(seed, "flow", "length"),
        key_of(seed, "flow", "move"),
        key_of(seed, "flow", "bed"),
        key_of(seed, "flow", "match"),
        key_of(seed, "flow", "gap"),
        empty_days(scenario),
    )


def effects_of(scenario: Scenario, influence: float) -> Any:
    """Log rate ratios by name; ``influence`` multiplies those of other children's episodes."""
    onset, more = scenario.onset, scenario.mechanisms
    daily = {name: float(getattr(more, name)) for name in _DAILY}
    daily["concurrent_missing"] *= influence
    return Effects(
        age=onset.age_years,
        mix_between=onset.mix_need_between,
        mix_within=onset.mix_need_within,
        outside=influence * scenario.contagion.outside_log_rate_ratio,
        trend=more.trend_per_year,
        **{name: float(getattr(onset, name)) for name in _ONSET},
        **daily,
    )


def settings_of(scenario: Scenario, first_column: int, seed: int, *, influence: float, logging: bool) -> Any:
    """Numbers and keys of the daily process. What nothing asks for is left out of the work."""
    c, away, after, ties = scenario.contagion, scenario.away, scenario.aftermath, scenario.ties
    homes, staff, children = scenario.homes, scenario.staff, scenario.children
    more = scenario.mechanisms
    beyond = bool(homes.school_tie_share or homes.area_tie_share or c.outside_log_rate_ratio)
    acting = any(getattr(more, name) for name in (*_DAILY, "trend_per_year"))
    after_trust = away.trusted_adult != 1 or after.accepted_trusted or after.accepted_after_change
    matched = children.well_matched_share
    emergency = min(1.0, EMERGENCY_MATCHED * matched)
    planned = (matched - children.emergency_share * emergency) / max(1 - children.emergency_share, 1e-9)
    numbers = {
        "period": scenario.period_days,
        "first_day": -scenario.lead_days,
        "first_column": first_column,
        "window": c.window_days,
        "witnessed": c.witnessed,
        "acting": LOGGED.index(c.exposure),
        "networked": logging or c.exposure == "peer_network",
        "kernelled": logging or c.exposure == "peer_kernel",
        "outside": bool(c.outside_log_rate_ratio) or (logging and beyond),
        "further": bool(logging or acting or after_trust),
        "kernel_days": c.kernel_days,
        "affinity_scale": ties.sd_log / LOGISTIC_SD,
        "tie_first": ties.first_day_share,
        "tie_growth": ties.growth_days,
        "tie_decay": ties.decay_days,
        "school_share": homes.school_tie_share,
        "area_share": homes.area_tie_share,
        "school_strength": ties.school_strength,
        "area_strength": ties.area_strength,
        "joint_share": influence * c.joint_share,
        "trust_after": staff.trust_after_shifts,
        "trust_share": staff.trust_share,
        "change_rate": children.social_worker_changes_per_year / DAYS_PER_YEAR,
        "matched_emergency": emergency,
        "matched_planned": min(planned, 1.0),
        "weekday": scenario.start_date.weekday(),
        "lead_periods": -(-scenario.lead_days // scenario.period_days),
        "shift_share": min(1.0, 2 * staff.on_duty_per_place * (1 - staff.sickness_share) / staff.people_per_place),
        "conflict_chance": 1 - float(np.exp(-more.conflicts_per_year / DAYS_PER_YEAR)),
        "evening_share": away.evening_share,
        "evening_hour": away.evening_hour,
        "evening_sd": away.evening_sd_hours,
        "log_median_hours": float(np.log(away.median_hours)),
        "hours_sd": away.sd_log,
        "long_share": away.long_share,
        "log_long": float(np.log(away.long_ratio)),
        "away_trusted": float(np.log(away.trusted_adult)),
        "away_family": float(np.log(away.family_pull)),
        "away_out_of_area": float(np.log(away.out_of_area)),
        "away_sanction": float(np.log(away.sanction)),
        "away_untrained": float(np.log(away.untrained_on_shift)),
        "away_uneasy": float(np.log(away.disengaged_on_shift)),
        "sanctioned_share": after.sanctioned_share,
        "accepted_share": after.accepted_share,
        "accepted_trusted": after.accepted_trusted,
        "accepted_changed": after.accepted_after_change,
        "prompt_share": after.within_72h_share,
        "delay_days": after.delay_mean_days,
        "quality_mean": after.quality_mean,
    }
    keys = [name for name in Settings._fields if name.endswith("_key")]
    return Settings(**numbers, **{name: key_of(seed, name.removesuffix("_key")) for name in keys})

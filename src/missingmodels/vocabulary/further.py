"""Columns that no default formula holds: what else the tables say of children, stays, homes and shifts."""

from __future__ import annotations

from missingmodels.vocabulary.quantity import named as _q

FURTHER = (
    _q(
        "in_education", "x", "", "0 or 1", "in education", "on a school or college roll and attending, at entry",
        stated_direction="below", needs="children.in_education",
    ),
    _q(
        "prior_missing", "x", "", "0 or 1", "missing before the record", "went missing before this record begins",
        stated_direction="above", needs="children.prior_missing",
    ),
    _q(
        "ethnicity", "x", "", "DfE codes", "ethnicity", "recorded ethnicity; the commonest code is the reference",
        needs="children.ethnicity",
    ),
    _q(
        "well_matched", "x", "", "0 or 1", "well matched", "judged well matched to the home on arrival",
        stated_direction="below", needs="placements.well_matched",
    ),
    _q(
        "distance_miles", "x", "miles", "≥ 0", "distance from home", "of the placement from the child's own home",
        needs="placements.distance_miles",
    ),
    _q(
        "sector", "z", "", "owners' sectors", "sector", "of the home's owner; the commonest is the reference",
        needs="homes.sector",
    ),
    _q(
        "home_type", "z", "", "types of home", "type of home", "as registered; the commonest is the reference",
        needs="homes.home_type",
    ),
    _q(
        "past_episodes", "q", "onsets", "≥ 0", "past onsets on record",
        "the child's own onsets that the tables hold from before the period; `log1p(past_episodes)` is their log",
        stated_direction="above", needs="missing_episodes.start_date",
    ),
    _q(
        "concurrent_missing", "p", "", "0 or 1", "a resident is missing",
        "another resident of the home is missing as the day begins",
        stated_direction="above", needs="missing_episodes.end_date",
    ),
    _q(
        "outside_recent", "c", "onsets a resident-week", "≥ 0", "recent onsets in other homes",
        "onsets in all other homes on the 7 days before, per resident-week there: what a sector shares",
        needs="missing_episodes.start_date",
    ),
    _q(
        "authority_recent", "c", "onsets a resident-week", "≥ 0", "recent onsets in the authority’s other homes",
        "the same of the other homes in the authority that the home stands in",
        needs="missing_episodes.start_date, homes.authority",
    ),
    _q(
        "school_holiday", "c", "", "0 or 1", "school holiday",
        "a day of the school holidays that the plan declares for the authority of the home",
        needs="frame.school_holidays of the plan, homes.authority",
    ),
    _q(
        "social_worker_change", "x", "", "0 or 1", "social worker changed",
        "another social worker took the child's case on one of the 182 days before",
        stated_direction="above", needs="social_worker_spells.start_date",
    ),
    _q(
        "recent_interview", "q", "share", "0 to 1", "interview 1–28 days ago",
        "quality of the latest interview held on one of the 28 days before and since the last onset; else 0",
        stated_direction="below", needs="interviews.interview_date, interviews.quality",
    ),
    _q(
        "recent_sanction", "q", "", "0 or 1", "sanction 1–28 days ago",
        "one of the 28 days after a return that was met with a sanction or a new restriction, up to the next onset",
        stated_direction="above", needs="missing_episodes.sanctioned, missing_episodes.end_date",
    ),
    _q(
        "manager_absent", "z", "", "0 or 1", "no registered manager", "no manager was in post on the day before",
        stated_direction="above", needs="staff_spells.role, staff_spells.start_date, staff_spells.end_date",
    ),
    _q(
        "friday_saturday", "c", "", "0 or 1", "Friday or Saturday", "the days whose evenings are the weekend's",
        needs="the date alone",
    ),
    _q(
        "agency_on_shift", "z", "share", "0 to 1", "agency share of today's shifts",
        "shifts of agency and bank staff over all care shifts that begin on the day",
        stated_direction="above", needs="staff_shifts.employment",
    ),
    _q(
        "new_staff_on_shift", "z", "share", "0 to 1", "new staff on today's shifts",
        "share of the day's shifts by people in post for under 182 days, or of agencies and banks",
        stated_direction="above", needs="staff_shifts.staff_id, staff_spells.start_date",
    ),
    _q(
        "known_staff_on_shift", "z", "share", "0 to 1", "known staff on today's shifts",
        "share of the day's shifts by people on whose shifts the child has lived for ten days or more before",
        stated_direction="below", needs="staff_shifts.staff_id",
    ),
)  # fmt: skip

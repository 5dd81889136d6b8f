"""The contract: which tables there are, their columns, keys and units. Written once; schemas and files follow it.

Dates are calendar days; every pair ``start_date``, ``end_date`` is a half-open span ``[start, end)`` and an empty
``end_date`` means open at the end of observation. Identifiers are text. Empty cells mean *unrecorded*.
"""

from __future__ import annotations

from missingmodels.tables.columns import CHILD as _CHILD
from missingmodels.tables.columns import END as _END
from missingmodels.tables.columns import HOME as _HOME
from missingmodels.tables.columns import START as _START
from missingmodels.tables.columns import Column, Kind, Table
from missingmodels.tables.columns import column as _c
from missingmodels.tables.facts import EVENTS, MEASURES

__all__ = ["SCHEMA_VERSION", "TABLES", "Column", "Kind", "Table"]

SCHEMA_VERSION = 2  # 1 held no columns of one's own, no measures and no events

_AMOUNT = {"low": 0.0, "required": False}

CHILDREN = Table(
    name="children",
    meaning="one row a child",
    key=("child_id",),
    columns=(
        _CHILD,
        _c("authority", "text", "authority responsible for the child (code)"),
        _c("sex", "text", "recorded sex", required=False, allowed=("F", "M", "U")),
        _c("birth_date", "date", "date of birth"),
        _c("birth_date_precision", "text", "how exact birth_date is", allowed=("day", "month")),
        _c("ethnicity", "text", "DfE ethnicity code", required=False),
        _c("uasc_from", "date", "first day as unaccompanied asylum-seeking child", required=False),
        _c("uasc_to", "date", "day that status ended", required=False),
        _c("need_score", "real", "needs profile in standard deviations; higher = greater need", required=False),
        _c("exploitation_risk", "flag", "known risk of exploitation at entry", required=False),
        _c("disability", "flag", "recorded disability", required=False),
        _c("entry_route", "text", "how the child came to the home", required=False, allowed=("planned", "emergency")),
        _c("in_education", "flag", "on a school or college roll and attending", required=False),
        _c("prior_missing", "flag", "went missing before this record begins", required=False),
        _c("recorded_from", "date", "first day from which this child's missing episodes would be in the source"),
    ),
)

PLACEMENTS = Table(
    name="placements",
    meaning="one row a stay of a child in one setting; temporary absences (T codes) are rows of their own",
    key=("child_id", "start_date"),
    references=(("child_id", "children"), ("home_id", "homes")),
    columns=(
        _CHILD,
        _START,
        _END,
        _c("home_id", "text", "children's home; empty for fostering, own parents, temporary absence", required=False),
        _c("placement_type", "text", "DfE PLACE code, K2 = children's home"),
        _c("provider", "text", "DfE PLACE_PROVIDER code", required=False),
        _c("out_of_area", "flag", "placed outside the responsible authority's boundary", required=False),
        _c("distance_miles", "real", "distance from the child's own home", **_AMOUNT),
        _c("well_matched", "flag", "judged well matched to the home on arrival", required=False),
        _c("start_is_truncated", "flag", "the stay began before its start_date"),
        _c("end_reason", "text", "DfE REC or REASON_PLACE_CHANGE code", required=False),
    ),
)

MISSING_EPISODES = Table(
    name="missing_episodes",
    meaning="one row a time missing (or away without authorisation) from care",
    key=("child_id", "start_date", "sequence"),
    references=(("child_id", "children"),),
    columns=(
        _CHILD,
        _START,
        _c(
            "end_date", "date", "day of return, equal to start_date for a same-day return; empty = open", required=False
        ),
        _c("sequence", "whole", "0 for the first episode starting that day, 1 for the next, …", low=0),
        _c("category", "text", "M missing, A away without authorisation", allowed=("M", "A")),
        _c("end_is_censored", "flag", "end_date is a closed bed or end of data, not a return"),
        _c("start_hour", "real", "hour of the day at which it began, where held", low=0.0, high=24.0, required=False),
        _c("hours_away", "real", "hours from leaving to return, where held", **_AMOUNT),
        _c("serious", "flag", "the child came to serious harm while away", required=False),
        _c("sanctioned", "flag", "met with a sanction or new restriction within a day of return", required=False),
    ),
)

HOMES = Table(
    name="homes",
    meaning="one row a home and a span of unchanged registration",
    key=("home_id", "valid_from"),
    columns=(
        _HOME,
        _c("valid_from", "date", "first day this row holds"),
        _c("valid_to", "date", "day after the last; empty = still holds", required=False),
        _c("authority", "text", "authority the home stands in (code)", required=False),
        _c("places", "whole", "registered places", required=False, low=1),
        _c("sector", "text", "owner", required=False, allowed=("private", "local_authority", "voluntary", "health")),
        _c(
            "home_type",
            "text",
            "what it is registered as",
            required=False,
            allowed=("childrens_home", "special_school", "secure"),
        ),
        _c("owner", "text", "provider that runs the home", required=False),
        _c("short_break_only", "flag", "offers short breaks only, so no child lives there", required=False),
        _c("weak_key", "flag", "home_id is built from an address, not a URN"),
    ),
)

STAFF_PERIODS = Table(
    name="staff_periods",
    meaning="totals of a home's care staff over a span",
    key=("home_id", "start_date"),
    references=(("home_id", "homes"),),
    optional=True,
    columns=(
        _HOME,
        _START,
        _c("end_date", "date", "day after the last day of the span"),
        _c("permanent_headcount", "real", "mean number of permanent care staff in post", required=False, low=0),
        _c("permanent_leavers", "real", "permanent care staff who left in the span", required=False, low=0),
        _c("permanent_starters", "real", "permanent care staff who started in the span", required=False, low=0),
        _c("worked_hours", "real", "care hours on duty, agency and bank included, sleep-ins not", **_AMOUNT),
        _c("agency_hours", "real", "of those, by agency and bank staff", **_AMOUNT),
    ),
)

# Who looks after the children: those whom turnover counts. Managers, and cooks, teachers and the like, do not.
CARE_ROLES = ("care", "senior_care", "night_care", "team_leader")
ROLES = (*CARE_ROLES, "deputy_manager", "manager", "other")

STAFF_SPELLS = Table(
    name="staff_spells",
    meaning="one row a person's contract at a home",
    key=("home_id", "staff_id", "start_date"),
    references=(("home_id", "homes"),),
    optional=True,
    columns=(
        _HOME,
        _c("staff_id", "text", "person, pseudonymised"),
        _START,
        _END,
        _c("role", "text", f"job; turnover counts {', '.join(CARE_ROLES)}, or none", required=False, allowed=ROLES),
        _c("employment", "text", "contract", allowed=("permanent", "bank", "agency")),
        _c("fte", "real", "full-time equivalent", required=False, low=0, high=2),
        _c("leave_reason", "text", "why the contract ended", required=False),
    ),
)

STAFF_SHIFTS = Table(
    name="staff_shifts",
    meaning="one row a person's shift",
    key=("home_id", "staff_id", "start_time"),
    references=(("home_id", "homes"),),
    optional=True,
    columns=(
        _HOME,
        _c("staff_id", "text", "person, pseudonymised"),
        _c("start_time", "time", "start of the shift, local time"),
        _c("end_time", "time", "end of the shift, local time"),
        _c("shift_type", "text", "kind of shift", required=False),
        _c("employment", "text", "contract", required=False, allowed=("permanent", "bank", "agency")),
        _c("status", "text", "rota or actual", allowed=("planned", "worked")),
    ),
)

TIES = Table(
    name="ties",
    meaning="strength of the tie between two children over a span; undirected, each pair once",
    key=("child_a", "child_b", "start_date", "kind"),
    references=(("child_a", "children"), ("child_b", "children")),
    optional=True,
    columns=(
        _c("child_a", "text", "one child"),
        _c("child_b", "text", "the other"),
        _START,
        _END,
        _c("strength", "real", "tie strength, 0 = none", low=0),
        _c("kind", "text", "where the tie lives", allowed=("home", "former", "school", "area")),
    ),
)

INTERVIEWS = Table(
    name="interviews",
    meaning="return home interview of one missing episode",
    key=("child_id", "episode_start_date", "sequence"),
    references=(("child_id", "children"),),
    optional=True,
    columns=(
        _CHILD,
        _c("episode_start_date", "date", "start_date of the missing episode"),
        _c("sequence", "whole", "sequence of the missing episode", low=0),
        _c("offered", "flag", "an interview was offered", required=False),
        _c("accepted", "flag", "the child accepted", required=False),
        _c("interview_date", "date", "day it took place", required=False),
        _c("within_72h", "flag", "within 72 hours of the return", required=False),
        _c("quality", "real", "share of good-practice items met", low=0.0, high=1.0, required=False),
    ),
)

SOCIAL_WORKER_SPELLS = Table(
    name="social_worker_spells",
    meaning="one row a span in which one social worker held a child's case",
    key=("child_id", "start_date"),
    references=(("child_id", "children"),),
    optional=True,
    columns=(_CHILD, _START, _END, _c("social_worker_id", "text", "social worker, pseudonymised")),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        CHILDREN,
        PLACEMENTS,
        MISSING_EPISODES,
        HOMES,
        STAFF_PERIODS,
        STAFF_SPELLS,
        STAFF_SHIFTS,
        TIES,
        INTERVIEWS,
        SOCIAL_WORKER_SPELLS,
        MEASURES,
        EVENTS,
    )
}

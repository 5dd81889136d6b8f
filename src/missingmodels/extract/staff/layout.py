"""How files of staff name their columns and spell their codes: rotas, contracts and period totals.

Source: no standard exists; the names are those of a home's statutory records (2015 Regulations, schedule 4) and of
rota products' exports as read in 2026. Free text is never taken over: words that are not known are mapped, or stop
the import.
"""

from __future__ import annotations

from dataclasses import dataclass

HOME = ("urn", "home id", "home", "home urn", "site id", "setting urn", "provider urn")
STAFF = ("staff id", "staff", "employee id", "employee number", "worker id", "person id", "payroll number")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One accepted shape: facts and their column names, the preferred first; which must be there; dates and times."""

    table: str
    columns: dict[str, tuple[str, ...]]
    compulsory: tuple[str, ...]
    required: tuple[str, ...]


SHIFTS = Shape(
    table="staff_shifts",
    columns={
        "home": HOME,
        "staff": STAFF,
        "date": ("date", "shift date", "rota date"),
        "start": ("start", "start time", "shift start", "from", "time from", "clock in"),
        "end": ("end", "end time", "shift end", "finish", "finish time", "to", "time to", "clock out"),
        "shift_type": ("shift type", "type", "shift"),
        "employment": ("employment", "employment type", "contract type", "contract"),
        "status": ("status", "planned/worked", "rota status", "shift status"),
    },
    compulsory=("home", "staff", "start", "end"),
    required=("home", "staff", "start", "end"),
)
SPELLS = Shape(
    table="staff_spells",
    columns={
        "home": HOME,
        "staff": STAFF,
        "start": ("start date", "contract start", "date started", "employment start"),
        "end": ("end date", "contract end", "date left", "leaving date", "employment end"),
        "role": ("role", "job title", "job", "post"),
        "employment": ("employment", "employment type", "contract type", "contract"),
        "fte": ("fte", "full-time equivalent", "whole time equivalent", "wte"),
        "leave_reason": ("leave reason", "leaving reason", "reason for leaving"),
    },
    compulsory=("home", "staff", "start", "end", "employment"),
    required=("home", "staff", "start", "employment"),
)
PERIODS = Shape(
    table="staff_periods",
    columns={
        "home": HOME,
        "start": ("period start", "start date", "from date"),
        "end": ("period end", "end date", "to date"),
        "permanent_headcount": ("permanent headcount", "care staff headcount", "headcount"),
        "permanent_leavers": ("permanent leavers", "leavers"),
        "permanent_starters": ("permanent starters", "starters"),
        "permanent_headcount_fte": (
            "permanent fte",
            "care staff fte",
            "fte in post",
            "staff in post fte",
            "fte",
            "wte",
        ),
        "permanent_leavers_fte": ("permanent leavers fte", "leavers fte", "fte leavers"),
        "permanent_starters_fte": ("permanent starters fte", "starters fte", "fte starters"),
        "worked_hours": ("worked hours", "hours worked", "care hours"),
        "agency_hours": ("agency hours", "agency and bank hours"),
    },
    compulsory=("home", "start", "end"),
    required=("home", "start", "end"),
)
PEOPLE = ("permanent_headcount", "permanent_leavers", "permanent_starters")
NUMBERS = (*PEOPLE, "worked_hours", "agency_hours")
# Column names that a file of staff may have, in capitals; all others may be people's names and are never printed.
NAMES = frozenset(
    alias.upper() for shape in (SHIFTS, SPELLS, PERIODS) for aliases in shape.columns.values() for alias in aliases
)
# Written where a shift has nobody's name: each such row is a person of its own.
NOBODY = frozenset({
    *("agency", "agency worker", "agency staff", "agency cover", "bank", "bank worker", "bank staff", "relief"),
    *("temp", "cover", "tbc", "tba", "tbd", "unknown", "not known", "unnamed", "unallocated", "vacant", "vacancy"),
    *("xxx", "xxxx", "?", "??", "???", "various", "unfilled", "unassigned", "open shift", "no name", "not named"),
    *("agy", "external", "casual", "sessional", "supply", "locum", "a n other", "a. n. other", "an other", "another"),
    *("someone", "somebody", "anyone", "nobody", "to be confirmed", "to be allocated", "extra", "spare"),
})  # fmt: skip
FIRM = r"(?:agency|bank|temp)\b\D*"  # who sent somebody, not who came: "Agency - Prestige"

EMPLOYMENT = {
    **dict.fromkeys(("permanent", "employed", "substantive", "perm", "fixed term", "contracted"), "permanent"),
    **dict.fromkeys(("bank", "relief", "casual", "zero hours", "sessional"), "bank"),
    **dict.fromkeys(("agency", "temp", "temporary agency"), "agency"),
}
NOT_STAFF = ("volunteer", "student", "work experience")
STATUS = {
    **dict.fromkeys(("planned", "rota", "rostered", "scheduled", "published"), "planned"),
    **dict.fromkeys(("worked", "actual", "completed", "confirmed", "attended"), "worked"),
    **dict.fromkeys(("cancelled", "canceled", "absent", "sick", "no show", "leave", "annual leave"), "nobody"),
    **dict.fromkeys(("unfilled", "sick leave", "a/l", "did not attend", "dna", "not worked"), "nobody"),
}
SHIFT_TYPE = {
    **dict.fromkeys(("day", "early", "late", "long day", "full day"), "day"),
    **dict.fromkeys(("short", "half"), "short"),
    **dict.fromkeys(
        ("sleep-in", "sleep in", "sleepin", "sleep", "s/i", "si", "s-i", "s.i.", "s/in", "sleepover"), "sleep_in"
    ),
    **dict.fromkeys(("waking night", "waking", "night", "wake night"), "waking_night"),
    **dict.fromkeys(("on-call", "on call", "oncall"), "on_call"),
    **{"handover": "handover", "training": "training"},
}
# A word that holds one of these is such a shift, whatever stands beside: "SLEEP IN - ON SITE". None counts as on duty.
SHIFT_KEYWORDS = {
    **dict.fromkeys(
        ("sleep-in", "sleep in", "sleeping in", "sleepin", "sleepover", "sleep over", "sleep-over"), "sleep_in"
    ),
    **dict.fromkeys(("on-call", "on call", "oncall"), "on_call"),
}
ROLES = {
    "registered manager": "manager", "deputy manager": "deputy_manager", "manager": "manager",
    "team leader": "team_leader", "senior": "senior_care", "waking night": "night_care", "night": "night_care",
    "support worker": "care", "residential worker": "care", "rsw": "care", "youth worker": "care",
    **dict.fromkeys(("key worker", "keyworker", "residential practitioner"), "care"),
    "caretaker": "other", "care": "care",
    **dict.fromkeys(("cook", "chef", "kitchen", "cater", "clean", "domestic", "housekeep", "laundry"), "other"),
    **dict.fromkeys(("maintenance", "handy", "garden", "driver", "admin", "clerk", "reception", "secretar"), "other"),
    **dict.fromkeys(("finance", "teach", "tutor", "education", "therap", "psycholog", "counsel", "nurse"), "other"),
    **dict.fromkeys(("director", "responsible individual", "social worker"), "other"),
}  # fmt: skip
LEAVE_REASONS = {
    "resign": "resigned", "retire": "retired", "dismiss": "dismissed", "redundan": "redundant",
    "end of contract": "contract_ended", "contract ended": "contract_ended", "transfer": "transferred",
}  # fmt: skip


def by_keyword(text: str, words: dict[str, str], none: str = "") -> str:
    """The code of the first word that the text holds; ``none`` if it holds none, blank if the text is."""
    return next((code for word, code in words.items() if word in text), none) if text else ""

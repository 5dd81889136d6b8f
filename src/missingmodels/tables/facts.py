"""Dated facts of any name: measures, which hold from when they were known, and events, which happen on a day."""

from __future__ import annotations

from dataclasses import replace

from missingmodels.tables.columns import CHILD, HOME, Table, column

# Whom a fact is of, by which of these are filled in.
UNITS = {
    "child": ("child_id",),
    "home": ("home_id",),
    "stay": ("child_id", "home_id"),
    "pair": ("child_id", "staff_id"),
    "staff": ("staff_id",),
    "authority": ("authority",),
}
EVENT_UNITS = ("child", "home")
_STAFF = column("staff_id", "text", "person, pseudonymised, as in the staff tables", required=False)

MEASURES = Table(
    name="measures",
    meaning="one row a dated value of a child, a home, a child in a home, a child and a member of staff, a member of "
    "staff or an authority: whichever of child_id, home_id, staff_id and authority are filled in say of whom",
    key=("name", "child_id", "home_id", "staff_id", "authority", "start_date", "known_date"),
    references=(("child_id", "children"), ("home_id", "homes")),
    optional=True,
    columns=(
        column("name", "text", "what was measured, in a word, as a formula names it"),
        replace(CHILD, required=False),
        replace(HOME, required=False),
        _STAFF,
        column("authority", "text", "authority (code)", required=False),
        column("start_date", "date", "first day that the value speaks of"),
        column("end_date", "date", "day after the last day that it speaks of; empty = open", required=False),
        column("known_date", "date", "day on which it was known; it acts from the day after"),
        column("value", "real", "the value, 1 and 0 for yes and no", required=False),
    ),
)

EVENTS = Table(
    name="events",
    meaning="one row an event of a child, or of a home where no child is named",
    key=("kind", "child_id", "home_id", "day", "sequence"),
    references=(("child_id", "children"), ("home_id", "homes")),
    optional=True,
    columns=(
        column("kind", "text", "what happened, in a word, as a formula names it"),
        replace(CHILD, required=False),
        replace(HOME, meaning="home; of an event of a child where it happened, which no column reads", required=False),
        column("day", "date", "day on which it happened"),
        column("sequence", "whole", "0 for the first of its kind that day, 1 for the next, …", low=0),
        column("hour", "real", "hour of the day, where held", low=0.0, high=24.0, required=False),
    ),
)

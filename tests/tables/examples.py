"""A small valid data set with a row in every table, and the way to change one cell of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from missingmodels.tables import Tables, make_tables
from missingmodels.tables.own import Own

Change = Callable[[pd.DataFrame], pd.DataFrame]


def frames() -> dict[str, pd.DataFrame]:
    """Two homes, three children; c1 and c2 share home h1, c3 lives in h2."""
    child = {"authority": "301", "sex": "F", "birth_date": "2008-03-01", "birth_date_precision": "day"}
    stay = {"end_date": "2024-01-01", "home_id": "h1", "placement_type": "K2", "start_is_truncated": False}
    absence = {"end_date": "2023-06-12", "sequence": 0, "category": "M", "end_is_censored": False}
    home = {"valid_from": "2023-01-01", "valid_to": "2024-01-01", "places": 2, "sector": "private", "weak_key": False}
    rows: dict[str, list[dict[str, Any]]] = {
        "children": [
            child | {"child_id": "c1", "recorded_from": "2023-01-01"},
            child | {"child_id": "c2", "recorded_from": "2023-02-01", "sex": "M", "need_score": 0.5},
            child | {"child_id": "c3", "recorded_from": "2023-01-01", "disability": True},
        ],
        "placements": [
            stay | {"child_id": "c1", "start_date": "2023-01-01", "end_date": "2023-07-01"},
            stay | {"child_id": "c1", "start_date": "2023-07-01", "end_date": None, "home_id": None},
            stay | {"child_id": "c2", "start_date": "2023-02-01"},
            stay | {"child_id": "c3", "start_date": "2023-01-01", "home_id": "h2"},
        ],
        "missing_episodes": [
            absence | {"child_id": "c1", "start_date": "2023-06-10"},
            absence | {"child_id": "c2", "start_date": "2023-06-12", "category": "A"},
            absence | {"child_id": "c2", "start_date": "2023-12-20", "end_date": None},
        ],
        "homes": [home | {"home_id": "h1"}, home | {"home_id": "h2", "valid_to": None, "places": None}],
        "staff_periods": [
            {"home_id": "h1", "start_date": "2023-01-01", "end_date": "2023-07-01", "permanent_headcount": 8.0},
            {"home_id": "h1", "start_date": "2023-07-01", "end_date": "2024-01-01", "permanent_headcount": 7.0},
        ],
        "staff_spells": [
            {"home_id": "h1", "staff_id": "s1", "start_date": "2023-01-01", "employment": "permanent", "fte": 1.0},
            {"home_id": "h2", "staff_id": "s2", "start_date": "2023-01-01", "employment": "bank", "fte": 0.5},
        ],
        "staff_shifts": [
            {
                **{"home_id": "h1", "staff_id": "s1", "status": "worked", "employment": "permanent"},
                **{"start_time": "2023-01-01T22:00", "end_time": "2023-01-02T07:30"},
            },
        ],
        "ties": [
            {"child_a": "c1", "child_b": "c2", "start_date": "2023-02-01", "strength": 1.0, "kind": "home"},
            {"child_a": "c1", "child_b": "c3", "start_date": "2023-02-01", "strength": 0.5, "kind": "school"},
        ],
        "interviews": [{"child_id": "c1", "episode_start_date": "2023-06-10", "sequence": 0, "offered": True}],
        "social_worker_spells": [
            {"child_id": "c1", "social_worker_id": "w1", "start_date": "2023-01-01", "end_date": "2023-05-01"}
        ],
        "measures": [
            {"name": "climate", "home_id": "h1", "start_date": "2023-03-01", "known_date": "2023-03-02", "value": 6.0},
            {"name": "trusts", "child_id": "c1", "start_date": "2023-03-01", "known_date": "2023-03-01", "value": 1.0},
            {"name": "climate", "home_id": "h2", "start_date": "2023-03-01", "known_date": "2023-03-02", "value": 4.0},
            {"name": "trusts", "child_id": "c2", "start_date": "2023-03-01", "known_date": "2023-03-01", "value": 0.0},
        ],
        "events": [{"kind": "conflict", "home_id": "h1", "day": "2023-03-01", "sequence": 0}],
    }
    return {name: pd.DataFrame(each) for name, each in rows.items()}


OWN = {
    "measures": (
        Own(name="climate", kind="number", meaning="climate of the home"),
        Own(name="trusts", kind="yes/no", meaning="trusts an adult"),
    ),
    "events": (Own(name="conflict", kind="yes/no", meaning="a conflict"),),
}


def valid_tables(**changes: Change) -> Tables:
    """The tables, each named one first changed by a function of its frame."""
    made = frames()
    for name, change in changes.items():
        made[name] = change(made[name])
    days = {"observed_from": "2023-01-01", "observed_to": "2024-01-01"}
    return make_tables(made, **days, origin={"kind": "example"}, own=OWN)


def put(row: int, **cells: Any) -> Change:
    """Change cells of one row."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        out = frame.astype(object)
        for column, value in cells.items():
            if column not in out:
                out[column] = None
            out.loc[row, column] = value
        return out

    return change


def copy_row(row: int, **cells: Any) -> Change:
    """Add a copy of one row with some cells changed."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        longer = pd.concat([frame.astype(object), frame.loc[[row]].astype(object)], ignore_index=True)
        return put(len(frame), **cells)(longer)

    return change

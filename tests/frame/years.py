"""A year of a few children and homes from short rows, for measures worked by hand. The year is 2023, 365 days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from missingmodels.frame.published.calibration import MEASURES
from missingmodels.frame.published.observed_year import observed_year
from missingmodels.tables import Tables, make_tables
from missingmodels.targets import Measured

Rows = Sequence[Mapping[str, Any]]

BEGAN, ENDED = "2022-12-01", "2024-01-01"


def stay(child: str, home: str | None, start: str = BEGAN, end: str | None = None, **more: Any) -> dict[str, Any]:
    kind = "K2" if home else "U1"
    return {
        "child_id": child,
        "home_id": home,
        "start_date": start,
        "end_date": end,
        "placement_type": kind,
        "start_is_truncated": False,
    } | more


def gone(child: str, start: str, end: str | None = "same", **more: Any) -> dict[str, Any]:
    return {
        "child_id": child,
        "start_date": start,
        "end_date": start if end == "same" else end,
        "sequence": 0,
        "category": "M",
        "end_is_censored": False,
    } | more


def home(home_id: str, **more: Any) -> dict[str, Any]:
    return {"home_id": home_id, "valid_from": "2020-01-01", "weak_key": False} | more


def year(
    stays: Rows,
    episodes: Rows = (),
    *,
    homes: Rows | None = None,
    children: Mapping[str, Mapping[str, Any]] | None = None,
    observed_from: str = "2023-01-01",
    all_residents: bool = True,
    **others: Rows,
) -> Tables:
    """Tables of the stays; children born on 1 June 2009 and homes without particulars unless more is said."""
    child = {
        "authority": "A1",
        "birth_date": "2009-06-01",
        "birth_date_precision": "day",
        "recorded_from": "2020-01-01",
    }
    ids = dict.fromkeys(row["child_id"] for row in stays)
    lived_in = dict.fromkeys(row["home_id"] for row in stays if row["home_id"])
    frames = {
        "children": pd.DataFrame([child | {"child_id": c} | dict((children or {}).get(c, {})) for c in ids]),
        "placements": pd.DataFrame(list(stays)),
        "missing_episodes": pd.DataFrame(list(episodes) or None, columns=None if episodes else list(gone("a", BEGAN))),
        "homes": pd.DataFrame(list(homes) if homes is not None else [home(h) for h in lived_in or ["h1"]]),
    }
    frames |= {name: pd.DataFrame(list(rows)) for name, rows in others.items()}
    return make_tables(frames, observed_from=observed_from, observed_to=ENDED, all_residents=all_residents)


def measured(tables: Tables, name: str) -> Measured:
    """One measure."""
    return MEASURES[name].function(observed_year(tables))


def value(tables: Tables, name: str) -> float | None:
    return measured(tables, name).value


def why(tables: Tables, name: str) -> str:
    """Why a measure has no value."""
    found = measured(tables, name)
    assert found.value is None
    return found.why

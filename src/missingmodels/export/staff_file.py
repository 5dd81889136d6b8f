"""Staffing as a provider would send it: contracts, totals by period, and the rota where the world has one.

There is no standard for such files. These have one row a contract, a period or a shift, homes by URN, dates DD/MM/YYYY
and times DD/MM/YYYY HH:MM. "Leaving date" is the first day no longer in post; "Period end" is a period's last day. The
URN of a home that is known by its address only is blank.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from missingmodels.export.codes import home_codes
from missingmodels.tables import Tables
from missingmodels.tables.csv_out import frame_csv

# Table to file name and its columns: name in the file by column of the table.
FILES: dict[str, tuple[str, dict[str, str]]] = {
    "staff_spells": (
        "staff_contracts.csv",
        {
            "home_id": "URN",
            "staff_id": "Staff ID",
            "role": "Role",
            "employment": "Employment",
            "fte": "FTE",
            "start_date": "Start date",
            "end_date": "Leaving date",
            "leave_reason": "Leaving reason",
        },
    ),
    "staff_periods": (
        "staff_totals.csv",
        {
            "home_id": "URN",
            "start_date": "Period start",
            "end_date": "Period end",
            "permanent_headcount": "Permanent headcount",
            "permanent_starters": "Permanent starters",
            "permanent_leavers": "Permanent leavers",
            "worked_hours": "Worked hours",
            "agency_hours": "Agency and bank hours",
        },
    ),
    "staff_shifts": (
        "staff_rota.csv",
        {
            "home_id": "URN",
            "staff_id": "Staff ID",
            "start_time": "Start",
            "end_time": "End",
            "shift_type": "Shift type",
            "employment": "Employment",
            "status": "Status",
        },
    ),
}
LAST_DAY = "Period end"


def _staff_files(tables: Tables) -> dict[str, pd.DataFrame]:
    """Frames of text by file name, of the staff tables that are held."""
    return {name: _text(tables, table, columns) for table, (name, columns) in FILES.items() if table in tables}


def write_staff_files(tables: Tables, folder: Path) -> list[Path]:
    """Write them as CSV into an existing folder. Returns their paths."""
    paths = []
    for name, frame in _staff_files(tables).items():
        paths.append(folder / name)
        paths[-1].write_bytes(frame_csv(frame, line="\r\n").encode("utf-8"))
    return paths


def _text(tables: Tables, table: str, columns: dict[str, str]) -> pd.DataFrame:
    held = tables[table]
    made = {}
    for column, name in columns.items():
        values = held[column]
        if column == "home_id":
            made[name] = values.astype(object).map(home_codes(tables)["urn"])
        elif column in ("start_date", "end_date"):
            made[name] = _dates(values - pd.Timedelta(days=int(name == LAST_DAY)), "%d/%m/%Y")
        elif column in ("start_time", "end_time"):
            made[name] = _dates(values, "%d/%m/%Y %H:%M")
        elif values.dtype.kind == "f":
            made[name] = values.map(lambda number: f"{number:.10g}", na_action="ignore").astype(object).fillna("")
        else:
            made[name] = values.astype(object).fillna("")
    return pd.DataFrame(made)


def _dates(days: pd.Series, form: str) -> pd.Series:
    return days.dt.strftime(form).astype(object).where(days.notna(), "")

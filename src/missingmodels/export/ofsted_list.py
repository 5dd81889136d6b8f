"""A list of children's homes as Ofsted publishes it, "provider level as at 31 March", in the layout of 2023.

Three lines of title, column names in the fourth, CRLF. Names and addresses read REDACTED
as they do there; inspections, regions and constituencies are blank, since no world has them. Homes known by an address
only have no URN and stand on no list; supported accommodation is on none either.

Source: the published file of 2023 (Ofsted, open government licence).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from missingmodels.export.codes import home_codes
from missingmodels.tables import Tables
from missingmodels.tables.csv_out import csv_text

COLUMNS = (
    *("Web link", "URN", "Linked Education URN", "Provision type", "Registration date", "Registration status"),
    *("Name", "Address 1", "Address 2", "Town", "County", "Postcode", "Ofsted region", "Government Office Region"),
    *("Local authority", "Parliamentary constituency", "Sector", "Places", "Short-break-only children's home"),
    *("Multi-building children's home", "Organisation which owns the provider", "Latest full inspection event type"),
    *("Latest full inspection date", "Latest full inspection publication date"),
    *("Latest full inspection event number", "Overall experiences and progress of children and young people"),
    *("Outcomes in education and related learning activities", "Health services"),
    "How well children and young people are helped and protected",
    "The effectiveness of leaders and managers",
)
SHORT_BREAK = "Short-break-only children's home"  # the column's name, and what stands in it
REDACTED = ("Name", "Address 1", "Address 2", "Town", "County", "Postcode")
SECTORS = {
    "private": "Private",
    "local_authority": "Local Authority",
    "voluntary": "Voluntary",
    "health": "Health Authority",
}
TITLE = "Children's social care data in England {day:%Y} - Provider level as at {day.day} {day:%B %Y}"
NOTES = (
    "This worksheet contains one table, this table begins in cell A4.",
    "Some cells in this table are empty. This is in instances where the column refers to data that is not applicable.",
)


def _homes_on(tables: Tables, day: pd.Timestamp) -> pd.DataFrame:
    """Homes with a URN that are registered on the day: their state then, ``urn``, and when they were registered."""
    homes = tables["homes"]
    opened = homes.groupby("home_id")["valid_from"].min()
    held = homes[(homes["valid_from"] <= day) & (homes["valid_to"].isna() | (day < homes["valid_to"]))]
    held = held[~held["weak_key"].to_numpy(bool)]
    urn = held["home_id"].astype(object).map(home_codes(tables)["urn"])
    return held.assign(urn=urn, registered=held["home_id"].map(opened)).sort_values("urn", ignore_index=True)


def _ofsted_list(tables: Tables, day: pd.Timestamp) -> pd.DataFrame:
    """The list's table as text, one row a home registered on the day."""
    held = _homes_on(tables, day)
    made = pd.DataFrame("", index=held.index, columns=list(COLUMNS))
    made["Web link"] = "Ofsted Social Care Provider Webpage"
    made["URN"] = held["urn"]
    made["Provision type"] = "Children's home"
    made["Registration date"] = held["registered"].dt.strftime("%d/%m/%Y")
    made["Registration status"] = "Active"
    made[list(REDACTED)] = "REDACTED"
    made["Local authority"] = held["authority"].astype(object).fillna("")
    made["Sector"] = held["sector"].astype(object).map(SECTORS).fillna("")
    made["Places"] = held["places"].astype("string").astype(object).fillna("")
    made[SHORT_BREAK] = held["short_break_only"].map({True: SHORT_BREAK}).astype(object).fillna("")
    made["Organisation which owns the provider"] = held["owner"].astype(object).fillna("")
    return made


def write_ofsted_list(tables: Tables, day: pd.Timestamp, folder: Path) -> Path:
    """Write the list of a day into an existing folder. Returns the file's path."""
    frame = _ofsted_list(tables, day)
    blank = [""] * (len(COLUMNS) - 1)
    titles = [[line, *blank] for line in (TITLE.format(day=day), *NOTES)]
    text = csv_text(titles[0], [*titles[1:], COLUMNS, *frame.itertuples(index=False, name=None)], line="\r\n")
    path = folder / f"ofsted_homes_{day:%Y-%m-%d}.csv"
    path.write_bytes(text.encode("utf-8"))
    return path

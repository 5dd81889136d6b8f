"""The tables of an SSDA903 return: names and order of their columns, and their cells as text.

Source: the return's tables as open validators implement them (csc-validator-be-903, read in 2026).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.export import codes
from missingmodels.export.quirks import Quirks
from missingmodels.tables import Tables

COLUMNS = {
    "header": ("CHILD", "SEX", "DOB", "ETHNIC", "UPN", "MOTHER", "MC_DOB"),
    "episodes": (
        *("CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER"),
        *("DEC", "REC", "REASON_PLACE_CHANGE", "HOME_POST", "PL_POST", "URN"),
    ),
    "missing": ("CHILD", "DOB", "MISSING", "MIS_START", "MIS_END"),
    "uasc": ("CHILD", "SEX", "DOB", "DUC"),
    "social_worker": ("CHILD", "DOB", "SW_ID", "SW_DECOM", "SW_DEC", "SW_REASON"),
}
DERIVED = ("PL_LA", "PL_LOCATION", "PL_DISTANCE")
SOCIAL_WORKERS_SINCE = 2024  # end years in which the return changed
SEX_BY_LETTER_SINCE = 2025
DISTANCE_UNKNOWN = "999.9"


def of_year(frame: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Rows that touch the year, those that outlast it open: a return knows nothing after 31 March."""
    inside = frame[(frame["start"] < last) & (frame["end"].isna() | (frame["end"] >= first))]
    return inside.assign(end=inside["end"].where(inside["end"] < last))


def _text(day: pd.Series) -> pd.Series:
    return day.dt.strftime("%d/%m/%Y").astype(object).where(day.notna(), "")


def _sex(sex: pd.Series, year: int) -> pd.Series:
    held = sex.astype(object).where(sex.notna(), "")
    return held if year >= SEX_BY_LETTER_SINCE else held.map({"M": "1", "F": "2"}).fillna("")


def header_sheet(facts: pd.DataFrame, year: int) -> pd.DataFrame:
    """MOTHER is 0 for girls, as the return asks it of them: Tables know of no child's child."""
    made = pd.DataFrame(
        {
            "CHILD": facts.index,
            "SEX": _sex(facts["sex"], year),
            "DOB": _text(facts["birth_date"]),
            # no ethnicity recorded: information not yet obtained
            "ETHNIC": facts["ethnicity"].astype(object).where(facts["ethnicity"].notna(), "NOBT"),
            "UPN": facts["UPN"],
            "MOTHER": np.where((facts["sex"] == "F").fillna(False), "0", ""),
            "MC_DOB": "",
        }
    )
    return made[[*COLUMNS["header"]]].reset_index(drop=True)


def episodes_sheet(episodes: pd.DataFrame, facts: pd.DataFrame, quirks: Quirks) -> pd.DataFrame:
    """The sheet EPISODES of a return, a row an episode, under the quirks asked for."""
    made = episodes.assign(
        CHILD=episodes["child_id"].astype(object),
        DECOM=_text(episodes["start"]),
        DEC=_text(episodes["end"]),
        HOME_POST=episodes["child_id"].map(facts["HOME_POST"]),
    )
    if not quirks.derived_columns:
        return made[[*COLUMNS["episodes"]]].reset_index(drop=True)
    # the return derives these from postcodes, and not for children who are or were unaccompanied asylum seekers
    hidden = episodes["child_id"].map(facts["uasc_from"]).notna()
    place = episodes["out_of_area"].map({True: "OUT", False: "IN"}).astype(object)
    miles = episodes["distance_miles"].map(lambda miles: f"{miles:.1f}", na_action="ignore").astype(object)
    made = made.assign(
        PL_LA=episodes["home_authority"].astype(object).mask(hidden).fillna(""),
        PL_LOCATION=place.mask(hidden | episodes["PLACE"].isin(codes.TEMPORARY)).fillna(""),
        PL_DISTANCE=miles.fillna(DISTANCE_UNKNOWN).mask(hidden, ""),
    )
    return made[[*COLUMNS["episodes"], *DERIVED]].reset_index(drop=True)


def missing_sheet(absences: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """The sheet MISSING of a return, a row an absence."""
    held = absences[absences["child_id"].isin(facts.index)]
    made = pd.DataFrame(
        {
            "CHILD": held["child_id"].astype(object),
            "DOB": _text(held["child_id"].map(facts["birth_date"])),
            "MISSING": held["category"].astype(object),
            "MIS_START": _text(held["start"]),
            "MIS_END": _text(held["end"]),
        }
    )
    return made.reset_index(drop=True)


def uasc_sheet(facts: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp, year: int) -> pd.DataFrame:
    """Children who had the status on some day of the year. DUC is the 18th birthday unless it ended by 31 March."""
    ended = facts["uasc_to"]
    held = facts[(facts["uasc_from"] < last) & (ended.isna() | (ended >= first))]
    adult = held["birth_date"] + pd.DateOffset(years=18)
    until = held["uasc_to"].where(held["uasc_to"] < last, adult)
    made = {"CHILD": held.index, "SEX": _sex(held["sex"], year), "DOB": _text(held["birth_date"]), "DUC": _text(until)}
    return pd.DataFrame(made).reset_index(drop=True)


def social_worker_sheet(tables: Tables, facts: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Why a worker came is not in Tables: OTHERS, and for a child's first worker FCONTA, first contact.

    A return tells the workers of the year before, too, of a child who is in it.
    """
    spells = tables["social_worker_spells"]
    spells = spells[spells["child_id"].isin(facts.index)].rename(columns={"start_date": "start", "end_date": "end"})
    spells = spells.sort_values(["child_id", "start"])
    spells["SW_REASON"] = np.where(spells["child_id"].duplicated(), "OTHERS", "FCONTA")
    held = of_year(spells, first - pd.DateOffset(years=1), last)
    made = pd.DataFrame(
        {
            "CHILD": held["child_id"].astype(object),
            "DOB": _text(held["child_id"].map(facts["birth_date"])),
            "SW_ID": held["social_worker_id"].astype(object),
            "SW_DECOM": _text(held["start"]),
            "SW_DEC": _text(held["end"]),
            "SW_REASON": held["SW_REASON"],
        }
    )
    return made.reset_index(drop=True)

"""Small SSDA903 returns made by hand, and short views of what they become."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from missingmodels.extract.returns.ssda903 import Imported, read_ssda903
from missingmodels.tables.judgement import RULES

HEADER = {"CHILD": "c1", "SEX": "2", "DOB": "15/06/2006", "ETHNIC": "WBRI", "UPN": "UN1", "MOTHER": "", "MC_DOB": ""}
EPISODE = {
    **{"CHILD": "c1", "DECOM": "01/05/2022", "RNE": "S", "LS": "C2", "CIN": "N1", "PLACE": "K2", "DEC": "", "REC": ""},
    **{"PLACE_PROVIDER": "PR4", "REASON_PLACE_CHANGE": "", "HOME_POST": "AB1 1AA", "PL_POST": "AB2 2BB"},
    "URN": "SC000001",
}
MISSING = {"CHILD": "c1", "DOB": "15/06/2006", "MISSING": "M", "MIS_START": "10/06/2022", "MIS_END": "12/06/2022"}
UASC = {"CHILD": "c1", "SEX": "2", "DOB": "15/06/2006", "DUC": "15/06/2024"}
# A second child whose dates fix the year, so that each test may leave the first child's open.
YEAR_MARK = [
    EPISODE | {"CHILD": "mark", "DECOM": "01/04/2022", "PLACE": "U4", "DEC": "01/09/2022", "REC": "X1"},
    EPISODE | {"CHILD": "mark", "DECOM": "01/09/2022", "PLACE": "U5", "DEC": "01/12/2022", "REC": "E4A", "RNE": "P"},
]


def to_csv(rows: list[dict[str, str]], columns: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0] if rows else columns))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_return(folder: Path, *, header=({},), episodes=({},), missing=(), uasc=None, mark=True) -> Path:
    """A return whose rows are the defaults above with the given changes; c1 and the marking child by default."""
    folder = folder / "return"
    folder.mkdir(parents=True, exist_ok=True)
    children = [HEADER | row for row in header] + ([HEADER | {"CHILD": "mark", "SEX": "1"}] if mark else [])
    stays = [EPISODE | row for row in episodes] + (YEAR_MARK if mark else [])
    (folder / "header.csv").write_text(to_csv(children, HEADER))
    (folder / "episodes.csv").write_text(to_csv(stays, EPISODE))
    (folder / "missing.csv").write_text(to_csv([MISSING | row for row in missing], MISSING))
    if uasc is not None:
        (folder / "uasc.csv").write_text(to_csv([UASC | row for row in uasc], UASC))
    return folder


def write_year(folder: Path, year: int, *, header=({},), episodes=({},), missing=(), uasc=None) -> Path:
    """A return of another end year beside others, with a marking child of its own for that year."""
    mark = {"CHILD": f"mark{year}", "PLACE": "U4", "DECOM": f"01/04/{year - 1}", "DEC": f"01/09/{year - 1}"}
    again = {"DECOM": mark["DEC"], "DEC": f"01/12/{year - 1}", "REC": "E4A", "RNE": "P", "PLACE": "U5"}
    children = [*header, {"CHILD": mark["CHILD"], "SEX": "1"}]
    made = write_return(
        folder,
        header=children,
        episodes=[*episodes, mark | {"REC": "X1"}, mark | again],
        missing=missing,
        uasc=uasc,
        mark=False,
    )
    return made.rename(folder / f"903_{year}")


def read(folder: Path, **more) -> Imported:
    """Rules of rows are tested on a handful of them, which as a whole need not be in order: every rule is accepted."""
    return read_ssda903(folder, authority="301", **{"accept": tuple(RULES), **more})


def fates(imported: Imported, table: str, count: int, year: int | None = None) -> list[tuple[str, str]]:
    """(outcome, reason) of the first rows of a table, in file order; of one year's return if there are several."""
    frame = imported.ledger.frame
    frame = frame[(frame["table"] == table) & ((frame["year"] == year) if year else True)]
    frame = frame.sort_values("row").head(count)
    return list(zip(frame["outcome"], frame["reason"], strict=True))


def stays(imported: Imported, child: str = "c1") -> list[tuple[str, str | None, str]]:
    """(start, end, type) of a child's placements."""
    frame = imported.tables["placements"]
    frame = frame[frame["child_id"] == child].sort_values("start_date")
    return [
        (iso(a), iso(b), t) for a, b, t in frame[["start_date", "end_date", "placement_type"]].itertuples(index=False)
    ]


def absences(imported: Imported) -> list[tuple[str, str | None, int, str, bool]]:
    frame = imported.tables["missing_episodes"]
    columns = ["start_date", "end_date", "sequence", "category", "end_is_censored"]
    return [(iso(a), iso(b), int(s), c, bool(x)) for a, b, s, c, x in frame[columns].itertuples(index=False)]


def iso(day: pd.Timestamp) -> str | None:
    return None if pd.isna(day) else day.date().isoformat()

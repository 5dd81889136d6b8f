"""The ledger: what became of every row that was read, so that the counts of an import add up.

A *working frame* holds one table's rows, of one source file or of several: its columns, plus ``file``, ``row``,
``table``, ``uid`` (a number that no other row of the frame has) and the fate of each row. Rows are never dropped from
it; they go out of play by their outcome. The functions here return a changed copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.tables.csv_out import write_csv
from missingmodels.writing import whole_file

OUTCOMES = ("used", "merged", "repaired", "set_aside")
FATE = ("outcome", "reason", "repair", "before", "after", "detail")
COLUMNS = ("file", "row", "table", "authority", "year", "child_id", *FATE)
FAULTS_SHOWN = 10


def follow(frame: pd.DataFrame, *, file: str, table: str) -> pd.DataFrame:
    """A working frame in which every row counts as used until something else is said of it.

    ``year`` is the end year of the return that a row came in, 0 where there is no such year.
    """
    fates = {"file": file, "table": table, "year": 0} | dict.fromkeys(FATE, "") | {"outcome": "used"}
    return frame.assign(uid=frame["row"], **fates)


def in_play(frame: pd.DataFrame) -> pd.Series:
    """Mask of the rows that still stand for something in the Tables."""
    return (frame["outcome"] == "used") | (frame["outcome"] == "repaired")


def set_aside(frame: pd.DataFrame, which: pd.Series, reason: str, detail: str = "") -> pd.DataFrame:
    """Take rows out with a reason; rows that are out of play already keep their first fate."""
    hit = which & in_play(frame)
    if not hit.any():
        return frame
    out = frame.assign(outcome=frame["outcome"].mask(hit, "set_aside"), reason=frame["reason"].mask(hit, reason))
    return remark(out, hit, detail)


def merge(frame: pd.DataFrame, which: pd.Series, reason: str, *, into: pd.Series) -> pd.DataFrame:
    """Fold rows into others of the frame, given by their ``uid``."""
    hit = which & in_play(frame)
    if not hit.any():
        return frame
    out = frame.assign(outcome=frame["outcome"].mask(hit, "merged"), reason=frame["reason"].mask(hit, reason))
    return remark(out, hit, "into " + place_of(frame, into[hit], beside=frame.loc[hit, "file"]))


def place_of(frame: pd.DataFrame, uid: pd.Series, *, beside: pd.Series) -> pd.Series:
    """Where rows stand, in words: ``row 7``, with the file's name before it unless it is that of ``beside``."""
    at = pd.Index(frame["uid"]).get_indexer(uid.astype("int64"))
    place = frame[["file", "row"]].iloc[at].set_axis(uid.index)
    file = (place["file"] + " ").where(place["file"] != beside, "")
    return file + "row " + place["row"].astype("int64").astype(str)


def repair(frame: pd.DataFrame, which: pd.Series, rule: str, *, before: pd.Series, after: pd.Series) -> pd.DataFrame:
    """Write down that values were changed; a second repair of a row keeps the first ``before``."""
    hit = which & in_play(frame)
    if not hit.any():
        return frame
    again = hit & (frame["repair"] != "")
    rules = frame["repair"].mask(hit & ~again, rule).mask(again, frame["repair"] + f"+{rule}")
    return frame.assign(
        before=frame["before"].mask(hit & ~again, before),
        after=frame["after"].mask(hit, after),
        repair=rules,
        reason=frame["reason"].mask(hit, rules),
        outcome=frame["outcome"].mask(hit, "repaired"),
    )


def remark(frame: pd.DataFrame, which: pd.Series, detail: str | pd.Series) -> pd.DataFrame:
    """Add a detail to rows, after what is there already."""
    if not which.any() or (isinstance(detail, str) and not detail):
        return frame
    there = frame.loc[which, "detail"]
    told = there.where(there == "", there + "; ") + (detail if isinstance(detail, str) else detail[which[which].index])
    return frame.assign(detail=frame["detail"].mask(which, told.reindex(frame.index)))


def written(day: pd.Series) -> pd.Series:
    """Days as ``DD/MM/YYYY``, none as ``blank``; each different day is written once."""
    codes, days = pd.factorize(day)
    words = pd.DatetimeIndex(days).strftime("%d/%m/%Y").to_numpy(dtype=object)
    text = np.append(words, "blank")[codes]
    return pd.Series(text, index=day.index, dtype="str")


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What became of every row.

    Attributes
    ----------
    frame : one line a source row. ``row`` is that of a spreadsheet (the header is row 1); ``repair``,
        ``before`` and ``after`` say which values were changed and by which rule, whatever became of the
        row afterwards; ``child_id`` is as in the Tables
    notes : what concerns a whole file or return: encodings, extra columns, files left alone
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = field(default=())

    def totals(self) -> pd.DataFrame:
        """Rows by file, outcome and reason."""
        return self.frame.groupby(["file", "outcome", "reason"], sort=True).size().rename("rows").reset_index()

    @property
    def repairs(self) -> pd.DataFrame:
        """The rows whose values were changed."""
        return self.frame[self.frame["repair"] != ""]

    def reconcile(self, expected: Mapping[str, Sequence[int]]) -> None:
        """Raise ImportFault unless each row read (file to row numbers) has exactly one fate and a reason."""
        frame, faults = self.frame, []
        held = {str(file): rows for file, rows in frame.groupby("file", sort=False)["row"]}
        for file, rows in expected.items():
            seen = held.get(file, frame["row"].iloc[:0])
            if not seen.duplicated().any() and np.array_equal(np.sort(seen.to_numpy()), np.sort(np.asarray(rows))):
                continue
            lost, twice = sorted(set(rows) - set(seen)), sorted(set(seen[seen.duplicated()]))
            strange = sorted(set(seen) - set(rows))
            for what, which in (
                ("have no fate", lost),
                ("have two fates", twice),
                ("were never read", strange),
            ):
                if which:
                    faults.append(f"{file}: {len(which)} rows {what}: {_listing(which)}")
        faults += [f"{file}: not among the files read" for file in sorted(set(held) - set(expected))]
        unknown = ~frame["outcome"].isin(OUTCOMES)
        silent = ~unknown & (frame["outcome"] != "used") & (frame["reason"] == "")
        for what, bad in (("an unknown outcome", unknown), ("no reason", silent)):
            if bad.any():
                faults.append(f"{int(bad.sum())} rows have {what}: {_listing(frame.loc[bad, 'row'].tolist())}")
        if faults:
            raise ImportFault(
                "the rows of the import do not add up: " + "; ".join(faults),
                remedy="this is a fault of missingmodels, not of the files: please report it",
            )

    def write(self, folder: Path, *, name: str = "ledger.csv") -> Path:
        """Write it as CSV into the folder, whole or not at all. Returns its path."""
        target = Path(folder) / name
        with whole_file(target) as part:
            write_csv(self.frame, part)
        return target


def ledger_of(frames: Sequence[pd.DataFrame], notes: Sequence[str] = ()) -> Ledger:
    """The ledger of working frames, in their order."""
    whole = pd.concat([_lines(frame) for frame in frames], ignore_index=True)
    return Ledger(frame=whole, notes=tuple(notes))


def joined_ledger(ledgers: Sequence[Ledger]) -> Ledger:
    """Several ledgers as one, in their order."""
    frames = [each.frame for each in ledgers]
    return Ledger(frame=pd.concat(frames, ignore_index=True), notes=tuple(n for each in ledgers for n in each.notes))


def _lines(frame: pd.DataFrame) -> pd.DataFrame:
    """The ledger's columns of a working frame; a list of homes has no children, and its authority is a fact."""
    if "CHILD" not in frame:
        return frame.assign(child_id="", authority="")[list(COLUMNS)]
    return frame.assign(child_id=frame["CHILD"])[list(COLUMNS)]


def _listing(rows: Sequence[int]) -> str:
    shown = ", ".join(str(int(row)) for row in rows[:FAULTS_SHOWN])
    return shown if len(rows) <= FAULTS_SHOWN else f"{shown}, … (first {FAULTS_SHOWN} of {len(rows)})"

"""Rows of staff from several sheets made one table: people without a name apart, rows of one key made one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.ledger import FAULTS_SHOWN, Ledger, in_play, ledger_of, merge, remark, set_aside
from missingmodels.extract.ofsted.layout import plain
from missingmodels.extract.ofsted.registration import loose
from missingmodels.extract.readers.source_table import SourceTable
from missingmodels.extract.returns.limits import LIMITS
from missingmodels.extract.staff import layout
from missingmodels.tables.judgement import Judgement

KEPT = {
    "staff_shifts": ["home", "staff", "start_time", "end_time", "shift_type", "employment", "state"],
    "staff_spells": ["home", "staff", "start_date", "end_date", "role", "employment", "fte", "leave_reason"],
    "staff_periods": ["home", "start_date", "end_date", *layout.NUMBERS],
}


@dataclass(frozen=True, kw_only=True)
class StaffTable:
    """One of the contract's staff tables, and what became of every row of the files or sheets it was made of.

    Attributes
    ----------
    frame : the table's columns, with the ``uid`` by which the ledger's working frame knew each row
    digests : by file or sheet
    judged : what is to be said of the ids of staff in all of the files
    """

    name: str
    frame: pd.DataFrame
    ledger: Ledger
    digests: Mapping[str, str]
    judged: tuple[Judgement, ...] = ()

    @property
    def file(self) -> str:
        """The files' names, for a message."""
        return ", ".join(self.digests)


def joined(
    shape: layout.Shape, parts: Sequence[tuple[SourceTable, pd.DataFrame, list[str]]], left: Sequence[str]
) -> StaffTable:
    """One table of all sheets of a shape: rows numbered through, then rows of one key made one."""
    names = [table.name for table, _, _ in parts]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ImportFault(f"{', '.join(twice)} were given twice", remedy="name each file once, or rename one of them")
    frame = pd.concat([each for _, each, _ in parts], ignore_index=True)
    frame = frame.assign(uid=np.arange(len(frame), dtype="int64"))
    frame, notes = _unnamed(frame, shape)
    when = "start_time" if shape is layout.SHIFTS else "start_date"
    order = ["home", *(["staff"] if "staff" in shape.columns else []), when]
    # The worked shift stands before the planned one it fulfilled.
    first = frame["state"] == "planned" if shape is layout.SHIFTS else pd.Series(False, index=frame.index)
    frame = frame.assign(later=first).sort_values([*order, "later", "uid"])
    frame, made = _keyed(frame, shape)
    ledger = ledger_of([frame], notes=[*(note for _, _, told in parts for note in told), *notes, *left])
    ledger.reconcile({table.name: table.frame["row"].tolist() for table, _, _ in parts})
    return StaffTable(
        name=shape.table,
        frame=made,
        ledger=ledger,
        digests={table.name: table.digest for table, _, _ in parts},
        judged=tuple(_kept(frame, shape)),
    )


def _kept(frame: pd.DataFrame, shape: layout.Shape) -> list[Judgement]:
    """What is to be said of rows set aside: hours or workers lost. Raises ImportFault if no row is left."""
    lost = (frame["outcome"] == "set_aside") & ~frame["reason"].isin(["not_worked", "not_staff"])
    chief = frame.loc[lost, "reason"].value_counts().head(3)
    why = ", ".join(f"{reason} {n}" for reason, n in chief.items())
    if lost.any() and not in_play(frame).any():
        raise ImportFault(
            f"no row is left of the {len(frame)} of {shape.table} ({why})",
            where=", ".join(frame["file"].unique()[:FAULTS_SHOWN]),
            remedy="correct what the reasons name in the source; nothing was written, and what was there stays",
        )
    severity = LIMITS["staff_kept"].severity(int(lost.sum()), len(frame))
    if severity is None:
        return []
    share = f"{int(lost.sum()):,} of {len(frame):,} ({100 * lost.mean():.0f} %)"
    what = f"{share} rows of {shape.table} were set aside ({why})"
    remedy = "see the reasons in the ledger: hours and workers in those rows do not count"
    return [Judgement(rule="staff_kept", severity=severity, count=int(lost.sum()), what=what, remedy=remedy)]


def _unnamed(frame: pd.DataFrame, shape: layout.Shape) -> tuple[pd.DataFrame, list[str]]:
    """The frame with a person of its own for every row of a home and start that has no name."""
    if "staff" not in shape.columns:
        return frame, []
    when = "start_time" if shape is layout.SHIFTS else "start_date"
    said = frame["staff"].map(plain)
    placeholder = said.isin(layout.NOBODY) | said.str.fullmatch(layout.FIRM).astype(bool)
    hired = frame["employment"].isin(["agency", "bank"])
    which = in_play(frame) & (placeholder | ((frame["staff"] == "") & hired))
    blank = in_play(frame) & (frame["staff"] == "") & ~which
    frame = set_aside(frame, blank, "staff_blank", "staff is blank, and the contract is neither agency nor bank")
    if not which.any():
        return frame, []
    rows = frame[which]
    state = rows["state"] if "state" in rows else pd.Series("", index=rows.index)
    nth = rows.groupby([rows["home"], rows[when], state], dropna=False).cumcount() + 1
    made = rows["employment"].where(hired, "unnamed") + " " + nth.astype(str)
    if loose(made).isin(loose(frame.loc[~which, "staff"])).any():
        made += " (unnamed)"  # the files hold workers of that name
    frame["staff"] = frame["staff"].mask(which, made.reindex(frame.index))
    frame = remark(frame, which, "nobody is named: counted as a person of its own")
    return frame, [f"{int(which.sum())} rows name nobody: each counts as a person of its own"]


def _keyed(frame: pd.DataFrame, shape: layout.Shape) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The frame with rows of one key made one, and the contract's table of what stands.

    Rows that say the same are merged. Where they differ nothing says which is right: of a person's the first stands and
    the others are set aside, of totals none stands, since part of a home's hours would be taken for all.
    """
    when = "start_time" if shape is layout.SHIFTS else "start_date"
    key = ["home", *(["staff"] if "staff" in shape.columns else []), when]
    live = frame[in_play(frame)]
    again = live.duplicated(key)
    first = live.groupby(key, sort=False)["uid"].transform("first")
    which = again.reindex(frame.index, fill_value=False)
    if shape is layout.SHIFTS:
        fulfilled = which & (frame["state"] == "planned")
        frame = merge(frame, fulfilled, "planned_and_worked", into=first.reindex(frame.index))
    frame = _set_differing_aside(frame, key, KEPT[shape.table], totals=shape is layout.PERIODS)
    frame = merge(frame, which, "same_start", into=first.reindex(frame.index))
    live = frame[in_play(frame)]
    names = {"home": "home_id", "staff": "staff_id", "state": "status"}
    made = live[[*KEPT[shape.table], "uid"]].rename(columns=names)
    for column in ("shift_type", "employment", "role", "leave_reason"):
        if column in made:
            made[column] = made[column].where(made[column] != "")
    return frame.sort_values("uid"), made.reset_index(drop=True)


def _set_differing_aside(frame: pd.DataFrame, key: list[str], kept: list[str], *, totals: bool) -> pd.DataFrame:
    """Rows of one key that say something else than the first; of totals the first, too."""
    live = frame[in_play(frame)]
    live = live[live.duplicated(key, keep=False)]
    if live.empty:
        return frame
    facts = live[kept].astype(object)
    facts = facts.where(facts.notna(), "")
    firsts = facts.groupby([live[name] for name in key], sort=False).transform("first")
    apart = facts != firsts
    what = apart.apply(lambda line: "other " + ", ".join(apart.columns[line]), axis=1)
    uid = live.groupby(key, sort=False)["uid"].transform("first")
    differs = apart.any(axis=1)
    which = differs.groupby(uid).transform("any") if totals else differs
    row = live["row"].groupby(uid).transform("first").astype(str)
    told = ("row " + row + " has the same start, " + what).where(
        differs, "a later row has the same start, other totals"
    )
    hit = which.reindex(frame.index, fill_value=False)
    frame = remark(frame, hit, told.reindex(frame.index)[hit])
    return set_aside(frame, hit, "same_start_differs")

"""Interviews held against the missing episodes that they name."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pandas as pd

from missingmodels.extract.ledger import Ledger
from missingmodels.tables.keys import stands_in

if TYPE_CHECKING:
    from missingmodels.extract.mapped.to_table import MappedTable


def flag_unmatched(interviews: MappedTable, episodes: pd.DataFrame | None, children: pd.Series) -> MappedTable:
    """The interviews with a line in the ledger for each that names no episode of its child.

    They stay: an interview was held, though its episode is written under another day. What they mean for the episodes
    near them is for the reader of the tables, who must not take those for episodes without an interview.
    """
    if episodes is None or interviews.frame.empty:
        return interviews
    named = pd.MultiIndex.from_frame(interviews.frame[["child_id", "episode_start_date", "sequence"]].astype(object))
    held = pd.MultiIndex.from_frame(episodes[["child_id", "start_date", "sequence"]].astype(object))
    apart = ~named.isin(held) & stands_in(interviews.frame["child_id"], children)  # strangers are set aside as such
    rows = set(interviews.frame.loc[apart, "row"])
    if not rows:
        return interviews
    lines = interviews.ledger.frame
    hit = lines["row"].isin(rows) & (lines["outcome"] != "set_aside")
    told = "unmatched: no missing episode of the child starts that day"
    detail = lines["detail"].mask(hit, (lines["detail"] + "; ").where(lines["detail"] != "", "") + told)
    note = f"{interviews.file}: {len(rows)} interviews are unmatched: no missing episode of the child starts that day"
    ledger = Ledger(frame=lines.assign(detail=detail), notes=(*interviews.ledger.notes, note))
    return dataclasses.replace(interviews, ledger=ledger)

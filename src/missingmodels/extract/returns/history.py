"""A child's episodes over several returns: what a newer return supersedes, and how open ends of old returns close.

The rules are those of a regional tool for pooled returns (liia-tools, documented repair rules 1 to 5, read in 2026),
restated: its numbers stand in the ledger's details. Every rule puts an end, none moves a start.
"""

from __future__ import annotations

import pandas as pd

from missingmodels.extract.ledger import in_play, merge, remark, repair, set_aside, written

EQUAL = ["RNE", "LS", "PLACE", "PLACE_PROVIDER", "PL_POST", "URN"]
ROUNDS = 20  # of superseding: each takes away at least one row of a child, and no child has many


def drop_superseded(frame: pd.DataFrame) -> pd.DataFrame:
    """Rules 3 and 3A: rows of old returns that a newer return tells otherwise. ``frame`` is sorted by child and start.

    Rule 3: an open row whose neighbour in a newer return differs in DECOM only is that row, amended. Rule 3A: an
    open row that begins within an episode told by a newer return is superseded by it. A closed row that ends with such
    an episode is that episode, amended; one that ends before it stands, and the overlap is cut as any other.
    """
    if frame["year"].nunique() < 2:
        return frame
    for _ in range(ROUNDS):
        before = int(in_play(frame).sum())
        frame = _amended(frame)
        frame = _covered(frame)
        if int(in_play(frame).sum()) == before:
            break
    return frame


def _amended(frame: pd.DataFrame) -> pd.DataFrame:
    columns = ["CHILD", "uid", "year", "start", "end", "closes", *EQUAL]
    live = frame.loc[in_play(frame), columns]
    for step in (1, -1):
        near = live.groupby("CHILD", sort=False)[[*EQUAL, "year", "start", "uid"]].shift(step)
        equal = (live[EQUAL] == near[EQUAL]).all(axis=1)
        # What starts after the old return's year cannot be the start that it reported, put right.
        amended = live["end"].isna() & equal & (near["year"] > live["year"]) & (near["start"] < live["closes"])
        which = amended.reindex(frame.index, fill_value=False)
        frame = merge(frame, which, "epi_amended_start", into=near["uid"].reindex(frame.index))
        frame = remark(frame, which, "a newer return has it with another DECOM (regional rule 3)")
        live = frame.loc[in_play(frame), columns]
    return frame


def _covered(frame: pd.DataFrame) -> pd.DataFrame:
    live = frame.loc[in_play(frame), ["CHILD", "uid", "year", "start", "end"]]
    near = live.groupby("CHILD", sort=False)[["year", "end", "uid"]].shift(1)
    newer = near["year"] > live["year"]
    reaches = near["end"].isna() | (near["end"] > live["start"])
    retold = (newer & reaches & (live["end"] == near["end"])).reindex(frame.index, fill_value=False)
    frame = merge(frame, retold, "epi_amended_start", into=near["uid"].reindex(frame.index))
    frame = remark(frame, retold, "a newer return has it with another DECOM, and the same DEC")
    which = (newer & reaches & live["end"].isna()).reindex(frame.index, fill_value=False)
    return set_aside(frame, which, "epi_superseded", "a newer return has another episode there (regional rule 3A)")


def close_old_ends(frame: pd.DataFrame) -> pd.DataFrame:
    """Rules 1A and 2, and the end of an authority's returns. ``frame`` is sorted by child and start.

    Rule 1A: open in an old return, and a newer one begins a new period of care later: it ended by 31 March of the old
    year. Rule 2: open in an old return and never told again: it ended on 31 March of that year. Where an authority's
    last return is older than the pool's last year, what is open in it is cut when its record ends.
    """
    columns = ["CHILD", "start", "end", "RNE", "year", "closes", "authority_closes", "pool_closes"]
    live = frame.loc[in_play(frame), columns]
    following = live.groupby("CHILD", sort=False)[["start", "RNE", "year"]].shift(-1)
    march = live["closes"] - pd.Timedelta(days=1)
    is_open, alone = live["end"].isna(), following["start"].isna()
    new_period = is_open & ~alone & (following["RNE"] == "S") & (following["year"] > live["year"])
    day_before = following["start"] - pd.Timedelta(days=1)
    rules = {
        "epi_open_new_period": (new_period, march.where(march <= day_before, day_before), "regional rule 1A"),
        "epi_lost_open": (is_open & alone & (live["closes"] < live["authority_closes"]), march, "regional rule 2"),
        "epi_authority_ends": (
            is_open & alone & (live["closes"] == live["authority_closes"]) & (live["closes"] < live["pool_closes"]),
            live["closes"],
            "the authority has no later return",
        ),
    }
    for rule, (which, end, detail) in rules.items():
        # A stay that began on its last possible day would be empty; it keeps that one night.
        end = end.where(end > live["start"], live["start"] + pd.Timedelta(days=1))
        hit = (which & (end <= following["start"].fillna(end))).reindex(frame.index, fill_value=False)
        if not hit.any():
            continue
        after = "DEC " + written(end)
        blank = pd.Series("DEC blank", index=frame.index)
        frame = repair(frame, hit, rule, before=blank, after=after.reindex(frame.index))
        frame = remark(frame, hit, detail)
        frame = frame.assign(end=frame["end"].mask(hit, end.reindex(frame.index)))
    return frame

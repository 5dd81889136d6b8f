"""SSDA903 header and uasc rows to the children table."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from missingmodels.extract.ledger import in_play, merge, remark, set_aside
from missingmodels.extract.returns.codes import SEX
from missingmodels.extract.returns.together.resubmitted import newest_stands, words
from missingmodels.tables.keys import stands_in


def by_child(child: pd.Series, fact: pd.Series) -> pd.Series:
    """A fact held by child, for each row. Unlike ``map``, dates stay dates even if no child has one."""
    return fact.reindex(child).set_axis(child.index)


def one_row_a_child(frame: pd.DataFrame, compared: Mapping[str, str], *, rule: str) -> pd.DataFrame:
    """Fold rows of one child within a return, and older returns' into the newest's.

    ``compared`` are the facts, with the names by which a change is told. Where rows of one return contradict each other
    the last stands, as in a register that is written on (DfE's INT32); the ledger tells the others under ``rule``.
    """
    live = frame.loc[in_play(frame), ["CHILD", "year", "uid", *compared]]
    child = [live["CHILD"], live["year"]]
    if live.duplicated(["CHILD", "year"]).any():
        facts = live[list(compared)].astype(object)
        facts = facts.where(facts.notna(), "")
        differs = (facts != facts.groupby(child).transform("first")).any(axis=1).groupby(child).transform("any")
        uids = live.groupby(["CHILD", "year"])["uid"]
        stands = uids.transform("last").where(differs, uids.transform("first"))
        told = _contradictions(live, live.set_index("uid").loc[stands].set_index(live.index), compared)
        folded = (live["uid"] != stands).reindex(frame.index, fill_value=False)
        contradicted = told.reindex(frame.index, fill_value="").ne("")
        into = stands.reindex(frame.index)
        frame = merge(frame, contradicted, rule, into=into)
        frame = remark(frame, contradicted, told.reindex(frame.index)[contradicted])
        frame = merge(frame, folded, "same_child", into=into)
    return newest_stands(frame, ["CHILD"], compared)


def _contradictions(rows: pd.DataFrame, stands: pd.DataFrame, compared: Mapping[str, str]) -> pd.Series:
    """What each row says otherwise than the row that stands: ``DOB 11/07/2015 → 16/08/2017``."""
    told = pd.Series("", index=rows.index, dtype=object)
    for column, name in compared.items():
        was, now = words(rows[column]), words(stands[column])
        apart = was != now
        text = name + " " + was[apart].replace("", "blank") + " → " + now[apart].replace("", "blank")
        told[apart] = (told[apart] + ", " + text).str.removeprefix(", ")
    return told


def settle_header(header: pd.DataFrame, *, episodes: pd.DataFrame) -> pd.DataFrame:
    """Set children aside who, by the settled episodes, cannot be at risk."""
    placed = episodes.loc[episodes["head"].notna(), "CHILD"]
    known = stands_in(header["CHILD"], episodes["CHILD"])
    header = set_aside(header, ~known, "no_episodes", "the child has no episodes and cannot be at risk")
    return set_aside(header, ~stands_in(header["CHILD"], placed), "no_placement_left", "all episodes were set aside")


def settle_uasc(uasc: pd.DataFrame, *, recorded_from: pd.Series) -> pd.DataFrame:
    """Give every uasc row its fate; ``recorded_from`` by child of the children kept."""
    if "UASC_FLAG" in uasc:
        uasc = set_aside(uasc, uasc["UASC_FLAG"] != "1", "uasc_flag_not_1", "the flag UASC is not 1")
    uasc = one_row_a_child(uasc, {"until": "DUC"}, rule="uasc_dup")
    uasc = set_aside(uasc, ~stands_in(uasc["CHILD"], recorded_from.index), "uasc_orphan", "the child has no placement")
    ended = uasc["until"] <= by_child(uasc["CHILD"], recorded_from)
    return set_aside(uasc, ended, "uasc_ended_before", "DUC is not after the first day recorded")


def children_of(header: pd.DataFrame, uasc: pd.DataFrame | None, *, recorded_from: pd.Series) -> pd.DataFrame:
    """The children table.

    A child in uasc has that status from its first recorded day on: the true first day is not in a return.
    """
    live = header[in_play(header)]
    since = by_child(live["CHILD"], recorded_from)
    status = pd.Series(dtype="datetime64[s]") if uasc is None else uasc[in_play(uasc)].set_index("CHILD")["until"]
    first_of_month = (live["birth"].dt.day == 1).groupby(live["authority"]).transform("all")
    return pd.DataFrame(
        {
            "child_id": live["CHILD"],
            "authority": live["authority"],
            "sex": live["SEX"].map(SEX),
            "birth_date": live["birth"],
            # Pooled regional files move every birth to the first of its month.
            "birth_date_precision": first_of_month.map({True: "month", False: "day"}),
            "ethnicity": live["ETHNIC"].where(live["ETHNIC"] != ""),
            "uasc_from": since.where(stands_in(live["CHILD"], status.index)),
            "uasc_to": by_child(live["CHILD"], status),
            "recorded_from": since,
        }
    ).reset_index(drop=True)

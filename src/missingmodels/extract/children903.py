"""SSDA903 header and uasc rows to the children table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract import layout903 as layout
from missingmodels.extract.ledger import FAULTS_SHOWN, in_play, merge, set_aside
from missingmodels.extract.resubmitted import newest_stands


def by_child(child: pd.Series, fact: pd.Series) -> pd.Series:
    """A fact held by child, for each row. Unlike ``map``, dates stay dates even if no child has one."""
    return fact.reindex(child).set_axis(child.index)


def one_row_a_child(frame: pd.DataFrame, facts: Sequence[str], *, compared: Mapping[str, str]) -> pd.DataFrame:
    """Fold rows of one child with equal facts within a return, and older returns' into the newest's.

    ``compared`` are the columns in which a change between returns is told, with their names.

    Raises ImportFault naming the rows if they contradict each other: nothing in one return says which is
    right.
    """
    live = frame[in_play(frame)]
    repeated = live[live.duplicated(["CHILD", "year"], keep=False)]
    kinds = repeated.drop_duplicates(["CHILD", "year", *facts]).groupby(["CHILD", "year"]).size()
    contradicting = repeated[pd.MultiIndex.from_frame(repeated[["CHILD", "year"]]).isin(kinds.index[kinds > 1])]
    if len(contradicting):
        groups = [
            f"rows {', '.join(map(str, rows))}"
            for _, rows in contradicting.groupby(["CHILD", "year"], sort=False)["row"]
        ]
        more = f" (first {FAULTS_SHOWN} of {len(groups)})" if len(groups) > FAULTS_SHOWN else ""
        raise ImportFault(
            f"rows of one child contradict each other in {', '.join(facts)}{more}: " + "; ".join(groups[:FAULTS_SHOWN]),
            where=", ".join(contradicting["file"].unique()[:FAULTS_SHOWN]),
            remedy="keep the right row of each child in the source",
        )
    again = live.duplicated(["CHILD", "year"]).reindex(frame.index, fill_value=False)
    if again.any():
        original = repeated.groupby(["CHILD", "year"])["uid"].transform("first").reindex(frame.index)
        frame = merge(frame, again, "same_child", into=original)
    return newest_stands(frame, ["CHILD"], compared)


def settle_header(header: pd.DataFrame, *, episodes: pd.DataFrame) -> pd.DataFrame:
    """Set children aside who, by the settled episodes, cannot be at risk."""
    placed = episodes.loc[episodes["head"].notna(), "CHILD"].unique()
    known = header["CHILD"].isin(episodes["CHILD"].unique())
    header = set_aside(header, ~known, "no_episodes", "the child has no episodes and cannot be at risk")
    return set_aside(header, ~header["CHILD"].isin(placed), "no_placement_left", "all episodes were set aside")


def settle_uasc(uasc: pd.DataFrame, *, recorded_from: pd.Series) -> pd.DataFrame:
    """Give every uasc row its fate; ``recorded_from`` by child of the children kept."""
    if "UASC_FLAG" in uasc:
        uasc = set_aside(uasc, uasc["UASC_FLAG"] != "1", "uasc_flag_not_1", "the flag UASC is not 1")
    uasc = one_row_a_child(uasc, ["DUC"], compared={"until": "DUC"})
    uasc = set_aside(uasc, ~uasc["CHILD"].isin(recorded_from.index), "uasc_orphan", "the child has no placement")
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
            "sex": live["SEX"].map(layout.SEX),
            "birth_date": live["birth"],
            # Pooled regional files move every birth to the first of its month.
            "birth_date_precision": first_of_month.map({True: "month", False: "day"}),
            "ethnicity": live["ETHNIC"].where(live["ETHNIC"] != ""),
            "uasc_from": since.where(live["CHILD"].isin(status.index)),
            "uasc_to": by_child(live["CHILD"], status),
            "recorded_from": since,
        }
    ).reset_index(drop=True)

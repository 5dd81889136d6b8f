"""Rules across rows and tables that a column schema cannot say. Each takes Tables and gives findings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from missingmodels.intervals import UNRECORDED_DAY, expand, overlapping_neighbours, to_day
from missingmodels.tables.contract import TABLES
from missingmodels.tables.findings import Finding, finding
from missingmodels.tables.keys import stands_in
from missingmodels.tables.tables import Tables

OPEN_DAYS = 28  # assumption: a return within them may not be written down yet; published episodes last a day or two
FAR_DAY = 2**40  # stands for "open" where spans are compared


def _span_days(frame: pd.DataFrame, start: str = "start_date", end: str = "end_date") -> tuple[np.ndarray, np.ndarray]:
    """(N,) first and (N,) end day numbers of a frame's spans; an open end becomes a day far in the future."""
    last = to_day(frame[end])
    return to_day(frame[start]), np.where(last == UNRECORDED_DAY, FAR_DAY, last)


def _references(tables: Tables) -> list[Finding]:
    """Every value of a referring column stands in the table it refers to."""
    found = []
    for name in tables.frames:
        frame = tables[name]
        for column, target in TABLES[name].references:
            key = TABLES[target].key[0]
            bad = frame[column].notna() & ~stands_in(frame[column], tables[target][key])
            found += finding(
                frame,
                bad,
                table=name,
                rule=f"unknown_{key}" if column == key else f"unknown_{column}",
                severity="error",
                show=[*TABLES[name].key, column],
                what=f"{column} is not in {target}",
                remedy=f"add the {target} row, or remove these rows",
            )
    return found


def _ends_before_starts(tables: Tables) -> list[Finding]:
    """No span ends before it starts; only a missing episode may end on the day it starts."""
    found = []
    spans = [("start_date", "end_date"), ("start_time", "end_time"), ("valid_from", "valid_to")]
    for name, frame in tables.frames.items():
        for start, end in spans:
            if start not in frame or end not in frame:
                continue
            strict = name == "missing_episodes"
            bad = frame[end] < frame[start] if strict else frame[end] <= frame[start]
            found += finding(
                frame,
                bad,
                table=name,
                rule="end_before_start",
                severity="error",
                show=[*TABLES[name].key, end],
                what=f"{end} is before {start}" if strict else f"{end} is not after {start}",
                remedy="correct the dates in the source; spans are half-open, [start, end)",
            )
    return found


def _placements_overlap(tables: Tables) -> list[Finding]:
    """A child has one placement on a day, and so is in one home."""
    frame = tables["placements"]
    start, end = _span_days(frame)
    late = overlapping_neighbours(pd.factorize(frame["child_id"])[0], start, end)
    order = np.lexsort((end, start, pd.factorize(frame["child_id"])[0]))
    home = frame["home_id"].to_numpy(dtype=object, na_value="")
    two_homes = np.zeros(len(frame), dtype=bool)
    previous, row = order[:-1], order[1:]
    two_homes[row] = late[row] & (home[row] != "") & (home[previous] != "") & (home[row] != home[previous])
    shown = ["child_id", "start_date", "end_date", "home_id"]
    return finding(
        frame,
        pd.Series(two_homes, index=frame.index),
        table="placements",
        rule="child_in_two_homes",
        severity="error",
        show=shown,
        what="the child is in another home on the same day",
        remedy="end the earlier placement on the day the later one starts",
    ) + finding(
        frame,
        pd.Series(late & ~two_homes, index=frame.index),
        table="placements",
        rule="overlapping_placements",
        severity="error",
        show=shown,
        what="the placement starts before an earlier one of the same child has ended",
        remedy="end the earlier placement on the day the later one starts, or merge them",
    )


def births(tables: Tables) -> list[Finding]:
    """No child is placed before birth."""
    frame = tables["placements"]
    birth = tables["children"].drop_duplicates("child_id").set_index("child_id")["birth_date"]
    # not map: without any placement it would lose the dates' type
    bad = frame["start_date"] < birth.reindex(frame["child_id"]).set_axis(frame.index)
    return finding(
        frame,
        bad,
        table="placements",
        rule="placed_before_birth",
        severity="error",
        show=["child_id", "start_date"],
        what="the placement starts before the child's birth_date",
        remedy="correct birth_date or start_date",
    )


def _episodes_open_and_overlapping(tables: Tables) -> list[Finding]:
    """At most one open episode a child; episodes of one child do not overlap."""
    frame = tables["missing_episodes"]
    is_open = frame["end_date"].isna()
    open_count = is_open.groupby(frame["child_id"]).transform("sum") if len(frame) else is_open
    start, end = _span_days(frame)
    late = overlapping_neighbours(pd.factorize(frame["child_id"])[0], start, end)
    shown = ["child_id", "start_date", "end_date"]
    return finding(
        frame,
        is_open & (open_count > 1),
        table="missing_episodes",
        rule="two_open_episodes",
        severity="error",
        show=shown,
        what="the child has more than one episode without an end",
        remedy="close all but the last; where a return was never recorded, write the last day known as end_date, and "
        "yes as end_is_censored, in that row (in a mapping both are columns of the file)",
    ) + finding(
        frame,
        pd.Series(late, index=frame.index) & ~(is_open & (open_count > 1)),
        table="missing_episodes",
        rule="overlapping_episodes",
        severity="warn",
        show=shown,
        what="the episode starts before an earlier one of the same child has ended",
        remedy="merge them in the source; the risk set counts the child as missing on their union",
    )


def _episodes_open_for_long(tables: Tables) -> list[Finding]:
    """An open episode is a recent one: of an older one the return was more likely not written down."""
    frame = tables["missing_episodes"]
    is_open = frame["end_date"].isna()
    alone = ~frame["child_id"].where(is_open).duplicated(keep=False)  # of two, another rule speaks
    return finding(
        frame,
        is_open & alone & (frame["start_date"] < tables.observed_to - pd.Timedelta(days=OPEN_DAYS)),
        table="missing_episodes",
        rule="open_for_long",
        severity="warn",
        show=["child_id", "start_date"],
        what=f"the episode has no end and began over {OPEN_DAYS} days before the observed span ends: its child is away "
        "from then on",
        remedy="fill in the return; where it is unknown, the last day known as end_date, and yes as end_is_censored",
    )


def _episodes_placed(tables: Tables) -> list[Finding]:
    """Each episode starts while the child is placed (the day a placement ends still counts) and observed."""
    episodes, placements = tables["missing_episodes"], tables["placements"]
    start, end = _span_days(placements)
    place = pd.DataFrame({"child_id": placements["child_id"], "from": start, "to": end})
    pairs = pd.DataFrame(
        {"child_id": episodes["child_id"], "day": to_day(episodes["start_date"]), "row": episodes.index}
    ).merge(place, on="child_id")
    inside = pairs.loc[(pairs["from"] <= pairs["day"]) & (pairs["day"] <= pairs["to"]), "row"].unique()
    day = to_day(episodes["start_date"])
    unobserved = pd.Series((day < tables.first_day) | (day >= tables.end_day), index=episodes.index)
    shown = ["child_id", "start_date"]
    return finding(
        episodes,
        pd.Series(~episodes.index.isin(inside), index=episodes.index),
        table="missing_episodes",
        rule="episode_outside_placement",
        severity="warn",
        show=shown,
        what="no placement of the child covers the day it starts",
        remedy="add the placement; such episodes are not in the risk set",
    ) + finding(
        episodes,
        unobserved,
        table="missing_episodes",
        rule="episode_outside_observation",
        severity="warn",
        show=shown,
        what=f"it starts outside the observed span {tables.observed_from.date()} to {tables.observed_to.date()}",
        remedy="correct the date, or widen observed_from and observed_to in the manifest",
    )


def _residents_fit_places(tables: Tables) -> list[Finding]:
    """No home holds more children on a day than it has registered places."""
    homes = tables["homes"].dropna(subset=["places"])
    if homes.empty:
        return []
    placements = tables["placements"]
    placements = placements[placements["home_id"].isin(homes["home_id"])]
    names = pd.Index(homes["home_id"].unique())
    start, end = _span_days(placements)
    row, day = expand(np.maximum(start, tables.first_day), np.minimum(end, tables.end_day))
    # integers, since a pool has as many child-days as a large file has bytes
    days = tables.end_day - tables.first_day
    cell = names.get_indexer(placements["home_id"])[row] * days + day - tables.first_day
    held, count = np.unique(cell, return_counts=True)
    load = pd.DataFrame({"home_id": names[held // days], "day": held % days + tables.first_day, "residents": count})
    valid_from, valid_to = _span_days(homes, "valid_from", "valid_to")
    spans = pd.DataFrame({"home_id": homes["home_id"], "places": homes["places"], "from": valid_from, "to": valid_to})
    # what fits the fewest places that a home ever had fits on every day
    load = load[load["residents"] > load["home_id"].map(spans.groupby("home_id")["places"].min())]
    joined = load.merge(spans, on="home_id")
    joined = joined[(joined["from"] <= joined["day"]) & (joined["day"] < joined["to"])]
    over = joined[joined["residents"] > joined["places"]].drop_duplicates("home_id").reset_index(drop=True)
    over["date"] = pd.to_datetime(over["day"].to_numpy().astype("datetime64[D]"))
    return finding(
        over,
        pd.Series(True, index=over.index),
        table="homes",
        rule="residents_above_places",
        severity="warn",
        show=["home_id", "date", "residents", "places"],
        what="more residents than registered places on at least one day",
        remedy="check placement ends, or the home's places on that date",
    )


def _staffing_is_continuous(tables: Tables) -> list[Finding]:
    """A home's staff periods follow each other without gap or overlap."""
    frame = tables["staff_periods"].sort_values(["home_id", "start_date"], kind="stable")
    same = frame["home_id"].eq(frame["home_id"].shift())
    previous_end = frame["end_date"].shift()
    shown = ["home_id", "start_date", "end_date"]
    return finding(
        frame,
        same & (frame["start_date"] < previous_end),
        table="staff_periods",
        rule="staff_periods_overlap",
        severity="error",
        show=shown,
        what="the period starts before the home's previous one has ended",
        remedy="give each day of a home to one period",
    ) + finding(
        frame,
        same & (frame["start_date"] > previous_end),
        table="staff_periods",
        rule="staffing_gap",
        severity="warn",
        show=shown,
        what="days without staffing lie between this period and the one before",
        remedy="add the period; until then staff measures that need those days are unrecorded",
    )


def _ties_are_pairs(tables: Tables) -> list[Finding]:
    """A tie joins two different children and a pair's spans do not overlap, whichever way round it is written."""
    frame = tables["ties"]
    shown = ["child_a", "child_b", "start_date"]
    a, b = frame["child_a"], frame["child_b"]
    pair = a.where(a <= b, b) + "\x1f" + b.where(a <= b, a) + "\x1f" + frame["kind"]
    late = overlapping_neighbours(pd.factorize(pair)[0], *_span_days(frame))
    return finding(
        frame,
        frame["child_a"] == frame["child_b"],
        table="ties",
        rule="tie_to_self",
        severity="error",
        show=shown,
        what="child_a and child_b are the same child",
        remedy="remove the row",
    ) + finding(
        frame,
        pd.Series(late, index=frame.index),
        table="ties",
        rule="tie_twice",
        severity="error",
        show=shown,
        what="the pair already has a tie of this kind on some of these days",
        remedy="write each pair once; ties have no direction",
    )


RULES: tuple[Callable[[Tables], list[Finding]], ...] = (
    _references,
    _ends_before_starts,
    _placements_overlap,
    births,
    _episodes_open_and_overlapping,
    _episodes_open_for_long,
    _episodes_placed,
    _residents_fit_places,
    _staffing_is_continuous,
    _ties_are_pairs,
)

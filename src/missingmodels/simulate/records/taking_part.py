"""Homes that take part for a while: what is written of them begins later, or ends sooner, than the study.

A home goes on as it does; only its record is cut. Stays are cut to the span in which their home is recorded, absences
go with the stay that they began in, and a child who is not recorded in any home is not in the record.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.recording import Recording
from missingmodels.simulate.homes import DAYS_PER_YEAR
from missingmodels.simulate.records.labelled import uniforms
from missingmodels.tables import Tables, make_tables

OF_HOMES_TOO = ("measures", "events")  # whose rows may name no child
_DAY = pd.Timedelta(days=1)
LONG_AGO, FAR_OFF = pd.Timestamp("1700-01-01"), pd.Timestamp("2250-01-01")  # before and after every record


def of_children(tables: Tables, seen: pd.Series) -> dict[str, pd.DataFrame]:
    """The frames without the rows that name a child who is not ``seen``."""
    frames = {}
    for name, frame in tables.frames.items():
        for column in ("child_id", "child_a", "child_b"):
            if column in frame:
                frame = frame[frame[column].isin(seen) | (frame[column].isna() & (name in OF_HOMES_TOO))]
        frames[name] = frame
    return frames


def drawn_spans(tables: Tables, recording: Recording, seed: int) -> pd.DataFrame:
    """First day, and day after the last, of each home's record (``begin``, ``end``), by ``home_id``."""
    homes = pd.Index(sorted(tables["homes"]["home_id"].unique()), name="home_id")
    joined = np.floor(recording.joining_days * uniforms(homes, seed, "recording", "joining"))
    lasted = np.full(homes.size, np.inf)
    if recording.leaving_per_year:
        chance = uniforms(homes, seed, "recording", "leaving")
        lasted = 1 + np.floor(-np.log(chance) * DAYS_PER_YEAR / recording.leaving_per_year)
    days = (tables.observed_to - tables.observed_from).days
    last = np.minimum(joined + lasted, days)
    begin = tables.observed_from + pd.to_timedelta(np.minimum(joined, days), unit="D")
    return pd.DataFrame({"begin": begin, "end": tables.observed_from + pd.to_timedelta(last, unit="D")}, index=homes)


def recorded_until(tables: Tables, day: int) -> Tables:
    """What is written by so many days after the first: the record that a look at that time has."""
    end = tables.observed_from + day * _DAY
    homes = pd.Index(sorted(tables["homes"]["home_id"].unique()), name="home_id")
    spans = pd.DataFrame({"begin": LONG_AGO, "end": end}, index=homes)
    return recorded_within(tables, spans, observed_to=end)


def recorded_within(tables: Tables, spans: pd.DataFrame, *, observed_to: pd.Timestamp | None = None) -> Tables:
    """The record of homes within their spans (``begin``, ``end`` by ``home_id``), half-open.

    A stay that is cut begins as one whose beginning is unrecorded, and an absence that outlasts its stay's record ends
    with it, unreturned. With ``observed_to`` the observed span ends there, and stays that last that long go on.
    """
    stays = _cut_stays(tables["placements"], spans)
    missing = _cut_episodes(tables, stays)
    last = observed_to or tables.observed_to
    children = _recorded_from(tables["children"], stays)
    stays = stays.drop(columns=["begin", "until"])
    if observed_to is not None:
        stays["end_date"] = stays["end_date"].where(stays["end_date"] < last)
        still = missing["end_date"] >= last
        missing["end_date"] = missing["end_date"].mask(still)
        missing["end_is_censored"] = missing["end_is_censored"] & ~still
    frames = of_children(tables, children["child_id"])
    frames |= {"children": children, "placements": stays, "missing_episodes": missing}
    frames["homes"] = _cut_homes(tables["homes"], spans, last)
    if "interviews" in frames:
        frames["interviews"] = _with_their_episodes(frames["interviews"], missing, last)
    return make_tables(
        frames,
        observed_from=tables.observed_from,
        observed_to=last,
        all_residents=tables.all_residents,
        origin=tables.origin,
        own=tables.own,
    )


def _cut_stays(stays: pd.DataFrame, spans: pd.DataFrame) -> pd.DataFrame:
    """Stays within the record of their homes, with ``begin`` of that and ``until``, which is never unrecorded."""
    of_home = stays["home_id"].map(spans["begin"]), stays["home_id"].map(spans["end"])
    far = FAR_OFF
    begin, end = of_home[0].fillna(stays["start_date"]), of_home[1].fillna(far)
    start, last = stays["start_date"].mask(stays["start_date"] < begin, begin), stays["end_date"].fillna(far)
    until = last.mask(last > end, end)
    out = stays.assign(
        start_is_truncated=stays["start_is_truncated"].astype(bool) | (start > stays["start_date"]),
        start_date=start,
        end_date=until.where(until < far),
        begin=begin,
        until=until,
    )
    return out[start < until].reset_index(drop=True)


def _cut_episodes(tables: Tables, stays: pd.DataFrame) -> pd.DataFrame:
    """Absences that begin in a stay that is recorded; one that its stay's record ends with has no return."""
    missing = tables["missing_episodes"].reset_index(drop=True)
    pairs = missing.reset_index()[["index", "child_id", "start_date"]].merge(
        stays[["child_id", "start_date", "until"]].rename(columns={"start_date": "from"}), on="child_id"
    )
    inside = (pairs["from"] <= pairs["start_date"]) & (pairs["start_date"] < pairs["until"])
    until = pairs[inside].sort_values("from").groupby("index")["until"].last().reindex(missing.index)
    cut = until.notna() & (until < FAR_OFF)
    cut &= missing["end_date"].isna() | (missing["end_date"] > until)
    missing["end_date"] = missing["end_date"].mask(cut, until)
    missing["end_is_censored"] = missing["end_is_censored"].astype(bool) | cut
    for name in ("hours_away", "serious", "sanctioned"):
        if name in missing:
            missing[name] = missing[name].mask(cut)
    return missing[until.notna()].reset_index(drop=True)


def _recorded_from(children: pd.DataFrame, stays: pd.DataFrame) -> pd.DataFrame:
    """Children of the record, each recorded from the day that the home of the first stay is, at the earliest."""
    first = stays.sort_values("start_date").drop_duplicates("child_id").set_index("child_id")["begin"]
    held = children[children["child_id"].isin(first.index)].reset_index(drop=True)
    begin = held["child_id"].map(first)
    later = begin > held["recorded_from"]
    return held.assign(recorded_from=held["recorded_from"].mask(later, begin))


def _cut_homes(homes: pd.DataFrame, spans: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    begin, end = homes["home_id"].map(spans["begin"]), homes["home_id"].map(spans["end"])
    valid_from = homes["valid_from"].mask(homes["valid_from"] < begin, begin)
    valid_to = homes["valid_to"].mask((end < last) & (homes["valid_to"].isna() | (homes["valid_to"] > end)), end)
    return homes.assign(valid_from=valid_from, valid_to=valid_to)[
        valid_to.isna() | (valid_from < valid_to)
    ].reset_index(drop=True)


def _with_their_episodes(interviews: pd.DataFrame, missing: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """Interviews of absences in the record; one that is held later is not held yet."""
    key = missing[["child_id", "start_date", "sequence"]].rename(columns={"start_date": "episode_start_date"})
    held = interviews.merge(key, on=[*key], how="inner")
    if "interview_date" in held:
        held["interview_date"] = held["interview_date"].where(held["interview_date"] < last)
    return held[list(interviews.columns)]

"""What happened to what is written down: absences that nobody reports, that are called another name, that lose an end.

The simulated world is complete. A record is not: whether an absence is reported depends on the home, the authority and
how long it lasted; some authorities record no absence as A at all; dates slip, ends are lost, rows are entered twice.
Every dial is off by default, draws from a stream of its own, and gives a child's episodes the same fate whatever other
children there are.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri

from missingmodels.errors import InputError
from missingmodels.recording import Recording
from missingmodels.simulate.records.labelled import row_labels, uniforms
from missingmodels.simulate.records.taking_part import drawn_spans, of_children, recorded_within
from missingmodels.tables import Tables

KEY = ["child_id", "start_date", "sequence"]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What was written, and what became of every episode.

    Attributes
    ----------
    tables : the recorded Tables
    log : one row an episode that happened, under its true key: ``home_id`` (unrecorded outside homes), ``seen`` (the
        child is in the record), ``reported``, ``category`` and ``recorded_category``, ``days_start_moved``,
        ``days_end_moved``, ``end_lost``, ``duplicated``
    """

    tables: Tables
    log: pd.DataFrame


def record(tables: Tables, recording: Recording, *, seed: int) -> Recorded:
    """Write a world down. With every dial off the Tables come back as they are.

    Interviews go with their episodes: one of an absence that was not reported is not held either, and the others keep
    the written start and number of theirs.
    """
    seen = _seen_children(tables, recording, seed)
    log = _happened(tables)
    log["seen"] = log["child_id"].isin(seen)
    log["reported"] = _reported(tables, log, recording, seed) & log["seen"]
    log["recorded_category"] = _categories(log, recording, seed)
    log = _moved(log, recording, seed)
    closed = log["end_date"].notna() & ~log["end_lost"]
    log["duplicated"] = closed & _hit(log, recording.duplicate_share, seed, "duplicate")
    # what is not written has no written form
    for name in ("days_start_moved", "days_end_moved"):
        log[name] = log[name].where(log["reported"], 0)
    for name in ("end_lost", "duplicated"):
        log[name] &= log["reported"]
    log["recorded_category"] = log["recorded_category"].where(log["reported"])
    frames = dict(tables.frames) if len(seen) == len(tables["children"]) else of_children(tables, seen)
    frames["missing_episodes"], written = _written(tables["missing_episodes"], log, recording)
    if "interviews" in frames:
        frames["interviews"] = _interviews(frames["interviews"], written)
    settings = dataclasses.asdict(recording)
    made = tables.changed(
        frames,
        all_residents=tables.all_residents and len(seen) == len(tables["children"]),
        origin={**tables.origin, "recording": settings, "recording_seed": seed},
    )
    if recording.joining_days or recording.leaving_per_year:
        made = recorded_within(made, drawn_spans(made, recording, seed))
    names = ["days_start_moved", "days_end_moved", "end_lost", "duplicated"]
    return Recorded(
        tables=made, log=log[[*KEY, "home_id", "seen", "reported", "category", "recorded_category", *names]]
    )


def authority_view(tables: Tables, authority: str) -> Tables:
    """What one authority's own records hold: its children with all of theirs, and every home with its places.

    Raises InputError if it has no child.
    """
    children = tables["children"]
    own = children.loc[(children["authority"] == authority).fillna(False).to_numpy(bool), "child_id"]
    if own.empty:
        held = ", ".join(sorted(children["authority"].unique()))
        raise InputError(f"no child is of authority {authority!r}", remedy=f"the authorities are: {held}")
    return tables.changed(
        of_children(tables, own),
        all_residents=tables.all_residents and len(own) == len(children),
        origin={**tables.origin, "authority_view": authority},
    )


def _seen_children(tables: Tables, recording: Recording, seed: int) -> pd.Series:
    child = tables["children"]["child_id"]
    return child[uniforms(child, seed, "recording", "unseen") >= recording.unseen_children_share]


def _happened(tables: Tables) -> pd.DataFrame:
    """Episodes with the home of the stay they began in, the authority, and a label."""
    held = tables["missing_episodes"].reset_index(drop=True)
    stays = tables["placements"][["child_id", "start_date", "end_date", "home_id"]]
    pairs = held.reset_index()[["index", "child_id", "start_date"]].merge(
        stays.rename(columns={"start_date": "from", "end_date": "to"}), on="child_id"
    )
    inside = (pairs["from"] <= pairs["start_date"]) & (pairs["to"].isna() | (pairs["start_date"] <= pairs["to"]))
    # on the day of a move both stays cover it: the one that began later stands
    home = pairs[inside].sort_values("from").groupby("index")["home_id"].last()
    authority = tables["children"].set_index("child_id")["authority"]
    return held.assign(
        home_id=home.reindex(held.index).to_numpy(),
        authority=held["child_id"].map(authority).to_numpy(),
        label=row_labels(held, *KEY),
    )


def _hit(log: pd.DataFrame, share: float, seed: int, name: str) -> np.ndarray:
    return uniforms(log["label"], seed, "recording", name) < share


def _normal(labels: pd.Series, sd: float, seed: int, name: str) -> np.ndarray:
    """A normal effect a label; unrecorded labels (no home) share none and get 0."""
    known = sorted(set(labels.dropna()))
    effect = dict(zip(known, sd * ndtri(uniforms(known, seed, "recording", name)), strict=True))
    return labels.map(effect).astype(float).fillna(0.0).to_numpy()


def _is_short(episodes: pd.DataFrame, short_hours: float) -> np.ndarray:
    """(N,) whether each absence is short: by its hours, or by a same-day return where they are unrecorded."""
    hours = episodes["hours_away"].to_numpy(dtype=float, na_value=np.nan)
    same_day = (episodes["end_date"] == episodes["start_date"]).to_numpy(bool)
    return np.where(np.isnan(hours), same_day, hours < short_hours)


def _reported(tables: Tables, log: pd.DataFrame, recording: Recording, seed: int) -> np.ndarray:
    if recording.reported_log_odds is None:
        return np.ones(len(log), dtype=bool)
    odds = recording.reported_log_odds + recording.short_log_odds * _is_short(log, recording.short_hours)
    odds = odds + _normal(log["home_id"], recording.reported_home_sd, seed, "reported by home")
    odds = odds + _normal(log["authority"], recording.reported_authority_sd, seed, "reported by authority")
    return uniforms(log["label"], seed, "recording", "reported") < expit(odds)


def _categories(log: pd.DataFrame, recording: Recording, seed: int) -> pd.Series:
    known = _hit(log, recording.whereabouts_known_share, seed, "whereabouts")
    away = known & _hit(log, recording.away_share, seed, "away")
    none = uniforms(log["authority"].astype(str), seed, "recording", "no away") < recording.no_away_authorities_share
    return log["category"].mask(away, "A").mask(none, "M")


def _moved(log: pd.DataFrame, recording: Recording, seed: int) -> pd.DataFrame:
    """Days that starts and ends slip, and lost ends. No slip makes a child's episodes overlap or swap.

    Slips are judged on what happened, not on what else is reported, so they are the same whatever is.
    """
    log = log.sort_values(KEY)
    day = pd.Timedelta(days=1)
    following = log.groupby("child_id")["start_date"].shift(-1)
    previous = log.groupby("child_id")["start_date"].shift(1)
    last = following.isna()
    several = (log["start_date"] == following) | (log["start_date"] == previous)
    room = (log["end_date"].isna() | (log["end_date"] > log["start_date"])) & ~several
    start = room & _hit(log, recording.late_start_share, seed, "late start")
    returned = log["end_date"].notna() & ~log["end_is_censored"].to_numpy(bool)
    has_open = log["end_date"].isna().groupby(log["child_id"]).transform("any")
    free = last | (log["end_date"] + day < following)
    end = returned & free & _hit(log, recording.late_end_share, seed, "late end")
    lost = returned & ~has_open & _hit(log, recording.lost_end_share, seed, "lost end")
    latest = lost[::-1].groupby(log["child_id"][::-1]).cumsum() == 1
    lost &= latest.reindex(log.index)
    moved = {"days_start_moved": start.astype(int), "days_end_moved": (end & ~lost).astype(int), "end_lost": lost}
    return log.assign(**moved).sort_index()


def _written(happened: pd.DataFrame, log: pd.DataFrame, recording: Recording) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The recorded episodes, and the written key (``to_start``, ``to_sequence``) of every true one that is reported."""
    day = pd.to_timedelta(1, unit="D")
    written = happened.reset_index(drop=True).assign(
        start_date=log["start_date"] + log["days_start_moved"] * day,
        end_date=(log["end_date"] + log["days_end_moved"] * day).mask(log["end_lost"]),
        category=log["recorded_category"],
    )
    moved = (log["days_start_moved"] != 0) | (log["days_end_moved"] != 0) | log["end_lost"]
    if recording.dates_only:
        written = written.assign(start_hour=np.nan, hours_away=np.nan)
    else:
        # hours that contradict the dates would be a second, unlogged fault
        written["hours_away"] = written["hours_away"].mask(moved)
    kept = written[log["reported"].to_numpy(bool)]
    twice = pd.concat([kept, kept[log["duplicated"].reindex(kept.index).to_numpy(bool)]])
    twice["true_row"] = twice.index
    changed = len(twice) != len(written) or bool((log["days_start_moved"] != 0).any())
    if changed:
        twice = twice.sort_values(["child_id", "start_date", "sequence"], kind="stable")
        twice["sequence"] = twice.groupby(["child_id", "start_date"]).cumcount()
    first = twice[~twice["true_row"].duplicated()]
    true_key = log.loc[first["true_row"], KEY].set_index(first.index)
    key = true_key.assign(to_start=first["start_date"], to_sequence=first["sequence"])
    return twice.drop(columns="true_row").reset_index(drop=True), key


def _interviews(interviews: pd.DataFrame, key: pd.DataFrame) -> pd.DataFrame:
    renamed = key.rename(columns={"start_date": "episode_start_date"})
    on = ["child_id", "episode_start_date", "sequence"]
    joined = interviews.merge(renamed, on=on, how="inner")
    joined = joined.assign(episode_start_date=joined["to_start"], sequence=joined["to_sequence"])
    return joined[list(interviews.columns)]

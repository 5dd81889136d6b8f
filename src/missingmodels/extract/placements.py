"""SSDA903 episodes to placements: rows screened, dates repaired by rule, legal-status changes merged.

An episode changes when placement *or* legal status changes. A placement is a run of consecutive episodes
of one child with the same setting and touching dates; without this step a court hearing looks like an
arrival.
"""

from __future__ import annotations

import pandas as pd

from missingmodels.extract import layout903 as layout
from missingmodels.extract.children903 import by_child
from missingmodels.extract.ledger import in_play, merge, remark, repair, set_aside

SETTING = ["PLACE", "URN", "PL_POST", "PLACE_PROVIDER"]


def settle_episodes(
    episodes: pd.DataFrame, *, birth: pd.Series, first: pd.Timestamp, last: pd.Timestamp
) -> pd.DataFrame:
    """Give every episode row its fate.

    Parameters
    ----------
    episodes : working frame with ``start`` and ``end`` (half-open; NaT = open)
    birth : birth dates by CHILD of the header's children
    first, last : the observed span ``[first, last)``

    Returns the frame sorted by child and start, with ``head``, the row of the first episode of its placement, and
    ``began_before``, that the placement had begun before that episode.
    """
    frame = episodes.sort_values(["CHILD", "start", "end", "row"], na_position="last")
    frame = _screen(frame, birth=birth, first=first, last=last)
    frame = _repair_dates(frame)
    # After the repair, so that a short break still ends the episode before it.
    frame = set_aside(frame, frame["LS"].isin(layout.SHORT_BREAKS), "short_break", "V3 and V4 are no full-time care")
    frame = remark(frame, in_play(frame) & (frame["end"] > last), "DEC is after the return's year")
    with_code = in_play(frame) & frame["end"].isna() & (frame["REC"] != "")
    frame = remark(frame, with_code, "REC " + frame.loc[with_code, "REC"] + " without DEC: taken as open")
    return _merge_runs(frame)


def _screen(frame: pd.DataFrame, *, birth: pd.Series, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    start, end = frame["start"], frame["end"]
    frame = set_aside(frame, ~frame["CHILD"].isin(birth.index), "epi_orphan", "the child is not in the header")
    frame = set_aside(frame, frame["PLACE"] == "", "epi_no_place")
    frame = set_aside(frame, end == start, "epi_zero_length", "DEC equals DECOM")
    frame = set_aside(frame, end < start, "epi_nonpositive", "DEC is before DECOM")
    frame = set_aside(frame, start < by_child(frame["CHILD"], birth), "epi_before_birth", "DECOM is before DOB")
    frame = set_aside(frame, start >= last, "epi_outside_return", "it starts after the return's year")
    frame = set_aside(frame, end < first, "epi_outside_return", "it ended before the return's year")
    columns = [*layout.NEEDED["episodes"], "outcome"]
    original = frame.groupby(columns, sort=False)["row"].transform("first")
    return merge(frame, frame.duplicated(columns) & in_play(frame), "exact_duplicate", into=original)


def _repair_dates(frame: pd.DataFrame) -> pd.DataFrame:
    """Close open episodes that are not the child's last, cut overlaps, close gaps within a period of care.

    Every rule puts the end at the child's next DECOM, so one pass is enough: no start ever moves.
    """
    live = frame[in_play(frame)]
    following = live.groupby("CHILD")[["start", "RNE"]].shift(-1).reindex(frame.index)
    upcoming = following["start"]
    is_open = in_play(frame) & frame["end"].isna() & upcoming.notna()
    overlaps = frame["end"] > upcoming
    # X1 says that a further episode began the same day; S would say that the child had left care in between.
    gap = (frame["end"] < upcoming) & (frame["REC"] == "X1") & (following["RNE"] != "S")
    # Two rows with one DECOM: only the longer can stand, nothing of the other is left.
    nothing_left = (is_open | overlaps) & (upcoming <= frame["start"])
    frame = set_aside(frame, nothing_left, "epi_overlap", "a longer episode of the child has the same DECOM")
    before, after = _text(frame["end"]), _text(upcoming)
    rules = {
        "epi_open_not_last": is_open & ~nothing_left,
        "epi_overlap": overlaps & ~nothing_left,
        "epi_gap": gap,
    }
    for rule, which in rules.items():
        frame = repair(frame, which, rule, before="DEC " + before, after="DEC " + after)
    days = (upcoming[gap] - frame.loc[gap, "end"]).dt.days.astype(str)
    frame = remark(frame, gap, "REC X1, gap of " + days + " days closed")
    changed = (is_open | overlaps | gap) & ~nothing_left
    return frame.assign(end=frame["end"].mask(changed, upcoming))


def _merge_runs(frame: pd.DataFrame) -> pd.DataFrame:
    live = frame[in_play(frame)]
    before = live.groupby("CHILD")[[*SETTING, "end"]].shift(1)
    same = (live["start"] == before["end"]) & (live[SETTING] == before[SETTING]).all(axis=1)
    head = live["row"].where(~same).ffill().astype("int64")
    # L says that the placement goes on; where nothing touches it, it began in a return of an earlier year
    began_before = (live["RNE"] == "L") & (live["start"] != before["end"])
    frame = frame.assign(
        head=head.reindex(frame.index), began_before=began_before.reindex(frame.index, fill_value=False)
    )
    return merge(frame, same.reindex(frame.index, fill_value=False), "same_placement", into=frame["head"])


def placements_of(episodes: pd.DataFrame) -> pd.DataFrame:
    """The placements table of settled episodes, with ``row``, the source row that each begins with."""
    runs = episodes[episodes["head"].notna()].groupby("head", sort=False)
    first, final = runs.head(1).set_index("head"), runs.tail(1).set_index("head")
    home, _ = home_key(first)
    return pd.DataFrame(
        {
            "child_id": first["CHILD"],
            "start_date": first["start"],
            "end_date": final["end"],
            "home_id": home,
            "placement_type": first["PLACE"],
            "provider": _unrecorded(first["PLACE_PROVIDER"]),
            "out_of_area": _out_of_area(first),
            # DECOM is the true start, also before the return's year, unless only the legal status changed that day.
            "start_is_truncated": first["began_before"],
            "end_reason": _end_reason(final),
        }
    ).reset_index(drop=True)


def homes_of(episodes: pd.DataFrame, *, first: pd.Timestamp) -> pd.DataFrame:
    """One row a home met, valid from its first stay or the year's first day; its places are unrecorded."""
    live = episodes[episodes["head"].notna()]
    home, weak = home_key(live)
    found = pd.DataFrame({"home_id": home, "weak_key": weak, "start": live["start"]}).dropna(subset=["home_id"])
    homes = found.groupby("home_id", as_index=False).agg(weak_key=("weak_key", "first"), start=("start", "min"))
    homes["valid_from"] = homes["start"].where(homes["start"] < first, first)
    return homes[["home_id", "valid_from", "weak_key"]]


def home_key(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The home of each row and whether its key is weak, that is built from an address.

    The URN where it names the setting; ``URN@postcode`` where it names the provider; ``@postcode`` where
    there is none. Unrecorded for all other settings (an agency's URN is no home), and without URN and
    postcode.
    """
    urn = frame["URN"].mask(frame["URN"].isin(layout.NO_URN), "")
    by_urn = frame["PLACE"].isin(layout.HOMES_BY_URN) & (urn != "")
    by_address = frame["PLACE"].isin([*layout.HOMES_BY_URN, *layout.HOMES_BY_ADDRESS]) & ~by_urn
    weak = by_address & ((urn != "") | (frame["PL_POST"] != ""))
    key = urn.where(by_urn).mask(weak, urn + "@" + frame["PL_POST"])
    return key, weak


def _end_reason(final: pd.DataFrame) -> pd.Series:
    """REC where the child left care, else why the place changed; a REC that was repaired does not count."""
    believed = (final["repair"] == "") & ~final["REC"].isin(["", "X1"])
    reason = final["REASON_PLACE_CHANGE"].mask(believed, final["REC"])
    return _unrecorded(reason.mask(final["end"].isna(), ""))


def _out_of_area(frame: pd.DataFrame) -> pd.Series:
    if "PL_LOCATION" not in frame:
        return pd.Series(pd.NA, index=frame.index, dtype="boolean")
    return frame["PL_LOCATION"].map({"IN": False, "OUT": True}).astype("boolean")


def _unrecorded(text: pd.Series) -> pd.Series:
    return text.where(text != "")


def _text(day: pd.Series) -> pd.Series:
    return day.dt.strftime("%d/%m/%Y").fillna("blank")

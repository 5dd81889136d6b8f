"""SSDA903 episodes to placements: rows screened, dates repaired by rule, legal-status changes merged.

An episode changes when placement *or* legal status changes. A placement is a run of consecutive episodes
of one child with the same setting and touching dates; without this step a court hearing looks like an
arrival.
"""

from __future__ import annotations

from typing import Literal

import pandas as pd

from missingmodels.extract.ledger import in_play, merge, remark, repair, set_aside, written
from missingmodels.extract.returns import layout
from missingmodels.extract.returns.children import by_child
from missingmodels.extract.returns.history import close_old_ends, drop_superseded
from missingmodels.extract.returns.together.resubmitted import newest_stands
from missingmodels.extract.returns.together.successors import (
    FULL_POSTCODE,
    SECTOR,
    followed,
    home_urns,
    same_address,
    with_numbers,
)
from missingmodels.tables.keys import stands_in

HomeBy = Literal["urn", "urn_and_postcode", "postcode"]
SETTING = ["PLACE", "URN", "PL_POST", "PLACE_PROVIDER"]
# A stay keyed some weeks late is closed to the next; through a longer gap nobody knows where the child lived.
LONGEST_GAP_DAYS = 31
BEYOND = "it lasted beyond "
COMPARED = ("PLACE", "URN", "PL_POST", "PLACE_PROVIDER", "RNE", "LS", "REC", "REASON_PLACE_CHANGE")


def settle_episodes(episodes: pd.DataFrame, *, birth: pd.Series) -> pd.DataFrame:
    """Give every episode row its fate.

    Parameters
    ----------
    episodes : working frame with ``start`` and ``end`` (half-open; NaT = open), ``closes``, the day after its
        return's year, and the span of its authority's returns, ``[authority_opens, authority_closes)``
    birth : birth dates by CHILD of the header's children

    Returns the frame sorted by child and start, with ``head``, the uid of the first episode of its placement, and
    ``began_before``, that the placement had begun before that episode.
    """
    frame = with_numbers(episodes).sort_values(["CHILD", "start", "end", "uid"], na_position="last")
    frame = _screen(frame, birth=birth)
    frame = newest_stands(frame, ["CHILD", "start"], {name: name for name in COMPARED} | {"end": "DEC"})
    frame = drop_superseded(frame)
    frame = close_old_ends(frame)
    frame = _repair_dates(frame)
    # After the repair, so that a short break still ends the episode before it.
    frame = set_aside(frame, frame["LS"].isin(layout.SHORT_BREAKS), "short_break", "V3 and V4 are no full-time care")
    frame = remark(frame, in_play(frame) & (frame["end"] > frame["closes"]), "DEC is after the return's year")
    with_code = in_play(frame) & frame["end"].isna() & (frame["REC"] != "")
    frame = remark(frame, with_code, "REC " + frame.loc[with_code, "REC"] + " without DEC: taken as open")
    return _merge_runs(frame)


def _screen(frame: pd.DataFrame, *, birth: pd.Series) -> pd.DataFrame:
    start, end = frame["start"], frame["end"]
    frame = set_aside(frame, ~stands_in(frame["CHILD"], birth.index), "epi_orphan", "the child is not in the header")
    frame = set_aside(frame, frame["PLACE"] == "", "epi_no_place")
    frame = set_aside(frame, end == start, "epi_zero_length", "DEC equals DECOM")
    frame = set_aside(frame, end < start, "epi_nonpositive", "DEC is before DECOM")
    frame = set_aside(frame, start < by_child(frame["CHILD"], birth), "epi_before_birth", "DECOM is before DOB")
    frame = set_aside(frame, start >= frame["closes"], "epi_outside_return", "it starts after the return's year")
    frame = set_aside(frame, end < frame["authority_opens"], "epi_outside_return", "it ended before the return's year")
    columns = [*layout.NEEDED["episodes"], "year", "outcome"]
    again = frame.duplicated(columns) & in_play(frame)
    if not again.any():
        return frame
    doubles = frame[frame.duplicated(columns, keep=False)]
    original = doubles.groupby(columns, sort=False)["uid"].transform("first")
    return merge(frame, again, "exact_duplicate", into=original.reindex(frame.index))


def _repair_dates(frame: pd.DataFrame) -> pd.DataFrame:
    """Close open episodes that are not the child's last, cut overlaps, close short gaps within a period of care.

    Every rule puts the end at the child's next DECOM, so one pass is enough: no start ever moves.
    """
    live = frame.loc[in_play(frame), ["CHILD", "start", "end", "RNE", "year"]]
    following = live.groupby("CHILD")[["start", "end", "RNE", "year"]].shift(-1).reindex(frame.index)
    upcoming = following["start"]
    is_open = in_play(frame) & frame["end"].isna() & upcoming.notna()
    overlaps = frame["end"] > upcoming
    # X1 says that a further episode began the same day; S would say that the child had left care in between.
    apart = (frame["end"] < upcoming) & (frame["REC"] == "X1") & (following["RNE"] != "S")
    between = (upcoming - frame["end"]).dt.days
    gap = apart & (between <= LONGEST_GAP_DAYS)
    # Two rows with one DECOM: only the longer can stand, nothing of the other is left.
    nothing_left = (is_open | overlaps) & (upcoming <= frame["start"])
    frame = set_aside(frame, nothing_left, "epi_overlap", "a longer episode of the child has the same DECOM")
    before, after = written(frame["end"]), written(upcoming)
    rules = {
        "epi_open_not_last": is_open & ~nothing_left,
        "epi_overlap": overlaps & ~nothing_left,
        "epi_gap": gap,
    }
    for rule, which in rules.items():
        frame = repair(frame, which, rule, before="DEC " + before, after="DEC " + after)
    for which, what in ((gap, " days closed"), (apart & ~gap, " days left open: too long for a late entry")):
        days = between[which].astype("int64").astype(str)
        frame = remark(frame, which & in_play(frame), "REC X1, gap of " + days + what)
    # cut where a shorter episode lies within it: nothing says that the child came back, so the rest is left out
    outlasts = (following["end"] < frame["end"]) | (is_open & following["end"].notna())
    within = ~nothing_left & outlasts & (overlaps | (is_open & (frame["year"] > following["year"])))
    frame = remark(frame, within, BEYOND + written(following["end"]) + ", when the later one ends: that is left out")
    changed = (is_open | overlaps | gap) & ~nothing_left
    return frame.assign(end=frame["end"].mask(changed, upcoming))


def _merge_runs(frame: pd.DataFrame) -> pd.DataFrame:
    """Fold each run of touching episodes in one setting into its first, which gets ``head``."""
    live = frame.loc[in_play(frame), ["CHILD", "uid", "start", "end", "RNE", "REASON_PLACE_CHANGE", *SETTING]]
    before = live.groupby("CHILD", sort=False)[[*SETTING, "end", "REASON_PLACE_CHANGE"]].shift(1)
    touches = live["start"] == before["end"]
    same = touches & (live[SETTING] == before[SETTING]).all(axis=1)
    renamed = touches & ~same & same_address(live, before)
    head = live["uid"].where(~(same | renamed)).ffill().astype("int64")
    # L says that the placement goes on; where nothing touches it, it began in a return of an earlier year
    began_before = (live["RNE"] == "L") & ~touches
    frame = frame.assign(
        head=head.reindex(frame.index), began_before=began_before.reindex(frame.index, fill_value=False)
    )
    frame = merge(frame, same.reindex(frame.index, fill_value=False), "same_placement", into=frame["head"])
    told = "was " + before["PLACE"] + " " + before["URN"] + ", now " + live["PLACE"] + " " + live["URN"]
    which = renamed.reindex(frame.index, fill_value=False)
    frame = merge(frame, which, "same_placement_renamed", into=frame["head"])
    return remark(frame, which, told.reindex(frame.index)[which])


def placements_of(episodes: pd.DataFrame) -> pd.DataFrame:
    """The placements table of settled episodes with named homes; a renamed setting has its last code and URN."""
    columns = ["head", "CHILD", "start", "end", "home_id", "began_before", "REC", "REASON_PLACE_CHANGE", "repair"]
    columns += ["PLACE", "PLACE_PROVIDER", *(["PL_LOCATION"] if "PL_LOCATION" in episodes else [])]
    runs = episodes.loc[episodes["head"].notna(), columns].groupby("head", sort=False)
    first, final = runs.head(1).set_index("head"), runs.tail(1).set_index("head")
    return pd.DataFrame(
        {
            "child_id": first["CHILD"],
            "start_date": first["start"],
            "end_date": final["end"],
            "home_id": final["home_id"],
            "placement_type": final["PLACE"],
            "provider": _unrecorded(final["PLACE_PROVIDER"]),
            "out_of_area": _out_of_area(first),
            # DECOM is the true start, also before the return's year, unless only the legal status changed that day.
            "start_is_truncated": first["began_before"],
            "end_reason": _end_reason(final),
        }
    ).reset_index(drop=True)


def homes_of(episodes: pd.DataFrame, *, first: pd.Timestamp) -> pd.DataFrame:
    """One row a home met, valid from its first stay or the first observed day; its places are unrecorded."""
    runs = episodes.loc[episodes["head"].notna(), ["head", "home_id", "weak_key", "start"]]
    final = runs[~runs["head"].duplicated(keep="last")].set_index("head")
    start = runs[~runs["head"].duplicated()].set_index("head")["start"]
    found = final[["home_id", "weak_key"]].assign(start=start).dropna(subset=["home_id"])
    homes = found.groupby("home_id", as_index=False).agg(weak_key=("weak_key", "first"), start=("start", "min"))
    homes["valid_from"] = homes["start"].where(homes["start"] < first, first)
    return homes[["home_id", "valid_from", "weak_key"]]


def name_homes(episodes: pd.DataFrame, *, by: HomeBy = "urn") -> tuple[pd.DataFrame, list[str]]:
    """The episodes with ``home_id``, unrecorded outside homes, and ``weak_key``; and notes on what was joined.

    ``weak_key`` says that the name is built from an address. By ``urn``: the URN where it names the setting,
    ``URN@postcode`` where it names the provider, ``@postcode`` where there is none. By ``urn_and_postcode`` the
    buildings of one URN are homes of their own; by ``postcode`` all URNs at one address are one home. A postcode cut
    to its sector holds many homes: beside a provider's URN it is taken, for want of better; alone it names none, nor
    does a provider's URN without an address. Such an episode has no home, and the ledger says so: children who never
    met must not be made each other's peers.
    """
    urn, notes = home_urns(episodes)
    notes += followed(episodes, urn)
    post, place = episodes["PL_POST"], episodes["PLACE"]
    known = ~post.str.startswith(layout.NO_ADDRESS)
    whole, sector = known & _like(post, FULL_POSTCODE), known & _like(post, SECTOR)
    own_urn = place.isin(layout.HOMES_BY_URN) & (urn != "")
    by_urn = own_urn if by == "urn" else own_urn & ~whole
    settings = place.isin([*layout.HOMES_BY_URN, *layout.HOMES_BY_ADDRESS])
    by_address = settings & ~by_urn & (whole | (sector & (urn != "")))
    before = urn.mask(whole, "") if by == "postcode" else urn
    named = urn.where(by_urn).mask(by_address, before + "@" + post)
    if by != "urn" and (settings & ~whole).any():
        notes.append(f"{int((settings & ~whole).sum())} episodes have no whole postcode: their home goes by its URN")
    unknown = settings & named.isna() & in_play(episodes)
    if unknown.any():
        notes.append(f"{int(unknown.sum())} episodes in a home have neither its URN nor a whole postcode: home unknown")
    episodes = remark(episodes, unknown, "home unknown: neither its URN nor a whole postcode")
    return episodes.assign(home_id=named, weak_key=by_address), notes


def _like(text: pd.Series, pattern: str) -> pd.Series:
    return text.str.fullmatch(pattern).astype(bool) if len(text) else pd.Series(False, index=text.index)


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

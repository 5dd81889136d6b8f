"""Homes over time from dated lists, and Tables' homes filled from them. Nothing is joined without a note.

A list is a snapshot, so a change between two lists is known only from the later one's date on. The state of the
first list a home stands on is carried back to its registration date; notes count the stays that rely on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from missingmodels.errors import ImportFault
from missingmodels.extract.ofsted.layout import HOME_TYPES, plain, urn_key
from missingmodels.extract.ofsted.lists import OfstedList
from missingmodels.tables import Tables, joined_origin, require_valid
from missingmodels.tables.contract import HOMES
from missingmodels.tables.schema import conform

STATE = ["authority", "places", "sector", "home_type", "owner", "short_break_only"]
SPELT = ("authority", "owner")  # names, whose spelling differs between lists
_ROW = ["home_id", "valid_from", "valid_to", *STATE]
NOTE_COLUMNS = ("home_id", "flag", "stays", "detail")
FAR = pd.Timestamp("2200-01-01")  # stands for "still holds" where ends are compared


def homes_from_lists(lists: Sequence[OfstedList]) -> pd.DataFrame:
    """Rows of the homes table, ``home_id`` being the URN, sorted by home and ``valid_from``.

    A row holds from its list's date to the next list's; equal neighbours are one row. The first starts at
    registration, the last ends at closure. A home that a later list leaves out without a closing date ends at
    that list's date: each list is taken as complete, except one that holds no children's home at all, which
    says nothing. What a list leaves blank stays as the list before had it.

    Raises ImportFault if there is no list, or two lists with homes have one date.
    """
    used = _in_force(lists)
    if not used:
        return conform(pd.DataFrame({"home_id": [], "valid_from": [], "weak_key": []}), HOMES)
    following = pd.Series([each.list_date for each in used[1:]] + [pd.NaT], dtype="datetime64[s]")
    long = pd.concat([each.frame.assign(turn=turn) for turn, each in enumerate(used)])
    long["home_type"] = long["provision_type"].map(HOME_TYPES)
    long = long.sort_values(["urn", "turn"]).reset_index(drop=True)
    homes = long.groupby("urn", sort=False)
    long[STATE] = homes[STATE].ffill()
    first, opened = ~long["urn"].duplicated(), homes["registered_from"].transform("first")
    listed = long["list_date"]
    long["valid_from"] = listed.mask(opened.notna() & (first | (opened > listed)), opened)
    # A later list may know a closing date that lies before the earlier list's end.
    closed, upcoming = homes["closed_on"].bfill(), long["turn"].map(following)
    long["valid_to"] = upcoming.mask(upcoming.isna() | (closed < upcoming), closed)
    rows = long[long["valid_to"].isna() | (long["valid_from"] < long["valid_to"])]
    return conform(_joined(rows).assign(weak_key=False), HOMES)


def _in_force(lists: Sequence[OfstedList]) -> list[OfstedList]:
    """The lists with homes, in order of date."""
    if not lists:
        raise ImportFault("no list of homes was given", remedy="read at least one with read_ofsted_list")
    used = sorted((each for each in lists if len(each.frame)), key=lambda each: each.list_date)
    for earlier, later in itertools.pairwise(used):
        if earlier.list_date == later.list_date:
            raise ImportFault(
                f"{earlier.name} and {later.name} are both lists of {later.list_date.date()}",
                remedy="give one list of homes for each date",
            )
    return used


def _joined(rows: pd.DataFrame) -> pd.DataFrame:
    """Touching rows of one home in the same state as one. Spellings of a name are no change of state."""
    state = rows[STATE].assign(**{name: rows[name].fillna("").map(_name_key) for name in SPELT}).astype(object)
    state = state.where(state.notna(), "")
    same_home = rows["urn"].astype(object) == rows["urn"].astype(object).shift()
    touching = rows["valid_from"] == rows["valid_to"].shift()
    same = same_home & touching & (state == state.shift()).all(axis=1)
    ends = rows.groupby((~same).cumsum()).tail(1)["valid_to"]
    return rows[~same].assign(valid_to=ends.to_numpy()).rename(columns={"urn": "home_id"})[_ROW]


def _name_key(name: str) -> str:
    return "".join(c for c in plain(name).replace("&", "and") if c.isalnum())


def add_homes(tables: Tables, lists: Sequence[OfstedList]) -> tuple[Tables, pd.DataFrame]:
    """The Tables with all that the lists say of their homes, and notes on all that deserves a look.

    Homes are matched by URN; ``home_id`` never changes. A home keeps its row as it is if it is on no list, is known
    by address only, or has any of what the lists say recorded already. The notes have one line a home and flag
    (``home_id``, ``flag``, ``stays`` concerned, ``detail``):

    - ``not_on_list``, ``weak_key``, ``already_recorded``, ``no_span``: left as it was
    - ``matched_with_sc``: found only with SC put before the number
    - ``same_home``: two ids of the Tables are one home on the list; they are not merged
    - ``short_break_only``: children go home between stays; its days are not at risk unless the plan says so
    - ``left_list``: ended by a later list that leaves it out
    - ``outside_registration``: a day of the stay lies outside the registered spans
    - ``before_first_list``: the stay began before the first list that knows the home

    More residents than places is found by ``check_tables``, as for any Tables.

    Raises ImportFault as ``homes_from_lists``, TablesInvalid if the Tables broke the contract before.
    """
    history = homes_from_lists(lists)
    used = _in_force(lists)
    known = _match(tables["homes"], used, history)
    filled = known[known["flag"] == ""]
    rows = history.rename(columns={"home_id": "urn"}).merge(filled[["home_id", "urn"]], on="urn")
    left = tables["homes"][~tables["homes"]["home_id"].isin(filled["home_id"])]
    rows = _with_own(rows[HOMES.column_names], tables) if len(rows) else rows
    homes = pd.concat([left, rows]) if len(rows) else left
    origin = [{"file": each.name, "digest": each.digest, "list_date": str(each.list_date.date())} for each in lists]
    made = tables.changed(
        {"homes": homes.sort_values(["home_id", "valid_from"])},
        origin=joined_origin(tables.origin, home_lists=origin),
    )
    require_valid(made, where="homes filled from lists")
    return made, _notes(made, known, used)


def _with_own(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Rows of lists with the columns of one's own that their homes have, as they stood on each row's first day.

    Before a home's first row its first value stands.
    """
    names = [column.name for column in tables.table("homes").columns if column.name not in HOMES.column_names]
    if not names:
        return rows
    held = tables["homes"].sort_values("valid_from", kind="stable")[["home_id", "valid_from", *names]]
    found = pd.merge_asof(
        rows.reset_index(drop=True).reset_index(names="at").sort_values("valid_from", kind="stable"),
        held.rename(columns={"valid_from": "since"}),
        left_on="valid_from", right_on="since", by="home_id",
    )  # fmt: skip
    first = held.drop_duplicates("home_id").set_index("home_id")[names].reindex(found["home_id"]).set_axis(found.index)
    before = found["since"].isna()
    for name in names:
        found[name] = found[name].mask(before, first[name])
    return found.sort_values("at").drop(columns=["at", "since"])


def _match(homes: pd.DataFrame, used: Sequence[OfstedList], history: pd.DataFrame) -> pd.DataFrame:
    """One row a home of the Tables: ``urn`` on the lists, ``with_sc`` if but one of both has SC, and ``flag``."""
    held = homes.assign(recorded=homes[STATE].notna().any(axis=1)).groupby("home_id", as_index=False)
    known = held.agg(weak=("weak_key", "any"), recorded=("recorded", "any"))
    listed = {urn for each in used for urn in each.frame["urn"]}
    key = urn_key(known["home_id"])
    with_sc = key.str.fullmatch(r"\d{6}").astype(bool) & ~key.isin(listed) & ("SC" + key).isin(listed)
    bare = key.str.removeprefix("SC")  # or the list has left SC out
    without = key.str.fullmatch(r"SC\d{6}").astype(bool) & ~key.isin(listed) & bare.isin(listed)
    urn = key.mask(with_sc, "SC" + key).mask(without, bare)
    with_sc |= without
    reasons = (
        ("weak_key", known["weak"]),
        ("not_on_list", ~urn.isin(listed)),
        ("no_span", ~urn.isin(history["home_id"])),
        ("already_recorded", known["recorded"]),
    )
    flag = pd.Series("", index=known.index)
    for name, which in reasons:
        flag = flag.mask(which & (flag == ""), name)
    on_list = ~flag.isin(["weak_key", "not_on_list"])
    return known.assign(urn=urn.where(on_list), with_sc=with_sc & on_list, flag=flag)


def _notes(tables: Tables, known: pd.DataFrame, used: Sequence[OfstedList]) -> pd.DataFrame:
    stays = tables["placements"].dropna(subset=["home_id"])
    every = stays["home_id"].value_counts()
    dates = ", ".join(str(each.list_date.date()) for each in used) or "none that holds a home"
    why = {
        "weak_key": "known by its address only, which the lists are not searched for",
        "not_on_list": f"on none of the lists ({dates})",
        "no_span": "on a list, but closed before it and without a registration date",
        "already_recorded": "something of it was recorded before; it was not compared",
    }
    found = [(home, flag, every.get(home, 0), why[flag]) for home, flag in _pairs(known, "flag") if flag]
    with_sc = known[known["with_sc"]]
    found += [(home, "matched_with_sc", every.get(home, 0), f"found as {urn}") for home, urn in _pairs(with_sc, "urn")]
    twice = known[known["urn"].notna() & known["urn"].duplicated(keep=False)]
    found += [
        (home, "same_home", every.get(home, 0), f"one of several ids of {urn}") for home, urn in _pairs(twice, "urn")
    ]
    listed = known[known["urn"].notna()]
    short = {urn for each in used for urn in each.frame.loc[each.frame["short_break_only"].fillna(False), "urn"]}
    breaks = listed[listed["urn"].isin(short)]
    detail = 'registered for short breaks only: out of the risk set unless frame.short_break_homes = "keep"'
    found += [(home, "short_break_only", every.get(home, 0), detail) for home in breaks["home_id"]]
    gone = _left_list(used)
    found += [(h, "left_list", every.get(h, 0), gone[urn]) for h, urn in _pairs(listed, "urn") if urn in gone]
    filled = listed[listed["flag"] == ""]
    found += _stay_notes(tables, stays[stays["home_id"].isin(filled["home_id"])], filled, used)
    notes = pd.DataFrame(found, columns=list(NOTE_COLUMNS))
    notes = notes.astype({"home_id": "string", "flag": "string", "stays": "int64", "detail": "string"})
    return notes.sort_values(["flag", "home_id"], ignore_index=True)


def _left_list(used: Sequence[OfstedList]) -> dict[str, str]:
    """Detail by URN of homes that a later list leaves out though none gives a closing date."""
    gone: dict[str, str] = {}
    closing = {urn for each in used for urn in each.frame.loc[each.frame["closed_on"].notna(), "urn"]}
    for earlier, later in itertools.pairwise(used):
        for urn in set(earlier.frame["urn"]) - set(later.frame["urn"]) - closing:
            gone[urn] = f"not on the list of {later.list_date.date()}, without a closing date: ended that day"
    return gone


def _stay_notes(
    tables: Tables, stays: pd.DataFrame, filled: pd.DataFrame, used: Sequence[OfstedList]
) -> list[tuple[str, str, int, str]]:
    """Notes on the stays in filled homes, by the days they cover. An open stay lasts to the end of observation."""
    if stays.empty:
        return []
    end = stays["end_date"].fillna(max(tables.observed_to, stays["start_date"].max() + np.timedelta64(1, "D")))
    held = pd.DataFrame({"home_id": stays["home_id"], "start": stays["start_date"], "end": end}).reset_index()
    spans = tables["homes"][["home_id", "valid_from", "valid_to"]].assign(
        to=lambda frame: frame["valid_to"].fillna(FAR)
    )
    pairs = held.merge(spans, on="home_id")
    both_to = pairs["end"].where(pairs["end"] < pairs["to"], pairs["to"])
    both_from = pairs["start"].where(pairs["start"] > pairs["valid_from"], pairs["valid_from"])
    covered = (both_to - both_from).dt.days.clip(lower=0).groupby(pairs["index"]).sum()
    outside = held[held["index"].map(covered) < (held["end"] - held["start"]).dt.days]
    opened = spans.groupby("home_id")["valid_from"].min()
    found = [
        (home, "outside_registration", len(part), _outside(part, opened[home]))
        for home, part in outside.groupby("home_id", sort=False)
    ]
    first = pd.concat([each.frame for each in used]).groupby("urn")["list_date"].min()
    known_from = held["home_id"].map(filled.set_index("home_id")["urn"]).map(first)
    early = held[held["start"] < known_from].assign(day=known_from)
    found += [
        (
            home,
            "before_first_list",
            len(part),
            f"the list of {part['day'].iloc[0].date()} stands for the days before it",
        )
        for home, part in early.groupby("home_id", sort=False)
    ]
    return found


def _outside(part: pd.DataFrame, opened: pd.Timestamp) -> str:
    start = part["start"].min()
    return f"registered from {opened.date()}; the first such stay starts {start.date()}"


def _pairs(frame: pd.DataFrame, column: str) -> list[tuple[str, str]]:
    return list(zip(frame["home_id"], frame[column], strict=True))

"""What one year's SSDA903 return of one authority can show of a world, written apart from writer and reader.

The return is the world seen through these losses, and no other:

1. children of the authority who were placed on a day of the year; of them sex (U only since 2024/25), birth,
   ethnicity (unrecorded is written as "not yet obtained", NOBT), and that they are unaccompanied asylum seekers in the
   year: since when is lost, until when is the 18th birthday unless it ended by the year's end. Need, risk, disability,
   schooling: lost.
2. the record of every child begins with the first placement shown, or on 1 April if that is later.
3. placements that touch the year; an end after 31 March is unknown. One that a change of legal status cut in an
   earlier year is shown from that change on, with its start known to be truncated. Touching stays in one setting are
   one. Whether the child is out of area is lost, unless the derived columns are written, and then for unaccompanied
   asylum seekers.
   A reason is kept where it fits: a REC where the child left care, a reason for moving where another placement
   follows that day; one that is unrecorded or does not fit becomes "any other", E8 or OTHER; beside a temporary
   placement none is asked for. Providers that are unrecorded are filled in from the home, and so not compared.
4. homes are known by URN, supported accommodation by URN and address, residential care and some others by address
   alone; of a home nothing but its key is known, and that it is there from its first stay or 1 April.
5. absences that touch the year, by dates, numbered by day; an end after 31 March is unknown. One that is open though
   the child has left care ends with care. An end on the day that a placement ends counts as a closed bed. One that
   begins on no day of a placement is set aside. Hours and sanctions are lost.
6. no staff, no ties, no interviews, no social workers (the reader leaves them), and not all residents.

A quirk's line in the return's log is applied first: the reader is to see exactly what was done. What a later return
amends stands: its codes, and its DECOM where that is all that it says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from missingmodels.export.codes import home_codes
from missingmodels.export.one_return import Return903
from missingmodels.tables import Tables

_LEFT = (11, 12, 2, 3, "4A", "4B", 13, 41, 45, 46, 47, 48, 5, 6, 7, 8, 9, 14, 15, 16, 17)
LEFT_CARE = {f"E{number}" for number in _LEFT}
MOVED = {"CARPL", "CLOSE", "ALLEG", "STAND", "APPRR", "CREQB", "CREQO", "CHILD", "LAREQ", "PLACE", "CUSTOD", "OTHER"}
FAR = pd.Timestamp("2200-01-01")


def as_returns_show(tables: Tables, made: Return903, *, after: Sequence[Return903] = ()) -> dict[str, pd.DataFrame]:
    """The frames that reading the return back must give, sorted by their keys.

    With the returns of the years before it, oldest first, they are what all show together.
    """
    returns = [*after, made]
    first, last = pd.Timestamp(returns[0].year - 1, 4, 1), pd.Timestamp(made.year, 4, 1)
    own = tables["children"][tables["children"]["authority"] == made.authority]
    stays = _stays(tables, own, returns)
    stays = _in_year(_cut_before(stays, _lines(made, "legal_change"), first), first, last)
    children = _children(own, stays, made, first, last)
    missing = _absences(tables, own, stays, made, first, last)
    met = stays.dropna(subset=["home_id"]).groupby("home_id")
    homes = met.agg(valid_from=("start_date", "min"), weak_key=("weak", "first")).reset_index()
    homes["valid_from"] = homes["valid_from"].where(homes["valid_from"] < first, first)
    keep = ["child_id", "start_date", "end_date", "home_id", "placement_type", "out_of_area", "end_reason"]
    keep += ["start_is_truncated"]
    return {
        "children": children,
        "placements": stays[keep].reset_index(drop=True),
        "missing_episodes": missing,
        "homes": homes,
    }


def _in_year(frame: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    end = frame["end_date"].fillna(FAR)
    inside = frame[(frame["start_date"] < last) & (end >= first)]
    gone = inside["end_date"] >= last
    reasons = {"end_reason": inside["end_reason"].where(~gone, None)} if "end_reason" in inside else {}
    return inside.assign(end_date=inside["end_date"].mask(gone), **reasons)


def _lines(made: Return903, quirk: str) -> dict[tuple[str, pd.Timestamp], object]:
    lines = made.log[made.log["quirk"] == quirk]
    return {
        (child, day): after for child, day, after in zip(lines["child_id"], lines["date"], lines["after"], strict=True)
    }


def _marked(frame: pd.DataFrame, lines: dict) -> np.ndarray:
    keys = zip(frame["child_id"], frame["start_date"], strict=True)
    return np.array([key in lines for key in keys], dtype=bool)


def _stays(tables: Tables, own: pd.DataFrame, returns: Sequence[Return903]) -> pd.DataFrame:
    made = returns[-1]
    stays = tables["placements"]
    stays = stays[stays["child_id"].isin(own["child_id"])].sort_values(["child_id", "start_date"])
    stays = stays.assign(end_reason=stays["end_reason"].astype(object)).reset_index(drop=True)
    # touching rows of one home are one stay
    previous = stays.groupby("child_id")[["home_id", "end_date", "placement_type"]].shift(1)
    same = (previous["home_id"] == stays["home_id"]).fillna(False) & (previous["end_date"] == stays["start_date"])
    same &= previous["placement_type"] == stays["placement_type"]
    run = (~same.astype(bool)).cumsum()
    last = stays.groupby(run).tail(1)
    stays = stays[~same.astype(bool)].assign(
        end_date=last["end_date"].to_numpy(), end_reason=last["end_reason"].to_numpy()
    )
    stays = stays.reset_index(drop=True)
    k3, blank = _marked(stays, _lines(made, "k3")), _marked(stays, _lines(made, "blank_urn"))
    stays["placement_type"] = stays["placement_type"].astype(object).mask(k3, "K3")
    stays["home_id"], stays["weak"] = _keys(tables, stays, blank)
    stays = _interrupted(stays, _lines(made, "temporary"))
    stays["end_reason"] = _reasons(stays)
    later = _told_later(stays, returns)
    stays["start_date"] = stays["start_date"].mask(later, stays["start_date"] + pd.Timedelta(days=1))
    uasc = stays["child_id"].isin(own.loc[own["uasc_from"].notna(), "child_id"])
    hidden = uasc | stays["placement_type"].str.startswith("T") | (not made.quirks.derived_columns)
    stays["out_of_area"] = stays["out_of_area"].mask(hidden)
    return stays


def _told_later(stays: pd.DataFrame, returns: Sequence[Return903]) -> np.ndarray:
    """Whether a stay is taken to begin a day late: so says the newest return that shows its first episode.

    Unless that return differs from the one before it in more than DECOM: then it does not put the old row right, and
    both are true, the child having been there on the day that the old one tells (repair rule 3 of the specification).
    """
    later = np.zeros(len(stays), dtype=bool)
    changes = _lines(returns[-1], "legal_change")
    keys = list(zip(stays["child_id"], stays["start_date"], strict=True))
    ends = []
    for (child, start), end in zip(keys, stays["end_date"].fillna(FAR), strict=True):
        cuts = [day for who, day in changes if who == child and start < day < end]
        ends.append(min([end, *cuts]))
    status = np.zeros(len(stays), dtype=bool)
    for each in returns:
        first, last = pd.Timestamp(each.year - 1, 4, 1), pd.Timestamp(each.year, 4, 1)
        shown = np.array([s < last and e >= first for (_, s), e in zip(keys, ends, strict=True)], dtype=bool)
        moved = _marked(stays, _lines(each, "amended_decom"))
        later = np.where(shown, moved & ~(status & ~later), later)
        status = _marked(stays, _lines(each, "amended_ls"))
    return later


def _cut_before(stays: pd.DataFrame, lines: dict, first: pd.Timestamp) -> pd.DataFrame:
    """A stay whose legal status changed in an earlier year is shown from that day on, and known to be older."""
    days = {child: day for child, day in lines if day < first}
    changed = pd.to_datetime(stays["child_id"].map(days).astype(object)).astype("datetime64[s]")
    held = (stays["start_date"] < changed) & (changed < stays["end_date"].fillna(FAR))
    return stays.assign(start_date=stays["start_date"].mask(held, changed), start_is_truncated=held)


def _keys(tables: Tables, stays: pd.DataFrame, blank: np.ndarray) -> tuple[pd.Series, pd.Series]:
    codes = home_codes(tables)
    urn = stays["home_id"].astype(object).map(codes["urn"]).mask(blank | (stays["placement_type"] == "R1"), "")
    address = stays["home_id"].astype(object).map(codes["postcode"]).str.replace(" ", "")
    weak = stays["home_id"].notna() & ((urn == "") | (stays["placement_type"] == "K3"))
    return urn.mask(weak, urn + "@" + address), weak


def _interrupted(stays: pd.DataFrame, lines: dict) -> pd.DataFrame:
    """Temporary days of the log, cut into the stays that hold them."""
    rows = []
    for stay in stays.to_dict("records"):
        cuts = sorted((day, after) for (child, day), after in lines.items() if child == stay["child_id"])
        end = FAR if pd.isna(stay["end_date"]) else stay["end_date"]
        for day, after in cuts:
            back = pd.to_datetime(after, format="%d/%m/%Y")
            if stay["start_date"] < day and back <= end:
                away = {"placement_type": "T4", "home_id": None, "end_reason": None, "weak": False}
                rows += [stay | {"end_date": day, "end_reason": None}]
                rows += [stay | away | {"start_date": day, "end_date": back}]
                stay = stay | {"start_date": back}
        rows.append(stay)
    made = pd.DataFrame(rows, columns=stays.columns).sort_values(["child_id", "start_date"], ignore_index=True)
    return made.astype({name: stays[name].dtype for name in ("start_date", "end_date", "out_of_area")})


def _reasons(stays: pd.DataFrame) -> list[str | None]:
    found: list[str | None] = []
    rows = stays.to_dict("records")
    for row, following in zip(rows, [*rows[1:], {"child_id": ""}], strict=True):
        follows = following["child_id"] == row["child_id"] and following["start_date"] == row["end_date"]
        if pd.isna(row["end_date"]):
            found.append(None)
        elif not follows:
            found.append(row["end_reason"] if row["end_reason"] in LEFT_CARE else "E8")
        elif row["placement_type"].startswith("T") or following["placement_type"].startswith("T"):
            found.append(None)
        else:
            found.append(row["end_reason"] if row["end_reason"] in MOVED else "OTHER")
    return found


def _children(
    own: pd.DataFrame, stays: pd.DataFrame, made: Return903, first: pd.Timestamp, last: pd.Timestamp
) -> pd.DataFrame:
    own = own[own["child_id"].isin(stays["child_id"])].sort_values("child_id").reset_index(drop=True)
    since = own["child_id"].map(stays.groupby("child_id")["start_date"].min())
    since = since.where(since > first, first)
    sex = own["sex"] if made.year >= 2025 else own["sex"].mask(own["sex"] == "U")
    birth = own["birth_date"].dt.to_period("M").dt.start_time if made.quirks.birth_month_only else own["birth_date"]
    until = own["uasc_to"].where(own["uasc_to"] < last, birth + pd.DateOffset(years=18))
    asylum = (own["uasc_from"] < last) & ~(own["uasc_to"] < first) & (until > since)
    return pd.DataFrame(
        {
            "child_id": own["child_id"],
            "authority": own["authority"],
            "sex": sex,
            "birth_date": birth,
            "birth_date_precision": "month" if (birth.dt.day == 1).all() else "day",
            "ethnicity": own["ethnicity"].fillna("NOBT"),
            "uasc_from": since.where(asylum),
            "uasc_to": until.where(asylum),
            "recorded_from": since,
        }
    )


def _absences(
    tables: Tables,
    own: pd.DataFrame,
    stays: pd.DataFrame,
    made: Return903,
    first: pd.Timestamp,
    last: pd.Timestamp,
) -> pd.DataFrame:
    missing = tables["missing_episodes"]
    missing = missing[missing["child_id"].isin(own["child_id"])]
    closed = _lines(made, "closed_bed")
    ends = [
        pd.to_datetime(closed[key], format="%d/%m/%Y") if key in closed and (pd.isna(end) or sequence == top) else end
        for key, end, sequence, top in zip(
            zip(missing["child_id"], missing["start_date"], strict=True),
            missing["end_date"],
            missing["sequence"],
            missing.groupby(["child_id", "start_date"])["sequence"].transform("max"),
            strict=True,
        )
    ]
    missing = missing.assign(end_date=pd.Series(ends, index=missing.index, dtype="datetime64[s]"))
    repeats = missing[_marked(missing, _lines(made, "same_day_repeat")) & (missing["sequence"] == 0).to_numpy(bool)]
    missing = pd.concat([repeats.assign(end_date=repeats["start_date"]), missing])
    missing = _in_year(missing, first, last)
    beds: dict[str, list[tuple[pd.Timestamp, pd.Timestamp]]] = {}
    for child, start, end in zip(stays["child_id"], stays["start_date"], stays["end_date"].fillna(FAR), strict=True):
        beds.setdefault(child, []).append((start, end))
    rows = []
    for row in missing.to_dict("records"):
        held = beds.get(row["child_id"], [])
        if not any(start <= row["start_date"] <= end for start, end in held):
            continue
        left = max(end for _, end in held)
        if pd.isna(row["end_date"]) and row["start_date"] <= left < FAR:
            row["end_date"] = left
        rows.append(row | {"end_is_censored": any(row["end_date"] == end for _, end in held)})
    keep = ["child_id", "start_date", "end_date", "sequence", "category", "end_is_censored"]
    shown = pd.DataFrame(rows, columns=missing.columns)[keep]
    shown = shown.sort_values(["child_id", "start_date", "end_date"], kind="stable", ignore_index=True)
    return shown.assign(sequence=shown.groupby(["child_id", "start_date"]).cumcount())

"""A small world with everything that Tables may hold, by hand where the simulator does not make it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from missingmodels.tables import Tables, make_tables
from worlds import small_world

AUTHORITIES = ("E10000001", "E10000002", "E10000003")


def full_tables(seed: int = 5, *, days: int = 730, n_homes: int = 14) -> Tables:
    """Two collection years of three authorities whose children share homes.

    Children of other authorities in one home, absences of category A, two on one day, still missing at the end of a
    year and at leaving care, foster stays, temporary days, supported accommodation, unaccompanied children, births on
    the first of a month, reasons for moves, distances, social workers.
    """
    base = small_world(seed, n_homes=n_homes, days=days).tables
    rng = np.random.default_rng(seed)
    children, stays = base["children"].copy(), base["placements"].copy()
    missing, homes = base["missing_episodes"].copy(), base["homes"].copy()
    number = np.arange(len(children))
    children["authority"] = np.array(AUTHORITIES)[number % 3]
    homes["authority"] = np.array(AUTHORITIES)[np.arange(len(homes)) % 3]
    children.loc[number % 7 == 0, "sex"] = "U"
    children["ethnicity"] = np.where(number % 2, "WBRI", None)
    first_stay = stays.groupby("child_id")["start_date"].min()
    uasc = number % 5 == 0
    children.loc[uasc, "uasc_from"] = children["child_id"].map(first_stay)[uasc]
    ends = pd.Series(pd.Timestamp("2025-01-15"), index=children.index)
    children.loc[number % 10 == 0, "uasc_to"] = ends
    stays["distance_miles"] = np.round(rng.gamma(2, 10, len(stays)), 2)
    # two in three reasons are recorded, and some do not fit what followed
    reasons = np.array(["CARPL", "E4A", "CREQB", None, "E5", "CLOSE"])
    stays["end_reason"] = np.where(stays["end_date"].isna(), None, reasons[np.arange(len(stays)) % 6])
    stays = pd.concat([stays, _foster_in_gaps(stays)], ignore_index=True)
    stays = _temporary_days(stays, missing)
    stays, homes, names = _supported(stays, homes)
    stays = _written_in_two(stays)
    staff = {name: base[name].replace({"home_id": names}) for name in ("staff_periods", "staff_spells")}
    missing["category"] = np.where(np.arange(len(missing)) % 9 == 0, "A", missing["category"])
    missing = _two_on_a_day(missing)
    missing = _left_while_missing(missing, stays)
    missing = _away_over_a_move(missing, stays)
    workers = pd.DataFrame(
        {
            "child_id": children["child_id"],
            "start_date": children["child_id"].map(first_stay),
            "social_worker_id": [f"SW{n % 11:04d}" for n in number],
        }
    )
    frames = {"children": children, "placements": stays, "missing_episodes": missing, "homes": homes}
    return make_tables(
        {**frames, **staff, "social_worker_spells": workers},
        observed_from=base.observed_from,
        observed_to=base.observed_to,
        all_residents=True,
        origin=base.origin,
    )


def _foster_in_gaps(stays: pd.DataFrame) -> pd.DataFrame:
    """Every second gap between two stays is a foster placement; the other half stays a gap in care."""
    ordered = stays.sort_values(["child_id", "start_date"])
    following = ordered.groupby("child_id")["start_date"].shift(-1)
    gaps = ordered[following > ordered["end_date"]].iloc[::2]
    return pd.DataFrame(
        {
            "child_id": gaps["child_id"],
            "start_date": gaps["end_date"],
            "end_date": following[gaps.index],
            "placement_type": "U6",
            "start_is_truncated": False,
        }
    )


def _temporary_days(stays: pd.DataFrame, missing: pd.DataFrame) -> pd.DataFrame:
    """Three days in hospital on the fifth day of some long stays that have no absence then."""
    end = stays["end_date"].fillna(pd.Timestamp("2026-01-01"))
    long = stays[(stays["placement_type"] == "K2") & ((end - stays["start_date"]).dt.days > 30)].iloc[::6]
    five, eight = (long["start_date"] + pd.Timedelta(days=n) for n in (5, 8))
    away = long.assign(start_date=five, end_date=eight, placement_type="T1", home_id=None, end_reason=None)
    after = long.assign(start_date=eight)
    before = long.assign(end_date=five, end_reason=None)
    return pd.concat([stays.drop(long.index), before, away, after], ignore_index=True)


def _supported(stays: pd.DataFrame, homes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """The last home is supported accommodation, known by its provider's URN and address; one is known by address.

    A third is a residential care home: it has a URN here, but a return asks for none.
    """
    by_provider, by_address = homes["home_id"].iloc[-1], homes["home_id"].iloc[-2]
    names = {by_provider: "SC812345@ZZ981AA", by_address: "@ZZ981AB"}
    adult_home = homes["home_id"].iloc[-3]
    homes = homes.assign(
        weak_key=homes["home_id"].isin(names) | homes["weak_key"], home_id=homes["home_id"].replace(names)
    )
    stays = stays.assign(
        placement_type=stays["placement_type"]
        .mask(stays["home_id"] == by_provider, "K3")
        .mask(stays["home_id"] == adult_home, "R1"),
        home_id=stays["home_id"].replace(names),
    )
    return stays, homes, names


def _written_in_two(stays: pd.DataFrame) -> pd.DataFrame:
    """Some long stays stand in two rows, though nothing changed on the day between."""
    end = stays["end_date"].fillna(pd.Timestamp("2026-01-01"))
    long = stays[stays["home_id"].notna() & ((end - stays["start_date"]).dt.days > 60)].iloc[::9]
    day = long["start_date"] + pd.Timedelta(days=40)
    both = [long.assign(end_date=day, end_reason="OTHER"), long.assign(start_date=day)]
    return pd.concat([stays.drop(long.index), *both], ignore_index=True)


def _two_on_a_day(missing: pd.DataFrame) -> pd.DataFrame:
    """Every tenth absence that begins on a day of its own had a short one before it that day."""
    again = missing.iloc[::10].assign(end_date=lambda frame: frame["start_date"])
    later = missing.assign(sequence=missing["sequence"] + missing.index.isin(again.index))
    return pd.concat([again, later]).sort_values(["child_id", "start_date", "sequence"], ignore_index=True)


def _left_while_missing(missing: pd.DataFrame, stays: pd.DataFrame) -> pd.DataFrame:
    """Two children were missing when they left care and were never found, one was missing over a year's end."""
    last = stays.sort_values("start_date").groupby("child_id").tail(1)
    left = last[last["end_date"].notna() & (last["end_date"] > "2024-06-01")]
    latest = missing.groupby("child_id")["end_date"].max()
    free = left[~(left["child_id"].map(latest) >= left["end_date"] - pd.Timedelta(days=3))]
    gone = free.iloc[:2]
    over = last[(last["start_date"] < "2025-02-01") & (last["end_date"].isna() | (last["end_date"] > "2025-06-01"))]
    near = missing[(missing["end_date"] >= "2025-03-28") & (missing["start_date"] <= "2025-04-04")]
    over = over[~over["child_id"].isin([*near["child_id"], *gone["child_id"]])].iloc[:3]
    to = pd.to_datetime(["2025-04-03", "2025-04-01", "2025-03-31"])[: len(over)]
    made = pd.DataFrame(
        {
            "child_id": [*gone["child_id"], *over["child_id"]],
            "start_date": [*(gone["end_date"] - pd.Timedelta(days=2)), *[pd.Timestamp("2025-03-30")] * len(over)],
            "end_date": [*[pd.NaT] * len(gone), *to],
            "sequence": 0,
            "category": "M",
            "end_is_censored": False,
        }
    )
    return pd.concat([missing, made]).sort_values(["child_id", "start_date", "sequence"], ignore_index=True)


def _away_over_a_move(missing: pd.DataFrame, stays: pd.DataFrame) -> pd.DataFrame:
    """Some children are away while they move from one placement to the next."""
    ordered = stays.sort_values(["child_id", "start_date"])
    moves = ordered[ordered["end_date"] == ordered.groupby("child_id")["start_date"].shift(-1)]
    moves = moves[moves["end_date"].between("2024-05-01", "2026-02-01")]
    near = moves.reset_index()[["index", "child_id", "end_date"]].merge(missing, on="child_id", suffixes=("_bed", ""))
    gap = pd.Timedelta(days=5)
    close = (near["start_date"] <= near["end_date_bed"] + gap) & ~(near["end_date"] < near["end_date_bed"] - gap)
    free = moves[~moves.index.isin(near.loc[close, "index"])].groupby("child_id").head(1)
    made = pd.DataFrame(
        {
            "child_id": free["child_id"],
            "start_date": free["end_date"] - pd.Timedelta(days=1),
            "end_date": free["end_date"] + pd.Timedelta(days=1),
            "sequence": 0,
            "category": "M",
            "end_is_censored": False,
        }
    )
    return pd.concat([missing, made]).sort_values(["child_id", "start_date", "sequence"], ignore_index=True)

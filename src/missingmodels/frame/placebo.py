"""Exposures and outcomes that stand in for the real ones: what a check of the peer effect compares it with.

Each exposure is a grid of children by days (C, D), 1 where somebody of a stated kind had an onset lately and 0
elsewhere, for ``build_rows(..., extra=...)``. Each risk set differs from the one given in its outcome or days at risk
alone: exposures and own history stay those of the real onsets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from missingmodels.frame.columns.lives import Grid, any_onset, home_sums
from missingmodels.frame.riskset import NO_HOME, RiskSet
from missingmodels.tables import Tables

OTHER_AUTHORITY = 2.0  # places by which a home must fit better to be taken from another authority
PAIRS_AT_ONCE = 2_000_000  # pair-days of a block, about 50 MB


def lagged_presence(risk: RiskSet, *, first_lag: int, last_lag: int, witnessed: bool) -> Grid:
    """(C, D) whether any other had an onset ``first_lag`` to ``last_lag`` days ago.

    One of those who lived with the child on that day (of a day to come: who will), or, not ``witnessed``, of those who
    live in the home now.
    """
    lives = risk.residence != NO_HOME
    if witnessed:
        seen = risk.lives.grid(risk.lives.others(risk.lives.taken(risk.onset_anywhere)))
        return np.asarray(any_onset(seen > 0, first_lag=first_lag, last_lag=last_lag) & lives, dtype=float)
    recent = any_onset(risk.onset_anywhere, first_lag=first_lag, last_lag=last_lag) & lives
    others = home_sums(risk.residence, recent, len(risk.home_ids))[risk.residence, np.arange(risk.days)] - recent
    return np.asarray((others > 0) & lives, dtype=float)


def similar_homes(tables: Tables, risk: RiskSet) -> np.ndarray:
    """(H,) for each home the most alike other one: places, mean residents, authority. Two homes may share one.

    -1 for all if there is but one home.
    """
    homes = len(risk.home_ids)
    if homes < 2:
        return np.full(homes, -1)
    listed = tables["homes"].drop_duplicates("home_id", keep="last").set_index("home_id").reindex(list(risk.home_ids))
    places = listed["places"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    places = np.where(np.isnan(places), np.nanmean(places) if np.isfinite(places).any() else 0.0, places)
    residents = home_sums(risk.residence, risk.residence != NO_HOME, homes).mean(axis=1)
    authority = pd.factorize(listed["authority"])[0]
    partner = np.empty(homes, dtype=np.int64)
    for home in range(homes):
        elsewhere = (authority != authority[home]) | (authority[home] < 0)
        distance = abs(places - places[home]) + abs(residents - residents[home]) + OTHER_AUTHORITY * elsewhere
        distance[home] = np.inf
        partner[home] = int(distance.argmin())
    return partner


def pseudo_peers(risk: RiskSet, partner: np.ndarray, *, window_days: int, witnessed: bool) -> Grid:
    """(C, D) whether a resident of the partner home had an onset lately, except those who lived with the child.

    Of the home that is the partner of the child's own on the day of the onset, or, not ``witnessed``, now.
    """
    residence, day = risk.residence, np.arange(risk.days)
    lives = residence != NO_HOME
    lately = any_onset(risk.onset_anywhere, first_lag=1, last_lag=window_days)
    counted = (risk.onset_anywhere if witnessed else lately) & lives
    there = np.append(partner, NO_HOME)[residence]
    count = home_sums(residence, counted, len(risk.home_ids))[there, day]
    for child, other, _ in _pairs(risk, only_movers=True):
        known = (residence[other] == there[child]) & counted[other]
        at, when = np.nonzero(known)
        np.subtract.at(count, (child[at], when), 1)
    held = (count > 0) & lives & (there != NO_HOME)
    if witnessed:
        held = any_onset(held, first_lag=1, last_lag=window_days) & lives
    return np.asarray(held, dtype=float)


def reassigned(risk: RiskSet, rng: np.random.Generator) -> Grid | None:
    """(C, D) false homes in place of those lived in, on the same days; None where there are fewer homes than residents
    of one.

    Each stay has the lowest seat of its home that is free when it begins. Who has seat s of the home in place p of one
    random order lives in the home in place p + s of another: as many live together as did, and nobody with anybody who
    truly lived there.
    """
    homes = len(risk.home_ids)
    seat = _seats(risk)
    if seat.max(initial=0) >= homes:
        return None
    place, order = rng.permutation(homes), rng.permutation(homes)
    false = order[(place[risk.residence] + seat) % homes]
    return np.where(risk.residence == NO_HOME, NO_HOME, false)


def _seats(risk: RiskSet) -> np.ndarray:
    """(C, D) seat of the child's stay in its home, 0 where it lives in none."""
    out = np.zeros(risk.residence.shape, dtype=np.int64)
    free_from: dict[int, list[int]] = {}  # by home, the day from which each seat is free
    for home, begin, end, child in sorted(_stays(risk)):
        seats = free_from.setdefault(home, [])
        at = next((i for i, day in enumerate(seats) if day <= begin), len(seats))
        seats[at : at + 1] = [end]
        out[child, begin:end] = at
    return out


def _stays(risk: RiskSet) -> Iterator[tuple[int, int, int, int]]:
    """Home, first day, day after the last, and child of each unbroken stay."""
    for child, home in enumerate(risk.residence):
        edges = np.flatnonzero(np.diff(home, prepend=NO_HOME - 1, append=NO_HOME - 1))
        for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            if home[begin] != NO_HOME:
                yield int(home[begin]), begin, end, child


def former_and_future_peers(risk: RiskSet, *, window_days: int, reach_days: int) -> dict[str, Grid]:
    """(C, D) onsets lately of children the child no longer lives with, or does not live with yet, who live in another
    home.

    ``peer_former``: together last more than ``window_days`` ago, so that every onset that counts comes after the
    parting, and at most ``reach_days``. ``peer_future``: together first on a later day within ``reach_days``, and never
    before. ``former_held`` and ``future_held`` say whether there is such a child at all.
    """
    residence, days = risk.residence, np.arange(risk.days)
    recent = any_onset(risk.onset_anywhere, first_lag=1, last_lag=window_days)
    names = ("peer_former", "former_held", "peer_future", "future_held")
    out = {name: np.zeros(residence.shape, dtype=bool) for name in names}
    for child, other, together in _pairs(risk, only_movers=True):
        apart = (residence[child] != residence[other]) & (residence[child] != NO_HOME) & (residence[other] != NO_HOME)
        last = np.maximum.accumulate(np.where(together, days, -np.inf), axis=1)
        following = np.minimum.accumulate(np.where(together, days, np.inf)[:, ::-1], axis=1)[:, ::-1]
        gone = days - last
        former = apart & (gone > window_days) & (gone <= reach_days)
        future = apart & (last == -np.inf) & (following - days <= reach_days)
        for held, kind in ((former, "former"), (future, "future")):
            at, when = np.nonzero(held)
            out[f"{kind}_held"][child[at], when] = True
            at, when = np.nonzero(held & recent[other])
            out[f"peer_{kind}"][child[at], when] = True
    return {name: grid.astype(float) for name, grid in out.items()}


def departures(risk: RiskSet) -> Grid:
    """(C, D) whether the day is the last of a stay, however it ends; a temporary absence ends none."""
    child, day = np.nonzero(risk.residence != NO_HOME)
    arrived = day - risk.since_arrival[child, day]
    stay = pd.DataFrame({"child": child, "home": risk.residence[child, day], "arrived": arrived, "day": day})
    last = stay.groupby(["child", "home", "arrived"])["day"].max().reset_index()
    last = last[last["day"] < risk.days - 1]  # an end after the observed span is not seen
    ends = np.zeros(risk.residence.shape, dtype=bool)
    ends[last["child"], last["day"]] = True
    return ends


def with_outcome(risk: RiskSet, outcome: Grid) -> RiskSet:
    """The risk set with another outcome, where the child is at risk."""
    return replace(risk, onset=outcome & (risk.days_at_risk > 0))


def without_joint_departures(risk: RiskSet) -> RiskSet:
    """The risk set without the child-days on which two residents of a home left together."""
    return replace(risk, onset=risk.onset & ~risk.joint, days_at_risk=np.where(risk.joint, 0.0, risk.days_at_risk))


def _pairs(risk: RiskSet, *, only_movers: bool) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Ordered pairs of children who ever lived in one home on one day, in blocks, with their days together (P, D).

    With ``only_movers`` pairs of which neither ever lived in a second home are left out: they never live apart in two
    homes.
    """
    child, other = _co_residents(risk)
    if only_movers:
        moved = _homes_lived_in(risk) > 1
        keep = moved[child] | moved[other]
        child, other = child[keep], other[keep]
    step = max(PAIRS_AT_ONCE // risk.days, 1)
    for begin in range(0, child.size, step):
        a, b = child[begin : begin + step], other[begin : begin + step]
        yield a, b, (risk.residence[a] == risk.residence[b]) & (risk.residence[a] != NO_HOME)


def _co_residents(risk: RiskSet) -> tuple[np.ndarray, np.ndarray]:
    """(N,) each of ordered pairs of different children who lived in one home on one day, at least once."""
    pairs = []
    for home in range(len(risk.home_ids)):
        here = risk.residence == home
        members = np.flatnonzero(here.any(axis=1))
        present = here[members].astype(np.float32)
        a, b = np.nonzero(present @ present.T > 0)
        pairs.append(np.column_stack([members[a], members[b]])[a != b])
    both = np.unique(np.concatenate(pairs), axis=0) if pairs else np.zeros((0, 2), dtype=np.int64)
    return both[:, 0], both[:, 1]


def _homes_lived_in(risk: RiskSet) -> np.ndarray:
    child, day = np.nonzero(risk.residence != NO_HOME)
    pairs = np.unique(np.column_stack([child, risk.residence[child, day]]), axis=0)
    return np.bincount(pairs[:, 0], minlength=len(risk.child_ids))

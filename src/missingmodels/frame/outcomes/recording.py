"""Recording: two records of the same children, linked episode by episode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer, ConfigInvalid
from missingmodels.frame.design_matrix import EventRows
from missingmodels.frame.outcomes.counts import recorded_days
from missingmodels.frame.outcomes.design import group_of, outcome_rows
from missingmodels.frame.riskset import NO_HOME, RiskSet, build_risk_set
from missingmodels.intervals import to_day
from missingmodels.plan import Plan
from missingmodels.tables import Tables


@dataclass(frozen=True, kw_only=True)
class _TwoSources:
    """Episodes of two records that overlap in time, one row each, and notes on what was not used.

    Columns: ``child_id``, ``day`` (of the first source, where it holds the episode), ``in_a``, ``in_b`` and
    ``apart_days`` from the first source's date to the second's.
    """

    episodes: pd.DataFrame
    notes: tuple[str, ...]


def two_sources(
    a: Tables, b: Tables, *, tolerance_days: int = 1, categories: Sequence[str] = ("M", "A")
) -> _TwoSources:
    """Link the episodes of two records by child and day of onset.

    An episode of ``a`` is linked to at most one of ``b``, of the same child, no more than ``tolerance_days`` (≥ 0)
    apart; the nearest pairs first, the earlier of equally near ones. What category each source gives plays no part in
    the linkage. Only children in both records count, on days that both observe.

    Raises CannotAnswer if the records share no child or no day.
    """
    if tolerance_days < 0:
        raise ConfigInvalid(f"tolerance_days is {tolerance_days}, not 0 or more", where="tolerance_days")
    first, end = max(a.first_day, b.first_day), min(a.end_day, b.end_day)
    shared = set(a["children"]["child_id"]) & set(b["children"]["child_id"])
    if end <= first or not shared:
        raise CannotAnswer(
            "the two records share no " + ("day" if shared else "child"),
            remedy="give both the same identifiers and overlapping spans",
        )
    left, right = (_starts(tables, shared, first, end, categories) for tables in (a, b))
    pairs = left.merge(right, on="child_id", suffixes=("_a", "_b"))
    pairs["apart"] = (pairs["day_a"] - pairs["day_b"]).abs()
    pairs = pairs[pairs["apart"] <= tolerance_days].sort_values(["apart", "day_a", "day_b", "row_a", "row_b"])
    taken_a, taken_b, kept = set(), set(), []
    for row in pairs.itertuples():
        if row.row_a not in taken_a and row.row_b not in taken_b:
            taken_a.add(row.row_a)
            taken_b.add(row.row_b)
            kept.append((row.child_id, row.day_a, True, True, row.day_b - row.day_a))
    only_a = left[~left["row"].isin(taken_a)]
    only_b = right[~right["row"].isin(taken_b)]
    kept += [(child, day, True, False, 0) for child, day in zip(only_a["child_id"], only_a["day"], strict=True)]
    kept += [(child, day, False, True, 0) for child, day in zip(only_b["child_id"], only_b["day"], strict=True)]
    found = pd.DataFrame(kept, columns=["child_id", "day", "in_a", "in_b", "apart_days"])
    lost = len(set(a["children"]["child_id"]) ^ set(b["children"]["child_id"]))
    notes = (f"{lost} children are in one record only and were left out",) if lost else ()
    return _TwoSources(episodes=found.sort_values(["child_id", "day"], ignore_index=True), notes=notes)


def recording_rows(
    tables: Tables, plan: Plan, terms: Sequence[str] | None = None, *, other: Tables, tolerance_days: int = 1
) -> EventRows:
    """Linked episodes of residents of homes, and resident-days, by the children's authority and home.

    A row is a cell, the children of one authority in one home: ``y`` (R,) episodes that some source holds, of which
    ``further`` has ``both``, ``only_a`` and ``only_b`` (R,); ``size`` (R,) resident-days on which both were recording.

    Homes and authorities are those of ``tables``. Raises CannotAnswer if no episode is held by both sources, since then
    nothing says how much each misses, and ConfigInvalid for terms, of which the outcome has none.
    """
    if terms:
        raise ConfigInvalid("the outcome 'recording' has no terms beside authority and home", where="terms")
    linked = two_sources(tables, other, tolerance_days=tolerance_days, categories=plan.frame.categories)
    plan.require_missing("this outcome")
    risk = build_risk_set(tables, plan.frame)
    lives = _both_recording(tables, other, risk)
    episodes = linked.episodes
    child = pd.Index(risk.child_ids).get_indexer(episodes["child_id"])
    day = episodes["day"].to_numpy() - risk.first_day
    used = child >= 0
    used[used] = lives[child[used], day[used]]
    if not (episodes["in_a"] & episodes["in_b"]).to_numpy()[used].any():
        raise CannotAnswer(
            "no episode is held by both sources, so nothing says how much each misses",
            remedy="check that identifiers and days agree, or allow more tolerance_days",
        )
    authority_of = tables["children"].set_index("child_id")["authority"].loc[list(risk.child_ids)]
    codes, names = pd.factorize(authority_of, sort=True)
    cell_of = risk.residence.astype(np.int64) * len(names) + codes[:, None]
    size = np.bincount(cell_of[lives], minlength=len(risk.home_ids) * len(names))
    at = cell_of[child[used], day[used]]
    held = episodes[used]
    in_a, in_b = held["in_a"].to_numpy(dtype=bool), held["in_b"].to_numpy(dtype=bool)
    cells = np.flatnonzero(size)
    both, only_a, only_b = (np.bincount(at[w], minlength=size.size)[cells] for w in (in_a & in_b, ~in_b, ~in_a))
    left_out = int((~used).sum())
    notes = (f"{left_out} episodes began outside any home, or in the burn-in, and were left out",) if left_out else ()
    return outcome_rows(
        "recording",
        (),
        np.zeros((cells.size, 0)),
        y=both + only_a + only_b,
        size=size[cells].astype(float),
        units={
            "home": group_of(cells // len(names), risk.home_ids),
            "authority": group_of(cells % len(names), list(names)),
        },
        further={"both": both, "only_a": only_a, "only_b": only_b},
        facts={
            "episodes in both": int(both.sum()),
            "in the first only": int(only_a.sum()),
            "in the second only": int(only_b.sum()),
        },
        notes=linked.notes + notes,
    )


def _starts(tables: Tables, children: set[str], first: int, end: int, categories: Sequence[str]) -> pd.DataFrame:
    """Episodes of these children that start in the span; whatever a source calls them, they may be the other's."""
    frame = tables["missing_episodes"]
    day = to_day(frame["start_date"])
    kept = frame["child_id"].isin(children).to_numpy() & (day >= first) & (day < end)
    kept &= frame["category"].isin(categories).to_numpy()
    found = pd.DataFrame({"child_id": frame["child_id"].to_numpy(dtype=object), "day": day})[kept]
    return found.reset_index(drop=True).rename_axis("row").reset_index()


def _both_recording(tables: Tables, other: Tables, risk: RiskSet) -> np.ndarray:
    """(C, D) resident in a home, inside the window, with both sources recording."""
    day = np.arange(risk.days) + risk.first_day
    lives = (risk.residence != NO_HOME) & recorded_days(tables, risk) & ~risk.before_window[None, :]
    lives &= ((day >= other.first_day) & (day < other.end_day))[None, :]
    since = other["children"].set_index("child_id")["recorded_from"].reindex(list(risk.child_ids))
    known = since.notna().to_numpy()
    return lives & known[:, None] & (day[None, :] >= np.where(known, to_day(since), 0)[:, None])

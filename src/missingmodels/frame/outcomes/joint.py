"""Joint departures: who of a home's residents at risk leaves on one day, over kinds of home-days."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer
from missingmodels.frame.columns.of_peers.exposure import own_history, peer_exposures
from missingmodels.frame.columns.of_peers.peers import peer_grids
from missingmodels.frame.design_matrix import EventRows
from missingmodels.frame.outcomes.design import choose_terms, group_of, outcome_rows
from missingmodels.frame.riskset import RiskSet, build_risk_set
from missingmodels.plan import Plan
from missingmodels.tables import Tables

OWN = ("own_1_7", "own_8_28", "history_unknown")
PEERS = ("peer_presence", "peer_count", "no_peers", "peers_unseen")
# what is unknown of a child or a peer is flagged, as in the onset model, and never stands as "none"
DEFAULT_TERMS = (*OWN, "peer_presence", "peers_unseen")


def joint_rows(tables: Tables, plan: Plan, terms: Sequence[str] | None = None) -> EventRows:
    """Home-days with a resident at risk, those of one kind added up without loss.

    Days of different kinds differ in the residents at risk or in what is known of them as the day begins. A row is a
    resident at risk on home-days of one kind: ``y`` (R,) days on which it left, ``size`` (R,) e, 1 or ½ on a return
    day; units ``home``, ``child`` and ``period``, one of the plan's ``period_days`` of a home. ``further``: ``kind``
    (R,) the row's kind of home-day, ``home_days`` (K,) number of home-days of a kind, ``extra`` (K,) onsets beyond the
    first of their home-day, all days of the kind added up.

    Raises CannotAnswer if nobody goes missing, or no two children are ever at risk in a home on one day.
    """
    plan.require_missing("this outcome")
    risk = build_risk_set(tables, plan.frame)
    child, day = np.nonzero((risk.days_at_risk > 0) & ~risk.before_window[None, :])
    found = choose_terms(_available(risk, plan, child, day), terms, DEFAULT_TERMS, unit="child-days")
    child, day = child[found.keep], day[found.keep]
    onset = risk.onset[child, day].astype(np.int64)
    home = risk.residence[child, day]
    home_day, at_day = np.unique(home.astype(np.int64) * risk.days + day, return_inverse=True)
    together = np.bincount(at_day)
    if not onset.any() or together.max() < 2:
        what = "no child goes missing" if not onset.any() else "no two children are at risk in one home on one day"
        raise CannotAnswer(
            f"{what}, so there are no joint departures to weigh", remedy="take more homes or a longer window"
        )
    e = risk.days_at_risk[child, day]
    home_of, period_of = home_day // risk.days, home_day % risk.days // risk.period_days
    kind, first = _kinds(child, np.column_stack([found.matrix, e]), at_day, home_of, period_of)
    # rows of each kind's first home-day stand for those of all
    stands = first[kind[at_day]] == at_day
    row_of = pd.DataFrame({"kind": kind[at_day], "child": child})
    places = row_of[stands].reset_index(drop=True).rename_axis("row").reset_index()
    row = row_of.merge(places, on=["kind", "child"], how="left")["row"].to_numpy()
    left = np.bincount(at_day, onset)
    cell = home[stands].astype(np.int64) * risk.periods + day[stands] // risk.period_days
    return outcome_rows(
        "joint",
        found.names,
        found.matrix[stands],
        size=e[stands],
        y=np.bincount(row, onset, int(stands.sum())).astype(np.int64),
        further={
            "kind": places["kind"].to_numpy(),
            "home_days": np.bincount(kind),
            "extra": np.bincount(kind, np.maximum(left - 1, 0)),
        },
        units={
            "home": group_of(home[stands], risk.home_ids),
            "period": group_of(cell, [f"{h} {t}" for h in risk.home_ids for t in range(risk.periods)]),
            "child": group_of(child[stands], risk.child_ids),
        },
        facts={
            "onsets": int(onset.sum()),
            "home-days with two or more": int((left > 1).sum()),
            "home-days at risk": home_day.size,
        },
        notes=found.notes,
    )


def _available(risk: RiskSet, plan: Plan, child: np.ndarray, day: np.ndarray) -> dict[str, np.ndarray]:
    """(N,) what is known of a resident as the day begins: own and peers' onsets before it, and the calendar."""
    own = own_history(risk.onset_anywhere, risk.since_arrival, risk.known_days)
    peers = peer_exposures(peer_grids(risk, plan.exposure), witnessed=plan.exposure.witnessed)
    columns = {name: own[name][child, day] for name in OWN} | {name: peers[name][child, day] for name in PEERS}
    columns["weekend"] = (day + risk.first_day + 3) % 7 >= 5  # day 0, 1970-01-01, is a Thursday
    return {name: values.astype(float) for name, values in columns.items()}


def _kinds(
    child: np.ndarray, columns: np.ndarray, at_day: np.ndarray, home: np.ndarray, period: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) kind of each home-day and (K,) the first home-day of each kind.

    A home-day's key is its home, its period and the set of its rows; each row's code is the same wherever it stands.
    """
    row = pd.factorize(pd.MultiIndex.from_frame(pd.DataFrame(np.column_stack([child, columns]))))[0]
    order = np.lexsort((row, at_day))
    ends = np.cumsum(np.bincount(at_day))
    parts = np.split(row[order], ends[:-1])
    keys = pd.Series([(h, t, part.tobytes()) for h, t, part in zip(home, period, parts, strict=True)])
    kind, _ = pd.factorize(keys)
    return kind, np.unique(kind, return_index=True)[1]

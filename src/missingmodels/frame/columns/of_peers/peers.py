"""Peer exposures of the plan as columns of days: within the home, beyond it, and the ties that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from missingmodels.errors import CannotAnswer
from missingmodels.frame.columns.arrays import places
from missingmodels.frame.columns.happened import happened, recorded_from
from missingmodels.frame.columns.lives import PeerGrids, TieSpans, Unseen
from missingmodels.frame.columns.of_peers.exposure import peer_exposures
from missingmodels.frame.columns.of_peers.outside import outside_exposures
from missingmodels.frame.columns.of_peers.ties import age_gap_ties, same_sex_ties
from missingmodels.frame.columns.of_peers.witnessed import Witnessed
from missingmodels.frame.riskset import RiskSet
from missingmodels.intervals import UNRECORDED_DAY, to_day
from missingmodels.plan import KERNEL_MEMORY, OUTSIDE, Exposure, Plan
from missingmodels.tables import Tables


def peer_columns(
    tables: Tables,
    risk: RiskSet,
    plan: Plan,
    child: np.ndarray,
    day: np.ndarray,
    needed: set[str],
    unseen: Unseen | None = None,
) -> Mapping[str, np.ndarray]:
    """(N,) columns of the days given; what needs ties or a kernel only where ``needed`` names it.

    ``peer_kernel`` moves every day, so where a model holds it a day with a peer's onset anywhere behind it is a row
    of its own: nothing is rounded, and the rows of all models of the plan stay the same ones. ``unseen`` completes the
    exposures that count peers. Raises CannotAnswer where ties are needed and there are none.
    """
    asked = plan.exposure
    given = given_peers(tables, risk, asked, outcome=plan.frame.outcome, needed=needed, unseen=unseen)
    grids = peer_exposures(given, witnessed=asked.witnessed)
    beyond = sorted(needed & {*OUTSIDE, "no_outside_ties", "outside_unseen"})
    if beyond:
        grids |= outside_exposures(
            risk.residence,
            given.onset,
            window_days=asked.window_days,
            known_days=risk.known_days,
            ties=_required(tie_spans(tables, risk), beyond[0]),
            witnessed=Witnessed.of(risk.lives, given.onset) if asked.witnessed else None,
        )
    at = child * risk.days + day
    return {name: grid.ravel()[at] for name, grid in grids.items() if name in needed}


def given_peers(
    tables: Tables,
    risk: RiskSet,
    asked: Exposure,
    *,
    outcome: str,
    needed: set[str],
    unseen: Unseen | None = None,
) -> PeerGrids:
    """What the exposure asked for is made of: its event, its days, and ties or a kernel where they are needed.

    Raises ConfigInvalid for an event that the tables lack, CannotAnswer where ties are needed and there are none.
    """
    given = peer_grids(risk, asked, kernel="peer_kernel" in needed, unseen=unseen)
    event = asked.event or outcome
    given = replace(given, onset=happened(tables, risk, event))
    since = recorded_from(tables, "events", event)
    if since is not None:
        given = replace(given, known_days=np.minimum(given.known_days, np.maximum(np.arange(risk.days) - since, 0)))
    if "peer_network" not in needed:
        return given
    made = {"ties": tie_spans, "same_sex": same_sex_ties, "age_gap": age_gap_ties}[asked.tie](tables, risk)
    return replace(given, ties=_required(made, "peer_network"))


def _required(ties: TieSpans | None, name: str) -> TieSpans:
    if ties is None:
        raise CannotAnswer(
            f"{name} needs ties, and these tables hold none",
            remedy="choose another exposure in the plan, or supply a ties table",
        )
    return ties


def peer_grids(risk: RiskSet, asked: Exposure, *, kernel: bool = False, unseen: Unseen | None = None) -> PeerGrids:
    """What exposures to the outcome within the home are made of, without ties."""
    return PeerGrids(
        residence=risk.residence,
        onset=risk.onset_anywhere,
        first_day=asked.first_day,
        window_days=asked.window_days,
        occupancy=risk.occupancy,
        occupancy_recorded=risk.occupancy_recorded,
        known_days=risk.known_days,
        lives=risk.lives,
        kernel_days=asked.kernel_days if kernel else None,
        kernel_known_days=KERNEL_MEMORY * asked.kernel_days,
        unseen=unseen,
    )


def tie_spans(tables: Tables, risk: RiskSet) -> TieSpans | None:
    """The ties between children of the risk set, as day offsets; None without any."""
    frame = tables["ties"]
    a, b = places(risk.child_ids, frame["child_a"]), places(risk.child_ids, frame["child_b"])
    held = (a >= 0) & (b >= 0)
    if not held.any():
        return None
    last = to_day(frame["end_date"])
    return TieSpans(
        a=a[held],
        b=b[held],
        start=(to_day(frame["start_date"]) - risk.first_day)[held],
        end=np.where(last == UNRECORDED_DAY, risk.days, last - risk.first_day)[held],
        strength=frame["strength"].to_numpy(dtype=float)[held],
    )

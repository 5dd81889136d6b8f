"""Peer exposures of the plan as columns of days: within the home, beyond it, and the ties that carry them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from missingmodels.errors import CannotAnswer
from missingmodels.frame.columns.arrays import places
from missingmodels.frame.columns.exposure import TieSpans, peer_exposures
from missingmodels.frame.columns.outside import outside_exposures
from missingmodels.frame.riskset import RiskSet
from missingmodels.frame.unseen import Unseen
from missingmodels.intervals import UNRECORDED_DAY, to_day
from missingmodels.plan import KERNEL_MEMORY, OUTSIDE, Plan
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
    along_ties = sorted(needed & {"peer_network", *OUTSIDE, "no_outside_ties", "outside_unseen"})
    ties = _tie_spans(tables, risk) if along_ties else None
    if along_ties and ties is None:
        raise CannotAnswer(
            f"{along_ties[0]} needs ties, and these tables hold none",
            remedy="choose another exposure in the plan, or supply a ties table",
        )
    grids = peer_exposures(
        risk.residence,
        risk.onset_anywhere,
        window_days=plan.exposure.window_days,
        occupancy=risk.occupancy,
        occupancy_recorded=risk.occupancy_recorded,
        known_days=risk.known_days,
        ties=ties if "peer_network" in needed else None,
        kernel_days=plan.exposure.kernel_days if "peer_kernel" in needed else None,
        kernel_known_days=KERNEL_MEMORY * plan.exposure.kernel_days,
        lives=risk.lives,
        unseen=None if unseen is None else (unseen.residents, unseen.recent),
    )
    if ties is not None and needed & {*OUTSIDE, "no_outside_ties", "outside_unseen"}:
        grids |= outside_exposures(
            risk.residence,
            risk.onset_anywhere,
            window_days=plan.exposure.window_days,
            known_days=risk.known_days,
            ties=ties,
        )
    at = child * risk.days + day
    return {name: grid.ravel()[at] for name, grid in grids.items() if name in needed}


def _tie_spans(tables: Tables, risk: RiskSet) -> TieSpans | None:
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

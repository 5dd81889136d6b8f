"""What happened to the other residents of a home: any event of theirs, over any days, weighted as exposures are."""

from __future__ import annotations

import numpy as np

from missingmodels.frame.columns.days import Days
from missingmodels.frame.columns.of_peers.exposure import peer_exposures
from missingmodels.frame.columns.of_peers.peers import given_peers
from missingmodels.plan import Exposure


def peers_of_day(days: Days, asked: Exposure) -> np.ndarray:
    """(N,) exposure to the event, days and weights asked for, as the plan's own exposure is made.

    Raises ConfigInvalid for an event that the tables lack, CannotAnswer where ties are asked for and there are none.
    """
    given = given_peers(days.tables, days.risk, asked, outcome=days.settings.outcome, needed={asked.primary})
    return days.taken(peer_exposures(given, witnessed=asked.witnessed)[asked.primary])

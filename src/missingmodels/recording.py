"""How a simulated world is written down: the dials of the recording layer. Plain, so that a scenario can hold them.

Figures to turn the dials by. Recorded absences from homes: 3.2 a resident-year (DfE, children looked after in England,
2024; incidents over residents on 31 March, derived). One provider's own log, most of whose absences lasted about an
hour: 12.3 (August 2016, published on DocumentCloud; derived). More than a quarter of authorities recorded no A in
2023/24, and 7 % of the recorded absences from homes were A (the same DfE release; derived).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from missingmodels.errors import ConfigInvalid


@dataclass(frozen=True, kw_only=True)
class Recording:
    """How a world is written down. Each share is a probability in [0, 1]; all are 0 and all is reported by default.

    Attributes
    ----------
    reported_log_odds : log-odds that an absence is reported, in an average home and authority; None (default): all are
    reported_home_sd : standard deviation of those log-odds between homes (log-odds, default 0)
    reported_authority_sd : the same between the authorities responsible for the children (log-odds, default 0)
    short_hours : an absence of fewer hours is short (hours, default 6, an assumption); without hours, a same-day return
    short_log_odds : added to the log-odds for a short absence (log-odds, default 0; below 0 makes them seldomer)
    away_share : of absences whose whereabouts are known, the share that the usual authority writes as A
    whereabouts_known_share : of reported absences, the share whose whereabouts are known (default 0.5, an assumption)
    no_away_authorities_share : of authorities, the share that writes no A at all, whatever happened
    dates_only : hours are not written down: ``start_hour`` and ``hours_away`` become unrecorded (default False)
    late_start_share : of absences, written as beginning a day later, if they do not end before
    late_end_share : of returns, written a day late, if the next absence does not begin before
    lost_end_share : of returns, not written, so that the absence stays open; of several of one child only the latest
        is, since Tables hold one open absence a child
    duplicate_share : of absences, written twice; an open one is not
    unseen_children_share : of children, not in the record at all; their homes then hold residents nobody sees
    joining_days : a home begins to be recorded on a day drawn evenly from the first so many (days, default 0: at once)
    leaving_per_year : rate at which a home that is recorded stops being so (a year, default 0)
    """

    reported_log_odds: float | None = None
    reported_home_sd: float = 0.0
    reported_authority_sd: float = 0.0
    short_hours: float = 6.0
    short_log_odds: float = 0.0
    away_share: float = 0.0
    whereabouts_known_share: float = 0.5
    no_away_authorities_share: float = 0.0
    dates_only: bool = False
    late_start_share: float = 0.0
    late_end_share: float = 0.0
    lost_end_share: float = 0.0
    duplicate_share: float = 0.0
    unseen_children_share: float = 0.0
    joining_days: float = 0.0
    leaving_per_year: float = 0.0

    def __post_init__(self) -> None:
        values = dataclasses.asdict(self)
        faults = [
            f"{name} is {value!r}, not a probability in [0, 1]"
            for name, value in values.items()
            if name.endswith("_share") and not 0 <= value <= 1
        ]
        faults += [
            f"{name} is {value!r}, not 0 or more"
            for name, value in values.items()
            if name.endswith(("_sd", "_hours", "_days", "_per_year")) and not (0 <= value < math.inf)
        ]
        faults += [
            f"{name} is {value!r}, not a finite number"
            for name, value in values.items()
            if name.endswith("_log_odds") and value is not None and not math.isfinite(value)
        ]
        if faults:
            raise ConfigInvalid("; ".join(faults), where="recording", remedy="correct the values named")

"""Peers and outcomes that cannot carry influence: an effect of theirs warns of a cause that homes share."""

from __future__ import annotations

from dataclasses import replace

from missingmodels.evidence.robustness.bench import Bench, Line, judged, nothing
from missingmodels.evidence.robustness.variants import ERRORS
from missingmodels.fitting.fit import Fit
from missingmodels.frame.placebo import (
    departures,
    former_and_future_peers,
    lagged_presence,
    pseudo_peers,
    reassigned,
    similar_homes,
    with_outcome,
)
from missingmodels.provenance import stream

REACH_DAYS = 182  # how long before or after they lived together a child still counts as a former or future peer


def matched_home(bench: Bench) -> list[Line]:
    """The residents of the most alike other home in the place of the peers."""
    partner = similar_homes(bench.tables, bench.risk())
    window = bench.plan.exposure.window_days
    grid = pseudo_peers(bench.peers(), partner, window_days=window, witnessed=bench.plan.exposure.witnessed)
    return _alarms(bench, "matched_home", {"residents of a similar home": "peer_pseudo"}, {"peer_pseudo": grid})


def reassigned_residents(bench: Bench) -> list[Line]:
    """Everybody in another home on the same days, with nobody of their own: what is left is what all homes share."""
    line = "residents reassigned to other homes"
    homes = reassigned(bench.risk(), stream(bench.seed, "battery", "reassigned"))
    if homes is None:
        return [nothing("reassigned", line, "alarm", "there are fewer homes than residents of one")]
    exposure = bench.plan.exposure
    grid = lagged_presence(
        replace(bench.risk(), residence=homes), first_lag=1, last_lag=exposure.window_days, witnessed=exposure.witnessed
    )
    return _alarms(bench, "reassigned", {line: "peer_pseudo"}, {"peer_pseudo": grid})


def former_and_future(bench: Bench) -> list[Line]:
    """Children with whom the child lived before, or will live later, beside the peers of the day."""
    window = bench.plan.exposure.window_days
    grids = former_and_future_peers(bench.peers(), window_days=window, reach_days=REACH_DAYS)
    held = {f"peer_any_{kind}": grids[f"{kind}_held"] for kind in ("former", "future")}
    extra = {name: grids[name] for name in ("peer_former", "peer_future")} | held
    columns = {"no longer in the home": "peer_former", "not yet in the home": "peer_future"}
    return _alarms(bench, "other_times", columns, extra, beside=bench.exposure)


def placebo_outcome(bench: Bench) -> list[Line]:
    """The end of a stay as outcome, with the peers' real onsets as exposure."""
    line = "the stay ends"
    risk = with_outcome(bench.risk(), departures(bench.risk()))
    try:
        found = bench.fit_with(bench.exposure, risk=risk)
        return [judged(found, bench.exposure, bench.rule, check="placebo_outcome", line=line, kind="alarm")]
    except ERRORS as error:
        return [nothing("placebo_outcome", line, "alarm", error.what)]


def _alarms(bench: Bench, check: str, columns: dict[str, str], extra: dict, *, beside: str = "") -> list[Line]:
    """An alarm line a column; those that never vary are left out of the model and say so."""
    window = ~bench.risk().before_window
    varies = {name: bool(grid[:, window].any()) for name, grid in extra.items()}
    used = {name: grid for name, grid in extra.items() if varies[name]}
    if not set(columns.values()) & set(used):
        return [nothing(check, line, "alarm", "there is none in these data") for line in columns]
    try:
        found: Fit = bench.fit_with(" + ".join([*([beside] if beside else []), *used]), used)
    except ERRORS as error:
        return [nothing(check, line, "alarm", error.what) for line in columns]
    return [_alarm(bench, found, check, line, column) for line, column in columns.items()]


def _alarm(bench: Bench, found: Fit, check: str, line: str, column: str) -> Line:
    try:
        return judged(found, column, bench.rule, check=check, line=line, kind="alarm")
    except ERRORS:
        return nothing(check, line, "alarm", "there is none in these data")

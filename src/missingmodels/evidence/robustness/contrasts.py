"""Differences between two exposures in one model, in which what a home shares for some weeks cancels to first order.

η = δ_a a + δ_b b is fitted as δ_b (a + b) + (δ_a − δ_b) a, so that the coefficient of a is the difference. Evidence one
way only: influence that takes no notice of likeness, or that lasts, has no difference to show.
"""

from __future__ import annotations

from missingmodels.evidence.robustness.bench import Bench, Line, judged, nothing
from missingmodels.evidence.robustness.variants import ERRORS
from missingmodels.frame.columns.lives import Grid
from missingmodels.frame.dyads import LIKENESS, by_likeness
from missingmodels.frame.placebo import lagged_presence

FARTHER = 4  # times the window, up to where the later days reach that nearer ones are held against


def likeness(bench: Bench) -> list[Line]:
    """Recent onsets of those who are alike against those of the others, by sex and by age."""
    asked, lines = bench.plan.exposure, []
    for words, made in LIKENESS.items():
        alike, unlike = by_likeness(
            bench.peers(),
            made(bench.tables, bench.risk()),
            first_lag=asked.first_day,
            last_lag=asked.window_days,
            witnessed=asked.witnessed,
        )
        lines.append(_difference(bench, "likeness", f"{words}, against the others", alike, unlike))
    return lines


def nearness(bench: Bench) -> list[Line]:
    """Onsets within the plan's window against those of the days before it: influence comes soon, shocks drift."""
    asked = bench.plan.exposure
    last = min(FARTHER * asked.window_days, bench.plan.frame.burn_in_days)
    line = f"{asked.first_day}–{asked.window_days} days ago, against the days before"
    if last <= asked.window_days:
        why = f"the burn-in of {bench.plan.frame.burn_in_days} days is too short to know them"
        return [nothing("nearness", line, "influence", why)]
    spans = ((asked.first_day, asked.window_days), (asked.window_days + 1, last))
    near, far = (
        lagged_presence(bench.peers(), first_lag=low, last_lag=high, witnessed=asked.witnessed) for low, high in spans
    )
    return [_difference(bench, "nearness", f"{line} ({spans[1][0]}–{last})", near, far)]


def _difference(bench: Bench, check: str, line: str, one: Grid, other: Grid) -> Line:
    """The line of what ``one`` (C, D) does beyond ``other``."""
    window = ~bench.risk().before_window
    if not one[:, window].any() or not other[:, window].any():
        return nothing(check, line, "influence", "there are none of one kind in these data")
    try:
        found = bench.fit_with("peer_beyond + peer_either", {"peer_beyond": one, "peer_either": one + other})
        return judged(found, "peer_beyond", bench.rule, check=check, line=line)
    except ERRORS as error:
        return nothing(check, line, "influence", error.what)

"""Randomisation tests of the peer effect by a score statistic: one fit without peers, then arrays alone.

The statistic is the score of the peers' coefficient at the fit without them: the sum over days at risk of (onset −
expected) where a peer is recent. A test draws from a group of rearrangements; where the data are as likely under each
of them without influence, its p-value (1 + number as large) / (1 + number drawn) is valid (Hemerik and Goeman 2018,
TEST 27). Turned within home and period that holds as far as the days of a period are alike (mean p 0.49, error 0.02, in
200 worlds without influence). Exchanged between homes it holds roughly: the residuals come from a fit that has taken up
each home's own level, and p tends to be too large (0.60, 0.02).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from missingmodels.evidence.decisions import CANNOT_SAY, SUPPORTED
from missingmodels.evidence.robustness.bench import Bench, Line
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.marginal import log_density_and_frailty
from missingmodels.frame.columns.lives import any_onset
from missingmodels.frame.design import Design, build_design
from missingmodels.frame.riskset import NO_HOME, RiskSet
from missingmodels.frame.rows import model_terms
from missingmodels.parameters import Array
from missingmodels.plan import Decision
from missingmodels.provenance import stream

WITHOUT_PEERS = {"M1": "M0", "M3": "M2"}
PER_NIGHT = ("home", "day", "residual", "recent", "segment_length", "first_of_period", "seat")


@dataclass(frozen=True, kw_only=True)
class Nights:
    """Resident-days (N,), sorted by child and day, as the tests rearrange them.

    Attributes
    ----------
    home, day : where and when
    residual : onset − expected, 0 where the child is not at risk or in the burn-in
    recent : the child had an onset in the window before
    segment_start, segment_length : the resident-days of the child in this home and period
    first_of_period : day on which the period begins, or the window within it
    seat : place of the child among the residents of the home on the day
    """

    home: np.ndarray
    day: np.ndarray
    residual: Array
    recent: np.ndarray
    segment_start: np.ndarray
    segment_length: np.ndarray
    first_of_period: np.ndarray
    seat: np.ndarray
    homes: int
    days: int

    @property
    def cell(self) -> np.ndarray:
        """(N,) home and day as one index."""
        return self.home * self.days + self.day


def recency_in_period(bench: Bench) -> list[Line]:
    """Each child's days turned within its home and period, so that only whose day meets whose changes."""
    nights = eventful(nights_of(bench))
    rng = stream(bench.seed, "battery", "recency")
    drawn = [score(*turned(nights, random_turns(nights, rng)), nights) for _ in range(bench.permutations)]
    observed = score(nights.residual, nights.recent, nights)
    return [_line(bench, "permuted_recency", "turned within home and period", observed, drawn)]


def peers_of_other_homes(bench: Bench) -> list[Line]:
    """Homes' residents exchanged as one another's peers, day by day."""
    nights = nights_of(bench)
    if nights.homes < 2:
        return [Line(check="permuted_homes", line="peers of another home", kind="influence", remark="one home")]
    rng = stream(bench.seed, "battery", "homes")
    table = Seats(nights)
    drawn = [table.score(rng.permutation(nights.homes)) for _ in range(bench.permutations)]
    return [_line(bench, "permuted_homes", "peers of another home", table.score(np.arange(nights.homes)), drawn)]


def fewest_rearrangements(rule: Decision) -> int:
    """With fewer than these no p-value is small enough to say influence."""
    return int(np.ceil(1 / (1 - rule.supported_probability) - 1 - 1e-9))


def p_value(observed: float, drawn: list[float] | Array) -> float:
    """One-sided; ties count against the effect."""
    drawn = np.asarray(drawn)
    return float((1 + np.count_nonzero(drawn >= observed - 1e-9 * max(abs(observed), 1.0))) / (1 + drawn.size))


def score(residual: Array, recent: np.ndarray, nights: Nights) -> float:
    """Sum of residuals over the resident-days on which another resident is recent."""
    total = np.bincount(nights.cell, recent, nights.homes * nights.days)[nights.cell]
    return float(residual[total > recent].sum())


def turned(nights: Nights, turn: np.ndarray) -> tuple[Array, np.ndarray]:
    """Residual and recency with each segment turned by its days of ``turn`` (S,), both alike."""
    start, length = nights.segment_start, nights.segment_length
    place = np.arange(start.size) - start
    by = turn[np.cumsum(place == 0) - 1]
    source = start + (place + by) % length
    return nights.residual[source], nights.recent[source]


def random_turns(nights: Nights, rng: np.random.Generator) -> np.ndarray:
    """(S,) a number of days for each segment, all equally likely."""
    first = nights.segment_start == np.arange(nights.segment_start.size)
    return np.asarray(rng.integers(nights.segment_length[first]))


def eventful(nights: Nights) -> Nights:
    """The nights of those homes and periods in which anybody is recent: the others add 0 however they are turned."""
    where = nights.home * nights.days + nights.first_of_period
    keep = np.bincount(where, nights.recent)[where] > 0
    starts = np.append(True, np.diff(nights.segment_start[keep]) != 0)
    held = {name: getattr(nights, name)[keep] for name in PER_NIGHT}
    at = np.flatnonzero(starts)
    return replace(nights, **held | {"segment_start": at[np.cumsum(starts) - 1]})


class Seats:
    """Recency by home, day and seat, so that a home's residents can be set opposite another home's peers.

    A child in seat s meets all of the other home but the one in its seat s, if there is one.
    """

    def __init__(self, nights: Nights) -> None:
        self.nights = nights
        self.width = int(nights.seat.max(initial=0)) + 1
        cells = nights.homes * nights.days
        self.total = np.bincount(nights.cell, nights.recent, cells)
        self.by_seat = np.bincount(nights.cell * self.width + nights.seat, nights.recent, cells * self.width)

    def score(self, partner: np.ndarray) -> float:
        """The statistic with the residents of ``partner[h]`` as peers of those of home h."""
        nights = self.nights
        cell = partner[nights.home] * nights.days + nights.day
        met = self.total[cell] - self.by_seat[cell * self.width + nights.seat]
        return float(nights.residual[met > 0].sum())


def nights_of(bench: Bench) -> Nights:
    """Resident-days with the residuals of the fit without peers, made once a bench."""
    return bench.once("nights", lambda: _nights_of(bench))


def _nights_of(bench: Bench) -> Nights:
    formula = model_terms(bench.plan, WITHOUT_PEERS[bench.model]) + " + no_peers + peers_unseen"
    found = bench.fit_rows(bench.rows(), formula, "", bench.plan, model=WITHOUT_PEERS[bench.model])
    by_day = bench.rows(by_day=True)
    conditional = bench.plan.frame.initial == "conditional"
    risk = bench.risk()
    expected = expected_by_day(found, build_design(by_day, formula, conditional=conditional))
    child = np.searchsorted(risk.child_ids, by_day.child_ids)[by_day.frame["child"].to_numpy()]
    residual = np.zeros(risk.residence.shape)
    counted = ~by_day.frame["before_window"].to_numpy(dtype=bool)
    residual[child, by_day.frame["day"]] = counted * (by_day.frame["onsets"].to_numpy() - expected)
    return nights(bench.peers(), residual, window_days=bench.plan.exposure.window_days)


def nights(risk: RiskSet, residual: Array, *, window_days: int) -> Nights:
    """Resident-days of a risk set with residuals (C, D)."""
    child, day = np.nonzero(risk.residence != NO_HOME)
    home = risk.residence[child, day].astype(np.int64)
    recent = any_onset(risk.onset_anywhere, first_lag=1, last_lag=window_days)[child, day]
    days = np.arange(risk.days)
    period = 2 * (days // risk.period_days) + ~risk.before_window
    begins_on = np.searchsorted(period, period)
    key = np.column_stack([child, home, period[day]])
    begins = np.append(True, (key[1:] != key[:-1]).any(axis=1))
    starts = np.flatnonzero(begins)
    segment = np.cumsum(begins) - 1
    return Nights(
        home=home,
        day=day,
        residual=residual[child, day],
        recent=recent,
        segment_start=starts[segment],
        segment_length=np.diff(np.append(starts, child.size))[segment],
        first_of_period=begins_on[day],
        seat=_rank(home * risk.days + day),
        homes=len(risk.home_ids),
        days=risk.days,
    )


def expected_by_day(found: Fit, days: Design) -> Array:
    """(R,) expected onsets of the rows of ``days`` at the posterior means of the fit and, given them, of frailties."""
    p = found.parameters
    middle = replace(
        p[:1],
        intercept=p.intercept.mean(keepdims=True),
        coefficients={name: values.mean(keepdims=True) for name, values in p.coefficients.items()},
        home=p.home.mean(axis=0, keepdims=True),
        home_period=p.home_period.mean(axis=0, keepdims=True),
        child_ids=(),
        frailty=np.ones((1, 0)),
        sigma_home=p.sigma_home.mean(keepdims=True),
        sigma_period=p.sigma_period.mean(keepdims=True),
        frailty_shape=np.exp(np.log(p.frailty_shape).mean(keepdims=True)),
        further={name: values.mean(keepdims=True) for name, values in p.further.items()},
    )
    # the means are exact whatever the law; what is drawn beside them is not used
    _, _, frailty = log_density_and_frailty(days, middle, np.random.default_rng(0))
    return np.asarray(days.days_at_risk * np.exp(days.log_rate(middle)[0]) * frailty[0][days.child])


def _rank(group: np.ndarray) -> np.ndarray:
    """(N,) position of each item among those of its group, in the order given."""
    order = np.argsort(group, kind="stable")
    held = group[order]
    first = np.flatnonzero(np.append(True, held[1:] != held[:-1]))
    start = np.repeat(first, np.diff(np.append(first, group.size)))
    rank = np.empty(group.size, dtype=np.int64)
    rank[order] = np.arange(group.size) - start
    return rank


def _line(bench: Bench, check: str, line: str, observed: float, drawn: list[float]) -> Line:
    """Supported where a p-value this small has the chance that the plan's rule allows a false claim."""
    if not np.isfinite([observed, *drawn]).all():
        return Line(check=check, line=line, kind="influence", remark="the fit without peers has no finite expectation")
    p = p_value(observed, drawn)
    says = p <= 1 - bench.rule.supported_probability + 1e-12
    remark = f"score {observed:.1f}, {len(drawn)} rearrangements {np.mean(drawn):.1f} on average"
    if bench.exposure != "peer_presence":
        remark += f"; of any recent peer in the home against none, not of the plan’s {bench.exposure}"
    if bench.plan.exposure.witnessed:
        remark += "; peers are those who live there now"
    return Line(
        check=check,
        line=line,
        kind="influence",
        p_value=p,
        says=says,
        verdict=SUPPORTED if says else CANNOT_SAY,
        remark=remark,
    )

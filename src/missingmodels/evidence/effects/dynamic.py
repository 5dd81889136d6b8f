"""The dynamic attributable fraction: a prevented episode prevents what it would have caused. Specification, section 6.

The days are lived again from the first day of the window, within the observed residence and staffing, with u, v, w at
their draws (or truth): own history, peers' recency and absences follow from the episodes drawn. How long an episode
lasts is drawn from those observed, whoever's they were. This is the one door through which evidence sees the
simulator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from missingmodels.errors import CannotAnswer
from missingmodels.evidence.cells import behind_timing
from missingmodels.evidence.decisions import summarise
from missingmodels.evidence.figures import figure_data
from missingmodels.evidence.parts import Row
from missingmodels.evidence.timing import Places, timing
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.frame.forward import OWN, ForwardDays, forward_days
from missingmodels.frame.riskset import RiskSet
from missingmodels.parameters import Array, Parameters
from missingmodels.plan import COUNTED, Plan
from missingmodels.simulate.chance import COMPILED, key_of
from missingmodels.simulate.days.forward import OWN_STATES, Days, live_again, no_past
from missingmodels.tables import Tables

if TYPE_CHECKING:
    from missingmodels.fitting.fit import Fit

DRAWS = 400  # of the posterior, evenly thinned
AT_REST = 50  # of those, that order the days by the rate expected there
# Chance within a draw adds to the posterior's spread. So many resident-days of each draw kept it below 1 % of the
# variance in worlds of 40 and 200 homes.
RUN_DAYS = 100_000
LEAST_RUNS = 2


@dataclass(frozen=True, kw_only=True)
class _Dynamic:
    """The dynamic attributable fraction at S draws.

    Attributes
    ----------
    fraction : (S,) 1 - E[episodes | peer exposure held at 0] / E[episodes]
    error : (S,) its Monte Carlo error, from ``runs`` runs of each draw
    episodes, without : (S,) expected episodes of the window as it is, and with the exposure held at 0
    """

    fraction: Array
    error: Array
    episodes: Array
    without: Array
    runs: int


@one_blas_thread
def dynamic_attributable_fraction(
    parameters: Parameters,
    days: ForwardDays,
    *,
    seed: int,
    runs: int | None = None,
    watch: Callable[[np.ndarray], None] | None = None,
) -> _Dynamic:
    """The fraction at every draw of the parameters; truth and posterior draws take the same road.

    ``runs`` of each draw; left out, so many that small data have a small Monte Carlo error too. ``watch`` is shown the
    onsets (N,) that each draw makes in its first run, in one array that the next draw overwrites.
    """
    runs = max(LEAST_RUNS, -(-RUN_DAYS // max(days.child.size, 1))) if runs is None else runs
    expected = np.empty((parameters.draws, runs, 2))
    arrays, past = _arrays(days), no_past(days.children, _most_seen(days) if days.witnessed else 0)
    made, done = np.zeros(0 if watch is None else days.child.size, dtype=np.bool_), 0
    for _, block in parameters.blocks(2 * OWN_STATES * days.design.child.size):
        log_rate, slope = _rates(block, days)
        with np.errstate(over="ignore"):
            chance = -np.expm1(-np.exp(log_rate))
        for s in range(block.draws):
            keys = np.array(
                [[key_of(seed, "dynamic", what, done, run) for what in ("onset", "away")] for run in range(runs)],
                dtype=np.uint64,
            )
            live_again(arrays, log_rate[s], slope[s], chance[s], keys, past, expected[done], made)
            if watch is not None:
                watch(made)
            done += 1
    return _summary(expected)


@dataclass(frozen=True, kw_only=True)
class LivedAgain:
    """What living the window again says of one fit: rows, why there are none, and what the page shows of timing."""

    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    timing: Mapping[str, Any] | None = None


def lived_again(fit: Fit, tables: Tables, risk: RiskSet, plan: Plan, *, seed: int) -> LivedAgain:
    """The dynamic fraction of one fit with peers, and when its onsets come; where neither can be had, why."""
    if not COMPILED:
        return LivedAgain(notes=("no dynamic attributable fraction: without numba it would take hours",))
    try:
        days = forward_days(tables, risk, plan, model=fit.model, exposure=fit.exposure)
    except CannotAnswer as error:
        return LivedAgain(notes=(f"no dynamic attributable fraction in {fit.model} ({fit.exposure}): {error.what}",))
    parameters, replicated = fit.parameters.thinned(DRAWS), []
    places = Places.of(days, risk, _of_columns(parameters, days))

    def watch(onset: np.ndarray) -> None:
        replicated.append(places.statistics(onset))

    found = dynamic_attributable_fraction(parameters, days, seed=seed, watch=watch)
    row = summarise(
        found.fraction,
        hypothesis="H1",
        fit=fit,
        estimand="attributable_fraction_dynamic",
        name=fit.exposure,
        label="share of episodes attributable to peers' recent episodes, and to what those led to",
        rule=plan.decision,
        null=0.0,
    )
    of_chance = found.fraction.std(ddof=1) / np.sqrt(found.fraction.size)  # of draws, and of chance within each
    remark = f"Monte Carlo error {of_chance:.1%}, {found.fraction.size} draws lived again {found.runs} times each"
    parts = timing(
        places,
        risk.onset[places.child, places.day],
        np.array(replicated),
        lambda made: figure_data.bands(made, plan.decision),
    )
    behind = behind_timing(places, risk.onset[places.child, places.day])
    told = {"parts": parts, "model": fit.model, "exposure": fit.exposure, "behind": behind}
    return LivedAgain(rows=(replace(row, remark=remark),), timing=told)


def _of_columns(parameters: Parameters, days: ForwardDays) -> Array:
    """(R,) posterior mean of the rate at each spell of a middle child in a middle home, without any recent onset."""
    some = parameters.thinned(AT_REST)
    alike = replace(some.at_homes(()), child_ids=some.child_ids, frailty=np.ones_like(some.frailty), effects={})
    total = np.zeros(days.design.child.size)
    for _, block in alike.blocks(2 * OWN_STATES * days.design.child.size):
        log_rate, _ = _rates(block, days)
        total += np.exp(np.minimum(log_rate[:, 0], 700.0)).sum(axis=0)
    return total / alike.draws


def _summary(expected: Array) -> _Dynamic:
    """Of (S, K, 2) expected episodes; the error of a ratio of means by the delta method."""
    runs = expected.shape[1]
    mean = expected.mean(axis=1)
    ratio = np.divide(mean[:, 1], mean[:, 0], out=np.ones(mean.shape[0]), where=mean[:, 0] > 0)
    residual = expected[:, :, 1] - ratio[:, None] * expected[:, :, 0]
    spread = residual.std(axis=1, ddof=1) if runs > 1 else np.full(mean.shape[0], np.nan)
    error = np.divide(spread / np.sqrt(runs), mean[:, 0], out=np.zeros(mean.shape[0]), where=mean[:, 0] > 0)
    return _Dynamic(fraction=1 - ratio, error=error, episodes=mean[:, 0], without=mean[:, 1], runs=runs)


def _rates(block: Parameters, days: ForwardDays) -> tuple[Array, Array]:
    """(S, 4, R) log intensity by own state and spell, frailty included, and what a unit of exposure adds to it."""
    design = days.design
    shape = (block.draws, OWN_STATES, design.child.size)
    log_rate, slope = np.empty(shape), np.empty(shape)
    with np.errstate(divide="ignore"):
        known = design.log_rate(block) + np.log(block.frailty_of(design.child_ids))[:, design.child]
    for second, first in product((0, 1), repeat=2):
        own = {name: float(value) for name, value in zip(OWN, (first, second), strict=True) if name in design.names}
        without, beside = (design.change(block, own | {days.exposure: value}) for value in (0.0, 1.0))
        state = first + 2 * second
        log_rate[:, state] = known + without
        slope[:, state] = beside - without
    return log_rate, slope


def _arrays(days: ForwardDays) -> Days:
    return Days(
        window=days.window_days,
        witnessed=days.witnessed,
        kind=COUNTED.index(days.exposure),
        from_day=days.from_day,
        count_from=days.count_from,
        first=days.first,
        child=days.child,
        home=days.home,
        spell=days.spell,
        risk=days.risk,
        others=days.others,
        away=days.days_away,
        fixed_first=days.fixed_first,
        fixed_child=days.fixed_child,
        fixed_place=days.fixed_place,
    )


def _most_seen(days: ForwardDays) -> int:
    """Pairs of children who ever live in one home, each either way: nobody can see more leave."""
    here = np.unique(days.home.astype(np.int64) * days.children + days.child) // days.children
    number = np.bincount(here)
    return int((number * (number - 1)).sum())

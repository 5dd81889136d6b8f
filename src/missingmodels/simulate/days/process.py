"""One day of onsets, for every resident of every home, from what was known when the day began. Compiled loops."""

from __future__ import annotations

import numpy as np

from missingmodels.simulate.chance import compiled, draw
from missingmodels.simulate.days.episodes import begin_episode
from missingmodels.simulate.days.flow import EMPTY
from missingmodels.simulate.days.intensity import log_rate_of
from missingmodels.simulate.days.links import tie_strength
from missingmodels.simulate.days.witness import see, see_fading


@compiled
def risk_day(day, beds, children, homes, state, past, links, settings, rules, effects, episodes, log, out, begins):
    """Draw one day's onsets in every home. ``out`` (as ``LOGGED``) and ``begins`` (one a bed) are room.

    Nobody's onset is remembered before all homes are drawn: along ties beyond the home it would act on its own day.
    """
    t = day // settings.period + settings.lead_periods
    for home in range(beds.first_bed.size - 1):
        first, last = beds.first_bed[home], beds.first_bed[home + 1]
        residents, need = 0, 0.0
        for bed in range(first, last):
            begins[bed] = 0
            if state.occupant[bed] != EMPTY:
                residents += 1
                need += children.need[state.occupant[bed]]
        if residents == 0:
            continue
        conflict = 0.0
        if settings.further:
            for lag in range(1, 4):
                if draw(settings.conflict_key, home, day - lag) < settings.conflict_chance:
                    conflict = 1.0
        for bed in range(first, last):
            child = state.occupant[bed]
            if child == EMPTY:
                continue
            mix = (need - children.need[child]) / (residents - 1) if residents > 1 else np.nan
            out[:] = 0.0
            rate = log_rate_of(
                bed, home, day, t, conflict, mix, beds, children, homes, state, past, links, settings, effects, out
            )  # fmt: skip
            risk = 0.0 if past.back[child] > day else (0.5 if past.back[child] == day else 1.0)
            out[0] = risk
            chance = draw(settings.onset_key, state.number[child], day)
            if chance < -np.expm1(-risk * np.exp(rate)):
                begins[bed] = 1
            row = log.rows[0]
            if day >= 0 and row < log.child.size:
                log.child[row] = child
                log.day[row] = day
                for k in range(log.columns.size):
                    log.values[row, k] = out[log.columns[k]]
                log.rows[0] = row + 1
        if settings.joint_share > 0.0:
            _leave_together(home, day, begins, beds, state, past, settings)
    for bed in range(beds.bed_home.size):
        if begins[bed]:
            if settings.witnessed:
                _seen(bed, day, beds, state, past, settings)
            begin_episode(
                bed, beds.bed_home[bed], day, begins[bed] - 1, children, homes, state, past, settings, rules, episodes
            )


@compiled
def _seen(bed, day, beds, state, past, settings):
    """The others of the home see the child in ``bed`` leave today, and remember what it was among those there."""
    home = beds.bed_home[bed]
    first, last = beds.first_bed[home], beds.first_bed[home + 1]
    others = -1
    for other in range(first, last):
        others += state.occupant[other] != EMPTY
    for other in range(first, last):
        if other == bed or state.occupant[other] == EMPTY:
            continue
        child, tie = state.occupant[other], 0.0
        if settings.networked:
            total = 0.0
            for third in range(first, last):
                if third != other and state.occupant[third] != EMPTY:
                    total += tie_strength(other, third, day, state, settings)
            tie = tie_strength(other, bed, day, state, settings) / total
        see(child, state.occupant[bed], day, 1.0 / others, tie, past.witness)
        if settings.kernelled:
            see_fading(child, day, settings.kernel_days, past.witness)


@compiled
def _leave_together(home, day, begins, beds, state, past, settings):
    """Residents at risk may go along with one who leaves, by the strength of their tie; ``begins`` is 2 for them."""
    first, last = beds.first_bed[home], beds.first_bed[home + 1]
    for bed in range(first, last):
        if begins[bed] != 1:
            continue
        for other in range(first, last):
            if begins[other] or state.occupant[other] == EMPTY or past.back[state.occupant[other]] >= day:
                continue
            a, b = state.occupant[bed], state.occupant[other]
            tie = min(1.0, tie_strength(bed, other, day, state, settings))
            if draw(settings.joint_key, state.number[a], 100_000 * state.number[b] + day) < settings.joint_share * tie:
                begins[other] = 2

"""The loops over days: the flow of children alone, and the days lived. Compiled."""

from __future__ import annotations

from missingmodels.simulate.chance import compiled
from missingmodels.simulate.days.flow import EMPTY, flow_day
from missingmodels.simulate.days.intensity import trusts, worker_changed
from missingmodels.simulate.days.links import locate, part_and_locate
from missingmodels.simulate.days.process import risk_day


@compiled
def settle(first, last, period, beds, pool, rules, state, record, days, mix):
    """The flow alone, and counts of residents from day 0 on."""
    for day in range(first, last):
        flow_day(day, beds, pool, rules, state, record)
        if day >= 0:
            _count_residents(day // period, beds, pool, state, days, mix)


@compiled
def _count_residents(t, beds, pool, state, days, mix):
    """Add a day to resident-days by home and period, and to the mean need of the others in each home."""
    for home in range(beds.first_bed.size - 1):
        residents, need = 0, 0.0
        for bed in range(beds.first_bed[home], beds.first_bed[home + 1]):
            if state.occupant[bed] != EMPTY:
                residents += 1
                need += pool.need[state.occupant[bed]]
        days[home, t] += residents
        if residents > 1:
            # each resident's mean of the others, summed over residents, is the sum of needs
            mix[home, 0] += need
            mix[home, 1] += residents


@compiled
def live(
    start, first, last, beds, pool, rules, state, record, children, homes, past, links, settings, effects, episodes,
    log, out, begins, days, mix,
):  # fmt: skip
    """Every day from ``start``: beds change hands, and from ``first`` on onsets are drawn."""
    for day in range(start, last):
        if settings.outside:
            part_and_locate(day, beds, state, links, settings)
        flow_day(day, beds, pool, rules, state, record)
        if settings.outside:
            locate(beds, state, links)
        if day < first:
            if settings.further:
                _settle_in(day, beds, homes, state, past, settings)
        else:
            risk_day(
                day, beds, children, homes, state, past, links, settings, rules, effects, episodes, log, out, begins
            )
            if day >= 0:
                _count_residents(day // settings.period, beds, pool, state, days, mix)


@compiled
def _settle_in(day, beds, homes, state, past, settings):
    """Before the process starts: trust grows and social workers change, so that neither starts from nothing."""
    for bed in range(beds.bed_home.size):
        child = state.occupant[bed]
        if child != EMPTY:
            trusts(child, beds.bed_home[bed], day, homes, state, past, settings)
            worker_changed(child, day, state, past, settings)

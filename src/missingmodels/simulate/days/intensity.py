"""The intensity of one resident on one day: the specification's sections 2 to 4, and the further mechanisms of a
scenario. Compiled functions over plain arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from missingmodels.simulate.chance import compiled, draw
from missingmodels.simulate.days.episodes import AFTER_DAYS, CHANGE_DAYS
from missingmodels.simulate.days.flow import EMPTY
from missingmodels.simulate.days.links import outside_exposure, tie_strength
from missingmodels.simulate.days.witness import Witness, no_witness, recent_peers

NEVER = -1_000_000

# What a day of a resident may be logged with, in the order of the log's columns.
LOGGED = (
    "days_at_risk",
    "peer_presence",
    "peer_count",
    "peer_density",
    "peer_network",
    "no_peers",
    "peer_kernel",
    "outside_presence",
    "outside_network",
    "new_admission_7d",
    "concurrent_missing",
    "conflict_3d",
    "trusted_adult",
    "poorly_matched",
    "social_worker_change",
    "disengaged_on_shift",
    "inexperienced_on_shift",
    "interview",
    "sanction",
    "log_rate",
    "untrained_on_shift",
)


class Homes(NamedTuple):
    """By home and period, and by home and day.

    ``slow`` (H, T) log rate of all that changes with periods only, and ``contagion`` (H, T) log rate ratio per unit of
    exposure, both with the periods before the observed span first; ``shock`` (H, D) or (0, 0); ``mix_mean`` (H,) mean
    need of the others; ``on_shift``, ``uneasy``, ``fresh``, ``untrained`` (H, D); ``first_post`` (H + 1,); ``offered``
    (H,) chance of an interview; ``away`` (H,) log factor on hours; ``summer`` (D,) 1 from June to August; ``area`` (H,)
    and ``first_home`` (areas + 1,).
    """

    slow: np.ndarray
    contagion: np.ndarray
    shock: np.ndarray
    mix_mean: np.ndarray
    on_shift: np.ndarray
    uneasy: np.ndarray
    fresh: np.ndarray
    untrained: np.ndarray
    first_post: np.ndarray
    first_spell: np.ndarray
    spell_end: np.ndarray
    offered: np.ndarray
    away: np.ndarray
    summer: np.ndarray
    area: np.ndarray
    first_home: np.ndarray


class Children(NamedTuple):
    """By child of the pool: ``fixed`` log rate (frailty included), covariates that act by interaction, and traits."""

    fixed: np.ndarray
    need: np.ndarray
    exploited: np.ndarray
    out_of_school: np.ndarray
    family: np.ndarray
    emergency: np.ndarray
    outside_area: np.ndarray


class _Past(NamedTuple):
    """What has happened to each child of the pool so far."""

    last: np.ndarray
    history: np.ndarray
    history_day: np.ndarray
    back: np.ndarray
    kernel: np.ndarray
    kernel_day: np.ndarray
    shared: np.ndarray
    holder: np.ndarray
    trusted: np.ndarray
    episodes: np.ndarray
    counted: np.ndarray
    counted_from: np.ndarray
    back_hour: np.ndarray
    helped_until: np.ndarray
    last_episode: np.ndarray
    helped: np.ndarray
    sanction_until: np.ndarray
    change_last: np.ndarray
    change_next: np.ndarray
    changes: np.ndarray
    witness: Witness


def no_past(children: int, room: int = 0) -> _Past:
    """A past in which nothing has happened, with room for so many children seen to leave lately."""
    names = (name for name in _Past._fields if name != "witness")
    whole: dict[str, np.ndarray] = {name: np.zeros(children, dtype=np.int64) for name in names}
    whole |= {
        name: np.full(children, NEVER)
        for name in ("last", "back", "helped_until", "sanction_until", "kernel_day", "last_episode")
    }
    whole |= {name: np.full(children, NEVER) for name in ("change_last", "change_next", "holder", "counted_from")}
    whole |= {
        "history": np.zeros(children, dtype=np.uint64),
        "kernel": np.zeros(children),
        **{name: np.zeros(children) for name in ("helped", "trusted", "back_hour")},
    }
    return _Past(**whole, witness=no_witness(children, room))


@compiled
def _recent_history(child, day, past):
    """Bits of the onsets on the days before ``day``: bit 0 is the day before."""
    lag = day - past.history_day[child]
    if lag > 0:
        past.history[child] = past.history[child] << np.uint64(lag) if lag < 64 else np.uint64(0)
        past.history_day[child] = day
    return past.history[child]


@compiled
def _episodes_before(start, child, past):
    """The child's onsets before the period from ``start``: asked on each of its days at risk, so before any of it."""
    if past.counted_from[child] != start:
        past.counted_from[child] = start
        past.counted[child] = past.episodes[child]
    return past.counted[child]


@compiled
def trusts(child, home, day, homes, state, past, settings):
    """Whether the child trusts an adult of the home, for shifts shared with the holder of one post who still stays.

    Counts today's shift too, for tomorrow.
    """
    posts = homes.first_post[home + 1] - homes.first_post[home]
    number = state.number[child]
    turn = int(draw(settings.key_person_key, number, home) * posts)
    post = homes.first_post[home] + turn
    spell = past.holder[child]
    if spell < homes.first_spell[post] or spell >= homes.first_spell[post + 1]:
        spell, past.shared[child] = homes.first_spell[post], 0
    while spell < homes.first_spell[post + 1] - 1 and homes.spell_end[spell] <= day:
        spell += 1
        past.shared[child] = 0
    past.holder[child] = spell
    order = spell - homes.first_spell[post]
    stands = past.shared[child] >= settings.trust_after and (
        draw(settings.trust_key, number, 4096 * post + order) < settings.trust_share
    )
    if past.back[child] <= day:  # nobody shares a shift with a child who is missing
        column = day - settings.first_column
        if column >= 0:
            past.shared[child] += np.int64((homes.on_shift[home, column] >> np.uint64(turn)) & np.uint64(1))
        elif draw(settings.settling_key, number, day) < settings.shift_share:
            past.shared[child] += 1
    past.trusted[child] = 1.0 if stands and homes.spell_end[spell] > day else 0.0
    return past.trusted[child]


@compiled
def worker_changed(child, day, state, past, settings):
    """Whether the child's social worker changed on one of the days before; changes come at a constant rate."""
    if settings.change_rate <= 0.0:
        return 0.0
    number = state.number[child]
    while past.change_next[child] < day:  # one of today is known tomorrow
        if past.change_next[child] != NEVER:
            past.change_last[child] = past.change_next[child]
        since = past.change_last[child] if past.change_last[child] != NEVER else day
        wait = -np.log(draw(settings.change_key, number, past.changes[child])) / settings.change_rate
        past.changes[child] += 1
        past.change_next[child] = since + 1 + np.int64(wait)
    return 1.0 if past.change_last[child] >= day - CHANGE_DAYS else 0.0


@compiled
def _peers_of(bed, home, day, beds, state, past, settings, out):
    """Exposures of the child in ``bed`` to the others of the home, and the mean need of those, into ``out``."""
    child = state.occupant[bed]
    others, recent, away, arrived = 0, 0, 0, 0
    reached, weight, kernel = 0.0, 0.0, 0.0
    for other_bed in range(beds.first_bed[home], beds.first_bed[home + 1]):
        other = state.occupant[other_bed]
        if other == EMPTY or other_bed == bed:
            continue
        others += 1
        away += past.back[other] >= day  # missing as the day begins, even if back in the course of it
        arrived += day - state.start[other_bed] < 7
        if settings.witnessed:
            continue
        is_recent = past.last[other] >= day - settings.window
        recent += is_recent
        if settings.networked:
            strength = tie_strength(bed, other_bed, day, state, settings)
            weight += strength
            reached += strength * is_recent
        if settings.kernelled:
            kernel += past.kernel[other] * np.exp((past.kernel_day[other] - day) / settings.kernel_days)
    share = recent / others if others > 0 else 0.0
    network = reached / weight if weight > 0 else 0.0
    if settings.witnessed:
        recent, share, network = recent_peers(child, day, settings.window, past.witness)
        if settings.kernelled:
            since = past.witness.kernel_day[child] - day
            kernel = past.witness.kernel[child] * np.exp(since / settings.kernel_days)
    out[1] = 1.0 if recent > 0 else 0.0
    out[2] = recent
    out[3] = share
    out[4] = network
    out[5] = 1.0 if others == 0 else 0.0
    out[6] = kernel
    out[9] = 1.0 if arrived > 0 else 0.0
    out[10] = 1.0 if away > 0 else 0.0


@compiled
def log_rate_of(bed, home, day, t, conflict, mix, beds, children, homes, state, past, links, settings, effects, out):
    """Log intensity of the child in ``bed``; fills ``out`` with the day's exposures."""
    child = state.occupant[bed]
    _peers_of(bed, home, day, beds, state, past, settings, out)
    history = _recent_history(child, day, past)
    since, start = day - state.start[bed], day // settings.period * settings.period
    total = children.fixed[child] + homes.slow[home, t]
    total += effects.age * (start - state.birth[child]) / 365.25
    if history & np.uint64(0x7F):
        total += effects.own_1_7
    if history & np.uint64(0x0FFFFF80):
        total += effects.own_8_28
    if since < 7:
        total += effects.arrival_0_6
    elif since < 28:
        total += effects.arrival_7_27
    elif since < 90:
        total += effects.arrival_28_89
    total += effects.mix_between * homes.mix_mean[home]
    if mix == mix:
        total += effects.mix_within * (mix - homes.mix_mean[home])
    total += homes.contagion[home, t] * out[settings.acting]
    if settings.outside:
        outside_exposure(bed, home, day, beds, children, homes, state, past, links, settings, out)
        total += effects.outside * out[8]
    if homes.shock.size:
        total += homes.shock[home, day - settings.first_day]
    if settings.further:
        total += _further(bed, home, day, conflict, children, homes, state, past, settings, effects, out)
    out[19] = total
    return total


@compiled
def _further(bed, home, day, conflict, children, homes, state, past, settings, effects, out):
    """The mechanisms beyond the default model that change from day to day."""
    child = state.occupant[bed]
    number, column = state.number[child], day - settings.first_column
    weekday = (day + settings.weekday) % 7
    well = settings.matched_emergency if children.emergency[child] else settings.matched_planned
    out[11] = conflict
    out[12] = trusts(child, home, day, homes, state, past, settings)
    out[13] = 1.0 if draw(settings.match_key, number, state.stays[child]) >= well else 0.0
    out[14] = worker_changed(child, day, state, past, settings)
    out[15] = homes.uneasy[home, column]
    out[16] = homes.fresh[home, column]
    out[20] = homes.untrained[home, column]
    out[17] = past.helped[child] if past.helped_until[child] - AFTER_DAYS < day <= past.helped_until[child] else 0.0
    out[18] = 1.0 if past.sanction_until[child] - AFTER_DAYS < day <= past.sanction_until[child] else 0.0
    total = effects.new_admission_7d * out[9] + effects.concurrent_missing * out[10] + effects.conflict_3d * out[11]
    total += effects.trusted_adult * out[12] + effects.poorly_matched * out[13]
    total += effects.social_worker_change * out[14]
    total += effects.disengaged_on_shift * out[15] + effects.inexperienced_on_shift * out[16]
    total += effects.untrained_on_shift * out[20]
    total += effects.interview * out[17] + effects.sanction * out[18]
    total += effects.unmet_need_pull * children.exploited[child] * (1.0 - out[12])
    start = day // settings.period * settings.period
    total += effects.past_episodes * np.log(1.0 + _episodes_before(start, child, past))
    if weekday < 5:
        total += effects.not_in_education * children.out_of_school[child]
    if weekday == 4 or weekday == 5:
        total += effects.weekend
    total += effects.trend * day / 365.25
    if homes.summer[day - settings.first_day]:
        total += effects.summer
    return total

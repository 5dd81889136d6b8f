"""Ties in the loops: affinity of a pair, growth with time together, fading after parting, area and school."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from missingmodels.simulate.chance import compiled, draw
from missingmodels.simulate.days.flow import EMPTY
from missingmodels.simulate.days.witness import is_recent_peer

FAINT = 0.02  # a weaker link counts as none


class _Links(NamedTuple):
    """Links between children who have parted: one list for each child, chained by ``following``.

    ``whereabouts`` (N,) today's home of each child, -1 for none; ``head`` (N,), others
    (capacity,); ``used`` (1,). ``strength`` holds on ``day``, that of parting, and fades from the next period on.
    """

    whereabouts: np.ndarray
    head: np.ndarray
    following: np.ndarray
    to: np.ndarray
    day: np.ndarray
    strength: np.ndarray
    used: np.ndarray


def no_links(children: int, capacity: int) -> _Links:
    """No child has parted from any other."""
    return _Links(
        np.full(children, -1),
        np.full(children, -1),
        np.full(capacity, -1),
        np.zeros(capacity, dtype=np.int64),
        np.zeros(capacity, dtype=np.int64),
        np.zeros(capacity),
        np.zeros(1, dtype=np.int64),
    )


@compiled
def _affinity(a, b, settings):
    """How well two children take to each other: log-logistic, median 1, the same either way."""
    low, high = min(a, b), max(a, b)
    chance = draw(settings.affinity_key, low, high)
    return np.exp(settings.affinity_scale * np.log(chance / (1.0 - chance)))


@compiled
def _grown(days_together, settings):
    """Share of its last strength that a tie has after so many days together."""
    if days_together <= 0:
        return settings.tie_first
    return settings.tie_first + (1.0 - settings.tie_first) * (1.0 - np.exp(-days_together / settings.tie_growth))


@compiled
def tie_strength(bed, other_bed, day, state, settings):
    """Strength today of the tie between the children of two beds of one home."""
    together = day // settings.period * settings.period - max(state.start[bed], state.start[other_bed])
    strength = _affinity(state.number[state.occupant[bed]], state.number[state.occupant[other_bed]], settings)
    return strength * _grown(together, settings)


@compiled
def part(bed, home, day, beds, state, links, settings):
    """Before the child in ``bed`` moves away: links to all who stay behind."""
    child = state.occupant[bed]
    for other_bed in range(beds.first_bed[home], beds.first_bed[home + 1]):
        other = state.occupant[other_bed]
        if other == EMPTY or other_bed == bed:
            continue
        strength = tie_strength(bed, other_bed, day, state, settings)
        _link(child, other, day, strength, links)
        _link(other, child, day, strength, links)


@compiled
def part_and_locate(day, beds, state, links, settings):
    """In the morning, before beds change hands: link those whose stay ends to those who stay behind."""
    for bed in range(beds.bed_home.size):
        if state.occupant[bed] != EMPTY:
            home = beds.bed_home[bed]
            if state.end[bed] <= day or day >= beds.closed[home]:
                part(bed, home, day, beds, state, links, settings)
                links.whereabouts[state.occupant[bed]] = -1


@compiled
def locate(beds, state, links):
    """Note in which home each resident lives today."""
    for bed in range(beds.bed_home.size):
        if state.occupant[bed] != EMPTY:
            links.whereabouts[state.occupant[bed]] = beds.bed_home[bed]


@compiled
def _link(a, b, day, strength, links):
    """Put b on a's list, in the place of an earlier parting of the two."""
    place = links.head[a]
    while place >= 0 and links.to[place] != b:
        place = links.following[place]
    if place < 0:
        if links.used[0] >= links.to.size:
            return
        place = links.used[0]
        links.used[0] = place + 1
        links.following[place] = links.head[a]
        links.to[place] = b
        links.head[a] = place
    links.day[place] = day
    links.strength[place] = strength


@compiled
def outside_exposure(bed, home, day, beds, children, homes, state, past, links, settings, out):
    """Exposure along ties beyond the home, into ``out``: any recent, and recent share of the strength."""
    child = state.occupant[bed]
    start = day // settings.period * settings.period
    reached, weight, recent = 0.0, 0.0, 0
    place, before = links.head[child], -1
    while place >= 0:
        other = links.to[place]
        faded = links.strength[place] * np.exp(-max(start - links.day[place], 0) / settings.tie_decay)
        if faded < FAINT:  # for good: off the list, so that lists do not grow with the years
            if before < 0:
                links.head[child] = links.following[place]
            else:
                links.following[before] = links.following[place]
            place = links.following[place]
            continue
        where = links.whereabouts[other]
        if where >= 0 and where != home:
            is_recent = _outside_recent(child, other, day, past, settings)
            weight += faded
            reached += faded * is_recent
            recent += is_recent
        before, place = place, links.following[place]
    if settings.school_share > 0.0 or settings.area_share > 0.0:
        area = homes.area[home]
        for other_home in range(homes.first_home[area], homes.first_home[area + 1]):
            if other_home == home:
                continue
            for other_bed in range(beds.first_bed[other_home], beds.first_bed[other_home + 1]):
                other = state.occupant[other_bed]
                if other == EMPTY:
                    continue
                strength = _area_strength(child, other, children, state, settings)
                if strength > 0.0:
                    is_recent = _outside_recent(child, other, day, past, settings)
                    weight += strength
                    reached += strength * is_recent
                    recent += is_recent
    out[7] = 1.0 if recent > 0 else 0.0
    out[8] = reached / weight if weight > 0.0 else 0.0


@compiled
def _outside_recent(child, other, day, past, settings):
    """Whether a child who lives elsewhere had an onset in the window, and is no recent peer already."""
    if past.last[other] < day - settings.window:
        return False
    return not (settings.witnessed and is_recent_peer(child, other, day, settings.window, past.witness))


@compiled
def _area_strength(a, b, children, state, settings):
    """Strength of the tie of two children who live near each other: by school, else by area, else 0."""
    low, high = min(state.number[a], state.number[b]), max(state.number[a], state.number[b])
    learning = children.out_of_school[a] == 0 and children.out_of_school[b] == 0
    if learning and draw(settings.area_key, low, high) < settings.school_share:
        return settings.school_strength
    return settings.area_strength if draw(settings.near_key, low, high) < settings.area_share else 0.0

"""What an episode is once it has begun: hours away, return, reception, interview. Compiled, keyed by child and day."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from missingmodels.simulate.chance import compiled, draw, draw_normal
from missingmodels.simulate.days.flow import EPISODES

NEVER = -1_000_000
AFTER_DAYS = 28
CHANGE_DAYS = 182
JOINT, SANCTIONED, OFFERED, ACCEPTED, PROMPT, TRUSTED = 1, 2, 4, 8, 16, 32


class Episodes(NamedTuple):
    """Episodes so far, (capacity,) each; ``counts[EPISODES]`` of them hold, and more may have happened."""

    child: np.ndarray
    home: np.ndarray
    day: np.ndarray
    back: np.ndarray
    flags: np.ndarray
    interview_day: np.ndarray
    start_hour: np.ndarray
    hours_away: np.ndarray
    quality: np.ndarray


def room_for(capacity: int) -> Episodes:
    """Empty columns."""
    whole = [np.zeros(capacity, dtype=np.int64) for _ in range(6)]
    return Episodes(*whole, *(np.zeros(capacity) for _ in range(3)))


@compiled
def _log_odds(chance, added):
    """A chance moved by so much on the scale of log odds."""
    if added == 0.0 or chance <= 0.0 or chance >= 1.0:
        return chance
    return 1.0 / (1.0 + (1.0 - chance) / chance * np.exp(-added))


@compiled
def begin_episode(bed, home, day, joint, children, homes, state, past, settings, rules, episodes):
    """Begin the episode of the child in ``bed`` today and say now how it ends; update the child's past."""
    child = state.occupant[bed]
    number = state.number[child]
    trusted = past.trusted[child]
    hours = _hours(child, number, home, day, trusted, children, homes, past, settings)
    hour = _hour(child, number, day, past, settings)
    back = day + int((hour + hours) / 24.0)
    _overtake(child, day, past, episodes)
    flags, interview_day, quality = _afterwards(child, number, home, day, back, trusted, homes, past, settings)
    place = state.counts[EPISODES]
    if place < episodes.child.size:
        episodes.child[place] = child
        episodes.home[place] = home
        episodes.day[place] = day
        episodes.back[place] = back
        episodes.flags[place] = flags | (JOINT if joint else 0) | (TRUSTED if trusted > 0 else 0)
        episodes.interview_day[place] = interview_day
        episodes.start_hour[place] = hour
        episodes.hours_away[place] = hours
        episodes.quality[place] = quality
    state.counts[EPISODES] = place + 1
    past.last_episode[child] = place
    past.back_hour[child] = (hour + hours) % 24.0
    _remember(child, day, back, past, settings)
    if rules.exit_per_episode > 0.0 and draw(settings.exit_key, number, day) < rules.exit_per_episode:
        end = max(back, day + 1)
        if end < state.end[bed]:
            state.end[bed] = end
            state.broke_down[bed] = True


@compiled
def _hour(child, number, day, past, settings):
    """Hour of leaving: about the evening peak or any; on a day of return, after the return."""
    if past.back[child] == day:
        hour = past.back_hour[child]
        return hour + (24.0 - hour) * draw(settings.hour_key, number, 2 * day)
    if draw(settings.evening_key, number, day) < settings.evening_share:
        hour = settings.evening_hour + settings.evening_sd * draw_normal(settings.hour_key, number, day)
        if 0.0 <= hour < 24.0:
            return hour
    return 24.0 * draw(settings.late_key, number, day)


@compiled
def _overtake(child, day, past, episodes):
    """An interview that was still to be held today or later is not: the child has left again."""
    place = past.last_episode[child]
    if 0 <= place < episodes.child.size and episodes.flags[place] & ACCEPTED and episodes.interview_day[place] >= day:
        episodes.flags[place] &= ~(ACCEPTED | PROMPT)
        episodes.interview_day[place] = 0
        episodes.quality[place] = 0.0


@compiled
def _hours(child, number, home, day, trusted, children, homes, past, settings):
    """Hours away: log-normal, moved by who waits and who receives."""
    log_hours = settings.log_median_hours + settings.hours_sd * draw_normal(settings.hours_key, number, day)
    if settings.long_share > 0.0 and draw(settings.long_key, number, day) < settings.long_share:
        log_hours += settings.log_long
    log_hours += homes.away[home] + settings.away_trusted * trusted + settings.away_family * children.family[child]
    log_hours += settings.away_out_of_area * children.outside_area[child]
    if past.sanction_until[child] != NEVER:
        log_hours += settings.away_sanction
    if settings.away_uneasy != 0.0:
        log_hours += settings.away_uneasy * homes.uneasy[home, day - settings.first_column]
    if settings.away_untrained != 0.0:
        log_hours += settings.away_untrained * homes.untrained[home, day - settings.first_column]
    return np.exp(log_hours)


@compiled
def _afterwards(child, number, home, day, back, trusted, homes, past, settings):
    """Sanction and interview: flags, day of the interview and its quality; what they leave behind is remembered."""
    flags, interview_day, quality = 0, 0, 0.0
    if settings.sanctioned_share > 0.0:
        past.sanction_until[child] = NEVER
        if draw(settings.sanction_key, number, day) < settings.sanctioned_share:
            flags |= SANCTIONED
            past.sanction_until[child] = back + AFTER_DAYS
    past.helped_until[child] = NEVER
    if draw(settings.offer_key, number, day) < homes.offered[home]:
        flags |= OFFERED
        changed = past.change_last[child] != NEVER and past.change_last[child] >= day - CHANGE_DAYS
        moved = settings.accepted_trusted * trusted + (settings.accepted_changed if changed else 0.0)
        if draw(settings.accept_key, number, day) < _log_odds(settings.accepted_share, moved):
            flags |= ACCEPTED
            chance = draw(settings.prompt_key, number, day)
            if chance < settings.prompt_share:
                flags |= PROMPT
                interview_day = back + int(3.0 * chance / settings.prompt_share)
            else:
                late = (chance - settings.prompt_share) / (1.0 - settings.prompt_share)
                interview_day = back + 4 + int(-np.log(1.0 - late) * settings.delay_days)
            spread = draw(settings.quality_key, number, 2 * day) + draw(settings.quality_key, number, 2 * day + 1) - 1.0
            quality = min(max(settings.quality_mean + 0.5 * spread, 0.0), 1.0)
            past.helped_until[child] = interview_day + AFTER_DAYS
            past.helped[child] = quality
    return flags, interview_day, quality


@compiled
def _remember(child, day, back, past, settings):
    """Today's onset in the child's past; one who is back the same day is at risk again from the next morning."""
    past.last[child] = day
    past.back[child] = back if back > day else NEVER
    past.history[child] = (past.history[child] << np.uint64(1)) | np.uint64(1)
    past.history_day[child] = day + 1
    past.kernel[child] = past.kernel[child] * np.exp((past.kernel_day[child] - day) / settings.kernel_days) + 1.0
    past.kernel_day[child] = day
    past.episodes[child] += 1

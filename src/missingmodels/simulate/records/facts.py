"""Measures and events of a run: what its mechanisms act by and no other table holds, written down as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.intervals import expand
from missingmodels.simulate.chance import key_of, uniform
from missingmodels.simulate.days.intensity import LOGGED
from missingmodels.simulate.records.labels import Labels
from missingmodels.simulate.run import Run
from missingmodels.simulate.settings import settings_of
from missingmodels.simulate.slow import manager_absent
from missingmodels.tables.own import Own

BEFORE_DAYS = 90  # of the record before the observed span, for windows that look back
MANAGER_LEAD_DAYS = 365  # a manager in post as the span begins came a year before
MOST_AGENCY = 16  # places on a day's rota that agency staff may hold

_yes_no: dict[str, Any] = {"kind": "yes/no"}
MEASURED = (
    Own(name="restrictiveness", kind="number", meaning="restrictiveness of the home", unit="sd", direction="above"),
    Own(name="climate", kind="number", meaning="warmth of the home's climate", unit="sd", direction="below"),
    Own(name="community_pull", kind="number", meaning="what the area offers", unit="sd", direction="above"),
    Own(name="family_pull", meaning="the family encourages absence", direction="above", **_yes_no),
    Own(name="trusted_adult", meaning="the child trusts an adult of the home", direction="below", **_yes_no),
    Own(name="key_worker", meaning="the adult is the child's key worker", **_yes_no),
    Own(name="disengaged", meaning="the adult is disengaged, or of an agency", direction="above", **_yes_no),
    Own(name="trained", meaning="the adult is trained in depth", direction="below", **_yes_no),
)
HAPPENED = (Own(name="conflict", meaning="a conflict in the home", direction="above", **_yes_no),)


def measures(run: Run, labels: Labels) -> pd.DataFrame:
    """Rows of the measures table."""
    sector, since = run.sector, -BEFORE_DAYS
    parts = [
        _rows(labels, name, since, values, home_id=labels.home)
        for name, values in (
            ("restrictiveness", sector.restrictiveness),
            ("climate", sector.warmth),
            ("community_pull", sector.community),
        )
    ]
    parts.append(_rows(labels, "family_pull", since, run.traits.family_pull, child_id=labels.child))
    parts += _of_staff(run, labels)
    parts.append(_key_workers(run, labels))
    parts.append(_trust(run, labels))
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _rows(labels: Labels, name: str, day: Any, values: Any, **of: Any) -> pd.DataFrame:
    """Values that hold from a day on and were known the evening before."""
    values = np.asarray(values, dtype=float)
    start = np.broadcast_to(day, values.shape)
    dates = {"start_date": labels.date(start), "known_date": labels.date(start - 1)}
    return pd.DataFrame({"name": name, **of, **dates, "value": values})


def _of_staff(run: Run, labels: Labels) -> Sequence[pd.DataFrame]:
    """Of people in post from their first day on, and of whoever an agency sends."""
    staffing = run.staffing
    people = [f"staff{i:06d}" for i in range(staffing.spell_home.size)]
    agency = [f"agency{h:05d}-{p:02d}" for h in range(run.sector.places.size) for p in range(MOST_AGENCY)]
    staff = np.array([*people, *agency], dtype=object)
    first = np.append(staffing.spell_start, np.full(len(agency), -BEFORE_DAYS))
    disengaged = np.append(staffing.disengaged, np.ones(len(agency)))
    trained = np.append(staffing.trained, np.zeros(len(agency)))
    return [
        _rows(labels, "disengaged", first, disengaged, staff_id=staff),
        _rows(labels, "trained", first, trained, staff_id=staff),
    ]


def _key_workers(run: Run, labels: Labels) -> pd.DataFrame:
    """Who a child's key worker is: whoever holds one post of the home, which the child can come to trust.

    From the later of their first days to the earlier of their last; nobody while the post is vacant.
    """
    staffing, stays = run.staffing, run.stays
    first_post, first_spell = staffing.first_post, staffing.first_spell
    chance = uniform(key_of(run.seed, "key_person"), run.number[stays.child], stays.home)
    post = first_post[stays.home] + (chance * np.diff(first_post)[stays.home]).astype(np.int64)
    stay, spell = expand(first_spell[post], first_spell[post + 1])
    first = np.maximum(stays.start[stay], staffing.spell_start[spell])
    last = np.minimum(stays.end[stay], staffing.spell_end[spell])
    held = (first < last) & (last > -BEFORE_DAYS) & (first < run.scenario.days)
    stay, spell, first, last = stay[held], spell[held], first[held], last[held]
    of = {"child_id": labels.child[stays.child[stay]], "staff_id": [f"staff{i:06d}" for i in spell]}
    rows = _rows(labels, "key_worker", first, np.ones(first.size), **of)
    return rows.assign(end_date=labels.span_end(last, run.scenario.days))


def _trust(run: Run, labels: Labels) -> pd.DataFrame:
    """Whether a child trusts an adult, where it changes or the child comes to a home; only of a run that logged it."""
    log, at = run.log, LOGGED.index("trusted_adult")
    if at not in log.columns:
        return pd.DataFrame()
    trusted = log.values[:, int(np.flatnonzero(log.columns == at)[0])]
    order = np.lexsort((log.day, log.child))
    child, day, trusted = log.child[order], log.day[order], trusted[order]
    home = _home_of(run, child, day)
    new = np.ones(child.size, dtype=bool)
    new[1:] = (child[1:] != child[:-1]) | (home[1:] != home[:-1]) | (trusted[1:] != trusted[:-1])
    of = {"child_id": labels.child[child[new]], "home_id": labels.home[home[new]]}
    return _rows(labels, "trusted_adult", day[new], trusted[new], **of)


def _home_of(run: Run, child: np.ndarray, day: np.ndarray) -> np.ndarray:
    """(N,) home that each child lives in on each day, of days on which it lives in one."""
    stays, span = run.stays, run.scenario.days + 2 * 10**6
    key = stays.child * span + stays.start + 10**6
    return np.asarray(stays.home[np.searchsorted(key, child * span + day + 10**6, side="right") - 1])


def events(run: Run, labels: Labels) -> pd.DataFrame:
    """Rows of the events table: conflicts, by the draws that the process meets."""
    scenario = run.scenario
    settings = settings_of(scenario, run.staffing.first_day, run.seed, influence=1.0, logging=False)
    day = np.arange(-BEFORE_DAYS, scenario.days)
    drawn = uniform(key_of(run.seed, "conflict"), np.arange(run.sector.places.size)[:, None], day)
    home, at = np.nonzero(drawn < settings.conflict_chance)
    frame = {"kind": "conflict", "home_id": labels.home[home], "day": labels.date(day[at]), "sequence": 0}
    return pd.DataFrame(frame)


def managers(run: Run, labels: Labels) -> pd.DataFrame:
    """One row a spell of a home's manager; none where no home is ever without one, and nothing acts by it."""
    scenario, homes = run.scenario, run.sector.places.size
    if not scenario.mechanisms.manager_absent_share:
        return pd.DataFrame()
    there = 1 - manager_absent(scenario, homes, run.seed)
    edges = np.diff(np.pad(there, ((0, 0), (1, 1))), axis=1)
    home, first = np.nonzero(edges > 0)
    last = np.nonzero(edges < 0)[1]
    start = np.where(first == 0, -MANAGER_LEAD_DAYS, first * scenario.period_days)
    return pd.DataFrame(
        {
            "home_id": labels.home[home],
            "staff_id": [f"manager{h:05d}x{f:02d}" for h, f in zip(home, first, strict=True)],
            "start_date": labels.date(start),
            "end_date": labels.span_end(last * scenario.period_days, scenario.days),
            "role": "manager",
            "employment": "permanent",
        }
    )


def declared() -> Mapping[str, tuple[Own, ...]]:
    """What the names of measures and events mean."""
    return {"measures": MEASURED, "events": HAPPENED}

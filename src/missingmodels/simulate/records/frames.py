"""The tables of a run, as an extract would give them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd

from missingmodels.provenance import digest_json
from missingmodels.simulate.chance import key_of, normal, uniform
from missingmodels.simulate.days.episodes import ACCEPTED, OFFERED, PROMPT, SANCTIONED
from missingmodels.simulate.homes import DAYS_PER_YEAR, NEVER, SECTORS, TYPES
from missingmodels.simulate.records import facts
from missingmodels.simulate.records.labels import Labels
from missingmodels.simulate.records.own import own_columns, own_declared
from missingmodels.simulate.run import SETTLING_DAYS, Run
from missingmodels.simulate.settings import settings_of
from missingmodels.simulate.staffing import AGENCY, SHIFT_HOURS, SICK, UNFILLED, shifts_of
from missingmodels.simulate.ties import KINDS, tie_spans
from missingmodels.tables import Tables, make_tables

LONGEST_RECORD_DAYS = 3650  # homes that opened long ago are listed from ten years before


def tables_of(run: Run, labels: Labels, *, only: Collection[str] | None = None) -> Tables:
    """Tables of everything that happened, each thing recorded as it was; some of the optional ones if ``only`` says."""
    scenario = run.scenario
    settings = scenario.model_dump(mode="json")
    make = {
        "children": _children,
        "placements": _placements,
        "missing_episodes": _episodes,
        "homes": _homes,
        "staff_periods": _staff_periods,
        "staff_spells": _staff_spells,
        "ties": _ties,
        "interviews": _interviews,
        "social_worker_spells": _social_workers,
        "measures": facts.measures,
        "events": facts.events,
    }
    frames = {name: table(run, labels) for name, table in make.items() if only is None or name in only}
    return make_tables(
        frames,
        observed_from=pd.Timestamp(labels.first),
        observed_to=pd.Timestamp(labels.first + np.timedelta64(scenario.days, "D")),
        all_residents=True,
        origin={"kind": "simulated", "seed": run.seed, "scenario": settings, "scenario_digest": digest_json(settings)},
        own={name: held for name, held in {**facts.declared(), **own_declared(scenario)}.items() if name in frames},
    )


def _children(run: Run, labels: Labels) -> pd.DataFrame:
    # a child new to care has no record before; one who came from another placement was recorded there
    traits, first = run.traits, run.first_stay
    recorded = np.where(traits.first_in_care == 1, np.maximum(first, 0), 0)
    uasc = traits.uasc == 1
    return pd.DataFrame(
        {
            "child_id": labels.child,
            "authority": labels.authority(run.authority),
            "sex": np.where(traits.male == 1, "M", "F"),
            "birth_date": labels.date(run.birth),
            "birth_date_precision": "day",
            "uasc_from": labels.date(first).where(uasc),
            "uasc_to": labels.date(run.birth + 6574).where(uasc),
            "need_score": traits.need_score,
            "exploitation_risk": traits.exploitation_risk.astype(bool),
            "entry_route": np.where(traits.emergency == 1, "emergency", "planned"),
            "in_education": traits.not_in_education == 0,
            "prior_missing": traits.prior_missing.astype(bool),
            "recorded_from": labels.date(recorded),
            **own_columns(run.scenario, "children", run.number, run.seed),
        }
    )


def _placements(run: Run, labels: Labels) -> pd.DataFrame:
    stays, spec, scenario = run.stays, run.scenario.children, run.scenario
    child = stays.child
    inside = run.in_area[child]
    turn = _turns(run)
    median = np.where(inside, spec.distance_in_area_miles, spec.distance_out_of_area_miles)
    miles = median * np.exp(spec.distance_sd_log * normal(key_of(run.seed, "distance"), run.number[child], turn))
    settings = settings_of(scenario, run.staffing.first_day, run.seed, influence=1.0, logging=False)
    well = np.where(run.traits.emergency[child] == 1, settings.matched_emergency, settings.matched_planned)
    return pd.DataFrame(
        {
            "child_id": labels.child[child],
            "start_date": labels.date(stays.start),
            "end_date": labels.span_end(stays.end, scenario.days),
            "home_id": labels.home[stays.home],
            "placement_type": "K2",
            "out_of_area": ~inside,
            "distance_miles": np.round(miles, 1),
            "well_matched": uniform(settings.match_key, run.number[child], turn) < well,
            "start_is_truncated": False,
        }
    )


def _turns(run: Run) -> np.ndarray:
    """(N,) running number of each stay among all stays of its child, from 1; earlier ones than the span's included."""
    child = run.stays.child
    order = np.arange(child.size)
    first = np.searchsorted(child, np.arange(run.child.size))
    return run.earlier_stays[child] + order - first[child] + 1


def _episodes(run: Run, labels: Labels) -> pd.DataFrame:
    e, days = run.episodes, run.scenario.days
    leaves = np.full(run.child.size, -1)
    np.maximum.at(leaves, run.stays.child, run.stays.end)
    closed = e.back > leaves[e.child]  # the bed is given up while the child is away
    end = np.minimum(e.back, leaves[e.child])
    over = end < days
    returned = over & ~closed
    return pd.DataFrame(
        {
            "child_id": labels.child[e.child],
            "start_date": labels.date(e.day),
            "end_date": labels.date(end).where(over),
            "sequence": 0,
            "category": "M",
            "end_is_censored": closed & over,
            "start_hour": np.round(e.start_hour, 2),
            "hours_away": pd.Series(np.round(e.hours_away, 2)).where(returned),
            "sanctioned": pd.Series((e.flags & SANCTIONED) > 0, dtype="boolean").where(returned),
            "serious": pd.Series(_serious(run), dtype="boolean").where(returned),
        }
    )


def _serious(run: Run) -> np.ndarray:
    """(E,) whether the child came to serious harm: likelier the longer away."""
    e, spec = run.episodes, run.scenario.away
    share = np.clip(spec.serious_share, 1e-12, 1 - 1e-12)
    odds = np.log(share / (1 - share))
    odds = odds + spec.serious_log_hours * np.log(e.hours_away / spec.median_hours)
    odds = odds + spec.serious_out_of_area * ~run.in_area[e.child]
    odds = odds + spec.serious_exploitation * run.traits.exploitation_risk[e.child]
    chance = uniform(key_of(run.seed, "serious"), run.number[e.child], e.day)
    return (chance < 1 / (1 + np.exp(-odds))) & (spec.serious_share > 0)


def _homes(run: Run, labels: Labels) -> pd.DataFrame:
    sector, scenario = run.sector, run.scenario
    owned = sector.kind == SECTORS.index("local_authority")
    owner = np.where(owned, labels.authority(sector.authority), [f"owner{i:04d}" for i in sector.owner])
    lived_in = pd.DataFrame(
        {
            "home_id": labels.home,
            "valid_from": labels.date(np.maximum(sector.opened, -LONGEST_RECORD_DAYS)),
            "valid_to": labels.span_end(sector.closed, NEVER),
            "authority": labels.authority(sector.authority),
            "places": sector.places,
            "sector": np.array(SECTORS, dtype=object)[sector.kind],
            "home_type": np.array(TYPES, dtype=object)[sector.type_of_home],
            "owner": owner,
            "short_break_only": False,
            "weak_key": False,
            **own_columns(scenario, "homes", np.arange(sector.places.size), run.seed),
        }
    )
    count = round(scenario.homes.short_break_share / (1 - scenario.homes.short_break_share) * sector.places.size)
    if not count:
        return lived_in
    like = lived_in.iloc[np.linspace(0, sector.places.size - 1, count).astype(int)]
    return pd.concat(
        [lived_in, like.assign(home_id=[f"break{i:05d}" for i in range(count)], short_break_only=True)],
        ignore_index=True,
    )


def _staff_periods(run: Run, labels: Labels) -> pd.DataFrame:
    staffing, period = run.staffing, run.scenario.period_days
    homes, periods = staffing.worked_hours.shape
    home = np.repeat(np.arange(homes), periods)
    start = np.tile(staffing.period_start, homes)
    first = np.maximum(start, run.sector.opened[home])
    last = np.minimum(start + period, run.sector.closed[home])
    open_then = last > first
    return pd.DataFrame(
        {
            "home_id": labels.home[home],
            "start_date": labels.date(first),
            "end_date": labels.date(last),
            "worked_hours": staffing.worked_hours.ravel(),
            "agency_hours": staffing.agency_hours.ravel(),
        }
    )[open_then].reset_index(drop=True)


def _staff_spells(run: Run, labels: Labels) -> pd.DataFrame:
    """Care staff, and registered managers where a scenario has homes without one."""
    staffing = run.staffing
    care = pd.DataFrame(
        {
            "home_id": labels.home[staffing.spell_home],
            "staff_id": [f"staff{i:06d}" for i in range(staffing.spell_home.size)],
            "start_date": labels.date(staffing.spell_start),
            "end_date": labels.span_end(staffing.spell_end, run.scenario.days),
            "role": "care",
            "employment": "permanent",
        }
    )
    managers = facts.managers(run, labels)
    return pd.concat([care, managers], ignore_index=True) if len(managers) else care


def shift_frames(run: Run, labels: Labels) -> Iterator[pd.DataFrame]:
    """Rows of ``staff_shifts``, some homes at a time: those worked, and those planned of people who were sick."""
    for shifts in shifts_of(run.scenario, run.sector, run.staffing, run.seed):
        kept = shifts.kind != UNFILLED
        home, day, night, kind, person = (column[kept] for column in shifts[:-1])
        agency = kind == AGENCY
        start = labels.first + day.astype("timedelta64[D]") + np.where(night == 1, 20, 8).astype("timedelta64[h]")
        frame = pd.DataFrame(
            {
                "home_id": labels.home[home],
                "staff_id": [
                    f"agency{h:05d}-{p:02d}" if a else f"staff{p:06d}"
                    for h, p, a in zip(home, person, agency, strict=True)
                ],
                "start_time": start,
                "end_time": start + np.timedelta64(SHIFT_HOURS, "h"),
                "shift_type": np.where(night == 1, "waking night", "day"),
                "employment": np.where(agency, "agency", "permanent"),
                "status": np.where(kind == SICK, "planned", "worked"),
            }
        )
        yield frame


def _ties(run: Run, labels: Labels) -> pd.DataFrame:
    ties = tie_spans(run)
    return pd.DataFrame(
        {
            "child_a": labels.child[ties.a],
            "child_b": labels.child[ties.b],
            "start_date": labels.date(ties.start),
            "end_date": labels.date(ties.end),
            "strength": ties.strength,
            "kind": np.array(KINDS, dtype=object)[ties.kind],
        }
    )


def _interviews(run: Run, labels: Labels) -> pd.DataFrame:
    """One row a return in the observed span."""
    e, days = run.episodes, run.scenario.days
    leaves = np.full(run.child.size, -1)
    np.maximum.at(leaves, run.stays.child, run.stays.end)
    back = (e.back < days) & (e.back <= leaves[e.child])
    accepted = (e.flags & ACCEPTED) > 0
    held = accepted & (e.interview_day < days)
    frame = pd.DataFrame(
        {
            "child_id": labels.child[e.child],
            "episode_start_date": labels.date(e.day),
            "sequence": 0,
            "offered": (e.flags & OFFERED) > 0,
            "accepted": pd.Series(accepted, dtype="boolean").where((e.flags & OFFERED) > 0),
            "interview_date": labels.date(e.interview_day).where(held),
            "within_72h": pd.Series((e.flags & PROMPT) > 0, dtype="boolean").where(held),
            "quality": pd.Series(np.round(e.quality, 3)).where(held),
        }
    )
    return frame[back].reset_index(drop=True)


def _social_workers(run: Run, labels: Labels) -> pd.DataFrame:
    """Spells from a child's first day on; changes come at a constant rate, as the process drew them."""
    rate = run.scenario.children.social_worker_changes_per_year / DAYS_PER_YEAR
    since = np.maximum(run.first_stay, -run.scenario.lead_days - SETTLING_DAYS)
    last_day = np.zeros(run.child.size, dtype=np.int64)
    np.maximum.at(last_day, run.stays.child, run.stays.end)
    until = np.minimum(last_day, run.scenario.days)
    key, rows = key_of(run.seed, "change"), []
    child, start, turn = np.arange(run.child.size), since.copy(), 0
    while child.size:
        wait = -np.log(uniform(key, run.number[child], turn)) / rate if rate > 0 else np.full(child.size, np.inf)
        end = np.minimum(start + 1 + np.floor(np.minimum(wait, NEVER)), until[child]).astype(np.int64)
        rows.append((child, start, np.maximum(end, start + 1), np.full(child.size, turn)))
        more = end < until[child]
        child, start, turn = child[more], end[more], turn + 1
    c, begin, end, turns = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    order = np.lexsort((begin, c))
    c, begin, end, turns = c[order], begin[order], end[order], turns[order]
    bed, place = np.divmod(run.number[c], 4096)
    return pd.DataFrame(
        {
            "child_id": labels.child[c],
            "start_date": labels.date(begin),
            "end_date": labels.span_end(end, run.scenario.days),
            "social_worker_id": [f"SW{b:05d}x{p:02d}x{t}" for b, p, t in zip(bed, place, turns, strict=True)],
        }
    )

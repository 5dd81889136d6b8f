"""A simulated world: Tables as an extract would give them, and the truth behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from missingmodels.parameters import Parameters
from missingmodels.provenance import digest_json
from missingmodels.scenario import Scenario
from missingmodels.simulate.predictor import draw_effects, fixed_log_intensity, raw_intercept
from missingmodels.simulate.process import History, run_process
from missingmodels.simulate.roster import WARM_UP_DAYS, Roster, draw_roster
from missingmodels.simulate.staffing import Staffing, draw_staffing
from missingmodels.simulate.ties import Ties, draw_ties
from missingmodels.tables import Tables, make_tables
from missingmodels.vocabulary import STRUCTURE

AUTHORITY = "SIM"


@dataclass(frozen=True, kw_only=True)
class World:
    """Tables, the true parameter values, and the exposures that the process used, one row a resident-day."""

    tables: Tables
    truth: Parameters
    exposure_log: pd.DataFrame


def simulate_world(scenario: Scenario, *, seed: int) -> World:
    """Simulate a sector. The same scenario and seed give the same world; streams are named, so effects that are set
    to 0 leave every other draw as it was."""
    roster = draw_roster(scenario, seed)
    staffing = draw_staffing(scenario, roster.places, seed)
    ties = draw_ties(roster, seed)
    home, shock, frailty = draw_effects(scenario, roster.birth.size, seed)
    log_intensity = fixed_log_intensity(scenario, roster, staffing, home, shock)
    history = run_process(scenario, roster, ties, log_intensity, frailty, seed)
    names = _Names(scenario, roster)
    return World(
        tables=_tables(scenario, seed, names, roster, staffing, ties, history),
        truth=_truth(scenario, names, home, shock, frailty),
        exposure_log=_exposure_log(names, roster, history),
    )


class _Names:
    """Identifiers and dates of array positions."""

    def __init__(self, scenario: Scenario, roster: Roster) -> None:
        self.first = np.datetime64(scenario.start_date, "D")
        self.home = np.array([f"home{i:05d}" for i in range(roster.places.size)], dtype=object)
        self.child = np.array([f"child{i:06d}" for i in range(roster.birth.size)], dtype=object)

    def date(self, day: np.ndarray) -> pd.Series:
        """Dates of day offsets."""
        return pd.Series((self.first + np.asarray(day).astype("timedelta64[D]")).astype("datetime64[s]"))


def _tables(
    scenario: Scenario,
    seed: int,
    names: _Names,
    roster: Roster,
    staffing: Staffing,
    ties: Ties,
    history: History,
) -> Tables:
    frames = {
        "children": _children(names, roster),
        "placements": _placements(scenario, names, roster),
        "missing_episodes": _episodes(scenario, names, roster, history),
        "homes": pd.DataFrame(
            {
                "home_id": names.home,
                "valid_from": names.date(np.full(names.home.size, -WARM_UP_DAYS)),
                "authority": AUTHORITY,
                "places": roster.places,
                "sector": np.where(roster.private, "private", "local_authority"),
                "weak_key": False,
            }
        ),
        "staff_periods": _staff_periods(scenario, names, staffing),
        "staff_spells": _staff_spells(scenario, names, staffing),
        "ties": pd.DataFrame(
            {
                "child_a": names.child[ties.a],
                "child_b": names.child[ties.b],
                "start_date": names.date(ties.start),
                "end_date": names.date(np.minimum(ties.end, scenario.days)),
                "strength": ties.strength,
                "kind": "home",
            }
        ),
    }
    settings = scenario.model_dump(mode="json")
    return make_tables(
        frames,
        observed_from=pd.Timestamp(names.first),
        observed_to=pd.Timestamp(names.first + np.timedelta64(scenario.days, "D")),
        all_residents=True,
        origin={"kind": "simulated", "seed": seed, "scenario": settings, "scenario_digest": digest_json(settings)},
    )


def _children(names: _Names, roster: Roster) -> pd.DataFrame:
    # a child new to care has no record before; one who came from another placement was recorded there
    first_stay = np.full(roster.birth.size, np.iinfo(np.int64).max)
    np.minimum.at(first_stay, roster.stay_child, roster.stay_start)
    recorded = np.where(roster.first_in_care == 1, np.maximum(first_stay, 0), 0)
    return pd.DataFrame(
        {
            "child_id": names.child,
            "authority": AUTHORITY,
            "sex": np.where(roster.male == 1, "M", "F"),
            "birth_date": names.date(roster.birth),
            "birth_date_precision": "day",
            "need_score": roster.need_score,
            "exploitation_risk": roster.exploitation_risk.astype(bool),
            "entry_route": np.where(roster.emergency == 1, "emergency", "planned"),
            "recorded_from": names.date(recorded),
        }
    )


def _placements(scenario: Scenario, names: _Names, roster: Roster) -> pd.DataFrame:
    begun = roster.stay_start < scenario.days
    child, end = roster.stay_child[begun], roster.stay_end[begun]
    return pd.DataFrame(
        {
            "child_id": names.child[child],
            "start_date": names.date(roster.stay_start[begun]),
            "end_date": names.date(end).where(end < scenario.days),
            "home_id": names.home[roster.stay_home[begun]],
            "placement_type": "K2",
            "out_of_area": roster.out_of_area[child].astype(bool),
            "start_is_truncated": False,
        }
    )


def _episodes(scenario: Scenario, names: _Names, roster: Roster, history: History) -> pd.DataFrame:
    child, day = np.nonzero(history.onset)
    back = history.return_day[child, day]
    leaves = np.full(roster.birth.size, -1)
    np.maximum.at(leaves, roster.stay_child, roster.stay_end)
    closed = back > leaves[child]  # the bed is given up while the child is away
    end = np.minimum(back, leaves[child])
    return pd.DataFrame(
        {
            "child_id": names.child[child],
            "start_date": names.date(day),
            "end_date": names.date(end).where(end < scenario.days),
            "sequence": 0,
            "category": "M",
            "end_is_censored": closed & (end < scenario.days),
        }
    )


def _staff_periods(scenario: Scenario, names: _Names, staffing: Staffing) -> pd.DataFrame:
    homes, periods = staffing.worked_hours.shape
    start = np.tile(staffing.period_start, homes)
    return pd.DataFrame(
        {
            "home_id": np.repeat(names.home, periods),
            "start_date": names.date(start),
            "end_date": names.date(start + scenario.period_days),
            "worked_hours": staffing.worked_hours.ravel(),
            "agency_hours": staffing.agency_hours.ravel(),
        }
    )


def _staff_spells(scenario: Scenario, names: _Names, staffing: Staffing) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "home_id": names.home[staffing.spell_home],
            "staff_id": [f"staff{i:06d}" for i in range(staffing.spell_home.size)],
            "start_date": names.date(staffing.spell_start),
            "end_date": names.date(staffing.spell_end).where(staffing.spell_end < scenario.days),
            "employment": "permanent",
        }
    )


_ARRIVAL = {
    "arrival_0_6": "arrival_band[0-6]",
    "arrival_7_27": "arrival_band[7-27]",
    "arrival_28_89": "arrival_band[28-89]",
}
_NOT_COEFFICIENTS = {"rate_per_year", "home_sd", "home_period_sd", "frailty_shape"}
# The process knows nothing of these columns, so their true effect is 0, stated and not left out.
_NO_EFFECT = (
    *("disability", "uasc", "emergency", "history_unknown", "no_peers", "peers_unseen"),
    *(f"{q.name}_{part}" for q in STRUCTURE for part in ("between", "within")),
    *(f"{q.name}_{part}_unrecorded" for q in STRUCTURE for part in ("between", "within")),
)


def _truth(scenario: Scenario, names: _Names, home: np.ndarray, shock: np.ndarray, frailty: np.ndarray) -> Parameters:
    values = dict.fromkeys(_NO_EFFECT, 0.0)
    values |= {k: v for k, v in scenario.onset.model_dump().items() if k not in _NOT_COEFFICIENTS}
    values[scenario.contagion.exposure] = scenario.contagion.log_rate_ratio
    return Parameters(
        intercept=np.array([raw_intercept(scenario)]),
        coefficients={_ARRIVAL.get(name, name): np.array([value]) for name, value in values.items()},
        home_ids=tuple(names.home),
        home=home[None],
        home_period=shock[None],
        child_ids=tuple(names.child),
        frailty=frailty[None],
        sigma_home=np.array([scenario.onset.home_sd]),
        sigma_period=np.array([scenario.onset.home_period_sd]),
        frailty_shape=np.array([scenario.onset.frailty_shape]),
    )


def _exposure_log(names: _Names, roster: Roster, history: History) -> pd.DataFrame:
    child, day = np.nonzero(roster.residence >= 0)
    columns = {name: values[child, day] for name, values in history.exposures.items()}
    columns["days_at_risk"] = history.days_at_risk[child, day]
    return pd.DataFrame({"child_id": names.child[child], "date": names.date(day), **columns})

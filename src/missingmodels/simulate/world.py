"""A simulated world: Tables as an extract would give them, and the truth behind them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from missingmodels.config import require_seed
from missingmodels.parameters import Parameters
from missingmodels.scenario import Scenario
from missingmodels.simulate.days.intensity import LOGGED
from missingmodels.simulate.days.intervene import AS_IT_IS, Do
from missingmodels.simulate.records.frames import shift_frames, tables_of
from missingmodels.simulate.records.labels import Labels
from missingmodels.simulate.records.recording import Recording, record
from missingmodels.simulate.run import Run, run_sector
from missingmodels.simulate.slow import raw_intercept
from missingmodels.tables import Tables
from missingmodels.vocabulary import STRUCTURE


@dataclass(frozen=True, kw_only=True)
class World:
    """A world and what is known of it.

    Attributes
    ----------
    tables : what was written down; with every dial of recording off, what happened
    happened : what happened
    truth : the parameter values
    exposure_log : the exposures that the process used, one row a resident-day
    run : the arrays behind it
    """

    tables: Tables
    happened: Tables
    truth: Parameters
    exposure_log: pd.DataFrame
    run: Run

    def __repr__(self) -> str:
        return f"World of {len(self.truth.home_ids)} homes and {len(self.truth.child_ids):,} children\n{self.tables!r}"

    def shifts(self) -> Iterator[pd.DataFrame]:
        """Rows of ``staff_shifts`` in pieces."""
        return shift_frames(self.run, Labels(self.run))


def simulate_world(
    scenario: Scenario,
    *,
    seed: int,
    do: Do = AS_IT_IS,
    log_exposures: bool = True,
    only: Collection[str] | None = None,
) -> World:
    """Simulate a sector. The same scenario and seed give the same world; streams are named, so effects that are set
    to 0 leave every other draw as it was, and so does an intervention ``do``.

    Without ``log_exposures`` the log is empty: it holds a row for each resident-day, millions in a national scenario.
    ``only`` names the tables to write, the required ones among them; a record that is not as things happened needs all.
    """
    require_seed(seed)
    run = run_sector(scenario, seed, do=do, log=LOGGED if log_exposures else ())
    labels = Labels(run)
    as_it_was = scenario.recording == type(scenario.recording)()
    happened = tables_of(run, labels, only=only if as_it_was else None)
    written = happened
    if not as_it_was:
        written = record(happened, Recording(**scenario.recording.model_dump()), seed=seed).tables
    return World(
        tables=written, happened=happened, truth=_truth_of(run, labels, do), exposure_log=_log(run, labels), run=run
    )


ARRIVAL = {
    "arrival_0_6": "arrival_band[0-6]",
    "arrival_7_27": "arrival_band[7-27]",
    "arrival_28_89": "arrival_band[28-89]",
}
NOT_COEFFICIENTS = {
    "rate_per_year",
    "home_sd",
    "home_period_sd",
    "frailty_shape",
    "frailty_sd_log",
    "low_risk_share",
    "low_risk_ratio",
}
# Columns that a design may ask for and that have no effect unless a scenario gives them one: stated, not left out.
_NO_EFFECT = (
    *("disability", "uasc", "emergency", "history_unknown", "no_peers", "peers_unseen"),
    *("kernel_unseen", "no_outside_ties", "outside_unseen", "short_staffing_unrecorded"),
    *(f"{q.name}_{part}" for q in STRUCTURE for part in ("between", "within")),
    *(f"{q.name}_{part}_unrecorded" for q in STRUCTURE for part in ("between", "within")),
)


def _truth_of(run: Run, labels: Labels, do: Do = AS_IT_IS) -> Parameters:
    """The true values in the form of one posterior draw; further mechanisms stand among the coefficients by name."""
    scenario = run.scenario
    onset, more, contagion = scenario.onset, scenario.mechanisms, scenario.contagion
    values = dict.fromkeys(_NO_EFFECT, 0.0)
    values |= {ARRIVAL.get(k, k): v for k, v in onset.model_dump().items() if k not in NOT_COEFFICIENTS}
    values |= {
        k: v for k, v in more.model_dump().items() if v and k not in ("conflicts_per_year", "manager_absent_share")
    }
    values |= {name: held.log_rate_ratio for name, held in scenario.own.items()}
    if more.concurrent_missing:
        values["concurrent_missing"] = do.contagion * more.concurrent_missing
    if more.new_admission_7d:
        values |= {f"new_admission_7d_{part}": more.new_admission_7d for part in ("between", "within")}
    values[contagion.exposure] = do.contagion * contagion.log_rate_ratio
    values[f"{contagion.exposure}:short_staffing"] = do.contagion * contagion.short_staffing
    values["outside_network"] = do.contagion * contagion.outside_log_rate_ratio
    sector = run.sector
    home = sector.home_effect + sector.authority_effect + sector.owner_effect
    return Parameters(
        intercept=np.array([raw_intercept(scenario)]),
        coefficients={name: np.array([float(value)]) for name, value in values.items()},
        home_ids=tuple(labels.home),
        home=home[None],
        home_period=run.period_effects[None],
        child_ids=tuple(labels.child),
        frailty=run.traits.frailty[None],
        sigma_home=np.array([np.sqrt(onset.home_sd**2 + scenario.dials.authority_sd**2 + scenario.dials.owner_sd**2)]),
        sigma_period=np.array([onset.home_period_sd]),
        frailty_shape=np.array([np.nan if onset.frailty_sd_log else onset.frailty_shape]),
        frailty_law="log_normal" if onset.frailty_sd_log else "gamma",
        further={"frailty_sd_log": np.array([onset.frailty_sd_log])} if onset.frailty_sd_log else {},
    )


def _log(run: Run, labels: Labels) -> pd.DataFrame:
    columns = {LOGGED[k]: run.log.values[:, at] for at, k in enumerate(run.log.columns)}
    frame = pd.DataFrame({"child_id": labels.child[run.log.child], "date": labels.date(run.log.day), **columns})
    return frame

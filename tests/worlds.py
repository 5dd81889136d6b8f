"""Small simulated worlds, day rows and the reference density: what the whole-way tests share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

import missingmodels.frame.rows as rows_module
from missingmodels.config import from_mapping
from missingmodels.frame.columns.lives import PeerGrids
from missingmodels.frame.columns.of_peers.exposure import peer_exposures
from missingmodels.frame.design import Design
from missingmodels.frame.riskset import RiskSet
from missingmodels.frame.rows import Rows, build_rows
from missingmodels.plan import Plan
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import World, simulate_world
from missingmodels.tables import Tables, make_tables
from plain import reference

EXPOSURES = ("peer_presence", "peer_count", "peer_density", "peer_network")


def scenario_of(*, n_homes: int = 8, days: int = 200, **parts: Mapping[str, Any]) -> Scenario:
    """A sector busy enough that a few homes show every kind of event."""
    values: dict[str, Any] = {"days": days, **parts}
    values["homes"] = {"count": n_homes, "occupancy": 0.85} | dict(parts.get("homes", {}))
    values["onset"] = {"rate_per_year": 6.0, "frailty_shape": 0.8} | dict(parts.get("onset", {}))
    return from_mapping(values, Scenario)


def small_world(seed: int, **parts: Any) -> World:
    return simulate_world(scenario_of(**parts), seed=seed)


def plan_of(**parts: Any) -> Plan:
    """A plan from plain values, as a TOML file would give it, without what all homes share and forecasts unless asked.

    The weeks of the one make three times the rows, the other takes a fit a model, and most statements speak of neither.
    """
    effects, scores = ({"sector_process": "none"} | parts.pop("effects", {})), parts.pop("scores", {"last_days": 0})
    return from_mapping(parts | {"effects": effects, "scores": scores}, Plan)


def remade(tables: Tables, frames: Mapping[str, pd.DataFrame], **changes: Any) -> Tables:
    """The same data set with some of its frames replaced."""
    settings = {
        "observed_from": tables.observed_from,
        "observed_to": tables.observed_to,
        "all_residents": tables.all_residents,
    }
    return make_tables({**tables.frames, **frames}, **(settings | changes))


def exposures_of(risk: RiskSet, *, witnessed: bool, window_days: int = 7, **more: Any) -> dict[str, np.ndarray]:
    """(C, D) exposures of a risk set."""
    given = PeerGrids(
        residence=risk.residence,
        onset=risk.onset_anywhere,
        window_days=window_days,
        occupancy=risk.occupancy,
        occupancy_recorded=risk.occupancy_recorded,
        known_days=risk.known_days,
        lives=risk.lives,
        **more,
    )
    return peer_exposures(given, witnessed=witnessed)


def day_rows(tables: Tables, risk: RiskSet, plan: Plan) -> Rows:
    """The rows of a plan with each day at risk a row of its own, child by child, and its ``day``."""

    def one_a_day(key: Mapping[str, object], onset: np.ndarray, days_at_risk: np.ndarray) -> pd.DataFrame:
        # Section 1: the likelihood exposure of a day is e (1 - y/2).
        day = np.nonzero(risk.days_at_risk > 0)[1]
        likelihood_days = np.where(onset, days_at_risk / 2, days_at_risk)
        return pd.DataFrame(key).assign(
            onsets=onset.astype(np.int64), days=likelihood_days, days_at_risk=days_at_risk, day=day
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "collapse", one_a_day)
        return build_rows(tables, risk, plan)


class Point:
    """Parameter values under names and labels, drawn once for each name whatever else is asked."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def of(self, *label: object) -> float:
        words = [self.seed, *"/".join(map(str, label)).encode()]
        return float(0.3 * np.random.default_rng(words).standard_normal())

    def eta(self, design: Design, relabel: Mapping[str, str] | None = None) -> np.ndarray:
        """(R,) log intensity of raw columns; ``relabel`` gives a home the label it had before."""
        homes = [(relabel or {}).get(home, home) for home in design.home_ids]
        period_effects = [self.of(home, t) for home in homes for t in range(design.periods)]
        return reference.linear_predictor(
            design_matrix=design.matrix,
            intercept=-4.0,
            coefficients=np.array([self.of(name) for name in design.names]),
            home=design.home,
            home_effects=np.array([self.of(home) for home in homes]),
            home_period=design.home * design.periods + design.period,
            home_period_effects=np.array(period_effects),
        )


def log_density_by_child(
    design: Design, point: Point, *, frailty_shape: float, relabel: Mapping[str, str] | None = None
) -> dict[str, float]:
    """log L_i of every child under the reference density, by label."""
    by_child = reference.onset_log_density_by_child(
        onsets=design.onsets,
        days=design.days,
        eta=point.eta(design, relabel),
        child=design.child,
        n_children=len(design.child_ids),
        frailty_shape=frailty_shape,
        before_window=design.before_window,
    )
    return dict(zip(design.child_ids, by_child.tolist(), strict=True))

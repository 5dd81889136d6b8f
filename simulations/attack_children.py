"""Children that are planted in simulated sectors which pass for real, and what an attacker knows to look for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.config import from_mapping
from missingmodels.provenance import stream
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.tables import Tables

WORLD = {"days": 200, "homes": {"count": 12, "occupancy": 0.85}, "onset": {"rate_per_year": 6.0, "frailty_shape": 0.8}}
PLAN = {
    "models": ["M0", "M1"],
    "exposure": {"beside": []},
    "sampling": {"method": "laplace", "draws": 250},
    "gate": {"ess_min": 50},
    "frame": {"burn_in_days": 28},
    "terms": {"vulnerability": "male", "history": "own_1_7"},
}
STAY_DAYS = 40
KINDS = ("new home", "one of a kind", "many episodes", "in no home")
ETHNICITY, BIRTH, EPISODES = "WROM", "2007-02-01", 30


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A child that was put into a world, and what an attacker knows to look for."""

    tables: Tables
    without: Tables
    child: str
    home: str
    first: pd.Timestamp
    last: pd.Timestamp
    kind: str

    @property
    def plan(self) -> dict[str, Any]:
        """What is asked; of a child that is one of a kind, with the classification that it is alone in."""
        terms = {**PLAN["terms"], "vulnerability": "male + ethnicity"}
        return {**PLAN, "terms": terms} if self.kind == "one of a kind" else PLAN

    def secrets(self) -> dict[str, str]:
        """Texts that would name it, by what they are."""
        days = {"first day": self.first, "last day": self.last}
        written = {
            f"{name} as {form}": day.strftime(form) for name, day in days.items() for form in ("%Y-%m-%d", "%d/%m/%Y")
        }
        held = {"child": self.child, "home": self.home, **written}
        return held | ({"ethnicity": ETHNICITY} if self.kind == "one of a kind" else {})


def planted(seed: int, kind: str) -> Planted:
    """A world with one more child, and the same without it."""
    rng = stream(seed, "attacks", kind)
    tables = simulate_world(from_mapping(WORLD, Scenario), seed=seed, log_exposures=False).tables
    # homes go by numbers of a register, not by the simulator's labels, which a twin's homes have as well
    known = {
        name: frame.assign(home_id="SCH" + frame["home_id"])
        for name, frame in tables.frames.items()
        if "home_id" in frame
    }
    named = replace(
        tables,
        origin={"kind": "ssda903", "authority": "301", "year": 2024},
        frames={**tables.frames, **known},
    )
    children, placements = named["children"], named["placements"]
    child, home = f"CH{rng.integers(10**8, 10**9)}", f"SC{rng.integers(10**6, 10**7)}"
    first = named.observed_from + pd.Timedelta(days=int(rng.integers(60, 120)))
    last = first + pd.Timedelta(days=STAY_DAYS)
    row = children.iloc[:1].assign(child_id=child)
    stay = placements.iloc[:1].assign(child_id=child, start_date=first, end_date=last)
    frames = dict(named.frames)
    if kind == "one of a kind":
        row = row.assign(ethnicity=ETHNICITY, birth_date=pd.Timestamp(BIRTH), birth_date_precision="month")
        usual = np.where(np.arange(len(children)) % 2, "WBRI", "BAFR")
        children = children.assign(ethnicity=pd.array(usual, dtype=children["ethnicity"].dtype))
        named = replace(named, frames={**named.frames, "children": children})
        frames["children"] = children
    if kind == "new home":
        homes = named["homes"]
        frames["homes"] = pd.concat([homes, homes.iloc[:1].assign(home_id=home)], ignore_index=True)
        stay = stay.assign(home_id=home)
    elif kind == "in no home":
        stay = stay.assign(home_id=pd.NA, placement_type="U1").astype(placements.dtypes.to_dict())
    else:
        home = str(stay["home_id"].iloc[0])
    for name in ("placement_id", "stay_id"):
        if name in stay:
            stay = stay.assign(**{name: f"{child}-1"})
    frames["children"] = pd.concat([children, row], ignore_index=True)
    frames["placements"] = pd.concat([placements, stay], ignore_index=True)
    episodes = {"many episodes": EPISODES, "in no home": 1}.get(kind, 0)
    if episodes:
        frames["missing_episodes"] = with_episodes(named["missing_episodes"], child, first, rng, episodes)
    made = replace(named, frames=frames)
    return Planted(tables=made, without=named, child=child, home=home, first=first, last=last, kind=kind)


def with_episodes(
    held: pd.DataFrame, child: str, first: pd.Timestamp, rng: np.random.Generator, number: int
) -> pd.DataFrame:
    """Episodes with as many more of the child, each of a day of its stay."""
    begun = first + pd.to_timedelta(np.sort(rng.choice(np.arange(1, STAY_DAYS - 1), number, replace=False)), unit="D")
    rows = held.iloc[[0] * number].assign(
        child_id=child,
        sequence=1,
        start_date=begun,
        end_date=begun,
        end_is_censored=False,
    )
    return pd.concat([held, rows], ignore_index=True).astype(held.dtypes.to_dict())

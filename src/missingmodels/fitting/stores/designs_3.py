"""Designs as fits of format 3 hold them, one class for each family: from their fields to those of today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

from missingmodels.frame.design import Design
from missingmodels.frame.design_matrix import Group
from missingmodels.frame.outcomes.design import outcome_rows

Upgraded = tuple[str, dict[str, Any]]


def _events(held: dict[str, Any]) -> dict[str, Any]:
    """Fields of ``outcome_rows``, which computed centre and scale then as it does now."""
    held |= {"trials": held["outcome"] in ("return", "serious")}
    found = outcome_rows(held.pop("outcome"), held.pop("names"), held.pop("matrix"), **held)
    return {field.name: getattr(found, field.name) for field in fields(found)}


def _outcome(held: dict[str, Any]) -> Upgraded:
    units = {name: held.pop(name) for name in ("child", "home")}
    return "events", _events(held | {"units": {name: group for name, group in units.items() if group is not None}})


def _joint(held: dict[str, Any]) -> Upgraded:
    units = {name: held.pop(name) for name in ("home", "period", "child")}
    further = {name: np.asarray(held.pop(name)) for name in ("kind", "home_days", "extra")}
    size = held.pop("share_at_risk")
    return "events", _events({**held, "size": size, "units": units, "further": further})


def _recording(held: dict[str, Any]) -> Upgraded:
    further = {name: held.pop(name) for name in ("both", "only_a", "only_b")}
    units = {name: held.pop(name) for name in ("home", "authority")}
    seen = further["both"] + further["only_a"] + further["only_b"]
    return "events", _events(
        {**held, "matrix": np.zeros((seen.size, 0)), "y": seen, "units": units, "further": further}
    )


def _counts(held: dict[str, Any]) -> Upgraded:
    child, homes = held.pop("child"), held.pop("homes")
    units = ({} if child is None else {"child": child}) | {f"home{i}": group for i, group in enumerate(homes)}
    exposure, trials = held.pop("exposure"), held.pop("trials")
    further = {name: held.pop(name) for name in ("spread", "rows")}
    size = exposure if trials is None else trials.astype(float)
    return "events", held | {"size": size, "trials": trials is not None, "units": units, "further": further}


def _official(held: dict[str, Any]) -> Upgraded:
    ids = {"authority": held.pop("authorities"), "region": held.pop("regions"), "year": held.pop("years")}
    units = {name: Group(index=held.pop(name), ids=tuple(str(one) for one in of)) for name, of in ids.items()}
    further = {"high": held.pop("high")}
    moved = {"y": held.pop("low"), "size": held.pop("children"), "outcome": "incidents"}
    return "events", held | moved | {"units": units, "further": further}


def _daily(held: dict[str, Any]) -> Upgraded:
    design: Design = held.pop("design", None)
    inner = {} if design is None else {field.name: getattr(design, field.name) for field in fields(design)}
    return "daily", inner | held


UPGRADES: dict[str, Callable[[dict[str, Any]], Upgraded]] = {
    "outcome": _outcome,
    "joint": _joint,
    "recording": _recording,
    "counts": _counts,
    "official": _official,
    "daily": _daily,
    "clusters": lambda held: ("units", held),
    "outcome_clusters": lambda held: ("units", held),
}

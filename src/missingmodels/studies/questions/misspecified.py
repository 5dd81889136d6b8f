"""The study beside a study: the same question in worlds that are not the model's, with the effect and without."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from missingmodels.errors import ConfigInvalid
from missingmodels.scenario import Scenario
from missingmodels.studies.answers.lead import EFFECT
from missingmodels.studies.questions.grid import Grid, grid_of
from missingmodels.studies.questions.study import SIZES

# What is wrong with the worlds -> fields of the scenario that make it so.
WORLDS: Mapping[str, Mapping[str, float]] = {
    "as the model has it": {},
    "children of a home are alike beforehand": {"dials.homophily": 0.6},
    "homes share shocks of three months": {"dials.shock_sd": 0.5},
    "three children in ten are not in the record": {"recording.unseen_children_share": 0.3},
}
DIALS = tuple(name for dials in WORLDS.values() for name in dials)
USUAL = Scenario().contagion.log_rate_ratio  # for a study in which every effect is 0
FOLDER = "-misspecified"  # after the name of the study's own folder


def folder_of(folder: Path) -> Path:
    """Where the worlds beside a study are kept."""
    return folder.with_name(folder.name + FOLDER)


def beside_grid(grid: Grid) -> Grid:
    """The grid of worlds beside a study of peers: at its largest size, each kind with the effect and with none.

    Raises ConfigInvalid for a study that does not judge peers, or turns a dial of these worlds itself.
    """
    study = grid.study
    peers = [name for name in study.ask.quantities if name.startswith("peer_")]
    if study.kind != "power" or not peers:
        raise ConfigInvalid(
            "the worlds beside a study speak of peer influence, and this one does not judge it",
            where="--misspecified",
            remedy="leave it out, or name a peer exposure in ask.quantities",
        )
    if turned := {*study.grid_fields, *study.prior, *study.draws} & {*DIALS}:
        raise ConfigInvalid(
            f"the study turns {', '.join(sorted(turned))} itself, so its own cells stand beside each other",
            where="--misspecified",
            remedy="leave it out",
        )
    values = study.model_dump(mode="json")
    effect = _effect(grid)
    axes = {n: [max(v)] if n in SIZES else list(v) for n, v in study.axes.items() if n != EFFECT}
    values |= {
        "name": f"{study.name}, worlds that are not the model's",
        "axes": axes,
        "points": _points(grid, effect),
        "prior": {n: law for n, law in values["prior"].items() if n != EFFECT},
        "draws": {n: held for n, held in values["draws"].items() if n != EFFECT},
        "ask": values["ask"] | {"quantities": peers, "estimands": []},
        "solve": None,
        "cost": None,
        "looks": None,
    }
    record = grid.record()
    return grid_of({"study": values, "scenario": record["scenario"], "plan": record["plan"]})


def _effect(grid: Grid) -> float:
    """The effect asked of: the scenario's, the middle one of an axis that is not 0, or the middle of a design prior."""
    study = grid.study
    if EFFECT in study.prior:
        law = study.prior[EFFECT]
        return float(law.mean if law.mean is not None else ((law.low or 0.0) + (law.high or 0.0)) / 2)
    held = study.draws.get(EFFECT) or study.grid_fields.get(EFFECT) or (grid.scenario.contagion.log_rate_ratio,)
    some = [float(v) for v in held if v]
    return float(np.quantile(some, 0.5, method="nearest")) if some else USUAL


def _points(grid: Grid, effect: float) -> dict[str, list[float]]:
    plain = grid.scenario.model_dump()
    usual = {name: plain[name.split(".")[0]][name.split(".")[1]] for name in DIALS}
    rows = [{EFFECT: size, **usual, **dials} for dials in WORLDS.values() for size in (effect, 0.0)]
    return {name: [row[name] for row in rows] for name in (EFFECT, *DIALS)}


def rows_of(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """From the summary of the worlds beside a study, one row a world and quantity under the plan's rule."""
    out = []
    for cell in found["cells"]:
        at = cell["at"]
        usual = found["cells"][0]["at"]
        dials = {name: at[name] for name in DIALS if at[name] != usual[name]}
        world = next(name for name, turned in WORLDS.items() if {*turned} == {*dials})
        rest = {k: v for k, v in at.items() if k not in (EFFECT, *DIALS)}
        out += [
            {"world": world, "effect": at[EFFECT], "dials": dials, "at": rest, "worlds": cell["replicates"]}
            | {"quantity": m["quantity"], **{k: m[k] for k in ("power", "bias", "coverage", "type_s", "type_m")}}
            for m in cell.get("measures", ())
            if m["rule"] == "plan"
        ]
    return out

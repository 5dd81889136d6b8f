"""One replicate: a world drawn, framed, fitted and judged, as plain rows. It depends on (study, cell, index) alone."""

from __future__ import annotations

import dataclasses
import functools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer, ConfigInvalid, DiagnosticsFailed
from missingmodels.evidence.effects.estimands import rate_ratio
from missingmodels.evidence.effects.hypotheses import own_ratio, peer_ratio, structure_ratio, structure_step
from missingmodels.fitting.fit import Fit, fit
from missingmodels.frame.columns.told import tables_behind
from missingmodels.frame.design import Design
from missingmodels.frame.rows import model_terms
from missingmodels.parameters import Parameters
from missingmodels.plan import Decision, Exposure
from missingmodels.provenance import stream
from missingmodels.runs.answer import prepare
from missingmodels.scenario import OwnDrawn, Scenario
from missingmodels.simulate.world import World, simulate_world
from missingmodels.studies.grid import Cell, Grid, changed_scenario
from missingmodels.studies.study import Law

FITTED, UNCONVERGED, UNANSWERED = "fitted", "not converged", "no answer"
REDRAWS = 1000
TIED = ("peer_network", "outside_")  # beginnings of exposures along ties
READ = frozenset({"children", "placements", "missing_episodes", "homes", "staff_periods", "staff_spells"})
Row = dict[str, Any]


def run_replicate(grid: Grid, cell: Cell, index: int) -> list[Row]:
    """Rows of one replicate, one a rule and quantity: verdict, estimate and interval on the log scale, and the truth.

    A world that cannot answer or a fit that fails the gate gives rows too, with their status. Anything else that goes
    wrong is a fault of the study or the package, and is raised.
    """
    begin = time.process_time()
    rng = stream(grid.study.seed, "power", cell.index, index)
    world_seed, fit_seed = int(rng.integers(2**62)), int(rng.integers(2**31 - 1))
    scenario, drawn = drawn_scenario(grid, cell, index)
    world = simulated(grid, cell, scenario, world_seed)
    held: Row = {
        "cell": cell.index,
        "replicate": index,
        "world_seed": world_seed,
        "drawn": json.dumps(drawn),
        "children": len(world.tables["children"]),
        "onsets": len(world.tables["missing_episodes"]),
    }
    rows = [held | row for row in _judged(grid, cell, scenario, world, fit_seed)]
    spent = time.process_time() - begin
    return [row | {"seconds": spent} for row in rows]


def drawn_scenario(grid: Grid, cell: Cell, index: int) -> tuple[Scenario, dict[str, float]]:
    """The cell's scenario with fields of the design prior drawn, and what was drawn.

    Joint draws are taken together. What the scenario's bounds refuse is drawn again, so a law is cut at them.
    """
    prior, joint = grid.study.prior, grid.study.draws
    if not grid.study.averaged:
        return cell.scenario, {}
    rng = stream(grid.study.seed, "power", cell.index, index, "prior")
    count = len(next(iter(joint.values()), ()))
    for _ in range(REDRAWS):
        drawn = {name: _draw(prior[name], rng) for name in sorted(prior)}
        if count:
            at = int(rng.integers(count))
            drawn |= {name: values[at] for name, values in joint.items()}
        try:
            return changed_scenario(cell.scenario, drawn), drawn
        except ConfigInvalid:
            continue
    raise ConfigInvalid(
        f"the scenario refuses every one of {REDRAWS} draws of the design prior",
        where=f"cell {cell.index} ({cell})",
        remedy="compare [prior] and [draws] with the bounds of their fields",
    )


def _draw(law: Law, rng: np.random.Generator) -> float:
    if law.mean is not None and law.sd is not None:
        return law.mean + law.sd * float(rng.standard_normal())
    if law.low is not None and law.high is not None:
        return law.low + (law.high - law.low) * float(rng.random())
    raise AssertionError("a law has its two numbers")


def _judged(grid: Grid, cell: Cell, scenario: Scenario, world: World, seed: int) -> Iterator[Row]:
    ask, rules = grid.study.ask, grid.rules(cell)
    try:
        found = fitted(grid, cell, world, seed)
    except (CannotAnswer, DiagnosticsFailed) as error:
        status = UNANSWERED if isinstance(error, CannotAnswer) else UNCONVERGED
        for name in ask.quantities:
            yield from (_empty(name, rule, status, error.what) for rule in rules)
        return
    truth = functools.partial(true_log_ratio, world.truth, scenario=scenario, asked=cell.plan.exposure)
    for name in ask.quantities:
        for label, rule in rules.items():
            if name in found.design.names:
                yield _row(found, name, label, rule, truth, scenario.own)
            else:
                yield _empty(name, label, UNANSWERED, f"{name} never varies or is unrecorded, so no model holds it")


def simulated(grid: Grid, cell: Cell, scenario: Scenario, seed: int) -> World:
    """A world with the tables that the frame reads, and no more."""
    asked = {grid.exposure, *([cell.plan.exposure.outside] if cell.plan.exposure.outside else [])}
    ties = {"ties"} if any(name.startswith(TIED) for name in asked) else set()
    read = READ | ties | tables_behind(model_terms(cell.plan, grid.study.ask.model, grid.exposure or None))
    world = simulate_world(scenario, seed=seed, log_exposures=False, only=read)
    if "staff_shifts" not in read:
        return world
    shifts = pd.concat([*world.shifts()], ignore_index=True)
    return dataclasses.replace(world, tables=world.tables.changed({"staff_shifts": shifts}))


def designed(grid: Grid, cell: Cell, world: World) -> Design:
    """The design of the study's model. The simulator's tables keep the contract, so they are not validated again."""
    key = grid.study.ask.model, grid.exposure
    prepared = prepare(world.tables, cell.plan, fits=[key], checked=True)
    if key not in prepared.designs:
        raise CannotAnswer("; ".join(prepared.notes))
    return prepared.designs[key]


def fitted(grid: Grid, cell: Cell, world: World, seed: int) -> Fit:
    """The one fit of a replicate."""
    return fit(
        designed(grid, cell, world),
        cell.plan,
        model=grid.study.ask.model,
        exposure=grid.exposure,
        seed=seed,
        allow_unconverged=True,
        with_children=False,
    )


def _row(
    found: Fit, name: str, label: str, rule: Decision, truth: Callable[[str, float], float], own: Mapping[str, OwnDrawn]
) -> Row:
    """Judged by the functions that judge real data; truth and draws go through the same contrast."""
    if name == found.exposure:
        step, judged = 1.0, peer_ratio(found, rule)
    elif name in own:
        step, judged = 1.0, own_ratio(found, name, rule, own[name].direction)
    else:
        step, judged = structure_step(found.design, name)[0], structure_ratio(found, name, rule)
    return {
        "rule": label,
        "quantity": name,
        "status": FITTED if found.diagnostics.passed else UNCONVERGED,
        "remark": judged.remark if found.diagnostics.passed else "; ".join(found.diagnostics.failed),
        "expected": judged.expected,
        "verdict": judged.verdict,
        "truth": truth(name, step),
        "estimate": float(np.log(judged.median)),
        "low": float(np.log(judged.interval_low)),
        "high": float(np.log(judged.interval_high)),
        "probability_above": judged.probability_above_null,
        "probability_negligible": judged.rope_probability,
        "supported_probability": rule.supported_probability,
    }


def true_log_ratio(truth: Parameters, name: str, step: float, *, scenario: Scenario, asked: Exposure) -> float:
    """The true log rate ratio of a contrast; NaN where ``no_truth`` says why, or the worlds have no such effect."""
    if name.startswith("peer_") and scenario.contagion.log_rate_ratio == 0:
        return 0.0
    if no_truth(name, scenario, asked) or name not in truth.coefficients:
        return float("nan")
    return float(np.log(rate_ratio(truth, {name: step})[0]))


def no_truth(name: str, scenario: Scenario, asked: Exposure) -> str:
    """Why worlds of a scenario have no true value of what a plan asks of peers; empty where they have.

    Influence works there by another exposure, or over another window or time scale.
    """
    acts = scenario.contagion
    if not name.startswith("peer_") or acts.log_rate_ratio == 0:
        return ""
    if acts.exposure != name:
        return f"influence works by {acts.exposure} in these worlds, so there is no true value of {name}"
    scale, word = ("kernel_days", "with a time scale of") if name == "peer_kernel" else ("window_days", "for")
    theirs, ours = getattr(acts, scale), getattr(asked, scale)
    if theirs != ours:
        return (
            f"influence works {word} {theirs:g} days in these worlds and the plan asks of {ours:g}, so there is no "
            f"true value of what it asks: set contagion.{scale} or plan.exposure.{scale}"
        )
    return ""


_UNKNOWN: Mapping[str, Any] = {
    "expected": "",
    "verdict": "",
    **dict.fromkeys(
        ("truth", "estimate", "low", "high", "probability_above", "probability_negligible", "supported_probability"),
        float("nan"),
    ),
}


def _empty(name: str, rule: str, status: str, remark: str) -> Row:
    return {**_UNKNOWN, "rule": rule, "quantity": name, "status": status, "remark": remark}

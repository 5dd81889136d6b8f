"""One replicate: a world drawn, framed, fitted and judged, as plain rows. It depends on (study, cell, index) alone."""

from __future__ import annotations

import dataclasses
import functools
import json
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer, ConfigInvalid, DiagnosticsFailed
from missingmodels.evidence.decisions import CANNOT_SAY, SUPPORTED, kind_of_verdict
from missingmodels.fitting.fit import Fit, fit
from missingmodels.frame.columns.told import tables_behind
from missingmodels.frame.design import Design
from missingmodels.frame.riskset import RiskSet
from missingmodels.frame.rows import model_terms
from missingmodels.plan import Decision
from missingmodels.provenance import stream
from missingmodels.runs.answer import prepare
from missingmodels.scenario import OwnDrawn, Scenario
from missingmodels.simulate.records.taking_part import recorded_until
from missingmodels.simulate.world import World, simulate_world
from missingmodels.studies.computing.rows import (
    FITTED,
    UNANSWERED,
    UNCONVERGED,
    Row,
    empty,
    no_estimand,
    row_of,
    true_log_ratio,
)
from missingmodels.studies.questions.estimands import estimand_row
from missingmodels.studies.questions.grid import Cell, Grid, changed_scenario
from missingmodels.studies.questions.own import NO_FUNCTIONS
from missingmodels.studies.questions.study import AT_A_LOOK, MEASURED, Law
from missingmodels.tables import Tables

REDRAWS = 1000
TIED = ("peer_network", "outside_")  # beginnings of exposures along ties
READ = frozenset({"children", "placements", "missing_episodes", "homes", "staff_periods", "staff_spells"})


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
    rows = [*_of_tables(grid, cell, scenario, world, world.tables, seed)]
    yield from rows
    if grid.study.looks is not None:
        yield from _at_looks(grid, cell, scenario, world, rows, seed)


def _of_tables(grid: Grid, cell: Cell, scenario: Scenario, world: World, tables: Tables, seed: int) -> Iterator[Row]:
    """Rows of what a world's tables, or a part of them, say."""
    ask, rules, own = grid.study.ask, grid.rules(cell), grid.own
    labels = [*rules, *([own.rule] if own.decide else [])]
    try:
        design, risk = _designed(grid, cell, tables)
        found = _fitted(grid, cell, design, seed)
    except (CannotAnswer, DiagnosticsFailed) as error:
        status = UNANSWERED if isinstance(error, CannotAnswer) else UNCONVERGED
        for name in ask.quantities:
            yield from (empty(name, label, status, error.what) for label in labels)
        yield from (empty(name, "plan", status, error.what) for name in ask.estimands)
        return
    truth = functools.partial(true_log_ratio, world.truth, scenario=scenario, asked=cell.plan.exposure)
    for name in ask.quantities:
        for label, rule in rules.items():
            if name in found.design.names:
                yield row_of(found, name, label, rule, truth, scenario.own)
            else:
                yield empty(name, label, UNANSWERED, f"{name} never varies or is unrecorded, so no model holds it")
        if own.decide:
            yield _decided(grid, found, name, rules["plan"], truth, scenario.own)
    passed, rule = _passed(found), rules["plan"]
    lacking = no_estimand(scenario, cell.plan.exposure, found.exposure)
    for name in ask.estimands:
        held = estimand_row(name, found, rule, world.truth, risk, why=lacking)
        yield empty(name, "plan", *passed) | held
    if own.measure and found.diagnostics.passed:
        for name, value in own.measured(found).items():
            yield empty(name, MEASURED, *passed) | {"estimate": value}


def _passed(found: Fit) -> tuple[str, str]:
    return (FITTED, "") if found.diagnostics.passed else (UNCONVERGED, "; ".join(found.diagnostics.failed))


def _decided(
    grid: Grid, found: Fit, name: str, rule: Decision, truth: Callable[[str, float], float], own: Mapping[str, OwnDrawn]
) -> Row:
    """A row under the rule of a function: it alone says what is supported, and of nothing else how sure it is."""
    if name not in found.design.names:
        return empty(name, grid.own.rule, UNANSWERED, f"{name} never varies or is unrecorded, so no model holds it")
    said = found.diagnostics.passed and grid.own.decided(found)
    verdict = SUPPORTED if said else CANNOT_SAY
    row = row_of(found, name, grid.own.rule, rule, truth, own)
    return row | {"verdict": verdict, "supported_probability": float("nan")}


def _at_looks(grid: Grid, cell: Cell, scenario: Scenario, world: World, last: list[Row], seed: int) -> Iterator[Row]:
    """Rows of the look that collection ends at: the first at which the rule says supported, else the last day.

    Each quantity ends its own. Nothing that is written down after a look is known at it.
    """
    looks = grid.study.looks
    assert looks is not None
    at_end = {row["quantity"]: row for row in last if row["rule"] == looks.rule}
    open_still = [name for name in grid.study.ask.quantities if name in at_end]
    for number, day in enumerate(looks.days):
        if not open_still:
            return
        seen = recorded_until(world.tables, day)
        own_seed = (seed + 1 + number) % (2**31 - 1)
        rows = _of_tables(dataclasses.replace(grid, own=NO_FUNCTIONS), cell, scenario, world, seen, own_seed)
        for row in rows:
            claims = row["status"] == FITTED and kind_of_verdict(row["verdict"]) == SUPPORTED
            if row["rule"] == looks.rule and row["quantity"] in open_still and claims:
                open_still.remove(row["quantity"])
                yield row | {"rule": AT_A_LOOK, "stopped_day": float(day)}
    for name in open_still:
        yield at_end[name] | {"rule": AT_A_LOOK, "stopped_day": float(scenario.days)}


def simulated(grid: Grid, cell: Cell, scenario: Scenario, seed: int) -> World:
    """A world with the tables that the frame reads, and no more."""
    asked = {grid.exposure, *([cell.plan.exposure.outside] if cell.plan.exposure.outside else [])}
    ties = {"ties"} if any(name.startswith(TIED) for name in asked) else set()
    read = READ | ties | tables_behind(model_terms(cell.plan, grid.study.ask.model, grid.exposure or None))
    read |= {"staff_shifts"} if cell.plan.effects.adults else set()
    world = simulate_world(scenario, seed=seed, log_exposures=False, only=read)
    if "staff_shifts" not in read:
        return world
    shifts = pd.concat([*world.shifts()], ignore_index=True)
    return dataclasses.replace(world, tables=world.tables.changed({"staff_shifts": shifts}))


def designed(grid: Grid, cell: Cell, world: World) -> Design:
    """The design of the study's model."""
    return _designed(grid, cell, world.tables)[0]


def _designed(grid: Grid, cell: Cell, tables: Tables) -> tuple[Design, RiskSet]:
    """Design and risk set. The simulator's tables keep the contract, so they are not validated again."""
    key = grid.study.ask.model, grid.exposure
    prepared = prepare(tables, cell.plan, fits=[key], checked=True)
    if key not in prepared.designs:
        raise CannotAnswer("; ".join(prepared.notes))
    return prepared.designs[key], prepared.risk


def fitted(grid: Grid, cell: Cell, world: World, seed: int) -> Fit:
    """The one fit of a replicate."""
    return _fitted(grid, cell, designed(grid, cell, world), seed)


def _fitted(grid: Grid, cell: Cell, design: Design, seed: int) -> Fit:
    """The one fit to a design; with the children's frailties only where something is asked that may need them."""
    return fit(
        design,
        cell.plan,
        model=grid.study.ask.model,
        exposure=grid.exposure,
        seed=seed,
        allow_unconverged=True,
        with_children=bool(grid.study.ask.estimands or grid.asked),
    )

"""From a study's file to its cells: names resolved, every cell's scenario and plan built, all faults told at once."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from missingmodels.config import Config, faults_of, from_mapping, refusal, toml_values
from missingmodels.errors import ConfigInvalid
from missingmodels.plan import Decision, Plan, kept_plan, with_method
from missingmodels.presets import load_plan, load_scenario
from missingmodels.provenance import digest_json
from missingmodels.scenario import OwnDrawn, Scenario, kept_scenario
from missingmodels.studies.questions.faults import OWN, ask_faults, nearest
from missingmodels.studies.questions.own import NO_FUNCTIONS, Own
from missingmodels.studies.questions.study import BEGINNINGS, Study, flat


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One point of the grid: values of its axes, and the scenario and plan that they give."""

    index: int
    at: Mapping[str, Any]
    scenario: Scenario
    plan: Plan

    def __str__(self) -> str:
        return ", ".join(f"{name} = {value}" for name, value in self.at.items()) or "the only cell"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A study with its base scenario and plan in full, so that it needs no other file.

    ``own`` are functions that it asks of each fit; of one that is read from a folder only ``asked``, what was written
    down of them, is known.
    """

    study: Study
    scenario: Scenario
    plan: Plan
    cells: tuple[Cell, ...]
    own: Own = NO_FUNCTIONS
    asked: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def asking(self, own: Own) -> Grid:
        """The grid with functions of one's own."""
        return dataclasses.replace(self, own=own, asked=own.record())

    @property
    def exposure(self) -> str:
        """Peer exposure of the model that is fitted, empty for a model without peers."""
        return (self.study.ask.exposure or self.plan.exposure.primary) if self.study.ask.model in ("M1", "M3") else ""

    def rules(self, cell: Cell) -> dict[str, Decision]:
        """The plan's rule and those beside it, by name."""
        held = cell.plan.decision
        changed = {n: from_mapping(held.model_dump() | c, Decision) for n, c in self.study.rules.items()}
        return {"plan": held} | changed

    def record(self) -> dict[str, Any]:
        """Everything that decides the results, as plain values; ``grid_of`` reads it."""
        return {
            "study": self.study.model_dump(mode="json"),
            "scenario": self.scenario.model_dump(mode="json"),
            "plan": self.plan.model_dump(mode="json"),
            **({"asked": dict(self.asked)} if self.asked else {}),
        }

    @property
    def digest(self) -> str:
        """Digest of the record."""
        return digest_json(self.record())


def read_study(path: Path) -> Grid:
    """A study from its TOML file. Raises ConfigInvalid listing every wrong key, name and value."""
    return make_grid(toml_values(path), folder=Path(path).parent, where=str(path))


def make_grid(values: dict[str, Any], *, folder: Path = Path(), where: str = "") -> Grid:
    """A grid from plain values; files that it names lie in ``folder``."""
    faults = faults_of(values, Study)
    bases: dict[str, Config | None] = {}
    for part, kind in (("scenario", Scenario), ("plan", Plan)):
        bases[part] = _base(values, part, folder, faults)
        faults += _named(values.get(part), "set", f"{part}.set.", kind)
    prior = values.get("prior")
    for part in ("axes", "points"):
        for name in _table(values, part):
            kind = Plan if name.startswith(BEGINNINGS) else Scenario
            faults += _unknown(name.removeprefix(BEGINNINGS), kind, f"{part}.{name}")
    for part, names in (("prior", prior if isinstance(prior, Mapping) else ()), ("draws", _table(values, "draws"))):
        for name in names:
            faults += _unknown(name, Scenario, f"{part}.{name}") or _not_real(name, part)
    if not faults:
        faults += _value_faults(Study.model_validate(values), bases)
    if faults:
        raise refusal(list(dict.fromkeys(faults)), where=where)
    study = Study.model_validate(values)
    exposure = {"exposure.primary": study.ask.exposure} if study.ask.exposure else {}
    scenario = _changed(bases["scenario"], study.scenario.set)
    plan = _changed(bases["plan"], study.plan.set | exposure)
    return grid_of({"study": values, "scenario": scenario, "plan": _with_engine(plan, study)}, where=where)


def _with_engine(plan: Any, study: Study) -> dict[str, Any]:
    """The plan's values with the study's engine."""
    return with_method(from_mapping(plan, Plan), study.method).model_dump(mode="json")


def grid_of(record: Mapping[str, Any], *, where: str = "") -> Grid:
    """The grid of a record. Raises ConfigInvalid for a cell whose values contradict each other."""
    study = from_mapping(dict(record["study"]), Study, where=where)
    scenario = kept_scenario(record["scenario"], where=where)
    plan = kept_plan(record["plan"], where=where)
    cells, faults = [], []
    for index, at in enumerate(_points(study)):
        of_plan = {n.removeprefix(BEGINNINGS): v for n, v in at.items() if n.startswith(BEGINNINGS)}
        of_scenario = {n: v for n, v in at.items() if not n.startswith(BEGINNINGS)}
        made = _changed(scenario, of_scenario), _changed(plan, of_plan)
        wrong = [*faults_of(made[0], Scenario), *faults_of(made[1], Plan)]
        faults += [f"cell {index} ({at}): {fault}" for fault in wrong]
        if not wrong:
            cells.append(
                Cell(index=index, at=at, scenario=Scenario.model_validate(made[0]), plan=Plan.model_validate(made[1]))
            )
    if faults:
        raise refusal(faults, where=where)
    asked = dict(record.get("asked", {}))
    return Grid(study=study, scenario=scenario, plan=plan, cells=tuple(cells), asked=asked)


def _points(study: Study) -> Iterator[dict[str, Any]]:
    together = [*zip(*study.points.values(), strict=True)] or [()]
    for values in itertools.product(*study.axes.values()):
        for point in together:
            yield dict(zip(study.axes, values, strict=True)) | dict(zip(study.points, point, strict=True))


def changed_scenario(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """The scenario with dotted fields set. Raises ConfigInvalid."""
    return from_mapping(_changed(scenario, values), Scenario)


def _changed(base: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """A record's plain values with dotted fields set."""
    out = base.model_dump()
    for name, value in values.items():
        at, *path = out, *name.split(".")
        for part in path[:-1]:
            at = at.setdefault(part, {})  # a variable of one's own need not be there yet
        at[path[-1]] = value
    return dict(out)


def _base(values: Mapping[str, Any], part: str, folder: Path, faults: list[str]) -> Config | None:
    """The scenario or plan named; None, with its fault told, if there is none."""
    held = values.get(part, {})
    default = {"scenario": "small", "plan": "default"}[part]
    name = held.get("use", "") or default if isinstance(held, Mapping) else default
    if not isinstance(name, str):
        return None  # told by the study's own check
    load = load_scenario if part == "scenario" else load_plan
    try:
        return load(folder / name) if name.endswith(".toml") else load(name)
    except ConfigInvalid as error:
        faults.append(f"{part}.use: {error.where and f'{error.where}: '}{error.what}")
        return None


def _value_faults(study: Study, bases: Mapping[str, Config | None]) -> list[str]:
    """Values that their fields refuse, one by one, and quantities that no model could hold."""
    faults = []
    for part, kind in (("scenario", Scenario), ("plan", Plan)):
        base, held = bases[part], getattr(study, part).set
        faults += [f"{part}.set.{fault}" for fault in faults_of(_changed(base, held), kind)]
        for name, values in study.grid_fields.items():
            if name.startswith(BEGINNINGS) != (part == "plan"):
                continue
            place = "axes" if name in study.axes else "points"
            for value in values:
                told = faults_of(_changed(base, held | {name.removeprefix(BEGINNINGS): value}), kind)
                faults += [f"{place}.{name} = {value!r}: {fault}" for fault in told if not _crosses(fault)]
    for name, rule in study.rules.items():
        faults += [f"rules.{name}.{fault}" for fault in faults_of(dict(rule), Decision)]
    return faults + ask_faults(study, bases)


def _crosses(fault: str) -> bool:
    """Whether a fault is about two fields at odds: those are told of whole cells, where other axes may settle them."""
    return fault.startswith("(whole file)")


def _table(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    held = values.get(name)
    return flat(held) if isinstance(held, Mapping) else {}


def _named(part: Any, key: str, place: str, kind: type[Config]) -> list[str]:
    held = part.get(key) if isinstance(part, Mapping) else None
    if not isinstance(held, Mapping):
        return []
    return [fault for name in flat(held) for fault in _unknown(name, kind, f"{place}{name}")]


def _unknown(name: str, kind: type[Config], place: str) -> list[str]:
    """The fault of a field's name that is not one, with the nearest that is."""
    known = leaves(kind)
    if kind is Scenario and name.startswith(OWN):
        known = {f"{OWN}{name.split('.')[1]}.{key}": held for key, held in leaves(OwnDrawn).items()}
    return (
        []
        if name in known
        else [f"{place}: no field of that name in the {kind.__name__.lower()}{nearest(name, known)}"]
    )


def _not_real(name: str, part: str) -> list[str]:
    """The fault of a design prior over a field that takes no real numbers."""
    known = leaves(OwnDrawn) if name.startswith(OWN) else leaves(Scenario)
    if known[name.rpartition(".")[2] if name.startswith(OWN) else name] is float:
        return []
    return [f"{part}.{name}: a law draws real numbers, and this field takes none; make it an axis"]


def leaves(kind: type[Config], before: str = "") -> dict[str, Any]:
    """Dotted names of all fields that hold a value, with their types."""
    out: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Config):
            out |= leaves(inner, f"{before}{name}.")
        else:
            out[before + name] = inner
    return out

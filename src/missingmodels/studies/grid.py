"""From a study's file to its cells: names resolved, every cell's scenario and plan built, all faults told at once."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from missingmodels.config import Config, faults_of, from_mapping, refusal, toml_values
from missingmodels.errors import ConfigInvalid
from missingmodels.plan import EXPOSURES, STRUCTURE, Decision, Plan, kept_plan, terms_of, with_method
from missingmodels.presets import load_plan, load_scenario
from missingmodels.provenance import digest_json
from missingmodels.scenario import OwnDrawn, Scenario, kept_scenario
from missingmodels.studies.study import BEGINNINGS, Study, flat

OWN = "own."  # beginning of the fields of a variable of one's own, as own.adhd.share


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
    """A study with its base scenario and plan in full, so that it needs no other file."""

    study: Study
    scenario: Scenario
    plan: Plan
    cells: tuple[Cell, ...]

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
    axes, prior = _table(values, "axes"), values.get("prior")
    for name in axes:
        kind = Plan if name.startswith(BEGINNINGS) else Scenario
        faults += _unknown(name.removeprefix(BEGINNINGS), kind, f"axes.{name}")
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
    return Grid(study=study, scenario=scenario, plan=plan, cells=tuple(cells))


def _points(study: Study) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*study.axes.values()):
        yield dict(zip(study.axes, values, strict=True))


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
        for name, values in study.axes.items():
            if name.startswith(BEGINNINGS) != (part == "plan"):
                continue
            for value in values:
                told = faults_of(_changed(base, held | {name.removeprefix(BEGINNINGS): value}), kind)
                faults += [f"axes.{name} = {value!r}: {fault}" for fault in told if not _crosses(fault)]
    for name, rule in study.rules.items():
        faults += [f"rules.{name}.{fault}" for fault in faults_of(dict(rule), Decision)]
    return faults + _ask_faults(study, bases)


def _crosses(fault: str) -> bool:
    """Whether a fault is about two fields at odds: those are told of whole cells, where other axes may settle them."""
    return fault.startswith("(whole file)")


def _ask_faults(study: Study, bases: Mapping[str, Any]) -> list[str]:
    ask, faults = study.ask, []
    if study.kind == "calibration":
        asked, changed = bases["plan"], study.plan.set
        informed = "informed" in (asked.priors.use, changed.get("priors.use"))
        window = changed.get("terms.structure_means", asked.terms.structure_means) == "window"
        means = "plan: worlds act by a home's mean over all days: set terms.structure_means to window, or no structure"
        return [
            *([] if informed else ["plan: a calibration draws its truths from the informed priors: set priors.use"]),
            *([] if window or not changed.get("terms.structure", asked.terms.structure) else [means]),
        ]
    judged = {*EXPOSURES} if ask.model in ("M1", "M3") else set()
    if ask.model in ("M2", "M3"):
        judged |= {f"{name}_{part}" for name in STRUCTURE for part in ("between", "within")}
    faults += _own_faults(study, bases)
    judged |= {*_own_of(study, bases["scenario"])}
    if ask.exposure and ask.exposure not in EXPOSURES:
        faults.append(f"ask.exposure: {ask.exposure!r} is no peer exposure; known: {', '.join(EXPOSURES)}")
    if f"{BEGINNINGS}exposure.primary" in study.axes:
        faults.append("axes.plan.exposure.primary: a study fits one exposure, ask.exposure; make a study of each")
    faults += _of_the_plan(study, bases["plan"])
    fitted = ask.exposure or study.plan.set.get("exposure.primary") or bases["plan"].exposure.primary
    for name in ask.quantities:
        if name not in judged:
            faults.append(f"ask.quantities: {name!r} is not judged in model {ask.model}{_near(name, judged)}")
        elif name in EXPOSURES and name != fitted:
            faults.append(f"ask.quantities: {name!r} is not the exposure that is fitted ({fitted!r}); set ask.exposure")
    return faults


def _own_of(study: Study, base: Scenario) -> dict[str, dict[str, Any]]:
    """Variables of one's own by name, with the keys that the base or the study sets."""
    found = {name: held.model_dump() for name, held in base.own.items()}
    changed = study.scenario.set | {name: values[0] for name, values in study.axes.items()}
    for key, value in changed.items():
        if key.startswith(OWN):
            _, name, field = key.split(".")
            found.setdefault(name, {})[field] = value
    return found


def _own_faults(study: Study, bases: Mapping[str, Any]) -> list[str]:
    """Variables of one's own that are asked of and that nothing can be said of."""
    faults, asked = [], {**study.plan.set}
    terms = bases["plan"].terms
    parts = [asked.get(f"terms.{part}", getattr(terms, part)) for part in ("vulnerability", "history", "calendar")]
    held = {column for part in parts for column in terms_of(part).columns}
    for name, keys in _own_of(study, bases["scenario"]).items():
        if name in study.ask.quantities and not keys.get("direction"):
            faults.append(f"ask.quantities: {name!r} has no side to be judged by: give {OWN}{name}.direction")
        if name in study.ask.quantities and name not in held:
            faults.append(f"ask.quantities: no formula of the plan names {name!r}: add it to terms.vulnerability")
    return faults


def _of_the_plan(study: Study, plan: Plan) -> list[str]:
    """What a plan may ask of one data set, and a study of thousands does not do."""
    rule, faults = "frame.coverage_rule", []
    asked = study.axes.get(f"{BEGINNINGS}{rule}", (study.plan.set.get(rule, plan.frame.coverage_rule),))
    faults += [
        f"plan: {rule} = {value!r}: a study answers from what is recorded; choose 'keep' or 'drop'"
        for value in asked
        if value in ("bound", "model")
    ]
    if {"sampling.method", f"{BEGINNINGS}sampling.method"} & {*study.plan.set, *study.axes}:
        faults.append("plan: sampling.method is set by the study's own key, method")
    return faults


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
        [] if name in known else [f"{place}: no field of that name in the {kind.__name__.lower()}{_near(name, known)}"]
    )


def _near(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    if not close:  # a bare last part, such as log_rate_ratio, is likely meant in full
        close = [full for full in sorted(known) if full.rpartition(".")[2] == name.rpartition(".")[2]][:1]
    return f"; did you mean {close[0]!r}?" if close else ""


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

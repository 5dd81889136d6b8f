"""What a study asks that no model could hold or no plan of a study may say: every fault in words."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from missingmodels.plan import EXPOSURES, STRUCTURE, Plan, terms_of
from missingmodels.scenario import Scenario
from missingmodels.studies.questions.study import BEGINNINGS, Study

OWN = "own."  # beginning of the fields of a variable of one's own, as own.adhd.share


def ask_faults(study: Study, bases: Mapping[str, Any]) -> list[str]:
    """Quantities, exposures and settings that cannot be asked of the scenario and plan in ``bases``."""
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
    if f"{BEGINNINGS}exposure.primary" in study.grid_fields:
        faults.append("axes.plan.exposure.primary: a study fits one exposure, ask.exposure; make a study of each")
    faults += _of_the_plan(study, bases["plan"])
    if study.ask.estimands and ask.model != "M3":
        faults.append(
            f"ask.estimands: model {ask.model} leaves out what worlds have, so it has no truth of its own; M3"
        )
    faults += _looks_faults(study, bases["scenario"])
    fitted = ask.exposure or study.plan.set.get("exposure.primary") or bases["plan"].exposure.primary
    for name in ask.quantities:
        if name not in judged:
            faults.append(f"ask.quantities: {name!r} is not judged in model {ask.model}{nearest(name, judged)}")
        elif name in EXPOSURES and name != fitted:
            faults.append(f"ask.quantities: {name!r} is not the exposure that is fitted ({fitted!r}); set ask.exposure")
    return faults


def _own_of(study: Study, base: Scenario) -> dict[str, dict[str, Any]]:
    """Variables of one's own by name, with the keys that the base or the study sets."""
    found = {name: held.model_dump() for name, held in base.own.items()}
    changed = study.scenario.set | {name: values[0] for name, values in study.grid_fields.items()}
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
    asked = study.grid_fields.get(f"{BEGINNINGS}{rule}", (study.plan.set.get(rule, plan.frame.coverage_rule),))
    faults += [
        f"plan: {rule} = {value!r}: a study answers from what is recorded; choose 'keep' or 'drop'"
        for value in asked
        if value in ("bound", "model")
    ]
    if {"sampling.method", f"{BEGINNINGS}sampling.method"} & {*study.plan.set, *study.grid_fields}:
        faults.append("plan: sampling.method is set by the study's own key, method")
    return faults


def _looks_faults(study: Study, base: Scenario) -> list[str]:
    """Looks that do not come before the last day of every cell."""
    if study.looks is None:
        return []
    days = study.grid_fields.get("days") or (study.scenario.set.get("days", base.days),)
    last = study.looks.days[-1]
    return [f"looks.days: {last} is not before the last day, {day}" for day in days if last >= day]


def nearest(name: str, known: Any) -> str:
    """A hint at the known name that is nearest, empty where none is near."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    if not close:  # a bare last part, such as log_rate_ratio, is likely meant in full
        close = [full for full in sorted(known) if full.rpartition(".")[2] == name.rpartition(".")[2]][:1]
    return f"; did you mean {close[0]!r}?" if close else ""

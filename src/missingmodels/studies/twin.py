"""A synthetic twin of an extract: a simulated sector with its margins and fitted effects, as the gate lets them out.

The simulator is given a scenario, every value of which has passed the gate, and a seed, and nothing else: a twin says
of the extract what that scenario says, however long one looks at its rows, and further twins say no more. Which columns
are recorded at all is a fact of the layout and is taken over; what fewer than the minimum have counts as unrecorded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.config import from_mapping
from missingmodels.disclosure.classes import Class
from missingmodels.disclosure.margins import gated_mean, gated_number, unblocked
from missingmodels.disclosure.policy import Policy, require_enough
from missingmodels.disclosure.record import Judged, record_files
from missingmodels.disclosure.support import Behind
from missingmodels.disclosure.values import short
from missingmodels.errors import CannotAnswer, ConfigInvalid, DiagnosticsFailed
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.fit import fit as fit_model
from missingmodels.frame.riskset import RiskSet
from missingmodels.intervals import to_day
from missingmodels.parameters import Parameters
from missingmodels.plan import MISSING, Plan
from missingmodels.provenance import stream
from missingmodels.runs.answer import prepare
from missingmodels.scenario import Scenario
from missingmodels.simulate.world import simulate_world
from missingmodels.studies.pilot import COLUMNS, acts, fields_of_draws, left_out, shares, sizes
from missingmodels.tables import Tables, make_tables, require_valid
from missingmodels.tables.contract import TABLES
from missingmodels.tables.store import FORMAT, write_tables_into
from missingmodels.writing import whole_folder

SCENARIO = "scenario.toml"
KIND = "a twin: a simulated sector with the released margins and effects of another data set"
AGES_YEARS = (6, 17)  # which a child counts as at the most when it comes, whatever its date of birth says
_SPANS = ("end_date",)  # empty where a span is open, whether or not any of the extract has ended
_HEAD = "# What a twin was made of: every value has passed the gate. `missingmodels simulate --scenario` makes more."
_PEERS, _RATE = "contagion.log_rate_ratio", "onset.rate_per_year"


def twin_scenario(fit: Fit, tables: Tables, risk: RiskSet, plan: Plan, behind: Behind, judged: Judged) -> Scenario:
    """The scenario of a twin: sizes, rates and effects (posterior means) of a fit and its data, through the gate.

    An effect that is blocked is 0; a margin that is blocked is as in the scenario ``small``. Raises CannotAnswer where
    too few stand behind the data or the peers' effect, for an outcome other than missing episodes, and for peers that
    no scenario can act by.
    """
    if plan.frame.outcome != MISSING or not fit.exposure:
        raise CannotAnswer(
            "a twin is made of a model of missing episodes with peers", remedy="fit M1 or M3 of missing episodes"
        )
    require_enough(judged.policy, homes=len(risk.home_ids), children=len(risk.child_ids), onsets=int(risk.onset.sum()))
    effects = _effects(fit, plan, behind, judged)
    fields = sizes(tables, risk, judged) | shares(tables, judged) | _ages(tables, judged) | acts(fit, plan) | effects
    # whom the extract does not see is not there: its model's peers are those that it sees
    fields["homes.occupancy"] = fields["homes.occupancy"] * (1 - fields.pop("recording.unseen_children_share"))
    fields["homes.count"] = gated_number("homes", len(risk.home_ids), judged)
    fields["start_date"] = tables.observed_from.date().isoformat()
    try:
        return from_mapping(_nested({"name": "twin", **unblocked(fields)}), Scenario, where="the twin's scenario")
    except ConfigInvalid as error:
        raise CannotAnswer(f"no scenario is like this fit: {error.what}", remedy="fit another model") from error


def _effects(fit: Fit, plan: Plan, behind: Behind, judged: Judged) -> dict[str, float]:
    """Field -> posterior mean of an effect, or median of a rate or spread, to the digits of the policy."""
    draws, allowed = fit.parameters, set(fit.parameters.coefficients)
    if judged.policy.active:
        allowed = {name for name in allowed if _passes(fit, name, behind, judged)}
    if fit.exposure not in allowed:
        raise CannotAnswer(
            f"the policy of disclosure blocks {fit.exposure}: too few children or homes stand behind it",
            remedy="observe for longer, or a policy that the output checker agrees to, with --disclosure",
        )
    held: Parameters = replace(draws, coefficients={n: v for n, v in draws.coefficients.items() if n in allowed})
    folded = {name: mean for name, mean in left_out(fit).items() if name in allowed}
    found = {}
    for name, values in fields_of_draws(held, fit.exposure, plan, folded).items():
        value = float(np.mean(values) if name == _PEERS or _is_effect(name) else np.median(values))
        if judged.policy.active:
            judged.add(f"effect {name}", Class.ESTIMATE, "rounded", children=len(set(fit.design.child.tolist())))
            value = short(value, judged.policy)
        found[name] = value
    return found


def _passes(fit: Fit, name: str, behind: Behind, judged: Judged) -> bool:
    rule, reason, _ = behind.of(fit.model, fit.exposure, name)
    if rule:
        judged.add(f"effect {name}", Class.ESTIMATE, "blocked", rule=rule, reason=reason)
    return not rule


def _ages(tables: Tables, judged: Judged) -> dict[str, Any]:
    """Mean age at the first stay of those who came within the record."""
    lived = tables["placements"].dropna(subset=["home_id"]).sort_values("start_date").drop_duplicates("child_id")
    first = lived[lived["start_date"] >= tables.observed_from].merge(
        tables["children"][["child_id", "birth_date"]].dropna(), on="child_id"
    )
    if first.empty:
        return {}
    years = (to_day(first["start_date"]) - to_day(first["birth_date"])) / 365.25
    # one child of an odd age, which is most often a slip of the pen, would be told by the mean of some tens
    mean = gated_mean("age at the first stay, mean", float(years.clip(*AGES_YEARS).mean()), len(first), judged)
    return {"children.age_at_entry_mean_years": mean}


def _nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted fields as the tables of a file."""
    out: dict[str, Any] = {}
    for name, value in fields.items():
        section, dot, key = name.partition(".")
        if dot:
            out.setdefault(section, {})[key] = value
        else:
            out[name] = value
    return out


def twin_tables(scenario: Scenario, seed: int, *, like: Tables, policy: Policy) -> Tables:
    """The twin's tables, with the tables and columns that the extract records, and an origin that names none of it."""
    made = simulate_world(scenario, seed=seed, log_exposures=False).tables
    frames, least = {}, policy.minimum_count if policy.active else 1
    for name, frame in made.frames.items():
        if TABLES[name].optional and len(like[name]) < least:
            continue
        frames[name] = _as_recorded(frame, like[name], name, least)
    if (like["children"]["birth_date_precision"] == "month").sum() >= least:
        children = frames["children"]
        births = children["birth_date"].dt.to_period("M").dt.to_timestamp()
        frames["children"] = children.assign(birth_date=births, birth_date_precision="month")
    return make_tables(
        frames,
        observed_from=made.observed_from,
        observed_to=made.observed_to,
        all_residents=like.all_residents,
        origin={"kind": "simulated", "of_what": KIND, "policy": policy.name, "seed": seed},
    )


def rehearsed(
    scenario: Scenario, fit: Fit, plan: Plan, *, like: Tables, policy: Policy, seed: int, rehearsals: int
) -> Scenario:
    """The scenario with its rate and effects moved to where the fits of its own twins come to what was released.

    A fit shrinks and is biased in few homes, so that twins of an estimate would answer below it. Each rehearsal is one
    more twin, fitted by the fast engine; their mean shortfall is added (one step of indirect inference, Gourieroux,
    Monfort and Renault 1993). It follows from the scenario and tells no more of the data. A scenario of which fewer
    than half of the rehearsals can be fitted stays as it is.
    """
    fast = plan.changed({"sampling.method": "laplace"})
    asked = fit.model, fit.exposure
    found = []
    for at in range(rehearsals):
        own = int(stream(seed, "twin", "rehearsal", str(at)).integers(2**31))
        try:
            made = prepare(twin_tables(scenario, own, like=like, policy=policy), fast, fits=[asked], checked=True)
            design = made.designs[asked]
            again = fit_model(design, fast, model=fit.model, exposure=fit.exposure, seed=own, with_children=False)
        except (CannotAnswer, DiagnosticsFailed):
            continue
        found.append(_means(again, plan, left_out(again)))
    if 2 * len(found) < max(rehearsals, 1):
        return scenario
    values = scenario.model_dump(mode="json")
    for name in found[0]:
        section, _, key = name.partition(".")
        told = values[section][key]
        short_of = [one[name] for one in found if name in one]
        if name == _RATE:
            moved = told * float(np.exp(np.log(told) - np.mean(np.log(short_of))))
        elif told != 0 or name == _PEERS:
            moved = told + (told - float(np.mean(short_of)))
        else:
            continue  # an effect that is blocked stays away
        values[section][key] = short(moved, policy) if policy.active else moved
    return from_mapping(values, Scenario, where="the twin's scenario")


def _means(fit: Fit, plan: Plan, folded: Mapping[str, float]) -> dict[str, float]:
    """Field -> posterior mean of each effect, and of the log rate, that a scenario has."""
    fields = fields_of_draws(fit.parameters, fit.exposure, plan, folded)
    means = {name: float(np.mean(values)) for name, values in fields.items() if name == _PEERS or _is_effect(name)}
    return means | {_RATE: float(np.exp(np.mean(np.log(fields[_RATE]))))}


def _is_effect(name: str) -> bool:
    return name.removeprefix("onset.") in COLUMNS


def _as_recorded(frame: pd.DataFrame, like: pd.DataFrame, table: str, least: int) -> pd.DataFrame:
    """A frame whose optional columns are empty where the extract's are, or nearly so."""
    bare = [
        column.name
        for column in TABLES[table].columns
        if not column.required and column.name not in _SPANS and like[column.name].notna().sum() < least
    ]
    return frame.assign(**{name: pd.Series(index=frame.index, dtype=frame[name].dtype) for name in bare})


def scenario_toml(scenario: Scenario) -> bytes:
    """The scenario as a file that ``simulate`` reads: what differs from the one that ships."""
    usual = Scenario().model_dump(mode="json")
    values, sections = scenario.model_dump(mode="json"), []
    lines = [_HEAD]
    for name, value in values.items():
        if not isinstance(value, Mapping):
            lines += [f"{name} = {json.dumps(value)}"] if value != usual[name] else []
            continue
        told = [f"{key} = {json.dumps(held)}" for key, held in value.items() if held != usual[name].get(key)]
        sections += ["", f"[{name}]", *told] if told else []
    return ("\n".join([*lines, *sections]) + "\n").encode()


def write_twin(twin: Tables, scenario: Scenario, judged: Judged, folder: Path, *, origin: str, overwrite: bool) -> None:
    """Tables, the scenario they were made of, and the record for the output checker; all of them or nothing."""
    require_valid(twin)
    seed = int(twin.origin["seed"])
    files = {SCENARIO: scenario_toml(scenario)}
    with whole_folder(folder, kind=FORMAT, overwrite=overwrite) as scratch:
        for name, content in {**files, **record_files(judged, files, origin=origin, seeds=[seed])}.items():
            (scratch / name).write_bytes(content)
        write_tables_into(twin, scratch)

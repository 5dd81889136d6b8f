"""From a pilot to a study: worlds like the data of a run, their unknowns drawn from its posterior."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.disclosure.margins import gated_mean, gated_number, gated_share, gated_shares, unblocked
from missingmodels.disclosure.record import Judged
from missingmodels.errors import CannotAnswer
from missingmodels.evidence.record import Evidence
from missingmodels.fitting.fit import Fit
from missingmodels.frame.riskset import NO_HOME, RiskSet
from missingmodels.intervals import to_day
from missingmodels.parameters import Array, Parameters
from missingmodels.plan import Plan
from missingmodels.scenario import Scenario
from missingmodels.scenario.onset import Onset
from missingmodels.simulate.homes import DAYS_PER_YEAR
from missingmodels.simulate.slow import CENTRES
from missingmodels.simulate.world import ARRIVAL, NOT_COEFFICIENTS
from missingmodels.studies.questions.study import Study
from missingmodels.tables import Tables, kind_of
from missingmodels.vocabulary.frailty import FRAILTY

DRAWS = 200  # of the posterior, that worlds are made of
MOST_PLACES = 9
STAY_EDGES_DAYS = np.array([7, 30, 91, 182, 365, 730, 1826])  # of ``children.stay_band_shares``
FEWEST = 10  # of whom a share is taken; else the scenario's own stands
FULLEST = 0.98  # occupancy that a scenario takes
_USUAL = Scenario()
_USUAL_PLACES = float(np.arange(1, MOST_PLACES + 1) @ np.array(_USUAL.homes.place_shares))


def fullest_with_peers(evidence: Evidence, plan: Plan) -> tuple[str, str]:
    """Model and exposure of a run's fullest fit, one with the plan's own peers if there is any."""
    fullest = max(evidence.fitted, key=lambda c: (c["exposure"] == plan.exposure.primary, c["model"]))
    return fullest["model"], fullest["exposure"]


def pilot_study(fit: Fit, tables: Tables, risk: RiskSet, plan: Plan, judged: Judged) -> dict[str, Any]:
    """Plain values of a study whose worlds are like the data of one fitted model, in one, two and four times the homes.

    Sizes, shares and stays are those of the tables; rates, effects and spreads are joint draws of the posterior, one a
    world, so that its power is averaged over what the pilot leaves open. What the tables do not record is as in the
    scenario ``small``. Sizes, shares and stays go through the gate; the draws do not, and so the study does not leave.
    Raises CannotAnswer for a model without peers.
    """
    if not fit.exposure:
        raise CannotAnswer(
            "the run has no model with peers, so nothing says how strong their influence may be",
            remedy="fit M1 or M3, or write the study by hand (docs/studies.md)",
        )
    homes = gated_number("homes", len(risk.home_ids), judged) or judged.policy.minimum_homes
    asked = plan.model_dump(mode="json")
    return {
        "name": f"as in {plan.name}",
        "question": "How many homes like those of the pilot are needed?",
        "method": "laplace",
        "scenario": {"use": "small", "set": sizes(tables, risk, judged) | shares(tables, judged) | acts(fit, plan)},
        "plan": {"use": "default", "set": _set(asked)},
        "axes": {"homes.count": [homes * times for times in (1, 2, 4)]},
        "draws": fields_of_draws(fit.parameters.thinned(DRAWS), fit.exposure, plan, left_out(fit)),
        "ask": {"model": fit.model, "exposure": fit.exposure, "quantities": [fit.exposure]},
        "solve": {"size": "homes.count", "assurance": 0.8},
    }


def fields_of_draws(
    p: Parameters, exposure: str, plan: Plan, folded: Mapping[str, float] | None = None
) -> dict[str, list[float]]:
    """Fields of a scenario -> (S,) values, from draws of parameters: the inverse of a simulated world's truth.

    Effects that a scenario has no field for are ``folded`` into its rate, at that value of their columns.
    """
    onset = {name: p.coefficients[column] for name, column in COLUMNS.items() if column in p.coefficients}
    ordinary = p.intercept + sum(p.coefficients[name] * at for name, at in (folded or {}).items())
    ordinary = ordinary + sum(onset[name] * centre for name, centre in CENTRES.items() if name in onset)
    fields = {f"onset.{name}": values for name, values in onset.items()}
    fields["onset.rate_per_year"] = DAYS_PER_YEAR * np.exp(ordinary)
    fields["contagion.log_rate_ratio"] = p.coefficients[exposure]
    fields["onset.home_sd"] = p.home_sd
    drifts = plan.effects.home_process == "drift"
    fields["dials.shock_sd" if drifts else "onset.home_period_sd"] = p.sigma_period
    if "sigma_sector" in p.further:
        fields["dials.wave_sd"] = p.further["sigma_sector"]
    fields |= {f"onset.{name}": p.scalar(name) for name in FRAILTY[p.frailty_law].scalars}
    return {name: [float(f"{value:.5g}") for value in values] for name, values in fields.items()}


def left_out(fit: Fit) -> dict[str, float]:
    """Column -> mean over days at risk, of those whose effect no field of a scenario has."""
    design = fit.design
    means = np.average(design.matrix, axis=0, weights=design.days_at_risk)
    held = {*COLUMNS.values(), fit.exposure}
    return {name: float(mean) for name, mean in zip(design.names, means, strict=True) if name not in held}


# Field of ``onset`` -> the column of a design whose effect it is.
COLUMNS = {n: ARRIVAL.get(n, n) for n in Onset.model_fields if n not in NOT_COEFFICIENTS}


def acts(fit: Fit, plan: Plan) -> dict[str, Any]:
    """How influence and shared processes work: as the model has it, and no effect that it does not hold."""
    peers, effects = plan.exposure, plan.effects
    zero = {f"onset.{name}": 0.0 for name, column in COLUMNS.items() if column not in fit.design.names}
    out = {
        "contagion.exposure": fit.exposure,
        "contagion.window_days": peers.window_days,
        "contagion.witnessed": peers.witnessed,
        "contagion.kernel_days": peers.kernel_days,
        "period_days": plan.frame.period_days,
    }
    if effects.home_process == "drift":
        out |= {
            "dials.shock_days": effects.home_process_days,
            "dials.shock_drifts": True,
            "onset.home_period_sd": 0.0,
        }
    if effects.sector_process == "drift":
        out |= {"dials.wave_days": effects.sector_process_days, "dials.wave_drifts": True}
    return zero | out


def sizes(tables: Tables, risk: RiskSet, judged: Judged) -> dict[str, Any]:
    """Fields of a scenario for how long, how many and how large, through the gate; what is blocked is left out."""
    visible = int((risk.residence != NO_HOME).sum())
    out: dict[str, Any] = {"days": risk.days, "homes.authorities": _authorities(tables, judged)}
    latest = tables["homes"].dropna(subset=["places"]).drop_duplicates("home_id", keep="last")
    latest = latest[latest["home_id"].isin(risk.home_ids)]
    mean_places = _USUAL_PLACES
    if len(latest) >= FEWEST:
        places = latest["places"].to_numpy(int).clip(1, MOST_PLACES)
        cells = np.bincount(places, minlength=MOST_PLACES + 1)[1:].tolist()
        out["homes.place_shares"] = gated_shares("homes by places", cells, _USUAL.homes.place_shares, judged)
        mean_places = float(places.mean())
    seen = _coverage(risk)
    filled = visible / risk.days / len(risk.home_ids) / mean_places / seen
    children = len(risk.child_ids)
    out["homes.occupancy"] = gated_mean("residents per place", min(filled, FULLEST), children, judged)
    out["recording.unseen_children_share"] = gated_mean("share of residents unseen", 1 - seen, children, judged)
    return unblocked(out)


def _authorities(tables: Tables, judged: Judged) -> int:
    """Authorities that the homes stand in, of those that hold enough of them to be told; one at least."""
    policy = judged.policy
    held = tables["homes"].drop_duplicates("home_id")["authority"].value_counts()
    return max(int((held >= (policy.minimum_homes if policy.active else 1)).sum()), 1)


def _coverage(risk: RiskSet) -> float:
    """Share of residents that the data see; 1 where that is not recorded."""
    known = risk.coverage[np.isfinite(risk.coverage)]
    return float(np.clip(known.mean(), 0.05, 1.0)) if known.size else 1.0


def shares(tables: Tables, judged: Judged) -> dict[str, Any]:
    """Fields of a scenario for who the children are and how long they stay, through the gate."""
    children = tables["children"]
    lived = tables["placements"].dropna(subset=["home_id"])
    facts = {
        "children.male_share": children["sex"].dropna() == "M",
        "children.exploitation_risk_share": children["exploitation_risk"].dropna(),
        "children.prior_missing_share": children["prior_missing"].dropna(),
        "children.out_of_area_share": lived["out_of_area"].dropna(),
    }
    out: dict[str, Any] = {
        name: gated_share(name, int(values.astype(bool).sum()), len(values), judged)
        for name, values in facts.items()
        if len(values) >= FEWEST
    }
    new, ended = _new_stays(lived, tables.observed_from, tables.observed_to)
    if len(new) >= FEWEST:
        days = _days(new, ended, tables.observed_to)
        cells = np.bincount(np.searchsorted(STAY_EDGES_DAYS, days[ended]), minlength=STAY_EDGES_DAYS.size + 1)
        law = _stay_bands(days, ended)
        usual = _USUAL.children.stay_band_shares
        out["children.stay_band_shares"] = gated_shares("stays by length", cells.tolist(), usual, judged, shares=law)
    return unblocked(out)


def _new_stays(lived: pd.DataFrame, begin: pd.Timestamp, end: pd.Timestamp) -> tuple[pd.DataFrame, np.ndarray]:
    """Stays that began within the record, and which of them (N,) ended in it."""
    new = lived[(lived["start_date"] >= begin) & ~lived["start_is_truncated"].fillna(False).astype(bool)]
    return new, (new["end_date"] <= end).fillna(False).to_numpy(bool)


def _days(new: pd.DataFrame, ended: np.ndarray, end: pd.Timestamp) -> Array:
    """(N,) days that stays were followed for."""
    last = np.where(ended, to_day(new["end_date"].fillna(end)), to_day(pd.Series(end, index=new.index)))
    return np.asarray((last - to_day(new["start_date"])).clip(min=1))


def _stay_bands(days: Array, ended: np.ndarray) -> Array:
    """(8,) shares of stays by length, from days that they were followed for (Kaplan and Meier 1958).

    Beyond the longest stay that was followed, the scenario's own shares fill what is left.
    """
    survival, at = np.ones(STAY_EDGES_DAYS.size + 1), 1.0
    followed = int(days.max())
    for day in np.unique(days[ended]):
        at *= 1 - (days[ended] == day).sum() / (days >= day).sum()
        survival[1:][day <= STAY_EDGES_DAYS] = at
    usual = np.append(1.0, 1 - np.cumsum(_USUAL.children.stay_band_shares)[:-1])
    seen = int((followed >= STAY_EDGES_DAYS).sum())
    survival[seen + 1 :] = survival[seen] * usual[seen + 1 :] / usual[seen]
    return np.asarray(-np.diff(np.append(survival, 0.0)))


def _set(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What of a run's plan differs from the default, as dotted fields; its engine is the study's own key."""
    from missingmodels.studies.questions.study import flat

    usual = flat(Plan().model_dump(mode="json"))
    skipped = ("name", "models", "sampling.method", "exposure.primary", "contrast", "frame.coverage_rule")
    return {
        name: value
        for name, value in flat(plan).items()
        if value != usual.get(name) and value is not None and not name.startswith(skipped)
    }


def study_toml(values: Mapping[str, Any], *, notes: tuple[str, ...] = ()) -> str:
    """A study's values as a file that ``power`` reads. Raises ConfigInvalid for values that it would refuse."""
    Study.model_validate(values)
    lines = [f"# {note}" for note in notes]
    lines += [f"{name} = {json.dumps(value)}" for name, value in values.items() if not isinstance(value, Mapping)]
    for name, table in values.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{name}]", *(f"{_key(key)} = {_value(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return json.dumps(name) if "." in name else name


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


def notes_of(fit: Fit, tables: Tables) -> tuple[str, ...]:
    """What whoever reads the study should know of where it came from."""
    out = ["Made by `missingmodels power --from RUN`: worlds like the run's data, drawn from its posterior."]
    if names := left_out(fit):
        out.append(
            f"No field of a scenario has the effect of {', '.join(names)}, so it stands at its mean in their rate."
        )
    if kind_of(tables.origin) != "simulated":
        out.append("It holds draws of a posterior of data that are not simulated: it must not leave the room.")
    return tuple(out)

"""Simulation-based calibration: where does the truth rank among posterior draws, over truths drawn from the prior?

Talts, Betancourt, Simpson, Vehtari and Gelman (2018, arXiv:1804.06788). If worlds come from the prior that the fit
assumes, the ranks are uniform, whatever the world's size. Leaving out a world by its data alone, as the gate does,
keeps them uniform.

The fit's prior speaks of standardised columns, whose centre and scale belong to the data; those of own and peers' past
depend on the outcome. So a world is first run at the scenario's own values, its centres and scales fix the prior that
the truth is drawn from, and the posterior's draws are weighed from the fit's prior to that one. The weights are close
to 1, and make the check exact.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from missingmodels.errors import CannotAnswer, ConfigInvalid, DiagnosticsFailed
from missingmodels.frame.design import Design
from missingmodels.models.priors.law import Prior, PriorSet
from missingmodels.models.priors.of_plan import plan_priors, scales_of
from missingmodels.parameters import Parameters
from missingmodels.plan import Effects, Plan, PriorChange
from missingmodels.provenance import stream
from missingmodels.scenario import Scenario
from missingmodels.simulate.slow import raw_intercept
from missingmodels.studies.computing.replicate import REDRAWS, designed, fitted, simulated
from missingmodels.studies.computing.rows import FITTED, UNANSWERED, UNCONVERGED
from missingmodels.studies.questions.grid import Cell, Grid, changed_scenario
from missingmodels.vocabulary.frailty import FRAILTY

Array = np.ndarray
SCALES = {
    "sigma_home": "onset.home_sd",
    "sigma_period": "onset.home_period_sd",
    "frailty_shape": "onset.frailty_shape",
}
LOG_NORMAL = {"frailty_sd_log": "onset.frailty_sd_log"}  # in place of the shape
# Columns whose effect a scenario can set, beside the exposure; that of any other is 0, and fixed there in the fit.
FIELDS = {
    **{name: f"onset.{name}" for name in ("age_years", "male", "need_score", "exploitation_risk", "out_of_area")},
    **{name: f"onset.{name}" for name in ("own_1_7", "own_8_28")},
    **{f"arrival_band[{band}]": f"onset.arrival_{band.replace('-', '_')}" for band in ("0-6", "7-27", "28-89")},
    **{
        f"{q}_{part}": f"onset.{q}_{part}"
        for q in ("staff_ratio", "turnover", "mix_need")
        for part in ("between", "within")
    },
    **{name: f"mechanisms.{name}" for name in ("uasc", "emergency")},
}
FAMILY_ERROR = 0.05  # chance that any quantity of a cell is flagged though all ranks are uniform


def calibrate_replicate(grid: Grid, cell: Cell, index: int) -> list[dict[str, Any]]:
    """Rows of one replicate, one a parameter: its true value's rank in (0, 1) among the draws."""
    begin = time.process_time()
    rng = stream(grid.study.seed, "power", cell.index, index)
    world_seed, fit_seed = int(rng.integers(2**62)), int(rng.integers(2**31 - 1))
    head = {"cell": cell.index, "replicate": index, "world_seed": world_seed, "children": 0, "onsets": 0}
    try:
        rows = _ranks(
            grid, cell, world_seed, fit_seed, stream(grid.study.seed, "power", cell.index, index, "truth"), head
        )
    except (CannotAnswer, DiagnosticsFailed) as error:
        status = UNANSWERED if isinstance(error, CannotAnswer) else UNCONVERGED
        blank = dict.fromkeys(("truth", "mean", "sd", "rank"), math.nan)
        rows = [{"quantity": "", "status": status, "remark": error.what, **blank}]
    spent = time.process_time() - begin
    return [head | row | {"seconds": spent} for row in rows]


def _ranks(
    grid: Grid, cell: Cell, world_seed: int, fit_seed: int, rng: np.random.Generator, head: dict[str, Any]
) -> list[dict[str, Any]]:
    first = designed(grid, cell, simulated(grid, cell, cell.scenario, world_seed))
    scales = scale_fields(cell.plan.effects)
    settable = FIELDS | {grid.exposure: "contagion.log_rate_ratio"}
    plan = _with_zeros(cell.plan, [name for name in first.names if name not in settable])
    priors = plan_priors(plan)
    scenario = _drawn_scenario(cell.scenario, priors, first, settable, scales, grid.exposure, rng)
    world = simulated(grid, cell, scenario, world_seed)
    head |= {"children": len(world.tables["children"]), "onsets": len(world.tables["missing_episodes"])}
    changed = Cell(index=cell.index, at=cell.at, scenario=scenario, plan=plan)
    found = fitted(grid, changed, world, fit_seed)
    if found.design.names != first.names:
        odd = ", ".join(sorted(set(found.design.names) ^ set(first.names)))
        raise CannotAnswer(f"columns that vary only in one of the two worlds: {odd}")
    draws = values_of(found.parameters)
    weights = weights_of(found.parameters, priors, first, found.design) * within_bounds(draws, settable)
    if not weights.sum() > 0:
        raise CannotAnswer("no draw lies within the scenario's bounds")
    weights /= weights.sum()
    status = FITTED if found.diagnostics.passed else UNCONVERGED
    remark = "; ".join(found.diagnostics.failed)
    true = values_of(world.truth)
    fixed = {n for n, change in plan.priors.replace.items() if change.fixed is not None}
    fixed |= {name for name in scales if getattr(priors, name).law == "fixed"}
    free = [name for name in draws if name not in fixed]
    return [
        {
            "quantity": name,
            "status": status,
            "remark": remark,
            "truth": float(true[name][0]),
            "mean": (mean := float(weights @ draws[name])),
            "sd": float(np.sqrt(weights @ (draws[name] - mean) ** 2)),
            "rank": weighted_rank(draws[name], weights, float(true[name][0])),
        }
        for name in free
    ]


def scale_fields(effects: Effects) -> dict[str, str]:
    """The scenario's field of each scalar of a model. Raises ConfigInvalid for one that no scenario sets."""
    known = SCALES | LOG_NORMAL
    strange = [name for name in scales_of(effects) if name not in known]
    if strange:
        raise ConfigInvalid(
            f"no simulated world has a truth of {', '.join(strange)}, so it has no rank",
            where="plan.effects",
            remedy="calibrate a gamma or log-normal frailty without effects of authorities, owners or slopes by home",
        )
    # home-period effects that the plan switches off are fixed at 0, in the world too
    return {name: known[name] for name in ("sigma_home", "sigma_period", *FRAILTY[effects.frailty].scalars)}


def _with_zeros(plan: Plan, names: list[str]) -> Plan:
    """The plan with the effects of these columns fixed at 0."""
    zeros = dict.fromkeys(names, PriorChange(fixed=0.0))
    priors = plan.priors.model_copy(update={"replace": plan.priors.replace | zeros})
    return plan.model_copy(update={"priors": priors})


def draw_truth(
    priors: PriorSet, design: Design, rng: np.random.Generator, scales: Iterable[str] = SCALES
) -> dict[str, float]:
    """One draw of every parameter on the raw scale, from the priors at the centres and scales of a design."""
    mean, sd, fixed = priors.of_columns(design.names, design.scale)
    standard = np.where(fixed, mean, mean + sd * rng.standard_normal(mean.size))
    intercept = _scalar(priors.intercept, rng)
    raw_start, raw = design.to_raw(np.array([intercept]), standard[None])
    return {
        "intercept": float(raw_start[0]),
        **{name: float(v) for name, v in zip(design.names, raw[0], strict=True)},
        **{name: _scalar(getattr(priors, name), rng) for name in scales},
    }


def _drawn_scenario(
    base: Scenario,
    priors: PriorSet,
    design: Design,
    settable: dict[str, str],
    scales: dict[str, str],
    exposure: str,
    rng: np.random.Generator,
) -> Scenario:
    """The scenario of a truth drawn within the scenario's bounds.

    The prior is cut at them, and posterior draws beyond them weigh nothing.
    """
    for _ in range(REDRAWS):
        try:
            return truth_scenario(base, draw_truth(priors, design, rng, scales), settable, exposure, scales)
        except ConfigInvalid as error:
            why = error
    raise ConfigInvalid(
        f"the scenario refuses every one of {REDRAWS} truths drawn from the priors; the last: {why.what}",
        remedy="give columns of small spread a prior per raw unit in plan.set, priors.replace",
    )


def within_bounds(draws: dict[str, Array], settable: dict[str, str]) -> Array:
    """(S,) 1 for draws whose effects the scenario's fields admit, else 0."""
    inside = np.ones(draws["intercept"].size)
    for name, field in (settable | SCALES | LOG_NORMAL).items():
        if name in draws:
            low, high = bounds_of(field)
            inside *= (draws[name] >= low) & (draws[name] <= high)
    return inside


def bounds_of(field: str) -> tuple[float, float]:
    """Least and greatest value of a scenario's dotted field; infinite where it has none."""
    kind: Any = Scenario
    *path, last = field.split(".")
    for part in path:
        kind = kind.model_fields[part].annotation
    held = kind.model_fields[last].metadata
    low, high = (next((float(getattr(m, end)) for m in held if hasattr(m, end)), None) for end in ("ge", "le"))
    return -math.inf if low is None else low, math.inf if high is None else high


def _scalar(prior: Prior, rng: np.random.Generator) -> float:
    draw = float(rng.standard_normal())
    if prior.law == "fixed":
        return prior.mean
    if prior.law == "half_normal":
        return prior.sd * abs(draw)
    value = prior.mean + prior.sd * draw
    return math.exp(value) if prior.law == "log_normal" else value


def truth_scenario(
    base: Scenario, truth: dict[str, float], settable: dict[str, str], exposure: str, scales: Mapping[str, str] = SCALES
) -> Scenario:
    """The scenario in which the parameters have these values. Raises ConfigInvalid where its bounds refuse them."""
    fields: dict[str, Any] = {field: truth.get(name, 0.0) for name, field in settable.items()}
    # another law that the base scenario has must not stay beside the one drawn
    fields |= dict.fromkeys(LOG_NORMAL.values(), 0.0) | {field: truth[name] for name, field in scales.items()}
    fields["contagion.exposure"] = exposure or base.contagion.exposure
    unit = changed_scenario(base, fields | {"onset.rate_per_year": 1.0})
    return changed_scenario(unit, {"onset.rate_per_year": math.exp(truth["intercept"] - raw_intercept(unit))})


def values_of(parameters: Parameters) -> dict[str, Array]:
    """(S,) values of every parameter that a rank is taken of."""
    return {
        "intercept": parameters.intercept,
        **parameters.coefficients,
        **{name: getattr(parameters, name) for name in SCALES if np.isfinite(getattr(parameters, name)).all()},
        **{name: parameters.further[name] for name in LOG_NORMAL if name in parameters.further},
    }


def weights_of(draws: Parameters, priors: PriorSet, drawn_at: Design, fitted_at: Design) -> Array:
    """(S,) weights that take draws from the prior at one design's centres and scales to that at another's."""

    def log_prior(design: Design) -> Array:
        mean, sd, fixed = priors.of_columns(design.names, design.scale)
        raw = np.column_stack([draws.coefficient(name) for name in design.names])
        intercept, standard = design.to_standardised(draws.intercept, raw)
        total = np.zeros(draws.draws)
        if priors.intercept.law != "fixed":
            total -= 0.5 * ((intercept - priors.intercept.mean) / priors.intercept.sd) ** 2
        z = (standard[:, ~fixed] - mean[~fixed]) / sd[~fixed]
        return total - 0.5 * (z**2).sum(axis=1)

    log_weights = log_prior(drawn_at) - log_prior(fitted_at)
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum()


def weighted_rank(draws: Array, weights: Array, truth: float) -> float:
    """Posterior mass below the truth, in (0, 1)."""
    return float(weights @ (draws < truth))


def uniformity(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Per parameter: chi-square and Kolmogorov–Smirnov tests of uniform ranks, and the ECDF less the uniform one.

    The band is that of Kolmogorov and Smirnov; half of the allowed error goes to each test, shared by the parameters.
    """
    held = rows[(rows["status"] == FITTED) & (rows["quantity"] != "")]
    groups = {str(name): part["rank"].to_numpy(float) for name, part in held.groupby("quantity", sort=False)}
    level = FAMILY_ERROR / 2 / max(len(groups), 1)
    return {name: rank_tests(ranks, level) for name, ranks in groups.items()}


def rank_tests(ranks: Array, level: float) -> dict[str, Any]:
    """Tests of uniform ranks at a level each."""
    from scipy.stats import chi2, kstwo  # slow to import, and workers that only draw ranks do without

    n = ranks.size
    bins = int(np.clip(n // 10, 2, 20))
    counts = np.histogram(ranks, bins=bins, range=(0, 1))[0]
    p_chi = float(chi2.sf(((counts - n / bins) ** 2 / (n / bins)).sum(), bins - 1))
    x = np.linspace(0, 1, 101)
    difference = np.searchsorted(np.sort(ranks), x, side="right") / n - x
    order = np.sort(ranks)
    step = np.arange(n)
    distance = float(max((order - step / n).max(), ((step + 1) / n - order).max()))
    half = float(kstwo.isf(level, n))
    return {
        "count": n,
        "mean": float(ranks.mean()),
        "p_chi_square": p_chi,
        "distance": distance,
        "distance_limit": half,
        "outside": bool(p_chi < level or distance > half),
        "band_at": x.tolist(),
        "band_half": [half] * x.size,
        "difference": difference.tolist(),
    }

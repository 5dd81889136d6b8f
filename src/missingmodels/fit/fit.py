"""Fit: one model's posterior on one design, behind one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import xarray as xr

from missingmodels.fit.diagnostics import Diagnostics, diagnose, require_passed
from missingmodels.fit.marginal import log_density_and_frailty
from missingmodels.fit.nuts import Progress, natural, sample
from missingmodels.frame.design import Design
from missingmodels.models.priors import prior_set
from missingmodels.parameters import Parameters
from missingmodels.plan import Plan, Sampling
from missingmodels.provenance import digest_arrays, digest_json, seed_of, stream, versions

METHOD = "nuts/nutpie"


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One model's posterior.

    Attributes
    ----------
    model : name of the model, for example M3
    exposure : the peer exposure it holds, empty for none
    parameters : S draws on the raw scale, with frailties drawn given the rest
    log_density : (S, C) log L_i of every child
    chains : number of chains; draws of a chain lie together
    certificate : seed, digests of plan and data, versions, seconds
    """

    model: str
    exposure: str
    design: Design
    parameters: Parameters
    log_density: np.ndarray
    chains: int
    diagnostics: Diagnostics
    certificate: Mapping[str, Any]
    sample_stats: xr.Dataset


def fit(
    design: Design,
    plan: Plan,
    *,
    model: str,
    exposure: str = "",
    seed: int,
    method: Literal["nuts"] = "nuts",
    allow_unconverged: bool = False,
    progress: Progress | None = None,
) -> Fit:
    """Fit one onset model. The sampler is always the one named by ``method``.

    Raises DiagnosticsFailed if the draws do not pass the plan's gate, unless ``allow_unconverged``.
    """
    if method != "nuts":
        raise ValueError(f"method {method!r} is not known; known: 'nuts'")
    priors = prior_set(plan.priors)
    label = f"{model}/{exposure}" if exposure else model
    compile_seconds = sample_seconds = 0.0
    for doubling in range(plan.sampling.doublings + 1):
        settings = doubled(plan.sampling, doubling)
        sampled = sample(design, priors, settings, seed=seed_of(seed, "nuts", label, doubling), progress=progress)
        compile_seconds += sampled.compile_seconds
        sample_seconds += sampled.sample_seconds
        draws = natural(design, priors, sampled.tree)
        diagnostics = diagnose(draws, sampled.tree["sample_stats"].to_dataset(), plan.gate)
        if diagnostics.passed:
            break
    require_passed(diagnostics, model=model, allow=allow_unconverged)
    parameters, density = _raw(design, draws, stream(seed, "frailty", label))
    certificate = {
        "model": model,
        "exposure": exposure,
        "formula": design.formula,
        "method": METHOD,
        "seed": seed,
        "plan_digest": digest_json(plan.model_dump(mode="json")),
        "data_digest": data_digest(design),
        "draws": settings.draws,
        "tune": settings.tune,
        "doublings": doubling,
        "compile_seconds": round(compile_seconds, 2),
        "sample_seconds": round(sample_seconds, 2),
        "versions": versions(),
        "diagnostics": diagnostics.as_dict(),
    }
    return Fit(
        model=model,
        exposure=exposure,
        design=design,
        parameters=parameters,
        log_density=density,
        chains=plan.sampling.chains,
        diagnostics=diagnostics,
        certificate=certificate,
        sample_stats=kept_stats(sampled.tree),
    )


def doubled(settings: Sampling, times: int) -> Sampling:
    """Settings with draws and tuning doubled that many times."""
    factor = 2**times
    return settings.model_copy(update={"draws": settings.draws * factor, "tune": settings.tune * factor})


def data_digest(design: Design) -> str:
    """Digest of all that the likelihood sees."""
    return digest_arrays(
        [design.matrix, design.child, design.home, design.period, design.onsets, design.days, design.before_window]
    )


def _raw(design: Design, draws: xr.Dataset, rng: np.random.Generator) -> tuple[Parameters, np.ndarray]:
    """Parameters on the raw scale with frailties, and each child's log density; chains lie one after the other."""
    flat = {str(name): v.to_numpy().reshape(-1, *v.shape[2:]) for name, v in draws.data_vars.items()}
    intercept, coefficients = design.to_raw(flat["intercept"], flat["coefficients"])
    homes, periods = len(design.home_ids), design.periods
    without = Parameters(
        intercept=intercept,
        coefficients=dict(zip(design.names, coefficients.T, strict=True)),
        home_ids=design.home_ids,
        home=flat["home"],
        home_period=flat["home_period"].reshape(-1, homes, periods),
        child_ids=design.child_ids,
        frailty=np.ones((intercept.size, 0)),
        sigma_home=flat["sigma_home"],
        sigma_period=flat["sigma_period"],
        frailty_shape=flat["frailty_shape"],
    )
    density, frailty, _ = log_density_and_frailty(design, without, rng)
    return replace(without, frailty=frailty), density


def kept_stats(tree: xr.DataTree) -> xr.Dataset:
    """The statistics that the report draws; nutpie's others hold objects that no file format keeps."""
    names = ["energy", "diverging", "depth", "n_steps", "step_size", "maxdepth_reached"]
    stats = tree["sample_stats"].to_dataset()[names]
    return stats.assign({name: stats[name].astype("int8") for name in ("diverging", "maxdepth_reached")})

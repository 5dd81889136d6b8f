"""Fit: one model's posterior on one design, behind one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from missingmodels.errors import ConfigInvalid, DiagnosticsFailed
from missingmodels.fit import by_laplace
from missingmodels.fit.diagnostics import Diagnostics, require_passed
from missingmodels.fit.drawn import Drawn, Progress
from missingmodels.fit.marginal import log_density_and_frailty
from missingmodels.fit.threads import one_blas_thread
from missingmodels.frame.design import Design
from missingmodels.models.priors import FURTHER, PriorSet, plan_priors
from missingmodels.parameters import Array, Effect, Parameters
from missingmodels.plan import METHODS, Method, Plan
from missingmodels.provenance import digest_arrays, digest_json, stream, versions


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
    certificate : seed, digests of plan and data, versions, engine asked for and used, seconds
    sample_stats : (chains, draws) statistics of the sampler by name; the fast engine has none
    """

    model: str
    exposure: str
    design: Design
    parameters: Parameters
    log_density: np.ndarray
    chains: int
    diagnostics: Diagnostics
    certificate: Mapping[str, Any]
    sample_stats: Mapping[str, Array]


@one_blas_thread
def fit(
    design: Design,
    plan: Plan,
    *,
    model: str,
    exposure: str = "",
    seed: int,
    method: Method | None = None,
    allow_unconverged: bool = False,
    with_children: bool = True,
    progress: Progress | None = None,
) -> Fit:
    """Fit one onset model by the engine that ``method`` names, the plan's if it is left out.

    ``nuts`` is the sampler; ``laplace`` the fast engine, which needs neither PyMC nor ArviZ; ``auto`` the fast engine,
    and the sampler where that one does not pass the gate. The certificate says which was asked for, which ran and why.
    Without ``with_children`` frailties and children's densities are left out, empty: enough to judge coefficients, and
    a good part of the time of a small fast fit. Raises DiagnosticsFailed if the draws do not pass the plan's gate,
    unless ``allow_unconverged``; ConfigInvalid if ``laplace`` is asked for effects that it cannot fit.
    """
    asked: Method = method or plan.sampling.method
    if asked not in METHODS:
        raise ValueError(f"method {asked!r} is not known; known: {', '.join(METHODS)}")
    priors = plan_priors(plan)
    label = f"{model}/{exposure}" if exposure else model
    drawn, why = _drawn(design, priors, plan, asked, label=label, seed=seed, progress=progress)
    require_passed(drawn.diagnostics, model=model, allow=allow_unconverged)
    parameters, density = _raw(design, drawn.values, plan.effects.frailty)
    if with_children:
        density, frailty, _ = log_density_and_frailty(design, parameters, stream(seed, "frailty", label))
        parameters = replace(parameters, child_ids=design.child_ids, frailty=frailty)
    certificate = {
        "model": model,
        "exposure": exposure,
        "formula": design.formula,
        "method_asked": asked,
        "why_not_laplace": why,
        "seed": seed,
        "plan_digest": digest_json(plan.model_dump(mode="json")),
        "data_digest": data_digest(design),
        **drawn.record,
        "versions": versions(),
        "diagnostics": drawn.diagnostics.as_dict(),
    }
    return Fit(
        model=model,
        exposure=exposure,
        design=design,
        parameters=parameters,
        log_density=density,
        chains=drawn.chains,
        diagnostics=drawn.diagnostics,
        certificate=certificate,
        sample_stats=drawn.sample_stats,
    )


def _drawn(
    design: Design,
    priors: PriorSet,
    plan: Plan,
    asked: Method,
    *,
    label: str,
    seed: int,
    progress: Progress | None,
) -> tuple[Drawn, str]:
    """Draws of the engine asked for, and why the fast one did not do where ``auto`` turned from it."""
    why = beyond_laplace(design)
    if why and asked == "laplace":
        raise ConfigInvalid(
            f"the fast engine cannot fit {why}", where="sampling.method", remedy="choose 'nuts', or 'auto'"
        )
    if asked == "nuts":
        why = ""
    elif not why:
        try:
            drawn = by_laplace.draw(design, priors, plan, label=label, seed=seed, law=plan.effects.frailty)
            if asked == "laplace" or drawn.diagnostics.passed:
                return drawn, ""
            why = "; ".join(drawn.diagnostics.failed)
        except DiagnosticsFailed as error:
            if asked == "laplace":
                raise
            why = error.what
    # the sampler takes seconds to import, and the fast engine does without it
    from missingmodels.fit import by_nuts

    return by_nuts.draw(design, priors, plan, label=label, seed=seed, progress=progress), why


def beyond_laplace(design: Design) -> str:
    """What of a model the fast engine cannot fit, in words; empty if nothing."""
    beyond = [f"effects of {name}" for name in design.groups]
    return " and ".join([*beyond, "a peer slope by home"] if design.slope_of else beyond)


def data_digest(design: Design) -> str:
    """Digest of all that the likelihood sees."""
    groups = [design.groups[name].index for name in sorted(design.groups)]
    rows = [design.matrix, design.child, design.home, design.period, design.onsets, design.days, design.before_window]
    return digest_arrays([*rows, *groups])


def _raw(design: Design, flat: Mapping[str, Array], law: str) -> tuple[Parameters, Array]:
    """Parameters on the raw scale without any child's, and as empty a log density; chains one after the other."""
    intercept, coefficients = design.to_raw(flat["intercept"], flat["coefficients"])
    cells = (intercept.size, len(design.home_ids), design.periods)
    nothing = np.zeros(intercept.size)
    units = {name: group.ids for name, group in design.groups.items()} | {"peer_slope": design.home_ids}
    parameters = Parameters(
        intercept=intercept,
        coefficients=dict(zip(design.names, coefficients.T, strict=True)),
        home_ids=design.home_ids,
        home=flat["home"],
        home_period=flat["home_period"].reshape(cells) if "home_period" in flat else np.zeros(cells),
        child_ids=(),
        frailty=np.ones((intercept.size, 0)),
        sigma_home=flat["sigma_home"],
        sigma_period=flat.get("sigma_period", nothing),
        frailty_shape=flat.get("frailty_shape", nothing + np.nan),
        frailty_law=law,
        further={name: flat[name] for name in FURTHER if name in flat},
        effects={name: Effect(ids=ids, values=flat[name]) for name, ids in units.items() if name in flat},
    )
    return parameters, np.zeros((intercept.size, 0))

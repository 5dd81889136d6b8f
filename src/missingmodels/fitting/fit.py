"""Fit one onset model to one design, behind one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from missingmodels.errors import ConfigInvalid, DiagnosticsFailed
from missingmodels.fitting.certificate import certificate
from missingmodels.fitting.diagnostics import require_passed
from missingmodels.fitting.drawn import Drawn, Progress
from missingmodels.fitting.laplace import engine as by_laplace
from missingmodels.fitting.marginal import log_density_and_frailty
from missingmodels.fitting.result import ADDED, Fit
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.frame.design import Design
from missingmodels.models.priors.law import FURTHER
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.parameters import Array
from missingmodels.plan import METHODS, Method, Plan, with_method
from missingmodels.provenance import digest_arrays, stream

if TYPE_CHECKING:
    from missingmodels.fitting.laplace.nearby import Known
    from missingmodels.models.term import GroupEffect

__all__ = ["Fit", "beyond_laplace", "data_digest", "fit"]

# Dimensions of what an onset model reports, after the draws.
DIMS = {
    "coefficients": ("column",),
    "home": ("home_index",),
    "home_period": ("home_index", "period_index"),
    "sector": ("period_index",),
    "authority": ("authority_index",),
    "owner": ("owner_index",),
    "adult": ("adult_index",),
    "peer_slope": ("home_index",),
}


@one_blas_thread
def fit(  # noqa: PLR0913
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
    terms: Sequence[GroupEffect] = (),
    known: Known | None = None,
) -> Fit:
    """Fit one onset model by the engine that ``method`` names, the plan's if it is left out.

    ``nuts`` is the sampler; ``laplace`` the fast engine, which needs neither PyMC nor ArviZ; ``auto`` the fast engine,
    and the sampler where that one does not pass the gate. The certificate says which was asked for, which ran and why.
    Without ``with_children`` frailties and children's densities are left out, empty: enough to judge coefficients, and
    a good part of the time of a small fast fit. Raises DiagnosticsFailed if the draws do not pass the plan's gate,
    unless ``allow_unconverged``; ConfigInvalid if ``laplace`` is asked for effects that it cannot fit. ``terms`` are
    effects of one's own, for the sampler alone (``docs/terms.md``): their draws are reported under their names, and
    stand in evidence and report beside the others. ``known`` is where the fast engine's search over nearly the same
    data ended (``known_of``), so that this one is short.
    """
    asked: Method = method or plan.sampling.method
    if asked not in METHODS:
        raise ValueError(f"method {asked!r} is not known; known: {', '.join(METHODS)}")
    if terms:
        from missingmodels.models.onset import require_own  # the fast engine does without what it imports

        terms = require_own(design, terms)
    label = f"{model}/{exposure}" if exposure else model
    drawn, why = _drawn(
        design, with_method(plan, asked), label=label, seed=seed, progress=progress, terms=terms, known=known
    )
    require_passed(drawn.diagnostics, model=model, allow=allow_unconverged, accept=drawn.record.get("target_accept"))
    values, labels = _raw(design, drawn.values), _labels(design)
    values |= {name: drawn.values[name] for term in terms for name in (*term.priors, term.code)}
    own_dims = {term.code: (f"{term.code}_index",) for term in terms}
    held = certificate(
        plan,
        drawn,
        family="onset",
        model=model,
        exposure=exposure,
        seed=seed,
        data_digest=data_digest(design),
        own={
            "formula": design.formula,
            "frailty": plan.effects.frailty,
            "method_asked": asked,
            "why_not_laplace": why,
            **({"own_terms": {term.code: [term.name, *term.priors] for term in terms}} if terms else {}),
        },
    )
    found = Fit(
        family="onset",
        model=model,
        exposure=exposure,
        design=design,
        values=values,
        dims={name: dims for name, dims in (DIMS | own_dims).items() if name in values},
        labels=labels,
        chains=drawn.chains,
        diagnostics=drawn.diagnostics,
        certificate=held,
        sample_stats=drawn.sample_stats,
    )
    return of_children(found) if with_children else found


def of_children(found: Fit) -> Fit:
    """The fit with each child's frailty, drawn given the rest, and log density: the same for the same draws."""
    label = f"{found.model}/{found.exposure}" if found.exposure else found.model
    rng = stream(found.certificate["seed"], "frailty", label)
    density, frailty, _ = log_density_and_frailty(found.design, found.parameters, rng)
    children = ("child",)
    return replace(
        found,
        values={**found.values, "frailty": frailty, "log_density": density},
        dims={**found.dims, "frailty": children, "log_density": children},
        labels={**found.labels, "child": found.design.child_ids},
    )


def _drawn(
    design: Design,
    plan: Plan,
    *,
    label: str,
    seed: int,
    progress: Progress | None,
    terms: Sequence[GroupEffect],
    known: Known | None,
) -> tuple[Drawn, str]:
    """Draws of the engine asked for, and why the fast one did not do where ``auto`` turned from it."""
    priors, asked = plan_priors(plan), plan.sampling.method
    why = beyond_laplace(design)
    if why and asked == "laplace":
        raise ConfigInvalid(
            f"the fast engine cannot fit {why}", where="sampling.method", remedy="choose 'nuts', or 'auto'"
        )
    if asked == "nuts":
        why = ""
    elif not why:
        try:
            drawn = by_laplace.draw(design, priors, plan, label=label, seed=seed, law=plan.effects.frailty, known=known)
            if asked == "laplace" or drawn.diagnostics.passed:
                return drawn, ""
            why = "; ".join(drawn.diagnostics.failed)
        except DiagnosticsFailed as error:
            if asked == "laplace":
                raise
            why = error.what
    # the sampler takes seconds to import, and the fast engine does without it
    from missingmodels.fitting.nuts import engine as by_nuts

    return by_nuts.draw(design, priors, plan, label=label, seed=seed, progress=progress, terms=terms), why


def beyond_laplace(design: Design) -> str:
    """What of a model the fast engine cannot fit, in words; empty if nothing."""
    beyond = [f"effects of {name}" for name in design.groups if name != "adult"]
    return " and ".join([*beyond, "a peer slope by home"] if design.slope_of else beyond)


def data_digest(design: Design) -> str:
    """Digest of all that the likelihood sees."""
    groups = [part for name in sorted(design.groups) for part in design.groups[name].arrays]
    rows = [design.matrix, design.child, design.home, design.period, design.onsets, design.days, design.before_window]
    return digest_arrays([*rows, *groups])


def _raw(design: Design, flat: Mapping[str, Array]) -> dict[str, Array]:
    """Draws on the raw scale without any child's; what a model leaves out of the three scales is 0, or NaN."""
    intercept, coefficients = design.to_raw(flat["intercept"], flat["coefficients"])
    cells = (intercept.size, len(design.home_ids), design.periods)
    nothing = np.zeros(intercept.size)
    values = {
        "intercept": intercept,
        "home": flat["home"],
        "home_period": flat["home_period"].reshape(cells) if "home_period" in flat else np.zeros(cells),
        "sigma_home": flat["sigma_home"],
        "sigma_period": flat.get("sigma_period", nothing),
        "frailty_shape": flat.get("frailty_shape", nothing + np.nan),
    }
    values |= {"coefficients": coefficients} if design.names else {}
    return values | {name: flat[name] for name in ("sector", *FURTHER, *ADDED) if name in flat}


def _labels(design: Design) -> dict[str, tuple[str, ...]]:
    groups = {f"{name}_index": group.ids for name, group in design.groups.items()}
    return {"column": design.names, "home_index": design.home_ids, **groups}

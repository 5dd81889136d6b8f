"""``fit_daily``: models that need a row for each child-day, by the sampler and behind the same gate."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from missingmodels.fitting.certificate import certificate, prior_records
from missingmodels.fitting.diagnostics import require_passed
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.drive import Job, draw_until_passed
from missingmodels.fitting.families.daily_draws import (
    children_of_hawkes,
    children_of_onset,
    gate_view,
    natural_hawkes,
    natural_onset,
)
from missingmodels.fitting.nuts.sample import compiled_once
from missingmodels.fitting.result import Fit, fit_of
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.frame.daily import DailyDesign, Kind, daily_design
from missingmodels.models.daily_hawkes import HAWKES_SCALARS, build_hawkes_model, hawkes_data, hawkes_shape
from missingmodels.models.daily_onset import build_onset_model, onset_data, onset_shape, scalar_names
from missingmodels.models.daily_priors import DailyPriors, daily_priors
from missingmodels.models.priors import require_known
from missingmodels.plan import Plan
from missingmodels.provenance import digest_arrays, stream
from missingmodels.tables import Tables


@one_blas_thread
def fit_daily(  # noqa: PLR0913
    data: DailyDesign | Tables,
    plan: Plan,
    *,
    kind: Kind,
    seed: int,
    model: str | None = None,
    allow_unconverged: bool = False,
    with_children: bool = True,
    progress: Progress | None = None,
) -> Fit:
    """Sample the posterior of one daily model.

    ``kernel``: peer influence that fades with a time scale estimated; ``ornstein_uhlenbeck``: a continuous home process
    beside the plan's primary exposure, in place of home × 28-day effects; ``hawkes``: onsets that add onsets. ``model``
    is M1 or M3, the plan's fullest if left out. ``data`` are tables, or a design made before. Without
    ``with_children`` densities and frailties of children are left out.

    Draws: ``intercept`` where every column is 0, ``coefficients`` (P,) of the columns as they are, scales, ``home``
    (H,), ``home_period`` (H, steps) of periods or of the cells of the time grid, all log rates; ``peer_ratio`` and its
    like as ``docs/notation.md`` has them; ``log_density`` and ``frailty`` (C,) by child.

    Raises ConfigInvalid and CannotAnswer as
    ``daily_design`` does, DiagnosticsFailed if the draws do not pass the plan's gate, unless ``allow_unconverged``.
    """
    daily = data if isinstance(data, DailyDesign) else daily_design(data, plan, kind=kind, model=model)
    if daily.kind != kind or (model is not None and daily.model != model):
        raise ValueError(f"the design is one of {daily.kind} and {daily.model}, not of {kind} and {model}")
    priors = daily_priors(plan)
    names = HAWKES_SCALARS if kind == "hawkes" else scalar_names(daily)
    require_known(plan.priors, sorted({*daily.design.names, *names}))
    label = f"{kind}/{daily.model}/{daily.exposure}"
    natural = natural_hawkes if kind == "hawkes" else natural_onset
    job = Job(
        compiled=lambda: compiled_once(*_model_of(daily, priors)),
        natural=lambda draws, _: natural(daily, priors, draws),
        judged=gate_view,
        streams=("daily", label),
    )
    told = f"{daily.model} ({kind})"
    drawn = draw_until_passed(job, plan.sampling, plan.gate, seed=seed, stage=told, progress=progress)
    require_passed(drawn.diagnostics, model=told, allow=allow_unconverged, accept=drawn.record["target_accept"])
    held = certificate(
        plan,
        drawn,
        family="daily",
        model=daily.model,
        exposure=daily.exposure,
        seed=seed,
        data_digest=data_digest(daily),
        own={
            "kind": kind,
            "formula": daily.design.formula,
            "memory_days": daily.peers.memory if daily.peers else None,
            "grid_days": daily.grid_days if daily.knot is not None else None,
            "rows": int(daily.design.onsets.size),
            "notes": list(daily.design.notes),
            "priors": prior_records({name: priors[name] for name in names}),
        },
    )
    found = fit_of(drawn, held, daily)
    return _with_children(found, daily, stream(seed, "daily", label, "frailty")) if with_children else found


def _with_children(found: Fit, daily: DailyDesign, rng: np.random.Generator) -> Fit:
    """The fit with densities and frailties of children."""
    hawkes = daily.kind == "hawkes"
    children = children_of_hawkes(daily, found.draws) if hawkes else children_of_onset(daily, found.draws, rng)
    return replace(
        found,
        values={**found.values, **children},
        dims={**found.dims, **dict.fromkeys(children, ("child",))},
        labels={**found.labels, "child": daily.design.child_ids},
    )


def _model_of(daily: DailyDesign, priors: DailyPriors) -> tuple[Hashable, Callable[[], Any], Mapping[str, np.ndarray]]:
    """Shape, builder and data of the model of a design's kind."""
    if daily.kind == "hawkes":
        return hawkes_shape(daily, priors), lambda: build_hawkes_model(daily, priors), hawkes_data(daily, priors)
    return onset_shape(daily, priors), lambda: build_onset_model(daily, priors), onset_data(daily, priors)


def data_digest(daily: DailyDesign) -> str:
    """Digest of all that the likelihood sees."""
    design = daily.design
    held = [design.matrix, design.child, design.home, design.period, design.onsets, design.days, design.before_window]
    held += [array for lags in (daily.peers, daily.own) if lags for array in (lags.row, lags.lag, lags.weight)]
    return digest_arrays([*held, *([] if daily.knot is None else [daily.knot])])

"""``fit_daily``: models that need a row for each child-day, by the sampler and behind the same gate."""

from __future__ import annotations

from dataclasses import replace

from missingmodels.fitting.certificate import certificate, prior_records
from missingmodels.fitting.diagnostics import require_passed
from missingmodels.fitting.drawn import Progress
from missingmodels.fitting.drive import Job, draw_until_passed
from missingmodels.fitting.families.daily_draws import children, gate_view, natural_daily
from missingmodels.fitting.nuts.sample import compiled_once
from missingmodels.fitting.result import Fit, fit_of
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.frame.daily import DailyDesign, Kind, daily_design
from missingmodels.models.daily import daily_model
from missingmodels.models.model import Model
from missingmodels.models.priors.daily import daily_priors
from missingmodels.models.priors.of_plan import require_known
from missingmodels.plan import Plan, kept_plan
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
    model_of = daily_model(daily, priors)
    names = tuple(model_of.priors.scalars)
    require_known(plan.priors, sorted({*daily.names, *names}))
    label = f"{kind}/{daily.model}/{daily.exposure}"
    job = Job(
        compiled=lambda: compiled_once(model_of),
        natural=lambda draws, _: natural_daily(model_of, draws),
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
        data_digest=_data_digest(daily),
        own={
            "kind": kind,
            "formula": daily.formula,
            "memory_days": daily.peers.memory if daily.peers else None,
            "grid_days": daily.grid_days if daily.knot is not None else None,
            "rows": int(daily.onsets.size),
            "notes": list(daily.notes),
            "priors": prior_records({name: priors[name] for name in names}),
        },
    )
    found = fit_of(drawn, held, daily)
    return _of_children(found, model_of) if with_children else found


def of_children(found: Fit) -> Fit:
    """A fit from a file with densities and frailties of children: the same for the same draws."""
    plan = kept_plan(found.certificate["plan"])
    return _of_children(found, daily_model(found.design, daily_priors(plan)))


def _of_children(found: Fit, model: Model) -> Fit:
    label = f"{found.design.kind}/{found.model}/{found.exposure}"
    rng = stream(found.certificate["seed"], "daily", label, "frailty")
    held = children(model, found.draws, rng)
    return replace(
        found,
        values={**found.values, **held},
        dims={**found.dims, **dict.fromkeys(held, ("child",))},
        labels={**found.labels, "child": found.design.child_ids},
    )


def _data_digest(daily: DailyDesign) -> str:
    """Digest of all that the likelihood sees."""
    held = [daily.matrix, daily.child, daily.home, daily.period, daily.onsets, daily.days, daily.before_window]
    held += [array for lags in (daily.peers, daily.own) if lags for array in (lags.row, lags.lag, lags.weight)]
    return digest_arrays([*held, *([] if daily.knot is None else [daily.knot])])

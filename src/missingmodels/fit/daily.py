"""``fit_daily``: models that need a row for each child-day, by the sampler and behind the same gate."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from missingmodels.fit.by_nuts import METHOD, doubled, kept_stats
from missingmodels.fit.chains import diagnose
from missingmodels.fit.daily_draws import (
    REPORTED,
    by_chain,
    children_of_hawkes,
    children_of_onset,
    gate_view,
    natural_hawkes,
    natural_onset,
)
from missingmodels.fit.daily_words import sentences
from missingmodels.fit.diagnostics import Diagnostics, require_passed
from missingmodels.fit.drawn import Progress
from missingmodels.fit.nuts import Sampled, compiled_once, draw
from missingmodels.fit.rows_draws import summary
from missingmodels.fit.threads import one_blas_thread
from missingmodels.frame.daily import DailyDesign, Kind, daily_design
from missingmodels.models.daily_hawkes import HAWKES_SCALARS, build_hawkes_model, hawkes_data, hawkes_shape
from missingmodels.models.daily_onset import build_onset_model, onset_data, onset_shape, scalar_names
from missingmodels.models.daily_priors import DailyPriors, daily_priors
from missingmodels.models.priors import require_known
from missingmodels.plan import Plan
from missingmodels.provenance import digest_arrays, digest_json, seed_of, stream, versions
from missingmodels.tables import Tables


@dataclass(frozen=True, kw_only=True)
class DailyFit:
    """The posterior of one daily model.

    Attributes
    ----------
    draws : by chain and draw: ``intercept`` where every column is 0, ``coefficients`` (P,) of the columns as they are,
        scales, ``home`` (H,), ``home_period`` (H, steps) of periods or of the cells of the time grid, all log rates;
        ``peer_ratio`` and its like as ``docs/notation.md`` has them; ``log_density`` and ``frailty`` (C,) by child
    sentence : what the fit says, in plain words
    certificate : seed, digests of plan and data, versions, seconds
    """

    daily: DailyDesign
    draws: xr.Dataset
    sentence: str
    diagnostics: Diagnostics
    certificate: Mapping[str, Any]
    sample_stats: Mapping[str, np.ndarray]

    def table(self) -> pd.DataFrame:
        """One line a parameter: mean, its Monte Carlo error, sd, median, 90 % equal-tailed interval, ESS, R-hat."""
        return summary(self.draws, REPORTED)


@one_blas_thread
def fit_daily(
    data: DailyDesign | Tables,
    plan: Plan,
    *,
    kind: Kind,
    seed: int,
    model: str | None = None,
    allow_unconverged: bool = False,
    with_children: bool = True,
    progress: Progress | None = None,
) -> DailyFit:
    """Sample the posterior of one daily model.

    ``kernel``: peer influence that fades with a time scale estimated; ``ornstein_uhlenbeck``: a continuous home process
    beside the plan's primary exposure, in place of home × 28-day effects; ``hawkes``: onsets that add onsets. ``model``
    is M1 or M3, the plan's fullest if left out. ``data`` are tables, or a design made before. Without
    ``with_children`` densities and frailties of children are left out. Raises ConfigInvalid and CannotAnswer as
    ``daily_design`` does, DiagnosticsFailed if the draws do not pass the plan's gate, unless ``allow_unconverged``.
    """
    daily = data if isinstance(data, DailyDesign) else daily_design(data, plan, kind=kind, model=model)
    if daily.kind != kind or (model is not None and daily.model != model):
        raise ValueError(f"the design is one of {daily.kind} and {daily.model}, not of {kind} and {model}")
    priors = daily_priors(plan)
    names = HAWKES_SCALARS if kind == "hawkes" else scalar_names(daily)
    require_known(plan.priors, sorted({*daily.design.names, *names}))
    label = f"{kind}/{daily.model}/{daily.exposure}"
    sampled, draws, found, about = _drawn(daily, priors, plan, label=label, seed=seed, progress=progress)
    require_passed(found, model=f"{daily.model} ({kind})", allow=allow_unconverged)
    if with_children:
        rng = stream(seed, "daily", label, "frailty")
        hawkes = kind == "hawkes"
        children = children_of_hawkes(daily, draws) if hawkes else children_of_onset(daily, draws, rng)
        draws = draws.merge(by_chain(daily, children, draws))
    certificate = {
        "kind": kind,
        "model": daily.model,
        "exposure": daily.exposure,
        "formula": daily.design.formula,
        "rows": int(daily.design.onsets.size),
        "notes": list(daily.design.notes),
        "seed": seed,
        "plan_digest": digest_json(plan.model_dump(mode="json")),
        "data_digest": data_digest(daily),
        **about,
        "versions": versions(),
        "diagnostics": found.as_dict(),
    }
    return DailyFit(
        daily=daily,
        draws=draws,
        sentence=sentences(daily, draws, priors),
        diagnostics=found,
        certificate=certificate,
        sample_stats=kept_stats(sampled.tree),
    )


def _drawn(
    daily: DailyDesign, priors: DailyPriors, plan: Plan, *, label: str, seed: int, progress: Progress | None
) -> tuple[Sampled, xr.Dataset, Diagnostics, dict[str, Any]]:
    """Draws that passed the gate, or the last ones; as for the onset model they are doubled, never chosen."""
    shape, build, values = _model_of(daily, priors)
    compiled, compile_seconds = compiled_once(shape, build, values)
    sample_seconds = 0.0
    for doubling in range(plan.sampling.doublings + 1):
        settings = doubled(plan.sampling, doubling)
        sampled = draw(compiled, 0.0, settings, seed=seed_of(seed, "daily", label, doubling), progress=progress)
        sample_seconds += sampled.sample_seconds
        natural = natural_hawkes if daily.kind == "hawkes" else natural_onset
        draws = natural(daily, priors, sampled.tree)
        found = diagnose(gate_view(draws), sampled.tree["sample_stats"].to_dataset(), plan.gate)
        if found.passed:
            break
    about = {
        "method": METHOD,
        "chains": settings.chains,
        "draws": settings.draws,
        "tune": settings.tune,
        "doublings": doubling,
        "compile_seconds": round(compile_seconds, 2),
        "sample_seconds": round(sample_seconds, 2),
    }
    return sampled, draws, found, about


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

"""The fit of official statistics by NUTS, behind the same gate as every other."""

from __future__ import annotations

import numpy as np
import xarray as xr

from missingmodels.fitting.certificate import certificate, parts
from missingmodels.fitting.diagnostics import OFFICIAL_KNOBS, require_passed
from missingmodels.fitting.drawn import Progress, labelled, unlabelled
from missingmodels.fitting.drive import Job, draw_until_passed
from missingmodels.fitting.nuts.sample import compiled_once
from missingmodels.fitting.result import Fit, fit_of
from missingmodels.fitting.threads import one_blas_thread
from missingmodels.frame.design_matrix import EventRows
from missingmodels.models.catalogue.records import law_text
from missingmodels.models.model import Model
from missingmodels.models.official import PRIORS, official_model
from missingmodels.plan import INTERVAL_MASS, Gate, Sampling
from missingmodels.provenance import digest_arrays

STEPS = {"turnover": 10.0, "agency": 10.0, "caseload": 5.0, "moves": 5.0, "mean_places": 1.0, "private_share": 0.25}


def ratios(found: Fit) -> dict[str, np.ndarray]:
    """(S,) rate ratio over the stated step of every column but indicators."""
    return {
        name: np.exp(values * STEPS[name.rpartition("_")[0]])
        for name, values in zip(found.design.names, found.values["coefficients"].T, strict=True)
        if not name.endswith("_unrecorded")
    }


@one_blas_thread
def fit_official(
    design: EventRows,
    *,
    seed: int,
    sampling: Sampling | None = None,
    gate: Gate | None = None,
    interval_mass: float = INTERVAL_MASS,
    allow_unconverged: bool = False,
    progress: Progress | None = None,
) -> Fit:
    """Fit the model. Raises DiagnosticsFailed if the draws do not pass the gate, unless ``allow_unconverged``.

    Draws: ``coefficients`` of the raw columns, ``intercept`` (with the log of the pooled rate) and ``year`` where every
    column is at its mean, ``sigma_region``, ``sigma_authority``, ``dispersion_shape``, and ``region`` and ``authority``
    on the log rate. ``interval_mass`` is that of the equal-tailed intervals told of them.
    """
    settings, limits = sampling or Sampling(), gate or Gate()
    units = (design.units[name].index for name in ("authority", "region", "year"))
    held = (design.matrix, design.y, design.further["high"], design.size, *units)
    model = official_model(design)
    digest = digest_arrays([np.asarray(values) for values in held])
    job = Job(
        compiled=lambda: compiled_once(model),
        natural=lambda draws, _: _natural(model, draws),
        # effects come in hundreds, and the gate knows those of homes and periods as such
        judged=lambda draws: draws.rename({"authority": "home", "region": "home_period"}),
        streams=("official",),
    )
    drawn = draw_until_passed(job, settings, limits, seed=seed, stage="official statistics", progress=progress)
    require_passed(
        drawn.diagnostics,
        model="official statistics",
        allow=allow_unconverged,
        accept=drawn.record["target_accept"],
        knobs=OFFICIAL_KNOBS,
    )
    written = certificate(
        parts(settings, limits, interval_mass),
        drawn,
        family="official",
        model="negative binomial, authorities and regions, counts as intervals",
        seed=seed,
        data_digest=digest,
        own={"priors": {name: law_text(prior) for name, prior in PRIORS.items()}, "notes": list(design.notes)},
    )
    return fit_of(drawn, written, design)


def _natural(model: Model, drawn: xr.Dataset) -> xr.Dataset:
    held, units = model.natural(unlabelled(drawn)[0]), model.design.units
    dims = {"coefficients": ("column",), "year": ("later_year",)}
    dims |= {name: (f"{name}_index",) for name in ("region", "authority")}
    labels = {f"{name}_index": units[name].ids for name in ("region", "authority")}
    labels |= {"column": model.design.names, "later_year": units["year"].ids[1:]}
    return labelled(held, drawn.sizes["chain"], dims, labels)

"""The fit of official statistics by NUTS, behind the same gate as every other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from missingmodels.fit.by_nuts import doubled
from missingmodels.fit.chains import diagnose
from missingmodels.fit.diagnostics import Diagnostics, require_passed
from missingmodels.fit.drawn import Progress
from missingmodels.fit.nuts import compiled_once, draw
from missingmodels.fit.threads import one_blas_thread
from missingmodels.frame.official import OfficialDesign
from missingmodels.models.official import PRIORS, build_official_model, log_pooled_rate
from missingmodels.models.records import law_text
from missingmodels.plan import Gate, Sampling
from missingmodels.provenance import digest_arrays, seed_of, versions

STEPS = {"turnover": 10.0, "agency": 10.0, "caseload": 5.0, "moves": 5.0, "mean_places": 1.0, "private_share": 0.25}


@dataclass(frozen=True, kw_only=True)
class OfficialFit:
    """Draws by chain and draw: ``coefficients`` of the raw columns, ``intercept`` (with the log of the pooled rate) and
    ``year`` where every column is at its mean, ``sigma_region``, ``sigma_authority``, ``dispersion_shape``, and
    ``region`` and ``authority`` on the log rate."""

    design: OfficialDesign
    draws: xr.Dataset
    diagnostics: Diagnostics
    certificate: Mapping[str, Any]

    def ratios(self) -> dict[str, np.ndarray]:
        """(S,) rate ratio over the stated step of every column but indicators."""
        flat = self.draws["coefficients"].stack(sample=("chain", "draw")).transpose("column", "sample").to_numpy()
        return {
            name: np.exp(values * STEPS[name.rpartition("_")[0]])
            for name, values in zip(self.design.names, flat, strict=True)
            if not name.endswith("_unrecorded")
        }


@one_blas_thread
def fit_official(
    design: OfficialDesign,
    *,
    seed: int,
    sampling: Sampling | None = None,
    gate: Gate | None = None,
    allow_unconverged: bool = False,
    progress: Progress | None = None,
) -> OfficialFit:
    """Fit the model. Raises DiagnosticsFailed if the draws do not pass the gate, unless ``allow_unconverged``."""
    settings, limits = sampling or Sampling(), gate or Gate()
    held = (design.matrix, design.low, design.high, design.children, design.authority, design.region, design.year)
    digest = digest_arrays([np.asarray(values) for values in held])
    compiled, compile_seconds = compiled_once(("official", digest), lambda: build_official_model(design), {})
    seconds = 0.0
    for doubling in range(settings.doublings + 1):
        now = doubled(settings, doubling)
        sampled = draw(compiled, compile_seconds, now, seed=seed_of(seed, "official", doubling), progress=progress)
        seconds += sampled.sample_seconds
        draws = _natural(design, sampled.tree["posterior"].to_dataset())
        # effects come in hundreds, and the gate knows those of homes and periods as such
        seen = draws.rename({"authority": "home", "region": "home_period"})
        found = diagnose(seen, sampled.tree["sample_stats"].to_dataset(), limits)
        if found.passed:
            break
    require_passed(found, model="official statistics", allow=allow_unconverged)
    certificate = {
        "model": "negative binomial, authorities and regions, counts as intervals",
        "priors": {name: law_text(prior) for name, prior in PRIORS.items()},
        "seed": seed,
        "data_digest": digest,
        "chains": now.chains,
        "draws": now.draws,
        "tune": now.tune,
        "doublings": doubling,
        "compile_seconds": round(compile_seconds, 2),
        "sample_seconds": round(seconds, 2),
        "versions": versions(),
        "diagnostics": found.as_dict(),
    }
    return OfficialFit(design=design, draws=draws, diagnostics=found, certificate=certificate)


def _natural(design: OfficialDesign, drawn: xr.Dataset) -> xr.Dataset:
    lead = ("chain", "draw")

    def values(name: str) -> np.ndarray:
        return np.asarray(drawn[name].transpose(*lead, ...).to_numpy())

    region = values("sigma_region")
    return xr.Dataset(
        {
            "intercept": (lead, log_pooled_rate(design) + values("intercept")),
            "year": ((*lead, "later_year"), values("year")),
            "coefficients": ((*lead, "column"), values("coefficients") / design.scale),
            "sigma_region": (lead, region),
            "sigma_authority": (lead, values("sigma_authority")),
            "dispersion_shape": (lead, values("dispersion_shape")),
            "region": ((*lead, "region_index"), region[..., None] * values("region_z")),
            "authority": ((*lead, "authority_index"), values("authority")),
        }
    )

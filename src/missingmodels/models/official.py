"""The negative binomial multilevel model of incidents by authority and year, its counts known as intervals.

    μ_lt = n_lt R exp(α + c_t + x_lt'β + r_g + a_l),   y_lt ~ NB(mean μ_lt, shape φ), variance μ + μ²/φ
    log L_lt = log Σ_{y = low}^{high} NB(y | μ_lt, φ)

with R the pooled rate (docs/models.md). A published count has low = high; a rounded or suppressed one an interval, of
which nothing is dropped.
"""

from __future__ import annotations

import math

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from missingmodels.frame.published.official import OfficialDesign
from missingmodels.models.likelihood import Tensor
from missingmodels.models.onset import scalar
from missingmodels.models.priors import Prior

PRIORS = {
    "intercept": Prior(law="normal", sd=1.0, reason="rates within a factor of 7 of the pooled one, R"),
    "year": Prior(law="normal", sd=0.5, reason="years differ by less than a factor of 2.7 from the first"),
    "coefficient": Prior(law="normal", sd=0.5, reason="a ratio between 0.38 and 2.7 with 95 % probability"),
    "sigma_region": Prior(law="half_normal", sd=0.5, reason="regions differ by less than their authorities"),
    "sigma_authority": Prior(law="half_normal", sd=1.0, reason="authorities differ by less than a factor of 7"),
    "dispersion_shape": Prior(
        law="log_normal", mean=math.log(5.0), sd=1.0, reason="a year's chance sd 17 % to 120 % of the mean"
    ),
}


def build_official_model(design: OfficialDesign) -> pm.Model:
    """The PyMC model: ``intercept``, less the log of the pooled rate, ``year`` (T - 1,), ``coefficients`` (P,) of
    standardised columns, ``dispersion_shape``, ``sigma_region`` with ``region_z``, and ``sigma_authority`` with
    ``authority``.
    """
    with pm.Model() as model:
        intercept = log_pooled_rate(design) + scalar("intercept", PRIORS["intercept"])
        year = pm.Normal("year", 0, PRIORS["year"].sd, shape=max(len(design.years) - 1, 1))
        beta = pm.Normal("coefficients", 0, PRIORS["coefficient"].sd, shape=len(design.names))
        sigma_region = pm.HalfNormal("sigma_region", PRIORS["sigma_region"].sd)
        sigma_authority = pm.HalfNormal("sigma_authority", PRIORS["sigma_authority"].sd)
        size = scalar("dispersion_shape", PRIORS["dispersion_shape"])
        region = sigma_region * pm.Normal("region_z", 0, 1, shape=len(design.regions))
        # years inform an authority's own effect well, so it is sampled as it is
        authority = pm.Normal("authority", 0, sigma_authority, shape=len(design.authorities))
        effects = pt.concatenate([pt.zeros(1), year])
        log_mean = np.log(design.children) + intercept + effects[design.year] + pt.dot(design.standardised, beta)
        log_mean = log_mean + region[design.region] + authority[design.authority]
        pm.Potential("incidents", interval_log_density(log_mean, size, design.low, design.high).sum())
    return model


def log_pooled_rate(design: OfficialDesign) -> float:
    """log of incidents per child over the years whose count is known."""
    known = np.isfinite(design.high)
    middle = (design.low + np.where(known, design.high, 0.0)) / 2
    return float(np.log(max(middle[known].sum(), 1.0) / design.children[known].sum()))


def interval_log_density(log_mean: Tensor, size: Tensor, low: np.ndarray, high: np.ndarray) -> Tensor:
    """(N,) log probability of counts from ``low`` to ``high``, both included; without an upper end from ``low`` on."""
    bounded = np.isfinite(high)
    # an open interval is the whole less what lies below it
    first = np.where(bounded, low, 0).astype(int)
    last = np.where(bounded, high, low - 1).astype(int)
    width = np.maximum(last - first + 1, 0)
    parts: list[Tensor] = []
    order: list[np.ndarray] = []
    for kind in ("exact", "interval", "open", "nothing"):
        at = np.flatnonzero(_kind(bounded, low, width) == kind)
        if not at.size:
            continue
        order.append(at)
        if kind == "nothing":
            parts.append(pt.zeros(at.size))
            continue
        grid = first[at, None] + np.arange(width[at].max())[None, :]
        inside = grid <= last[at, None]
        terms = _log_pmf(np.where(inside, grid, 0), log_mean[at][:, None], size)
        summed = pt.logsumexp(pt.switch(inside, terms, -np.inf), axis=1) if kind != "exact" else terms[:, 0]
        parts.append(pt.log1mexp(pt.minimum(summed, -1e-12)) if kind == "open" else summed)
    return pt.concatenate(parts)[np.argsort(np.concatenate(order))]


def _kind(bounded: np.ndarray, low: np.ndarray, width: np.ndarray) -> np.ndarray:
    return np.select([bounded & (width == 1), bounded, low >= 1], ["exact", "interval", "open"], default="nothing")


def _log_pmf(count: np.ndarray, log_mean: Tensor, size: Tensor) -> Tensor:
    log_total = pt.log(size + pt.exp(log_mean))
    return (
        pt.gammaln(count + size) - pt.gammaln(size) - pt.gammaln(count + 1.0)
        + size * (pt.log(size) - log_total) + count * (log_mean - log_total)
    )  # fmt: skip

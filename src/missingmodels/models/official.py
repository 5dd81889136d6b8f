"""The negative binomial multilevel model of incidents by authority and year, its counts known as intervals.

    μ_lt = n_lt R exp(α + c_t + x_lt'β + r_g + a_l),   y_lt ~ NB(mean μ_lt, shape φ), variance μ + μ²/φ
    log L_lt = log Σ_{y = low}^{high} NB(y | μ_lt, φ)

with R the pooled rate (docs/models.md). A published count has low = high; a rounded or suppressed one an interval, of
which nothing is dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from missingmodels.frame.design_matrix import EventRows
from missingmodels.models.model import RATE, Likelihood, Model, Predicted
from missingmodels.models.priors.law import ColumnPriors, ModelPriors, Prior
from missingmodels.models.term import (
    Array,
    Built,
    Columns,
    Data,
    Designed,
    Draws,
    GroupEffect,
    Level,
    Tensor,
    Tensors,
    Term,
)

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


@dataclass(frozen=True, kw_only=True)
class _Years(Term):
    """An effect of each year but the first, over it."""

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        return {"year_of": design.units["year"].index}

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        return (len(design.units["year"].ids),)

    def unknowns(self, built: Built) -> Any:
        later = max(len(built.design.units["year"].ids) - 1, 1)
        return pt.concatenate([pt.zeros(1), pm.Normal("year", 0, PRIORS["year"].sd, shape=later)])

    def eta(self, value: Any, data: Tensors) -> Tensor | None:
        return value[data["year_of"]]

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        return {"year": drawn["year"]}


@dataclass(frozen=True, kw_only=True)
class _Centred(GroupEffect):
    """Effects that are sampled as they are, as rich data ask: years inform an authority's own effect well."""

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        return {f"{self.unit}_of": design.units[self.unit].index}

    def eta(self, value: Any, data: Tensors) -> Tensor | None:
        return value[data[f"{self.unit}_of"]]

    def unknowns(self, built: Built) -> Any:
        return pm.Normal(self.code, 0, built.scalars[self.scale], shape=len(built.design.units[self.unit].ids))

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        return {self.code: drawn[self.code]}


@dataclass(frozen=True, kw_only=True)
class _PooledLevel(Level):
    """The intercept over the log of the pooled rate, which the reported one holds."""

    def eta(self, value: Any, data: Tensors) -> Tensor | None:
        return data["log_pooled_rate"] + value

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        assert isinstance(design, EventRows)
        return {"log_pooled_rate": np.array(log_pooled_rate(design))}

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        assert isinstance(design, EventRows)
        return {"intercept": log_pooled_rate(design) + scalars["intercept"]}


@dataclass(frozen=True, kw_only=True)
class _IntervalCounts(Likelihood):
    """Negative binomial counts that are known to lie between two numbers."""

    variable: str = "incidents"
    by_sums: bool = False

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        # which counts are open or intervals, and how wide, is laid out when the model is built
        low, high = _bounds(design)
        return low.tobytes(), high.tobytes()

    def density(self, at: Predicted) -> Tensor:
        low, high = _bounds(at.built.design)
        return interval_log_density(at.eta[RATE], at.built.scalars["dispersion_shape"], low, high).sum()


def _bounds(design: Designed) -> tuple[Array, Array]:
    assert isinstance(design, EventRows)
    return design.y, design.further["high"]


INCIDENTS = _IntervalCounts(
    name="likelihood",
    code="incidents",
    equation="P(low_lt ≤ y_lt ≤ high_lt), y_lt ~ NegativeBinomial(mean μ_lt, shape φ), variance μ + μ²/φ",
    parameters=("dispersion_shape",),
    meaning=(
        "incidents of authority l in year t. A published count has low = high, a rounded or suppressed one its "
        "interval, both ends included; a count without an upper end has P(low ≤ y), one that is not known at "
        "all 1. All constants are in the density"
    ),
)
LEVEL = _PooledLevel(
    name="level",
    code="intercept",
    equation="log μ_lt = log n_lt + log R + α + c_t + x_lt'β + r_g + a_l",
    parameters=("intercept",),
    meaning=(
        "n the children looked after during the year; R the pooled rate: incidents over children of all "
        "authority-years with an upper end, an interval counting as its middle, one incident at least. "
        "The intercept that is reported is log R + α"
    ),
)
YEARS = _Years(
    name="years",
    code="year",
    equation="c_t, 0 in the first year",
    parameters=("year",),
    meaning="what moves all authorities alike, changes of recording among it",
)
COLUMNS = Columns(
    keeps_level=True,
    name="columns",
    code="coefficients",
    equation="x'β, a mean of each authority and the deviation from it",
    meaning=(
        "turnover, agency share and caseload of social workers on 30 September before the year; instability of "
        "the same year; size and sector of the homes that stand there (a mean alone). Unrecorded values "
        "stand at a mean beside an indicator"
    ),
)
REGIONS = GroupEffect(
    unit="region",
    name="regions",
    code="region",
    equation="r_g ~ Normal(0, σ_region²)",
    parameters=("sigma_region",),
    meaning="regions differ, in police practice too",
)
AUTHORITIES = _Centred(
    unit="authority",
    name="authorities",
    code="authority",
    equation="a_l ~ Normal(0, σ_authority²)",
    parameters=("sigma_authority",),
    meaning="authorities of one region differ",
)
OFFICIAL_TERMS: tuple[Term, ...] = (INCIDENTS, LEVEL, YEARS, COLUMNS, REGIONS, AUTHORITIES)


def official_model(rows: EventRows) -> Model:
    """The model of authority-years.

    The sampler's unknowns: ``intercept``, less the log of the pooled rate, ``year`` (T - 1,), ``coefficients`` (P,) of
    standardised columns, ``dispersion_shape``, ``sigma_region`` with ``region_z``, ``sigma_authority`` and
    ``authority``.
    """
    scalars = {name: PRIORS[name].unsigned for name in ("intercept", "sigma_region", "sigma_authority")}
    return Model(
        label="official",
        design=rows,
        predictors={RATE: (LEVEL, YEARS, COLUMNS, REGIONS, AUTHORITIES)},
        likelihood=INCIDENTS,
        priors=ModelPriors(
            scalars=scalars | {"dispersion_shape": PRIORS["dispersion_shape"]},
            columns=ColumnPriors.of([PRIORS["coefficient"]] * len(rows.names)),
        ),
    )


def log_pooled_rate(design: EventRows) -> float:
    """log of incidents per child over the years whose count is known."""
    low, high = _bounds(design)
    known = np.isfinite(high)
    middle = (low + np.where(known, high, 0.0)) / 2
    return float(np.log(max(middle[known].sum(), 1.0) / design.size[known].sum()))


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

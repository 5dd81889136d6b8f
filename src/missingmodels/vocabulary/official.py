"""Quantities and equation of the model of official statistics that no other model has."""

from __future__ import annotations

from missingmodels.vocabulary.quantity import named as _q

OFFICIAL = (
    _q("year", "c_t", "log rate", "real", "year", "effect of a year, over the first"),
    _q(
        "sigma_region",
        "σ_region",
        "log rate",
        "≥ 0",
        "sd between regions",
        "standard deviation of effects r of regions",
    ),
)
OFFICIAL_EQUATION = """\
Incidents of authority l of region g in year t are known to lie between two numbers, which are equal where the count is
published as it is:

    P(low_lt ≤ y_lt ≤ high_lt),   y_lt ~ NegativeBinomial(mean μ_lt, shape φ), variance μ + μ²/φ
    log μ_lt = log n_lt + log R + α + c_t + x_lt'β + r_g + a_l
    r_g ~ Normal(0, σ_region²),   a_l ~ Normal(0, σ_authority²)

n are the children looked after during the year, c_t is 0 in the first year, and R is the pooled rate, incidents over
children of all authority-years whose count has an upper end, an interval counting as its middle.
"""

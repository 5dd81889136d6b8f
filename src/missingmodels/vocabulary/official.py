"""Quantities of the model of official statistics that no other model has."""

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

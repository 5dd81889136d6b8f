"""What the catalogue prints of a model: the terms that build it, its priors, and what is reported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from missingmodels.models.priors.law import Prior
from missingmodels.models.term import Term


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """One model of the package.

    Attributes
    ----------
    name : its name in code
    title, asks : its name in words, and its question
    code : dotted name below ``missingmodels`` of what builds it
    terms : from the likelihood down
    priors : set of priors -> parameter -> the record that the model itself reads
    units : what one unit of a column is to its coefficient's prior, and where the intercept's stands
    priors_elsewhere : where they stand, for a model whose priors are written by its user
    estimands, fitted, refused : one sentence each; what is reported, by which engine, and what is never answered
    """

    name: str
    title: str
    asks: str
    code: str
    terms: tuple[Term, ...]
    priors: Mapping[str, Mapping[str, Prior]]
    estimands: tuple[str, ...]
    fitted: tuple[str, ...]
    refused: tuple[str, ...]
    units: str = ""
    priors_elsewhere: str = ""


def law_text(prior: Prior) -> str:
    """A prior in words and figures."""
    if prior.law == "fixed":
        return f"fixed at {prior.mean:g}"
    if prior.law == "half_normal":
        return f"half-normal, sd {prior.sd:.3g}"
    if prior.law == "log_normal":
        return f"log-normal, median {math.exp(prior.mean):.3g}, sd of the log {prior.sd:.3g}"
    return f"{prior.law}, mean {prior.mean:.3g}, sd {prior.sd:.3g}"

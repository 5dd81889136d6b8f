"""What the catalogue is made of: a model as a list of named terms, each with one equation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from missingmodels.models.priors import Prior


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term of a model.

    Attributes
    ----------
    name : what it is, in a few words
    code : its name in code, of the variable or the column
    equation : in the symbols of the vocabulary, plain text
    parameters : names in the vocabulary of the parameters that it adds; each one's symbol stands in the equation
    chosen : the key of the plan, with its value, that brings the term in; empty for one that is always there
    meaning : why it is there, in a sentence
    """

    name: str
    code: str
    equation: str
    parameters: tuple[str, ...] = ()
    chosen: str = ""
    meaning: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """One model of the package.

    Attributes
    ----------
    name : its name in code
    title, asks : its name in words, and its question
    code, reference : dotted names below ``missingmodels`` of what builds it, and of the density that it is held against
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
    reference: str
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

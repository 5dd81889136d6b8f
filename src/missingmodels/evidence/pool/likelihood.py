"""What one authority may send of a fit to be pooled with others': a normal summary of its posterior and its prior.

Home and child effects and every scale are integrated out; the intercept and what the gate blocks are, too. Format 1:

* ``question``: outcome, exposure, terms and effects of the plan, which all that are pooled must share;
* ``names``, ``mean``, ``sd`` and ``correlation``: the coefficients per raw unit, as log rate ratios. A mean is rounded
  to a hundredth of its sd, a sd to three significant digits, a correlation to three places;
* ``prior_mean``, ``prior_sd``: of the same, independent, so that the likelihood is what is left of the posterior.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from missingmodels.errors import CannotAnswer, InputError
from missingmodels.fitting.fit import Fit
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.parameters import Array
from missingmodels.plan import kept_plan
from missingmodels.records import Json, Name, Record, checked, read_json

FORMAT = 1
SD_DIGITS, CORRELATION_PLACES, MEAN_STEPS = 3, 3, 100
ASKED = ("frame", "exposure", "terms", "effects", "decision")
REMEDY = "make it anew with `missingmodels summarise RUN`"

Finite = Annotated[float, Field(ge=-1e9, le=1e9)]
Positive = Annotated[float, Field(gt=0, le=1e9)]


class Likelihood(Record):
    """One authority's summary, as its file has it."""

    format: Literal[1]
    package: Name
    simulated: bool
    policy: Name
    model: Literal["M1", "M3"]
    exposure: Name
    plan: dict[str, Json]
    names: Annotated[list[Name], Field(min_length=1, max_length=500)]
    mean: list[Finite]
    sd: list[Positive]
    correlation: list[list[Annotated[float, Field(ge=-1, le=1)]]]
    prior_mean: list[Finite]
    prior_sd: list[Positive]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        size = len(self.names)
        held: tuple[list[Any], ...] = (
            self.mean,
            self.sd,
            self.prior_mean,
            self.prior_sd,
            self.correlation,
            *self.correlation,
        )
        if any(len(one) != size for one in held) or len(set(self.names)) != size:
            raise ValueError(f"{size} different names need as many values of everything")
        if self.exposure not in self.names:
            raise ValueError(f"names lack the exposure, {self.exposure}")
        matrix = np.array(self.correlation)
        if not (np.allclose(matrix, matrix.T) and np.allclose(np.diag(matrix), 1)):
            raise ValueError("correlation is not symmetric with 1 on its diagonal")
        return self

    @property
    def question(self) -> dict[str, Any]:
        """What was asked, without how it was computed."""
        plan = kept_plan(self.plan).model_dump(mode="json")
        return {"model": self.model, **{name: plan[name] for name in ASKED}}

    def natural(self) -> tuple[Array, Array]:
        """(P, P) precision and (P,) precision times mean of the likelihood alone.

        Where the posterior is no narrower than the prior, which rounding and draws can make it, nothing was learnt.
        """
        scale, sd = np.array(self.prior_sd), np.array(self.sd)
        covariance = _definite(np.array(self.correlation) * np.outer(sd / scale, sd / scale))
        away = (np.array(self.mean) - np.array(self.prior_mean)) / scale
        posterior = np.linalg.inv(covariance)
        values, vectors = np.linalg.eigh(posterior - np.eye(scale.size))
        precision = (vectors * np.maximum(values, 0.0)) @ vectors.T
        # the mean of the likelihood is where posterior and prior leave it: (Λ + I) m = η, with the prior's mean at 0
        information = posterior @ away
        kept = vectors[:, values > 0]
        information = kept @ (kept.T @ information)
        raw = precision / np.outer(scale, scale)
        return raw, information / scale + raw @ np.array(self.prior_mean)


def likelihood_of(fit: Fit, *, allowed: Collection[str], simulated: bool, policy: str, package: str) -> Likelihood:
    """The summary of a fit of M1 or M3, of the columns that the gate lets out.

    Raises CannotAnswer where the exposure is not among them, or the fit did not pass its diagnostics.
    """
    if not fit.exposure or not fit.diagnostics.passed:
        why = "it has no peers" if not fit.exposure else "it did not pass its diagnostics"
        raise CannotAnswer(f"{fit.model} has nothing to pool: {why}", remedy="fit a model with peers that converges")
    plan, design = kept_plan(fit.certificate["plan"]), fit.design
    if fit.exposure not in allowed:
        raise CannotAnswer(
            f"the policy of disclosure blocks {fit.exposure}: too few children or homes stand behind it",
            remedy="pool the data within one room, or observe for longer",
        )
    priors = plan_priors(plan).column_priors(design.names, design.scale)
    held = [at for at, name in enumerate(design.names) if name in allowed and not priors.fixed[at]]
    draws = np.column_stack([fit.parameters.coefficient(design.names[at]) for at in held])
    sd = [_significant(float(value)) for value in draws.std(axis=0, ddof=1)]
    correlation = np.round(np.corrcoef(draws, rowvar=False).reshape(len(held), len(held)), CORRELATION_PLACES)
    np.fill_diagonal(correlation, 1.0)
    unit = design.scale[held]
    return Likelihood(
        format=1,
        package=package,
        simulated=simulated,
        policy=policy,
        model=fit.model,  # type: ignore[arg-type]
        exposure=fit.exposure,
        plan=plan.model_dump(mode="json"),
        names=[design.names[at] for at in held],
        mean=[_stepped(float(m), s) for m, s in zip(draws.mean(axis=0), sd, strict=True)],
        sd=sd,
        correlation=correlation.tolist(),
        prior_mean=[float(value) for value in priors.mean[held] / unit],
        prior_sd=[_significant(float(value)) for value in priors.sd[held] / unit],
    )


def likelihood_file(found: Likelihood) -> bytes:
    """The file, as JSON."""
    return (json.dumps(found.model_dump(mode="json"), indent=1) + "\n").encode()


def read_likelihood(path: Path) -> Likelihood:
    """A summary from its file. Raises InputError."""
    values = read_json(path, what="a likelihood to pool", remedy=REMEDY)
    if values.get("format") != FORMAT:
        said = f"format {values.get('format')!r}; this version reads {FORMAT}"
        raise InputError(said, where=str(path), remedy=f"{REMEDY}, with one version of the package for all")
    return checked(values, Likelihood, what="a likelihood to pool", where=str(path), remedy=REMEDY)


def _significant(value: float) -> float:
    return float(f"{value:.{SD_DIGITS}g}")


def _stepped(mean: float, sd: float) -> float:
    step = 10 ** math.floor(math.log10(sd / MEAN_STEPS))
    return round(mean / step) * step


def _definite(matrix: Array) -> Array:
    """The nearest matrix whose eigenvalues are not below a thousandth of their mean: rounding can make it none."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 1e-6 * values.mean())) @ vectors.T)

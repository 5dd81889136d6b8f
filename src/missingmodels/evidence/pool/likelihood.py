"""What one authority may send of a fit to be pooled with others': what its data say at each point of a grid of scales.

Home and child effects and the intercept are integrated out, and so is what the gate blocks. Authorities share the
spread of homes, of periods and of children, and each alone knows too little of it: with the scales integrated out in
each, the sum of what they say lay half a standard deviation off (``docs/pooling.md``). So the scales are a grid that
all files have, and the coefficients a normal at each of its points. Format 2:

* ``plan``: what was asked, which all that are pooled must share;
* ``axes``: values of the scales, of which the grid is every combination, the last going fastest;
* ``log_density`` (G,): of the data at each point, to a twentieth, its largest 0 and nothing below -10;
* ``names``, ``mean`` (G, P), ``sd`` (G, P) and ``correlation`` (G, P (P - 1) / 2, rows of the lower triangle): the
  coefficients per raw unit, as log rate ratios. A mean is rounded to a hundredth of its sd, a sd to three significant
  digits, a correlation to three places;
* ``prior_mean``, ``prior_sd``: of the same, independent, so that the likelihood is what is left of the posterior.

Format 1 had one normal with the scales integrated out: a grid of one point, and is read as that.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from missingmodels.errors import CannotAnswer, DiagnosticsFailed, InputError
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.laplace.conditional import given_scales
from missingmodels.fitting.laplace.scales import KNEE, ScaleSpace
from missingmodels.models.priors.of_plan import plan_priors
from missingmodels.parameters import Array
from missingmodels.plan import Plan, kept_plan
from missingmodels.records import Json, Name, Record, checked, read_json

FORMAT, OLD_FORMAT = 2, 1
SD_DIGITS, CORRELATION_PLACES, MEAN_STEPS, DENSITY_STEPS = 3, 3, 100, 20
ASKED = ("frame", "exposure", "terms", "effects", "decision", "priors")
LEAST = -10.0  # log density below the largest that is told: what lies there weighs less than 1 in 20,000
REMEDY = "make it anew with `missingmodels summarise RUN`"
# Least and largest value of each scale that authorities share, and points between, even in the search's coordinate.
AXES = {
    "sigma_home": (0.001, 1.4, 7),
    "sigma_period": (0.001, 0.8, 7),
    "frailty_shape": (0.08, 4.5, 8),
    "frailty_sd_log": (0.1, 3.0, 8),
}

Finite = Annotated[float, Field(ge=-1e9, le=1e9)]
Positive = Annotated[float, Field(gt=0, le=1e9)]
Share = Annotated[float, Field(ge=-1, le=1)]


def coordinate(name: str, values: Array) -> Array:
    """(N,) a scale in the coordinate in which its grid is even, of (N,) natural values."""
    return np.arcsinh(values / KNEE) if name.startswith("sigma") else np.log(values)


def scale_at(name: str, coordinates: Array) -> Array:
    """(N,) natural values of a scale at (N,) coordinates: the inverse of ``coordinate``."""
    return KNEE * np.sinh(coordinates) if name.startswith("sigma") else np.exp(coordinates)


def axes_of(plan: Plan) -> dict[str, Array]:
    """Name -> (N,) natural values on the grid, of each scale that the plan leaves open and authorities share."""
    made = {}
    for name in ScaleSpace(plan_priors(plan), plan.effects.frailty).free:
        if name in AXES:
            low, high, count = AXES[name]
            first, last = coordinate(name, np.array([low, high]))
            made[name] = scale_at(name, np.linspace(first, last, count))
    return made


class Natural(NamedTuple):
    """The likelihood at each point: (G,) log constant, (G, P) information and (G, P, P) precision."""

    constant: Array
    information: Array
    precision: Array


class Likelihood(Record):
    """One authority's summary, as its file has it."""

    format: Literal[2]
    package: Name
    simulated: bool
    policy: Name
    model: Literal["M1", "M3"]
    exposure: Name
    plan: dict[str, Json]
    names: Annotated[list[Name], Field(min_length=1, max_length=500)]
    axes: dict[Name, Annotated[list[Positive], Field(min_length=4, max_length=50)]]
    log_density: Annotated[list[Finite], Field(min_length=1, max_length=100_000)]
    mean: list[list[Finite]]
    sd: list[list[Positive]]
    correlation: list[list[Share]]
    prior_mean: list[Finite]
    prior_sd: list[Positive]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        size, points = len(self.names), math.prod(len(values) for values in self.axes.values())
        if any(len(one) != size for one in (self.prior_mean, self.prior_sd)) or len(set(self.names)) != size:
            raise ValueError(f"{size} different names need as many priors")
        widths = {"mean": size, "sd": size, "correlation": size * (size - 1) // 2}
        for name, width in widths.items():
            held = getattr(self, name)
            if len(held) != points or any(len(one) != width for one in held):
                raise ValueError(f"{name} needs {width} values at each of {points} points")
        if len(self.log_density) != points:
            raise ValueError(f"log_density needs {points} values")
        if any(later <= earlier for values in self.axes.values() for earlier, later in itertools.pairwise(values)):
            raise ValueError("the values of an axis must rise")
        if self.exposure not in self.names:
            raise ValueError(f"names lack the exposure, {self.exposure}")
        return self

    @property
    def question(self) -> dict[str, Any]:
        """What was asked, without how it was computed."""
        plan = kept_plan(self.plan).model_dump(mode="json")
        return {"model": self.model, **{name: plan[name] for name in ASKED}}

    def natural(self) -> Natural:
        """The likelihood alone, the prior taken out.

        Where the posterior is no narrower than the prior, which rounding and draws can make it, nothing was learnt.
        """
        size, scale, centre = len(self.names), np.array(self.prior_sd), np.array(self.prior_mean)
        correlation = np.broadcast_to(np.eye(size), (len(self.mean), size, size)).copy()
        rows, columns = np.tril_indices(size, -1)
        correlation[:, rows, columns] = correlation[:, columns, rows] = np.array(self.correlation)
        sd = np.array(self.sd) / scale
        posterior = np.linalg.inv(_definite(correlation * sd[:, :, None] * sd[:, None, :]))
        values, vectors = np.linalg.eigh(posterior - np.eye(size))
        learnt = values > 0
        precision = np.einsum("gij,gj,gkj->gik", vectors, np.where(learnt, values, 0.0), vectors)
        # the mean of the likelihood is where posterior and prior leave it: (Λ + I) m = η, with the prior's mean at 0
        information = np.einsum("gij,gj->gi", posterior, (np.array(self.mean) - centre) / scale)
        information = np.einsum("gij,gj,gkj,gk->gi", vectors, learnt, vectors, information)
        # with its prior the likelihood integrates to the density that the file has
        solved = np.linalg.solve(precision + np.eye(size), information[..., None])[..., 0]
        integral = 0.5 * (information * solved).sum(axis=1)
        integral -= 0.5 * np.linalg.slogdet(precision + np.eye(size))[1]
        raw = precision / np.outer(scale, scale)
        told = information / scale + raw @ centre
        constant = (
            np.array(self.log_density) - integral - told @ centre + 0.5 * np.einsum("i,gij,j->g", centre, raw, centre)
        )
        return Natural(constant, told, raw)


def likelihood_of(
    fit: Fit, *, allowed: Collection[str], simulated: bool, policy: str, package: str, rng: np.random.Generator
) -> Likelihood:
    """The summary of a fit of M1 or M3, of the columns that the gate lets out.

    Raises CannotAnswer where the exposure is not among them, and DiagnosticsFailed where the fit did not pass or the
    fast engine finds no mode somewhere on the grid.
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
    axes = axes_of(plan)
    grid = np.meshgrid(*axes.values(), indexing="ij")
    points = {name: values.ravel() for name, values in zip(axes, grid, strict=True)}
    try:
        found = given_scales(design, plan, points, rng)
    except (FloatingPointError, np.linalg.LinAlgError) as error:
        raise DiagnosticsFailed(
            f"the fast engine found no usable mode at a point of the grid of scales ({error})",
            remedy="observe for longer, or simplify the terms",
        ) from error
    held = [at for at, name in enumerate(found.names) if name in allowed]
    names = [found.names[at] for at in held]
    of_design = [design.names.index(name) for name in names]
    priors, unit = plan_priors(plan).column_priors(design.names, design.scale), design.scale[of_design]
    spread = np.sqrt(np.einsum("gii->gi", found.covariance))
    correlation = found.covariance / (spread[:, :, None] * spread[:, None, :])
    rows, columns = np.tril_indices(len(held), -1)
    places = np.array(held, dtype=int)
    kept = np.round(correlation[:, places[rows], places[columns]], CORRELATION_PLACES)
    means, sds = found.mean[:, held] / unit, spread[:, held] / unit
    return Likelihood(
        format=2,
        package=package,
        simulated=simulated,
        policy=policy,
        model=fit.model,  # type: ignore[arg-type]
        exposure=fit.exposure,
        plan=plan.model_dump(mode="json"),
        names=names,
        axes={name: [float(f"{value:.6g}") for value in values] for name, values in axes.items()},
        log_density=_told(found.log_density),
        mean=[
            [_stepped(float(m), float(s)) for m, s in zip(*row, strict=True)] for row in zip(means, sds, strict=True)
        ],
        sd=[[_significant(float(value)) for value in row] for row in sds],
        correlation=kept.tolist(),
        prior_mean=[_significant(float(value)) for value in priors.mean[of_design] / unit],
        prior_sd=[_significant(float(value)) for value in priors.sd[of_design] / unit],
    )


def likelihood_file(found: Likelihood) -> bytes:
    """The file, as JSON, a line a point of the grid."""
    values = found.model_dump(mode="json")
    lines = []
    for name, held in values.items():
        nested = isinstance(held, list) and held and isinstance(held[0], list)
        text = "[\n  " + ",\n  ".join(map(json.dumps, held)) + "\n ]" if nested else json.dumps(held)
        lines.append(f" {json.dumps(name)}: {text}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def read_likelihood(path: Path) -> Likelihood:
    """A summary from its file, of this format or of the one before. Raises InputError."""
    values = read_json(path, what="a likelihood to pool", remedy=REMEDY)
    if values.get("format") == OLD_FORMAT:
        values = _of_one_point(values)
    if values.get("format") != FORMAT:
        said = f"format {values.get('format')!r}; this version reads {OLD_FORMAT} and {FORMAT}"
        raise InputError(said, where=str(path), remedy=f"{REMEDY}, with one version of the package for all")
    return checked(values, Likelihood, what="a likelihood to pool", where=str(path), remedy=REMEDY)


def _of_one_point(values: dict[str, Any]) -> dict[str, Any]:
    """A file of format 1, whose scales are integrated out, as a grid without an axis; what it lacks is left lacking."""
    made = values | {"format": FORMAT, "axes": {}, "log_density": [0.0]}
    made |= {name: [values[name]] for name in ("mean", "sd") if name in values}
    matrix = values.get("correlation")
    if isinstance(matrix, list) and all(isinstance(row, list) and len(row) == len(matrix) for row in matrix):
        made["correlation"] = [[value for at, row in enumerate(matrix) for value in row[:at]]]
    return made


def _told(log_density: Array) -> list[float]:
    """(G,) as the file has it: tails, which no pooled answer rests on, would tell how many children had an onset."""
    below = np.maximum(log_density - log_density.max(), LEAST)
    return [round(float(value), 2) for value in np.round(below * DENSITY_STEPS) / DENSITY_STEPS]


def _significant(value: float) -> float:
    return float(f"{value:.{SD_DIGITS}g}")


def _stepped(mean: float, sd: float) -> float:
    step = 10 ** math.floor(math.log10(sd / MEAN_STEPS))
    return float(f"{round(mean / step) * step:.12g}")


def _definite(matrices: Array) -> Array:
    """(G, P, P), each the nearest with no eigenvalue below a millionth of their mean: rounding can make it none."""
    values, vectors = np.linalg.eigh(matrices)
    least = 1e-6 * values.mean(axis=-1, keepdims=True)
    return np.asarray(np.einsum("gij,gj,gkj->gik", vectors, np.maximum(values, least), vectors))

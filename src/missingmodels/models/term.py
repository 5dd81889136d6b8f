"""Terms that run: what a term needs of a design, its unknowns, what it adds to η, its draws as reported, its equation.

A model is a list of terms for each predictor, and a likelihood (``models.model``). The sampler builds its PyMC model of
them, draws come back to the natural scale through them, and ``docs/models.md`` prints them: one object each. A term of
one's own is a subclass of ``Term``; it overrides what it needs and leaves the rest, which does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from missingmodels.frame.design_matrix import Group
from missingmodels.models.priors.law import LAWS, ModelPriors, Prior

Tensor = pt.TensorVariable
Array = np.ndarray
Data = dict[str, Array]
Tensors = Mapping[str, Tensor]
Draws = Mapping[str, Array]


class Designed(Protocol):
    """What terms read of a design. R rows, P columns."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def matrix(self) -> Array:
        """(R, P) the columns as they are."""

    @property
    def scale(self) -> Array:
        """(P,) of the standardisation."""

    @property
    def standardised(self) -> Array:
        """(R, P) what the sampler sees."""

    @property
    def units(self) -> Mapping[str, Group]:
        """Units of rows by name: child, home, cell (a home's period), and what a plan adds."""

    @property
    def log_size(self) -> Array:
        """(R,) the offset of η."""

    @property
    def counted(self) -> Array:
        """(R,) events that the likelihood models."""

    def to_raw(self, intercept: Array, coefficients: Array) -> tuple[Array, Array]:
        """Intercept (...) and coefficients (..., P) of the columns as they are."""


@dataclass
class Built:
    """A PyMC model half built: its data and scalars as tensors, and each term's unknowns once they are made."""

    design: Designed
    priors: ModelPriors
    data: Tensors
    scalars: Tensors


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term of a model. Shapes: R rows, S draws.

    Attributes
    ----------
    name : what it is, in a few words
    code : its name in code, of the variable or the column
    equation : in the symbols of the vocabulary, plain text
    parameters : names in the vocabulary of the scalars that it adds; each one's symbol stands in the equation
    chosen : the key of the plan, with its value, that brings the term in; empty for one that is always there
    meaning : why it is there, in a sentence
    priors : of the parameters of a term of one's own; those of the package's stand in ``models.priors``
    """

    name: str
    code: str
    equation: str
    parameters: tuple[str, ...] = ()
    chosen: str = ""
    meaning: str = ""
    priors: Mapping[str, Prior] = field(default_factory=dict)

    late: ClassVar[bool] = False  # added to sums after the offset

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        """The arrays that the term reads by row; of terms that share one, equal ones."""
        return {}

    def sums(self, design: Designed, arrays: Data) -> Data:
        """Sums of events over what the term reads, from which Σ y η is had without a pass over the rows."""
        return {}

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        """What the compiled model knows of the design; data of equal sizes are only swapped in."""
        return ()

    def unknowns(self, built: Built) -> Any:
        """Make the term's free variables, inside a PyMC model; what is returned is handed to the methods below."""
        return None

    def eta(self, value: Any, data: Tensors) -> Tensor | None:
        """(R,) or () what is added to η; None for a term that adds nothing to it."""
        return None

    def linear(self, value: Any, data: Tensors) -> Tensor | None:
        """Σ y times what is added to η, by the sums."""
        return None

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        """(S, …) draws as reported, from the sampler's and from scalars that still have the sign they were drawn with.

        What comes back under a scalar's name takes its place.
        """
        return {}

    def of_draws(self, values: Draws, design: Designed, part: slice) -> Array | None:
        """(s, R) or (s, 1) what reported draws ``part`` add to η of the raw columns."""
        return None

    def effects(self) -> tuple[str, ...]:
        """Names of reported draws that are effects of many units, whose R-hat has a limit of its own."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Level(Term):
    """The intercept of a predictor, called ``code``."""

    def eta(self, value: Any, data: Tensors) -> Tensor | None:
        return value

    def unknowns(self, built: Built) -> Any:
        return built.scalars[self.code]

    def sums(self, design: Designed, arrays: Data) -> Data:
        return {"total": np.array(float(design.counted.sum()))}

    def linear(self, value: Any, data: Tensors) -> Tensor | None:
        return value * data["total"]

    def of_draws(self, values: Draws, design: Designed, part: slice) -> Array | None:
        return values[self.code][part, None]


@dataclass(frozen=True, kw_only=True)
class Columns(Term):
    """All columns of the design, reported as they are, and the intercept where all are 0.

    ``keeps_level``: the intercept stays where columns are centred. ``as_drawn``: coefficients stay those of the
    sampler's columns, too; whoever has the draws turns them.
    """

    keeps_level: bool = False
    as_drawn: bool = False

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        at, columns = priors.columns, design.standardised
        held = {"offset": columns[:, at.fixed] @ at.mean[at.fixed]}
        if not at.fixed.all():
            held["columns"] = np.ascontiguousarray(columns[:, ~at.fixed])
        for law in set(at.law) - {"fixed", "flat"}:
            parts = ("mean", "sd", "df") if law == "student_t" else ("mean", "sd")
            held |= {f"{law}_{part}": getattr(at, part)[at.law == law] for part in parts}
        return held

    def sums(self, design: Designed, arrays: Data) -> Data:
        held = {"offset_onsets": np.array(design.counted @ arrays["offset"])}
        return held | ({"column_onsets": design.counted @ arrays["columns"]} if "columns" in arrays else {})

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        return tuple(priors.columns.law[~priors.columns.fixed])

    def unknowns(self, built: Built) -> Any:
        laws = built.priors.columns.law
        free = laws[laws != "fixed"]
        names = np.array(built.design.names, dtype=object)[laws != "fixed"]
        parts: list[Tensor] = []
        order: list[Array] = []
        for law in LAWS:
            at = np.flatnonzero(free == law)
            if at.size:
                name = "coefficients" if law == "normal" else f"coefficients_{law}"
                pm.modelcontext(None).add_coord(f"{name}_column", list(names[at]))
                parts.append(_coefficients(name, law, built.data, at.size))
                order.append(at)
        if len(parts) < 2:
            return parts[0] if parts else None
        return pt.concatenate(parts)[np.argsort(np.concatenate(order))]

    def eta(self, value: Any, data: Tensors) -> Tensor | None:
        return None if value is None else data["columns"] @ value

    def linear(self, value: Any, data: Tensors) -> Tensor | None:
        return None if value is None else pt.dot(data["column_onsets"], value)

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        standard = _standard_coefficients(drawn, priors, scalars["intercept"].size)
        if self.as_drawn:
            return {"coefficients": standard}
        if self.keeps_level:
            return {"coefficients": standard / design.scale}
        intercept, raw = design.to_raw(scalars["intercept"], standard)
        return {"intercept": intercept, "coefficients": raw}

    def of_draws(self, values: Draws, design: Designed, part: slice) -> Array | None:
        return np.asarray(values["coefficients"][part] @ design.matrix.T) if design.names else None


@dataclass(frozen=True, kw_only=True)
class GroupEffect(Term):
    """A normal effect of each ``unit``, reported as ``code``: a standard normal ``{code}_z`` times its ``scale``.

    A scale that is sampled with a sign leaves the effect's law as it is. ``spare`` keeps a place without an effect for
    rows whose unit is unrecorded. An effect of one's own gives ``of_home``, by home id the label of the unit that a
    home belongs to, in place of a ``unit`` that every design has; a home without one has no effect.
    """

    unit: str = ""
    spare: bool = False
    of_home: Mapping[str, str] = field(default_factory=dict)

    @property
    def scale(self) -> str:
        """Name of the effect's standard deviation."""
        return self.parameters[0]

    def _count(self, design: Designed) -> int:
        return len(design.units[self.unit].ids)

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        index = design.units[self.unit].index
        return {self.unit: np.where(index < 0, self._count(design), index) if self.spare else index}

    def sums(self, design: Designed, arrays: Data) -> Data:
        return {f"{self.unit}_onsets": np.bincount(arrays[self.unit], design.counted, self._count(design) + self.spare)}

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        return (self._count(design),)

    def unknowns(self, built: Built) -> Any:
        ids = built.design.units[self.unit].ids
        z = standard_normal(f"{self.code}_z", self.unit, ids)
        return self.scaled(built.scalars[self.scale], z)

    def scaled(self, scale: Tensor, z: Tensor) -> Tensor:
        """The effects, and a zero after them if there is a spare place."""
        return pt.concatenate([scale * z, pt.zeros(1)]) if self.spare else scale * z

    def eta(self, value: Any, data: Tensors) -> Tensor | None:
        return value[data[self.unit]]

    def linear(self, value: Any, data: Tensors) -> Tensor | None:
        return pt.dot(data[f"{self.unit}_onsets"], value)

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        return {self.code: scalars[self.scale][:, None] * drawn[f"{self.code}_z"]}

    def of_draws(self, values: Draws, design: Designed, part: slice) -> Array | None:
        effect = values[self.code][part]
        return np.asarray(
            (np.pad(effect, ((0, 0), (0, 1))) if self.spare else effect)[:, design.units[self.unit].index]
        )

    def effects(self) -> tuple[str, ...]:
        return (self.code,)


@dataclass(frozen=True, kw_only=True)
class LogEffect(GroupEffect):
    """A normal effect whose exponential has mean 1."""

    def scaled(self, scale: Tensor, z: Tensor) -> Tensor:
        return -(scale**2) / 2 + scale * z

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        scale = scalars[self.scale][:, None]
        return {self.code: -(scale**2) / 2 + scale * drawn[f"{self.code}_z"]}


def standard_normal(name: str, unit: str, ids: tuple[str, ...]) -> Tensor:
    """A standard normal of each unit, labelled by ``ids`` along ``{unit}_index``."""
    model, dim = pm.modelcontext(None), f"{unit}_index"
    if dim not in model.coords:
        model.add_coord(dim, list(ids))
    return pm.Normal(name, 0, 1, shape=len(ids), dims=(dim,))


def _standard_coefficients(drawn: Draws, priors: ModelPriors, draws: int) -> Array:
    """(S, P) coefficients of the sampler's columns, fixed ones included."""
    at = priors.columns
    out = np.broadcast_to(at.mean, (draws, at.mean.size)).copy()
    for law in LAWS:
        if (at.law == law).any():
            out[:, at.law == law] = drawn["coefficients" if law == "normal" else f"coefficients_{law}"]
    return out


def scalar(name: str, prior: Prior, at: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """A free scalar with this prior, or a number if it is fixed. Laws of a scale are sampled with a sign.

    ``at`` gives the prior's mean and sd as data, so that other values need no other compiled model.
    """
    mean, sd = at or (pt.as_tensor_variable(np.float64(value)) for value in (prior.mean, prior.sd))
    if prior.law == "fixed":
        return mean
    made: dict[str, Callable[[], Tensor]] = {
        "half_normal": lambda: pm.Normal(name, 0, sd),
        "positive_normal": lambda: pm.HalfNormal(name, sd),
        "half_student_t": lambda: pm.StudentT(name, nu=prior.df, mu=0, sigma=sd),
        "exponential": lambda: pm.Laplace(name, 0, sd),
        "log_normal": lambda: pm.LogNormal(name, mean, sd),
        "gamma": lambda: pm.Gamma(name, alpha=prior.df, beta=1 / sd),
        "beta": lambda: pm.Beta(name, *(pt.as_tensor_variable(np.float64(value)) for value in prior.beta)),
        "student_t": lambda: pm.StudentT(name, nu=prior.df, mu=mean, sigma=sd),
        "flat": lambda: pm.Flat(name),
    }
    return made.get(prior.law, lambda: pm.Normal(name, mean, sd))()


def _coefficients(name: str, law: str, data: Tensors, size: int) -> Tensor:
    shape = {"shape": size, "dims": (f"{name}_column",)}
    if law == "flat":
        return pm.Flat(name, **shape)
    mean, sd = data[f"{law}_mean"], data[f"{law}_sd"]
    if law == "student_t":
        return pm.StudentT(name, nu=data["student_t_df"], mu=mean, sigma=sd, **shape)
    return pm.Normal(name, mean, sd, **shape)

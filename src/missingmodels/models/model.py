"""A model: terms for each predictor, a likelihood, priors and a design, from which all that an engine needs is made."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from missingmodels.models.priors.law import ModelPriors, Prior
from missingmodels.models.term import Array, Built, Columns, Data, Designed, Draws, Tensor, Tensors, Term, scalar

Terms = tuple[Term, ...]
RATE = "rate"


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How the (R,) events of rows are drawn: ``law(density, *inputs, size)`` of PyMC's own laws, and the inputs'
    dimensions.
    """

    law: Callable[..., Tensor]
    inputs: tuple[Tensor, ...]
    signature: str


@dataclass
class Predicted:
    """What a likelihood reads: its own unknowns, and for each predictor η and the parts that it is made of."""

    built: Built
    values: Mapping[str, Sequence[tuple[Term, Any]]]
    eta: Mapping[str, Tensor]
    own: Any

    def linear(self) -> Tensor:
        """Σ y η of the predictor ``rate``, by sums that were taken before the sampler starts."""
        data = self.built.data
        parts = [(term, term.linear(value, data)) for term, value in self.values[RATE]]
        total = sum(part for term, part in parts if part is not None and not term.late)
        total = total + data["offset_onsets"]
        for term, part in parts:
            if part is not None and term.late:
                total = total + part
        return total

    def at(self, data: Tensors) -> Tensor:
        """η of the predictor ``rate`` at other rows."""
        return _eta(self.values[RATE], data, data["log_days"])


@dataclass(frozen=True, kw_only=True)
class Likelihood(Term):
    """The density of outcomes given predictors; what of it is integrated out stands in its equation."""

    variable: str = "rows"  # what the outcome is called in the PyMC model
    by_sums: bool = True  # whether Σ y η is had by sums

    def density(self, at: Predicted) -> Tensor:
        """() the log density of all rows."""
        raise NotImplementedError

    def drawn_from(self, at: Predicted) -> Drawing | None:
        """How outcomes are drawn; None where they cannot be drawn apart from what came before them."""
        return None

    def observe(self, at: Predicted) -> None:
        """Put outcomes into the PyMC model: observed, with a density that knows them by their sums, and drawn anew by
        prior and posterior prediction; or as a potential, where nothing says how they are drawn.
        """
        density, drawing = self.density(at), self.drawn_from(at)
        if drawing is None:
            pm.Potential(self.variable, density)
            return
        pm.CustomDist(
            self.variable,
            density,
            *drawing.inputs,
            logp=lambda value, held, *_: held,
            dist=drawing.law,
            signature=f"(),{drawing.signature}->(r)",
            observed=at.built.data["events"],
        )


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model of one design.

    Attributes
    ----------
    label : what no shape says, of all models of the package
    predictors : terms of each; ``rate`` has the offset of the rows
    priors : of every scalar, in the order of the sampler's coordinates, and of the columns
    swapped : that scalars' priors are data, so that others need no other compiled model
    """

    label: str
    design: Designed
    predictors: Mapping[str, Terms]
    likelihood: Likelihood
    priors: ModelPriors
    swapped: bool = False
    coords: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def terms(self) -> Terms:
        """Terms of all predictors, in order, and the likelihood."""
        return (*(term for terms in self.predictors.values() for term in terms), self.likelihood)

    @cached_property
    def data(self) -> Data:
        """The arrays that the model reads."""
        held: Data = {}
        offset = self.design.log_size
        for term in self.terms:
            own = term.arrays(self.design, self.priors)
            if isinstance(term, Columns):
                offset = offset + own["offset"]
            if self.likelihood.by_sums:
                own |= term.sums(self.design, own)
            own.pop("offset", None)
            held |= own
        held |= {"log_days": offset, "events": self.design.counted.astype(np.int64)}
        if self.swapped:
            held |= {
                f"{name}_{part}": np.array(getattr(prior, part))
                for name, prior in self.priors.scalars.items()
                for part in _parts(prior)
            }
        return held

    def shape(self) -> Hashable:
        """What a compiled model depends on; data of another size only need to be swapped in."""
        laws = tuple(
            (name, p.law, p.df, *(() if self.swapped else (p.mean, p.sd))) for name, p in self.priors.scalars.items()
        )
        sizes = tuple((term.code, *term.sizes(self.design, self.priors)) for term in self.terms)
        return self.label, laws, sizes, tuple(sorted(self.data))

    def build(self) -> pm.Model:
        """The PyMC model: data containers, the scalars, each term's unknowns, and the likelihood."""
        with pm.Model() as model:
            data = {name: pm.Data(name, values) for name, values in self.data.items()}
            scalars = {
                name: scalar(name, prior, self._prior(name, data)) for name, prior in self.priors.scalars.items()
            }
            built = Built(self.design, self.priors, data, scalars)
            values = {name: [(term, term.unknowns(built)) for term in terms] for name, terms in self.predictors.items()}
            eta = {name: _eta(held, data, data["log_days"] if name == RATE else None) for name, held in values.items()}
            own = self.likelihood.unknowns(built)
            self.likelihood.observe(Predicted(built, values, eta, own))
        return model

    def _prior(self, name: str, data: Tensors) -> tuple[Tensor, Tensor] | None:
        if not self.swapped:
            return None
        nothing = pt.zeros(())
        return data.get(f"{name}_mean", nothing), data.get(f"{name}_sd", nothing)

    def natural(self, drawn: Draws) -> dict[str, Array]:
        """(S, …) draws as reported, from the sampler's (S, …): scales without a sign, effects themselves."""
        draws = next(iter(drawn.values())).shape[0]
        scalars = {
            name: np.full(draws, p.mean) if p.law == "fixed" else drawn[name] for name, p in self.priors.scalars.items()
        }
        out: dict[str, Array] = dict(scalars)
        for term in self.terms:
            out |= term.natural(drawn, scalars, self.design, self.priors)
        return {name: np.abs(v) if name.startswith("sigma_") else v for name, v in out.items()}

    def log_rate(self, values: Draws, part: slice, predictor: str = RATE, *, offset: bool = True) -> Array:
        """(s, R) η of reported draws ``part``, with the offset of the rows if it is asked for and there is one."""
        value = self.design.log_size[None, :] if offset and predictor == RATE else np.zeros((1, 1))
        for term in self.predictors[predictor]:
            own = term.of_draws(values, self.design, part)
            if own is not None:
                value = value + own
        return np.asarray(value)

    def effects(self) -> tuple[str, ...]:
        """Names of reported draws that are effects of many units."""
        return tuple(name for term in self.terms for name in term.effects())


def _eta(values: Sequence[tuple[Term, Any]], data: Tensors, start: Tensor | None) -> Tensor:
    total = start
    for term, value in values:
        own = term.eta(value, data)
        if own is not None:
            total = own if total is None else total + own
    assert total is not None  # a predictor has a level
    return total


def _parts(prior: Prior) -> tuple[str, ...]:
    """The numbers of a prior that its law uses; the compiled model knows no others."""
    if prior.law in ("flat", "fixed"):
        return ("mean",) if prior.law == "fixed" else ()
    return ("sd",) if prior.law in ("half_normal", "half_student_t", "exponential", "gamma") else ("mean", "sd")

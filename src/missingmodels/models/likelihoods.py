"""Likelihoods of counts and trials in rows: what is integrated out of each is integrated exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from scipy.special import gammaln

from missingmodels.frame.design_matrix import EventRows
from missingmodels.models.likelihood import by_child, integrated_frailty
from missingmodels.models.model import RATE, Drawing, Likelihood, Predicted
from missingmodels.models.priors.law import ModelPriors
from missingmodels.models.term import Array, Data, Designed, Tensor

# A gamma frailty of standard deviation below 1e-4 cannot be told from none, and lgamma(k) loses its digits there.
SMALLEST_VARIANCE = 1e-8


@dataclass(frozen=True, kw_only=True)
class RowsLikelihood(Likelihood):
    """Of rows of events, with all that holds no parameter."""

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        assert isinstance(design, EventRows)
        held: Data = {"constant": np.array(float(self.constant(design).sum()))}
        return held if self.by_sums else held | {"y": design.y.astype(float)}

    def constant(self, design: EventRows) -> Array:
        """(R,) what holds no parameter; η has log n in it, so that of rows whose Σ y η is no sum has no log n."""
        return design.constant if self.by_sums else np.asarray(-gammaln(design.y + 1))

    def events_times_eta(self, at: Predicted) -> Tensor:
        """Σ y η and the constant."""
        data = at.built.data
        if self.by_sums:
            return at.linear() + data["constant"]
        return data["constant"] + (data["y"] * at.eta[RATE]).sum()


def poisson_of(_: Tensor, rate: Tensor, size: Any) -> Tensor:
    """(R,) counts of rates."""
    return pm.Poisson.dist(rate)


def gamma_poisson_of(_: Tensor, rate: Tensor, unit: Tensor, shape: Tensor, scale: Tensor, size: Any) -> Tensor:
    """(R,) counts of rates times a gamma of (U,) shape and rate ``scale``, one of each unit."""
    return pm.Poisson.dist(rate * pm.Gamma.dist(shape, scale)[unit])


def _binomial_of(_: Tensor, chance: Tensor, trials: Tensor, size: Any) -> Tensor:
    return pm.Binomial.dist(pt.cast(trials, "int64"), chance)


@dataclass(frozen=True, kw_only=True)
class Poisson(RowsLikelihood):
    """Counts whose rate is exp(η), all else of them in η."""

    def drawn_from(self, at: Predicted) -> Drawing | None:
        return Drawing(law=poisson_of, inputs=(pt.exp(at.eta[RATE]),), signature="(r)")

    def density(self, at: Predicted) -> Tensor:
        return self.events_times_eta(at) - pt.exp(at.eta[RATE]).sum()


@dataclass(frozen=True, kw_only=True)
class GammaPoisson(RowsLikelihood):
    """Counts of a rate times a gamma of mean 1, of each ``unit`` or, if there is none, of each row.

    ``shape`` is the parameter: the gamma's shape k, or its standard deviation where it is called ``sigma_…``.
    """

    unit: str = "child"
    shape: str = "frailty_shape"

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        held = super().arrays(design, priors)
        if self.unit:
            group = design.units[self.unit]
            held |= {"child": group.index, "child_onsets": np.bincount(group.index, design.counted, len(group.ids))}
        return held

    def shape_of(self, scalars: Mapping[str, Any]) -> Any:
        """The shape, from the sampler's parameter."""
        value = scalars[self.shape]
        return 1 / (value**2 + SMALLEST_VARIANCE) if self.shape.startswith("sigma_") else value

    def drawn_from(self, at: Predicted) -> Drawing | None:
        data, rate = at.built.data, pt.exp(at.eta[RATE])
        units = data["child_onsets"] if self.unit else data["y"]
        index = data["child"] if self.unit else pt.arange(rate.shape[0])
        k = pt.zeros_like(units) + self.shape_of(at.built.scalars)
        return Drawing(law=gamma_poisson_of, inputs=(rate, index, k, k), signature="(r),(r),(c),(c)")

    def density(self, at: Predicted) -> Tensor:
        data, k = at.built.data, self.shape_of(at.built.scalars)
        expected = pt.exp(at.eta[RATE])
        linear = self.events_times_eta(at)
        if not self.unit:
            return linear + integrated_frailty(k, k, data["y"], expected).sum()
        return linear + integrated_frailty(k, k, data["child_onsets"], by_child(expected, data)).sum()


@dataclass(frozen=True, kw_only=True)
class Trials(RowsLikelihood):
    """Events of trials: on the logit scale, or, ``hazard``, each trial the chance 1 − exp(−exp η) of an event.

    Trials that come in an order have no binomial coefficient: ``ordered``.
    """

    hazard: bool = False
    ordered: bool = False

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        assert isinstance(design, EventRows)
        return super().arrays(design, priors) | {"size": design.size.astype(float)}

    def constant(self, design: EventRows) -> Array:
        """(R,) what holds no parameter, or (1,) nothing."""
        return np.zeros(1) if self.ordered else design.constant

    def drawn_from(self, at: Predicted) -> Drawing | None:
        eta = at.eta[RATE]
        chance = -pt.expm1(-pt.exp(eta)) if self.hazard else pt.sigmoid(eta)
        return Drawing(law=_binomial_of, inputs=(chance, at.built.data["size"]), signature="(r),(r)")

    def density(self, at: Predicted) -> Tensor:
        data, eta = at.built.data, at.eta[RATE]
        if self.hazard:
            # log of 1 − exp(−λ) without loss where λ is small
            rate, y = pt.exp(eta), data["y"]
            return data["constant"] + (y * pt.log1mexp(-rate)).sum() - ((data["size"] - y) * rate).sum()
        if self.by_sums:
            return self.events_times_eta(at) - pt.dot(data["size"], pt.softplus(eta))
        return self.events_times_eta(at) - (data["size"] * pt.softplus(eta)).sum()


@dataclass(frozen=True, kw_only=True)
class SetOfResidents(Likelihood):
    """Which of a home's residents leave on one day: P(S) ∝ exp(Σ_{i∈S} ℓ_i + θ (|S| − 1)⁺).

    It is proper for every θ, its constant has a closed form, and θ = 0 is independence, so that its posterior can fall
    on either side. Given that i leaves, the others leave independently with odds exp(ℓ_j + θ). A Poisson model of pairs
    would count three who leave together as three events; a shock that takes residents along can only add.
    """

    by_sums: bool = False

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        assert isinstance(design, EventRows)
        held = {name: design.further[name] for name in ("kind", "home_days", "extra")}
        return {"y": design.y.astype(float), **held, "home_days": held["home_days"].astype(float)} | {
            "extra": np.array(float(np.sum(held["extra"])))
        }

    def density(self, at: Predicted) -> Tensor:
        data, log_odds, theta = at.built.data, at.eta[RATE], at.built.scalars["log_joint"]
        along = pt.softplus(log_odds + theta)
        total = pt.inc_subtensor(pt.zeros_like(data["home_days"])[data["kind"]], along)
        # log(1 + e^-θ (e^total - 1)): nobody leaves, or some do
        constant = pt.log1p(pt.exp(-theta) * pt.expm1(total))
        return pt.dot(data["y"], log_odds) + theta * data["extra"] - pt.dot(data["home_days"], constant)


@dataclass(frozen=True, kw_only=True)
class TwoSources(Likelihood):
    """Episodes by which of two sources holds them. Their number in a cell is gamma-Poisson; those that some source
    holds are a thinned part, so their total is negative binomial and its split multinomial.

    What neither source holds is never seen: it follows from the assumption that, given authority and home, one source's
    holding an episode says nothing of the other's. Where they hold the same kinds of episode more than that, the number
    unseen comes out too low.
    """

    by_sums: bool = False
    sources: tuple[str, ...] = field(default=("a", "b"))

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        assert isinstance(design, EventRows)
        parts = {name: design.further[name] for name in ("both", "only_a", "only_b")}
        constant = -sum(gammaln(part + 1).sum() for part in parts.values())
        held = {name: part.astype(float) for name, part in parts.items()}
        return held | {"seen": design.y.astype(float), "constant": np.array(float(constant))}

    def density(self, at: Predicted) -> Tensor:
        data, phi = at.built.data, at.built.scalars["dispersion_shape"]
        a, b = (at.eta[source] for source in self.sources)
        log_a, log_b, not_a, not_b = -pt.softplus(-a), -pt.softplus(-b), -pt.softplus(a), -pt.softplus(b)
        log_mean = at.eta[RATE]
        split = data["both"] * (log_a + log_b) + data["only_a"] * (log_a + not_b) + data["only_b"] * (not_a + log_b)
        expected = pt.exp(log_mean) * -pt.expm1(not_a + not_b)  # of those that some source holds
        value = split + data["seen"] * log_mean + integrated_frailty(phi, phi, data["seen"], expected)
        return value.sum() + data["constant"]

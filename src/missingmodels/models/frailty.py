"""Laws of the children's frailty u in the onset model: what each adds to the likelihood of a child's rows.

A law is one object here, its names in ``vocabulary.frailty``, its priors in ``models.priors``, its draws in
``fitting.marginal`` and, if the fast engine has it, its integral in ``fitting.laplace.child``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from missingmodels.frame.design import Design
from missingmodels.models.likelihood import by_child, integrated_frailty, low_risk_frailty
from missingmodels.models.likelihoods import gamma_poisson_of, poisson_of
from missingmodels.models.model import RATE, Drawing, Likelihood, Predicted
from missingmodels.models.priors.law import ModelPriors
from missingmodels.models.shared import GAMMA_EQUATION, GAMMA_MEANING
from missingmodels.models.term import Array, Built, Data, Designed, Draws, Tensor, Tensors
from missingmodels.vocabulary.frailty import FRAILTY

# A child's own effect is centred where the data know more of it than the prior: from so many onsets expected on. Either
# form for all children alike costs half of the effective draws of s, or far more, on data of the other kind.
RICH = 3.0


@dataclass(frozen=True, kw_only=True)
class _FrailtyLaw(Likelihood):
    """Onsets of children: Poisson given u. The constant Σ (y log n − log y!) is left out."""

    variable: str = "onset"

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        assert isinstance(design, Design)
        children, before = len(design.child_ids), design.before_window
        held = {"child": design.child, "child_onsets": np.bincount(design.child, design.counted, children)}
        if before.any():
            held["now"] = (~before).astype(float)
            held["child_onsets_before"] = np.bincount(design.child, np.where(before, design.onsets, 0), children)
        return held

    def density(self, at: Predicted) -> Tensor:
        linear = at.linear()
        return linear + self.of_children(at, at.built.data, pt.exp(at.eta[RATE]))

    def of_children(self, at: Predicted, data: Tensors, rate: Tensor) -> Tensor:
        """() Σ_i log L_i without the terms in η, from rates (R,)."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class _GammaLaw(_FrailtyLaw):
    """u ~ Gamma(k, k), integrated out."""

    def drawn_from(self, at: Predicted) -> Drawing | None:
        """Rows before the window update the frailties and are not drawn: their events are 0."""
        data, rate = at.built.data, pt.exp(at.eta[RATE])
        shape = pt.zeros_like(data["child_onsets"]) + at.built.scalars["frailty_shape"]
        scale = shape
        if "now" in data:
            scale = scale + by_child(rate * (1 - data["now"]), data)
            shape, rate = shape + data["child_onsets_before"], rate * data["now"]
        inputs = (rate, data["child"], shape, scale)
        return Drawing(law=gamma_poisson_of, inputs=inputs, signature="(r),(r),(c),(c)")

    def of_children(self, at: Predicted, data: Tensors, rate: Tensor) -> Tensor:
        k, onsets = at.built.scalars["frailty_shape"], data["child_onsets"]
        if "now" not in data:
            return integrated_frailty(k, k, onsets, by_child(rate, data)).sum()
        known = k + by_child(rate * (1 - data["now"]), data)
        now = by_child(rate * data["now"], data)
        return integrated_frailty(k + data["child_onsets_before"], known, onsets, now).sum()


@dataclass(frozen=True, kw_only=True)
class _LowRiskLaw(_FrailtyLaw):
    """A gamma whose rate a class of children has a small part of; classes are summed over."""

    def drawn_from(self, at: Predicted) -> Drawing | None:
        data = at.built.data
        if "now" in data:
            return None
        k, share, ratio = (at.built.scalars[name] for name in self.parameters)
        shape = pt.zeros_like(data["child_onsets"]) + k
        inputs = (pt.exp(at.eta[RATE]), data["child"], shape, pt.stack([share, ratio]))
        return Drawing(law=_low_risk_of, inputs=inputs, signature="(r),(r),(c),(p)")

    def of_children(self, at: Predicted, data: Tensors, rate: Tensor) -> Tensor:
        k, share, ratio = (at.built.scalars[name] for name in self.parameters)
        onsets, expected = data["child_onsets"], by_child(rate, data)
        if "now" not in data:
            return low_risk_frailty(k, share, ratio, onsets, expected).sum()
        known, known_expected = data["child_onsets_before"], by_child(rate * (1 - data["now"]), data)
        whole = low_risk_frailty(k, share, ratio, onsets + known, expected)
        return (whole - low_risk_frailty(k, share, ratio, known, known_expected)).sum()


@dataclass(frozen=True, kw_only=True)
class _LogNormalLaw(_FrailtyLaw):
    """log u ~ Normal(−s²/2, s²), sampled as ``child_x``: standard normal where data are thin, and the log itself, less
    its mean, where they are rich, as either is hard to sample in the other's place.
    """

    def arrays(self, design: Designed, priors: ModelPriors) -> Data:
        held = super().arrays(design, priors)
        if "now" in held:
            raise ValueError("a log-normal frailty has no closed form given the rows before the window")
        return held | {"child_centred": _centred(design).astype(float)}

    def sizes(self, design: Designed, priors: ModelPriors) -> tuple[Any, ...]:
        return (len(design.units["child"].ids),)

    def unknowns(self, built: Built) -> Any:
        s, centred = built.scalars["frailty_sd_log"], pt.gt(built.data["child_centred"], 0)
        x = pm.Normal("child_x", 0, pt.switch(centred, s, 1), shape=len(built.design.units["child"].ids))
        return x * pt.switch(centred, 1, s) - s**2 / 2

    def drawn_from(self, at: Predicted) -> Drawing | None:
        rate = pt.exp(at.eta[RATE] + at.own[at.built.data["child"]])
        return Drawing(law=poisson_of, inputs=(rate,), signature="(r)")

    def of_children(self, at: Predicted, data: Tensors, rate: Tensor) -> Tensor:
        return (data["child_onsets"] * at.own - pt.exp(at.own) * by_child(rate, data)).sum()

    def natural(self, drawn: Draws, scalars: Draws, design: Designed, priors: ModelPriors) -> dict[str, Array]:
        """``child`` is the log of u less its mean."""
        s = scalars["frailty_sd_log"][:, None]
        return {"child": drawn["child_x"] * np.where(_centred(design), 1.0, s)}

    def effects(self) -> tuple[str, ...]:
        return ("child",)


def _low_risk_of(density: Tensor, rate: Tensor, child: Tensor, frailty: Tensor, law: Tensor, size: Any) -> Tensor:
    share, ratio = law[0], law[1]
    low = pm.Bernoulli.dist(pt.zeros_like(frailty) + share)
    part = pt.switch(pt.eq(low, 1), ratio, 1.0) / (share * ratio + 1 - share)
    return gamma_poisson_of(density, rate * part[child], child, frailty, frailty, size)


def _centred(design: Designed) -> Array:
    assert isinstance(design, Design)
    return np.asarray(expected_onsets(design) > RICH)


def expected_onsets(design: Design) -> Array:
    """(C,) onsets expected of each child: days at the rate of all, times the mean of u given them if u ~ Gamma(1, 1).

    That is the information the data hold on the log of u; its prior holds 1/s², about 1.
    """
    children = len(design.child_ids)
    onsets = np.bincount(design.child, design.onsets, children)
    usual = np.bincount(design.child, design.days, children) * onsets.sum() / design.days.sum()
    return np.asarray(usual * (1 + onsets) / (1 + usual))


GAMMA = _GammaLaw(
    name="children, gamma",
    code="frailty",
    equation=GAMMA_EQUATION,
    parameters=FRAILTY["gamma"].scalars,
    chosen='effects.frailty = "gamma"',
    meaning=GAMMA_MEANING,
)
LOG_NORMAL = _LogNormalLaw(
    name="children, log-normal",
    code="child",
    equation="log u_i = s z_i − s²/2, z_i ~ Normal(0, 1)",
    parameters=FRAILTY["log_normal"].scalars,
    chosen='effects.frailty = "log_normal"',
    meaning=(
        "a longer tail of very frequent episodes and fewer children near none; mean 1. Sampled as z_i, or as "
        "s z_i where E (1 + Y) / (1 + E) > 3, with E the child's days times the onsets per day of all rows"
    ),
)
LOW_RISK = _LowRiskLaw(
    name="children, low-risk class",
    code="low_risk",
    equation=(
        "u_i = g_i m_i / (π ρ + 1 − π), g_i ~ Gamma(k, k), m_i = ρ with probability π, else 1: "
        "log L_i = log[π L(ρ) + (1 − π) L(1)], L(m) the gamma's with rates times m / (π ρ + 1 − π)"
    ),
    parameters=FRAILTY["low_risk"].scalars,
    chosen='effects.frailty = "low_risk"',
    meaning="some children hardly ever go missing; mean 1 over both classes, which are summed over exactly",
)
FRAILTY_LAWS: dict[str, _FrailtyLaw] = {"gamma": GAMMA, "log_normal": LOG_NORMAL, "low_risk": LOW_RISK}

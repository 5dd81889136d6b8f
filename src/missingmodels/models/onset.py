"""The onset model in PyMC: gamma frailty integrated out exactly, or another law, and the effects that a plan adds.

Specification, section 2, and docs/models.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from missingmodels.frame.design import Design
from missingmodels.models.likelihood import (
    Data,
    Tensor,
    Tensors,
    by_child,
    integrated_frailty,
    linear_term,
    log_rate,
    low_risk_frailty,
    sums_of,
)
from missingmodels.models.priors import Prior, PriorSet, scales_of
from missingmodels.plan import Effects

# A child's own effect is centred where the data know more of it than the prior: from so many onsets expected on. Either
# form for all children alike costs half of the effective draws of s, or far more, on data of the other kind.
RICH = 3.0
NO_EFFECTS = Effects()


@dataclass(frozen=True, kw_only=True)
class ModelShape:
    """What a compiled model depends on; data of another size only need to be swapped in."""

    free: int
    homes: int
    periods: int
    conditional: bool
    laws: tuple[tuple[str, str, float, float], ...]
    groups: tuple[tuple[str, int], ...]
    slope: bool
    frailty: str
    children: int


def scales_in(design: Design, effects: Effects) -> tuple[str, ...]:
    """Names of the scalars, the intercept apart, of the model of a design: one without peers has no slope of them."""
    return tuple(name for name in scales_of(effects) if name != "sigma_peer_slope" or design.slope_of)


def model_shape(design: Design, priors: PriorSet, effects: Effects = NO_EFFECTS) -> ModelShape:
    """The shape of a design under priors."""
    _, _, fixed = priors.of_columns(design.names, design.scale)
    names = ("intercept", *scales_in(design, effects))
    return ModelShape(
        free=int((~fixed).sum()),
        homes=len(design.home_ids),
        periods=design.periods if effects.home_process == "periods" else 0,
        conditional=bool(design.before_window.any()),
        laws=tuple((name, p.law, p.mean, p.sd) for name in names for p in [getattr(priors, name)]),
        groups=tuple((name, len(group.ids)) for name, group in design.groups.items()),
        slope=bool(design.slope_of),
        frailty=effects.frailty,
        children=len(design.child_ids) if effects.frailty == "log_normal" else 0,
    )


def model_data(design: Design, priors: PriorSet, effects: Effects = NO_EFFECTS) -> Data:
    """The arrays that the model reads: rows for ``Λ``, and sums of onsets for the linear term."""
    mean, sd, fixed = priors.of_columns(design.names, design.scale)
    columns = design.standardised
    offset = columns[:, fixed] @ mean[fixed]
    children, homes = len(design.child_ids), len(design.home_ids)
    now = ~design.before_window
    onsets = np.where(now, design.onsets, 0)
    with np.errstate(divide="ignore"):
        log_days = np.log(design.days)
    groups = _groups(design, effects)
    data = {
        "columns": np.ascontiguousarray(columns[:, ~fixed]),
        "log_days": log_days + offset,
        "child": design.child,
        **{name: index for name, (index, _) in groups.items()},
        "child_onsets": np.bincount(design.child, onsets, children),
        **sums_of(onsets, columns[:, ~fixed], offset, groups),
        "prior_mean": mean[~fixed],
        "prior_sd": sd[~fixed],
    }
    if design.before_window.any():
        data["now"] = now.astype(float)
        data["child_onsets_before"] = np.bincount(design.child, np.where(now, 0, design.onsets), children)
    if design.slope_of:
        data["slope_column"] = design.column(design.slope_of)
        data["slope_onsets"] = np.bincount(design.home, onsets * data["slope_column"], homes)
    if effects.frailty == "log_normal":
        data["child_centred"] = (expected_onsets(design) > RICH).astype(float)
    return data


def _groups(design: Design, effects: Effects) -> dict[str, tuple[np.ndarray, int]]:
    """Index and size of every group of rows with an effect; one place more for rows whose unit is unrecorded."""
    groups = {"home": (design.home, len(design.home_ids))}
    if effects.home_process == "periods":
        cells = design.home * design.periods + design.period
        groups["cell"] = (cells, len(design.home_ids) * design.periods)
    for name, group in design.groups.items():
        groups[name] = (np.where(group.index < 0, len(group.ids), group.index), len(group.ids) + 1)
    return groups


def expected_onsets(design: Design) -> np.ndarray:
    """(C,) onsets expected of each child: days at the rate of all, times the mean of u given them if u ~ Gamma(1, 1).

    That is the information the data hold on the log of u; its prior holds 1/s², about 1.
    """
    children = len(design.child_ids)
    onsets = np.bincount(design.child, design.onsets, children)
    usual = np.bincount(design.child, design.days, children) * onsets.sum() / design.days.sum()
    return np.asarray(usual * (1 + onsets) / (1 + usual))


def build_model(design: Design, priors: PriorSet, effects: Effects = NO_EFFECTS) -> pm.Model:
    """The PyMC model of a design.

    Free variables: ``intercept`` and ``coefficients`` of the standardised columns, the scalars of ``scales_in``, and
    standard normal ``home_z`` (H,), ``home_period_z`` (H*T,), ``authority_z``, ``owner_z`` and ``peer_slope_z`` (H,),
    each if the effects ask for it. The likelihood is a potential named ``onset``. A scale with a half-normal prior is
    sampled with a sign: its absolute value has that prior, and the product with the symmetric ``_z`` does not depend
    on the sign. So the sampler passes through 0 instead of wandering down the long tail of a logarithm, which gave two
    to three times the effective draws. A log-normal frailty is ``child_x`` (C,): standard normal where data are thin
    and the log itself, less its mean, where they are rich, as either is hard to sample in the other's place.
    """
    shape = model_shape(design, priors, effects)
    with pm.Model() as model:
        data = {name: pm.Data(name, values) for name, values in model_data(design, priors, effects).items()}
        intercept = scalar("intercept", priors.intercept)
        scales = {name: scalar(name, getattr(priors, name)) for name in scales_in(design, effects)}
        beta = pm.Normal("coefficients", data["prior_mean"], data["prior_sd"], shape=shape.free)
        added = {"home": scales["sigma_home"] * pm.Normal("home_z", 0, 1, shape=shape.homes)}
        if shape.periods:
            added["cell"] = scales["sigma_period"] * pm.Normal("home_period_z", 0, 1, shape=shape.homes * shape.periods)
        for name, size in shape.groups:
            effect = scales[f"sigma_{name}"] * pm.Normal(f"{name}_z", 0, 1, shape=size)
            added[name] = pt.concatenate([effect, pt.zeros(1)])
        rate = log_rate(data, intercept, beta, added)
        linear = linear_term(data, data["child_onsets"].sum(), intercept, beta, added)
        if shape.slope:
            slope = scales["sigma_peer_slope"] * pm.Normal("peer_slope_z", 0, 1, shape=shape.homes)
            rate = rate + slope[data["home"]] * data["slope_column"]
            linear = linear + pt.dot(data["slope_onsets"], slope)
        pm.Potential("onset", linear + _children(data, pt.exp(rate), scales, shape))
    return model


def _children(data: Tensors, rate: Tensor, scales: Tensors, shape: ModelShape) -> Tensor:
    """Σ_i log L_i without the terms in η, by the law of frailty; the constant Σ(y log n - log y!) is left out."""
    onsets, expected = data["child_onsets"], by_child(rate, data)
    if shape.frailty == "log_normal":
        if shape.conditional:
            raise ValueError("a log-normal frailty has no closed form given the rows before the window")
        s, centred = scales["frailty_sd_log"], pt.gt(data["child_centred"], 0)
        x = pm.Normal("child_x", 0, pt.switch(centred, s, 1), shape=shape.children)
        log_u = x * pt.switch(centred, 1, s) - s**2 / 2
        return (onsets * log_u - pt.exp(log_u) * expected).sum()
    k = scales["frailty_shape"]
    if shape.frailty == "low_risk":
        share, ratio = scales["low_risk_share"], scales["low_risk_ratio"]
        if not shape.conditional:
            return low_risk_frailty(k, share, ratio, onsets, expected).sum()
        known, known_expected = data["child_onsets_before"], by_child(rate * (1 - data["now"]), data)
        whole = low_risk_frailty(k, share, ratio, onsets + known, expected)
        return (whole - low_risk_frailty(k, share, ratio, known, known_expected)).sum()
    if not shape.conditional:
        return integrated_frailty(k, k, onsets, expected).sum()
    known_expected = by_child(rate * (1 - data["now"]), data)
    now_expected = by_child(rate * data["now"], data)
    return integrated_frailty(k + data["child_onsets_before"], k + known_expected, onsets, now_expected).sum()


def scalar(name: str, prior: Prior, at: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """A free scalar with this prior, or a number if it is fixed. Laws of a scale are sampled with a sign.

    ``at`` gives the prior's mean and sd as data, so that other values need no other compiled model.
    """
    mean, sd = at or (pt.as_tensor_variable(np.float64(value)) for value in (prior.mean, prior.sd))
    if prior.law == "fixed":
        return mean
    if prior.law == "half_normal":
        return pm.Normal(name, 0, sd)
    if prior.law == "half_student_t":
        return pm.StudentT(name, nu=prior.df, mu=0, sigma=sd)
    if prior.law == "exponential":
        return pm.Laplace(name, 0, sd)
    if prior.law == "log_normal":
        return pm.LogNormal(name, mean, sd)
    if prior.law == "gamma":
        return pm.Gamma(name, alpha=prior.df, beta=1 / sd)
    if prior.law == "beta":
        return pm.Beta(name, *(pt.as_tensor_variable(np.float64(value)) for value in prior.beta))
    if prior.law == "student_t":
        return pm.StudentT(name, nu=prior.df, mu=mean, sigma=sd)
    if prior.law == "flat":
        return pm.Flat(name)
    return pm.Normal(name, mean, sd)

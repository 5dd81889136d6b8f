"""The self- and cross-exciting intensity in PyMC: onsets add onsets (equation: ``docs/notation.md``, daily models).

``λ = u_i μ + α_own E_own(τ) + α_peer E_peer(τ)`` is additive, so only days with an onset need both parts at once: all
other days enter through ``Σ n λ``, whose excited part is a sum over lags that is taken before the sampler starts.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from missingmodels.frame.daily import DailyDesign, Lags
from missingmodels.models.daily_priors import HAWKES, DailyPriors
from missingmodels.models.likelihood import Data, Tensor, log_rate
from missingmodels.models.onset import scalar
from missingmodels.models.priors import Prior

HAWKES_SCALARS = ("intercept", "sigma_home", "sigma_period", *HAWKES)
SOURCES = ("own", "peer")


def hawkes_shape(daily: DailyDesign, priors: DailyPriors) -> Hashable:
    """What the compiled model depends on; other data of one shape are only swapped in."""
    design = daily.design
    _, _, fixed = priors.base.of_columns(design.names, design.scale)
    laws = tuple((name, p.law, p.mean, p.sd) for name in HAWKES_SCALARS for p in [priors[name]])
    sizes = (int((~fixed).sum()), len(design.home_ids), design.periods, len(design.child_ids))
    return ("daily hawkes", *sizes, _lags(daily)[0].memory, laws)


def hawkes_data(daily: DailyDesign, priors: DailyPriors) -> Data:
    """The arrays that the model reads; names that begin with ``at_`` speak of the rows with an onset."""
    design = daily.design
    mean, sd, fixed = priors.base.of_columns(design.names, design.scale)
    columns = design.standardised
    offset = columns[:, fixed] @ mean[fixed]
    with np.errstate(divide="ignore"):
        log_days = np.log(design.days)
    index = {"child": design.child, "home": design.home, "cell": design.home * design.periods + design.period}
    with_onset = np.flatnonzero(design.onsets)
    place = np.full(design.onsets.size, -1)
    place[with_onset] = np.arange(with_onset.size)
    held = {"columns": np.ascontiguousarray(columns[:, ~fixed]), "log_days": log_days + offset, **index}
    held |= {"at_columns": held["columns"][with_onset], "at_log_days": offset[with_onset]}
    held |= {f"at_{name}": values[with_onset] for name, values in index.items()}
    held |= {"at_onsets": design.onsets[with_onset].astype(float)}
    held |= {"prior_mean": mean[~fixed], "prior_sd": sd[~fixed]}
    for name, lags in zip(SOURCES, _lags(daily), strict=True):
        at = place[lags.row]
        held[f"{name}_days"] = np.bincount(lags.lag - 1, lags.weight * design.days[lags.row], lags.memory)
        held |= {
            f"{name}_row": at[at >= 0],
            f"{name}_lag": lags.lag[at >= 0] - 1,
            f"{name}_weight": lags.weight[at >= 0],
        }
    return held


def build_hawkes_model(daily: DailyDesign, priors: DailyPriors) -> pm.Model:
    """The PyMC model of a self- and cross-exciting intensity.

    Free variables: ``intercept``, ``coefficients`` of the standardised columns, ``sigma_home`` and ``sigma_period``
    (with a sign, as in the onset model), ``frailty_sd_log``, ``own_branching``, ``peer_branching``, ``kernel_days``,
    and standard normal ``home_z`` (H,), ``cell_z`` (H * T,) and ``child_z`` (C,). The likelihood is a potential named
    ``onset``.
    """
    design = daily.design
    _, _, fixed = priors.base.of_columns(design.names, design.scale)
    homes = len(design.home_ids)
    with pm.Model() as model:
        data = {name: pm.Data(name, values) for name, values in hawkes_data(daily, priors).items()}
        free = {name: _scalar(name, priors[name]) for name in HAWKES_SCALARS}
        beta = pm.Normal("coefficients", data["prior_mean"], data["prior_sd"], shape=int((~fixed).sum()))
        log_frailty = pm.Normal("child_z", 0, 1, shape=len(design.child_ids)) * free["frailty_sd_log"]
        effects = {
            "home": free["sigma_home"] * pm.Normal("home_z", 0, 1, shape=homes),
            "cell": free["sigma_period"] * pm.Normal("cell_z", 0, 1, shape=homes * design.periods),
            "child": log_frailty - free["frailty_sd_log"] ** 2 / 2,
        }
        share = shares(free["kernel_days"], _lags(daily)[0].memory)
        expected = pt.exp(log_rate(data, free["intercept"], beta, effects)).sum()
        at = {name.removeprefix("at_"): values for name, values in data.items() if name.startswith("at_")}
        rate = pt.exp(log_rate(at, free["intercept"], beta, effects))
        for name in SOURCES:
            ratio = free[f"{name}_branching"]
            added = ratio * data[f"{name}_weight"] * share[data[f"{name}_lag"]]
            rate = pt.inc_subtensor(rate[data[f"{name}_row"]], added)
            expected = expected + ratio * pt.dot(data[f"{name}_days"], share)
        pm.Potential("onset", pt.dot(at["onsets"], pt.log(rate)) - expected)
    return model


def shares(kernel_days: Tensor, memory: int) -> Tensor:
    """(memory,) share of an onset's offspring that come 1, 2, … days later."""
    weight = pt.exp(-np.arange(memory) / kernel_days)
    return weight / weight.sum()


def _scalar(name: str, prior: Prior) -> Tensor:
    """A free scalar; a branching ratio is sampled by its log, for it adds to a rate and cannot change sign."""
    if name.endswith("_branching") and prior.law == "half_normal":
        return pm.HalfNormal(name, prior.sd)
    return scalar(name, prior)


def _lags(daily: DailyDesign) -> tuple[Lags, Lags]:
    if daily.own is None or daily.peers is None:
        raise ValueError(f"a design of kind {daily.kind} holds no onsets by lag of both the child and peers")
    return daily.own, daily.peers

"""Joint departures in PyMC: which of a home's residents leave on one day.

The set S of residents who leave has probability ∝ exp(Σ_{i∈S} ℓ_i + θ (|S| − 1)⁺). It is proper for every θ, its
constant has a closed form, and θ = 0 is independence, so that its posterior can fall on either side. Given that i
leaves, the others leave independently with odds exp(ℓ_j + θ): exp(θ) is the odds ratio of leaving along. A Poisson
model of pairs would count three who leave together as three events; a shock that takes residents along can only add,
so that nothing would speak against it where there is no excess.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from missingmodels.frame.outcomes.joint import JointRows
from missingmodels.models.likelihood import Data, Tensor, Tensors, log_rate
from missingmodels.models.onset import scalar
from missingmodels.models.outcomes.priors import SCALARS, OutcomePriors, of_columns

EFFECTS = {"home": "sigma_home", "period": "sigma_period", "child": "sigma_child"}


def model_shape(rows: JointRows, priors: OutcomePriors) -> Hashable:
    """What a compiled model depends on; other rows and kinds of home-days only need to be swapped in."""
    free = int((~of_columns(priors, rows.names, rows.scale).fixed).sum())
    laws = tuple((name, p.law, p.mean, p.sd) for name in SCALARS["joint"] for p in [priors[name]])
    return ("joint", free, tuple(len(getattr(rows, name).ids) for name in EFFECTS), laws)


def model_data(rows: JointRows, priors: OutcomePriors) -> Data:
    """The arrays that the model reads."""
    at = of_columns(priors, rows.names, rows.scale)
    columns, free = rows.standardised, ~at.fixed
    held = {
        "y": rows.y.astype(float),
        "log_days": np.log(rows.share_at_risk) + columns[:, ~free] @ at.mean[~free],
        "kind": rows.kind,
        "home_days": rows.home_days.astype(float),
        "extra": np.array(float(np.sum(rows.extra))),
        **{name: getattr(rows, name).index for name in EFFECTS},
    }
    if free.any():
        held |= {
            "columns": np.ascontiguousarray(columns[:, free]),
            "prior_mean": at.mean[free],
            "prior_sd": at.sd[free],
        }
    return held


def build_model(rows: JointRows, priors: OutcomePriors) -> pm.Model:
    """The PyMC model of joint departures; its likelihood is a potential named ``rows``.

    Free variables: the scalars of ``SCALARS``, ``coefficients``, and standard normal ``home_z``, ``period_z``,
    ``child_z``.
    """
    with pm.Model() as model:
        data = {name: pm.Data(name, values) for name, values in model_data(rows, priors).items()}
        free = {name: scalar(name, priors[name]) for name in SCALARS["joint"]}
        beta = pt.zeros(0)
        if "columns" in data:
            size = int((~of_columns(priors, rows.names, rows.scale).fixed).sum())
            beta = pm.Normal("coefficients", data["prior_mean"], data["prior_sd"], shape=size)
        effects = {
            name: free[scale] * pm.Normal(f"{name}_z", 0, 1, shape=len(getattr(rows, name).ids))
            for name, scale in EFFECTS.items()
        }
        log_odds = log_rate(data, free["intercept"], beta, effects)
        pm.Potential("rows", _log_density(data, log_odds, free["log_joint"]))
    return model


def _log_density(data: Tensors, log_odds: Tensor, theta: Tensor) -> Tensor:
    along = pt.softplus(log_odds + theta)
    total = pt.inc_subtensor(pt.zeros_like(data["home_days"])[data["kind"]], along)
    # log(1 + e^-θ (e^total - 1)): nobody leaves, or some do
    constant = pt.log1p(pt.exp(-theta) * pt.expm1(total))
    return pt.dot(data["y"], log_odds) + theta * data["extra"] - pt.dot(data["home_days"], constant)


def natural(rows: JointRows, priors: OutcomePriors, drawn: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """(S, …) draws as reported: as the linear models', and ``pair_ratio`` and ``leaves_along`` of section 5.

    ``pair_ratio`` is the expected number of pairs of residents who leave on one day over that of independent residents
    who leave as often; ``leaves_along`` the chance that a co-resident at risk leaves on the day when another does.
    """
    draws = drawn["home_z"].shape[0]
    at = of_columns(priors, rows.names, rows.scale)
    standard = np.broadcast_to(at.mean, (draws, at.mean.size)).copy()
    if (~at.fixed).any():
        standard[:, ~at.fixed] = drawn["coefficients"]
    out: dict[str, np.ndarray] = {"coefficients": standard / rows.scale}
    for name in SCALARS["joint"]:
        out[name] = np.full(draws, priors[name].mean) if priors[name].law == "fixed" else drawn[name]
    for name, scale in EFFECTS.items():
        out[name] = out[scale][:, None] * drawn[f"{name}_z"]
    out["pair_ratio"], out["leaves_along"] = _derived(rows, standard, out)
    return {name: np.abs(v) if name.startswith("sigma_") else v for name, v in out.items()}


def _derived(rows: JointRows, standard: np.ndarray, out: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(S,) ratio of pairs and chance of leaving along."""
    draws = standard.shape[0]
    columns, base = rows.standardised, np.log(rows.share_at_risk)
    found = np.zeros((draws, 2))
    for s in range(draws):
        log_odds = base + out["intercept"][s] + columns @ standard[s]
        for name in EFFECTS:
            log_odds = log_odds + out[name][s][getattr(rows, name).index]
        found[s] = pairs_of(log_odds, rows.kind, rows.home_days, float(out["log_joint"][s]))
    return found[:, 0], found[:, 1]


def pairs_of(log_odds: np.ndarray, kind: np.ndarray, home_days: np.ndarray, theta: float) -> tuple[float, float]:
    """Ratio of pairs to those of independent residents, and chance of leaving along, over all home-days."""
    joint = 1 / (1 + np.exp(-log_odds - theta))  # leaves, given that another does
    all_out = np.bincount(kind, np.logaddexp(0, log_odds + theta), home_days.size)
    # P(i leaves) = o_i Π_{k ≠ i} (1 + o_k e^θ) / Z
    normal = np.log1p(np.exp(-theta) * np.expm1(all_out))
    alone = np.exp(log_odds + all_out[kind] - np.logaddexp(0, log_odds + theta) - normal[kind])
    sum_joint = np.bincount(kind, joint, home_days.size)[kind] - joint
    sum_alone = np.bincount(kind, alone, home_days.size)[kind] - alone
    others = np.bincount(kind, minlength=home_days.size)[kind] - 1
    weight = home_days[kind] * alone
    pairs = float((weight * sum_joint).sum())
    return pairs / float((weight * sum_alone).sum()), pairs / float((weight * others).sum())

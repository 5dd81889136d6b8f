"""Models with one linear predictor in PyMC: counts, return, serious episodes, interview to next gap.

η = α + x'β + v_h (+ a_i), with x centred unless an indicator. Home and child effects are sampled non-centred, their
scales with a sign, as in the onset model; the frailty of the interview model and the dispersion of counts are gamma
and integrated out.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from scipy.special import gammaln

from missingmodels.frame.outcomes.design import OutcomeRows
from missingmodels.models.likelihood import Data, Tensor, Tensors, by_child, integrated_frailty, log_rate
from missingmodels.models.onset import scalar
from missingmodels.models.outcomes.priors import SCALARS, OutcomePriors, of_columns

TRIALS = ("return", "serious")  # of size many; the others are counts over an exposure


def model_shape(rows: OutcomeRows, priors: OutcomePriors) -> Hashable:
    """What a compiled model depends on; rows of another number only need to be swapped in."""
    free = int((~of_columns(priors, rows.names, rows.scale).fixed).sum())
    laws = tuple((name, p.law, p.mean, p.sd) for name in SCALARS[rows.outcome] for p in [priors[name]])
    children = len(rows.child.ids) if rows.child is not None and "sigma_child" in SCALARS[rows.outcome] else 0
    return (rows.outcome, free, len(rows.home.ids), children, laws)


def model_data(rows: OutcomeRows, priors: OutcomePriors) -> Data:
    """The arrays that the model reads."""
    at = of_columns(priors, rows.names, rows.scale)
    columns, free = rows.standardised, ~at.fixed
    offset = columns[:, ~free] @ at.mean[~free]
    trials = rows.outcome in TRIALS
    held = {
        "y": rows.y.astype(float),
        "log_days": offset if trials else offset + np.log(rows.size),
        "home": rows.home.index,
        "constant": np.array(_constant(rows)),
    }
    if free.any():
        held |= {
            "columns": np.ascontiguousarray(columns[:, free]),
            "prior_mean": at.mean[free],
            "prior_sd": at.sd[free],
        }
    held |= {"size": rows.size.astype(float)} if trials else {}  # the compiled model knows what it uses, no more
    held |= {"child": rows.child.index} if rows.child is not None else {}
    if rows.child is not None and rows.outcome == "interview":
        held["child_onsets"] = np.bincount(rows.child.index, rows.y, len(rows.child.ids))
    return held


def build_model(rows: OutcomeRows, priors: OutcomePriors) -> pm.Model:
    """The PyMC model of one outcome; its likelihood is a potential named ``rows``, constants included.

    Free variables: the scalars of ``SCALARS``, ``coefficients`` of the sampler's columns, ``home_z`` and, where
    children have normal effects, ``child_z``.
    """
    with pm.Model() as model:
        data = {name: pm.Data(name, values) for name, values in model_data(rows, priors).items()}
        free = {name: scalar(name, priors[name]) for name in SCALARS[rows.outcome]}
        beta = pt.zeros(0)
        if "columns" in data:
            size = int(model_data(rows, priors)["prior_mean"].size)
            beta = pm.Normal("coefficients", data["prior_mean"], data["prior_sd"], shape=size)
        effects = {"home": free["sigma_home"] * pm.Normal("home_z", 0, 1, shape=len(rows.home.ids))}
        if rows.child is not None and "sigma_child" in free:
            effects["child"] = free["sigma_child"] * pm.Normal("child_z", 0, 1, shape=len(rows.child.ids))
        eta = log_rate(data, free["intercept"], beta, effects)
        pm.Potential("rows", _log_density(rows.outcome, data, eta, free))
    return model


def _log_density(outcome: str, data: Tensors, eta: Tensor, free: Tensors) -> Tensor:
    y, value = data["y"], data["constant"]
    if outcome == "return":
        # P(back on a day) = 1 - exp(-λ); log of it without loss where λ is small
        hazard = pt.exp(eta)
        return value + (y * pt.log1mexp(-hazard)).sum() - ((data["size"] - y) * hazard).sum()
    if outcome == "serious":
        return value + (y * eta).sum() - (data["size"] * pt.softplus(eta)).sum()
    expected = pt.exp(eta)
    value = value + (y * eta).sum()
    if outcome == "counts":
        phi = free["dispersion_shape"]
        return value + integrated_frailty(phi, phi, y, expected).sum()
    k = free["frailty_shape"]
    return value + integrated_frailty(k, k, data["child_onsets"], by_child(expected, data)).sum()


def _constant(rows: OutcomeRows) -> float:
    """What the likelihood holds beside the parameters; η already holds log n, so Σ y log n comes with it.

    Trials come in an order, so theirs has no binomial coefficient.
    """
    return 0.0 if rows.outcome in TRIALS else float(-gammaln(rows.y + 1).sum())


def natural(rows: OutcomeRows, priors: OutcomePriors, drawn: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """(S, …) draws as reported: coefficients of the columns as they are, scales without a sign, effects themselves.

    ``intercept`` stays where indicators are 0 and other columns at their means.
    """
    draws = drawn["home_z"].shape[0]
    at = of_columns(priors, rows.names, rows.scale)
    raw = np.broadcast_to(at.mean, (draws, at.mean.size)).copy()
    if (~at.fixed).any():
        raw[:, ~at.fixed] = drawn["coefficients"]
    out: dict[str, np.ndarray] = {"coefficients": raw / rows.scale}
    for name in SCALARS[rows.outcome]:
        out[name] = np.full(draws, priors[name].mean) if priors[name].law == "fixed" else drawn[name]
    out["home"] = out["sigma_home"][:, None] * drawn["home_z"]
    if "child_z" in drawn:
        out["child"] = out["sigma_child"][:, None] * drawn["child_z"]
    return {name: np.abs(v) if name.startswith("sigma_") else v for name, v in out.items()}

"""Recording in PyMC: what happened and what each of two sources holds of it, by authority and home.

Episodes of a cell are gamma-Poisson; seen ones are a thinned part of them, so their total is negative binomial and its
split multinomial. What neither source holds is never seen: it follows from the assumption that, given authority and
home, one source's holding an episode says nothing of the other's. Where they hold the same kinds of episode (long ones,
say) more than that, the number unseen comes out too low.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from scipy.special import expit, gammaln

from missingmodels.frame.outcomes.recording import RecordingRows
from missingmodels.models.likelihood import Data, Tensor, Tensors, integrated_frailty
from missingmodels.models.onset import scalar
from missingmodels.models.outcomes.priors import SCALARS, OutcomePriors

# The effects of each source on the log odds that it holds an episode, and their scales.
EFFECTS = {
    "authority_a": "sigma_authority_a",
    "authority_b": "sigma_authority_b",
    "home_a": "sigma_report_a",
    "home_b": "sigma_report_b",
}
DAYS_PER_YEAR = 365.25


def model_shape(rows: RecordingRows, priors: OutcomePriors) -> Hashable:
    """What a compiled model depends on; other cells only need to be swapped in."""
    laws = tuple((name, p.law, p.mean, p.sd) for name in SCALARS["recording"] for p in [priors[name]])
    return ("recording", len(rows.home.ids), len(rows.authority.ids), laws)


def model_data(rows: RecordingRows, priors: OutcomePriors) -> Data:
    """The arrays that the model reads."""
    seen = rows.both + rows.only_a + rows.only_b
    constant = -sum(gammaln(part + 1).sum() for part in (rows.both, rows.only_a, rows.only_b))
    return {
        "both": rows.both.astype(float),
        "only_a": rows.only_a.astype(float),
        "only_b": rows.only_b.astype(float),
        "seen": seen.astype(float),
        "log_days": np.log(rows.size),
        "home": rows.home.index,
        "authority": rows.authority.index,
        "constant": np.array(float(constant)),
    }


def build_model(rows: RecordingRows, priors: OutcomePriors) -> pm.Model:
    """The PyMC model of two sources; its likelihood is a potential named ``rows``, constants included."""
    with pm.Model() as model:
        data = {name: pm.Data(name, values) for name, values in model_data(rows, priors).items()}
        free = {name: scalar(name, priors[name]) for name in SCALARS["recording"]}
        held = {}
        for source in ("a", "b"):
            authority = pm.Normal(f"authority_{source}_z", 0, 1, shape=len(rows.authority.ids))
            home = pm.Normal(f"home_{source}_z", 0, 1, shape=len(rows.home.ids))
            value = free[f"report_{source}"] + free[f"sigma_authority_{source}"] * authority[data["authority"]]
            held[source] = value + free[f"sigma_report_{source}"] * home[data["home"]]
        pm.Potential("rows", _log_density(data, free["intercept"], held["a"], held["b"], free["dispersion_shape"]))
    return model


def _log_density(data: Tensors, intercept: Tensor, a: Tensor, b: Tensor, phi: Tensor) -> Tensor:
    log_a, log_b, not_a, not_b = -pt.softplus(-a), -pt.softplus(-b), -pt.softplus(a), -pt.softplus(b)
    log_mean = data["log_days"] + intercept
    split = data["both"] * (log_a + log_b) + data["only_a"] * (log_a + not_b) + data["only_b"] * (not_a + log_b)
    expected = pt.exp(log_mean) * -pt.expm1(not_a + not_b)  # of those that some source holds
    value = split + data["seen"] * log_mean + integrated_frailty(phi, phi, data["seen"], expected)
    return value.sum() + data["constant"]


def natural(rows: RecordingRows, priors: OutcomePriors, drawn: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """(S, …) draws as reported, with what follows from them.

    ``share_a``, ``share_b`` are the shares of all episodes expected that each source holds, ``unseen`` the expected
    number that neither does, ``rate_per_resident_year`` the rate of what happens.
    """
    draws = drawn["home_a_z"].shape[0]
    out: dict[str, np.ndarray] = {}
    for name in SCALARS["recording"]:
        out[name] = np.full(draws, priors[name].mean) if priors[name].law == "fixed" else drawn[name]
    for name, scale in EFFECTS.items():
        out[name] = out[scale][:, None] * drawn[f"{name}_z"]
    a, b = (
        expit(
            out[f"report_{s}"][:, None]
            + out[f"authority_{s}"][:, rows.authority.index]
            + out[f"home_{s}"][:, rows.home.index]
        )
        for s in ("a", "b")
    )
    mean = np.exp(out["intercept"])[:, None] * rows.size
    neither, seen, phi = (1 - a) * (1 - b), rows.both + rows.only_a + rows.only_b, out["dispersion_shape"][:, None]
    # the gamma of a cell given what was seen of it
    unseen = mean * neither * (phi + seen) / (phi + mean * (1 - neither))
    happened = seen + unseen
    out["unseen"] = unseen.sum(axis=1)
    out["share_a"] = (rows.both + rows.only_a).sum() / happened.sum(axis=1)
    out["share_b"] = (rows.both + rows.only_b).sum() / happened.sum(axis=1)
    out["rate_per_resident_year"] = happened.sum(axis=1) / rows.size.sum() * DAYS_PER_YEAR
    return {name: np.abs(v) if name.startswith("sigma_") else v for name, v in out.items()}

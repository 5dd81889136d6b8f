"""Rows of one's own: counts over an exposure, or successes of trials, clustered in children and homes."""

import numpy as np
from scipy.special import gammaln

from . import laws


def log_likelihood(values, data):
    """Σ log P(y_r), all constants among them.

    `values`: `coefficients` (K,), α and β of the formula's columns; `home`, a dict from each home column to its
    effects v_g in log units; with a gamma child `frailty_shape` (k), with a log-normal or normal one `child` (I,),
    log u_i. `data`: `outcome` (R,), y; `exposure` (R,), n, 1 if not given, or `trials` (R,), m; `columns` (R, K), a
    column of ones among them; `home`, a dict from each home column to the number of each row's cluster; `child` (R,),
    if there are children; `frailty`, one of "gamma", "lognormal", "normal" or None.
    """
    y = np.asarray(data["outcome"], dtype=float)
    eta = np.asarray(data["columns"], dtype=float) @ np.asarray(values["coefficients"], dtype=float)
    for name, effects in values.get("home", {}).items():
        eta = eta + np.asarray(effects)[np.asarray(data["home"][name])]
    frailty = data.get("frailty")
    if frailty in ("lognormal", "normal"):
        eta = eta + np.asarray(values["child"])[np.asarray(data["child"])]
    if "trials" in data:
        if frailty == "gamma":
            raise ValueError("a gamma child is for counts only")
        m = np.asarray(data["trials"], dtype=float)
        choose = gammaln(m + 1) - gammaln(y + 1) - gammaln(m - y + 1)
        return float(np.sum(choose - y * np.logaddexp(0.0, -eta) - (m - y) * np.logaddexp(0.0, eta)))
    n = np.asarray(data.get("exposure", np.ones(len(y))), dtype=float)
    constants = float(np.sum(y * np.log(n) - gammaln(y + 1)))
    if frailty != "gamma":
        return constants + laws.poisson_kernel(y, n, eta)
    total = constants
    for child in np.unique(data["child"]):
        own = np.asarray(data["child"]) == child
        total += laws.gamma_poisson(y[own], n[own], eta[own], values["frailty_shape"])
    return total


def log_prior(values, data):
    """The laws of effects of homes and children, and of `data["priors"]` what it names.

    `values`: `sigma_home`, a dict from each home column to σ_g; `sigma_child` (σ) with a log-normal or normal child.
    The page on models has no priors of these; `data["priors"]` maps a scalar's name in `values` to a law and its
    figures, and `coefficients` to one entry for every column.
    """
    total = 0.0
    for name, effects in values.get("home", {}).items():
        total += laws.normal(effects, 0.0, values["sigma_home"][name])
    if data.get("frailty") in ("lognormal", "normal"):
        sigma = values["sigma_child"]
        total += laws.normal(values["child"], -(sigma**2) / 2 if data["frailty"] == "lognormal" else 0.0, sigma)
    for name, prior in data.get("priors", {}).items():
        pairs = zip(values[name], prior, strict=True) if name == "coefficients" else [(values[name], prior)]
        for value, (law, *figures) in pairs:
            total += laws.LAWS[law](value, *figures)
    return total


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)

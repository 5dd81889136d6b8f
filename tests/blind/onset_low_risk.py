"""Onset with a gamma frailty and a class of children at low risk, both integrated out."""

import numpy as np
from scipy.special import logsumexp

from . import laws, onset_rate


def log_likelihood(values, data):
    """Σ_i log[π L_i(ρ) + (1 − π) L_i(1)], L_i(c) the gamma's with rates times c / (π ρ + 1 − π).

    `values`: those of `onset_rate`, `frailty_shape` (k), `low_risk_share` (π), `low_risk_ratio` (ρ). `data`: those of
    `onset_rate` and `before` (R,).
    """
    eta = onset_rate.log_rate(values, data)
    share, ratio, k = values["low_risk_share"], values["low_risk_ratio"], values["frailty_shape"]
    mean = share * ratio + 1 - share

    def log_of_child(y, n, e):
        low = laws.gamma_poisson(y, n, e + np.log(ratio / mean), k)
        other = laws.gamma_poisson(y, n, e - np.log(mean), k)
        return float(logsumexp([low, other], b=[share, 1 - share]))

    return onset_rate.by_child(data, eta, log_of_child)


def log_prior(values, data):
    """The page's priors; `low_risk_ratio` is fixed unless `data["priors"]` gives it a law."""
    priors = laws.chosen(laws.ONSET, data)
    names = ["frailty_shape", "low_risk_share", "low_risk_ratio"]
    return onset_rate.log_prior(values, data, priors) + laws.of_parameters(values, names, priors)


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)

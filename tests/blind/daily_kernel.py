"""Influence that fades, its time scale estimated: the onset model with δ K_i(d; τ) and a gamma frailty."""

import numpy as np

from . import laws, onset_rate
from .daily_exposure import faded_onsets_of_others


def log_rate(values, data):
    """η + δ K_i(d; τ)."""
    return onset_rate.log_rate(values, data) + values["peer_kernel"] * faded_onsets_of_others(
        data, values["kernel_days"]
    )


def log_likelihood(values, data):
    """The gamma's closed form for every child.

    `values`: those of `onset_rate` (`columns` without a peer exposure), `peer_kernel` (δ), `kernel_days` (τ),
    `frailty_shape` (k). `data`: those of `onset_rate` and `daily_exposure`, R rows of child-days, and `before` (R,).
    """
    eta = log_rate(values, data)
    return onset_rate.by_child(data, eta, lambda y, n, e: laws.gamma_poisson(y, n, e, values["frailty_shape"]))


def log_prior(values, data):
    """The page's priors."""
    priors = laws.chosen(laws.DAILY, data)
    names = ["peer_kernel", "kernel_days", "frailty_shape"]
    return onset_rate.log_prior(values, data, priors) + laws.of_parameters(values, names, priors)


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)


def peer_ratio(delta, tau):
    """Rate ratio on the day after one onset of a co-resident."""
    return peer_ratio_of_days(delta, tau, 1)


def peer_ratio_week(delta, tau):
    """Geometric mean of the rate ratio over days 1 to 7 after it."""
    return peer_ratio_of_days(delta, tau, 7)


def peer_ratio_of_days(delta, tau, days):
    """Geometric mean of exp(δ e^(−m/τ)) over m = 1 … days."""
    lag = np.arange(1, days + 1)
    return float(np.exp(delta * np.mean(np.exp(-lag / tau))))

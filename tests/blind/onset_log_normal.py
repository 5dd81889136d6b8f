"""Onset with a log-normal frailty of mean 1, given each child's own."""

import numpy as np

from . import laws, onset_rate


def log_frailty(values, data):
    """log u_i = s z_i − s²/2 of every child.

    `values["child"]` (I,) holds z_i, or s z_i for the children of which `data["child_scaled"]` (I,) is true.
    """
    s = values["frailty_sd_log"]
    effect = np.asarray(values["child"], dtype=float)
    scaled = np.asarray(data.get("child_scaled", np.zeros(len(effect), dtype=bool)))
    return np.where(scaled, effect, s * effect) - s**2 / 2


def log_prior_of_children(values, data):
    """z_i ~ Normal(0, 1); where s z_i stands in `child`, the same law's density of s z_i, Normal(0, s²)."""
    effect = np.asarray(values["child"], dtype=float)
    scaled = np.asarray(data.get("child_scaled", np.zeros(len(effect), dtype=bool)))
    return laws.normal(effect[~scaled], 0.0, 1.0) + laws.normal(effect[scaled], 0.0, values["frailty_sd_log"])


def log_likelihood(values, data):
    """Σ_r y_r (η_r + log u_i) − n_r exp(η_r) u_i, given u.

    `values`: those of `onset_rate`, `frailty_sd_log` (s) and `child` (I,). `data`: those of `onset_rate` and
    `child_scaled` (I,). No rows before the window: the page has no closed form for them.
    """
    eta = onset_rate.log_rate(values, data) + onset_rate.of_group(log_frailty(values, data), data["child"])
    return laws.poisson_kernel(data["onset"], data["days"], eta)


def log_likelihood_of_child(y, n, eta, s, nodes=20001):
    """One child's rows with its frailty integrated out, by the trapezoid rule about the mode."""
    y, n, eta = (np.asarray(part, dtype=float) for part in (y, n, eta))
    total, expected = y.sum(), np.sum(n * np.exp(eta))
    log_u = np.log((total + 1) / (expected + 1))
    for _ in range(200):  # mode of Y log u − Λ u − (log u + s²/2)² / (2 s²), by Newton's steps of at most 1
        slope = total - expected * np.exp(log_u) - (log_u + s**2 / 2) / s**2
        curve = expected * np.exp(log_u) + 1 / s**2
        log_u += np.clip(slope / curve, -1, 1)
    spread = 1 / np.sqrt(expected * np.exp(log_u) + 1 / s**2)
    grid = np.linspace(log_u - 10 * s, log_u + 10 * spread, nodes)
    log_law = -0.5 * ((grid + s**2 / 2) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)
    log_value = np.sum(y * eta) + total * grid - expected * np.exp(grid) + log_law
    top = log_value.max()
    return float(top + np.log(np.trapezoid(np.exp(log_value - top), grid)))


def log_prior(values, data):
    """The page's priors, with the children's."""
    priors = laws.chosen(laws.ONSET, data)
    total = onset_rate.log_prior(values, data, priors) + laws.of_parameters(values, ["frailty_sd_log"], priors)
    return total + log_prior_of_children(values, data)


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)

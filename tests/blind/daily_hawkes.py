"""Self- and cross-exciting intensity: onsets add to the rate of the same child and of the others."""

import numpy as np

from . import laws, onset_rate
from .daily_exposure import offspring_shares, own_and_peer_onsets
from .onset_log_normal import log_frailty, log_prior_of_children


def intensity(values, data):
    """λ_id = u_i exp(η + w_ht) + α_own E_own + α_peer E_peer of every row."""
    baseline = onset_rate.log_rate(values, data) + onset_rate.of_group(log_frailty(values, data), data["child"])
    own, others = own_and_peer_onsets(data, values["kernel_days"])
    return np.exp(baseline) + values["own_branching"] * own + values["peer_branching"] * others


def log_likelihood_by_child(values, data):
    """Σ_r y_r log λ_r − n_r λ_r of every child, given u.

    `values`: those of `onset_rate` (`columns` without own onsets in windows), `own_branching` (α_own),
    `peer_branching` (α_peer), `kernel_days` (τ), `frailty_sd_log` (s), `child` (I,). `data`: those of `onset_rate`
    and `daily_exposure`, `occupancy` (R,), `child_scaled` (I,).
    """
    rate = intensity(values, data)
    part = np.asarray(data["onset"]) * np.log(rate) - np.asarray(data["days"]) * rate
    return np.bincount(data["child"], part, minlength=onset_rate.number_of_children(data))


def log_likelihood(values, data):
    """The children's together."""
    return float(log_likelihood_by_child(values, data).sum())


def log_prior(values, data):
    """The page's priors, with the children's."""
    priors = laws.chosen(laws.HAWKES, data)
    names = ["own_branching", "peer_branching", "kernel_days", "frailty_sd_log"]
    total = onset_rate.log_prior(values, data, priors) + laws.of_parameters(values, names, priors)
    return total + log_prior_of_children(values, data)


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)


def offspring_matrix(own, peer, children):
    """Onsets of child a (row) that one of child b (column) brings in a home of so many children."""
    others = peer / (children - 1) if children > 1 else 0.0
    return np.full((children, children), others) + (own - others) * np.eye(children)


def offspring_of_one_onset_a_day(own, tau, rate, longest=60):
    """Expected further onset-days of a child for one onset, where a day holds at most one.

    Σ_m exp(−λ) (1 − exp(−α g(m))), the rise of the chance 1 − exp(−λ) on each of the L days after; λ, `rate`, is what
    the child's intensity would be without the onset. It stays below `own_branching`.
    """
    return float(np.sum(np.exp(-rate) * -np.expm1(-own * offspring_shares(tau, longest))))

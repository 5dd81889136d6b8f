"""A home process that drifts: home effects and an Ornstein–Uhlenbeck process on a grid of seven days."""

import numpy as np

from . import laws, onset_rate
from .daily_exposure import faded_onsets_of_others


def covariance(cells, sigma, process_days, step=7):
    """Cov(v_h(a), v_h(b)) = σ² exp(−Δ |a − b| / ℓ) between the named cells of the grid."""
    cells = np.asarray(cells, dtype=float)
    return sigma**2 * np.exp(-step * np.abs(cells[:, None] - cells[None, :]) / process_days)


def log_density_of_process(path, cells, sigma, process_days, step=7):
    """Log density of the process of one home at these cells, from its joint normal law; any gaps between them."""
    path = np.asarray(path, dtype=float)
    root = np.linalg.cholesky(covariance(cells, sigma, process_days, step))
    standard = np.linalg.solve(root, path)
    return float(-0.5 * standard @ standard - np.log(np.diag(root)).sum() - 0.5 * len(path) * np.log(2 * np.pi))


def log_rate(values, data):
    """η + v_h(⌊d/7⌋), and δ K_i(d; τ) where `values` has `peer_kernel`."""
    eta = onset_rate.log_rate(values, data)
    column = {cell: number for number, cell in enumerate(data["cells"])}
    for row, day in enumerate(data["day"]):
        eta[row] += values["home_process"][data["home"][row]][column[int(np.floor(day / 7))]]
    if "peer_kernel" in values:
        eta = eta + values["peer_kernel"] * faded_onsets_of_others(data, values["kernel_days"])
    return eta


def log_likelihood(values, data):
    """The gamma's closed form for every child.

    `values`: those of `onset_rate` without `home_period`; `home_process` (H, C), v_h(t) in log units at the cells
    `data["cells"]` (C,), which are numbers ⌊d/7⌋; `sigma_process` (σ), `process_days` (ℓ), `frailty_shape` (k); with a
    kernel `peer_kernel` (δ) and `kernel_days` (τ), else the exposure is one of `columns`. `data`: those of
    `onset_rate`, and `day` (R,); with a kernel those of `daily_exposure`.
    """
    eta = log_rate(values, data)
    return onset_rate.by_child(data, eta, lambda y, n, e: laws.gamma_poisson(y, n, e, values["frailty_shape"]))


def log_prior(values, data):
    """The page's priors, with the process of every home over all of `data["cells"]`, started at its stationary law."""
    priors = laws.chosen(laws.DAILY, data)
    names = ["sigma_process", "process_days", "frailty_shape"]
    names += ["peer_kernel", "kernel_days"] if "peer_kernel" in values else []
    total = onset_rate.log_prior(values, data, priors) + laws.of_parameters(values, names, priors)
    for path in values["home_process"]:
        total += log_density_of_process(path, data["cells"], values["sigma_process"], values["process_days"])
    return total


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)

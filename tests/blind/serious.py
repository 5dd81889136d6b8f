"""Serious episodes: a logistic model with effects of children and homes."""

import numpy as np

from . import laws


def log_likelihood(values, data):
    """Σ_j log P(s_j), P(s_j = 1) = logit⁻¹(α + x'β + a_i + v_h).

    `values`: `intercept`, `coefficients` (K,), `child` (I,), a_i, `sigma_child`, `home` (H,), v_h, `sigma_home`.
    `data`, J episodes: `serious` (J,), 0 or 1; `child`, `home` (J,); `columns` (J, K), continuous ones less their mean.
    """
    total = 0.0
    for j, outcome in enumerate(data["serious"]):
        eta = values["intercept"] + np.dot(data["columns"][j], values["coefficients"])
        eta += values["child"][data["child"][j]] + values["home"][data["home"][j]]
        total += -np.logaddexp(0.0, -eta if outcome else eta)
    return float(total)


def log_prior(values, data):
    """The page's priors."""
    priors = laws.chosen(laws.SERIOUS, data)
    return (
        laws.of_parameters(values, ["intercept", "sigma_home", "sigma_child"], priors)
        + laws.of_coefficients(values, {}, priors)
        + laws.normal(values["home"], 0.0, values["sigma_home"])
        + laws.normal(values["child"], 0.0, values["sigma_child"])
    )


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)

"""Episodes of a home in a month: negative binomial."""

import numpy as np
from scipy.special import gammaln

from . import laws


def log_probability(y, mean, shape):
    """Negative binomial with variance mean + mean² / φ, normalised."""
    return (
        gammaln(shape + y)
        - gammaln(shape)
        - gammaln(y + 1)
        + shape * np.log(shape / (shape + mean))
        + y * np.log(mean / (shape + mean))
    )


def log_likelihood(values, data):
    """Σ log P(y_hm), with all constants.

    `values`: `intercept`, `coefficients` (K,), `home` (H,), v_h, `sigma_home`, `dispersion_shape` (φ). `data`, M rows
    of a home and month: `episodes` (M,), y; `days` (M,), resident-days n; `home` (M,); `columns` (M, K), continuous
    ones less their mean; `names`.
    """
    total = 0.0
    for row, home in enumerate(data["home"]):
        eta = values["intercept"] + np.dot(data["columns"][row], values["coefficients"]) + values["home"][home]
        total += log_probability(data["episodes"][row], data["days"][row] * np.exp(eta), values["dispersion_shape"])
    return float(total)


def log_prior(values, data):
    """The page's priors."""
    priors = laws.chosen(laws.COUNTS, data)
    return (
        laws.of_parameters(values, ["intercept", "sigma_home", "dispersion_shape"], priors)
        + laws.of_coefficients(values, {}, priors)
        + laws.normal(values["home"], 0.0, values["sigma_home"])
    )


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)

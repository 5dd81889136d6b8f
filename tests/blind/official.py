"""Incidents of authorities in years: negative binomial, counts known as intervals."""

import numpy as np
from scipy.special import gammaln, logsumexp

from . import laws


def log_probability(count, mean, shape):
    """Negative binomial of variance μ + μ²/φ, with all constants."""
    return (
        gammaln(shape + count) - gammaln(shape) - gammaln(count + 1)
        + shape * (np.log(shape) - np.log(shape + mean)) + count * (np.log(mean) - np.log(shape + mean))
    )  # fmt: skip


def log_interval(low, high, mean, shape):
    """log P(low ≤ y ≤ high), both ends included; log P(low ≤ y) where `high` is infinite."""
    if np.isfinite(high):
        return float(logsumexp([log_probability(count, mean, shape) for count in range(int(low), int(high) + 1)]))
    if low <= 0:
        return 0.0
    below = logsumexp([log_probability(count, mean, shape) for count in range(int(low))])
    return float(np.log(-np.expm1(below)))


def log_pooled_rate(data):
    """log R: incidents over children of all with an upper end, an interval at its middle, one incident at least."""
    low, high, children = (np.asarray(data[name], dtype=float) for name in ("low", "high", "children"))
    ended = np.isfinite(high)
    return float(np.log(max(np.sum((low[ended] + high[ended]) / 2), 1.0) / children[ended].sum()))


def log_likelihood(values, data):
    """Σ log P(low_lt ≤ y_lt ≤ high_lt).

    `values`: `intercept` (α), `year` (T − 1,), c_t after the first, `coefficients` (K,), `region` (G,), r_g,
    `authority` (L,), a_l, `sigma_region`, `sigma_authority`, `dispersion_shape` (φ). `data`, N authority-years: `low`,
    `high`, `children` (n), `authority`, `region`, `year` (numbers from 0), all (N,); `columns` (N, K), less their mean,
    in units of one standard deviation or as indicators.
    """
    year = np.concatenate([[0.0], values["year"]])
    log_rate = log_pooled_rate(data) + values["intercept"]
    total = 0.0
    for row, low in enumerate(data["low"]):
        log_mean = np.log(data["children"][row]) + log_rate + year[data["year"][row]]
        log_mean += np.dot(data["columns"][row], values["coefficients"])
        log_mean += values["region"][data["region"][row]] + values["authority"][data["authority"][row]]
        total += log_interval(low, data["high"][row], np.exp(log_mean), values["dispersion_shape"])
    return total


def log_prior(values, data):
    """The page's priors; there is one set."""
    priors = laws.OFFICIAL | data.get("priors", {})
    names = ["intercept", "sigma_region", "sigma_authority", "dispersion_shape"]
    total = laws.of_parameters(values, names, priors) + laws.of_coefficients(values, {}, priors)
    total += sum(laws.of_parameters({"year": effect}, ["year"], priors) for effect in values["year"])
    total += laws.normal(values["region"], 0.0, values["sigma_region"])
    return total + laws.normal(values["authority"], 0.0, values["sigma_authority"])


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)

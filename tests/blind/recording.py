"""Recording by two sources: what each holds of the episodes of an authority's children in a home."""

import numpy as np
from scipy.special import expit, gammaln

from . import laws


def log_probability(both, only_a, only_b, mean, report_a, report_b, shape):
    """log P(N_11, N_10, N_01) of one cell, g_c ~ Gamma(φ, φ) integrated out, with all constants.

    `mean` is n exp(α), `report_a` and `report_b` the chances P_A and P_B.
    """
    counts = np.array([both, only_a, only_b], dtype=float)
    means = mean * np.array([report_a * report_b, report_a * (1 - report_b), (1 - report_a) * report_b])
    total = counts.sum()
    return float(
        np.sum(counts * np.log(means) - gammaln(counts + 1))
        + gammaln(shape + total)
        - gammaln(shape)
        + shape * np.log(shape)
        - (shape + total) * np.log(shape + means.sum())
    )


def log_likelihood(values, data):
    """Σ_c log P(N_11, N_10, N_01).

    `values`: `intercept`, `dispersion_shape` (φ); of each source x in a, b: `report_x` (μ), `authority_x` (L,), s, with
    `sigma_authority_x` (σ), `home_x` (H,), r, with `sigma_report_x` (ω). `data`, C cells: `both`, `only_a`, `only_b`,
    `days` (resident-days n), `authority`, `home`, all (C,).
    """
    total = 0.0
    for c, (authority, home) in enumerate(zip(data["authority"], data["home"], strict=True)):
        report = [
            expit(values[f"report_{x}"] + values[f"authority_{x}"][authority] + values[f"home_{x}"][home]) for x in "ab"
        ]
        mean = data["days"][c] * np.exp(values["intercept"])
        held = [data[name][c] for name in ("both", "only_a", "only_b")]
        total += log_probability(*held, mean, *report, values["dispersion_shape"])
    return total


def log_prior(values, data):
    """The page's priors and the laws of the effects."""
    priors = laws.chosen(laws.RECORDING, data)
    total = laws.of_parameters(values, ["intercept", "dispersion_shape"], priors)
    for x in "ab":
        names = [f"report_{x}", f"sigma_authority_{x}", f"sigma_report_{x}"]
        total += laws.of_parameters(values, names, priors)
        total += laws.normal(values[f"authority_{x}"], 0.0, values[f"sigma_authority_{x}"])
        total += laws.normal(values[f"home_{x}"], 0.0, values[f"sigma_report_{x}"])
    return total


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)

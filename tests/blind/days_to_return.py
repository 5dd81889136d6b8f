"""Days to return: discrete hazard by the complementary log–log, dates censored to whole days."""

import numpy as np

from . import laws

BANDS = ("1", "2-6", "7-27", "28+")


def band(days_since_onset):
    """Number of the band of whole days since the onset: 0 for day 0, the reference, then 1, 2–6, 7–27, 28+."""
    return int(np.searchsorted([1, 2, 7, 28], days_since_onset, side="right"))


def log_hazards(eta):
    """log h and log(1 − h) of h = 1 − exp(−exp(η))."""
    return np.log(-np.expm1(-np.exp(eta))), -np.exp(eta)


def log_probability(days, returned, level, bands):
    """log P(T = days), or log P(T ≥ days) where the return is not known: days 0 … days − 1 survived.

    `level` is η without the band's part, `bands` (4,) the parts of 1, 2–6, 7–27 and 28+.
    """
    parts = np.concatenate([[0.0], bands])
    total = 0.0
    for t in range(days + 1 if returned else days):
        log_return, log_stay = log_hazards(level + parts[band(t)])
        total += log_return if returned and t == days else log_stay
    return float(total)


def log_likelihood(values, data):
    """Σ_j log P(T_j).

    `values`: `intercept`, `days_away` (4,), β of the bands after day 0, `coefficients` (K,), γ, `child` (I,), a_i,
    `sigma_child`, `home` (H,), v_h, `sigma_home`. `data`, J episodes: `days_away` (J,), whole days T_j, or the day at
    whose start the child was last known to be away where `returned` (J,) is false; `child`, `home` (J,); `columns`
    (J, K), continuous ones less their mean.
    """
    total = 0.0
    for j, (child, home) in enumerate(zip(data["child"], data["home"], strict=True)):
        level = values["intercept"] + np.dot(data["columns"][j], values["coefficients"])
        level += values["child"][child] + values["home"][home]
        total += log_probability(int(data["days_away"][j]), bool(data["returned"][j]), level, values["days_away"])
    return float(total)


def log_prior(values, data):
    """The page's priors; bands have that of a coefficient."""
    priors = laws.chosen(laws.RETURN, data)
    return (
        laws.of_parameters(values, ["intercept", "sigma_home", "sigma_child"], priors)
        + laws.of_coefficients(values, {}, priors)
        + laws.of_coefficients({"coefficients": values["days_away"]}, {}, priors)
        + laws.normal(values["home"], 0.0, values["sigma_home"])
        + laws.normal(values["child"], 0.0, values["sigma_child"])
    )


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)

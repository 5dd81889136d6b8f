"""Joint departures: who of a home's residents leaves on a day, with odds that leaving along multiplies."""

import numpy as np

from . import laws


def log_probability(leaves, log_odds, theta):
    """log P(S) of one home and day; `leaves` 0 or 1 of each resident at risk, `log_odds` ℓ_id of each.

    log Σ over all sets = log(1 + e^{−θ} (Π_i (1 + exp(ℓ_i + θ)) − 1)).
    """
    leaves, log_odds = np.asarray(leaves), np.asarray(log_odds, dtype=float)
    number = leaves.sum()
    top = np.sum(leaves * log_odds) + theta * max(number - 1, 0)
    product = np.sum(np.logaddexp(0.0, log_odds + theta))
    return float(top - np.log1p(np.exp(-theta) * np.expm1(product)))


def log_likelihood(values, data):
    """Σ over homes and days of log P(S_hd), days on which nobody leaves among them.

    `values`: `intercept`, `coefficients` (K,), `log_joint` (θ), `child` (I,), a_i, `sigma_child`, `home` (H,), v_h,
    `sigma_home`, `home_period` (P,), w_ht, `sigma_period`. `data`, R rows of child-days: `home_day` (R,), equal for
    those of one home on one day; `onset` (R,), 0 or 1; `days_at_risk` (R,), e, where 0 takes the row out; `child`,
    `home`, `home_period` (R,); `columns` (R, K).
    """
    e = np.asarray(data["days_at_risk"], dtype=float)
    eta = values["intercept"] + np.asarray(data["columns"], dtype=float) @ np.asarray(values["coefficients"])
    for effect in ("child", "home", "home_period"):
        eta = eta + np.asarray(values[effect])[np.asarray(data[effect])]
    total = 0.0
    for home_day in np.unique(data["home_day"]):
        rows = (np.asarray(data["home_day"]) == home_day) & (e > 0)
        log_odds = np.log(e[rows]) + eta[rows]
        total += log_probability(np.asarray(data["onset"])[rows], log_odds, values["log_joint"])
    return total


def log_prior(values, data):
    """The page's priors."""
    priors = laws.chosen(laws.JOINT, data)
    names = ["intercept", "log_joint", "sigma_child", "sigma_home", "sigma_period"]
    return (
        laws.of_parameters(values, names, priors)
        + laws.of_coefficients(values, {}, priors)
        + laws.normal(values["home"], 0.0, values["sigma_home"])
        + laws.normal(values["home_period"], 0.0, values["sigma_period"])
        + laws.normal(values["child"], 0.0, values["sigma_child"])
    )


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)

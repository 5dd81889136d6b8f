"""Interview to next gap: onsets by days since the last return and by what was offered and held, gamma frailty."""

import numpy as np
from scipy.special import gammaln

from . import laws, onset_rate

SINCE_RETURN = ("0-7", "8-28", "29-89", "90+")


def since_return(day, return_day):
    """Number of the band of days since the last return; −1, the reference, where none is on record."""
    if return_day is None:
        return -1
    return int(np.searchsorted([8, 29, 90], day - return_day, side="right"))


def held(day, held_day):
    """1 from the day after the interview, for 28 days: 1 ≤ day − held_day ≤ 28."""
    return int(held_day is not None and 1 <= day - held_day <= 28)


def log_likelihood(values, data):
    """Σ_i of the gamma's closed form, and Σ (y log n − log y!).

    `values`: `intercept`, `coefficients` (K,), β of the bands and γ of `offered`, `held` and what else is asked for,
    in the order of the columns; `home` (H,), v_h, `sigma_home`, `frailty_shape` (k). `data`, R rows: `onset`, `days`,
    `child`, `home` (R,), `columns` (R, K).
    """
    eta = onset_rate.log_rate({name: values[name] for name in ("intercept", "coefficients", "home")}, data)
    y, n = np.asarray(data["onset"], dtype=float), np.asarray(data["days"], dtype=float)
    constants = float(np.sum(y * np.log(n) - gammaln(y + 1)))
    return constants + onset_rate.by_child(
        data, eta, lambda y, n, e: laws.gamma_poisson(y, n, e, values["frailty_shape"])
    )


def log_prior(values, data):
    """The page's priors; bands and interviews have that of a coefficient."""
    priors = laws.chosen(laws.INTERVIEW, data)
    return (
        laws.of_parameters(values, ["intercept", "sigma_home", "frailty_shape"], priors)
        + laws.of_coefficients(values, {}, priors)
        + laws.normal(values["home"], 0.0, values["sigma_home"])
    )


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)

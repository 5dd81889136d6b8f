"""Log densities of single laws, and the priors of the page on models as far as it prints their figures."""

import numpy as np
from scipy.special import gammaln


def normal(value, mean, sd):
    """Log density of Normal(mean, sd²), summed over the values."""
    value = np.asarray(value, dtype=float)
    return float(np.sum(-0.5 * ((value - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)))


def half_normal(value, sd):
    """Log density of the absolute value of Normal(0, sd²); −∞ below 0."""
    if value < 0:
        return -np.inf
    return normal(value, 0.0, sd) + float(np.log(2.0))


def log_normal(value, median, sd_log):
    """Log density of exp(Normal(log median, sd_log²)), on the scale of the value; −∞ at 0 and below."""
    if value <= 0:
        return -np.inf
    return normal(np.log(value), np.log(median), sd_log) - float(np.log(value))


def beta(value, mean, sd):
    """Log density of the beta law of this mean and standard deviation; −∞ outside (0, 1)."""
    if not 0 < value < 1:
        return -np.inf
    size = mean * (1 - mean) / sd**2 - 1
    a, b = mean * size, (1 - mean) * size
    constant = gammaln(a + b) - gammaln(a) - gammaln(b)
    return float(constant + (a - 1) * np.log(value) + (b - 1) * np.log1p(-value))


def fixed(value, at):
    """A parameter that is held at a figure adds nothing."""
    return 0.0 if np.isclose(value, at) else -np.inf


LAWS = {"normal": normal, "half-normal": half_normal, "log-normal": log_normal, "beta": beta, "fixed": fixed}


def poisson_kernel(y, n, log_rate):
    """Sum of y log λ − n λ: Poisson without log n and log y!, which hold no parameter."""
    return float(np.sum(np.asarray(y) * log_rate - np.asarray(n) * np.exp(log_rate)))


def gamma_poisson(y, n, log_rate, k):
    """Log of ∫ Π_r Poisson kernel(y_r; n_r, λ_r u) Gamma(u; k, k) du for the rows of one child.

    Σ y log λ + lgamma(k + Y) − lgamma(k) + k log k − (k + Y) log(k + Λ), Y = Σ y, Λ = Σ n λ. A child without rows
    has 0.
    """
    y, n, log_rate = (np.asarray(part, dtype=float) for part in (y, n, log_rate))
    total, expected = y.sum(), np.sum(n * np.exp(log_rate))
    return float(
        np.sum(y * log_rate) + gammaln(k + total) - gammaln(k) + k * np.log(k) - (k + total) * np.log(k + expected)
    )


ONSET = {
    "weak": {
        "intercept": ("normal", -4.74, 1.5),
        "coefficient": ("normal", 0.0, 1.0),
        "sigma_home": ("half-normal", 1.0),
        "sigma_period": ("half-normal", 0.5),
        "frailty_shape": ("log-normal", 0.5, 1.0),
        "frailty_sd_log": ("log-normal", 1.05, 0.5),
        "low_risk_share": ("beta", 0.5, 0.223607),
        "low_risk_ratio": ("fixed", 0.05),
        "sigma_authority": ("half-normal", 0.5),
        "sigma_owner": ("half-normal", 0.5),
        "sigma_peer_slope": ("half-normal", 0.5),
        "sigma_adult": ("half-normal", 0.5),
    },
    "informed": {
        "intercept": ("normal", -5.24, 0.5),
        "coefficient": ("normal", 0.0, 0.3),
        "peer_presence": ("normal", 0.262, 0.201),
        "peer_density": ("normal", 0.47, 0.411),
        "peer_presence:short_staffing": ("normal", 0.486, 0.51),
        "own_1_7": ("normal", 0.588, 0.234),
        "age_years": ("normal", 0.166, 0.0433),
        "out_of_area": ("normal", -0.288, 0.153),
        "exploitation_risk": ("normal", 0.405, 0.32),
        "sigma_home": ("half-normal", 0.4),
        "sigma_period": ("half-normal", 0.3),
        "frailty_shape": ("log-normal", 0.3, 0.4),
        "frailty_sd_log": ("log-normal", 1.21, 0.25),
        "low_risk_share": ("beta", 0.4, 0.2),
        "low_risk_ratio": ("fixed", 0.05),
        "sigma_authority": ("half-normal", 0.2),
        "sigma_owner": ("half-normal", 0.2),
        "sigma_peer_slope": ("half-normal", 0.2),
        "sigma_adult": ("half-normal", 0.3),
    },
}

DAILY = {
    "weak": {
        **ONSET["weak"],
        "peer_kernel": ("normal", 0.0, 1.0),
        "kernel_days": ("log-normal", 5.77, 0.67),
        "sigma_process": ("half-normal", 0.5),
        "process_days": ("log-normal", 30.0, 1.0),
    },
    "informed": {
        **ONSET["informed"],
        "peer_kernel": ("normal", 0.0, 0.3),
        "kernel_days": ("log-normal", 5.77, 0.67),
        "sigma_process": ("half-normal", 0.3),
        "process_days": ("log-normal", 30.0, 0.7),
    },
}

HAWKES = {
    "weak": {
        **ONSET["weak"],
        "own_branching": ("half-normal", 0.5),
        "peer_branching": ("half-normal", 0.3),
        "kernel_days": ("log-normal", 5.77, 0.67),
        "frailty_sd_log": ("log-normal", 1.4, 0.5),
    },
    "informed": {
        **ONSET["informed"],
        "own_branching": ("half-normal", 0.2),
        "peer_branching": ("half-normal", 0.15),
        "kernel_days": ("log-normal", 5.77, 0.67),
        "frailty_sd_log": ("log-normal", 1.4, 0.13),
    },
}

_WEAK = {"coefficient": ("normal", 0.0, 1.0), "sigma_home": ("half-normal", 1.0), "sigma_child": ("half-normal", 1.0)}
_INFORMED = {
    "coefficient": ("normal", 0.0, 0.4),
    "sigma_home": ("half-normal", 0.4),
    "sigma_child": ("half-normal", 1.0),
}

COUNTS = {
    "weak": {**_WEAK, "intercept": ("normal", -4.74, 1.5), "dispersion_shape": ("log-normal", 2.0, 1.0)},
    "informed": {**_INFORMED, "intercept": ("normal", -4.74, 0.5), "dispersion_shape": ("log-normal", 2.0, 0.5)},
}

RETURN = {
    "weak": {**_WEAK, "intercept": ("normal", -0.902, 1.5)},
    "informed": {
        **_INFORMED,
        "intercept": ("normal", -0.902, 0.5),
        "sigma_home": ("half-normal", 0.5),
        "sigma_child": ("half-normal", 0.5),
    },
}

SERIOUS = {
    "weak": {**_WEAK, "intercept": ("normal", -3.18, 1.5)},
    "informed": {
        **_INFORMED,
        "intercept": ("normal", -3.18, 0.5),
        "sigma_home": ("half-normal", 0.5),
        "sigma_child": ("half-normal", 0.5),
    },
}

JOINT = {
    "weak": {
        **_WEAK,
        "intercept": ("normal", -4.74, 1.5),
        "sigma_period": ("half-normal", 0.5),
        "log_joint": ("normal", 0.0, 2.0),
    },
    "informed": {
        **_INFORMED,
        "intercept": ("normal", -5.24, 0.5),
        "sigma_period": ("half-normal", 0.3),
        "log_joint": ("normal", 0.0, 1.0),
    },
}

INTERVIEW = {
    "weak": {**_WEAK, "intercept": ("normal", -4.74, 1.5), "frailty_shape": ("log-normal", 0.5, 1.0)},
    "informed": {**_INFORMED, "intercept": ("normal", -5.24, 0.5), "frailty_shape": ("log-normal", 0.3, 0.4)},
}

RECORDING = {
    "weak": {
        "intercept": ("normal", -4.74, 1.5),
        "dispersion_shape": ("log-normal", 1.0, 1.0),
        **dict.fromkeys(("report_a", "report_b"), ("normal", 0.5, 1.5)),
        **dict.fromkeys(
            ("sigma_authority_a", "sigma_authority_b", "sigma_report_a", "sigma_report_b"), ("half-normal", 1.0)
        ),
    },
    "informed": {
        "intercept": ("normal", -4.26, 0.5),
        "dispersion_shape": ("log-normal", 1.0, 0.5),
        **dict.fromkeys(("report_a", "report_b"), ("normal", 0.5, 1.0)),
        **dict.fromkeys(
            ("sigma_authority_a", "sigma_authority_b", "sigma_report_a", "sigma_report_b"), ("half-normal", 0.5)
        ),
    },
}

OFFICIAL = {
    "intercept": ("normal", 0.0, 1.0),
    "year": ("normal", 0.0, 0.5),
    "coefficient": ("normal", 0.0, 0.5),
    "sigma_region": ("half-normal", 0.5),
    "sigma_authority": ("half-normal", 1.0),
    "dispersion_shape": ("log-normal", 5.0, 1.0),
}


def chosen(table, data):
    """The prior set that `data["prior_set"]` names ("weak" if it names none), with `data["priors"]` in its place.

    `data["priors"]`, a dict like {"sigma_home": ("half-normal", 0.7)}, replaces single priors, for instance by figures
    of more digits than the page prints.
    """
    return {**table[data.get("prior_set", "weak")], **data.get("priors", {})}


def of_parameters(values, names, priors):
    """Summed log prior of the named scalars."""
    total = 0.0
    for name in names:
        law, *figures = priors[name]
        total += LAWS[law](values[name], *figures)
    return total


def of_coefficients(values, data, priors):
    """Summed log prior of `coefficients`, by the names in `data["names"]`; any other column has `coefficient`'s."""
    total = 0.0
    names = data.get("names", [None] * len(values["coefficients"]))
    for name, value in zip(names, values["coefficients"], strict=True):
        law, *figures = priors.get(name, priors["coefficient"])
        total += LAWS[law](value, *figures)
    return total

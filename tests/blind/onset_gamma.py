"""Onset with a gamma frailty, integrated out, and any effects of `onset_rate`."""

from . import laws, onset_rate


def log_likelihood(values, data):
    """Σ_i log L_i, log L_i = Σ y η + lgamma(k + Y) − lgamma(k) + k log k − (k + Y) log(k + Λ).

    `values`: those of `onset_rate` and `frailty_shape`, k. `data`: those of `onset_rate`, and `before` (R,), true for
    rows before the window, whose likelihood is divided out.
    """
    eta = onset_rate.log_rate(values, data)
    return onset_rate.by_child(data, eta, lambda y, n, e: laws.gamma_poisson(y, n, e, values["frailty_shape"]))


def log_prior(values, data):
    """The page's priors of the set `data["prior_set"]`."""
    priors = laws.chosen(laws.ONSET, data)
    return onset_rate.log_prior(values, data, priors) + laws.of_parameters(values, ["frailty_shape"], priors)


def log_density(values, data):
    """Log likelihood and log prior together."""
    return log_likelihood(values, data) + log_prior(values, data)

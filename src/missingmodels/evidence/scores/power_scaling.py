"""Power scaling: how an answer moves when prior or likelihood is made a little weaker or stronger.

The prior, or the likelihood, is raised to a power near 1; Pareto-smoothed weights carry the draws over, and the
cumulative Jensen-Shannon distance says how far a quantity's law has moved, per doubling of the power (Kallioinen,
Paananen, Bürkner and Vehtari 2024, Stat. Comput. 34). Above 0.05 a quantity is sensitive. Priors scaled are those of
coefficients and scales; the laws of home effects belong to the model and stay. A log-normal prior is scaled on the log.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from missingmodels.evidence.parts import PowerScaling
from missingmodels.fitting.fit import Fit
from missingmodels.fitting.pareto import smooth
from missingmodels.fitting.prior_density import log_priors
from missingmodels.parameters import Array

POWERS = (0.99, 1.01)
SENSITIVE = 0.05
CONFLICT = "prior and data may disagree"
STRONG = "the prior matters, the data say little"
FINE = "no sign of trouble"


def power_scaling(fit: Fit, asked: Iterable[tuple[str, str, str]]) -> list[PowerScaling]:
    """Of the columns asked, each as (hypothesis, column, label)."""
    parts = {"prior": log_prior(fit), "likelihood": fit.log_density.sum(axis=1)}
    weights = {name: [_weights(values, power) for power in POWERS] for name, values in parts.items()}
    found = []
    for hypothesis, name, label in asked:
        draws = fit.parameters.coefficient(name)
        prior, likelihood = (sensitivity(draws, weights[part]) for part in ("prior", "likelihood"))
        found.append(
            PowerScaling(
                hypothesis=hypothesis,
                model=fit.model,
                exposure=fit.exposure,
                name=name,
                label=label,
                prior=prior,
                likelihood=likelihood,
                diagnosis=diagnosis(prior, likelihood),
            )
        )
    return found


def diagnosis(prior: float, likelihood: float) -> str:
    """What the two sensitivities mean together (Kallioinen et al. 2024, table 1)."""
    if prior < SENSITIVE:
        return FINE
    return CONFLICT if likelihood >= SENSITIVE else STRONG


def log_prior(fit: Fit) -> Array:
    """(S,) log density of the priors that the plan states, up to a constant."""
    held = log_priors(fit).values()
    if not held:
        raise ValueError("the fit came from a file too old to state its plan, so its priors are not known")
    return np.sum([values.reshape(values.shape[0], -1).sum(axis=1) for values in held], axis=0)


def _weights(log_density: Array, power: float) -> Array:
    log_weights, _ = smooth((power - 1) * log_density)
    return np.exp(log_weights)


def sensitivity(draws: Array, weights: Iterable[Array]) -> float:
    """Change of the draws' law per doubling of the power, from weights at the lower and the upper one.

    0 for a value that the plan fixes.
    """
    if not np.ptp(draws) > 0:
        return 0.0
    down, up = (max(_distance(draws, w), _distance(-draws, w)) for w in weights)
    return float(0.5 * (up / np.log2(POWERS[1]) - down / np.log2(POWERS[0])))


def _distance(draws: Array, weights: Array) -> float:
    """Cumulative Jensen-Shannon distance between the draws as they are and weighted, between 0 and 1."""
    order = np.argsort(draws)
    step = np.diff(draws[order])
    plain = np.arange(1, draws.size) / draws.size
    weighted = np.clip(np.cumsum(weights[order])[:-1], 1e-300, 1.0)
    middle = 0.5 * (plain + weighted)
    area, other = step @ plain, step @ weighted
    one_way = step @ (plain * np.log2(plain / middle)) + (other - area) / (2 * np.log(2))
    back = step @ (weighted * np.log2(weighted / middle)) + (area - other) / (2 * np.log(2))
    return float(np.sqrt((max(one_way, 0.0) + max(back, 0.0)) / (area + other)))

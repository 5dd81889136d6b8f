"""Expected log predictive density per child by PSIS-LOO, and its difference between two models of the same rows."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from missingmodels.evidence.record import ElpdDifference
from missingmodels.fit.fit import Fit
from missingmodels.fit.pareto import smooth

GOOD_K = 0.7


def leave_one_child_out(fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """(C,) expected log predictive density and Pareto shape of every child.

    A child's density has the frailty integrated out and home effects at their draws; importance weights move those
    to their posterior given the other children (PSIS-LOO: Vehtari, Gelman and Gabry 2017, Stat. Comput. 27).
    """
    efficiency = _efficiency(fit)
    elpd, shape = np.zeros(fit.log_density.shape[1]), np.zeros(fit.log_density.shape[1])
    # a child without days in the window has density 0 in every draw
    for child in np.flatnonzero(np.ptp(fit.log_density, axis=0) > 0):
        own = fit.log_density[:, child]
        log_weights, shape[child] = smooth(-own, efficiency=efficiency)
        elpd[child] = logsumexp(log_weights + own)
    return elpd, shape


def _efficiency(fit: Fit) -> float:
    """What a draw is worth of an independent one: of the intercept for chains, of all for weighted draws."""
    draws = fit.log_density.shape[0]
    if fit.diagnostics.importance_ess is not None:
        return min(fit.diagnostics.importance_ess / draws, 1.0)
    import arviz as az  # seconds to import; the fast engine does without it

    return float(az.ess(fit.parameters.intercept.reshape(fit.chains, -1), method="mean")) / draws


def elpd_difference(fit: Fit, against: Fit, *, hypothesis: str) -> ElpdDifference:
    """The difference with its standard error over children. Both fits must stand on the same rows."""
    if fit.design.child_ids != against.design.child_ids or not np.array_equal(fit.design.days, against.design.days):
        raise ValueError("the two fits stand on different rows, so their predictive densities do not compare")
    (a, k_a), (b, k_b) = leave_one_child_out(fit), leave_one_child_out(against)
    difference, worst = a - b, np.maximum(k_a, k_b)
    return ElpdDifference(
        hypothesis=hypothesis,
        model=_name(fit),
        against=_name(against),
        difference=float(difference.sum()),
        standard_error=float(np.sqrt(difference.size * difference.var(ddof=1))),
        children=int(difference.size),
        k_hat_max=float(worst.max()),
        k_hat_bad=int((worst > GOOD_K).sum()),
    )


def _name(fit: Fit) -> str:
    return f"{fit.model} ({fit.exposure})" if fit.exposure else fit.model

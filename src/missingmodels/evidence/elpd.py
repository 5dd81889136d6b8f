"""Expected log predictive density per child by PSIS-LOO, and its difference between two models of the same rows."""

from __future__ import annotations

import arviz as az
import numpy as np
import xarray as xr

from missingmodels.evidence.record import ElpdDifference
from missingmodels.fit.fit import Fit

GOOD_K = 0.7


def leave_one_child_out(fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """(C,) expected log predictive density and Pareto shape of every child.

    A child's density has the frailty integrated out and home effects at their draws; importance weights move those
    to their posterior given the other children.
    """
    draws = fit.log_density.shape[0] // fit.chains
    values = fit.log_density.reshape(fit.chains, draws, -1)
    varies = values.std(axis=(0, 1)) > 0  # a child without days in the window has density 0 in every draw
    elpd, shape = np.zeros(values.shape[2]), np.zeros(values.shape[2])
    if varies.any():
        array = xr.DataArray(values[:, :, varies], dims=("chain", "draw", "child"))
        posterior = xr.DataArray(fit.parameters.intercept.reshape(fit.chains, draws), dims=("chain", "draw"))
        tree = xr.DataTree.from_dict(
            {"/posterior": xr.Dataset({"intercept": posterior}), "/log_likelihood": xr.Dataset({"onsets": array})}
        )
        import warnings

        with warnings.catch_warnings():
            # the Pareto shapes are reported beside every figure made of them, so ArviZ's own warning says it twice
            warnings.simplefilter("ignore", UserWarning)
            loo = az.loo(tree, var_name="onsets", pointwise=True)
        elpd[varies], shape[varies] = np.asarray(loo.elpd_i), np.asarray(loo.pareto_k)
    return elpd, shape


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

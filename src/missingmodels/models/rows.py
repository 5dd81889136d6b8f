"""Models of anybody's rows in PyMC: Poisson or binomial, the child's frailty integrated out or sampled.

It shares its likelihood with the onset model. With η the linear predictor of a row, u the child's frailty and v the
effect of each home:

* counts: y ~ Poisson(n exp(η) u); trials: y ~ Binomial(m, logit⁻¹(η + log u))
* ``gamma``: u ~ Gamma(k, k), integrated out; σ = 1/√k is its standard deviation
* ``lognormal``: log u ~ Normal(−σ²/2, σ²), mean 1; ``normal``: log u ~ Normal(0, σ²), median 1, as lme4, glmmTMB,
  rstanarm and brms have it. The two differ only in the intercept, by σ²/2, and so in what its prior says.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from missingmodels.frame.own_rows.counts import Counts
from missingmodels.models.likelihood import (
    Data,
    Tensor,
    Tensors,
    by_child,
    integrated_frailty,
    linear_term,
    log_rate,
    sums_of,
)
from missingmodels.models.onset import scalar
from missingmodels.models.priors import Prior
from missingmodels.models.row_priors import RowPriors, column_arrays

LAWS = ("normal", "student_t", "flat")
# A gamma frailty of standard deviation below 1e-4 cannot be told from none, and lgamma(k) loses its digits there.
SMALLEST_VARIANCE = 1e-8


def effect_names(counts: Counts, frailty: str) -> tuple[str, ...]:
    """Names of the sampled effects: one for each home column, and ``child`` unless it is integrated out."""
    homes = tuple(f"home{i}" for i in range(len(counts.homes)))
    return homes + (("child",) if counts.child is not None and frailty in ("lognormal", "normal") else ())


def rows_shape(counts: Counts, priors: RowPriors, frailty: str) -> Hashable:
    """What a compiled model depends on; data of another size only need to be swapped in."""
    laws = tuple(p.law for p in priors.coefficients)
    scales = tuple((p.law, p.df) for p in _scalars(priors).values())
    sampled = len(counts.child.ids) if counts.child is not None and "child" in effect_names(counts, frailty) else 0
    sizes = (sampled, *(len(group.ids) for group in counts.homes))
    law = frailty if counts.child is not None else "none"
    return ("rows", laws, scales, sizes, law, priors.child_by_shape, counts.trials is not None)


def rows_data(counts: Counts, priors: RowPriors, frailty: str) -> Data:
    """The arrays that the model reads."""
    laws, mean, sd, df = column_arrays(priors)
    free = laws != "fixed"
    columns = counts.standardised
    offset = columns[:, ~free] @ mean[~free]
    groups = {f"home{i}": (g.index, len(g.ids)) for i, g in enumerate(counts.homes)}
    if counts.child is not None and frailty != "none":
        groups["child"] = (counts.child.index, len(counts.child.ids))
    held: dict[str, np.ndarray] = {
        "columns": np.ascontiguousarray(columns[:, free]),
        "log_days": np.log(counts.exposure) + offset,
        "total": np.array(float(counts.y.sum())),
        "constant": np.array(counts.constant.sum()),
        **{f"{n}_{part}": np.array(getattr(p, part)) for n, p in _scalars(priors).items() for part in _parts(p)},
        **sums_of(counts.y.astype(float), columns[:, free], offset, groups),
        **{name: index for name, (index, _) in groups.items()},
    }
    if counts.trials is not None:
        held["trials"] = counts.trials.astype(float)
    if not free.any():
        held = {name: value for name, value in held.items() if name not in ("columns", "column_onsets")}
    for law in LAWS:
        if (laws == law).any() and law != "flat":
            held |= {f"{law}_mean": mean[laws == law], f"{law}_sd": sd[laws == law]}
            held |= {"student_t_df": df[laws == law]} if law == "student_t" else {}
    return held


def build_rows_model(counts: Counts, priors: RowPriors, frailty: str) -> pm.Model:
    """The PyMC model of rows; ``rows`` is its likelihood, constants included.

    Free variables: ``intercept`` (at the columns' means), ``coefficients_LAW`` for each law among the coefficients of
    the standardised columns, ``sigma_home0`` … with ``home0_z`` …, and ``sigma_child`` or ``frailty_shape``, with
    ``child_z`` unless the frailty is integrated out. Scales with a law folded at 0 are sampled with a sign, as in the
    onset model.
    """
    with pm.Model() as model:
        data = {name: pm.Data(name, values) for name, values in rows_data(counts, priors, frailty).items()}
        free = {
            name: scalar(name, prior, (data.get(f"{name}_mean", pt.zeros(())), data.get(f"{name}_sd", pt.zeros(()))))
            for name, prior in _scalars(priors).items()
        }
        intercept = free["intercept"]
        beta = _coefficients(data, column_arrays(priors)[0])
        effects: dict[str, Tensor] = {}
        for i, group in enumerate(counts.homes):
            effects[f"home{i}"] = free[f"sigma_home{i}"] * pm.Normal(f"home{i}_z", 0, 1, shape=len(group.ids))
        shape = None
        if counts.child is not None and priors.child is not None and frailty != "none":
            child = free["frailty_shape" if priors.child_by_shape else "sigma_child"]
            if frailty == "gamma":
                shape = child if priors.child_by_shape else 1 / (child**2 + SMALLEST_VARIANCE)
            else:
                centre = -(child**2) / 2 if frailty == "lognormal" else 0.0
                effects["child"] = centre + child * pm.Normal("child_z", 0, 1, shape=len(counts.child.ids))
        pm.Potential("rows", _log_density(data, intercept, beta, effects, shape))
    return model


def _log_density(data: Tensors, intercept: Tensor, beta: Tensor, effects: Tensors, shape: Tensor | None) -> Tensor:
    eta = log_rate(data, intercept, beta, effects)
    linear = linear_term(data, data["total"], intercept, beta, effects) + data["constant"]
    if "trials" in data:
        return linear - pt.dot(data["trials"], pt.softplus(eta))
    rate = pt.exp(eta)
    if shape is None:
        return linear - rate.sum()
    return linear + integrated_frailty(shape, shape, data["child_onsets"], by_child(rate, data)).sum()


def _coefficients(data: Tensors, laws: np.ndarray) -> Tensor:
    """(free,) coefficients in the order of the columns, each law's drawn together."""
    parts, order = [], []
    free = laws[laws != "fixed"]
    for law in LAWS:
        where = np.flatnonzero(free == law)
        if not where.size:
            continue
        name, size = f"coefficients_{law}", where.size
        if law == "normal":
            parts.append(pm.Normal(name, data["normal_mean"], data["normal_sd"], shape=size))
        elif law == "student_t":
            nu, mu, sigma = (data[f"student_t_{part}"] for part in ("df", "mean", "sd"))
            parts.append(pm.StudentT(name, nu=nu, mu=mu, sigma=sigma, shape=size))
        else:
            parts.append(pm.Flat(name, shape=size))
        order.append(where)
    if not parts:
        return pt.zeros(0)
    joined = parts[0] if len(parts) == 1 else pt.concatenate(parts)
    return joined if len(parts) == 1 else joined[np.argsort(np.concatenate(order))]


def _scalars(priors: RowPriors) -> dict[str, Prior]:
    """Every scalar parameter's prior by name."""
    found = {"intercept": priors.intercept} | {f"sigma_home{i}": p for i, p in enumerate(priors.homes)}
    if priors.child is not None:
        found["frailty_shape" if priors.child_by_shape else "sigma_child"] = priors.child
    return found


def _parts(prior: Prior) -> tuple[str, ...]:
    """The numbers of a prior that its law uses; the compiled model knows no others."""
    if prior.law in ("flat", "fixed"):
        return ("mean",) if prior.law == "fixed" else ()
    return ("sd",) if prior.law in ("half_normal", "half_student_t", "exponential", "gamma") else ("mean", "sd")

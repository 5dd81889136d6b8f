"""From a point of a sampler to the values that the blind densities read, and what its own scale adds to a density.

A sampler holds scales with a sign, effects as standard normals, positive scalars as logarithms and shares as log odds,
and a coefficient of a standardised column; the blind densities hold all as themselves. ``gain`` is what the sampler's
log density has more than theirs at the same point.
"""

from __future__ import annotations

import numpy as np


def figures(prior):
    """A prior as the blind densities read one."""
    if prior.law == "half_normal":
        return ("half-normal", prior.sd)
    if prior.law == "log_normal":
        return ("log-normal", float(np.exp(prior.mean)), prior.sd)
    return ("fixed", prior.mean) if prior.law == "fixed" else (prior.law, prior.mean, prior.sd)


def table(held):
    """A set of priors by name, with all digits."""
    return {name: figures(prior) for name, prior in held.items()}


def random_point(model, seed, size=0.5):
    """A value of every free variable, scales of either sign and away from 0."""
    rng = np.random.default_rng(seed)
    point = {}
    for at, variable in enumerate(model.value_vars):
        value = rng.normal(0, size, tuple(variable.type.shape))
        if variable.name.startswith("sigma_"):
            value = (-1) ** (seed + at) * (0.2 + abs(value))
        point[variable.name] = value if variable.type.ndim else float(value)
    return point


def natural(point, effects):
    """Values by name, and the gain of logarithms, log odds, folded scales and of the ``effects`` (name to z, scale)."""
    values, gain = {}, 0.0
    for name, x in point.items():
        if name.endswith("_log__"):
            values[name.removesuffix("_log__")], gain = np.exp(x), gain + np.sum(x)
        elif name.endswith("_logodds__"):
            share = 1 / (1 + np.exp(-x))
            values[name.removesuffix("_logodds__")], gain = share, gain + np.log(share * (1 - share))
        elif name.startswith("sigma_"):
            values[name], gain = abs(x), gain - np.log(2)
        else:
            values[name] = x
    for name, (z, scale) in effects.items():
        if z in point:
            values[name] = point[scale] * point[z]
            gain += point[z].size * np.log(abs(point[scale]))
    return values, float(gain)


def columns_and_coefficients(design, base, free):
    """Columns about their centre, coefficients and gain: a prior of a column's own speaks of its raw unit.

    Every other column is in the sampler's unit. ``free`` (free columns,) are the sampler's values; a fixed one has its
    figure.
    """
    own = [name in base.coefficients for name in design.names]
    unit = np.where(own, 1.0, design.scale)
    values, gain, left = [], 0.0, list(free)
    for name, mine, scale in zip(design.names, own, design.scale, strict=True):
        prior = base.coefficients.get(name)
        if prior is not None and prior.law == "fixed":
            values.append(prior.mean)
            continue
        values.append(left.pop(0) / (scale if mine else 1.0))
        gain -= np.log(scale) if mine else 0.0
    assert not left
    return (design.matrix - design.centre) / unit, np.array(values), float(gain)

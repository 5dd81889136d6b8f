"""What is reported of a model of rows: draws on the scale of the data, log densities, and the table of parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import xlogy

from missingmodels.fitting.drawn import LEAD
from missingmodels.fitting.marginal import child_sums, integrated_frailty
from missingmodels.frame.own_rows.counts import Counts
from missingmodels.models.priors import Prior
from missingmodels.models.row_priors import RowPriors, column_arrays
from missingmodels.models.rows import LAWS, SMALLEST_VARIANCE

BLOCK = 4_000_000  # numbers worked on at once
MOST_DENSITIES = 50_000_000  # numbers kept: 400 MB


@dataclass(frozen=True, kw_only=True)
class Flat:
    """Draws of one model, chains one after the other: S draws, scales with the sign that the sampler gave them."""

    intercept: np.ndarray
    coefficients: np.ndarray
    sigma_home: np.ndarray
    homes: tuple[np.ndarray, ...]
    sigma_child: np.ndarray | None
    child: np.ndarray | None
    shape: np.ndarray | None

    def eta(self, counts: Counts, part: slice) -> np.ndarray:
        """(s, R) log of the expected count without an integrated frailty; log odds for trials."""
        value = self.intercept[part, None] + self.coefficients[part] @ counts.matrix.T + np.log(counts.exposure)
        for effect, group in zip(self.homes, counts.homes, strict=True):
            value += effect[part][:, group.index]
        if self.child is not None and counts.child is not None:
            value += self.child[part][:, counts.child.index]
        return value


def natural_rows(
    counts: Counts, priors: RowPriors, frailty: str, held: xr.Dataset, rng: np.random.Generator
) -> xr.Dataset:
    """Draws as ``fit_rows`` describes them; an integrated frailty is drawn given the rest."""
    flat = _flat(counts, priors, frailty, held)
    draws = flat.intercept.size
    density, child = [], []
    for start in range(0, draws, step := max(1, BLOCK // counts.y.size)):
        part = slice(start, min(start + step, draws))
        shape = None if flat.shape is None else flat.shape[part]
        found, effect = log_densities(counts, flat.eta(counts, part), shape, rng)
        density += [found] if draws * found.shape[1] <= MOST_DENSITIES else []
        child += [] if effect is None else [effect]
    values = {"intercept": flat.intercept, "coefficients": flat.coefficients}
    values |= {"log_density": np.concatenate(density)} if density else {}
    values |= {"sigma_home": np.abs(flat.sigma_home), "home": np.concatenate([flat.sigma_home[:, :0], *flat.homes], 1)}
    if flat.sigma_child is not None:
        values |= {"sigma_child": np.abs(flat.sigma_child)}
        values |= {"child_effect": np.concatenate(child) if flat.child is None else flat.child}
    if flat.shape is not None:
        values |= {"frailty_shape": flat.shape}
    return _by_chain(counts, values, (held.sizes["chain"], held.sizes["draw"]))


def gate_view(draws: xr.Dataset, frailty: str) -> xr.Dataset:
    """What the gate judges: parameters, and all sampled effects under the name whose R-hat has its own limit."""
    kept = draws.drop_vars(["log_density", "home", "child_effect"], errors="ignore").drop_vars(
        "home_effect", errors="ignore"
    )
    names = [n for n in ("home", "child_effect") if n in draws and not (n == "child_effect" and frailty == "gamma")]
    effects = [draws[name].transpose(*LEAD, ...).to_numpy() for name in names]
    return kept.assign(home=((*LEAD, "effect"), np.concatenate(effects, axis=-1))) if effects else kept


def _flat(counts: Counts, priors: RowPriors, frailty: str, held: xr.Dataset) -> Flat:
    draws = held.sizes["chain"] * held.sizes["draw"]

    def of(name: str, prior: Prior) -> np.ndarray:
        return np.full(draws, prior.mean) if prior.law == "fixed" else _stacked(held, name)

    intercept, raw = counts.to_raw(of("intercept", priors.intercept), _coefficients(priors, held, draws))
    sigma = [of(f"sigma_home{i}", prior) for i, prior in enumerate(priors.homes)]
    sigma_child = child = shape = None
    if counts.child is not None and priors.child is not None:
        found = of("frailty_shape" if priors.child_by_shape else "sigma_child", priors.child)
        if frailty == "gamma":
            shape = found if priors.child_by_shape else 1 / (found**2 + SMALLEST_VARIANCE)
            sigma_child = 1 / np.sqrt(shape)
        else:
            sigma_child, centre = found, -(found**2) / 2 if frailty == "lognormal" else np.zeros(draws)
            child = centre[:, None] + found[:, None] * _stacked(held, "child_z")
    return Flat(
        intercept=intercept,
        coefficients=raw,
        sigma_home=np.column_stack(sigma) if sigma else np.zeros((draws, 0)),
        homes=tuple(s[:, None] * _stacked(held, f"home{i}_z") for i, s in enumerate(sigma)),
        sigma_child=sigma_child,
        child=child,
        shape=shape,
    )


def _by_chain(counts: Counts, values: dict[str, np.ndarray], sizes: tuple[int, int]) -> xr.Dataset:
    dims = {"coefficients": "column", "sigma_home": "home_column", "home": "home_effect", "child_effect": "child"}
    dims |= {"log_density": "unit"}
    labels = {"column": list(counts.names), "home_column": [group.column for group in counts.homes]}
    labels |= {"home_effect": [f"{group.column}: {name}" for group in counts.homes for name in group.ids]}
    labels |= {"child": list(counts.child.ids)} if "child_effect" in values and counts.child is not None else {}
    shaped = {
        name: ((*LEAD, dims[name]) if name in dims else LEAD, v.reshape(*sizes, *v.shape[1:]))
        for name, v in values.items()
        if v.ndim == 1 or v.shape[1]
    }
    return xr.Dataset(shaped, coords={k: np.array(v, dtype=str) for k, v in labels.items() if v})


def log_densities(
    counts: Counts, eta: np.ndarray, shape: np.ndarray | None, rng: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """(S, U) log densities, constants included, and (S, C) draws of log u if the frailty is integrated out.

    ``eta`` (S, R) holds the log exposure. A unit is a child whose gamma frailty of ``shape`` (S,) is integrated out,
    else a row.
    """
    if counts.trials is not None:
        return counts.y * eta - counts.trials * np.logaddexp(0, eta) + counts.constant, None
    # the exposure stands in eta, so y log n comes with it
    kernel = counts.y * eta + counts.constant - xlogy(counts.y, counts.exposure)
    if shape is None or counts.child is None:
        return kernel - np.exp(eta), None
    index, size = counts.child.index, len(counts.child.ids)
    y, expected = np.bincount(index, counts.y, size), child_sums(np.exp(eta), index, size)
    k = shape[:, None]
    density = child_sums(kernel, index, size) + integrated_frailty(k, k, y, expected)
    return density, None if rng is None else np.log(rng.gamma(k + y) / (k + expected))


def _coefficients(priors: RowPriors, held: xr.Dataset, draws: int) -> np.ndarray:
    """(S, P) coefficients of the standardised columns, fixed ones included."""
    laws, mean, _, _ = column_arrays(priors)
    out = np.broadcast_to(mean, (draws, mean.size)).copy()
    for law in LAWS:
        if (laws == law).any():
            out[:, laws == law] = _stacked(held, f"coefficients_{law}")
    return out


def _stacked(held: xr.Dataset, name: str) -> np.ndarray:
    values = held[name].transpose(*LEAD, ...).to_numpy()
    return values.reshape(-1, *values.shape[2:])

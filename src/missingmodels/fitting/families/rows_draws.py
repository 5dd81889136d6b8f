"""What is reported of a model of rows: draws on the scale of the data, and log densities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from scipy.special import xlogy

from missingmodels.fitting.drawn import LEAD, labelled, unlabelled
from missingmodels.fitting.marginal import child_sums, integrated_frailty
from missingmodels.frame.design_matrix import EventRows
from missingmodels.models.likelihoods import GammaPoisson
from missingmodels.models.model import Model
from missingmodels.models.priors.of_rows import home_columns

BLOCK = 4_000_000  # numbers worked on at once
MOST_DENSITIES = 50_000_000  # numbers kept: 400 MB


def natural_rows(model: Model, held: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    """Draws as ``fit_rows`` describes them; an integrated frailty is drawn given the rest."""
    rows = model.design
    assert isinstance(rows, EventRows)
    flat = model.natural(unlabelled(held)[0])
    draws = flat["intercept"].size
    shape = model.likelihood.shape_of(flat) if isinstance(model.likelihood, GammaPoisson) else None
    density, child = [], []
    for start in range(0, draws, step := max(1, BLOCK // rows.y.size)):
        part = slice(start, min(start + step, draws))
        found, effect = log_densities(
            rows, model.log_rate(flat, part), None if shape is None else np.asarray(shape)[part], rng
        )
        density += [found] if draws * found.shape[1] <= MOST_DENSITIES else []
        child += [] if effect is None else [effect]
    return _by_chain(rows, _reported(flat, shape, density, child), held.sizes["chain"])


def again(
    rows: EventRows, values: Mapping[str, np.ndarray], rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], dict[str, tuple[str, ...]]]:
    """Values (S, C) and (S, R), and their dims, by child or row of a fit that was stored without them; no effect of a
    child was sampled.
    """
    draws, shape = values["intercept"].size, values.get("frailty_shape")
    parts = []
    for start in range(0, draws, step := max(1, BLOCK // rows.y.size)):
        part = slice(start, start + step)
        eta = _log_rate(rows, values, part)
        parts.append(log_densities(rows, eta, None if shape is None else shape[part], rng))
    density, effects = [found for found, _ in parts], [effect for _, effect in parts if effect is not None]
    held = {"log_density": np.concatenate(density)} if draws * density[0].shape[1] <= MOST_DENSITIES else {}
    held |= {"child_effect": np.concatenate(effects)} if effects else {}
    dims = {"log_density": ("unit",), "child_effect": ("child",)}
    return held, {name: dims[name] for name in held}


def _log_rate(rows: EventRows, values: Mapping[str, np.ndarray], part: slice) -> np.ndarray:
    """(s, R) η with the log exposure, from draws as they are reported."""
    eta = rows.log_size + values["intercept"][part, None]
    if "coefficients" in values:
        eta = eta + values["coefficients"][part] @ rows.matrix.T
    at = 0
    for group in home_columns(rows):
        effect = values["home"][part, at : at + len(group.ids)]
        eta, at = eta + effect[:, group.index], at + len(group.ids)
    return np.asarray(eta)


def _reported(
    flat: Mapping[str, np.ndarray], shape: np.ndarray | None, density: list[np.ndarray], child: list[np.ndarray]
) -> dict[str, np.ndarray]:
    homes = [name for name in flat if name.startswith("home")]
    nothing = np.zeros((flat["intercept"].size, 0))
    values = {"intercept": flat["intercept"], "coefficients": flat["coefficients"]}
    values |= {"log_density": np.concatenate(density)} if density else {}
    values["sigma_home"] = np.column_stack([nothing, *(flat[f"sigma_{name}"] for name in homes)])
    values["home"] = np.concatenate([nothing, *(flat[name] for name in homes)], axis=1)
    if shape is not None:
        values |= {"sigma_child": 1 / np.sqrt(shape), "child_effect": np.concatenate(child), "frailty_shape": shape}
    elif "child" in flat:
        values |= {"sigma_child": flat["sigma_child"], "child_effect": flat["child"]}
    return values


def gate_view(draws: xr.Dataset, frailty: str) -> xr.Dataset:
    """What the gate judges: parameters, and all sampled effects under the name whose R-hat has its own limit."""
    kept = draws.drop_vars(["log_density", "home", "child_effect"], errors="ignore").drop_vars(
        "home_effect", errors="ignore"
    )
    names = [n for n in ("home", "child_effect") if n in draws and not (n == "child_effect" and frailty == "gamma")]
    effects = [draws[name].transpose(*LEAD, ...).to_numpy() for name in names]
    return kept.assign(home=((*LEAD, "effect"), np.concatenate(effects, axis=-1))) if effects else kept


def _by_chain(rows: EventRows, values: Mapping[str, np.ndarray], chains: int) -> xr.Dataset:
    dims = {"coefficients": "column", "sigma_home": "home_column", "home": "home_effect", "child_effect": "child"}
    dims |= {"log_density": "unit"}
    homes = home_columns(rows)
    labels = {"column": rows.names, "home_column": tuple(group.column for group in homes)}
    labels["home_effect"] = tuple(f"{group.column}: {name}" for group in homes for name in group.ids)
    labels["child"] = rows.units["child"].ids if "child" in rows.units else ()
    held = {name: v for name, v in values.items() if v.ndim == 1 or v.shape[1]}
    return labelled(held, chains, {name: (dims[name],) for name in held if name in dims}, labels)


def log_densities(
    rows: EventRows, eta: np.ndarray, shape: np.ndarray | None, rng: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """(S, U) log densities, constants included, and (S, C) draws of log u if the frailty is integrated out.

    ``eta`` (S, R) holds the log exposure. A unit is a child whose gamma frailty of ``shape`` (S,) is integrated out,
    else a row.
    """
    if rows.trials:
        return rows.y * eta - rows.size * np.logaddexp(0, eta) + rows.constant, None
    # the exposure stands in eta, so y log n comes with it
    kernel = rows.y * eta + rows.constant - xlogy(rows.y, rows.size)
    if shape is None or "child" not in rows.units:
        return kernel - np.exp(eta), None
    index, size = rows.units["child"].index, len(rows.units["child"].ids)
    y, expected = np.bincount(index, rows.y, size), child_sums(np.exp(eta), index, size)
    k = shape[:, None]
    density = child_sums(kernel, index, size) + integrated_frailty(k, k, y, expected)
    return density, None if rng is None else np.log(rng.gamma(k + y) / (k + expected))

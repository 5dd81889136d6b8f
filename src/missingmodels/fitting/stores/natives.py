"""A fit as ArviZ knows one: an ``xarray.DataTree`` with the groups of its schema, and back.

``posterior``, ``sample_stats``, ``log_likelihood``, ``log_prior``, ``observed_data`` and ``constant_data``. What does
not vary from draw to draw, because the plan fixes it, is no unknown: it stands in ``constant_data`` as ``fixed_NAME``.
Saved fits have this very layout.

Draws of the fast engine are copies of weighted proposals, resampled so that all weigh alike; ``log_weight`` and
``proposal`` in ``sample_stats`` say of what. Nothing is to be weighed again. Here, and in files, copies of one proposal
lie together and the list is cut into as many chains as the plan asks of the sampler: a run of n copies is to ArviZ what
a chain is that stays n draws in one place, so that its effective sample sizes, Monte Carlo errors and relative
efficiencies count what the weights are worth, where shuffled copies would pass for independent draws. ``place`` is a
draw's own in ``Fit.values``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from missingmodels.fitting.drawn import LEAD, labelled, unlabelled
from missingmodels.fitting.pointwise import Units, units_of
from missingmodels.fitting.prior_density import log_priors
from missingmodels.fitting.stores.design_arrays import design_parts
from missingmodels.parameters import Array

if TYPE_CHECKING:
    from missingmodels.fitting.result import Fit

DENSITY = "log_density"  # of a child or row, which is no unknown of the posterior
FIXED = "fixed_"
FLAGS = ("diverging", "maxdepth_reached")
RENAMED = {"depth": "tree_depth", "maxdepth_reached": "reached_max_treedepth"}  # to the names of ArviZ's schema
DATA = ("observed_data", "constant_data")  # groups with the arrays of the design
DIMS = {"column": "covariate", "row": "observation"}  # those that a plot of ArviZ takes for facets
OBSERVED = (
    "onsets",
    "y",
    "further_high",
    "further_both",
    "further_only_a",
    "further_only_b",
)  # arrays of designs that are outcomes


def to_datatree(fit: Fit) -> xr.DataTree:
    """See ``Fit.to_datatree``."""
    tree, _ = tree_and_skeleton(fit)
    return tree


def tree_and_skeleton(fit: Fit, *, stored: bool = False) -> tuple[xr.DataTree, Any]:
    """The tree, and what its arrays of data are to the design.

    ``stored`` leaves out densities that the fit does not hold: they follow from the rest, and may be far larger.
    """
    order, chains = _order(fit)
    free, fixed = _parted(fit)
    arrays, skeleton = design_parts(fit.design)
    units = None if stored and DENSITY not in fit.values else units_of(fit)
    constant = arrays | {f"{FIXED}{name}": held for name, held in fixed.items()}
    observed = {name: constant.pop(name) for name in arrays if name in OBSERVED}
    groups = {
        "posterior": _chained(fit, free, order, chains),
        "sample_stats": _stats(fit, order, chains),
        "observed_data": xr.Dataset(observed),
        "constant_data": _with_names(xr.Dataset(constant), fit),
    }
    groups |= _densities(fit, units, order, chains)
    if units is not None and units.name not in observed:
        of_units = xr.DataArray(units.observed, dims=units.dim, coords=_unit_coords(units))
        groups["observed_data"] = groups["observed_data"].assign({units.name: of_units})
    tree = xr.DataTree.from_dict({f"/{name}": _named(held) for name, held in groups.items() if held})
    tree["posterior"].attrs |= {"sampler": str(fit.certificate.get("method", "")), "weights": "equal"}
    return tree, skeleton


def _with_names(held: xr.Dataset, fit: Fit) -> xr.Dataset:
    """With the names of columns, which stand nowhere else where the plan fixes every coefficient."""
    names = list(map(str, fit.labels.get("column", ())))
    return held.assign_coords(column=names) if names and held.sizes.get("column") == len(names) else held


def _named(held: xr.Dataset) -> xr.Dataset:
    """Under ArviZ's own names of dimensions, each with a coordinate."""
    held = held.rename({old: new for old, new in DIMS.items() if old in held.dims})
    return held.assign_coords({dim: np.arange(n) for dim, n in held.sizes.items() if dim not in held.coords})


def values_of(tree: xr.DataTree, children: tuple[str, ...]) -> tuple[dict[str, Array], Any, Any]:
    """Values (S, …), dims and labels of a fit, as they were before ``to_datatree``; ``children``: of its design."""
    posterior = tree["posterior"].to_dataset()
    posterior = posterior.rename({new: old for old, new in DIMS.items() if new in posterior.dims})
    named = [dim for dim in posterior.coords if dim in posterior.dims and posterior[dim].dtype.kind in "OU"]
    values, dims, labels = unlabelled(posterior.drop_vars([dim for dim in posterior.coords if dim not in named]))
    draws = posterior.sizes["chain"] * posterior.sizes["draw"]
    unit = posterior.attrs.get(DENSITY)
    if unit is not None and "log_likelihood" in tree.children:
        values[DENSITY], dims[DENSITY] = _density_of(tree, children if unit == "child" else ()), (unit,)
        labels |= {"child": children} if unit == "child" else {}
    back = np.argsort(tree["sample_stats"]["place"].to_numpy().ravel()) if _resampled(tree) else slice(None)
    values = {name: held[back] for name, held in values.items()}
    for name, held in tree["constant_data"].to_dataset().data_vars.items():
        if str(name).startswith(FIXED):
            own = str(name).removeprefix(FIXED)
            values[own] = np.broadcast_to(held.to_numpy(), (draws, *held.shape)).copy()
            ours = {new: old for old, new in DIMS.items()}
            dims |= {own: tuple(ours.get(str(dim), str(dim)) for dim in held.dims)} if held.dims else {}
            if "covariate" in held.dims and held["covariate"].dtype.kind in "OU":
                labels.setdefault("column", tuple(map(str, held["covariate"].to_numpy())))
    return values, dims, labels


def stats_of(tree: xr.DataTree) -> dict[str, np.ndarray]:
    """(chains, draws) statistics, by the names and in the order of a fit."""
    if "sample_stats" not in tree.children:
        return {}
    back = {new: old for old, new in RENAMED.items()}
    held = {str(name): values.to_numpy() for name, values in tree["sample_stats"].to_dataset().data_vars.items()}
    place = held.pop("place", None)
    if place is not None:
        at = np.argsort(place.ravel())
        held = {name: values.ravel()[at][None] for name, values in held.items()}
    return {back.get(name, name): v.astype(np.int8) if v.dtype == bool else v for name, v in held.items()}


def _resampled(tree: xr.DataTree) -> bool:
    return "sample_stats" in tree.children and "place" in tree["sample_stats"]


def _order(fit: Fit) -> tuple[np.ndarray | None, int]:
    """The order in which copies of one proposal lie together, proposals as they come; None for chains of a sampler."""
    if "proposal" not in fit.sample_stats:
        return None, fit.chains
    _, first, which = np.unique(fit.sample_stats["proposal"].ravel(), return_index=True, return_inverse=True)
    order = np.argsort(first[which], kind="stable")
    chains = int(fit.certificate["plan"].get("sampling", {}).get("chains", 1))
    return order, chains if order.size % chains == 0 else 1


def _parted(fit: Fit) -> tuple[dict[str, Array], dict[str, xr.DataArray]]:
    """Unknowns, and by name what is the same in every draw, or has no value."""
    free, fixed = {}, {}
    for name, values in fit.values.items():
        if name == DENSITY:
            continue
        if values.size and np.array_equal(values, np.broadcast_to(values[:1], values.shape), equal_nan=True):
            fixed[name] = xr.DataArray(values[0], dims=fit.dims.get(name, ()))
        else:
            free[name] = values
    return free, fixed


def _chained(fit: Fit, values: dict[str, Array], order: np.ndarray | None, chains: int) -> xr.Dataset:
    ordered = values if order is None else {name: held[order] for name, held in values.items()}
    made = labelled(ordered, chains, fit.dims, {**_labels_of_design(fit), **fit.labels})
    return made.assign_attrs({DENSITY: fit.dims[DENSITY][0]}) if DENSITY in fit.values else made


def _labels_of_design(fit: Fit) -> dict[str, tuple[str, ...]]:
    """Names of units whose dimension is called after their group in the design."""
    found = {}
    for dims in fit.dims.values():
        for dim in dims:
            group = fit.design.units.get(dim.removesuffix("_effect").removesuffix("_a").removesuffix("_b"))
            if dim.endswith("_effect") and group is not None:
                found[dim] = tuple(map(str, group.ids))
    return found


def _stats(fit: Fit, order: np.ndarray | None, chains: int) -> xr.Dataset:
    held = {RENAMED.get(name, name): v.astype(bool) if name in FLAGS else v for name, v in fit.sample_stats.items()}
    if order is not None:
        held = {name: values.ravel()[order].reshape(chains, -1) for name, values in held.items()}
        held["place"] = order.reshape(chains, -1)
    diagnostics = {name: v for name, v in fit.diagnostics.as_dict().items() if isinstance(v, float)}
    return xr.Dataset({name: (LEAD, values) for name, values in held.items()}, attrs=diagnostics)


def _densities(fit: Fit, units: Units | None, order: np.ndarray | None, chains: int) -> dict[str, xr.Dataset]:
    """``log_likelihood`` by unit and ``log_prior`` by parameter."""

    def by_chain(values: Array, *dims: str) -> tuple[tuple[str, ...], Array]:
        ordered = values if order is None else values[order]
        return (*LEAD, *dims), ordered.reshape(chains, -1, *values.shape[1:])

    groups = {}
    priors = log_priors(fit)
    if priors:
        own = {name: by_chain(values, *fit.dims.get(name, ())) for name, values in priors.items()}
        groups["log_prior"] = xr.Dataset(own)
    if units is not None:
        found = {units.name: by_chain(units.density, units.dim)}
        groups["log_likelihood"] = xr.Dataset(found, coords=_unit_coords(units))
    return groups


def _unit_coords(units: Units) -> dict[str, np.ndarray]:
    return {units.dim: np.array(units.labels, dtype=str)} if units.labels else {}


def _density_of(tree: xr.DataTree, children: tuple[str, ...]) -> Array:
    """(S, C) log densities of ``children``, 0 of those without a day in the window; (S, U) of all units if none are
    named.
    """
    ((_, held),) = tree["log_likelihood"].to_dataset().data_vars.items()
    found = held.transpose(*LEAD, ...).to_numpy().reshape(-1, held.shape[-1])
    if not children:
        return found
    place = {child: i for i, child in enumerate(children)}
    out = np.zeros((found.shape[0], len(children)))
    out[:, [place[str(child)] for child in held["child"].to_numpy()]] = found
    return out

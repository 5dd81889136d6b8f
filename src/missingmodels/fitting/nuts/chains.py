"""R-hat, effective sample sizes, divergences, E-BFMI and tree depth of a sampler's chains, by ArviZ."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import xarray as xr

from missingmodels.fitting.diagnostics import Diagnostics, broken_by_chains
from missingmodels.plan import Gate
from missingmodels.side_by_side import each

# These effects come in hundreds, so the largest R-hat among them has its own limit.
EFFECTS = ("home", "home_period", "authority", "owner", "adult", "peer_slope", "child", "sector")


def diagnose(draws: xr.Dataset, stats: xr.Dataset, gate: Gate) -> Diagnostics:
    """Diagnostics of draws by chain and of the sampler's own statistics. What is fixed does not count."""
    import arviz as az  # seconds to import

    # not by their sd: that of equal numbers may be a rounding error above 0. What is no number is not fixed, but broken
    moving = [str(name) for name in draws.data_vars if not _constant(draws[name])]
    tree = xr.DataTree.from_dict({"/posterior": _without_fixed(draws[moving]), "/sample_stats": stats[["energy"]]})
    bulks, tails, rhats = each(functools.partial(_measured, tree.to_dict()["/posterior"]), ("bulk", "tail", "rhat"))
    effects = set(EFFECTS) & set(rhats)
    rhat = _worst({name: rhats[name] for name in rhats if name not in effects}, largest=True)
    rhat_effects = _worst({name: rhats[name] for name in effects}, largest=True)
    bulk = _worst(bulks, largest=False)
    tail = _worst(tails, largest=False)
    bfmi = float(np.min(np.asarray(az.bfmi(tree)["energy"])))
    values: dict[str, Any] = {
        "rhat_max": rhat[1],
        "rhat_effects_max": rhat_effects[1] if rhat_effects[0] else None,  # a model may have no effects
        "ess_bulk_min": bulk[1],
        "ess_tail_min": tail[1],
        "divergences": int(stats["diverging"].sum()),
        "bfmi_min": bfmi,
        "tree_depth_share": float(stats["maxdepth_reached"].mean()),
    }
    worst = f"R-hat at {rhat[0]}, bulk ESS at {bulk[0]}, tail ESS at {tail[0]}"
    return Diagnostics(**values, worst=worst, failed=broken_by_chains(values, gate))


def _measured(draws: xr.Dataset, what: str) -> dict[str, np.ndarray]:
    import arviz as az

    return _variables(az.rhat(draws) if what == "rhat" else az.ess(draws, method=what))


def _without_fixed(draws: xr.Dataset) -> xr.Dataset:
    """Coefficients that the plan fixes are constant and have no R-hat; a stuck chain still differs from the others."""
    if "coefficients" not in draws:
        return draws
    held = draws["coefficients"]
    constant = held.max(("chain", "draw"), skipna=False) == held.min(("chain", "draw"), skipna=False)
    return draws.isel(column=(~constant).to_numpy().nonzero()[0])


def _constant(values: xr.DataArray) -> bool:
    return bool(values.max(skipna=False) == values.min(skipna=False))


def _variables(values: Any) -> dict[str, np.ndarray]:
    """The arrays of what ArviZ gives back, by name."""
    data = values["posterior"] if isinstance(values, xr.DataTree) and "posterior" in values else values
    data = data.to_dataset() if isinstance(data, xr.DataTree) else data
    return {str(name): np.atleast_1d(array.to_numpy()).ravel() for name, array in data.data_vars.items()}


def _worst(values: dict[str, np.ndarray], *, largest: bool) -> tuple[str, float]:
    """Name and value of the most extreme entry; NaN counts as the worst of all."""
    name, worst = "", -np.inf if largest else np.inf
    for key, flat in values.items():
        if not flat.size:
            continue
        lost = np.isnan(flat)
        at = int(np.argmax(lost)) if lost.any() else int(np.argmax(flat) if largest else np.argmin(flat))
        if lost.any() or (flat[at] > worst if largest else flat[at] < worst):
            name, worst = (f"{key}[{at}]" if flat.size > 1 else key), float(flat[at])
        if lost.any():
            break
    return name, worst

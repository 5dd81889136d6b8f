"""The diagnostics gate: R-hat, effective sample sizes, divergences, E-BFMI and tree depth, each with its limit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import arviz as az
import numpy as np
import xarray as xr

from missingmodels.errors import DiagnosticsFailed
from missingmodels.plan import Gate


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """Worst values over all parameters. ``failed`` lists what broke the gate.

    ``rhat_max`` is over coefficients and scales, ``rhat_effects_max`` over home and home-period effects; effective
    sample sizes are over all of them.
    """

    rhat_max: float
    rhat_effects_max: float
    ess_bulk_min: float
    ess_tail_min: float
    divergences: int
    bfmi_min: float
    tree_depth_share: float
    worst: str
    failed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.failed

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"failed": list(self.failed), "passed": self.passed}


# These effects come in hundreds, so the largest R-hat among them has its own limit.
EFFECTS = ("home", "home_period")


def diagnose(draws: xr.Dataset, stats: xr.Dataset, gate: Gate) -> Diagnostics:
    """Diagnostics of draws by chain and of the sampler's own statistics. What is fixed does not count."""
    moving = [str(name) for name in draws.data_vars if float(draws[name].std()) > 0]
    tree = xr.DataTree.from_dict({"/posterior": _without_fixed(draws[moving]), "/sample_stats": stats[["energy"]]})
    rhats = _variables(az.rhat(tree))
    effects = set(EFFECTS) & set(rhats)
    rhat = _worst({name: rhats[name] for name in rhats if name not in effects}, largest=True)
    rhat_effects = _worst({name: rhats[name] for name in effects}, largest=True)
    bulk = _worst(_variables(az.ess(tree, method="bulk")), largest=False)
    tail = _worst(_variables(az.ess(tree, method="tail")), largest=False)
    bfmi = float(np.min(np.asarray(az.bfmi(tree)["energy"])))
    values: dict[str, Any] = {
        "rhat_max": rhat[1],
        "rhat_effects_max": rhat_effects[1],
        "ess_bulk_min": bulk[1],
        "ess_tail_min": tail[1],
        "divergences": int(stats["diverging"].sum()),
        "bfmi_min": bfmi,
        "tree_depth_share": float(stats["maxdepth_reached"].mean()),
    }
    worst = f"R-hat at {rhat[0]}, bulk ESS at {bulk[0]}, tail ESS at {tail[0]}"
    return Diagnostics(**values, worst=worst, failed=_broken(values, gate))


def require_passed(found: Diagnostics, *, model: str, allow: bool = False) -> None:
    """Raise DiagnosticsFailed, saying what to try, unless the gate is passed or waived."""
    if found.passed or allow:
        return
    raise DiagnosticsFailed(
        f"model {model} did not pass the diagnostics gate: {'; '.join(found.failed)} ({found.worst})",
        remedy=_advice(found) + "; or --allow-unconverged to keep the fit, marked in red in the report",
    )


def _broken(values: dict[str, Any], gate: Gate) -> tuple[str, ...]:
    checks = [
        # a parameter that never moved has no R-hat; that is a failure, not a pass
        (not values["rhat_max"] <= gate.rhat_max, f"R-hat {values['rhat_max']:.3f} is above {gate.rhat_max:g}"),
        (
            not values["rhat_effects_max"] <= gate.rhat_effects_max,
            f"R-hat of home effects {values['rhat_effects_max']:.3f} is above {gate.rhat_effects_max:g}",
        ),
        (
            not values["ess_bulk_min"] >= gate.ess_min,
            f"bulk ESS {values['ess_bulk_min']:.0f} is below {gate.ess_min:g}",
        ),
        (
            not values["ess_tail_min"] >= gate.ess_min,
            f"tail ESS {values['ess_tail_min']:.0f} is below {gate.ess_min:g}",
        ),
        (
            values["divergences"] > gate.divergences_max,
            f"{values['divergences']} divergent transitions, {gate.divergences_max} allowed",
        ),
        (not values["bfmi_min"] >= gate.bfmi_min, f"E-BFMI {values['bfmi_min']:.2f} is below {gate.bfmi_min:g}"),
        (
            values["tree_depth_share"] > gate.tree_depth_share_max,
            f"{values['tree_depth_share']:.0%} of draws hit the maximum tree depth",
        ),
    ]
    return tuple(text for broken, text in checks if broken)


def _advice(found: Diagnostics) -> str:
    text = " ".join(found.failed)
    tries = []
    if "divergent" in text:
        tries.append("sampling.target_accept = 0.95")
    if "ESS" in text or "R-hat" in text:
        tries.append("more sampling.draws and sampling.tune, or one more of sampling.doublings")
    if "E-BFMI" in text or "tree depth" in text:
        tries.append("priors.use = 'informed', or fewer structure variables")
    return "try " + ", ".join(tries)


def _without_fixed(draws: xr.Dataset) -> xr.Dataset:
    """Coefficients that the plan fixes are constant and have no R-hat; a stuck chain still differs from the others."""
    if "coefficients" not in draws:
        return draws
    varies = draws["coefficients"].std(("chain", "draw")) > 0
    return draws.isel(column=varies.to_numpy().nonzero()[0])


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

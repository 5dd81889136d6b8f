"""What is told of a posterior: its table, its sentences, and the interval that both state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from missingmodels.fitting.drawn import LEAD
from missingmodels.fitting.families.daily_words import daily_sentence
from missingmodels.fitting.families.outcomes_summary import outcome_sentences, outcome_table
from missingmodels.fitting.intervals import bounds
from missingmodels.models.priors.law import FURTHER

if TYPE_CHECKING:
    from missingmodels.fitting.result import Fit

_ONSET = ("intercept", "coefficients", "sigma_home", "sigma_period", "frailty_shape", *FURTHER)
_PEERS = ("peer_kernel", "own_branching", "peer_branching", "total_branching", "kernel_days", "half_life_days")
_DAILY_SCALES = ("sigma_home", "sigma_period", "sigma_process", "process_days", "frailty_shape", "frailty_sd_log")
REPORTED = {
    "onset": _ONSET,
    "rows": ("intercept", "coefficients", "sigma_child", "frailty_shape", "sigma_home"),
    "daily": ("intercept", "coefficients", *_PEERS, "peer_ratio", "peer_ratio_week", *_DAILY_SCALES),
    "official": ("intercept", "year", "coefficients", "sigma_region", "sigma_authority", "dispersion_shape"),
}


def table(fit: Fit) -> pd.DataFrame:
    """See ``Fit.summary``."""
    if fit.family == "outcome":
        return outcome_table(fit.model, fit.draws, fit.decision)
    names = REPORTED[fit.family]
    if fit.family == "rows" and "frailty_shape" not in fit.certificate["priors"]:
        # with a prior on sigma the shape 1 / sigma² has no mean worth a line
        names = tuple(name for name in names if name != "frailty_shape")
    return summary(fit.draws, names, fit.decision.interval_mass)


def sentences(fit: Fit) -> list[str]:
    """See ``Fit.sentences``."""
    if fit.family == "outcome":
        return outcome_sentences(fit.model, fit.certificate, table(fit), fit.decision)
    if fit.family == "daily":
        return [daily_sentence(fit)]
    return []


def summary(draws: xr.Dataset, names: Sequence[str], interval_mass: float) -> pd.DataFrame:
    """One line a coefficient and scale, in the order of ``names``; those that the draws do not hold have none."""
    import arviz as az  # seconds to import

    kept = draws[[name for name in names if name in draws]]
    tree = xr.DataTree.from_dict({"/posterior": kept})
    with np.errstate(invalid="ignore"):  # what is fixed has no R-hat
        parts = {
            "mcse_mean": _values(az.mcse(tree, method="mean")),
            "ess_bulk": _values(az.ess(tree, method="bulk")),
            "ess_tail": _values(az.ess(tree, method="tail")),
            "r_hat": _values(az.rhat(tree)),
        }
    lines = []
    for name in map(str, kept.data_vars):
        found = kept[name].transpose(*LEAD, ...).to_numpy()
        flat = found.reshape(found.shape[0] * found.shape[1], -1)
        for i, label in enumerate(_labels(kept, name)):
            line = {"term": label, "mean": flat[:, i].mean(), "sd": flat[:, i].std(ddof=1)}
            line |= bounds(flat[:, i], interval_mass)
            lines.append(line | {part: values[name][i] for part, values in parts.items()})
    return pd.DataFrame(lines).set_index("term")


def _labels(kept: xr.Dataset, name: str) -> list[str]:
    """Terms of a variable: its own name, that of its column, or both where the variable is no coefficient."""
    if kept[name].ndim == len(LEAD):
        return [name]
    dim = str(kept[name].dims[-1])
    units = [str(unit) for unit in kept[dim].to_numpy()]
    return units if name == "coefficients" else [name] if len(units) == 1 else [f"{name}[{unit}]" for unit in units]


def _values(found: xr.DataTree) -> dict[str, np.ndarray]:
    data = found["posterior"].to_dataset() if "posterior" in found else found.to_dataset()
    return {str(name): np.atleast_1d(array.to_numpy()).ravel() for name, array in data.data_vars.items()}

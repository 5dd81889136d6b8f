"""A daily model's answer in plain sentences, and the probabilities that go with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from missingmodels.fit.daily_draws import flattened
from missingmodels.models.daily_priors import DailyPriors

if TYPE_CHECKING:
    import xarray as xr

    from missingmodels.frame.daily import DailyDesign

INTERVAL = (0.05, 0.5, 0.95)
# What one unit of an exposure is.
CONTRASTS = {
    "peer_presence": "A peer with a recent episode, against none,",
    "peer_count": "Each peer with a recent episode",
    "peer_density": "Having recent episodes of all peers, against none,",
    "peer_network": "Having all strength of ties with recently missing peers, against none,",
}
# A posterior sd of a log time scale above this share of the prior's: the data have hardly moved it.
UNMOVED = 0.8


def sentences(daily: DailyDesign, draws: xr.Dataset, priors: DailyPriors) -> str:
    """What the fit says, each number with its 90 % interval."""
    if daily.kind == "hawkes":
        return (
            f"One episode brings {_range(draws['own_branching'])} further episodes of the same child and "
            f"{_range(draws['peer_branching'])} among all others of the home together, half of them within "
            f"{_range(draws['half_life_days'], '.1f')} days. The total branching ratio is "
            f"{_range(draws['total_branching'])}; it is below 1 with probability "
            f"{probabilities(draws)['subcritical']:.3f}."
        )
    if daily.peers is None:
        text = f"{CONTRASTS[daily.exposure]} multiplies a child's rate by {_range(draws['peer_ratio'])}."
    else:
        text = (
            f"On the day after a peer's episode a child's rate is multiplied by {_range(draws['peer_ratio'])}, over "
            f"the week after it on average by {_range(draws['peer_ratio_week'])}. Half of the effect on the log rate "
            f"is gone after {_range(draws['half_life_days'], '.1f')} days{_unmoved(draws, 'kernel_days', priors)}."
        )
    if daily.knot is not None:
        text += (
            f" Beside it the home's own rate drifts with an sd of {_range(draws['sigma_process'])} on the log scale "
            f"and a time scale of {_range(draws['process_days'], '.0f')} days"
            f"{_unmoved(draws, 'process_days', priors)}."
        )
    return text


def probabilities(draws: xr.Dataset) -> dict[str, float]:
    """``peers_raise``: that the rate ratio of peers is above 1; ``subcritical``: that total branching is below 1."""
    out = {}
    if "peer_ratio" in draws:
        out["peers_raise"] = float((draws["peer_ratio"] > 1).mean())
    if "total_branching" in draws:
        out["subcritical"] = float((draws["total_branching"] < 1).mean())
    return out


def _range(values: xr.DataArray, form: str = ".2f") -> str:
    low, median, high = np.quantile(flattened(values), INTERVAL)
    return f"{median:{form}} (90 % interval {low:{form}} to {high:{form}})"


def _unmoved(draws: xr.Dataset, name: str, priors: DailyPriors) -> str:
    prior = priors[name]
    if prior.law != "log_normal":
        return ""
    told = float(np.log(flattened(draws[name])).std()) / prior.sd > UNMOVED
    return ", which is little more than the prior says" if told else ""
